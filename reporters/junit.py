"""JUnit XML: one suite per policy, one case per row. Accepted by GitLab, Jenkins (both plugins), GitHub actions, Azure, CircleCI, Buildkite.

junit-xml builds each suite; the document around it is ours, because the library writes attributes that the strict schema refuses,
omits a zero ``time``, and can't carry lone surrogates.
"""

import re
from collections import Counter
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from junit_xml import TestCase, TestSuite

from trailwarden import RenderOptions, Report, Status, reporter
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
)
from trailwarden.text import compact, one_line, shorten, visible

NAME_LIMIT = 500
# What the library writes and junit-10.xsd does not know.
_FOREIGN = ("disabled", "assertions", "log", "url")


@reporter(suffix=".xml", media_type="application/xml")
def junit(report: Report, options: RenderOptions) -> str:
    """JUnit XML for test views of CI systems."""
    found, advice = by_policy(report), remedies(report)
    suites = [_suite(report, options, rule, found[rule.id], advice[rule.id]) for rule in report.rules if found[rule.id]]
    root = ET.Element("testsuites", {"name": "trailwarden"})
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    root.set("time", "0.000")
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: Report, options: RenderOptions, rule: Rule, rows: list[Result], remedy: str) -> ET.Element:
    classname = f"trailwarden.{_token(rule.pack) or 'local'}.{_token(rule.id)}"
    place = None if options.junit_strict else anchor(rule, options)
    if options.junit_granularity == "policy":
        cases = [
            _policy_case(report, verdict, [row for row in rows if row.account == verdict.account], classname, place)
            for verdict in report.policies
            if verdict.id == rule.id
        ]
    else:
        names = _unique_names(report, rows)
        cases = [_case(name, row, remedy, classname, place) for name, row in zip(names, rows, strict=True)]
    suite = TestSuite(
        classname,
        cases,
        timestamp=one_line(report.run.started_at).split(".")[0].removesuffix("Z"),
        properties=_properties(report, rule),
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


def _unique_names(report: Report, rows: Iterable[Result]) -> list[str]:
    """Return names that tell what and where; GitLab keeps only the first of two that are equal."""
    rows = list(rows)
    several = len({row.account for row in report.results}) > 1
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


def _case(name: str, row: Result, remedy: str, classname: str, place: Anchor | None) -> TestCase:
    case = _new_case(name, classname, place)
    message = one_line(row.message)
    text = _body(row, remedy if row.status in PROBLEMS else "")
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


def _policy_case(
    report: Report, verdict: PolicyResult, rows: list[Result], classname: str, place: Anchor | None
) -> TestCase:
    several = len(report.run.accounts) > 1
    case = _new_case(one_line(verdict.id) + (f" [{one_line(verdict.account)}]" if several else ""), classname, place)
    counts = f"candidates {verdict.candidates}, applicable {verdict.applicable}, satisfying {verdict.satisfying}"
    listed = [f"{row.status.value} {short_name(row)} {one_line(row.region)}: {one_line(row.message)}" for row in rows]
    text = "\n".join([counts, *listed])
    if verdict.status is Status.FAIL:
        case.add_failure_info(counts, text, f"trailwarden.fail.{verdict.severity.value}")
    elif verdict.status is Status.ERROR:
        case.add_error_info(f"could not be evaluated: {counts}", text, "trailwarden.error.policy")
    elif verdict.status is not Status.PASS:
        word = "waived" if verdict.status is Status.WAIVED else "not applicable"
        case.add_skipped_info(f"{word}: {counts}", text)
    return case


def _new_case(name: str, classname: str, place: Anchor | None) -> TestCase:
    if place is None:
        return TestCase(name, classname)
    return TestCase(name, classname, file=place.path, line=str(place.line))


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
