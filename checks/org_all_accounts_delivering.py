"""org-all-accounts-delivering."""

from dataclasses import dataclass
from datetime import timedelta

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import LOOK_BACK, Delivery, Organization, Trail, format_time
from trailwarden.kleene import answered


@dataclass(frozen=True)
class Params:
    max_age_hours: int = param(3, "How old the newest digest of an account and region may be.", minimum=1)
    join_grace_hours: int = param(24, "For how many hours after it joined an account need not deliver.", minimum=0)
    regions: str = param(
        "home",
        "home: the trail's home region; all: every region that the account has enabled.",
        choices=("home", "all"),
    )


@check(
    Trail,
    reads=[Organization.membership, Organization.members],
    reads_if=[
        (lambda params: params.regions == "home", [Organization.home_digests]),
        (lambda params: params.regions == "all", [Organization.all_digests]),
    ],
)
def org_all_accounts_delivering(trail: Trail, params: Params) -> Finding:
    """Every active account has fresh files in the organization bucket.

    Why: the files themselves prove that an account is covered, whatever the configuration says. Digests come every hour, also where nothing
    happens.

    Fix: let the bucket's and the key's policy admit the organization's paths; in Terraform `aws_s3_bucket_policy`.

    Error: the accounts or the bucket could not be listed; or, for all regions, an account's regions are readable with its own credentials only.
    """
    if not trail.is_organization_trail:
        return not_applicable(f"trail {trail.name} is no organization trail", {"IsOrganizationTrail": False})
    if not trail.log_file_validation:
        return not_applicable(
            f"trail {trail.name} makes no digests, and silence of log files may mean that nothing happened",
            {"LogFileValidationEnabled": False},
        )
    if trail.judge != trail.account_id:
        return not_applicable(f"what accounts deliver to trail {trail.name} is judged with account {trail.judge}")
    organization = trail.account.organization
    now = trail.account.now
    settled = now - timedelta(hours=params.join_grace_hours)
    due = {item.id for item in organization.members if item.active and (item.joined is None or item.joined <= settled)}
    digests = organization.home_digests if params.regions == "home" else organization.all_digests
    rows = [item for item in digests[trail.arn] if item.account in due]
    oldest = now - timedelta(hours=params.max_age_hours)
    late = [item for item in rows if item.reason is None and (item.latest is None or item.latest < oldest)]
    observed = {"accounts": len(due), "deliveries": [_row(item) for item in rows]}
    expected = {"newest digest": f"not before {format_time(oldest)}"}
    if late and now - LOOK_BACK > oldest:
        undecidable(trail, ReasonCode.COVERAGE_GAP, f"digests are listed back to {format_time(now - LOOK_BACK)} only")
    if late:
        places = ", ".join(f"{item.account} in {item.region}" for item in late)
        return failed(f"no fresh digest of trail {trail.name} from {places}", observed, expected)
    for item in rows:
        if item.reason is not None:
            answered(item.reason)
    return passed(f"every active account delivers to trail {trail.name}", observed, expected)


def _row(item: Delivery) -> dict[str, str | None]:
    latest = item.reason.code.value if item.reason else format_time(item.latest) if item.latest else None
    return {"account": item.account, "region": item.region or None, "latest": latest}
