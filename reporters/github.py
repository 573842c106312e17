"""Workflow commands that GitHub Actions turns into annotations: print them to the log of a step.

GitHub shows ten of each level per step and drops the others without a word, so the worst come first and the last one counts the rest.
"""

from trailwarden import RenderOptions, Report, Severity, Status, reporter
from trailwarden.model import Result
from trailwarden.presentation import PROBLEMS, Anchor, anchor, headline, rows, rules_by_id, urgency
from trailwarden.text import one_line

SHOWN = 10
LENGTH = 4000
_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}


@reporter(suffix=".txt", media_type="text/plain")
def github(report: Report, options: RenderOptions) -> str:
    """Annotations for a GitHub Actions log."""
    places = {identity: anchor(rule, options) for identity, rule in rules_by_id(report).items()}
    every = rows(report)
    problems = sorted((row for row in every if row.status in PROBLEMS), key=_worst_first)
    waived = sorted((row for row in every if row.status is Status.WAIVED), key=_worst_first)
    lines = []
    for level in ("error", "warning", "notice"):
        found = [row for row in problems if _LEVEL[row.severity] == level] + (waived if level == "notice" else [])
        kept = found if len(found) <= SHOWN else found[: SHOWN - 1]
        lines += [_command(level, row, places[row.policy]) for row in kept]
        if len(kept) < len(found):
            lines.append(f"::{level} title=trailwarden::and {len(found) - len(kept)} more, see the summary")
    return "".join(f"{line}\n" for line in lines)


def _worst_first(row: Result) -> tuple[int, tuple[int, int]]:
    return -row.severity.rank, urgency(row)


def _command(level: str, row: Result, place: Anchor) -> str:
    properties = {
        "file": place.path,
        "line": str(place.line),
        "endLine": str(place.end_line),
        "title": f"{one_line(row.policy)} ({'waived' if row.status is Status.WAIVED else row.severity.value})",
    }
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{level} {listed}::{_data(headline(row)[:LENGTH])}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
