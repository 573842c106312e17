"""What reports of ``logs verify`` prove about a trail over a period: every account and region of it, and no hour left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from trailwarden import coverage
from trailwarden.contract import failed, not_applicable, passed, undecidable
from trailwarden.facts import Trail, format_time
from trailwarden.facts.integrity import OPERATION, Conclusion, Hole, Stretch, VerifiedLogs
from trailwarden.model import Finding, Json, ReasonCode, Status

_TIMELINES = 20
"""Places whose hours a finding spells out."""

Place = tuple[str, str]
"""Account and region."""
Answer = tuple[Status, str]
"""What is known of one place, and in which words."""


@dataclass(frozen=True, slots=True)
class Period:
    """The time that must be proven; ``end`` is that of the newest report."""

    start: datetime
    end: datetime

    def holes(
        self, covered: Iterable[tuple[datetime, datetime]], tolerance: timedelta
    ) -> list[tuple[datetime, datetime]]:
        """Return what is covered by nothing for longer than ``tolerance``."""
        found, reached = [], self.start
        for start, end in [*sorted(covered), (self.end, self.end)]:
            if min(start, self.end) - reached > tolerance:
                found.append((reached, min(start, self.end)))
            reached = max(reached, end)
        return found


def period_of(trail: Trail, reports: Sequence[VerifiedLogs], days: int, max_age_hours: int) -> Period:
    """Return the last ``days`` days up to the end of the newest report.

    Raises:
        Unreadable: COVERAGE_GAP; that report ends longer ago than ``max_age_hours``.
    """
    now = trail.account.now
    end = min(now, max(report.until for report in reports))
    if end < now - timedelta(hours=max_age_hours):
        undecided(trail, f"verified until {format_time(end)} only, more than {max_age_hours} hours ago")
    return Period(now - timedelta(days=days), end)


def judge_places(
    trail: Trail,
    reports: Sequence[VerifiedLogs],
    period: Period,
    answer: Callable[[Place], Answer],
    expected: dict[str, Json],
    *,
    timeline: bool = False,
) -> Finding:
    """Judge a trail in every account and region; one that fails is enough, then one that is not known.

    Args:
        trail: the subject.
        reports: of its logs.
        period: what must be proven.
        answer: judges one place.
        expected: for the finding.
        timeline: also observe the hours of each place, as ``coverage.days`` writes them.

    Raises:
        Unreadable: COVERAGE_GAP; nothing fails, and some place is undecided.
    """
    answers = {place: answer(place) for place in places(trail, reports)}
    observed: dict[str, Json] = {
        "period": [format_time(period.start), format_time(period.end)],
        "reports": [report.sha256 for report in reports],
        "places": {f"{account} {region}": text for (account, region), (_, text) in answers.items()},
    }
    if timeline:
        observed["coverage"] = _timelines(reports, answers, period)
    notes = [f"keys from {item.endpoint_url}, not from AWS" for item in reports if item.endpoint_url]
    wrong = _told(answers, Status.FAIL)
    if wrong:
        return failed(f"trail {trail.name}: {wrong}", observed, expected, *notes)
    unknown = _told(answers, Status.ERROR)
    if unknown:
        undecided(trail, unknown)
    proven = [text for status, text in answers.values() if status is Status.PASS]
    if not proven:
        return not_applicable(f"trail {trail.name}: {_told(answers, Status.NOT_APPLICABLE)}", observed)
    text = f"trail {trail.name}: proven in {len(proven)} account(s) and region(s), {proven[0]}"
    return passed(text if len(proven) == 1 else f"{text} in the first", observed, expected, *notes)


def concluded(
    check: str,
    trail: Trail,
    reports: Sequence[VerifiedLogs],
    period: Period,
    place: Place,
    *,
    lack: Callable[[VerifiedLogs], str] = lambda _: "",
    reread: Callable[[VerifiedLogs, Conclusion], Answer] = lambda _, item: (Status(item.status), item.message),
) -> Answer:
    """Return what the reports conclude for one check and place over the whole period.

    A report is taken as a whole: what it found before the period counts as well.

    Args:
        check: the check's id.
        trail: the subject.
        reports: of its logs.
        period: what must be proven.
        place: account and region.
        lack: says what keeps a report from proving anything, such as too small a sample; what it found wrong counts all the same.
        reread: what a conclusion means here; by default what it says.
    """
    near = [item for item in reports if item.until > period.start]
    found = [
        (report, *reread(report, item))
        for report in near
        for item in report.conclusions
        if item.check == check and (item.account or place[0], item.region or place[1]) == place
    ]
    for _, status, message in found:
        if status is Status.FAIL:
            return status, message
    settled = [row for row in found if row[1] in (Status.PASS, Status.NOT_APPLICABLE)]
    decided = [row for row in settled if not lack(row[0])]
    if not found and any(report.looked_at(trail.name, *place) for report in near):
        return Status.FAIL, "not one digest of this trail was found"
    holes = period.holes([(report.since, report.until) for report, *_ in decided], timedelta())
    if holes:
        why = [message for _, status, message in found if status is Status.ERROR]
        why += [text for report, *_ in settled if (text := lack(report))]
        return Status.ERROR, why[0] if why else f"not verified {span(holes[0])}"
    message = "; ".join(dict.fromkeys(message for *_, message in decided))
    passes = any(status is Status.PASS for _, status, _ in decided)
    return (Status.PASS if passes else Status.NOT_APPLICABLE), message


def judge_log_files(
    trail: Trail,
    reports: Sequence[VerifiedLogs],
    conclusion: str,
    *,
    window_days: int,
    max_age_hours: int,
    sample: float,
) -> Finding:
    """Judge what was concluded of the log files of a trail, in every account and region.

    Args:
        trail: the subject.
        reports: of its logs.
        conclusion: by its name in a report of ``logs verify``.
        window_days: how many days back it must hold.
        max_age_hours: how long ago the verified time may end.
        sample: the least share of the files that must have been read.

    Raises:
        Unreadable: as ``judge_places``.
    """
    period = period_of(trail, reports, window_days, max_age_hours)
    if never_validated(trail, reports, period):
        return not_applicable(
            f"no digest of trail {trail.name} names a log file: log file validation is off",
            {"LogFileValidationEnabled": False},
        )
    return judge_places(
        trail,
        reports,
        period,
        lambda place: concluded(conclusion, trail, reports, period, place, lack=lambda item: too_little(item, sample)),
        {"window_days": window_days, "sample": sample},
    )


def too_little(report: VerifiedLogs, sample: float) -> str:
    """Return what keeps a report from proving anything about log files when a share of at least ``sample`` is asked for."""
    if report.digests_only:
        return "only the digests were verified"
    return f"a sample of {report.sample:.2%} was read" if report.sample < sample else ""


def places(trail: Trail, reports: Sequence[VerifiedLogs]) -> list[Place]:
    """Return where the trail must have digests: the account's regions that it records, and wherever a report found it."""
    regions = [region.name for region in trail.account.regions] if trail.is_multi_region else [trail.home_region]
    own = {(trail.account_id, region) for region in regions}
    narrowed = set(trail.account.only_regions)
    found = {(chain.account, chain.region) for report in reports for chain in report.chains}
    return sorted(own | {place for place in found if not narrowed or place[1] in narrowed})


def stretches(reports: Sequence[VerifiedLogs], place: Place) -> list[Stretch]:
    """Return the states of a place's hours over all reports."""
    chains = (chain for report in reports for chain in report.chains if (chain.account, chain.region) == place)
    return sorted((item for chain in chains for item in chain.coverage), key=lambda item: (item.start, item.end))


def _timelines(reports: Sequence[VerifiedLogs], answers: dict[Place, Answer], period: Period) -> dict[str, Json]:
    """Return the days of a period for the first places, those that pass behind the others."""
    urgent = sorted(answers, key=lambda place: (answers[place][0] is Status.PASS, place))
    since, until = int(period.start.timestamp()), int(period.end.timestamp())
    found: dict[str, Json] = {}
    for account, region in urgent[:_TIMELINES]:
        rows: dict[str, str] = {}
        for report in reports:
            spans = [
                (int(s.start.timestamp()), int(s.end.timestamp()), s.state)
                for s in stretches([report], (account, region))
            ]
            for day, row in coverage.days(spans, since, until):
                rows[day] = coverage.merged(rows[day], row) if day in rows else row
        found[f"{account} {region}"] = dict(rows)
    return found


def never_validated(trail: Trail, reports: Sequence[VerifiedLogs], period: Period) -> bool:
    """Return whether validation is off, and the reports that cover the whole period saw no digest of the trail."""
    if trail.log_file_validation or any(chain.digests for report in reports for chain in report.chains):
        return False
    return not period.holes([(report.since, report.until) for report in reports], timedelta())


def holes_of(report: VerifiedLogs, place: Place) -> list[Hole]:
    """Return what a report found of times, in one place."""
    return [hole for hole in report.holes if (hole.account or place[0], hole.region or place[1]) == place]


def describe(place: Place, reports: Sequence[VerifiedLogs]) -> str:
    """Return first, last and number of a place's digests."""
    found = [chain for report in reports for chain in report.chains if (chain.account, chain.region) == place]
    spans = stretches(reports, place)
    number = sum(chain.digests for chain in found)
    return (
        f"{number} digests from {format_time(spans[0].start)} to {format_time(spans[-1].end)}" if spans else "no digest"
    )


def _told(answers: dict[Place, Answer], status: Status) -> str:
    told = [f"{account} {region}: {text}" for (account, region), (found, text) in answers.items() if found is status]
    return "; ".join(told[:3]) + (f"; and {len(told) - 3} more" if len(told) > 3 else "")


def span(hole: tuple[datetime, datetime]) -> str:
    """Return the words for a time."""
    return f"from {format_time(hole[0])} to {format_time(hole[1])}"


def undecided(trail: Trail, text: str) -> NoReturn:
    """Give up on a verdict because the reports do not reach that far; raises Unreadable, COVERAGE_GAP."""
    undecidable(trail, ReasonCode.COVERAGE_GAP, text, operation=OPERATION)
