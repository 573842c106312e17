"""trail-global-service-events."""

from dataclasses import dataclass

from trailwarden import Finding, check, param
from trailwarden.facts import Account, Trail
from trailwarden.judgements.traits import GLOBAL_EVENTS, LOGGING, judge_traits, reaches
from trailwarden.kleene import some

COMMERCIAL = "us-east-1"


@dataclass(frozen=True)
class Params:
    global_region: str = param(
        COMMERCIAL,
        "Where IAM, STS and CloudFront record their events; us-east-1 stands for the partition's own: us-gov-west-1, cn-north-1.",
    )


@check(Account, reads=[Account.trails, Trail.status])
def trail_global_service_events(account: Account, params: Params) -> Finding:
    """Global service events are recorded.

    Why: IAM, STS and CloudFront record what they do in one region of the partition, since November 2021 nowhere else. A trail that does
    not reach it sees neither changes of privileges nor assumed roles, whatever its flag says.

    Fix: `aws cloudtrail update-trail --name TRAIL --include-global-service-events --is-multi-region-trail --region HOME`; in Terraform
    `aws_cloudtrail.include_global_service_events = true` beside `is_multi_region_trail = true`.

    Error: a region could not be listed or a trail's status could not be read, and no other trail is known to record these events.
    """
    return some(account.trails, lambda trail: records_them(trail, params), "no trail records global service events")


@trail_global_service_events.on(Trail)
def records_them(trail: Trail, params: Params) -> Finding:
    """Judge one trail."""
    region = trail.account.global_region if params.global_region == COMMERCIAL else params.global_region
    return judge_traits(trail, [GLOBAL_EVENTS, reaches(region), LOGGING], "records global service events")
