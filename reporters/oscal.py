"""OSCAL assessment results: one result per account, an observation per row, a finding per control, a risk per failure.

Identifiers are version 5 UUIDs of what they name, so that two runs over the same estate can be compared.
"""

import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any
from urllib.parse import quote

from trailwarden import RenderOptions, Report, Status, reporter
from trailwarden.model import Result, Rule
from trailwarden.presentation import (
    explanation,
    framework,
    headline,
    repository_path,
    row_fingerprint,
    rows,
    short_name,
    worst,
)
from trailwarden.text import clean_json, one_line, shorten

OSCAL_VERSION = "1.2.1"
NAMESPACE = "urn:x-trailwarden:oscal"
_UUIDS = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
_RESULT = {status: status.value.lower().replace("_", "-") for status in Status}
_RISK = {Status.FAIL: "open", Status.WAIVED: "deviation-approved"}

Object = dict[str, Any]


@reporter(suffix=".json", media_type="application/oscal+json")
def oscal(report: Report, options: RenderOptions) -> str:
    """OSCAL assessment results."""
    run = report.run
    plan, ledger = _uuid("plan", run.id), _uuid("ledger", run.ledger_sha256)
    accounts = dict.fromkeys([*run.accounts, *(row.account for row in rows(report))]) or [""]
    document = {
        "uuid": _uuid("document", run.id),
        "metadata": {
            "title": "Audit logging: assessment results",
            "last-modified": run.finished_at,
            "version": run.id,
            "oscal-version": OSCAL_VERSION,
        },
        "import-ap": {"href": f"#{plan}"},
        **_some("local-definitions", _some("activities", [_activity(report, rule) for rule in report.rules])),
        "results": (_result(report, account, ledger) for account in accounts),
        "back-matter": {"resources": _resources(report, plan, ledger)},
    }
    return clean_json({"assessment-results": document}, 5) + "\n"


def _uuid(*parts: str) -> str:
    """Return the version 5 UUID of a name. ``uuid.uuid5`` gives the same, but refuses lone surrogates and takes twice as long."""
    name = "\n".join(parts).encode("utf-8", "surrogatepass")
    digits = hashlib.sha1(_UUIDS.bytes + name, usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def _some(key: str, value: Any) -> Object:
    """Return ``{key: value}``, or nothing for an empty value: OSCAL allows no empty arrays."""
    return {key: value} if value else {}


def _many(key: str, values: Iterator[Object]) -> Object:
    """Return ``{key: values}`` without making them all at once, or nothing where there are none."""
    first = next(values, None)
    return {key: chain((first,), values)} if first is not None else {}


def _props(pairs: Iterable[tuple[str, str]]) -> list[Object]:
    return [{"name": name, "ns": NAMESPACE, "value": line} for name, value in pairs if (line := one_line(value))]


def _token(text: str) -> str:
    """Return text as an OSCAL token: letters, digits, dots, hyphens and underscores, not beginning with a digit."""
    token = re.sub(r"[^A-Za-z0-9._-]+", "-", one_line(text)).strip("-") or "unnamed"
    return token if re.match(r"[A-Za-z_]", token) else f"_{token}"


def _control(key: str, control: str) -> str:
    """Return a control's id as catalogues write it: ``AU-9(3)`` of NIST SP 800-53 is ``au-9.3``; others carry their framework."""
    if key.startswith("nist-800-53"):
        return _token(re.sub(r"\((\w+)\)", r".\1", control).lower())
    return _token(f"{key}-{control}".lower())


def _activity(report: Report, rule: Rule) -> Object:
    texts = {check.id: check for check in report.checks}
    steps = [
        {
            "uuid": _uuid("step", rule.id, identity),
            "title": one_line(texts[identity].title, 200) or identity,
            "description": one_line(texts[identity].why) or identity,
        }
        for identity in rule.checks
        if identity in texts
    ]
    props = [
        ("policy", rule.id),
        ("quantifier", rule.quantifier),
        ("severity", rule.severity.value),
        ("policy-sha256", rule.sha256),
    ]
    return {
        "uuid": _uuid("activity", rule.id),
        "title": one_line(rule.title, 200) or rule.id,
        "description": one_line(rule.description or rule.title) or rule.id,
        "props": _props(props),
        **_some("steps", steps),
    }


def _resources(report: Report, plan: str, ledger: str) -> list[Object]:
    paths = dict.fromkeys(path for rule in report.rules if (path := repository_path(rule.file)))
    resources: list[Object] = [
        {
            "uuid": plan,
            "title": "Policies",
            "description": "The policies of the run, in place of an assessment plan. The SHA-256 of each is a property of its activity.",
            **_some("rlinks", [{"href": quote(path), "media-type": "application/yaml"} for path in paths]),
        }
    ]
    if report.run.ledger_sha256:
        digest = {"algorithm": "SHA-256", "value": report.run.ledger_sha256}
        resources.append(
            {
                "uuid": ledger,
                "title": "Ledger",
                "description": "Every call to AWS with its reply.",
                "rlinks": [{"href": "ledger.jsonl", "media-type": "application/x-ndjson", "hashes": [digest]}],
            }
        )
    return resources


def _result(report: Report, account: str, ledger: str) -> Object:
    run = report.run
    found = [row for row in rows(report) if row.account == account]
    actor = _uuid("tool", run.tool_version)
    tool = {
        "uuid": actor,
        "type": "software",
        "title": "trailwarden",
        "description": "Judges the audit logging of AWS accounts by policy.",
        "props": [{"name": "version", "value": one_line(run.tool_version)}],
        "status": {"state": "operational"},
    }
    facts = [
        ("run-id", run.id),
        ("account", account),
        ("caller", run.caller.get("arn", "")),
        ("exit-code", str(run.exit_code)),
    ]
    return {
        "uuid": _uuid("result", run.id, account),
        "title": f"Account {one_line(account)}" if account else "Nothing was evaluated",
        "description": "Configuration at one point in time, read from AWS. Observations, not a statement of compliance.",
        "start": run.started_at,
        "end": run.finished_at,
        "props": _props(facts),
        "local-definitions": {"components": [tool], **_some("inventory-items", _inventory(found))},
        "reviewed-controls": {"control-selections": _selections(report, account)},
        **_many("observations", (_observation(report, row, actor, ledger) for row in found)),
        **_many("risks", (_risk(row) for row in found if row.status in _RISK)),
        **_many("findings", _findings(report, account, found)),
    }


def _inventory(found: Iterable[Result]) -> list[Object]:
    subjects = {(row.account, row.subject): row for row in found}
    return [
        {
            "uuid": _uuid("subject", *key),
            "description": f"{one_line(row.subject_type)} {short_name(row)}",
            "props": [
                {"name": "asset-id", "value": one_line(row.subject) or row.account},
                *_props([("asset-kind", row.subject_type), ("region", row.region)]),
            ],
        }
        for key, row in subjects.items()
    ]


def _observation(report: Report, row: Result, tool: str, ledger: str) -> Object:
    facts = [
        ("result", _RESULT[row.status]),
        ("policy", row.policy),
        ("check", row.check),
        ("severity", row.severity.value),
        ("fingerprint", row_fingerprint(row)),
        ("reason", row.reason.code.value if row.reason else ""),
        ("missing-action", row.reason.missing_action if row.reason else ""),
        ("waiver", str((row.waiver or {}).get("id", ""))),
    ]
    evidence = {
        "href": f"#{ledger}" if report.run.ledger_sha256 else "ledger.jsonl",
        "description": f"Entries of the ledger: {' '.join(row.calls)}",
    }
    return {
        "uuid": _observation_uuid(row),
        "title": shorten(headline(row), 200),
        "description": one_line(explanation(row)) or row.status.value,
        "props": _props(facts),
        "methods": ["TEST"],
        "types": ["control-objective"],
        "origins": [{"actors": [{"type": "tool", "actor-uuid": tool}]}],
        "subjects": [{"subject-uuid": _uuid("subject", row.account, row.subject), "type": "inventory-item"}],
        **({"relevant-evidence": [evidence]} if row.calls else {}),
        "collected": report.run.finished_at,
    }


def _observation_uuid(row: Result) -> str:
    return _uuid("observation", row_fingerprint(row))


def _risk_uuid(row: Result) -> str:
    return _uuid("risk", row_fingerprint(row))


def _risk(row: Result) -> Object:
    statement = one_line(explanation(row)) or row.status.value
    if row.waiver:
        terms = {key: one_line(str(value)) for key, value in row.waiver.items()}
        statement += (
            f" Accepted until {terms.get('expires', '?')} by {terms.get('approved_by', '?')}: {terms.get('reason', '')}"
        )
    return {
        "uuid": _risk_uuid(row),
        "title": shorten(headline(row), 200),
        "description": f"Policy {one_line(row.policy)} is not met.",
        "statement": statement,
        "props": _props([("severity", row.severity.value)]),
        "status": _RISK[row.status],
        "related-observations": [{"observation-uuid": _observation_uuid(row)}],
    }


def _controls(report: Report, account: str) -> dict[tuple[str, str], tuple[list[str], Status | None]]:
    """Return, for each control, its policies and the worst of their verdicts on the account."""
    policies: dict[tuple[str, str], list[str]] = {}
    for rule in report.rules:
        for key, controls in rule.controls.items():
            for control in controls:
                policies.setdefault((key, control), []).append(rule.id)
    verdicts = {item.id: item.status for item in report.policies if item.account == account}
    return {
        control: (ids, worst(verdicts[identity] for identity in ids if identity in verdicts))
        for control, ids in sorted(policies.items())
    }


def _selections(report: Report, account: str) -> list[Object]:
    """Return which controls were looked at; those that do not apply to the account are taken out again, saying so."""
    chosen: dict[str, tuple[list[Object], list[Object]]] = {}
    for (key, control), (_, status) in _controls(report, account).items():
        if status:
            included, excluded = chosen.setdefault(key, ([], []))
            included.append({"control-id": _control(key, control)})
            excluded += included[-1:] if status is Status.NOT_APPLICABLE else []
    if not chosen:
        return [{"include-all": {}, "remarks": "No policy judged here is mapped to a control."}]
    return [
        {
            "description": framework(key).label,
            "include-controls": included,
            **_some("exclude-controls", excluded),
            **({"remarks": "Excluded controls: every policy found nothing that it applies to."} if excluded else {}),
        }
        for key, (included, excluded) in chosen.items()
    ]


def _findings(report: Report, account: str, found: list[Result]) -> Iterator[Object]:
    rows_of: dict[str, list[Result]] = {}
    for row in found:
        rows_of.setdefault(row.policy, []).append(row)
    for (key, control), (policies, status) in _controls(report, account).items():
        behind = [row for policy in policies for row in rows_of.get(policy, ())]
        if status in (None, Status.NOT_APPLICABLE) or not behind:
            continue
        name = _control(key, control)
        target = f"{name}_obj" if key.startswith("nist-800-53") else name
        state = "satisfied" if status is Status.PASS else "not-satisfied"
        reason = {Status.PASS: "pass", Status.ERROR: "other"}.get(status or Status.ERROR, "fail")
        risks = [{"risk-uuid": _risk_uuid(row)} for row in behind if row.status in _RISK]
        yield {
            "uuid": _uuid("finding", account, key, control),
            "title": one_line(f"{framework(key).label} {control}", 200),
            "description": f"Verdicts of the policies {', '.join(policies)}.",
            "target": {"type": "objective-id", "target-id": target, "status": {"state": state, "reason": reason}},
            "related-observations": [{"observation-uuid": _observation_uuid(row)} for row in behind],
            **_some("related-risks", risks),
        }
