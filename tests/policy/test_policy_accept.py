"""The quick acceptor says of every value what jsonschema says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from trailwarden import param
from trailwarden.contract import Check
from trailwarden.facts import SUBJECTS
from trailwarden.params import schema_of
from trailwarden.policy.accept import compile_schema
from trailwarden.policy.schema import policy_schema, set_schema, short_schema

WORDS = st.sampled_from(
    [
        "id",
        "check",
        "with",
        "severity",
        "high",
        "metadata",
        "require",
        "not",
        "any_of",
        "at_least",
        "type",
        "a-b",
        "A_b",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from([1.0, 0.5, -1.5]) | WORDS | st.just("")
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12
)
SCHEMAS = {"policy": policy_schema(SUBJECTS), "short": short_schema(), "set": set_schema()}
COMPILED = {name: (compile_schema(schema), Draft202012Validator(schema)) for name, schema in SCHEMAS.items()}


@dataclass(frozen=True)
class Params:
    names: tuple[str, ...] = param((), "names", choices=("high", "id"), alias="mode")
    days: int = param(1, "days", minimum=1)


PARAMS = (compile_schema(schema_of(Params)), Draft202012Validator(schema_of(Params)))

SMALL: list[dict[str, Any]] = [
    {"type": ["integer", "null"], "minimum": 0, "maximum": 2},
    {"enum": [1, "high", None, False]},
    {"const": 1},
    {"type": "string", "pattern": "^[a-z]", "minLength": 1, "maxLength": 4},
    {"type": "number"},
    {"anyOf": [{"type": "array", "items": {"type": "string"}, "minItems": 1}, {"type": "string"}]},
    {"oneOf": [{"required": ["id"]}, {"required": ["check"]}]},
    {"dependentRequired": {"with": ["check"]}, "minProperties": 1, "maxProperties": 2},
    {"propertyNames": {"pattern": "^[a-z]"}, "additionalProperties": {"type": "integer"}},
    {"properties": {"id": {"type": "string"}}, "additionalProperties": False, "required": ["id"]},
]

SMALL_COMPILED = [(compile_schema(schema), Draft202012Validator(schema)) for schema in SMALL]


@settings(max_examples=120, deadline=None)
@given(VALUES)
def test_small_schemas(value: object) -> None:
    """Each keyword alone and in company."""
    for schema, (accept, validator) in zip(SMALL, SMALL_COMPILED, strict=True):
        assert accept(value) == validator.is_valid(value), schema


@st.composite
def mutated_documents(draw: st.DrawFn) -> tuple[str, object]:
    """Documents that are right but for a value somewhere, so that deep places are reached."""
    node = {"check": draw(WORDS), "with": draw(st.dictionaries(WORDS, SCALARS, max_size=2))}
    document: dict[str, Any] = {
        "apiVersion": "trailwarden/v1",
        "kind": "Policy",
        "metadata": {"id": "a", "severity": "high", "tags": ["x"]},
        "mappings": {"cis-aws-5.0": ["3.1"], "soc2": {"derived": ["CC7.2"]}},
        "params": {"days": {"type": "integer", "default": 3, "minimum": 1}},
        "scope": {"accounts": ["1*"], "regions": draw(st.sampled_from(["all", ["eu-west-1"], ["x"], "eu-west-1"]))},
        "quantifier": draw(st.sampled_from(["any", {"at_least": 2}, {"at_least": 0}, "some"])),
        "require": [node, {"any_of": [node, {"not": draw(VALUES)}]}],
    }
    key = draw(st.sampled_from([*document, None]))
    if key is not None and draw(st.booleans()):
        document[key] = draw(VALUES)
    return "policy", document


@settings(max_examples=120, deadline=None)
@given(mutated_documents() | st.tuples(st.sampled_from(sorted(SCHEMAS)), VALUES))
def test_document_schemas(case: tuple[str, object]) -> None:
    """Whole documents, right and nearly right."""
    accept, validator = COMPILED[case[0]]
    assert accept(case[1]) == validator.is_valid(case[1])


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["mode", "names", "days", "x"]), VALUES, max_size=3))
def test_parameter_schemas(value: object) -> None:
    """The schemas that are made from parameter classes."""
    accept, validator = PARAMS
    assert accept(value) == validator.is_valid(value)


def test_unknown_keyword_is_refused() -> None:
    """A keyword that is not understood must not be taken as fulfilled."""
    with pytest.raises(NotImplementedError, match="contains"):
        compile_schema({"contains": {"type": "string"}})


def test_every_check_can_be_compiled(checks: Mapping[str, Check]) -> None:
    """Whatever parameters a check has, the loader understands their schema."""
    for check in checks.values():
        compile_schema(schema_of(check.params_type))({})
