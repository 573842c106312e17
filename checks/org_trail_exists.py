"""org-trail-exists."""

from trailwarden import Finding, Status, check, failed
from trailwarden.contract import NoParams
from trailwarden.facts import Account, Membership, Organization, Trail
from trailwarden.judgements.organization import no_organization
from trailwarden.judgements.traits import LOGGING, MULTI_REGION, ORGANIZATION_WIDE, judge_traits
from trailwarden.kleene import known, some


@check(Account, reads=[Account.trails, Organization.membership, Trail.status])
def org_trail_exists(account: Account, params: NoParams) -> Finding:
    """Organization trail exists, multi-Region, logging.

    Why: an account that joins is recorded from its first minute, and no member can change or delete the trail.

    Fix: in the management account or as delegated administrator, `aws cloudtrail update-trail --name TRAIL --is-organization-trail --region HOME`;
    in Terraform `aws_cloudtrail.is_organization_trail = true`.

    Error: a region could not be listed, a member may not look into the trail, or nobody knows whether there is an organization.
    """
    membership = known(lambda: account.organization.membership)  # an organization trail in sight says that there is one
    outside = no_organization(membership) if membership is not None else None
    if outside is not None:
        return outside
    found = some(
        account.trails,
        lambda trail: _judge(trail, membership),
        "the organization has no multi-Region organization trail that is logging",
    )
    if found.status is Status.FAIL:
        _ = account.organization.membership  # unknown: then a trail may not be due at all
    return found


def _judge(trail: Trail, membership: Membership | None) -> Finding:
    if membership is not None and trail.is_organization_trail and trail.owner != membership.management_account:
        observed = {"TrailARN": trail.arn, "MasterAccountId": membership.management_account}
        return failed(f"trail {trail.name} is not the management account's", observed)
    return judge_traits(trail, [ORGANIZATION_WIDE, MULTI_REGION, LOGGING], "records the organization in every region")
