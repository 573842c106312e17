"""The JSON Schemas of policy files: structure alone for the loader, with every check's parameters merged in for editors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trailwarden.contract import Check
from trailwarden.model import Json
from trailwarden.params import schema_of
from trailwarden.policy.vocabulary import (
    IDENTITY,
    MAPPINGS,
    METADATA,
    PARAMS,
    QUANTIFIER,
    REFERENCE,
    REMEDIATION,
    SCOPE,
    SEVERITY,
    Schema,
    list_of,
    mapping,
    text,
)

API_VERSION = "trailwarden/v1"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_ID = "urn:x-trailwarden:policy:1"

KINDS = ("Policy", "PolicySet", "Waivers", "PolicyTest")
SCHEMA_KINDS = (*KINDS, "Short")
"""The kinds of documents, and the short form, which names none."""

_NODE_KEYS = ("check", "expr", "any_of", "all_of", "not")


def _node(checks: Iterable[Check] | None) -> Schema:
    """Return the schema of one requirement; with checks, ids are enumerated and each check's parameters described."""
    parts = list_of({"$ref": "#/$defs/node"}, "", minItems=1)
    node = mapping(
        {
            "check": _check_id(checks),
            "with": {"type": "object", "description": "Parameters of the check."},
            "expr": text("A CEL expression over the subject.", minLength=1),
            "any_of": {**parts, "description": "One part must hold."},
            "all_of": {**parts, "description": "Every part must hold."},
            "not": {"$ref": "#/$defs/node", "description": "The part must not hold."},
        },
        minProperties=1,
        oneOf=[{"required": [key]} for key in _NODE_KEYS],
        dependentRequired={"with": ["check"]},
        expects="one of check, expr, any_of, all_of, not",
    )
    if checks is not None:
        node["allOf"] = _parameters(checks, loose=True)
    return node


def _check_id(checks: Iterable[Check] | None) -> Schema:
    if checks is None:
        return text("The id of a check.", minLength=1)
    # An enumeration with one description per value is what editors show while completing.
    return {
        "description": "The id of a check.",
        "anyOf": [{"const": check.id, "description": check.title} for check in checks],
    }


def _parameters(checks: Iterable[Check], *, loose: bool) -> list[Schema]:
    rules = []
    for check in checks:
        given = schema_of(check.params_type)
        if loose:
            given = _or_placeholder(given)
        given["description"] = f"Parameters of {check.id}."
        rules.append(
            {
                # A pattern and not a constant: the YAML language server completes by every constant that begins like the word.
                "if": {"properties": {"check": {"type": "string", "pattern": f"^{check.id}$"}}, "required": ["check"]},
                "then": {"properties": {"with": given}},
            }
        )
    return rules


def _or_placeholder(schema: Schema) -> Schema:
    """Let every value of a parameter schema be ``${params.x}`` as well, which only the loader can judge."""
    placeholder = {"type": "string", "pattern": r"^\$\{params\.[a-z][a-z0-9_]*\}$"}
    properties = {
        name: {"description": value.get("description", ""), **_default(value), "anyOf": [value, placeholder]}
        for name, value in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def _default(schema: Schema) -> Schema:
    return {"default": schema["default"]} if "default" in schema else {}


def _test_case(*, named: bool) -> Schema:
    """Return the schema of one unit test; in a file of its own it names its policy."""
    status: Schema = {"type": "string", "enum": ["PASS", "FAIL", "ERROR", "NOT_APPLICABLE"]}
    reply = mapping(
        {
            "operation": {
                "type": "string",
                "pattern": r"^[a-z0-9]+\.[A-Z][A-Za-z0-9]+$",
                "expects": "an operation such as cloudtrail.DescribeTrails",
            },
            "region": text("Region or glob; every region when not given."),
            "params": {"type": "object", "description": "Only for calls with these parameters."},
            "reply": {"type": "object", "description": "The body that AWS answers."},
            "error": mapping(
                {
                    "code": text("The AWS error code.", minLength=1),
                    "message": text("The AWS message."),
                    "status": {"type": "integer", "minimum": 100, "maximum": 599},
                },
                "code",
            ),
        },
        "operation",
        oneOf=[{"required": ["reply"]}, {"required": ["error"]}],
        expects="one of reply, error",
    )
    world = mapping(
        {
            "ledger": text("A ledger or world file, relative to this one.", minLength=1),
            "account": {"type": "string", "pattern": "^[0-9]{12}$", "expects": "an account id of twelve digits"},
            "clock": text("The instant that verdicts refer to, ISO 8601 UTC.", minLength=1),
            "regions": list_of({"type": "string"}, "The enabled regions.", minItems=1),
            "replies": list_of(reply, "What AWS answers; of several that fit, the last one."),
            "deny": list_of({"type": "string"}, "Operations that are refused."),
        },
        minProperties=1,
    )
    expected = mapping(
        {
            "status": {**status, "description": "The verdict of the policy."},
            "reason": text("The reason code of an ERROR.", minLength=1),
            "message": text("A part of a result's message.", minLength=1),
            "results": {
                "type": "object",
                "description": "Subject (ARN or glob) -> status of its results.",
                "additionalProperties": status,
            },
        },
        "status",
    )
    fields: dict[str, Schema] = {
        "name": text("What the case shows.", minLength=1),
        "given": {
            "anyOf": [text("A ledger or world file.", minLength=1), world],
            "expects": "a file, or a mapping of ledger, replies and others",
        },
        "params": {"type": "object", "description": "Values for the policy's parameters."},
        "expect": {"anyOf": [status, expected], "expects": "a status, or a mapping with one"},
    }
    if named:
        return mapping(
            {"policy": text("The id of the policy.", minLength=1), **fields}, "policy", "name", "given", "expect"
        )
    return mapping(fields, "name", "given", "expect")


def tests_schema() -> Schema:
    """Return the schema of ``kind: PolicyTest``."""
    return mapping(
        {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": "PolicyTest"},
            "policies": list_of(
                text("A policy file or folder, relative to this file.", minLength=1),
                "Where the policies come from; the file of the same name without _test when not given.",
                minItems=1,
            ),
            "tests": list_of(_test_case(named=True), "The cases.", minItems=1),
        },
        *("apiVersion", "kind", "tests"),
    )


def policy_schema(subjects: Iterable[str], checks: Iterable[Check] | None = None) -> Schema:
    """Return the schema of ``kind: Policy``."""
    known = None if checks is None else sorted(checks, key=lambda check: check.id)
    nodes = list_of({"$ref": "#/$defs/node"}, "", minItems=1)
    schema = mapping(
        {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": "Policy"},
            "metadata": METADATA,
            "mappings": MAPPINGS,
            "params": PARAMS,
            "scope": SCOPE,
            "subject": {"type": "string", "enum": sorted(subjects), "description": "What the policy is about."},
            "quantifier": QUANTIFIER,
            "where": {**nodes, "description": "Which subjects the policy speaks about; not an assertion."},
            "require": {**nodes, "description": "All of these, on the same subject or on what it points to."},
            "on": mapping(
                {
                    "empty": {
                        "type": "string",
                        "enum": ["fail", "not-applicable"],
                        "description": "The verdict when no subject applies.",
                    }
                },
                "empty",
            ),
            "message": text("Text of a failure; {subject.name} and others are filled in."),
            "remediation": REMEDIATION,
            "tests": list_of(_test_case(named=False), "Unit tests of the policy."),
        },
        "apiVersion",
        "kind",
        "metadata",
        "require",
    )
    schema["$defs"] = {"node": _node(known)}
    return schema


def short_schema(checks: Iterable[Check] | None = None) -> Schema:
    """Return the schema of a short policy."""
    known = None if checks is None else sorted(checks, key=lambda check: check.id)
    schema = mapping(
        {
            "id": IDENTITY,
            "check": _check_id(known),
            "with": {"type": "object", "description": "Parameters of the check."},
            "severity": SEVERITY,
            "title": text("One line, as a statement that holds when the policy passes.", minLength=1),
            "mappings": MAPPINGS,
        },
        "id",
        "check",
    )
    if known is not None:
        schema["allOf"] = _parameters(known, loose=False)
    return schema


def set_schema() -> Schema:
    """Return the schema of ``kind: PolicySet``."""
    name = {"type": "string", "pattern": REFERENCE, "expects": "the id of a policy or set, or a glob"}
    include = {
        "anyOf": [
            name,
            mapping(
                {
                    "set": text("Everything of another set."),
                    "tag": text("Every policy with this tag."),
                    "framework": text("Every policy mapped to this framework."),
                },
                minProperties=1,
                maxProperties=1,
            ),
        ],
        "expects": "an id, a glob, or one of set, tag, framework",
    }
    override = mapping(
        {
            "severity": SEVERITY,
            "params": {"type": "object", "description": "Values for the policy's parameters, or its check's."},
        },
        minProperties=1,
    )
    disable = mapping({"policy": name, "reason": text("Why; shown in every report.", minLength=1)}, "policy", "reason")
    metadata = {key: value for key, value in METADATA["properties"].items() if key != "severity"}
    return mapping(
        {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": "PolicySet"},
            "metadata": mapping(metadata, "id"),
            "include": list_of(include, "What the set consists of, in order.", minItems=1, maxItems=1000),
            "override": {
                "type": "object",
                "description": "Policy id -> what is different in this set.",
                "additionalProperties": override,
            },
            "disable": list_of(disable, "Policies left out, each with its reason.", maxItems=1000),
        },
        "apiVersion",
        "kind",
        "metadata",
        "include",
    )


def waivers_schema() -> Schema:
    """Return the schema of ``kind: Waivers``."""
    day: Schema = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "expects": "a day such as 2027-01-31"}
    words: Schema = {"type": "string", "minLength": 1}
    waiver = mapping(
        {
            "id": {
                **IDENTITY,
                "pattern": r"^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$",
                "expects": "a name such as SEC-123",
                "description": "Name of the waiver.",
            },
            "policy": {
                "type": "string",
                "pattern": REFERENCE,
                "expects": "the id of a policy, or a glob",
                "description": "Which policy.",
            },
            "subject": {**words, "description": "ARN of what fails, or a glob."},
            "account": {
                **SCOPE["properties"]["accounts"]["items"],
                "description": "Account id or glob; every account when not given.",
            },
            "region": {**words, "description": "Region, or a glob; every region when not given."},
            "reason": {**words, "description": "Why this may fail for now."},
            "ticket": {**words, "description": "Where it was agreed."},
            "owner": {**words, "description": "Who repairs it."},
            "approved_by": {**words, "description": "Who accepts the risk."},
            "approved_on": {**day, "description": "Since when (UTC)."},
            "expires": {**day, "description": "The last day (UTC) on which it holds."},
            "fingerprint": {
                "type": "string",
                "pattern": "^[0-9a-f]{16}$",
                "expects": "the 16 hexadecimal digits of a result's `state`",
                "description": "Bind the waiver to the observed values: any other state is not covered.",
            },
        },
        *("id", "policy", "subject", "reason", "approved_by", "approved_on", "expires"),
    )
    return mapping(
        {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": "Waivers"},
            "waivers": list_of(waiver, "What may fail, until when, and who accepts it.", maxItems=5000),
        },
        *("apiVersion", "kind", "waivers"),
    )


def param_schema(declared: Mapping[str, Json]) -> Schema:
    """Return the schema of one value of a declared policy parameter."""
    schema: Schema = {
        key: value for key, value in declared.items() if key in ("type", "enum", "minimum", "maximum", "items")
    }
    return schema


def kind_schemas(checks: Mapping[str, Check], subjects: Iterable[str]) -> dict[str, Schema]:
    """Return the schema of each kind of document by name, ``Short`` for the short form; check ids and parameters included."""
    known = list(checks.values())
    schemas = {
        "Policy": policy_schema(subjects, known),
        "PolicySet": set_schema(),
        "Waivers": waivers_schema(),
        "PolicyTest": tests_schema(),
        "Short": short_schema(known),
    }
    return {
        name: {"$schema": DIALECT, "$id": f"{SCHEMA_ID}:{name.lower()}", "title": f"trailwarden {name}", **schema}
        for name, schema in schemas.items()
    }


def published_schema(checks: Mapping[str, Check], subjects: Iterable[str]) -> Schema:
    """Return the schema that editors use: any kind of document, check ids and parameters included."""
    kinds = kind_schemas(checks, subjects)
    # One resource has one `$defs`; references inside the kinds reach the same place as before.
    node = kinds["Policy"].pop("$defs")["node"]
    parts = {
        name: {key: value for key, value in schema.items() if not key.startswith("$")} for name, schema in kinds.items()
    }
    choices = [{"if": {"properties": {"kind": {"const": kind}}}, "then": {"$ref": f"#/$defs/{kind}"}} for kind in KINDS]
    return {
        "$schema": DIALECT,
        "$id": SCHEMA_ID,
        "title": "trailwarden policy file",
        "$defs": {"node": node, **parts},
        "if": {"type": "array"},
        "then": {"items": {"$ref": "#/$defs/Short"}, "minItems": 1},
        "else": {
            "type": "object",
            "if": {"required": ["kind"]},
            "then": {"properties": {"kind": {"enum": list(KINDS)}}, "allOf": choices},
            "else": {"$ref": "#/$defs/Short"},
        },
    }
