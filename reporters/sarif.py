"""SARIF 2.1.0 in the profile that GitHub code scanning accepts; GitLab, SonarQube and Azure DevOps read it as well.

A finding about a cloud resource has no line of code, but the policy that asked has one: that is where it points. Resource, account and
region are in the message, because GitHub shows nothing of logical locations. Passed, not applicable and waived rows are no results: GitHub
shows whatever it is given as an open alert; waived ones are notifications, with their verdict and terms. What could not be evaluated is a result, or its absence would close a real alert as fixed.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from trailwarden import RenderOptions, Report, Severity, Status, reporter
from trailwarden.grouping import unit_title, units
from trailwarden.markdown import fenced
from trailwarden.model import Result, Rule
from trailwarden.presentation import (
    PROBLEMS,
    Anchor,
    anchor,
    candidate_lines,
    control_tags,
    framework,
    headline,
    observed_facts,
    place_name,
    row_fingerprint,
    rows,
    urgency,
)
from trailwarden.results import fingerprint
from trailwarden.text import clean_json, compact, one_line, sentence, shorten, visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RESULT_LIMIT = 5000
"""GitHub keeps the 5,000 most severe results of a run and drops the rest without a word."""
NOTES = 1000
"""Notifications of a run; GitHub reads none, and an organization can have one for each policy and account."""
TEXT_LIMIT = 1024
NAME_LIMIT = 255
TAG_LIMIT = 10
LISTED = 100

_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_PROBLEM = {"error": "error", "warning": "warning", "note": "recommendation"}
# Inside GitHub's bands, away from their borders; info has no score, which GitHub reads as "no severity".
_SCORE = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}

Object = dict[str, Any]


@reporter(suffix=".sarif", media_type="application/sarif+json")
def sarif(report: Report, options: RenderOptions) -> str:
    """SARIF 2.1.0 for code scanning."""
    places = {rule.id: anchor(rule, options) for rule in report.rules}
    index = {rule.id: number for number, rule in enumerate(report.rules)}
    taxonomies, taxa = _taxonomies(report.rules)
    problems = [row for row in rows(report) if row.status in PROBLEMS]
    descriptors = _descriptors(problems)
    driver: Object = {
        "name": "trailwarden",
        "fullName": f"trailwarden {one_line(report.run.tool_version)}",
        "organization": "trailwarden",
        "version": one_line(report.run.tool_version),
        "semanticVersion": one_line(report.run.tool_version),
        # All that were evaluated, also where nothing failed: they are the population.
        "rules": [_rule(report, rule, taxa) for rule in report.rules],
        "notifications": list(descriptors.values()),
    }
    if taxonomies:
        driver["supportedTaxonomies"] = [
            {"name": item["name"], "index": number} for number, item in enumerate(taxonomies)
        ]
    run: Object = {
        "tool": {"driver": driver},
        "invocations": [_invocation(report, problems, index, list(descriptors))],
        "originalUriBaseIds": {
            "SRCROOT": {"description": {"text": "The root of the repository that holds the policies."}}
        },
        "results": _results(report, problems, options.sarif_group, places, index),
        "columnKind": "unicodeCodePoints",
    }
    if taxonomies:
        run["taxonomies"] = taxonomies
    if options.sarif_category:
        run["automationDetails"] = {"id": f"{options.sarif_category.rstrip('/')}/"}
    return clean_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, 4) + "\n"


def _rule(report: Report, rule: Rule, taxa: dict[tuple[str, str], Object]) -> Object:
    level = _LEVEL[rule.severity]
    title = one_line(rule.title, TEXT_LIMIT) or rule.id
    properties: Object = {"tags": _tags(rule), "precision": "very-high", "problem.severity": _PROBLEM[level]}
    if rule.severity in _SCORE:
        properties["security-severity"] = _SCORE[rule.severity]
    text, markdown = _help(report, rule)
    described: Object = {
        "id": rule.id,
        "name": shorten("".join(part.capitalize() for part in re.split(r"\W+|_", one_line(rule.id))), NAME_LIMIT),
        "shortDescription": {"text": title},
        "fullDescription": {"text": one_line(rule.description, TEXT_LIMIT) or title},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": level},
        "properties": properties,
    }
    relationships = [
        {"target": taxa[key, control], "kinds": ["relevant"]}
        for key in sorted(rule.controls)
        for control in rule.controls[key]
    ]
    if relationships:
        described["relationships"] = relationships
    return described


def _tags(rule: Rule) -> list[str]:
    """Return what GitHub can filter by: the only place where it shows a control."""
    tags = [shorten(one_line(tag), 100) for tag in ("security", "aws", *control_tags(rule), *rule.tags)]
    return [tag for tag in dict.fromkeys(tags) if tag][:TAG_LIMIT]


def _help(report: Report, rule: Rule) -> tuple[str, str]:
    """Return help as text and as Markdown. Both come from policies and checks, which the reader of the repository owns."""
    wanted = set(rule.checks)
    parts = [("", visible(rule.description))]
    for check in report.checks:
        if check.id in wanted:
            parts += [(f"Why ({check.id})", sentence(check.why)), (f"Fix ({check.id})", sentence(check.fix))]
    titles = {"text": "Remedy", "cli": "AWS CLI", "terraform": "Terraform"}
    parts += [(titles.get(key, one_line(key)), visible(rule.remediation[key])) for key in sorted(rule.remediation)]
    kept = [(title, text) for title, text in parts if text.strip()] or [("", one_line(rule.title) or rule.id)]
    text = "\n\n".join(f"{title}: {body}" if title else body for title, body in kept)
    markdown = "\n\n".join(f"**{title}**\n\n{_block(title, body)}" if title else body for title, body in kept)
    return text, markdown


def _block(title: str, body: str) -> str:
    language = {"AWS CLI": "sh", "Terraform": "hcl"}.get(title)
    return fenced(body, language) if language else body


def _taxonomies(rules: Iterable[Rule]) -> tuple[list[Object], dict[tuple[str, str], Object]]:
    """Return one taxonomy per framework, and a reference to each control."""
    controls: dict[str, set[str]] = {}
    for rule in rules:
        for key, named in rule.controls.items():
            controls.setdefault(key, set()).update(named)
    taxonomies, taxa = [], {}
    for number, key in enumerate(sorted(controls)):
        known = framework(key)
        ids = sorted(controls[key])
        taxonomy: Object = {"name": key, "fullName": known.title, "shortDescription": {"text": known.title}}
        for name, value in (
            ("version", known.version),
            ("organization", known.organization),
            ("informationUri", known.uri),
        ):
            if value:
                taxonomy[name] = value
        taxonomy["taxa"] = [
            {"id": control, "name": control, "shortDescription": {"text": f"{known.title}: {one_line(control)}"}}
            for control in ids
        ]
        taxonomies.append(taxonomy)
        for place, control in enumerate(ids):
            taxa[key, control] = {"id": control, "index": place, "toolComponent": {"name": key, "index": number}}
    return taxonomies, taxa


def _reason_code(row: Result) -> str:
    return row.reason.code.value if row.reason else "UNEXPECTED"


def _descriptors(problems: Iterable[Result]) -> dict[str, Object]:
    codes = sorted({_reason_code(row) for row in problems if row.status is Status.ERROR})
    return {
        code: {
            "id": f"not-evaluated/{code}",
            "name": "NotEvaluated" + "".join(part.capitalize() for part in code.split("_")),
            "shortDescription": {"text": f"Could not be evaluated: {code}"},
            "fullDescription": {
                "text": f"A read that a verdict needs failed with {code}. Nothing is known of the subject, so it counts as neither passed nor failed."
            },
            "help": {
                "text": "Grant the missing permission named in the message, or repeat the run when the service answers."
            },
            "defaultConfiguration": {"level": "error"},
        }
        for code in codes
    }


def _invocation(report: Report, problems: Iterable[Result], index: dict[str, int], codes: list[str]) -> Object:
    unknown: dict[tuple[str, str], str] = {}
    for row in problems:
        if row.status is Status.ERROR:
            text = one_line(row.reason.sentence() if row.reason else row.message)
            unknown[row.policy, text] = _reason_code(row)
    notes: list[Object] = [
        {
            "descriptor": {"id": f"not-evaluated/{code}", "index": codes.index(code)},
            "level": "error",
            "message": {"text": _literal(f"Could not be evaluated: {text}")},
            "associatedRule": {"id": policy, "index": index[policy]},
        }
        for (policy, text), code in islice(unknown.items(), NOTES)
    ]
    if len(unknown) > NOTES:
        notes.append({"level": "error", "message": {"text": f"{len(unknown) - NOTES} more could not be evaluated."}})
    waived = [row for row in rows(report) if row.status is Status.WAIVED]
    accepted: list[Object] = [
        {
            "level": "note",
            "message": {"text": _literal(headline(row))},
            "associatedRule": {"id": row.policy, "index": index[row.policy]},
        }
        for row in waived[:NOTES]
    ]
    if len(waived) > NOTES:
        accepted.append({"level": "note", "message": {"text": f"{len(waived) - NOTES} more are waived."}})
    return {
        "executionSuccessful": not notes,
        "exitCode": report.run.exit_code,
        "startTimeUtc": one_line(report.run.started_at),
        "endTimeUtc": one_line(report.run.finished_at),
        "toolExecutionNotifications": [*notes, *accepted],
    }


def _by_subject(problems: list[Result], places: dict[str, Anchor], index: dict[str, int]) -> list[Object]:
    """Return one result per row, and where there are too many one summary for each policy that lost some."""
    if len(problems) <= RESULT_LIMIT:
        return [_result(row, places, index) for row in problems]
    ranked = sorted(problems, key=_by_severity)
    limit = RESULT_LIMIT - len({row.policy for row in problems})
    kept = {id(row) for row in ranked[:limit]}
    dropped: dict[str, list[Result]] = {}
    for row in ranked[limit:]:
        dropped.setdefault(row.policy, []).append(row)
    return [
        *(_result(row, places, index) for row in problems if id(row) in kept),
        *(
            _group(policy, lost, places, index, what="left out of this file, which is limited to 5,000 results")
            for policy, lost in dropped.items()
        ),
    ]


def _by_severity(row: Result) -> tuple[int, tuple[int, int]]:
    """Return a sort key: the most severe first, failures before errors."""
    return -row.severity.rank, urgency(row)


_GROUPS = ("account", "ou", "policy")
"""What one result may stand for, from fine to coarse; always of one policy, because that is where it points."""


def _results(
    report: Report, problems: list[Result], group: str, places: dict[str, Anchor], index: dict[str, int]
) -> list[Object]:
    """Return the results; groups that are still too many become coarser."""
    if group == "subject":
        return _by_subject(problems, places, index)
    paths = units(report)
    grouped: dict[tuple[str, str], list[Result]] = {}
    for kind in _GROUPS[_GROUPS.index(group) :]:
        grouped = {}
        for row in problems:
            place = {"account": row.account, "ou": unit_title(paths.get(row.account, ()))}.get(kind, "")
            grouped.setdefault((row.policy, place), []).append(row)
        if len(grouped) <= RESULT_LIMIT:
            break
    return [
        _group(policy, found, places, index, what="not as required", place=place)
        for (policy, place), found in grouped.items()
    ]


def _result(row: Result, places: dict[str, Anchor], index: dict[str, int]) -> Object:
    details = candidate_lines(row)
    details += [f"Note: {one_line(note)}" for note in row.notes]
    details.append(f"Resource: {one_line(row.subject)}")
    # GitHub takes the first sentence as the title of the alert.
    return {
        **_frame(row.policy, row.severity, "\n".join([sentence(headline(row)), *details]), places, index),
        "partialFingerprints": {"primaryLocationLineHash": row_fingerprint(row)},
        "properties": {
            "awsAccountId": row.account,
            "region": row.region,
            "resourceType": row.subject_type,
            "resourceArn": row.subject,
            "status": row.status.value,
            "check": row.check,
            "observed": compact(observed_facts(row)),
            "evidence": list(row.calls),
        },
    }


def _group(
    policy: str, found: list[Result], places: dict[str, Anchor], index: dict[str, int], *, what: str, place: str = ""
) -> Object:
    """Return one result for many rows, of an account or unit if ``place`` names one.

    Without a place it has no fingerprint of its own: the uploader computes one from the policy's line.
    """
    failed = sum(row.status is Status.FAIL for row in found)
    unknown = len(found) - failed
    head = ", ".join(
        part
        for part in (f"{failed} failed" if failed else "", f"{unknown} could not be evaluated" if unknown else "")
        if part
    )
    listed = [f"{row.status.value} {place_name(row)}: {one_line(row.message, 200)}" for row in found[:LISTED]]
    more = [f"and {len(found) - LISTED} more"] if len(found) > LISTED else []
    severity = max((row.severity for row in found), key=lambda item: item.rank)
    where = f" in {one_line(place, 200)}" if place else ""
    text = "\n".join([f"{one_line(policy)}{where}: {head}; {what}.", *listed, *more])
    own = {"partialFingerprints": {"primaryLocationLineHash": fingerprint(policy, "", place, "", "")}} if place else {}
    counts = {"failed": failed, "notEvaluated": unknown}
    return {**_frame(policy, severity, text, places, index), **own, "properties": counts}


def _frame(policy: str, severity: Severity, text: str, places: dict[str, Anchor], index: dict[str, int]) -> Object:
    return {
        "ruleId": policy,
        "ruleIndex": index[policy],
        "kind": "fail",
        "level": _LEVEL[severity],
        "message": {"text": _literal(text)},
        "locations": [{"physicalLocation": _location(places[policy])}],
    }


def _location(place: Anchor) -> Object:
    region: Object = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }
    if place.snippet:
        region["snippet"] = {"text": visible(place.snippet)}
    return {"artifactLocation": {"uri": place.uri, "uriBaseId": "SRCROOT"}, "region": region}


def _literal(text: str) -> str:
    """Return message text in which data can't form an embedded link, SARIF's ``[text](target)``."""
    return text.replace("](", "] (")
