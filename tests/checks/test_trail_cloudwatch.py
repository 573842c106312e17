"""Whether the events reach CloudWatch Logs, by the settings and in fact."""

from typing import Any

import pytest

from trailwarden.facts import Trail
from trailwarden.model import ReasonCode, Status
from trailwarden.testing import World, ago, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
LOGS, RECENT = "trail-cloudwatch-logs", "trail-cloudwatch-delivery-recent"
STOPPED = {"IsLogging": False}


def account(**trails: dict[str, Any]) -> World:
    world = World()
    for name, row in trails.items():
        world.add_trail(name, **row)
    return world


# --- trail-cloudwatch-logs ------------------------------------------------------------------------------------------


def test_an_integrated_trail_passes() -> None:
    world = World()
    arn = world.add_trail("main", log_group="trail-events")
    [row] = run_check(LOGS, world)
    assert (row.status, row.message, row.subject_type) == (PASS, "trail main streams to a log group", "account")
    assert row.observed == {
        "satisfying": [arn],
        "IsMultiRegionTrail": True,
        "HomeRegion": "us-east-1",
        "IsLogging": True,
        "CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:111122223333:log-group:trail-events:*",
        "CloudWatchLogsRoleArn": "arn:aws:iam::111122223333:role/CloudTrail_CloudWatchLogs",
    }


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, "trail main has no log group, has no role for its log group"),
        ({"log_group": "g", "CloudWatchLogsRoleArn": None}, "trail main has no role for its log group"),
        ({"log_group": "g", "CloudWatchLogsLogGroupArn": None}, "trail main has no log group"),
        ({"log_group": "g", "IsMultiRegionTrail": False}, "trail main records us-east-1 only"),
        ({"log_group": "g", "status": STOPPED}, "trail main is not logging"),
    ],
)
@pytest.mark.parametrize("scope", ["any_primary", "all"])
def test_what_is_not_an_integrated_trail(row: dict[str, Any], message: str, scope: str) -> None:
    world = account(main=row)
    [result] = run_check(LOGS, world, {"scope": scope})
    assert result.status is FAIL
    assert result.observed["candidates"][0]["message"] == message
    [result] = run_check(LOGS, world, {"scope": scope}, subject=Trail)
    assert (result.status, result.message) == (FAIL, message)


def test_an_archive_beside_the_integrated_trail_matters_only_to_scope_all() -> None:
    world = account(archive={}, main={"log_group": "g"})
    assert status_of(LOGS, world) is PASS
    [row] = run_check(LOGS, world, {"scope": "all"})
    assert (row.status, row.message) == (FAIL, "trail archive has no log group, has no role for its log group")
    assert [item["status"] for item in row.observed["candidates"]] == ["FAIL", "PASS"]


def test_scope_all_leaves_out_what_does_not_count() -> None:
    world = account(
        main={"log_group": "g"}, single={"IsMultiRegionTrail": False}, stopped={"status": STOPPED}
    )  # fmt: skip
    [row] = run_check(LOGS, world, {"scope": "all"})
    assert (row.status, row.message) == (PASS, "every logging multi-Region trail streams to a log group")
    statuses = {item["subject"].rpartition("/")[2]: item["status"] for item in row.observed["candidates"]}
    assert statuses == {"main": "PASS", "single": "NOT_APPLICABLE", "stopped": "NOT_APPLICABLE"}


@pytest.mark.parametrize("world", [World(), account(single={"IsMultiRegionTrail": False, "log_group": "g"})])
def test_scope_all_needs_a_trail_that_counts(world: World) -> None:
    [row] = run_check(LOGS, world, {"scope": "all"})
    assert (row.status, row.message) == (FAIL, "no multi-Region trail is logging")


@pytest.mark.parametrize("scope", ["any_primary", "all"])
def test_unknown_is_never_a_pass_and_a_known_failure_stays_one(scope: str) -> None:
    world = account(main={"log_group": "g"})
    world.deny("cloudtrail.GetTrailStatus")
    [row] = run_check(LOGS, world, {"scope": scope})
    assert reason_of(row).missing_action == "cloudtrail:GetTrailStatus"
    world = account(main={"log_group": "g"})
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert status_of(LOGS, world, {"scope": scope}) is (PASS if scope == "any_primary" else ERROR)
    world = account(main={})
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert status_of(LOGS, world, {"scope": scope}) is (ERROR if scope == "any_primary" else FAIL)


@pytest.mark.parametrize("scope", ["any_primary", "all"])
@pytest.mark.parametrize(
    ("named", "words"), [(["eventbridge"], "eventbridge"), (["eventbridge", "siem"], "eventbridge and siem")]
)
def test_an_attested_alternative_makes_it_not_applicable(named: list[str], words: str, scope: str) -> None:
    params = {"alternative_accepted": named, "scope": scope}
    [row] = run_check(LOGS, account(main={}), params)
    assert row.status is NA
    assert row.message.startswith(f"the policy attests {words} in place of CloudWatch Logs; ")
    assert status_of(LOGS, account(main={"log_group": "g"}), params) is PASS
    [row] = run_check(LOGS, account(main={}), params, subject=Trail)
    assert row.status is NA


def test_an_attested_alternative_does_not_cover_an_unread_account() -> None:
    world = account(main={"log_group": "g"})
    world.deny("cloudtrail.GetTrailStatus")
    assert status_of(LOGS, world, {"alternative_accepted": ["siem"]}) is ERROR


# --- trail-cloudwatch-delivery-recent -------------------------------------------------------------------------------


def delivering(**status: Any) -> World:
    world = World()
    world.add_trail("main", log_group="g", status=status)
    return world


def test_a_recent_delivery_passes() -> None:
    [row] = run_check(RECENT, delivering())
    assert (row.status, row.message) == (PASS, "trail main delivers events to CloudWatch Logs")
    assert row.observed == {
        "IsLogging": True,
        "StartLoggingTime": "2025-04-27T12:00:00Z",
        "LatestCloudWatchLogsDeliveryTime": "2026-06-01T11:57:00Z",
        "LatestCloudWatchLogsDeliveryError": None,
    }
    assert row.expected == {
        "LatestCloudWatchLogsDeliveryError": None,
        "LatestCloudWatchLogsDeliveryTime": "not before 2026-05-31T12:00:00Z",
    }


def test_no_log_group_is_not_applicable_and_needs_no_status() -> None:
    world = World()
    world.add_trail("main")
    world.deny("cloudtrail.GetTrailStatus")
    [row] = run_check(RECENT, world)
    assert (row.status, row.message) == (NA, "trail main streams to no log group")
    assert row.observed == {"CloudWatchLogsLogGroupArn": None}


def test_an_error_fails_however_recent_the_delivery() -> None:
    [row] = run_check(RECENT, delivering(LatestCloudWatchLogsDeliveryError="Access denied. Check the trail's role."))
    assert row.status is FAIL
    assert row.message == (
        "trail main does not deliver events to CloudWatch Logs: "
        'LatestCloudWatchLogsDeliveryError is "Access denied. Check the trail\'s role." in us-east-1'
    )


@pytest.mark.parametrize(
    ("latest", "start", "status"),
    [
        ({"hours": 24}, {"days": 400}, PASS),
        ({"hours": 24, "seconds": 1}, {"days": 400}, FAIL),
        (None, {"days": 400}, FAIL),
        (None, {"hours": 2}, FAIL),
        (None, {"hours": 1.9}, ERROR),
        (None, None, FAIL),
        # Restarted: what was delivered before the stop says nothing about now.
        ({"days": 30}, {"hours": 1}, ERROR),
        ({"days": 30}, {"hours": 3}, FAIL),
        ({"hours": 10}, {"hours": 1}, PASS),
    ],
)
def test_how_old_a_delivery_may_be(latest: Any, start: Any, status: Status) -> None:
    world = delivering(
        LatestCloudWatchLogsDeliveryTime=ago(**latest) if latest else None,
        StartLoggingTime=ago(**start) if start else None,
    )
    [row] = run_check(RECENT, world)
    assert row.status is status
    if status is ERROR:
        assert reason_of(row).code is ReasonCode.EVENTUAL
        assert reason_of(row).region == "us-east-1"
        assert "logging began less than 2 hours ago" in row.message


def test_a_delivery_since_the_start_is_no_warm_up() -> None:
    """Logging began two days ago and stalled since: a long warm-up does not excuse what once worked."""
    world = delivering(StartLoggingTime=ago(hours=48), LatestCloudWatchLogsDeliveryTime=ago(hours=30))
    assert status_of(RECENT, world, {"warmup_hours": 72}) is FAIL


def test_a_stopped_trail_does_not_warm_up() -> None:
    world = delivering(IsLogging=False, StartLoggingTime=ago(hours=1), LatestCloudWatchLogsDeliveryTime=None)
    assert status_of(RECENT, world) is FAIL


def test_the_limits_are_parameters() -> None:
    world = delivering(LatestCloudWatchLogsDeliveryTime=ago(hours=30))
    assert status_of(RECENT, world, {"max_age_hours": 30}) is PASS
    [row] = run_check(RECENT, world, {"max_age_hours": 29})
    assert row.message.endswith("the latest arrived at 2026-05-31T06:00:00Z in us-east-1")
    world = delivering(LatestCloudWatchLogsDeliveryTime=None, StartLoggingTime=ago(hours=5))
    assert status_of(RECENT, world, {"warmup_hours": 6}) is ERROR
    [row] = run_check(RECENT, world, {"warmup_hours": 5})
    assert row.message.endswith("none ever arrived from us-east-1")


def test_an_unreadable_status_is_an_error() -> None:
    world = delivering()
    world.error("cloudtrail.GetTrailStatus", "ThrottlingException")
    [row] = run_check(RECENT, world)
    assert reason_of(row).code is ReasonCode.THROTTLED
