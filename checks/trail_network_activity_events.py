"""trail-network-activity-events."""

from dataclasses import dataclass

from trailwarden import Finding, check, not_applicable, param
from trailwarden.facts import Account, Trail
from trailwarden.judgements.traits import LOGGING, MULTI_REGION, judge_traits, records_network
from trailwarden.kleene import some


@dataclass(frozen=True)
class Params:
    event_sources: tuple[str, ...] = param(
        (), "The services whose calls through VPC endpoints matter, such as s3.amazonaws.com."
    )
    denied_only: bool = param(True, "Whether it is enough that refused calls are recorded.")


@check(
    Account,
    reads_if=[(lambda params: bool(params.event_sources), [Account.trails, Trail.status, Trail.selectors])],
)
def trail_network_activity_events(account: Account, params: Params) -> Finding:
    """VPC endpoint network activity events are recorded.

    Why: a call through your endpoint with somebody else's credentials, refused or not, appears in no other event of your account.

    Fix: `aws cloudtrail put-event-selectors --trail-name TRAIL --region HOME --advanced-event-selectors` with the selectors that the trail
    already has and, for each service, one on `eventCategory` `NetworkActivity` and `eventSource`. In Terraform an
    `aws_cloudtrail.advanced_event_selector` for each.

    Error: the selectors of a trail with custom ones could not be read, and no other trail is known to record these events.
    """
    if not params.event_sources:
        return not_applicable("the policy names no event source")
    missing = f"no logging multi-Region trail records network activity of {', '.join(params.event_sources)}"
    return some(account.trails, lambda trail: records_network_activity(trail, params), missing)


@trail_network_activity_events.on(Trail)
def records_network_activity(trail: Trail, params: Params) -> Finding:
    """Judge one trail."""
    if not params.event_sources:
        return not_applicable("the policy names no event source")
    traits = [MULTI_REGION, LOGGING, records_network(params.event_sources, denied_only=params.denied_only)]
    return judge_traits(trail, traits, f"records network activity of {', '.join(params.event_sources)}")
