"""JUnit XML: one suite per policy, one case per row. Accepted by GitLab, Jenkins (both plugins), GitHub actions, Azure, CircleCI, Buildkite.

junit-xml builds each suite; the document around it is ours, because the library writes attributes that the strict schema refuses,
omits a zero ``time``, and can't carry lone surrogates.

GitLab refuses a file of 30 MB. A report of many accounts that would exceed it says less, step by step, and a property of each suite says so:
first what did not fail loses its text, then a case stands for a policy in an account, in an organizational unit, and at last in all of them.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from junit_xml import TestCase, TestSuite

from trailwarden import RenderOptions, Report, Status, reporter
from trailwarden.grouping import unit_title, units
from trailwarden.model import PolicyResult, Result, Rule
from trailwarden.presentation import (
    PROBLEMS,
    Anchor,
    anchor,
    by_policy,
    candidate_lines,
    observed_facts,
    remedies,
    row_fingerprint,
    short_name,
    urgency,
    worst,
)
from trailwarden.text import compact, one_line, shorten, visible

NAME_LIMIT = 500
SIZE_LIMIT = 29_000_000
"""Bytes of a file: GitLab takes less than 30 MB."""
LISTED = 100
"""Rows that a case for many of them lists."""
# What the library writes and junit-10.xsd does not know.
_FOREIGN = ("disabled", "assertions", "log", "url")
_COUNTED = ("tests", "failures", "errors")


@dataclass(frozen=True)
class _Detail:
    """What a case stands for, and whether one that is no problem is described."""

    granularity: str
    texts: bool = True


_STEPS = (
    _Detail("subject"),
    _Detail("subject", texts=False),
    _Detail("policy"),
    _Detail("ou"),
    _Detail("organization"),
)
"""From everything to the least; ``policy`` is a case for a policy in an account."""


@reporter(suffix=".xml", media_type="application/xml")
def junit(report: Report, options: RenderOptions) -> str:
    """JUnit XML for test views of CI systems."""
    *steps, last = _STEPS[_STEPS.index(_Detail(options.junit_granularity)) :]
    for number, detail in enumerate(steps):
        text = _document(report, options, detail, SIZE_LIMIT, shortened=number > 0)
        if text is not None:
            return text
    return _document(report, options, last, shortened=True) or ""


def _document(
    report: Report, options: RenderOptions, detail: _Detail, limit: int = 0, *, shortened: bool
) -> str | None:
    """Return the document, or None as soon as it exceeds a limit in bytes."""
    found, advice = by_policy(report), remedies(report)
    several = len({row.account for row in report.results}) > 1
    totals: Counter[str] = Counter()
    parts: list[str] = []
    size = 0
    for rule in report.rules:
        if not found[rule.id]:
            continue
        place = None if options.junit_strict else anchor(rule, options)
        frame = _Frame(_class_name(rule), place, several=several)
        if detail.granularity == "subject":
            cases = _subject_cases(frame, found[rule.id], advice[rule.id], texts=detail.texts)
        else:
            cases = _policy_cases(report, rule, frame, found[rule.id], detail.granularity)
        suite = _suite(report, rule, frame, cases, _shortened(detail) if shortened else "")
        totals.update({key: int(suite.get(key, "0")) for key in _COUNTED})
        ET.indent(suite, level=1)
        parts.append(f"\n  {ET.tostring(suite, encoding='unicode')}")
        size += len(parts[-1].encode("utf-8", "surrogatepass"))
        if limit and size > limit:
            return None
    root = ET.Element(
        "testsuites", {"name": "trailwarden", **{key: str(totals[key]) for key in _COUNTED}, "time": "0.000"}
    )
    head, body = ET.tostring(root, encoding="unicode"), "".join(parts)
    whole = f"{head.removesuffix(' />')}>{body}\n</testsuites>" if body else head
    return f'<?xml version="1.0" encoding="utf-8"?>\n{whole}\n'


def _shortened(detail: _Detail) -> str:
    """Return what was left out to fit the limit."""
    if detail.granularity == "subject":
        return "what did not fail is not described"
    whole = {"policy": "an account", "ou": "an organizational unit", "organization": "all accounts"}
    return f"a case stands for a policy in {whole[detail.granularity]}"


@dataclass(frozen=True)
class _Frame:
    """What all cases of a suite share."""

    classname: str
    place: Anchor | None
    several: bool
    """Whether names have to tell accounts apart."""

    def case(self, name: str) -> TestCase:
        if self.place is None:
            return TestCase(name, self.classname)
        return TestCase(name, self.classname, file=self.place.path, line=str(self.place.line))


def _class_name(rule: Rule) -> str:
    return f"trailwarden.{_token(rule.pack) or 'local'}.{_token(rule.id)}"


def _suite(report: Report, rule: Rule, frame: _Frame, cases: list[TestCase], shortened: str) -> ET.Element:
    suite = TestSuite(
        frame.classname,
        cases,
        timestamp=one_line(report.run.started_at).split(".")[0].removesuffix("Z"),
        properties=_properties(report, rule) | ({"report.shortened": shortened} if shortened else {}),
    )
    element: ET.Element = suite.build_xml_doc("utf-8")
    for key in _FOREIGN:
        element.attrib.pop(key, None)
    element.set("time", "0.000")
    for case in element.iter("testcase"):
        case.set("time", "0.000")
    for skipped in element.iter("skipped"):
        skipped.set("type", "trailwarden.skipped")
    return element


def _properties(report: Report, rule: Rule) -> dict[str, str]:
    run = report.run
    facts = {
        "aws.account": " ".join(run.accounts),
        "aws.region": " ".join(run.regions),
        "caller.arn": run.caller.get("arn", ""),
        "tool.version": run.tool_version,
        "run.id": run.id,
    }
    facts |= {"policy.title": rule.title, "policy.severity": rule.severity.value, "policy.sha256": rule.sha256}
    facts |= {f"framework.{key}": ", ".join(controls) for key, controls in sorted(rule.controls.items())}
    return {one_line(key): one_line(value) for key, value in facts.items() if value}


def _token(text: str) -> str:
    """Return a part of a class name: Jenkins splits at the last dot, so that an id may hold none."""
    return shorten(re.sub(r"[^\w-]+", "_", one_line(text)), 200)


def _unique_names(rows: list[Result], *, several: bool) -> list[str]:
    """Return names that tell what and where; GitLab keeps only the first of two that are equal."""
    names = []
    for row in rows:
        check = f" · {one_line(row.check)}" if row.check and row.check != row.policy else ""
        place = (
            []
            if row.subject_type == "account"
            else [part for part in ((row.account if several else ""), one_line(row.region)) if part]
        )
        what = "account " + one_line(row.account) if row.subject_type == "account" else short_name(row)
        suffix = shorten(f" [{'/'.join(place)}]", 45) if place else ""
        names.append(shorten(f"{one_line(row.policy)}{check} · {what}", NAME_LIMIT - 60) + suffix)
    counts = Counter(names)
    marks: Counter[str] = Counter()
    unique = []
    for name, row in zip(names, rows, strict=True):
        if counts[name] == 1:
            unique.append(name)
            continue
        marked = f"{name} #{row_fingerprint(row)[:8]}"
        marks[marked] += 1
        unique.append(marked if marks[marked] == 1 else f"{marked}.{marks[marked]}")
    return unique


def _subject_cases(frame: _Frame, rows: list[Result], remedy: str, *, texts: bool) -> list[TestCase]:
    names = _unique_names(rows, several=frame.several)
    return [_case(frame, name, row, remedy, texts=texts) for name, row in zip(names, rows, strict=True)]


def _case(frame: _Frame, name: str, row: Result, remedy: str, *, texts: bool) -> TestCase:
    case = frame.case(name)
    if row.status is Status.PASS:
        return case
    message = one_line(row.message)
    text = _body(row, remedy if row.status in PROBLEMS else "") if texts or row.status in PROBLEMS else message
    if row.status is Status.FAIL:
        case.add_failure_info(message or "failed", text, f"trailwarden.fail.{row.severity.value}")
    elif row.status is Status.ERROR:
        code = (row.reason.aws_code or row.reason.code.value) if row.reason else "unknown"
        reason = one_line(row.reason.sentence()) if row.reason else message
        case.add_error_info(f"could not be evaluated: {reason}", text, f"trailwarden.error.{_token(code)}")
    elif row.status is Status.NOT_APPLICABLE:
        case.add_skipped_info(f"not applicable: {message}", text)
    elif row.status is Status.WAIVED:
        case.add_skipped_info(_waived(row), text)
    return case


def _policy_cases(report: Report, rule: Rule, frame: _Frame, rows: list[Result], granularity: str) -> list[TestCase]:
    """Return a case for the policy in each account, each unit, or all of them."""
    paths = units(report)

    def place(account: str) -> str:
        if granularity == "organization":
            return ""
        return account if granularity == "policy" else unit_title(paths.get(account, ()))

    verdicts: dict[str, list[PolicyResult]] = {}
    for verdict in report.policies:
        if verdict.id == rule.id:
            verdicts.setdefault(place(verdict.account), []).append(verdict)
    behind: dict[str, list[Result]] = {}
    for row in rows:
        behind.setdefault(place(row.account), []).append(row)
    named = granularity == "ou" or (granularity == "policy" and len(report.run.accounts) > 1)
    cases = []
    for where, found in verdicts.items():
        suffix = f" [{shorten(one_line(where), 200)}]" if named else ""
        cases.append(_policy_case(frame, one_line(rule.id) + suffix, found, behind.get(where, [])))
    return cases


def _policy_case(frame: _Frame, name: str, verdicts: list[PolicyResult], rows: list[Result]) -> TestCase:
    case = frame.case(name)
    total = {key: sum(getattr(item, key) for item in verdicts) for key in ("candidates", "applicable", "satisfying")}
    counts = ", ".join(f"{key} {number}" for key, number in total.items())
    if len(verdicts) > 1:
        counts += f" in {len(verdicts)} accounts"
    listed = sorted(rows, key=urgency)[:LISTED] if len(rows) > LISTED else rows
    lines = [_line(row, with_account=len(verdicts) > 1) for row in listed]
    more = [f"and {len(rows) - LISTED} more"] if len(rows) > LISTED else []
    text = "\n".join([counts, *lines, *more])
    status = worst(item.status for item in verdicts)
    severity = max((item.severity for item in verdicts), key=lambda item: item.rank)
    if status is Status.FAIL:
        case.add_failure_info(counts, text, f"trailwarden.fail.{severity.value}")
    elif status is Status.ERROR:
        case.add_error_info(f"could not be evaluated: {counts}", text, "trailwarden.error.policy")
    elif status is not Status.PASS:
        word = "waived" if status is Status.WAIVED else "not applicable"
        case.add_skipped_info(f"{word}: {counts}", text)
    return case


def _line(row: Result, *, with_account: bool) -> str:
    account = f"{one_line(row.account)} " if with_account else ""
    return f"{row.status.value} {account}{short_name(row)} {one_line(row.region)}: {one_line(row.message)}"


def _waived(row: Result) -> str:
    waiver = {key: one_line(str(value)) for key, value in (row.waiver or {}).items()}
    ticket = f" ({waiver['ticket']})" if waiver.get("ticket") else ""
    return f"waived until {waiver.get('expires') or '?'} by {waiver.get('approved_by') or '?'}{ticket}: underlying result FAIL"


def _body(row: Result, remedy: str) -> str:
    """Return everything about a row as text: GitLab shows only this, and nobody reads properties of a case."""
    facts = observed_facts(row)

    lines = [
        visible(row.message),
        *(f"  {line}" for line in candidate_lines(row)),
        *(f"{key}: {value}" for key, value in _details(row) if value),
        *([f"observed: {compact(facts)}"] if facts else []),
        *([f"expected: {compact(row.expected)}"] if row.expected else []),
        *(f"note: {one_line(note)}" for note in row.notes),
        *([f"remedy: {visible(remedy)}"] if remedy else []),
    ]
    return "\n".join(lines)


def _details(row: Result) -> Iterable[tuple[str, str]]:
    yield "status", row.status.value
    yield "severity", row.severity.value
    yield "check", one_line(row.check)
    yield "account", one_line(row.account)
    yield "region", one_line(row.region)
    yield "resource", one_line(row.subject)
    yield "reason", one_line(row.reason.sentence()) if row.reason else ""
    yield "waiver", compact(row.waiver) if row.waiver else ""
    yield "calls", " ".join(row.calls)
    yield "fingerprint", row_fingerprint(row)
