"""trail-exists-and-logging."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param
from trailwarden.facts import Account, Trail
from trailwarden.judgements.traits import LOGGING, judge_traits
from trailwarden.kleene import some


@dataclass(frozen=True)
class Params:
    count_org_trails: bool = param(
        True, "Accept an organization's trail that this account sees as a shadow and may ask."
    )


@check(Account, reads=[Account.trails, Trail.status])
def trail_exists_and_logging(account: Account, params: Params) -> Finding:
    """At least one trail exists and is logging.

    Why: without a trail all that is left is the event history, which forgets after 90 days, holds no data events and can't be handed
    to an auditor as a file.

    Fix: `aws cloudtrail start-logging --name TRAIL_ARN --region HOME`; create a trail first where there is none. In Terraform
    `aws_cloudtrail.enable_logging = true`.

    Error: a region could not be listed or a trail's status could not be read, and no other trail is known to be logging.
    """
    return some(account.trails, lambda trail: is_logging(trail, params), "no trail records this account")


@trail_exists_and_logging.on(Trail)
def is_logging(trail: Trail, params: Params) -> Finding:
    """Judge one trail."""
    if trail.is_shadow and not params.count_org_trails:
        observed = {"TrailARN": trail.arn, "IsOrganizationTrail": trail.is_organization_trail}
        return failed(f"trail {trail.name} belongs to account {trail.owner}, whose trails do not count here", observed)
    return judge_traits(trail, [LOGGING], "is logging")
