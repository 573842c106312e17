"""OSCAL: NIST's schema (data/oscal-ar-1.2.1.json, public domain) accepts it, and every reference inside it leads somewhere.

The schema's patterns name Unicode classes, which Python's own expressions don't know: hence a validator in Rust.
"""

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from oscal_bindings import AssessmentResultsDocument
from tests.reporters import report_builder as build

from trailwarden.contract import RenderOptions
from trailwarden.model import Report, Status
from trailwarden.registry import get_reporter

SCHEMA = Path(__file__).parents[1] / "data" / "oscal-ar-1.2.1.json"
REPORTS = (build.realistic(), build.hostile(), build.empty())


def document(report: Report) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(get_reporter("oscal").render(report, RenderOptions()))
    return parsed


def walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with the key it stands under."""
    yield key, value
    if isinstance(value, dict):
        for name, item in value.items():
            yield from walk(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, key)


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")), validate_formats=True)


@pytest.mark.parametrize("report", REPORTS)
def test_document_is_accepted(report: Report, schema: jsonschema_rs.Draft7Validator) -> None:
    """By NIST's schema, and by models that somebody else has derived from a later one."""
    data = document(report)
    assert [f"{error.instance_path}: {error.message}" for error in schema.iter_errors(data)] == []
    AssessmentResultsDocument.model_validate(data)


def test_the_schema_finds_mistakes(schema: jsonschema_rs.Draft7Validator) -> None:
    """A validator that accepts everything would prove nothing."""
    for key, value in (("uuid", "1"), ("results", []), ("extra", 1), ("import-ap", {})):
        data = document(build.realistic())
        data["assessment-results"][key] = value
        assert not schema.is_valid(data), key
    data = document(build.realistic())
    assert data["assessment-results"]["metadata"]["oscal-version"] in schema_version()
    data["assessment-results"]["results"][0]["props"][0]["name"] = "no token"
    assert not schema.is_valid(data)


def schema_version() -> str:
    return str(json.loads(SCHEMA.read_text(encoding="utf-8"))["$id"])


@pytest.mark.parametrize("report", REPORTS)
def test_references_resolve_and_identifiers_are_unique(report: Report) -> None:
    """No schema finds a dangling reference."""
    data = document(report)
    defined = [value for key, value in walk(data) if key == "uuid"]
    results = data["assessment-results"]["results"]
    # The tool is a component of each result; the same tool keeps its identifier.
    assert len(set(defined)) == len(defined) - (len(results) - 1)
    used = {
        value for key, value in walk(data) if key in ("subject-uuid", "observation-uuid", "risk-uuid", "actor-uuid")
    }
    used |= {value[1:] for key, value in walk(data) if key == "href" and value.startswith("#")}
    assert used <= set(defined)


@pytest.mark.parametrize("report", REPORTS)
def test_no_empty_array_and_well_formed_properties(report: Report) -> None:
    for key, value in walk(document(report)):
        assert value != [], key
        if key == "props" and isinstance(value, dict):
            assert re.fullmatch(r"[A-Za-z_][\w.-]*", value["name"])
            assert re.fullmatch(r"\S(.*\S)?", value["value"])
        if key in ("control-id", "target-id"):
            assert re.fullmatch(r"[A-Za-z_][\w.-]*", value)


def test_one_result_per_account_and_one_observation_per_row() -> None:
    report = build.realistic()
    results = document(report)["assessment-results"]["results"]
    assert [item["title"] for item in results] == [f"Account {account}" for account in build.ACCOUNTS]
    assert sum(len(item.get("observations", [])) for item in results) == len(report.results)


def prop(item: dict[str, Any], name: str) -> str:
    return next((str(entry["value"]) for entry in item["props"] if entry["name"] == name), "")


def test_statuses_become_findings_and_risks() -> None:
    member = document(build.realistic())["assessment-results"]["results"][1]
    findings = {item["target"]["target-id"]: item["target"]["status"] for item in member["findings"]}
    assert findings["au-12_obj"] == {"state": "not-satisfied", "reason": "fail"}
    assert findings["soc2-cc7.2"] == {"state": "not-satisfied", "reason": "other"}
    risks = [item["status"] for item in member["risks"]]
    assert (risks.count("open"), risks.count("deviation-approved")) == (3, 1)
    [accepted] = [item for item in member["risks"] if item["status"] == "deviation-approved"]
    assert "Accepted until 2027-01-31 by ciso@example.com: legacy trail" in accepted["statement"]
    denied = [
        item
        for item in member["observations"]
        if prop(item, "result") == "error" and prop(item, "reason") == "CROSS_ACCOUNT"
    ]
    assert prop(denied[0], "missing-action") == "s3:GetBucketObjectLockConfiguration"


def test_satisfied_control() -> None:
    archive = document(build.realistic())["assessment-results"]["results"][2]
    assert [(item["target"]["target-id"], item["target"]["status"]) for item in archive["findings"]] == [
        ("soc2-cc7.2", {"state": "satisfied", "reason": "pass"})
    ]


def test_control_that_does_not_apply_is_excluded_with_a_remark() -> None:
    archive = document(build.realistic())["assessment-results"]["results"][2]
    selections = {item["description"]: item for item in archive["reviewed-controls"]["control-selections"]}
    nist = selections["NIST SP 800-53 r5"]
    assert nist["exclude-controls"] == [{"control-id": "au-12"}, {"control-id": "au-9"}]
    assert nist["remarks"]


def test_control_enhancements_are_spelled_as_in_the_catalogue() -> None:
    rules = [build.rule("p", controls={"nist-800-53-r5": ("AU-9(3)",)})]
    [first, *_] = document(build.report(rules, [build.result("p", build.MANAGEMENT, "n", Status.PASS)]))[
        "assessment-results"
    ]["results"]
    assert first["findings"][0]["target"]["target-id"] == "au-9.3_obj"


def test_pass_outvotes_what_does_not_apply() -> None:
    """A control with one policy that passes and one that has nothing to judge is satisfied, not excluded."""
    rules = [build.rule("a"), build.rule("b")]
    rows = [
        build.result("a", build.MANAGEMENT, "n", Status.PASS),
        build.result("b", build.MANAGEMENT, "n", Status.NOT_APPLICABLE),
    ]
    [first, *_] = document(build.report(rules, rows))["assessment-results"]["results"]
    assert {item["target"]["status"]["state"] for item in first["findings"]} == {"satisfied"}
    assert not [key for key, _ in walk(first) if key == "exclude-controls"]


def test_identifiers_are_version_5_uuids() -> None:
    """Derived from names by the standard's rule, so that anybody can derive them again."""
    report = build.realistic()
    namespace = uuid.uuid5(uuid.NAMESPACE_URL, "urn:x-trailwarden:oscal")
    results = document(report)["assessment-results"]["results"]
    expected = [str(uuid.uuid5(namespace, f"result\n{report.run.id}\n{account}")) for account in build.ACCOUNTS]
    assert [item["uuid"] for item in results] == expected
