"""The in-toto Statement of a pack: predicate ``test-result/v0.1``, plus one ``trailwarden`` object for what that has no field for."""

from __future__ import annotations

import json
from collections.abc import Mapping

from trailwarden.evidence.inputs import FORMAT, LEDGER, Inputs
from trailwarden.evidence.manifest import MANIFEST, PREDICATE, STATEMENT, sha256
from trailwarden.model import Json, Report, Status
from trailwarden.presentation import evidence_id, policy_status
from trailwarden.text import plain

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
SUBJECTS = (LEDGER, "results.json", "report.md", "report.html", MANIFEST)
"""Few, because consumers limit their number; the manifest stands for the rest."""


def statement_files(inputs: Inputs, report: Report, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the statement, and its predicate alone for tools that build the statement themselves.

    Args:
        inputs: what the pack is made from.
        report: the judgement.
        files: the rest of the pack, the manifest included.
    """
    found = predicate(inputs, report)
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": sha256(files[name])}} for name in SUBJECTS if name in files],
        "predicateType": PREDICATE_TYPE,
        "predicate": found,
    }
    return {STATEMENT: _dense(statement), PREDICATE: _dense(found)}


def predicate(inputs: Inputs, report: Report) -> dict[str, Json]:
    """Return the predicate: policies by outcome, and which files decided it."""
    run, around = report.run, inputs.surroundings
    by_status: dict[Status | None, list[str]] = {}
    for identity, status in policy_status(report).items():
        by_status.setdefault(status, []).append(identity)
    failed, unknown = by_status.get(Status.FAIL, []), by_status.get(Status.ERROR, [])
    waived = by_status.get(Status.WAIVED, [])
    undone = failed or unknown or not report.policies
    found: dict[str, Json] = {
        "result": "FAILED" if undone else "WARNED" if waived else "PASSED",
        "configuration": [
            {"name": item.path, "digest": {"sha256": sha256(item.data)}, "annotations": {"kind": item.kind}}
            for item in inputs.files
        ],
        "passedTests": sorted(by_status.get(Status.PASS, [])),
        "warnedTests": sorted(waived),
        "failedTests": sorted([*failed, *unknown]),
        "trailwarden": {
            "packFormat": FORMAT,
            "evidenceId": evidence_id(report),
            "runId": run.id,
            "accounts": list(run.accounts),
            "caller": plain(run.caller),
            "startedOn": run.started_at,
            "finishedOn": run.finished_at,
            "toolVersion": run.tool_version,
            "exitCode": run.exit_code,
            "notEvaluated": sorted(unknown),
            "notApplicable": sorted(by_status.get(Status.NOT_APPLICABLE, [])),
            "synthetic": run.synthetic,
            "redacted": plain(around.redacted),
            "previous": {"evidenceId": around.previous["evidence_id"], "digest": {"sha256": around.previous["digest"]}}
            if around.previous
            else None,
        },
    }
    if around.ci.get("url"):
        found["url"] = around.ci["url"]
    return found


def _dense(value: Json) -> bytes:
    return (json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True) + "\n").encode("ascii")
