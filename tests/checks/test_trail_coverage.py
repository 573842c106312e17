"""Whether every region, and what happens in none, is recorded in fact."""

import json
from typing import Any

import pytest

from trailwarden.facts import Trail
from trailwarden.model import ReasonCode, Result, Status
from trailwarden.plan import allowed_facts
from trailwarden.registry import get_check
from trailwarden.testing import MANAGEMENT, World, ago, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
CHECK = "trail-region-coverage"
NEW = "af-south-1"


def by_region(world: World, params: dict[str, Any] | None = None, **options: Any) -> dict[str, Status]:
    return {row.region: row.status for row in run_check(CHECK, world, params, **options)}


def row_of(world: World, region: str, params: dict[str, Any] | None = None) -> Result:
    [row] = [row for row in run_check(CHECK, world, params) if row.region == region]
    return row


def uncovered(status: str = "opted-in") -> World:
    """A region enabled by hand where the account's trail has not arrived."""
    world = World(opted_in=[NEW])
    world.add_trail("main")
    world.list_in(NEW, [])
    rows = [{"RegionName": name, "OptInStatus": "opt-in-not-required"} for name in ("eu-west-1", "us-east-1")]
    world.reply("ec2.DescribeRegions", {"Regions": [*rows, {"RegionName": NEW, "OptInStatus": status}]})
    return world


def enabled(world: World, hours: float, parameter: str = NEW, **record: Any) -> None:
    """Let the event history hold one EnableRegion."""
    text = json.dumps({"eventName": "EnableRegion", "requestParameters": {"RegionName": parameter}, **record})
    event = {"EventName": "EnableRegion", "EventTime": ago(world.now, hours=hours), "CloudTrailEvent": text}
    world.reply("cloudtrail.LookupEvents", {"Events": [event]}, region="us-east-1")


# --- trail-region-coverage ------------------------------------------------------------------------------------------


def test_a_logging_multi_region_trail_covers_every_region() -> None:
    world = World(opted_in=[NEW])
    arn = world.add_trail("main")
    assert by_region(world) == {"eu-west-1": PASS, "us-east-1": PASS, NEW: PASS}
    row = row_of(world, NEW)
    assert row.message == f"region {NEW} is recorded by {arn}"
    assert row.observed == {"OptInStatus": "opted-in", "trails": [arn], "logging": arn}
    assert row.expected == {"logging": "a trail that is listed and logging in this region"}
    assert (row.subject_type, row.subject_name) == ("region", NEW)


def test_a_region_without_a_trail_fails_alone() -> None:
    world = World()
    world.add_trail("single", home="eu-west-1", IsMultiRegionTrail=False)
    assert by_region(world) == {"eu-west-1": PASS, "us-east-1": FAIL}
    row = row_of(world, "us-east-1")
    assert row.message == "no trail records region us-east-1: none listed"
    assert row.observed == {"OptInStatus": "opt-in-not-required", "trails": [], "logging": None}


def test_single_region_trails_cover_their_regions() -> None:
    world = World()
    for region in world.regions:
        world.add_trail(f"only-{region}", home=region, IsMultiRegionTrail=False)
    assert by_region(world) == {"eu-west-1": PASS, "us-east-1": PASS}


def test_the_status_of_each_region_is_its_own() -> None:
    """A trail that is logging at home and stopped elsewhere covers its home only."""
    world = World()
    arn = world.add_trail("main")
    world.status(arn, region="eu-west-1", IsLogging=False)
    assert by_region(world) == {"eu-west-1": FAIL, "us-east-1": PASS}
    row = row_of(world, "eu-west-1")
    assert row.message == "no trail records region eu-west-1: 1 listed, none of them logging"
    assert row.observed["trails"] == [arn]


def test_a_shadow_that_did_not_arrive_is_missed() -> None:
    world = World()
    world.add_trail("main")
    world.list_in("eu-west-1", [])
    assert by_region(world) == {"eu-west-1": FAIL, "us-east-1": PASS}


def test_a_second_trail_may_cover_the_region() -> None:
    world = World()
    stopped = world.add_trail("a-stopped", status={"IsLogging": False})
    logging = world.add_trail("b-logging")
    assert by_region(world) == {"eu-west-1": PASS, "us-east-1": PASS}
    row = row_of(world, "eu-west-1")
    assert row.observed["trails"] == [stopped, logging]
    assert row.observed["logging"] == logging


def test_a_denied_region_is_an_error_and_the_others_are_judged() -> None:
    world = World()
    world.add_trail("main")
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert by_region(world) == {"eu-west-1": ERROR, "us-east-1": PASS}
    assert reason_of(row_of(world, "eu-west-1")).code is ReasonCode.ACCESS_DENIED


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("UnrecognizedClientException", ReasonCode.REGION_DISABLED),
        ("EndpointConnectionError", ReasonCode.UNREACHABLE),
        ("ThrottlingException", ReasonCode.THROTTLED),
    ],
)
def test_a_region_that_does_not_answer_is_an_error(code: str, reason: ReasonCode) -> None:
    world = World()
    world.add_trail("main")
    world.error("cloudtrail.DescribeTrails", code, region="eu-west-1")
    assert reason_of(row_of(world, "eu-west-1")).code is reason


def test_a_denied_status_is_an_error_unless_another_trail_logs() -> None:
    world = World()
    denied = world.add_trail("a-denied")
    world.deny("cloudtrail.GetTrailStatus", Name=denied, region="eu-west-1")
    assert by_region(world) == {"eu-west-1": ERROR, "us-east-1": PASS}
    assert reason_of(row_of(world, "eu-west-1")).region == "eu-west-1"
    world.add_trail("b-stopped", status={"IsLogging": False})
    assert by_region(world)["eu-west-1"] is ERROR
    world.add_trail("c-logging")
    assert by_region(world)["eu-west-1"] is PASS


def test_a_refused_shadow_is_an_error() -> None:
    world = World()
    world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True)
    world.error("cloudtrail.GetTrailStatus", "CloudTrailARNInvalidException")
    rows = run_check(CHECK, world)
    assert {reason_of(row).code for row in rows} == {ReasonCode.NOT_VISIBLE_FROM_MEMBER}


def test_a_region_that_is_not_enabled_is_no_subject() -> None:
    world = World(disabled=["me-south-1"])
    world.add_trail("main")
    assert set(by_region(world)) == {"eu-west-1", "us-east-1"}


def test_only_the_regions_asked_for_are_judged() -> None:
    world = World()
    world.add_trail("main")
    assert by_region(world, only_regions=["eu-west-1"]) == {"eu-west-1": PASS}


def test_an_ignored_region_does_not_apply_and_says_why() -> None:
    world = World()
    params = {"ignored_regions": [{"region": "eu-west-1", "reason": "sealed off by SCP, ticket 7"}]}
    assert by_region(world, params) == {"eu-west-1": NA, "us-east-1": FAIL}
    row = row_of(world, "eu-west-1", params)
    assert row.message == "region eu-west-1 is ignored: sealed off by SCP, ticket 7"
    assert row.observed == {"ignored": "sealed off by SCP, ticket 7"}
    assert row.calls == ()


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_region_is_not_ignored_without_a_reason(reason: ReasonCode) -> None:
    params = {"ignored_regions": [{"region": "eu-west-1", "reason": reason}]}
    assert by_region(World(), params)["eu-west-1"] is FAIL


def test_a_region_enabled_a_moment_ago_gets_time() -> None:
    world = uncovered()
    enabled(world, hours=3)
    row = row_of(world, NEW)
    assert reason_of(row).code is ReasonCode.EVENTUAL
    assert "enabled at 2026-06-01T09:00:00Z; trails: none listed" in row.message


@pytest.mark.parametrize(
    ("hours", "grace", "status"), [(23.9, 24, ERROR), (24, 24, FAIL), (3, 2, FAIL), (0.9, 1, ERROR), (3, 0, FAIL)]
)
def test_the_grace_ends(hours: float, grace: int, status: Status) -> None:
    world = uncovered()
    enabled(world, hours=hours)
    assert row_of(world, NEW, {"opt_in_grace_hours": grace}).status is status


def test_the_grace_is_a_day_unless_told_otherwise() -> None:
    world = uncovered()
    enabled(world, hours=24)
    assert row_of(world, NEW).status is FAIL
    enabled(world, hours=23.9)
    assert row_of(world, NEW).status is ERROR


@pytest.mark.parametrize(("grace", "asked"), [(0, False), (1, True)])
def test_without_a_grace_the_event_history_is_not_in_the_plan(grace: int, asked: bool) -> None:
    check = get_check(CHECK)
    names = {item.qualified for item in allowed_facts(check, check.params_type(opt_in_grace_hours=grace))}
    assert ("Region.enabled_at" in names) is asked


@pytest.mark.parametrize(
    ("parameter", "record"),
    [("me-south-1", {}), (NEW, {"errorCode": "AccessDenied"}), (NEW, {"requestParameters": None})],
)
def test_another_event_gives_no_grace(parameter: str, record: dict[str, Any]) -> None:
    world = uncovered()
    enabled(world, hours=1, parameter=parameter, **record)
    assert row_of(world, NEW).status is FAIL


def test_the_latest_of_several_events_counts() -> None:
    world = uncovered()
    text = json.dumps({"requestParameters": {"RegionName": NEW}})
    events = [{"EventTime": ago(world.now, hours=hours), "CloudTrailEvent": text} for hours in (900, 2, 500)]
    world.reply("cloudtrail.LookupEvents", {"Events": [*events, {"CloudTrailEvent": "{"}, {"CloudTrailEvent": text}]})
    assert reason_of(row_of(world, NEW)).code is ReasonCode.EVENTUAL


def test_an_unreadable_event_history_gives_no_grace() -> None:
    """That no trail records the region is certain; only a proven opt-in could soften it."""
    world = uncovered()
    world.deny("cloudtrail.LookupEvents")
    assert row_of(world, NEW).status is FAIL


def test_a_region_still_being_enabled_gets_time() -> None:
    row = row_of(uncovered("ENABLING"), NEW)
    assert reason_of(row).code is ReasonCode.EVENTUAL
    assert reason_of(row).aws_message == "the region is being enabled; trails: none listed"


def test_the_event_history_is_asked_only_where_it_can_matter() -> None:
    world = World(opted_in=[NEW])
    world.add_trail("main")
    world.list_in("eu-west-1", [])
    assert by_region(world)["eu-west-1"] is FAIL
    assert [call.name for call in world.calls if call.name == "cloudtrail.LookupEvents"] == []


# --- trail-global-service-events ------------------------------------------------------------------------------------


def test_a_multi_region_trail_records_global_events() -> None:
    world = World()
    arn = world.add_trail("main", home="eu-west-1")
    [row] = run_check("trail-global-service-events", world)
    assert (row.status, row.message) == (PASS, "trail main records global service events")
    assert row.observed == {
        "satisfying": [arn],
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": True,
        "HomeRegion": "eu-west-1",
        "IsLogging": True,
    }


@pytest.mark.parametrize(
    ("trail", "status", "message"),
    [
        ({"IsMultiRegionTrail": False}, PASS, ""),
        (
            {"IsMultiRegionTrail": False, "home": "eu-west-1"},
            FAIL,
            "trail main records eu-west-1 only, where events of us-east-1 never arrive",
        ),
        ({"IncludeGlobalServiceEvents": False}, FAIL, "trail main leaves out global service events"),
        ({"IncludeGlobalServiceEvents": None}, FAIL, "trail main leaves out global service events"),
        ({"status": {"IsLogging": False}}, FAIL, "trail main is not logging"),
    ],
)
def test_what_records_global_events(trail: dict[str, Any], status: Status, message: str) -> None:
    """The flag alone proves nothing: since November 2021 a single-region trail elsewhere receives no such event."""
    world = World()
    world.add_trail("main", **trail)
    [row] = run_check("trail-global-service-events", world)
    assert row.status is status
    if message:
        assert row.message == "no trail records global service events"
        assert row.observed["candidates"][0]["message"] == message


@pytest.mark.parametrize(
    ("partition", "home", "status"),
    [
        ("aws-us-gov", "us-gov-west-1", PASS),
        ("aws-us-gov", "us-gov-east-1", FAIL),
        ("aws-cn", "cn-north-1", PASS),
        ("aws-cn", "cn-northwest-1", FAIL),
    ],
)
@pytest.mark.parametrize("params", [{}, {"global_region": "us-east-1"}])
def test_each_partition_has_its_own_global_region(
    partition: str, home: str, status: Status, params: dict[str, Any]
) -> None:
    regions = {"aws-us-gov": ["us-gov-west-1", "us-gov-east-1"], "aws-cn": ["cn-north-1", "cn-northwest-1"]}
    world = World(regions=regions[partition], partition=partition)
    world.add_trail("main", home=home, IsMultiRegionTrail=False)
    assert status_of("trail-global-service-events", world, params) is status


def test_another_global_region_can_be_named() -> None:
    world = World()
    world.add_trail("main", home="eu-west-1", IsMultiRegionTrail=False)
    assert status_of("trail-global-service-events", world, {"global_region": "eu-west-1"}) is PASS
    [row] = run_check("trail-global-service-events", world, subject=Trail)
    assert row.expected["HomeRegion"] == "us-east-1, unless IsMultiRegionTrail"


def test_the_flag_fails_a_trail_without_its_status() -> None:
    world = World()
    world.add_trail("main", IncludeGlobalServiceEvents=False)
    world.deny("cloudtrail.GetTrailStatus")
    assert status_of("trail-global-service-events", world) is FAIL
