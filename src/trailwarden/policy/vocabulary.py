"""The words of the policy schemas: what an id, a severity, a mapping or a scope looks like, said once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trailwarden.model import Severity

NAME = r"^[a-z0-9]+([.-][a-z0-9]+)*$"
REFERENCE = r"^[a-z0-9.*?\[\]!-]+$"

Schema = dict[str, Any]


def text(description: str, **more: Any) -> Schema:
    """Return the schema of a text."""
    return {"type": "string", "description": description, **more}


def mapping(properties: Mapping[str, Schema], *required: str, **more: Any) -> Schema:
    """Return the schema of a mapping with these keys and no others."""
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": dict(properties), **more}
    if required:
        schema["required"] = list(required)
    return schema


def list_of(items: Schema, description: str, **more: Any) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items, "description": description, **more}


IDENTITY = text(
    "Stable name: rule id in SARIF, class in JUnit, target of waivers.",
    pattern=NAME,
    maxLength=100,
    expects="a name in lower-case letters, digits, hyphens and dots, such as audit-trail-protected",
)
SEVERITY: Schema = {
    "type": "string",
    "enum": [item.value for item in reversed(Severity)],
    "description": "How much a failure matters.",
}
_CONTROLS = list_of({"type": "string", "minLength": 1}, "Ids of the framework's requirements.", minItems=1)
_BASES = ("stated", "derived", "primary", "supporting")
MAPPINGS: Schema = {
    "type": "object",
    "description": "Framework and version -> the requirements that this policy serves.",
    "propertyNames": {"pattern": NAME, "expects": "a framework with its version, such as cis-aws-5.0"},
    "additionalProperties": {
        "anyOf": [
            _CONTROLS,
            mapping(
                dict.fromkeys(_BASES, _CONTROLS),
                minProperties=1,
                expects="lists by basis (stated, derived, primary, supporting)",
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
    "propertyNames": {
        "pattern": "^[a-z][a-z0-9_]*$",
        "expects": "a name in lower-case letters, digits and underscores",
    },
    "additionalProperties": mapping(
        {
            "type": {"type": "string", "enum": ["string", "integer", "number", "boolean", "array"]},
            "description": text("What the parameter means."),
            "default": _VALUE,
            "enum": list_of({}, "The allowed values.", minItems=1),
            "minimum": {"type": "number", "description": "The smallest allowed number."},
            "maximum": {"type": "number", "description": "The largest allowed number."},
            "items": mapping({"type": {"type": "string", "enum": ["string", "integer", "number", "boolean"]}}, "type"),
        },
        "type",
    ),
}
SCOPE = mapping(
    {
        "accounts": list_of(
            {
                "type": "string",
                "pattern": r"^[0-9*?]{1,12}$",
                "expects": 'an account id of twelve digits, or a glob such as "1111*"',
            },
            "Account ids or globs.",
            minItems=1,
        ),
        "regions": {
            "anyOf": [
                {"const": "all"},
                list_of(
                    {
                        "type": "string",
                        "pattern": r"^[a-z]{2}(-[a-z]+)+-[0-9]+$",
                        "expects": "a region such as eu-west-1",
                    },
                    "",
                    minItems=1,
                ),
            ],
            "description": "Region names, or all.",
            "expects": "all, or a list of regions",
        },
    },
    description="Where the policy speaks.",
)
_QUANTIFIERS = "all, any, none or {at_least: N}"
QUANTIFIER: Schema = {
    "anyOf": [
        {"type": "string", "enum": ["all", "any", "none"], "expects": _QUANTIFIERS},
        mapping({"at_least": {"type": "integer", "minimum": 1}}, "at_least"),
    ],
    "expects": _QUANTIFIERS,
    "description": "How many of the subjects must satisfy `require`; all when nothing is said.",
}
REMEDIATION = mapping(
    {
        "text": text("What to do."),
        "cli": text("AWS CLI command."),
        "terraform": text("Terraform that sets it right."),
    },
    description="How to repair a failure; shown in every report.",
    minProperties=1,
)
_TAGS = list_of(
    {"type": "string", "pattern": NAME, "expects": "a tag in lower-case letters, digits, hyphens and dots"},
    "Words to select policies by.",
)
METADATA = mapping(
    {
        "id": IDENTITY,
        "title": text("One line, as a statement that holds when the policy passes.", minLength=1),
        "description": text("Why it matters."),
        "severity": SEVERITY,
        "owner": text("Who answers for the policy."),
        "tags": _TAGS,
    },
    "id",
)
