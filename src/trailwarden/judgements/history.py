"""What checks on the past share: the period, whose events count, and which stretches of time nothing recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trailwarden.contract import failed, param, passed, undecidable
from trailwarden.errors import Unreadable
from trailwarden.facts import LAG, REACH, Account, History, HistoryEvent, Subject, Trail, format_time, parse_time
from trailwarden.judgements.integrity import Period, concluded, judge_places, span
from trailwarden.model import Finding, Json, Reason, ReasonCode, Status
from trailwarden.policydoc.glob import compile_glob

_LOOKUP = "cloudtrail.LookupEvents"
_UNITS = {"d": "days", "h": "hours"}
_MOMENT = r"^(now(-[1-9][0-9]*[dh])?|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z)?)$"
_WORDS = "now, now-90d, now-12h, a day such as 2026-01-31, or a time such as 2026-01-31T08:00:00Z"


def moment_param(default: str, doc: str) -> str:
    """Declare a parameter that is a moment."""
    declared: str = param(default, doc, pattern=_MOMENT, expects=_WORDS)
    return declared


def period_start_param() -> str:
    """Declare where the period that is looked at begins."""
    return moment_param("now-90d", "Where the period begins; event history reaches back 90 days.")


def period_of(account: Account, start: str, end: str = "now") -> Period:
    """Return the period that parameters name.

    Raises:
        Unreadable: UNPARSEABLE for a day that no calendar has, or an end that is not behind the start.
    """
    try:
        period = Period(_moment(account, start), min(_moment(account, end), account.now))
    except ValueError as error:
        undecidable(account, ReasonCode.UNPARSEABLE, f"period: {error}")
    if period.end <= period.start:
        undecidable(account, ReasonCode.UNPARSEABLE, f"the period from {start} to {end} is empty")
    return period


def _moment(account: Account, text: str) -> datetime:
    if text == "now":
        return account.now
    if text.startswith("now-"):
        return account.now - timedelta(**{_UNITS[text[-1]]: int(text[4:-1])})
    return parse_time(text if "T" in text else f"{text}T00:00:00Z")


def within(period: Period, events: Iterable[HistoryEvent]) -> list[HistoryEvent]:
    """Return the events of a period."""
    return [item for item in events if period.start <= item.time <= period.end]


def claimed(subject: Subject, period: Period, history: History) -> Period:
    """Return that part of a period for which the event history proves that nothing else happened.

    Raises:
        Unreadable: a part of the history could not be read; EVENTUAL for a period that is too young to say anything.
    """
    if history.gaps:
        raise Unreadable(history.gaps[0])
    now = subject_account(subject).now
    shown = Period(max(period.start, now - REACH), min(period.end, now - LAG))
    if shown.end <= now - REACH:  # nothing of it is within reach; older evidence has to speak for all
        return Period(period.end, period.end)
    if shown.end <= shown.start:
        text = "events of the last 15 minutes may not show yet"
        undecidable(subject, ReasonCode.EVENTUAL, text, operation=_LOOKUP)
    return shown


def subject_account(subject: Subject) -> Account:
    """Return the account that a subject hangs off."""
    account: Account = subject.account  # type: ignore[attr-defined]  # every subject that has a history has one
    return account


def uncovered(subject: Subject, period: Period, shown: Period) -> None:
    """Give up where a period begins before the event history does.

    Raises:
        Unreadable: COVERAGE_GAP, with the interval.
    """
    if period.start < shown.start:
        text = f"nothing tells what happened {span((period.start, shown.start))}"
        undecidable(subject, ReasonCode.COVERAGE_GAP, text, operation=_LOOKUP)


def proven_by_digests(trail: Trail, period: Period, shown: Period) -> str:
    """Return a note on the digest chain that proves the part of a period before the event history, empty where there is none.

    Raises:
        Unreadable: COVERAGE_GAP; no report of ``logs verify`` proves it.
    """
    if period.start >= shown.start:
        return ""
    older = Period(period.start, shown.start)
    try:
        reports = trail.integrity
        finding = judge_places(
            trail,
            reports,
            older,
            lambda place: concluded("history-digest-continuity", trail, reports, older, place),
            {},
        )
    except Unreadable as error:
        text = f"nothing tells what happened {span((older.start, older.end))}: {error.reason.sentence()}"
        undecidable(trail, ReasonCode.COVERAGE_GAP, text, operation=_LOOKUP)
    if finding.status is not Status.PASS:
        text = f"nothing proves what happened {span((older.start, older.end))}: {finding.message}"
        undecidable(trail, ReasonCode.COVERAGE_GAP, text, operation=_LOOKUP)
    return f"proven by digests {span((older.start, older.end))}"


def concerns(trail: Trail, event: HistoryEvent) -> bool:
    """Return whether an event is about a trail, by what the request or the response names.

    Raises:
        Unreadable: UNPARSEABLE; the parameters were left out, and the event may be about it.
    """
    if event.request is None:
        if event.error or not {trail.arn, trail.name} & set(event.resources):
            return False
        text = f"{event} was recorded without its parameters"
        undecidable(trail, ReasonCode.UNPARSEABLE, text, operation=_LOOKUP, region=event.region)
    named = {subject_of(event), str(event.response.get("trailARN") or "")}
    if trail.arn in named:
        return True
    # A name alone is one of the calling account, in the region of the call.
    return trail.name in named and event.account == trail.owner and event.region == trail.home_region


def subject_of(event: HistoryEvent) -> str:
    """Return the trail or store that an event's request names, as it names it."""
    request = event.request or {}
    for key in ("name", "trailName", "trailARN", "eventDataStore"):
        if request.get(key):
            return str(request[key])
    return ""


def sorted_out(events: Iterable[HistoryEvent], about: Callable[[HistoryEvent], bool]) -> Mine:
    """Return the events about a subject, and why more of them may be."""
    mine: list[HistoryEvent] = []
    unknown: Reason | None = None
    for event in events:
        try:
            if about(event):
                mine.append(event)
        except Unreadable as error:
            unknown = unknown or error.reason
    return Mine(tuple(mine), unknown)


@dataclass(frozen=True, slots=True)
class Mine:
    """The events about one subject; ``unknown`` is why it is not known of all of them what they are about."""

    events: tuple[HistoryEvent, ...]
    unknown: Reason | None

    @property
    def done(self) -> list[HistoryEvent]:
        """Return those that changed something."""
        return [item for item in self.events if not item.error]

    def settle(self) -> None:
        """Raise Unreadable where there may be more."""
        if self.unknown is not None:
            raise Unreadable(self.unknown)


def attempts(events: Iterable[HistoryEvent]) -> list[str]:
    """Return notes on calls that were refused: they changed nothing, and somebody tried."""
    return [f"attempt only ({item.error}): {item}" for item in events if item.error]


def judge_untouched(
    subject: Subject,
    history: Callable[[], History],
    about: Callable[[HistoryEvent], bool],
    what: str,
    *,
    period: Period,
    approved: Collection[str],
    critical: Callable[[HistoryEvent], bool] = lambda _: False,
) -> Finding:
    """Judge whether nobody but approved principals changed something in a period.

    Args:
        subject: a bucket or key.
        history: what was done to things of its kind.
        about: whether an event is about the subject; may raise Unreadable.
        what: the subject in words.
        period: to look at.
        approved: patterns of the ARNs of those who may.
        critical: whether a change is one of the worst.
    """
    read = history()
    mine = sorted_out(within(period, read.events), about)
    touched = [item for item in mine.done if not is_approved(item.who, approved)]
    observed: dict[str, Json] = {
        "period": [format_time(period.start), format_time(period.end)],
        "events": [{**item.to_json(), "critical": critical(item)} for item in mine.events],
    }
    expected: dict[str, Json] = {"events": [], "approved_principals": list(approved)}
    notes = attempts(mine.events) + [f"approved: {item}" for item in mine.done if item not in touched]
    if touched:
        return failed(f"{what} was changed: {listed(touched)}", observed, expected, *notes)
    mine.settle()
    shown = claimed(subject, period, read)
    uncovered(subject, period, shown)
    return passed(f"nobody unexpected changed {what} {span((shown.start, shown.end))}", observed, expected, *notes)


def is_approved(who: str, approved: Collection[str]) -> bool:
    """Return whether a caller is expected, by ARN; the session of a role also by the role's."""
    names = {who}
    if ":assumed-role/" in who:
        head, _, tail = who.partition(":assumed-role/")
        names.add(f"{head.replace(':sts:', ':iam:')}:role/{tail.split('/')[0]}")
    return any(compile_glob(item, variables=False).matches(name) for item in approved for name in names)


def listed(events: Sequence[HistoryEvent]) -> str:
    """Return the first events in words."""
    more = f"; and {len(events) - 5} more" if len(events) > 5 else ""
    return "; ".join(str(item) for item in events[:5]) + more


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch of time in which a trail did not log; ``end`` None while it goes on. ``why`` is what began it."""

    start: datetime
    end: datetime | None
    why: str
    gone: bool = False
    """Whether it is another trail's, which does not exist any more."""

    def minutes(self, now: datetime) -> float:
        """Return how long it lasted, or lasts."""
        return ((self.end or now) - self.start).total_seconds() / 60

    def __str__(self) -> str:
        return f"{self.why}, {f'until {format_time(self.end)}' if self.end else 'and not started since'}"


def silences(events: Sequence[HistoryEvent], period: Period, *, logging: bool | None) -> list[Silence]:
    """Return the stretches without logging that began in a period, from the events of one trail.

    Args:
        events: of one trail, in order, failed ones left out.
        period: to look at.
        logging: whether the trail logs now; None where that is not known.
    """
    found: list[Silence] = []
    for index, event in enumerate(events):
        if event.name not in ("StopLogging", "DeleteTrail") or not period.start <= event.time <= period.end:
            continue
        if found and (found[-1].end is None or found[-1].end > event.time):
            continue  # it was silent already
        later = events[index + 1 :]
        start = next((item.time for item in later if item.name == "StartLogging"), None)
        if start is None and logging:  # a new trail that logs without anybody having been seen to start it
            start = next((item.time for item in later if item.name == "CreateTrail"), None)
        found.append(Silence(event.time, start, str(event)))
    return found
