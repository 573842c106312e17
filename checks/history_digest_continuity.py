"""history-digest-continuity."""

from dataclasses import dataclass
from datetime import timedelta

from trailwarden import Finding, Status, check, param
from trailwarden.facts import Account, Trail
from trailwarden.facts.integrity import Conclusion, VerifiedLogs
from trailwarden.judgements.integrity import (
    Answer,
    Period,
    Place,
    concluded,
    describe,
    holes_of,
    judge_places,
    never_validated,
    period_of,
    span,
    stretches,
    undecided,
)

_PROVEN = {"verified", "empty", "damaged"}
"""Hours with a digest that is proven, whatever became of the log files that it names."""
_WRONG = {"modified", "container-anomaly", "chain-broken"}
_UNPROVEN = {"key-unknown", "unreadable", "inconclusive"}
_OFF = "gap-declared"
_BEGINS = "chain-start"


@dataclass(frozen=True)
class Params:
    window_days: int = param(
        90, "How many days back the digests must follow each other; for an audit its whole period.", minimum=1
    )
    tolerance_minutes: int = param(10, "How far apart the end of a digest and the start of the next may be.", minimum=0)
    mode: str = param(
        "list",
        "list: a digest has to exist for each hour; chain: it has to be proven as well.",
        choices=("list", "chain"),
    )
    interruptions: str = param(
        "fail",
        "fail: logging or validation must never have been off; explained: it may, if events or the trail's status tell who turned it off.",
        choices=("fail", "explained"),
    )
    max_age_hours: int = param(3, "How long before now the newest digest may end.", minimum=1)


@check(Trail, reads=[Trail.integrity, Account.regions])
def history_digest_continuity(trail: Trail, params: Params) -> Finding:
    """Digest chain has no gap over the audit period.

    Why: a digest comes every hour, also when nothing happened, and names the one before it. It is AWS's only evidence of uninterrupted logging that reaches back
    more than 90 days.

    Fix: a missing digest can only come back from a version or a replica of the bucket. An interruption is explained by the StopLogging, UpdateTrail or DeleteTrail
    event of that time; find out who sent it: `aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=StopLogging`. In Terraform
    `aws_cloudtrail.enable_logging` and `enable_log_file_validation` stay true.

    Error: no report was given (`trailwarden logs verify BUCKET -o json=integrity.json`, then `--integrity integrity.json`), it does not cover the period,
    the chain begins within it, or the bucket could not be read.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
    """
    reports = trail.integrity
    period = period_of(trail, reports, params.window_days, params.max_age_hours)
    if never_validated(trail, reports, period):
        undecided(trail, f"trail {trail.name} wrote no digests: log file validation is off")
    return judge_places(
        trail,
        reports,
        period,
        lambda place: _judge(trail, reports, period, place, params),
        {
            "window_days": params.window_days,
            "tolerance_minutes": params.tolerance_minutes,
            "mode": params.mode,
            "interruptions": params.interruptions,
        },
        timeline=True,
    )


def _judge(trail: Trail, reports: tuple[VerifiedLogs, ...], period: Period, place: Place, params: Params) -> Answer:
    excuse = params.interruptions == "explained"

    def reread(report: VerifiedLogs, item: Conclusion) -> Answer:
        return _excused(report, item, place) if excuse else (Status(item.status), item.message)

    status, message = concluded("history-digest-continuity", trail, reports, period, place, reread=reread)
    if status is not Status.PASS:
        return status, message
    due = Period(period.start, min(period.end, trail.account.now - timedelta(hours=params.max_age_hours)))
    hours = stretches(reports, place)
    good = _PROVEN if params.mode == "chain" else _PROVEN | _WRONG | _UNPROVEN
    tolerance = timedelta(minutes=params.tolerance_minutes)
    covered = [(item.start, item.end) for item in hours if item.state in good]
    if excuse:  # none is left that is not explained
        gaps = (hole for report in reports for hole in holes_of(report, place))
        covered += [(gap.start, gap.end) for gap in gaps if gap.verdict == _OFF and gap.reason != _BEGINS]
    unknown = ""
    for start, end in due.holes(covered, tolerance):
        states = {item.state for item in hours if item.start < end and start < item.end}
        if states & {_OFF}:
            unknown = unknown or f"no digests yet {span((start, end))}: logging or validation began later"
        elif states and states <= _UNPROVEN | good:
            unknown = unknown or f"digests could not be proven {span((start, end))}"
        else:
            return Status.FAIL, f"no digest {'that is proven ' if states & _WRONG else ''}{span((start, end))}"
    return (Status.ERROR, unknown) if unknown else (Status.PASS, describe(place, reports))


def _excused(report: VerifiedLogs, item: Conclusion, place: Place) -> Answer:
    """Return what is left of a failure if interruptions that are explained are none."""
    if item.status != Status.FAIL:
        return Status(item.status), item.message
    found = holes_of(report, place)
    if any(hole.verdict != _OFF and hole.verdict not in _UNPROVEN for hole in found):
        return Status.FAIL, item.message
    for hole in found:
        if hole.verdict == _OFF and hole.reason != _BEGINS and not hole.explained:
            return Status.ERROR, f"logging or validation was off {span((hole.start, hole.end))}, and no events tell why"
    if any(hole.verdict in _UNPROVEN for hole in found):
        return Status.ERROR, item.message
    return Status.PASS, "every interruption is explained"
