"""org-trail-covers-member."""

from trailwarden import Finding, check, failed, not_applicable, passed
from trailwarden.contract import NoParams
from trailwarden.facts import Account, Organization, Population, Region, Trail
from trailwarden.judgements.organization import no_organization
from trailwarden.kleene import answered, every, known, some


@check(
    Account,
    reads=[Account.region_list, Account.trails, Account.listings, Organization.membership, Trail.status_by_region],
)
def org_trail_covers_member(account: Account, params: NoParams) -> Finding:
    """This member account is covered by the organization trail.

    Why: a member owns nothing of the organization's trail. That it is covered shows in the trail's copy in each of its regions, and in
    what the copy's status says there: CloudTrail makes the copy even where it then can't deliver. An account that has not enabled the
    trail's home region sends it nothing, whatever the copies say.

    Fix: the account that owns the trail has to repair it; a member can change nothing.

    Error: the trail's status is refused to the member (NOT_VISIBLE_FROM_MEMBER). Ask again with credentials of the trail's account.
    """
    membership = known(lambda: account.organization.membership)  # a shadow in sight says that there is an organization
    outside = no_organization(membership) if membership is not None else None
    if outside is not None:
        return outside
    if membership is not None and membership.management_account == account.account_id:
        return not_applicable("this is the management account, which owns the organization's trails", {})
    shadows = [trail for trail in account.trails if trail.is_shadow and trail.is_organization_trail]
    if not shadows:
        _ = account.organization.membership  # unknown: then no copy may be due
    return every(
        account.regions,
        lambda region: _judge(region, account, shadows),
        f"the organization's trail records account {account.account_id} in every enabled region",
        missing="no enabled region could be judged",
    )


def _judge(region: Region, account: Account, shadows: list[Trail]) -> Finding:
    answered(account.listings[region.name])
    here = Population([trail for trail in shadows if region.name in trail.seen_in])
    missing = f"the organization's trail has no copy in region {region.name}"
    if here:
        missing = f"the copy of the organization's trail in region {region.name} is not logging, or can't deliver"
    return some(here, lambda trail: _works(trail, region.name), missing)


def _works(trail: Trail, region: str) -> Finding:
    home = next((row for row in trail.account.region_list if row.name == trail.home_region), None)
    if home is not None and not home.enabled:
        place = {"HomeRegion": home.name, "OptInStatus": home.opt_in_status}
        return failed(f"the home region {home.name} of trail {trail.name} is not enabled here: nothing is sent", place)
    statuses = trail.status_by_region
    if region not in statuses:
        return failed(f"trail {trail.name} records region {trail.home_region} only")
    status = answered(statuses[region])
    observed = {"IsLogging": status.is_logging, "LatestDeliveryError": status.latest_delivery_error or None}
    if not status.is_logging or status.latest_delivery_error:
        return failed(f"trail {trail.name} does not record region {region}", observed)
    return passed(f"trail {trail.name} records region {region}", observed)
