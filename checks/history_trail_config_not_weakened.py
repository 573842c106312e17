"""history-trail-config-not-weakened."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import HistoryEvent, Trail, format_time
from trailwarden.judgements.history import (
    attempts,
    claimed,
    concerns,
    is_approved,
    period_of,
    period_start_param,
    sorted_out,
    uncovered,
)
from trailwarden.judgements.integrity import span
from trailwarden.judgements.weakening import OF_STORES, losses_of


@dataclass(frozen=True)
class Params:
    approved_principals: tuple[str, ...] = param(
        (), "Whose changes are notes: patterns of ARNs; of a role's session that of the role."
    )
    period_start: str = period_start_param()


@check(Trail, reads=[Trail.history])
def history_trail_config_not_weakened(trail: Trail, params: Params) -> Finding:
    """Trail configuration was not weakened in the period.

    Why: a trail that never stops can be blinded: for an hour only one region, no writes, another bucket. Afterwards everything looks as before.

    Fix: nothing brings the events back; find out who made the change and why: `aws cloudtrail lookup-events --lookup-attributes
    AttributeKey=EventName,AttributeValue=UpdateTrail --region HOME`. In Terraform the settings of `aws_cloudtrail` belong under review.

    Error: the event history could not be read to its end, the period begins more than 90 days ago, an event was recorded without its parameters
    (above 256 KB they are left out), or the trail is another account's, where such calls are recorded.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
    """
    period = period_of(trail.account, params.period_start)
    history = trail.history
    mine = sorted_out(history.events, lambda event: _concerns(trail, event))
    losses = losses_of(trail, mine.done)
    seen = [event for event in mine.events if period.start <= event.time <= period.end]
    weakening = [event for event in seen if losses.of(event)]
    bad = [event for event in weakening if not is_approved(event.who, params.approved_principals)]
    observed = {
        "period": [format_time(period.start), format_time(period.end)],
        "events": [{**event.to_json(), "lost": losses.of(event)} for event in seen],
    }
    expected = {"lost": [], "approved_principals": list(params.approved_principals)}
    notes = attempts(seen) + [f"approved: {event}" for event in weakening if event not in bad]
    if bad:
        told = "; ".join(f"{', '.join(losses.of(event))} ({event})" for event in bad[:5])
        return failed(f"trail {trail.name} was weakened: {told}", observed, expected, *notes)
    losses.settle()
    mine.settle()
    shown = claimed(trail, period, history)
    uncovered(trail, period, shown)
    text = f"no change weakened trail {trail.name} {span((shown.start, shown.end))}"
    return passed(text, observed, expected, *notes)


def _concerns(trail: Trail, event: HistoryEvent) -> bool:
    return event.name in OF_STORES or concerns(trail, event)
