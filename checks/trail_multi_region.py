"""trail-multi-region."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, not_applicable, param
from trailwarden.facts import Account, Trail
from trailwarden.judgements.traits import LOGGING, MULTI_REGION, judge_traits
from trailwarden.kleene import some


@dataclass(frozen=True)
class Params:
    count_org_trails: bool = param(True, "Accept organization trails.")


@check(Account, reads=[Account.region_list, Account.trails, Trail.status])
def trail_multi_region(account: Account, params: Params) -> Finding:
    """A logging multi-Region trail exists.

    Why: a trail of one region is blind to all others, also to those that are enabled later on.

    Fix: `aws cloudtrail update-trail --name TRAIL --is-multi-region-trail --region HOME`; in Terraform
    `aws_cloudtrail.is_multi_region_trail = true`. One single-Region trail in every region does not replace it; what those cover is the
    business of trail-region-coverage.

    Error: a region could not be listed or the status of a multi-Region trail could not be read, and no other is known to be logging.
    """
    if len(account.region_list) == 1:
        return _one_region(account)
    return some(account.trails, lambda trail: records_every_region(trail, params), "no multi-Region trail is logging")


@trail_multi_region.on(Trail)
def records_every_region(trail: Trail, params: Params) -> Finding:
    """Judge one trail."""
    if len(trail.account.region_list) == 1:
        return _one_region(trail.account)
    if trail.is_organization_trail and not params.count_org_trails:
        observed = {"TrailARN": trail.arn, "IsOrganizationTrail": True}
        return failed(f"trail {trail.name} is an organization trail, which does not count here", observed)
    return judge_traits(trail, [MULTI_REGION, LOGGING], "records every region")


def _one_region(account: Account) -> Finding:
    [region] = account.region_list
    return not_applicable(f"partition {account.partition} has a single region", {"Regions": [region.name]})
