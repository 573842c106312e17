"""The JSON Schemas of policy files: structure alone for the loader, with every check's parameters merged in for editors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trailwarden.contract import Check
from trailwarden.model import Json, Severity
from trailwarden.params import schema_of

API_VERSION = "trailwarden/v1"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_ID = "urn:x-trailwarden:policy:1"

_ID = r"^[a-z0-9]+([.-][a-z0-9]+)*$"
_REF = r"^[a-z0-9.*?\[\]!-]+$"

Schema = dict[str, Any]


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def _mapping(properties: Mapping[str, Schema], *required: str, **more: Any) -> Schema:
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": dict(properties), **more}
    if required:
        schema["required"] = list(required)
    return schema


def _list(items: Schema, description: str, **more: Any) -> Schema:
    return {"type": "array", "items": items, "description": description, **more}


IDENTITY = _text(
    "Stable name: rule id in SARIF, class in JUnit, target of waivers.",
    pattern=_ID,
    maxLength=100,
    title="a name in lower-case letters, digits, hyphens and dots, such as audit-trail-protected",
)
SEVERITY: Schema = {
    "type": "string",
    "enum": [item.value for item in reversed(Severity)],
    "description": "How much a failure matters.",
}
_CONTROLS = _list({"type": "string", "minLength": 1}, "Ids of the framework's requirements.", minItems=1)
_BASES = ("stated", "derived", "primary", "supporting")
MAPPINGS: Schema = {
    "type": "object",
    "description": "Framework and version -> the requirements that this policy serves.",
    "propertyNames": {"pattern": _ID, "title": "a framework with its version, such as cis-aws-5.0"},
    "additionalProperties": {
        "anyOf": [
            _CONTROLS,
            _mapping(
                dict.fromkeys(_BASES, _CONTROLS),
                minProperties=1,
                title="lists by basis (stated, derived, primary, supporting)",
            ),
        ]
    },
}
_VALUE: Schema = {
    "type": ["string", "integer", "number", "boolean", "array"],
    "description": "The value when nobody sets another.",
}
PARAMS: Schema = {
    "type": "object",
    "description": "Parameters of the policy; used as ${params.name}.",
    "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$", "title": "a name in lower-case letters, digits and underscores"},
    "additionalProperties": _mapping(
        {
            "type": {"type": "string", "enum": ["string", "integer", "number", "boolean", "array"]},
            "description": _text("What the parameter means."),
            "default": _VALUE,
            "enum": _list({}, "The allowed values.", minItems=1),
            "minimum": {"type": "number", "description": "The smallest allowed number."},
            "maximum": {"type": "number", "description": "The largest allowed number."},
            "items": _mapping({"type": {"type": "string", "enum": ["string", "integer", "number", "boolean"]}}, "type"),
        },
        "type",
    ),
}
SCOPE = _mapping(
    {
        "accounts": _list(
            {
                "type": "string",
                "pattern": r"^[0-9*?]{1,12}$",
                "title": 'an account id of twelve digits, or a glob such as "1111*"',
            },
            "Account ids or globs.",
            minItems=1,
        ),
        "regions": {
            "anyOf": [
                {"const": "all"},
                _list(
                    {
                        "type": "string",
                        "pattern": r"^[a-z]{2}(-[a-z]+)+-[0-9]+$",
                        "title": "a region such as eu-west-1",
                    },
                    "",
                    minItems=1,
                ),
            ],
            "description": "Region names, or all.",
            "title": "all, or a list of regions",
        },
    },
    description="Where the policy speaks.",
)
QUANTIFIER: Schema = {
    "anyOf": [
        {"type": "string", "enum": ["all", "any", "none"]},
        _mapping({"at_least": {"type": "integer", "minimum": 1}}, "at_least"),
    ],
    "title": "all, any, none or {at_least: N}",
    "description": "How many of the subjects must satisfy `require`; all when nothing is said.",
}
REMEDIATION = _mapping(
    {
        "text": _text("What to do."),
        "cli": _text("AWS CLI command."),
        "terraform": _text("Terraform that sets it right."),
    },
    description="How to repair a failure; shown in every report.",
    minProperties=1,
)
_TAGS = _list(
    {"type": "string", "pattern": _ID, "title": "a tag in lower-case letters, digits, hyphens and dots"},
    "Words to select policies by.",
)
METADATA = _mapping(
    {
        "id": IDENTITY,
        "title": _text("One line, as a statement that holds when the policy passes.", minLength=1),
        "description": _text("Why it matters."),
        "severity": SEVERITY,
        "owner": _text("Who answers for the policy."),
        "tags": _TAGS,
    },
    "id",
)
_NODE_KEYS = ("check", "expr", "any_of", "all_of", "not")


def _node(checks: Iterable[Check] | None) -> Schema:
    """Return the schema of one requirement; with checks, ids are enumerated and each check's parameters described."""
    parts = _list({"$ref": "#/$defs/node"}, "", minItems=1)
    node = _mapping(
        {
            "check": _check_id(checks),
            "with": {"type": "object", "description": "Parameters of the check."},
            "expr": _text("A CEL expression over the subject.", minLength=1),
            "any_of": {**parts, "description": "One part must hold."},
            "all_of": {**parts, "description": "Every part must hold."},
            "not": {"$ref": "#/$defs/node", "description": "The part must not hold."},
        },
        minProperties=1,
        oneOf=[{"required": [key]} for key in _NODE_KEYS],
        dependentRequired={"with": ["check"]},
        title="one of check, expr, any_of, all_of, not",
    )
    if checks is not None:
        node["allOf"] = _parameters(checks, loose=True)
    return node


def _check_id(checks: Iterable[Check] | None) -> Schema:
    if checks is None:
        return _text("The id of a check.", minLength=1)
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
                "if": {"properties": {"check": {"const": check.id}}, "required": ["check"]},
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


def policy_schema(subjects: Iterable[str], checks: Iterable[Check] | None = None) -> Schema:
    """Return the schema of ``kind: Policy``."""
    known = None if checks is None else sorted(checks, key=lambda check: check.id)
    nodes = _list({"$ref": "#/$defs/node"}, "", minItems=1)
    schema = _mapping(
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
            "on": _mapping(
                {
                    "empty": {
                        "type": "string",
                        "enum": ["fail", "not-applicable"],
                        "description": "The verdict when no subject applies.",
                    }
                },
                "empty",
            ),
            "message": _text("Text of a failure; {subject.name} and others are filled in."),
            "remediation": REMEDIATION,
            "tests": _list({"type": "object"}, "Unit tests of the policy."),
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
    schema = _mapping(
        {
            "id": IDENTITY,
            "check": _check_id(known),
            "with": {"type": "object", "description": "Parameters of the check."},
            "severity": SEVERITY,
            "title": _text("One line, as a statement that holds when the policy passes.", minLength=1),
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
    name = {"type": "string", "pattern": _REF, "title": "the id of a policy or set, or a glob"}
    include = {
        "anyOf": [
            name,
            _mapping(
                {
                    "set": _text("Everything of another set."),
                    "tag": _text("Every policy with this tag."),
                    "framework": _text("Every policy mapped to this framework."),
                },
                minProperties=1,
                maxProperties=1,
            ),
        ],
        "title": "an id, a glob, or one of set, tag, framework",
    }
    override = _mapping(
        {
            "severity": SEVERITY,
            "params": {"type": "object", "description": "Values for the policy's parameters, or its check's."},
        },
        minProperties=1,
    )
    disable = _mapping(
        {"policy": name, "reason": _text("Why; shown in every report.", minLength=1)}, "policy", "reason"
    )
    metadata = {key: value for key, value in METADATA["properties"].items() if key != "severity"}
    return _mapping(
        {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": "PolicySet"},
            "metadata": _mapping(metadata, "id"),
            "include": _list(include, "What the set consists of, in order.", minItems=1, maxItems=1000),
            "override": {
                "type": "object",
                "description": "Policy id -> what is different in this set.",
                "additionalProperties": override,
            },
            "disable": _list(disable, "Policies left out, each with its reason.", maxItems=1000),
        },
        "apiVersion",
        "kind",
        "metadata",
        "include",
    )


def param_schema(declared: Mapping[str, Json]) -> Schema:
    """Return the schema of one value of a declared policy parameter."""
    schema: Schema = {
        key: value for key, value in declared.items() if key in ("type", "enum", "minimum", "maximum", "items")
    }
    return schema


def published_schema(checks: Mapping[str, Check], subjects: Iterable[str]) -> Schema:
    """Return the schema that editors use: any kind of document, check ids and parameters included."""
    kinds = list(subjects)
    known = list(checks.values())
    full = policy_schema(kinds, known)
    node = full.pop("$defs")["node"]
    short = short_schema(known)
    return {
        "$schema": DIALECT,
        "$id": SCHEMA_ID,
        "title": "trailwarden policy file",
        "$defs": {"node": node, "Policy": full, "PolicySet": set_schema(), "Short": short},
        "if": {"type": "array"},
        "then": {"items": {"$ref": "#/$defs/Short"}, "minItems": 1},
        "else": {
            "type": "object",
            "if": {"required": ["kind"]},
            "then": {
                "properties": {"kind": {"enum": ["Policy", "PolicySet"]}},
                "allOf": [
                    {"if": {"properties": {"kind": {"const": kind}}}, "then": {"$ref": f"#/$defs/{kind}"}}
                    for kind in ("Policy", "PolicySet")
                ],
            },
            "else": {"$ref": "#/$defs/Short"},
        },
    }
