"""Evidence beyond event history: queries of CloudTrail Lake, and what AWS Config recorded."""

import json
from typing import Any

import pytest
from tests.conftest import Answer, Seen, Wire

from trailwarden.aws.reader import LiveReader
from trailwarden.aws.session import connect
from trailwarden.calls import Call
from trailwarden.model import ReasonCode, Result, Status
from trailwarden.plan import make_plan
from trailwarden.registry import get_check
from trailwarden.testing import (
    ACCOUNT,
    MANAGEMENT,
    Lake,
    Neighbours,
    World,
    ago,
    policy_of,
    reason_of,
    run_check,
    selection_of,
)

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
QUERY, TIMELINE = "history-lake-query", "history-config-timeline"
ARN = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
USE = {"use": True}
QUERY_ID = "00000000-0000-4000-8000-000000000000"
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/run-7"


def judged(check: str, world: World, params: dict[str, Any] | None = None, **options: Any) -> Result:
    [row] = run_check(check, world, USE if params is None else params, **options)
    return row


# --- history-lake-query ---------------------------------------------------------------------------------------------


def stored(**fields: Any) -> tuple[World, Lake]:
    """An account with a trail and a store that is nine hundred days old."""
    world = World()
    world.add_trail("main")
    lake = Lake(world)
    lake.add("e1", **fields)
    answer(world)
    return world, lake


def answer(world: World, *rows: dict[str, str], status: str = "FINISHED") -> None:
    """Let every query have this result."""
    world.reply("cloudtrail.StartQuery", {"QueryId": QUERY_ID})
    columns = [[{name: value} for name, value in row.items()] for row in rows]
    world.reply("cloudtrail.GetQueryResults", {"QueryStatus": status, "QueryResultRows": columns}, QueryId=QUERY_ID)


def row(name: str = "StopLogging", subject: str = "main", caller: str = ROLE) -> dict[str, str]:
    return {"eventName": name, "eventTime": "2025-09-01 00:00:00.000", "caller": caller, "subject": subject}


@pytest.mark.parametrize("check", [QUERY, TIMELINE])
def test_nothing_is_asked_unless_the_policy_says_so(check: str) -> None:
    world, _ = stored()
    assert judged(check, world, {}).status is NA
    assert not [call for call in world.calls if call.operation not in ("DescribeRegions", "DescribeTrails")]


def test_only_a_policy_that_asks_for_queries_needs_the_permission() -> None:
    """IAM counts StartQuery as a write, and AWS bills it: the default role is to do without."""
    check = get_check(QUERY)
    assert "cloudtrail:StartQuery" not in make_plan(selection_of(policy_of(check))).actions
    assert "cloudtrail:StartQuery" in make_plan(selection_of(policy_of(check, USE))).actions


def test_one_query_answers_for_the_whole_period() -> None:
    world, _ = stored()
    found = judged(QUERY, world)
    assert found.status is PASS, found.message
    [asked] = [call for call in world.calls if call.operation == "StartQuery"]
    statement = asked.arguments["QueryStatement"]
    assert statement.startswith("SELECT ")
    assert " FROM e1 WHERE eventSource = 'cloudtrail.amazonaws.com'" in statement
    assert "'StopLogging', 'DeleteTrail'" in statement
    assert "eventTime >= '2025-06-01 12:00:00' AND eventTime <= '2026-06-01 12:00:00'" in statement
    assert found.observed["statement"] == statement


@pytest.mark.parametrize(
    ("rows", "approved", "status"),
    [
        ([row()], [], FAIL),
        ([row(subject=ARN)], [], FAIL),
        ([row(subject="")], [], FAIL),
        ([row(subject="other")], [], PASS),
        ([row()], [f"arn:aws:iam::{ACCOUNT}:role/Deploy"], PASS),
        ([row(), row("DeleteTrail", caller="")], [f"arn:aws:iam::{ACCOUNT}:role/Deploy"], FAIL),
    ],
)
def test_only_approved_rows_may_come_back(rows: list[dict[str, str]], approved: list[str], status: Status) -> None:
    world, _ = stored()
    answer(world, *rows)
    found = judged(QUERY, world, {**USE, "approved_principals": approved})
    assert found.status is status, found.message


def test_rows_of_every_page_count() -> None:
    world, _ = stored()
    first = {"QueryStatus": "FINISHED", "QueryResultRows": [], "NextToken": "more"}
    world.reply("cloudtrail.GetQueryResults", first)
    more = {"QueryStatus": "FINISHED", "QueryResultRows": [[{"eventName": "DeleteTrail"}, {"subject": "main"}]]}
    world.reply("cloudtrail.GetQueryResults", more, NextToken="more")
    assert "DeleteTrail" in judged(QUERY, world).message


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Status": "STOPPED_INGESTION"}, ERROR),
        ({"CreatedTimestamp": ago(days=364)}, ERROR),
        ({"CreatedTimestamp": None}, ERROR),
        ({"RetentionPeriod": 364}, ERROR),
        ({"RetentionPeriod": 365}, PASS),
        ({"MultiRegionEnabled": False}, PASS),
        ({"MultiRegionEnabled": False, "region": "eu-west-1"}, ERROR),
    ],
)
def test_the_store_must_have_held_the_whole_period(fields: dict[str, Any], status: Status) -> None:
    world, lake = stored(**fields)
    found = judged(QUERY, world)
    assert found.status is status, found.message
    if status is ERROR:
        assert reason_of(found).code is ReasonCode.COVERAGE_GAP
        assert not [call for call in world.calls if call.operation == "StartQuery"]
        lake.add("e2")
        assert judged(QUERY, world).status is PASS


def test_a_store_with_a_blind_spot_proves_nothing() -> None:
    world, lake = stored()
    lake.narrow(
        f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:eventdatastore/e1",
        {"Field": "eventName", "NotEquals": ["StopLogging"]},
    )
    assert reason_of(judged(QUERY, world)).code is ReasonCode.COVERAGE_GAP


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("RUNNING", ReasonCode.TRUNCATED),
        ("QUEUED", ReasonCode.TRUNCATED),
        ("TIMED_OUT", ReasonCode.TRUNCATED),
        ("FAILED", ReasonCode.UNEXPECTED),
        ("CANCELLED", ReasonCode.UNEXPECTED),
    ],
)
def test_a_query_that_did_not_end_well_is_an_error(status: str, code: ReasonCode) -> None:
    world, _ = stored()
    answer(world, status=status)
    assert reason_of(judged(QUERY, world)).code is code


def test_refusals_and_no_store() -> None:
    world, _ = stored()
    for operation in ("GetQueryResults", "StartQuery", "GetEventDataStore"):
        world.deny(f"cloudtrail.{operation}")
        assert reason_of(judged(QUERY, world)).missing_action == f"cloudtrail:{operation}"
    world = World()
    world.add_trail("main")
    Lake(world)
    assert judged(QUERY, world).status is NA
    world.deny("cloudtrail.ListEventDataStores", region="eu-west-1")
    assert judged(QUERY, world).status is ERROR


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize("rounds", [0, 2, 1000])
def test_a_query_is_waited_for_and_not_for_ever(wire: Wire, rounds: int) -> None:
    states = iter(["RUNNING"] * rounds + ["FINISHED"])

    def respond(seen: Seen) -> Answer | None:
        if seen.operation != "GetQueryResults":
            return None
        return 200, {}, json.dumps({"QueryStatus": next(states), "QueryResultRows": []}).encode()

    wire.answer = respond
    waits: list[float] = []
    reader = LiveReader(connect(endpoint_url=wire.url), sleep=waits.append)
    reply = reader.ask(Call.of(ACCOUNT, "us-east-1", "cloudtrail", "GetQueryResults", QueryId=QUERY_ID))
    assert reply.body is not None
    assert reply.body["QueryStatus"] == ("RUNNING" if rounds == 1000 else "FINISHED")
    assert len(waits) == min(rounds, 60)


# --- history-config-timeline ----------------------------------------------------------------------------------------

TRAIL_NOW: dict[str, Any] = {
    "isMultiRegionTrail": True,
    "logFileValidationEnabled": True,
    "includeGlobalServiceEvents": True,
    "isOrganizationTrail": False,
    "s3BucketName": "main-logs",
    "kmsKeyId": "arn:k",
    "cloudWatchLogsLogGroupArn": "arn:g",
}
BLOCKED = dict.fromkeys(("blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets"), True)
BUCKET_NOW = {"BucketVersioningConfiguration": {"status": "Enabled"}, "PublicAccessBlockConfiguration": BLOCKED}


def item(days: float, status: str = "OK", supplementary: Any = None, **configuration: Any) -> dict[str, Any]:
    return {
        "configurationItemCaptureTime": ago(days=days),
        "configurationItemStatus": status,
        "configuration": json.dumps(configuration),
        "supplementaryConfiguration": {name: json.dumps(value) for name, value in (supplementary or {}).items()},
    }


OLD = item(200, **TRAIL_NOW)


def recorded(*trail: dict[str, Any], bucket: tuple[dict[str, Any], ...] | None = None) -> World:
    """An account whose trail and bucket Config has recorded for two hundred days, and what it recorded since."""
    world = World()
    world.add_trail("main")
    beside = Neighbours(world)
    for region in world.regions:
        beside.recorder_status(region, lastStartTime=ago(days=300))
    world.reply("config.DescribeRetentionConfigurations", {"RetentionConfigurations": []})
    of_bucket = (item(200, supplementary=BUCKET_NOW),) if bucket is None else bucket
    for kind, name, items in (
        ("AWS::CloudTrail::Trail", ARN, (OLD, *trail)),
        ("AWS::S3::Bucket", "main-logs", of_bucket),
    ):
        body = {"configurationItems": list(reversed(items))}
        world.reply("config.GetResourceConfigHistory", body, resourceType=kind, resourceId=name)
    return world


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in TRAIL_NOW.items() if key != name}


@pytest.mark.parametrize(
    ("later", "words"),
    [
        ([item(3, **TRAIL_NOW)], ""),
        ([item(3, **{**TRAIL_NOW, "isMultiRegionTrail": False}), item(2, **TRAIL_NOW)], "isMultiRegionTrail was off"),
        ([item(3, **{**TRAIL_NOW, "logFileValidationEnabled": False})], "logFileValidationEnabled was off"),
        ([item(3, **without("kmsKeyId")), item(2, **TRAIL_NOW)], "kmsKeyId was off on 2026-05-29"),
        ([item(3, **without("cloudWatchLogsLogGroupArn"))], "cloudWatchLogsLogGroupArn was off"),
        ([item(3, **{**TRAIL_NOW, "s3BucketName": "other"}), item(2, **TRAIL_NOW)], "buckets main-logs, other"),
        ([item(3, "ResourceDeleted"), item(2, "ResourceDiscovered", **TRAIL_NOW)], "it was deleted by 2026-05-29"),
        ([item(3, "ResourceDeletedNotRecorded")], "it was deleted"),
        ([item(3, **without("isMultiRegionTrail"))], ""),
    ],
)
def test_no_item_of_the_trail_may_be_weaker(later: list[dict[str, Any]], words: str) -> None:
    found = judged(TIMELINE, recorded(*later))
    assert found.status is (FAIL if words else PASS), found.message
    assert words in found.message


@pytest.mark.parametrize(
    ("later", "words"),
    [
        ({"BucketVersioningConfiguration": {"status": "Suspended"}}, "versioning was off"),
        (
            {"PublicAccessBlockConfiguration": {**BLOCKED, "restrictPublicBuckets": False}},
            "restrictPublicBuckets was off",
        ),
        ({}, ""),
    ],
)
def test_nor_an_item_of_the_bucket(later: dict[str, Any], words: str) -> None:
    items = (item(200, supplementary=BUCKET_NOW), item(3, supplementary=later), item(2, supplementary=BUCKET_NOW))
    found = judged(TIMELINE, recorded(bucket=items))
    assert found.status is (FAIL if words else PASS), found.message
    assert words in found.message


def test_only_the_state_at_the_start_and_what_came_after_counts() -> None:
    weak = {**TRAIL_NOW, "isMultiRegionTrail": False}
    world = recorded(item(150, **weak), item(100, **TRAIL_NOW))
    assert judged(TIMELINE, world).status is PASS
    assert judged(TIMELINE, world, {**USE, "period_start": "now-120d"}).status is FAIL
    assert reason_of(judged(TIMELINE, recorded(), {**USE, "period_start": "now-250d"})).code is ReasonCode.COVERAGE_GAP


def test_a_bucket_that_was_made_within_the_period_is_judged_from_then_on() -> None:
    assert judged(TIMELINE, recorded(bucket=(item(20, "ResourceDiscovered", BUCKET_NOW),))).status is PASS
    found = judged(TIMELINE, recorded(bucket=(item(20, supplementary=BUCKET_NOW),)))
    assert reason_of(found).code is ReasonCode.COVERAGE_GAP


@pytest.mark.parametrize(
    "status",
    [{"recording": False}, {"lastStartTime": ago(days=89)}, {"lastStartTime": None}],
)
def test_a_recorder_that_stood_still_leaves_a_gap_and_what_it_saw_counts_all_the_same(status: dict[str, Any]) -> None:
    world = recorded()
    Neighbours(world).recorder_status("us-east-1", **{"lastStartTime": ago(days=300), **status})
    world.reply("config.DescribeRetentionConfigurations", {"RetentionConfigurations": []})
    assert reason_of(judged(TIMELINE, world)).code is ReasonCode.COVERAGE_GAP
    weak = recorded(item(3, **without("kmsKeyId")))
    Neighbours(weak).recorder_status("us-east-1", **{"lastStartTime": ago(days=300), **status})
    assert judged(TIMELINE, weak).status is FAIL


@pytest.mark.parametrize(("days", "status"), [(89, ERROR), (90, PASS)])
def test_items_must_be_kept_for_the_whole_period(days: int, status: Status) -> None:
    world = recorded()
    world.reply(
        "config.DescribeRetentionConfigurations", {"RetentionConfigurations": [{"RetentionPeriodInDays": days}]}
    )
    assert judged(TIMELINE, world).status is status


def test_types_that_are_not_recorded_are_not_judged() -> None:
    world = recorded()
    beside = Neighbours(world)
    beside.no_recorder("us-east-1")
    assert judged(TIMELINE, world).status is NA
    only = {"allSupported": False, "resourceTypes": ["AWS::CloudTrail::Trail"]}
    beside.recorder("us-east-1", **only)
    beside.recorder_status("us-east-1", lastStartTime=ago(days=300))
    found = judged(TIMELINE, world)
    assert found.status is PASS
    assert "AWS Config does not record AWS::S3::Bucket in us-east-1" in found.notes


def test_a_trail_that_config_knows_by_name() -> None:
    world = recorded()
    unknown = "ResourceNotDiscoveredException"
    world.error("config.GetResourceConfigHistory", unknown, resourceId=ARN)
    world.reply("config.GetResourceConfigHistory", {"configurationItems": [OLD]}, resourceId="main")
    assert judged(TIMELINE, world).status is PASS
    world.error("config.GetResourceConfigHistory", unknown, resourceId="main")
    assert reason_of(judged(TIMELINE, world)).aws_code == unknown


@pytest.mark.parametrize(
    "operation",
    ["DescribeConfigurationRecorders", "DescribeRetentionConfigurations", "GetResourceConfigHistory"],
)
def test_refusals_are_errors(operation: str) -> None:
    world = recorded()
    world.deny(f"config.{operation}")
    assert reason_of(judged(TIMELINE, world)).missing_action == f"config:{operation}"


def test_items_that_are_none_and_other_accounts_resources_are_errors() -> None:
    world = recorded()
    world.reply("config.GetResourceConfigHistory", {"configurationItems": [{"configurationItemStatus": "OK"}]})
    assert reason_of(judged(TIMELINE, world)).code is ReasonCode.UNPARSEABLE
    world.error("config.GetResourceConfigHistory", "NoAvailableConfigurationRecorderException")
    assert judged(TIMELINE, world).status is ERROR
    other = World()
    other.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True)
    beside = Neighbours(other)
    beside.recorder_status("us-east-1", lastStartTime=ago(days=300))
    other.reply("config.DescribeRetentionConfigurations", {"RetentionConfigurations": []})
    assert reason_of(judged(TIMELINE, other)).code is ReasonCode.CROSS_ACCOUNT
