"""history-logging-never-stopped."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from trailwarden import Finding, Status, check, failed, not_applicable, param, passed
from trailwarden.facts import Account, History, HistoryEvent, Trail, format_time
from trailwarden.judgements.history import (
    Silence,
    attempts,
    claimed,
    concerns,
    moment_param,
    period_of,
    period_start_param,
    proven_by_digests,
    silences,
    sorted_out,
    subject_of,
)
from trailwarden.judgements.integrity import Period, span
from trailwarden.judgements.traits import COMPLETE, judge_traits
from trailwarden.kleene import any_true, known

_SAME = timedelta(minutes=5)
"""How far GetTrailStatus and the event of the same stop may be apart."""


@dataclass(frozen=True)
class Params:
    period_start: str = period_start_param()
    period_end: str = moment_param("now", "Where the period ends.")
    region_mode: str = param(
        "home",
        "home: events of the trail's home Region, the only one that takes them; all: of every Region, so that trails that are gone are found.",
        choices=("home", "all"),
    )
    max_gap_minutes: int = param(0, "How long logging may have been stopped.", minimum=0)


@check(
    Trail,
    reads=[Account.trails, Trail.history, Trail.status, Trail.selectors, Trail.integrity, Account.regions],
    reads_if=[(lambda params: params.region_mode == "all", [Account.trail_history])],
)
def history_logging_never_stopped(trail: Trail, params: Params) -> Finding:
    """Logging was never stopped in the audit period.

    Why: it is the question that auditors ask. A trail that logs today says nothing of last month, and a gap can't be filled afterwards.

    Fix: nothing repairs a gap; find out who stopped the trail: `aws cloudtrail lookup-events --lookup-attributes
    AttributeKey=EventName,AttributeValue=StopLogging --region HOME`, and alarm on it. In Terraform `aws_cloudtrail.enable_logging` stays true.

    Error: the event history could not be read to its end; the period begins more than 90 days ago and no report of `trailwarden logs verify` proves
    the time before; or the trail is another account's, where such calls are recorded.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
    """
    period = period_of(trail.account, params.period_start, params.period_end)
    history = _History(trail, params)
    created = history.created
    if created is not None and created >= period.end:
        return not_applicable(f"trail {trail.name} was created after the period, on {format_time(created)}")
    found = _silences(trail, history, period)
    now = trail.account.now
    brief = [item for item in found if item.minutes(now) <= params.max_gap_minutes]
    long = [item for item in found if item not in brief]
    uncovered = [item for item in long if not _covered(trail, item)]
    observed = {
        "period": [format_time(period.start), format_time(period.end)],
        "gaps": [
            {"from": format_time(item.start), "to": format_time(item.end) if item.end else None} for item in found
        ],
        "events": [event.to_json() for event in history.events],
    }
    expected = {"gaps": [], "max_gap_minutes": params.max_gap_minutes}
    notes = [f"another trail recorded it meanwhile: {item}" for item in long if item not in uncovered]
    notes += [f"within max_gap_minutes: {item}" for item in brief]
    notes += history.notes
    if uncovered:
        text = f"logging of trail {trail.name} was stopped: {'; '.join(map(str, uncovered))}"
        return failed(text, observed, expected, *notes)
    _ = trail.status  # not known: it might tell of a stop
    shown = claimed(trail, period, history.whole())
    first = max(period.start, created) if created is not None else period.start
    proof = proven_by_digests(trail, Period(first, period.end), shown)
    if created is not None and created > period.start:
        notes.append(f"created on {format_time(created)}, within the period")
    text = f"logging of trail {trail.name} was never stopped {span((first, max(shown.end, first)))}"
    return passed(text, observed, expected, *notes, *([proof] if proof else []))


class _History:
    """The events on one trail, and in mode ``all`` those on trails that are gone."""

    def __init__(self, trail: Trail, params: Params) -> None:
        self._asked: list[Callable[[], History]] = [lambda: trail.history]
        if params.region_mode == "all":
            self._asked.append(lambda: trail.account.trail_history)
        read = [history for history in map(known, self._asked) if history is not None]
        by_id = {event.id: event for history in read for event in history.events}
        ordered = sorted(by_id.values(), key=lambda item: (item.time, item.id))
        self._mine = sorted_out(ordered, lambda event: concerns(trail, event))
        self.events = self._mine.done
        self.notes = attempts(self._mine.events)
        self.gone = [*_of_gone(trail.account, ordered)] if params.region_mode == "all" else []

    def whole(self) -> History:
        """Return the histories as one; raises Unreadable where one could not be asked for, or of an event nobody knows what it is about."""
        reads = [ask() for ask in self._asked]
        self._mine.settle()
        return History(tuple(self.events), tuple(gap for read in reads for gap in read.gaps))

    @property
    def created(self) -> datetime | None:
        """Return when the trail was made, if that was within reach and it is the first that is known of it."""
        telling = ("CreateTrail", "DeleteTrail", "StartLogging", "StopLogging", "UpdateTrail", "PutEventSelectors")
        first = next((event for event in self.events if event.name in telling), None)
        return first.time if first is not None and first.name == "CreateTrail" else None


def _of_gone(account: Account, events: Iterable[HistoryEvent]) -> Iterable[HistoryEvent]:
    """Yield the deletions of trails that no longer exist."""
    for event in events:
        deleted = event.name == "DeleteTrail" and not event.error and event.request is not None
        if deleted and not any(concerns(trail, event) for trail in account.trails):
            yield event


def _silences(trail: Trail, history: _History, period: Period) -> list[Silence]:
    status = known(lambda: trail.status)
    found = silences(history.events, period, logging=status.is_logging if status is not None else None)
    stopped = status.stop_logging_time if status is not None else None
    if status is not None and stopped is not None and period.start <= stopped <= period.end:
        started = status.start_logging_time
        if not any(abs(item.start - stopped) <= _SAME for item in found):
            resumed = started if started is not None and started > stopped else None
            found.append(Silence(stopped, resumed, f"StopLoggingTime {format_time(stopped)}"))
    found += [
        Silence(event.time, None, f"trail {subject_of(event)} is gone: {event}", gone=True)
        for event in history.gone
        if period.start <= event.time <= period.end
    ]
    return sorted(found, key=lambda item: (item.start, item.why))


def _covered(trail: Trail, silence: Silence) -> bool:
    """Return whether a trail that counts has been logging since before a silence began; of a trail that is gone this one may be it.

    Raises:
        Unreadable: none is known to, and one could not be judged.
    """
    others = [other for other in trail.account.trails if other is not trail or silence.gone]
    return any_true(*(partial(_recorded, other, silence) for other in others))


def _recorded(other: Trail, silence: Silence) -> bool:
    if judge_traits(other, COMPLETE).status is not Status.PASS:
        return False
    since = other.status.start_logging_time
    return since is not None and since <= silence.start
