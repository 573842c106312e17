"""trail-covers-account."""

from trailwarden import Finding, check
from trailwarden.contract import NoParams
from trailwarden.facts import Trail
from trailwarden.judgements.traits import MULTI_REGION, ORGANIZATION_WIDE, judge_traits


@check(Trail)
def trail_covers_account(trail: Trail, params: NoParams) -> Finding:
    """The trail records this account in every region.

    Why: which trail has to be protected is a question of its reach. Meant for a policy's `where`: it tells the trails that an account's
    evidence rests on, its own and its organization's, from those of one region.

    Fix: `aws cloudtrail update-trail --name TRAIL --is-multi-region-trail --region HOME`; in Terraform
    `aws_cloudtrail.is_multi_region_trail = true`.
    """
    traits = [MULTI_REGION, ORGANIZATION_WIDE] if trail.is_shadow else [MULTI_REGION]
    return judge_traits(trail, traits, f"records account {trail.account_id} in every region")
