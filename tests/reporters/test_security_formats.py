"""OCSF against its published schema; ASFF through botocore's own validation, its limits, and moto."""

import json
from typing import Any

import boto3
import botocore.session
import jsonschema
import pytest
from botocore.validate import ParamValidator
from moto import mock_aws
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from tests.reporters import report_builder as build

from trailwarden.contract import RenderOptions
from trailwarden.model import Report, Status
from trailwarden.registry import get_reporter

REPORTS = (build.realistic(), build.hostile())


def events(report: Report) -> list[dict[str, Any]]:
    text = get_reporter("ocsf").render(report, RenderOptions())
    return [json.loads(line) for line in text.splitlines()]


def findings(report: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(get_reporter("asff").render(report, RenderOptions()))
    return found


@pytest.fixture(scope="module")
def ocsf_validator() -> jsonschema.Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.5.0"))
    name = schema.lookup_class_name_from_uid(class_uid=2003)
    return jsonschema.Draft202012Validator(schema.get_class_schema(class_name=name, profiles=["cloud"]))


@pytest.mark.parametrize("report", REPORTS)
def test_ocsf_events_are_valid(report: Report, ocsf_validator: jsonschema.Draft202012Validator) -> None:
    """The schema is closed: a key it does not know is an error."""
    found = events(report)
    assert len(found) == len(report.results)
    assert [error.message for event in found for error in ocsf_validator.iter_errors(event)] == []


def test_ocsf_statuses() -> None:
    """Not evaluated is a Warning that lacks information; a waiver suppresses the finding and leaves the failure."""
    said = {
        event["unmapped"]["status"]: (event["compliance"]["status_id"], event["status_id"])
        for event in events(build.realistic())
    }
    assert said == {"PASS": (1, 4), "FAIL": (3, 1), "ERROR": (2, 1), "WAIVED": (3, 3), "NOT_APPLICABLE": (99, 4)}


def test_ocsf_names_account_and_unit_where_they_are_known() -> None:
    clouds = {event["cloud"]["account"]["uid"]: event["cloud"] for event in events(build.realistic())}
    assert clouds[build.MEMBER]["account"]["name"] == "payments"
    assert clouds[build.MEMBER]["account"]["labels"] == ["r-root", "ou-workloads", "ou-production"]
    assert not {"name", "labels"} & set(clouds[build.ARCHIVE]["account"])


def test_ocsf_time_is_in_milliseconds() -> None:
    assert {event["time"] for event in events(build.realistic())} == {1_795_154_442_000}


def test_ocsf_identity_is_the_fingerprint() -> None:
    report = build.realistic()
    assert [event["finding_info"]["uid"] for event in events(report)] == [row.fingerprint for row in report.results]


LIMITS = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024}


@pytest.mark.parametrize("report", REPORTS)
def test_asff_findings_are_valid(report: Report) -> None:
    """botocore knows names and types; the lengths are Security Hub's."""
    found = findings(report)
    model = botocore.session.get_session().get_service_model("securityhub")
    shape = model.operation_model("BatchImportFindings").input_shape
    assert shape is not None
    problems = ParamValidator().validate({"Findings": found}, shape)
    assert not problems.has_errors(), problems.generate_report()
    assert len(found) == len(report.results)
    assert len({item["Id"] for item in found}) == len(found)
    for item in found:
        assert all(0 < len(item[key]) <= limit for key, limit in LIMITS.items())
        assert item["ProductArn"].split(":")[3:5] == [item["Resources"][0]["Region"], item["AwsAccountId"]]
        assert len(item["ProductFields"]) <= 50
        assert all(len(key) <= 128 and len(value) <= 2048 for key, value in item["ProductFields"].items())
        assert len(item.get("Remediation", {}).get("Recommendation", {}).get("Text", "")) <= 512
        assert len(json.dumps(item).encode()) <= 240 * 1024
        assert "Severity" not in item


def test_asff_statuses() -> None:
    said = {
        item["ProductFields"]["trailwarden/status"]: (
            item["Compliance"]["Status"],
            item["RecordState"],
            item.get("Workflow"),
        )
        for item in findings(build.realistic())
    }
    assert said == {
        "PASS": ("PASSED", "ACTIVE", None),
        "FAIL": ("FAILED", "ACTIVE", None),
        "ERROR": ("NOT_AVAILABLE", "ACTIVE", None),
        "WAIVED": ("FAILED", "ACTIVE", {"Status": "SUPPRESSED"}),
        "NOT_APPLICABLE": ("NOT_AVAILABLE", "ARCHIVED", None),
    }


def test_asff_reasons_name_what_failed() -> None:
    denied = next(
        item
        for item in findings(build.realistic())
        if item["GeneratorId"].endswith("bucket-object-lock") and item["Compliance"].get("StatusReasons")
    )
    [reason] = denied["Compliance"]["StatusReasons"]
    assert reason["ReasonCode"] == "CROSS_ACCOUNT"
    assert "needs s3:GetBucketObjectLockConfiguration" in reason["Description"]


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_asff_arns_belong_to_the_partition(partition: str) -> None:
    rows = [build.result("p", build.MEMBER, "n", Status.FAIL, region="global")]
    [item] = findings(build.report([build.rule("p")], rows, run={"partition": partition}))
    region = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}[partition]
    assert item["ProductArn"] == f"arn:{partition}:securityhub:{region}:{build.MEMBER}:product/{build.MEMBER}/default"


@pytest.mark.usefixtures("aws_environment")
@mock_aws
def test_asff_can_be_imported() -> None:
    client = boto3.client("securityhub", region_name="eu-central-1")
    answer = client.batch_import_findings(Findings=findings(build.realistic()))
    assert (answer["SuccessCount"], answer["FailedCount"]) == (len(build.realistic().results), 0)
