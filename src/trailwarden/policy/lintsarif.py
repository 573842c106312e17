"""Lint findings as SARIF 2.1.0, so that editors and code scanning show them where they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from trailwarden.model import Json
from trailwarden.policy.lint import RULES, Issue
from trailwarden.policy.model import Place

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_text(issues: Sequence[Issue], version: str) -> str:
    """Return the findings as a SARIF log. ``version`` is trailwarden's."""
    names = list(RULES)
    driver: dict[str, Json] = {
        "name": "trailwarden policy lint",
        "semanticVersion": version,
        "rules": [
            {
                "id": name,
                "shortDescription": {"text": text},
                "defaultConfiguration": {"level": level},
                "properties": {"problem.severity": level},
            }
            for name, (level, text) in RULES.items()
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(issue, names.index(issue.rule)) for issue in issues],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False) + "\n"


def _result(issue: Issue, index: int) -> dict[str, Any]:
    location = {"artifactLocation": _artifact(issue.place), "region": _region(issue.place)}
    result: dict[str, Any] = {
        "ruleId": issue.rule,
        "ruleIndex": index,
        "level": issue.level,
        "message": {"text": issue.message},
        "locations": [{"physicalLocation": location}],
    }
    if issue.edit is not None:
        replacement = {"deletedRegion": _region(issue.edit.place), "insertedContent": {"text": issue.edit.text}}
        change = {"artifactLocation": _artifact(issue.place), "replacements": [replacement]}
        result["fixes"] = [{"description": {"text": f"write {issue.edit.text}"}, "artifactChanges": [change]}]
    return result


def _artifact(place: Place) -> dict[str, Json]:
    return {"uri": quote(place.file.replace("\\", "/"))}


def _region(place: Place) -> dict[str, Json]:
    if not place.line:  # the file as a whole
        return {"startLine": 1, "startColumn": 1}
    region: dict[str, Json] = {"startLine": place.line, "startColumn": place.column}
    if (place.end_line, place.end_column) > (place.line, place.column):
        region |= {"endLine": place.end_line, "endColumn": place.end_column}
    return region
