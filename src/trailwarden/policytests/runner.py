"""Runs unit tests of policies with the real engine, and tells the outcome."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from trailwarden.errors import EXIT_FAILED, EXIT_OK, TrailwardenError
from trailwarden.evaluate import evaluate
from trailwarden.model import PolicyResult, Result
from trailwarden.policy.model import Place
from trailwarden.policytests.cases import Case
from trailwarden.policytests.world import account_of

# XML 1.0 has no place for these, not even escaped.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case. ``problems`` is empty when everything was as expected."""

    policy: str
    name: str
    place: Place
    status: str
    problems: tuple[str, ...]
    details: tuple[str, ...]
    """One line per result, to see why."""

    @property
    def passed(self) -> bool:
        """Return whether everything was as expected."""
        return not self.problems


def run_cases(cases: Iterable[Case]) -> list[Outcome]:
    """Return the outcome of each case, in order. A ledger that can't be used is a problem of its case."""
    return [_run(case) for case in cases]


def _run(case: Case) -> Outcome:
    try:
        verdict, rows = evaluate(case.policy, account_of(case.given, case.folder))
    except TrailwardenError as error:
        return Outcome(case.policy.id, case.name, case.place, "", (str(error),), ())
    details = tuple(f"{row.status.value} {row.subject}: {row.message}" for row in rows)
    return Outcome(
        case.policy.id, case.name, case.place, verdict.status.value, tuple(_differences(case, verdict, rows)), details
    )


def _differences(case: Case, verdict: PolicyResult, rows: Sequence[Result]) -> Iterable[str]:
    expect = case.expect
    if verdict.status.value != expect.status:
        yield f"expected {expect.status}, got {verdict.status.value}"
    codes = sorted({row.reason.code.value for row in rows if row.reason is not None})
    if expect.reason and expect.reason not in codes:
        yield f"expected the reason {expect.reason}, got {', '.join(codes) or 'none'}"
    if expect.message and not any(expect.message in row.message for row in rows):
        yield f"no message contains {expect.message!r}"
    for pattern, status in (expect.results or {}).items():
        matching = [row for row in rows if fnmatchcase(row.subject, pattern)]
        if not matching:
            yield f"no result is about {pattern}"
        yield from (
            f"expected {status} for {row.subject}, got {row.status.value}"
            for row in matching
            if row.status.value != status
        )


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """Return 0 when every case went as expected, else 1."""
    return EXIT_OK if all(outcome.passed for outcome in outcomes) else EXIT_FAILED


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the text that a terminal shows: failures with their reasons, then the counts."""
    lines: list[str] = []
    for outcome in outcomes:
        if not outcome.passed:
            place = outcome.place
            lines.append(f"FAILED {outcome.policy}: {outcome.name} ({place.file}:{place.line})")
            lines += [f"  {line}" for problem in outcome.problems for line in problem.split("\n")]
            lines += [f"    {detail}" for detail in outcome.details]
    failed = sum(not outcome.passed for outcome in outcomes)
    lines.append(f"{len(outcomes)} test{'s' * (len(outcomes) != 1)}, {failed} failed")
    return "\n".join(lines) + "\n"


def junit_text(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as JUnit XML: one suite per policy, one case per test."""
    root = ET.Element("testsuites", {"name": "trailwarden policy test", **_counts(outcomes)})
    for policy in dict.fromkeys(outcome.policy for outcome in outcomes):
        mine = [outcome for outcome in outcomes if outcome.policy == policy]
        suite = ET.SubElement(root, "testsuite", {"name": policy, **_counts(mine)})
        for outcome in mine:
            place = outcome.place
            case = ET.SubElement(
                suite,
                "testcase",
                classname=policy,
                name=_xml(outcome.name),
                file=_xml(place.file),
                line=str(place.line),
            )
            if not outcome.passed:
                failure = ET.SubElement(case, "failure", message=_xml("; ".join(outcome.problems)), type="difference")
                failure.text = _xml("\n".join([*outcome.problems, *outcome.details]))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _counts(outcomes: Sequence[Outcome]) -> dict[str, str]:
    failed = sum(not outcome.passed for outcome in outcomes)
    return {"tests": str(len(outcomes)), "failures": str(failed), "errors": "0"}


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
