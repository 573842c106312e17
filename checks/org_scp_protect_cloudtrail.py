"""org-scp-protect-cloudtrail."""

from dataclasses import dataclass

from trailwarden import Finding, Status, check, param
from trailwarden.facts import Account, Organization
from trailwarden.judgements.organization import Target, judge_account
from trailwarden.kleene import answered


@dataclass(frozen=True)
class Params:
    deny_actions: tuple[str, ...] = param(
        (
            "cloudtrail:StopLogging",
            "cloudtrail:DeleteTrail",
            "cloudtrail:UpdateTrail",
            "cloudtrail:PutEventSelectors",
            "cloudtrail:PutInsightSelectors",
            "cloudtrail:DeleteEventDataStore",
            "cloudtrail:UpdateEventDataStore",
            "cloudtrail:StopEventDataStoreIngestion",
        ),
        "Actions that must be denied.",
    )
    allowed_exempt_principals: tuple[str, ...] = param(
        (), "Patterns of aws:PrincipalArn that a Deny may leave out, such as a break-glass role."
    )


@check(Account, reads=[Account.trails, Organization.membership, Organization.service_control_policies])
def org_scp_protect_cloudtrail(account: Account, params: Params) -> Finding:
    """SCPs deny tampering with CloudTrail.

    Why: an alarm tells of a stopped trail afterwards. A service control policy keeps even the account's administrators from stopping it.

    Fix: a Deny on the actions for every resource, `aws organizations attach-policy --policy-id P --target-id OU`; in Terraform
    `aws_organizations_policy` and `aws_organizations_policy_attachment`.

    Error: only the management account and delegated administrators may read policies; or a Deny has a condition that can't be judged.
    """
    found = judge_account(
        account, lambda: _targets(account, params), "tampering with CloudTrail", params.allowed_exempt_principals
    )
    for gap in account.trails.gaps if found.status is Status.PASS else ():
        answered(gap)  # a trail that nobody has seen may be left open
    return found


def _targets(account: Account, params: Params) -> list[Target]:
    """Return each action with each trail; what concerns event data stores, with all stores of the account."""
    anything = f"arn:{account.partition}:cloudtrail:*:{account.account_id}"
    trails = [trail.arn for trail in account.trails] or [f"{anything}:trail/*"]
    stores = [f"{anything}:eventdatastore/*"]
    return [
        (action, resource)
        for action in params.deny_actions
        for resource in (stores if "eventdatastore" in action.lower() else trails)
    ]
