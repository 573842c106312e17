"""The published JSON Schema: a schema, in step with the loader, complete for editors."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from trailwarden.contract import Check
from trailwarden.policy.document import structure
from trailwarden.policy.schema import SCHEMA_KINDS, published_schema
from trailwarden.policy.select import builtin_documents
from trailwarden.policy.texts import FIRST_POLICY, SCHEMA_FILE, schema_text
from trailwarden.policy.yamltext import Source, parse

BAD = Path(__file__).parent / "data" / "bad"
# What only the loader can see: YAML itself, ids that must exist or be unique, what leads where, placeholders.
BEYOND_A_SCHEMA = {
    "duplicate_id",
    "duplicate_key",
    "duplicate_param",
    "merge_key",
    "message_template",
    "out_of_reach",
    "override_params",
    "param_default_wrong",
    "param_twice",
    "params_values",
    "set_cycle",
    "set_references",
    "subject_missing",
    "tag",
}


@pytest.fixture(scope="module")
def validator(checks: Mapping[str, Check]) -> Draft202012Validator:
    schema = published_schema(checks, ["account", "bucket", "key", "log-group", "region", "trail"])
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_first_policy_is_valid(validator: Draft202012Validator) -> None:
    """Its modeline names the schema that `policy init` writes beside it."""
    assert FIRST_POLICY.splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA_FILE}"
    for node in parse(Source("f", FIRST_POLICY))[0]:
        assert list(validator.iter_errors(node.data)) == []


@pytest.mark.parametrize("kind", SCHEMA_KINDS)
def test_schema_of_each_kind(kind: str, checks: Mapping[str, Check]) -> None:
    """Each stands alone, names itself, and knows the parameters of checks where the kind has checks."""
    schema = json.loads(schema_text(checks, kind))
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"trailwarden {kind}"
    assert ("min_retention_days" in json.dumps(schema)) == (kind in ("Policy", "Short"))
    good = [node.data for node in parse(Source("f", FIRST_POLICY))[0]]
    accepted = [Draft202012Validator(schema).is_valid(data) for data in good]
    assert accepted == [kind == "Short", kind == "Policy"]


def test_schema_text_is_stable(checks: Mapping[str, Check]) -> None:
    """The same checks in any order give the same text."""
    assert schema_text(checks) == schema_text(dict(sorted(checks.items(), reverse=True)))


def test_every_builtin_file_has_the_right_structure() -> None:
    """The loader trusts the shipped files; here is why it may."""
    documents = builtin_documents()
    assert documents.problems == []
    for document in [*documents.policies.values(), *documents.sets.values()]:
        assert structure(document.kind).problems(document.node) == []


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_schema_and_loader_agree(path: Path, validator: Draft202012Validator) -> None:
    """An editor with the schema marks the mistakes that the loader refuses, where a schema can see them."""
    try:
        documents, _ = parse(Source("f", path.read_text(encoding="utf-8")))
    except UnicodeDecodeError:
        return
    if path.stem in BEYOND_A_SCHEMA or not documents or path.stem.startswith("alias"):
        return
    assert any(list(validator.iter_errors(node.data)) for node in documents)
