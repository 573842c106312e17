"""results.json is lossless, described by its published schema, and refuses what it can't be sure of."""

import dataclasses
import json
from collections.abc import Callable
from enum import Enum
from typing import Any

import jsonschema
import pytest
from tests.reporters import report_builder as build

from trailwarden import model
from trailwarden.contract import RenderOptions
from trailwarden.errors import UsageError
from trailwarden.model import Report
from trailwarden.registry import get_reporter
from trailwarden.results import fingerprint, report_from_json, report_to_json, results_schema, with_run_id

REPORTS = (build.realistic, build.empty, build.hostile)


def document(report: Report) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(get_reporter("json").render(report, RenderOptions()))
    return parsed


@pytest.mark.parametrize("make", REPORTS)
def test_reading_gives_back_what_was_written(make: Callable[[], Report]) -> None:
    """Nothing is lost: any other format made from the file equals the one made from the report."""
    report = make()
    assert report_from_json(document(report)) == report


@pytest.mark.parametrize("make", REPORTS)
def test_document_follows_the_published_schema(make: Callable[[], Report]) -> None:
    schema = results_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document(make()))


def test_contract_keys_come_first_and_in_order() -> None:
    """Programs read these names; people read the first of them first."""
    written = document(build.realistic())
    assert list(written)[:5] == ["schema_version", "run", "summary", "policies", "results"]
    assert written["schema_version"] == 1
    assert written["summary"] == {"PASS": 4, "FAIL": 4, "ERROR": 2, "NOT_APPLICABLE": 1, "WAIVED": 1}
    denied = next(
        row for row in written["results"] if row["policy"] == "bucket-object-lock" and row["status"] == "ERROR"
    )
    assert denied["reason"] == {
        "code": "CROSS_ACCOUNT",
        "operation": "s3.GetObjectLockConfiguration",
        "region": "eu-central-1",
        "account": build.ARCHIVE,
        "aws_code": "AccessDenied",
        "aws_message": "User is not authorized",
        "missing_action": "s3:GetBucketObjectLockConfiguration",
    }


@pytest.mark.parametrize(
    ("definition", "record"),
    [
        ("run", model.Run),
        ("policy", model.PolicyResult),
        ("result", model.Result),
        ("reason", model.Reason),
        ("rule", model.Rule),
        ("check", model.CheckText),
        ("population", model.Population),
        ("exclusion", model.Exclusion),
        ("notice", model.Notice),
        ("gone", model.Gone),
        ("comparison", model.BaselineComparison),
    ],
)
def test_schema_describes_every_field(definition: str, record: type[Any]) -> None:
    """A field that the model gains has to be published as well."""
    described = results_schema()["$defs"][definition]
    assert sorted(described["properties"]) == sorted(field.name for field in dataclasses.fields(record))
    required = {
        field.name
        for field in dataclasses.fields(record)
        if field.default is field.default_factory is dataclasses.MISSING
    }
    assert required <= set(described["required"])


@pytest.mark.parametrize(
    ("definition", "words"), [("status", model.Status), ("severity", model.Severity), ("reason_code", model.ReasonCode)]
)
def test_schema_lists_every_word(definition: str, words: type[Enum]) -> None:
    assert results_schema()["$defs"][definition]["enum"] == [word.value for word in words]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.pop("schema_version"), "no schema_version"),
        (lambda data: data.update(schema_version=2), "schema_version 2 is not 1"),
        (lambda data: data.pop("rules"), "rules: missing"),
        (
            lambda data: data["results"][3].update(status="PASSED"),
            r"results\[3\].status: \"PASSED\" is not a status\n  did you mean 'PASS'\?",
        ),
        (lambda data: data["results"][0].pop("message"), r"results\[0\].message: missing"),
        (lambda data: data["results"][0].update(calls="x"), r"results\[0\].calls: \"x\" is not a list"),
        (lambda data: data["results"][0].update(observed=[]), r"results\[0\].observed: \[\] is not an object"),
        (lambda data: data["run"].update(exit_code=True), "run.exit_code: true is not an integer"),
        (lambda data: data["policies"][0].update(line="7"), r"policies\[0\].line: \"7\" is not an integer"),
        (
            lambda data: data["populations"][1]["excluded"][0].pop(),
            r"populations\[1\].excluded\[0\]: 1 items, expected 2",
        ),
        (lambda data: data["run"].update(started_at="2026-11-20 07:00"), "run.started_at: .* is not an instant in UTC"),
        (lambda data: data["run"].update(finished_at="2026-13-20T07:00:00Z"), "run.finished_at: "),
        (lambda data: data["results"].pop(), "summary: says"),
        (lambda data: data.pop("summary"), "summary: says None"),
        (lambda data: data["rules"].pop(0), "'trail-log-file-validation' is not among the rules"),
    ],
)
def test_damaged_document_is_refused(change: Callable[[dict[str, Any]], object], message: str) -> None:
    """A verdict is never read from a file that was cut, edited or written by something else."""
    data = document(build.realistic())
    change(data)
    with pytest.raises(UsageError, match=message):
        report_from_json(data)


@pytest.mark.parametrize("data", [None, [], "x", 7, {}])
def test_other_json_is_refused(data: object) -> None:
    with pytest.raises(UsageError, match=r"not a results\.json"):
        report_from_json(data)


def test_keys_of_others_are_ignored() -> None:
    """The contract allows more keys."""
    report = build.realistic()
    data = document(report)
    data["team"] = {"x": 1}
    data["results"][0]["team"] = "x"
    assert report_from_json(data) == report


def test_run_id_depends_on_the_content_only() -> None:
    report = build.realistic()
    assert with_run_id(dataclasses.replace(report, run=dataclasses.replace(report.run, id="something else"))) == report
    replayed = dataclasses.replace(report, run=dataclasses.replace(report.run, source="ledger.jsonl"))
    assert with_run_id(replayed).run.id == report.run.id
    changed = dataclasses.replace(
        report, results=(dataclasses.replace(report.results[0], message="other"), *report.results[1:])
    )
    assert with_run_id(changed).run.id != report.run.id


def test_fingerprint_separates_findings() -> None:
    """Each part counts, and two parts can't be mistaken for one."""
    base: dict[str, Any] = {
        "policy": "policy",
        "check": "check",
        "account": "1",
        "region": "eu-west-1",
        "subject": "arn",
    }
    different = {fingerprint(**{**base, part: f"{text}x"}) for part, text in base.items()}
    assert len(different | {fingerprint(**base), fingerprint("policyc", "heck", "1", "eu-west-1", "arn")}) == 7


def test_mappings_are_written_in_one_order() -> None:
    """Insertion order of a plugin's dict leaves no trace."""
    row = build.result("p", "1", "n", model.Status.PASS, observed={"b": {"d": 1, "c": 2}, "a": ({"z": 1, "y": 2},)})
    written = report_to_json(build.report([build.rule("p")], [row]))["results"][0]["observed"]
    assert json.dumps(written) == '{"a": [{"y": 2, "z": 1}], "b": {"c": 2, "d": 1}}'
