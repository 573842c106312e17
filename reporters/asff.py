"""AWS Security Finding Format: an array for ``securityhub batch-import-findings``, at most 100 at a time. Only written, never sent.

Severity and types go into FindingProviderFields, because an import can't update the fields of the same name at the top later.
"""

import re
from typing import Any

from trailwarden import RenderOptions, Report, Severity, Status, reporter
from trailwarden.model import Result, Rule
from trailwarden.presentation import (
    explanation,
    headline,
    remedies,
    requirements,
    row_fingerprint,
    rows,
)
from trailwarden.text import clean_json, compact, one_line, shorten, visible

TITLE, DESCRIPTION, IDENTITY, TEXT, VALUE, RESOURCE = 256, 1024, 512, 512, 2048, 512
REQUIREMENTS = 32
_LABEL = {
    Severity.INFO: "INFORMATIONAL",
    Severity.LOW: "LOW",
    Severity.MEDIUM: "MEDIUM",
    Severity.HIGH: "HIGH",
    Severity.CRITICAL: "CRITICAL",
}
_STATUS = {
    Status.PASS: "PASSED",
    Status.FAIL: "FAILED",
    Status.WAIVED: "FAILED",
    Status.ERROR: "NOT_AVAILABLE",
    Status.NOT_APPLICABLE: "NOT_AVAILABLE",
}
_RESOURCE = {
    "account": "AwsAccount",
    "trail": "AwsCloudTrailTrail",
    "bucket": "AwsS3Bucket",
    "key": "AwsKmsKey",
}
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
Object = dict[str, Any]

_HOME = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}


@reporter(suffix=".json", media_type="application/json")
def asff(report: Report, options: RenderOptions) -> str:
    """AWS Security Finding Format for Security Hub."""
    advice = remedies(report)
    policies = {rule.id: _policy(report, rule, advice[rule.id]) for rule in report.rules}
    return clean_json([_finding(report, row, *policies[row.policy]) for row in rows(report)], 1) + "\n"


def _policy(report: Report, rule: Rule, remedy: str) -> tuple[Object, Object, Object]:
    """Return what the findings of one policy share: at the top, in their compliance part, in their product fields."""
    finding: Object = {
        "SchemaVersion": "2018-10-08",
        "ProductName": "trailwarden",
        "CompanyName": "trailwarden",
        "GeneratorId": f"trailwarden/{one_line(rule.id, 200)}",
        "CreatedAt": report.run.finished_at,
        "UpdatedAt": report.run.finished_at,
        "Title": one_line(rule.title or rule.id, TITLE),
    }
    if remedy:
        finding["Remediation"] = {"Recommendation": {"Text": one_line(remedy, TEXT)}}
    compliance: Object = {"SecurityControlId": rule.id}
    if rule.controls:
        compliance["RelatedRequirements"] = [shorten(text, 64) for text in requirements(rule)[:REQUIREMENTS]]
    return finding, compliance, {"trailwarden/runId": report.run.id, "trailwarden/policySha256": rule.sha256}


def _finding(report: Report, row: Result, shared: Object, compliance: Object, fields: Object) -> Object:
    partition, region = report.run.partition, _region(report, row)
    finding = {
        **shared,
        "Id": f"{shared['GeneratorId']}/{row.account}/{region}/{row_fingerprint(row)}",
        "ProductArn": f"arn:{partition}:securityhub:{region}:{row.account}:product/{row.account}/default",
        "AwsAccountId": row.account,
        "Description": shorten(headline(row), DESCRIPTION),
        "FindingProviderFields": {
            "Severity": {"Label": _LABEL[row.severity], "Original": row.severity.value},
            "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        },
        "Resources": [
            {
                "Type": _RESOURCE.get(row.subject_type, "Other"),
                "Id": one_line(row.subject, RESOURCE) or row.account,
                "Partition": partition,
                "Region": region,
            }
        ],
        "Compliance": {"Status": _STATUS[row.status], **compliance, **_reasons(row)},
        "ProductFields": {**fields, **_product_fields(row)},
        "RecordState": "ARCHIVED" if row.status is Status.NOT_APPLICABLE else "ACTIVE",
    }
    if row.status is Status.WAIVED:
        finding["Workflow"] = {"Status": "SUPPRESSED"}
    return finding


def _reasons(row: Result) -> Object:
    if not row.reason:
        return {}
    return {
        "StatusReasons": [{"ReasonCode": row.reason.code.value, "Description": one_line(explanation(row), DESCRIPTION)}]
    }


def _product_fields(row: Result) -> dict[str, str]:
    fields = {
        "check": row.check,
        "status": row.status.value,
        "subject": row.subject,
        "fingerprint": row_fingerprint(row),
        "calls": " ".join(row.calls),
        "observed": compact(row.observed) if row.observed else "",
        "expected": compact(row.expected) if row.expected else "",
        "waiver": compact(row.waiver) if row.waiver else "",
    }
    return {f"trailwarden/{key}": shorten(visible(value), VALUE) for key, value in fields.items() if value}


def _region(report: Report, row: Result) -> str:
    """Return where the finding belongs; one about a whole account belongs to the partition's home region."""
    return row.region if _REGION.fullmatch(row.region) else _HOME.get(report.run.partition, _HOME["aws"])
