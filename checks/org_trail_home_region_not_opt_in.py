"""org-trail-home-region-not-opt-in."""

from functools import partial

from trailwarden import Finding, check, failed, not_applicable, passed
from trailwarden.contract import NoParams
from trailwarden.facts import Account, Organization, Trail
from trailwarden.kleene import answered, which


@check(Trail, reads=[Account.region_list, Organization.members, Organization.enabled_regions])
def org_trail_home_region_not_opt_in(trail: Trail, params: NoParams) -> Finding:
    """Organization trail home Region is not an opt-in Region.

    Why: members that have not enabled the trail's home region send it nothing at all, and nothing says so.

    Fix: recreate the trail in a region that is on by default: a home region can't be changed. In Terraform, the provider's region of
    `aws_cloudtrail`.

    Error: the home region has to be enabled by hand, and whether every member has done so is readable with its own credentials only.
    """
    if not trail.is_organization_trail:
        return not_applicable(f"trail {trail.name} is no organization trail", {"IsOrganizationTrail": False})
    account = trail.account
    statuses = {row.name: row.opt_in_status for row in account.region_list}
    status = statuses.get(trail.home_region, "")
    observed = {"HomeRegion": trail.home_region, "OptInStatus": status or None}
    expected = {"OptInStatus": "opt-in-not-required, or enabled by every member"}
    if status == "opt-in-not-required":
        return passed(f"home region {trail.home_region} of trail {trail.name} is on by default", observed, expected)
    if status == "not-opted-in":
        text = f"home region {trail.home_region} of trail {trail.name} is not enabled in {account.account_id}"
        return failed(f"{text}: nothing of it is recorded", {**observed, "without it": account.account_id}, expected)
    if trail.judge != account.account_id:
        return not_applicable(f"which members have enabled {trail.home_region} is judged with account {trail.judge}")
    enabled = account.organization.enabled_regions

    def lacks(member: str) -> bool:
        return trail.home_region not in answered(enabled[member])

    without = which({member: partial(lacks, member) for member in sorted(enabled)})
    if without:
        observed["without it"] = ", ".join(without)
        text = f"home region {trail.home_region} of trail {trail.name} is not enabled in {', '.join(without)}"
        return failed(f"{text}: nothing of them is recorded", observed, expected)
    return passed(f"every member has enabled home region {trail.home_region} of trail {trail.name}", observed, expected)
