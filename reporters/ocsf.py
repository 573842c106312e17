"""OCSF 1.5.0 Compliance Finding (class 2003), one event per line and result, with the cloud profile."""

from typing import Any

from trailwarden import RenderOptions, Report, Severity, Status, reporter
from trailwarden.grouping import known
from trailwarden.model import Member, Result, Rule
from trailwarden.presentation import (
    explanation,
    headline,
    milliseconds,
    observed_facts,
    remedies,
    requirements,
    row_fingerprint,
    rows,
    short_name,
)
from trailwarden.text import clean_json, one_line, plain, visible

VERSION = "1.5.0"
CLASS = 2003
CREATE = 1
AWS_ACCOUNT = 10
_SEVERITY = {Severity.INFO: 1, Severity.LOW: 2, Severity.MEDIUM: 3, Severity.HIGH: 4, Severity.CRITICAL: 5}
_COMPLIANCE = {
    Status.PASS: (1, "Pass"),
    Status.ERROR: (2, "Warning"),
    Status.FAIL: (3, "Fail"),
    Status.WAIVED: (3, "Fail"),
    Status.NOT_APPLICABLE: (99, "Not applicable"),
}
_NEW, _SUPPRESSED, _RESOLVED = (1, "New"), (3, "Suppressed"), (4, "Resolved")
_FINDING = {
    Status.FAIL: _NEW,
    Status.ERROR: _NEW,
    Status.WAIVED: _SUPPRESSED,
    Status.PASS: _RESOLVED,
    Status.NOT_APPLICABLE: _RESOLVED,
}


@reporter(suffix=".jsonl", media_type="application/x-ndjson")
def ocsf(report: Report, options: RenderOptions) -> str:
    """OCSF Compliance Findings, one JSON object per line."""
    advice = remedies(report)
    policies = {rule.id: (rule, _policy(rule), advice[rule.id]) for rule in report.rules}
    members = known(report)
    events = ((row, _event(report, row, *policies[row.policy])) for row in rows(report))
    return "".join(f"{clean_json(_placed(event, members.get(row.account)))}\n" for row, event in events)


def _placed(event: dict[str, Any], member: Member | None) -> dict[str, Any]:
    """Return the event with the account's name, and as labels the units that it is in; OCSF's own fields for them ask for more."""
    if member is not None and member.name:
        event["cloud"]["account"]["name"] = one_line(member.name)
    if member is not None and any(member.path):
        event["cloud"]["account"]["labels"] = [one_line(unit) for unit in member.path if unit]
    return event


def _policy(rule: Rule) -> dict[str, Any]:
    """Return what the events of one policy share."""
    return {"control": rule.id, "standards": sorted(rule.controls), "requirements": requirements(rule)}


def _event(report: Report, row: Result, rule: Rule, policy: dict[str, Any], remedy: str) -> dict[str, Any]:
    run = report.run
    compliance_id, compliance = _COMPLIANCE[row.status]
    status_id, status = _FINDING[row.status]
    account = {"uid": row.account, "type_id": AWS_ACCOUNT, "type": "AWS Account"}
    event: dict[str, Any] = {
        "activity_id": CREATE,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + CREATE,
        "type_name": "Compliance Finding: Create",
        "time": milliseconds(run.finished_at),
        "severity_id": _SEVERITY[row.severity],
        "severity": "Informational" if row.severity is Severity.INFO else row.severity.value.capitalize(),
        "status_id": status_id,
        "status": status,
        "message": headline(row),
        "metadata": {
            "version": VERSION,
            "product": {"name": "trailwarden", "vendor_name": "trailwarden", "version": run.tool_version},
            "profiles": ["cloud"],
            "correlation_uid": run.id,
        },
        "cloud": {"provider": "AWS", "account": account, "region": row.region, "cloud_partition": run.partition},
        "finding_info": {
            "uid": row_fingerprint(row),
            "title": rule.title or rule.id,
            "desc": rule.description or rule.title,
            "types": ["Audit logging"],
            "product_uid": rule.id,
        },
        "compliance": {
            **policy,
            "status_id": compliance_id,
            "status": compliance,
            "status_details": [visible(text) for text in (explanation(row), *row.notes) if text],
            "checks": [
                {
                    "uid": row.check or rule.id,
                    "name": row.check or rule.id,
                    "status_id": compliance_id,
                    "version": str(row.check_version),
                }
            ],
        },
        "resources": [
            {
                "uid": row.subject,
                "name": short_name(row),
                "type": row.subject_type,
                "region": row.region,
                "cloud_partition": run.partition,
            }
        ],
        "evidences": [
            {
                "data": {
                    "observed": plain(observed_facts(row)),
                    "expected": plain(row.expected),
                    "calls": list(row.calls),
                }
            }
        ],
        "unmapped": {"status": row.status.value, "policy_sha256": rule.sha256},
    }
    if remedy:
        event["remediation"] = {"desc": remedy}
    if row.waiver:
        event["unmapped"]["waiver"] = plain(row.waiver)
    if row.reason:
        event["unmapped"]["reason"] = row.reason.code.value
        event["unmapped"]["missing_action"] = row.reason.missing_action
    return event
