"""What stands beside the trail in each region: Config, GuardDuty, Security Hub, Access Analyzer, VPC flow logs."""

from collections.abc import Callable
from typing import Any

import pytest

from trailwarden.model import ReasonCode, Result, Status
from trailwarden.testing import MANAGEMENT, Neighbours, World, ago, reason_of, run_check

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
EAST, WEST = "us-east-1", "eu-west-1"
RECORDER, DELIVERY, GUARD = "config-recorder-enabled", "config-delivery-healthy", "guardduty-enabled"
HUB, ANALYZER, FLOW = "securityhub-enabled", "access-analyzer-enabled", "vpc-flow-logs-enabled"


def healthy() -> tuple[World, Neighbours]:
    """An account with a trail at home in us-east-1, everything beside it on, and a VPC with flow logs in each region."""
    world = World()
    world.add_trail("main")
    beside = Neighbours(world)
    for region in world.regions:
        beside.add_flow_log(region, beside.add_vpc(region, f"vpc-{region}"))
    return world, beside


def rows_of(check: str, world: World, **params: Any) -> dict[str, Result]:
    return {row.region: row for row in run_check(check, world, params)}


def judged(check: str, change: Callable[[World, Neighbours], None], region: str = EAST, **params: Any) -> Result:
    world, beside = healthy()
    change(world, beside)
    return rows_of(check, world, **params)[region]


@pytest.mark.parametrize("check", [RECORDER, DELIVERY, GUARD, ANALYZER, FLOW])
def test_every_enabled_region_is_judged_and_passes(check: str) -> None:
    world, _ = healthy()
    assert {region: row.status for region, row in rows_of(check, world).items()} == {EAST: PASS, WEST: PASS}


@pytest.mark.parametrize(
    ("check", "operation", "action"),
    [
        (RECORDER, "config.DescribeConfigurationRecorders", "config:DescribeConfigurationRecorders"),
        (RECORDER, "config.DescribeConfigurationRecorderStatus", "config:DescribeConfigurationRecorderStatus"),
        (DELIVERY, "config.DescribeDeliveryChannelStatus", "config:DescribeDeliveryChannelStatus"),
        (GUARD, "guardduty.ListDetectors", "guardduty:ListDetectors"),
        (GUARD, "guardduty.GetDetector", "guardduty:GetDetector"),
        (HUB, "securityhub.DescribeHub", "securityhub:DescribeHub"),
        (ANALYZER, "accessanalyzer.ListAnalyzers", "access-analyzer:ListAnalyzers"),
        (FLOW, "ec2.DescribeFlowLogs", "ec2:DescribeFlowLogs"),
    ],
)
def test_a_refusal_in_one_region_is_that_regions_error(check: str, operation: str, action: str) -> None:
    world, _ = healthy()
    world.deny(operation, region=WEST)
    params = {"regions": "all"} if check == HUB else {}
    rows = rows_of(check, world, **params)
    reason = reason_of(rows[WEST])
    assert (reason.missing_action, reason.region) == (action, WEST)
    assert rows[EAST].status is PASS


@pytest.mark.parametrize("check", [RECORDER, GUARD])
def test_an_ignored_region_is_shown_as_not_applicable(check: str) -> None:
    world, beside = healthy()
    beside.no_recorder(WEST)
    beside.no_detector(WEST)
    rows = rows_of(check, world, ignored_regions=[WEST])
    assert {region: row.status for region, row in rows.items()} == {EAST: PASS, WEST: NA}
    assert rows_of(check, world)[WEST].status is FAIL


# --- AWS Config -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "verdict", "words"),
    [
        ({"recording": False}, FAIL, "the recorder is stopped"),
        ({"lastStatus": "Failure"}, FAIL, "the recorder fails"),
        ({"lastStatus": "FAILURE"}, FAIL, "the recorder fails"),
        ({"lastStatus": "Pending"}, PASS, ""),
        ({"name": "another"}, FAIL, "the recorder is stopped"),
    ],
)
def test_the_recorder_must_run(status: dict[str, Any], verdict: Status, words: str) -> None:
    row = judged(RECORDER, lambda _, beside: beside.recorder_status(EAST, **status))
    assert row.status is verdict
    assert words in row.message


EXCLUDING = {
    "allSupported": False,
    "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
    "exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::Instance"]},
    "includeGlobalResourceTypes": True,
}
LISTING = {
    "allSupported": False,
    "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"},
    "resourceTypes": ["AWS::S3::Bucket", "AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User"],
}


@pytest.mark.parametrize(
    ("group", "required", "verdict"),
    [
        (EXCLUDING, [], FAIL),
        (EXCLUDING, ["AWS::S3::Bucket"], PASS),
        (EXCLUDING, ["AWS::S3::Bucket", "AWS::EC2::Instance"], FAIL),
        (LISTING, [], FAIL),
        (LISTING, ["AWS::S3::Bucket"], PASS),
        (LISTING, ["AWS::CloudTrail::Trail"], FAIL),
        ({"includeGlobalResourceTypes": True}, ["AWS::CloudTrail::Trail", "AWS::IAM::Role"], PASS),
    ],
)
def test_all_supported_types_or_the_required_ones_are_recorded(
    group: dict[str, Any], required: list[str], verdict: Status
) -> None:
    row = judged(RECORDER, lambda _, beside: beside.recorder(EAST, **group), required_types=required)
    assert row.status is verdict, row.message


def test_global_types_need_a_recorder_in_one_region_only() -> None:
    """The region of the global services speaks for all, so that one gap is one failure."""
    world, beside = healthy()
    beside.recorder(EAST)
    rows = rows_of(RECORDER, world)
    assert (rows[EAST].status, rows[WEST].status) == (FAIL, PASS)
    assert "no region records the resource types of global services" in rows[EAST].message
    beside.recorder(WEST, includeGlobalResourceTypes=True)
    assert {row.status for row in rows_of(RECORDER, world).values()} == {PASS}
    assert {row.status for row in rows_of(RECORDER, world, required_types=["AWS::IAM::Role"]).values()} == {PASS}
    beside.recorder_status(WEST, recording=False)
    assert rows_of(RECORDER, world)[EAST].status is FAIL


def test_where_the_global_region_is_ignored_another_one_speaks_for_all() -> None:
    world, beside = healthy()
    beside.recorder(EAST)
    rows = rows_of(RECORDER, world, ignored_regions=[EAST])
    assert (rows[EAST].status, rows[WEST].status) == (NA, FAIL)


def test_whether_global_types_are_recorded_anywhere_may_be_unknown() -> None:
    world, beside = healthy()
    beside.recorder(EAST)
    world.deny("config.DescribeConfigurationRecorders", region=WEST)
    assert reason_of(rows_of(RECORDER, world)[EAST]).region == WEST


@pytest.mark.parametrize(
    ("change", "verdict", "words"),
    [
        ({"stream": "Failure"}, FAIL, "can't deliver"),
        ({"history": "Failure"}, FAIL, "can't deliver"),
        ({"history": ""}, FAIL, "can't deliver"),
        ({"stream": "Not_Applicable"}, PASS, ""),
        ({"stream": "Success", "history": "Success"}, PASS, ""),
        ({"success": ago(hours=48)}, PASS, ""),
        ({"success": ago(hours=48, seconds=1)}, FAIL, "for too long"),
        ({"success": None}, FAIL, "for too long"),
        ({"success": None, "history": "Not_Applicable"}, PASS, ""),
    ],
)
def test_config_delivers_and_did_so_lately(change: dict[str, Any], verdict: Status, words: str) -> None:
    row = judged(DELIVERY, lambda _, beside: beside.delivery(EAST, **change))
    assert row.status is verdict
    assert words in row.message


def test_delivery_needs_a_channel_and_the_age_is_a_parameter() -> None:
    nothing: dict[str, Any] = {"DeliveryChannelsStatus": []}
    row = judged(DELIVERY, lambda world, _: world.reply("config.DescribeDeliveryChannelStatus", nothing))
    assert row.status is FAIL
    assert "no delivery channel" in row.message
    assert judged(DELIVERY, lambda *_: None, max_age_hours=5).status is FAIL
    assert judged(DELIVERY, lambda _, beside: beside.no_recorder(EAST)).status is NA


# --- GuardDuty, Security Hub, Access Analyzer ------------------------------------------------------------------------


def test_the_detector_must_be_there_and_on() -> None:
    assert judged(GUARD, lambda _, beside: beside.no_detector(EAST)).status is FAIL
    assert judged(GUARD, lambda _, beside: beside.detector(EAST, "DISABLED")).status is FAIL


@pytest.mark.parametrize(("state", "verdict"), [("ENABLED", PASS), ("DISABLED", FAIL)])
def test_required_features_must_be_on(state: str, verdict: Status) -> None:
    def change(_: World, beside: Neighbours) -> None:
        beside.detector(EAST, CLOUD_TRAIL="ENABLED", S3_DATA_EVENTS=state)

    row = judged(GUARD, change, required_features=["S3_DATA_EVENTS"])
    assert row.status is verdict
    assert "RDS_LOGIN_EVENTS" in judged(GUARD, change, required_features=["RDS_LOGIN_EVENTS"]).message


def test_a_region_without_the_service_is_no_answer() -> None:
    """A missing endpoint proves nothing: the policy has to say that the region is left out."""
    world, _ = healthy()
    world.error("guardduty.ListDetectors", "EndpointConnectionError", "could not connect", 0, region=WEST)
    assert reason_of(rows_of(GUARD, world)[WEST]).code is ReasonCode.UNREACHABLE


def test_security_hub_is_asked_for_where_a_trail_is_at_home() -> None:
    world, beside = healthy()
    beside.no_hub(WEST)
    rows = rows_of(HUB, world)
    assert (rows[EAST].status, rows[WEST].status) == (PASS, NA)
    rows = rows_of(HUB, world, regions="all")
    assert (rows[EAST].status, rows[WEST].status) == (PASS, FAIL)


def test_not_enabled_is_a_fact_and_refused_is_none() -> None:
    world, beside = healthy()
    beside.no_hub(EAST)
    assert rows_of(HUB, world)[EAST].status is FAIL
    world.deny("securityhub.DescribeHub")
    assert reason_of(rows_of(HUB, world)[EAST]).code is ReasonCode.ACCESS_DENIED


def test_without_a_trail_the_global_region_is_home() -> None:
    world = World()
    Neighbours(world)
    rows = rows_of(HUB, world)
    assert (rows[EAST].status, rows[WEST].status) == (PASS, NA)


def test_a_region_that_cannot_be_listed_may_be_home_to_a_trail() -> None:
    world, _ = healthy()
    world.deny("cloudtrail.DescribeTrails", region=WEST)
    rows = rows_of(HUB, world)
    assert rows[EAST].status is PASS
    assert reason_of(rows[WEST]).operation == "cloudtrail.DescribeTrails"


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ({"type": "ORGANIZATION", "status": "ACTIVE"}, PASS),
        ({"type": "ACCOUNT", "status": "CREATING"}, FAIL),
        ({"type": "ACCOUNT_UNUSED_ACCESS", "status": "ACTIVE"}, FAIL),
        (None, FAIL),
    ],
)
def test_an_analyzer_of_external_access_must_be_active(row: dict[str, Any] | None, verdict: Status) -> None:
    found = judged(ANALYZER, lambda _, beside: beside.analyzers(EAST, *([row] if row else [])))
    assert found.status is verdict


def test_the_analyzer_may_be_asked_for_at_home_only() -> None:
    assert judged(ANALYZER, lambda _, beside: beside.analyzers(WEST), WEST).status is FAIL
    assert judged(ANALYZER, lambda _, beside: beside.analyzers(WEST), WEST, regions="home").status is NA
    assert judged(ANALYZER, lambda _, beside: beside.analyzers(EAST), regions="home").status is FAIL


# --- VPC flow logs --------------------------------------------------------------------------------------------------


def flow(*logs: dict[str, Any], interfaces: int = 1, vpc: dict[str, Any] | None = None, **params: Any) -> Result:
    """The verdict on one VPC with these flow logs."""
    world = World(regions=[EAST])
    beside = Neighbours(world)
    name = beside.add_vpc(EAST, "vpc-1", interfaces=interfaces, **(vpc or {}))
    for log in logs:
        beside.add_flow_log(EAST, **{"resource": name, **log})
    [row] = run_check(FLOW, world, params)
    return row


@pytest.mark.parametrize(
    ("logs", "verdict", "words"),
    [
        ([], FAIL, "has no flow log"),
        ([{"resource": "subnet-1"}], FAIL, "has no flow log"),
        ([{"TrafficType": "REJECT"}], PASS, ""),
        ([{"TrafficType": "ACCEPT"}], FAIL, "of the wanted traffic"),
        ([{"DeliverLogsStatus": "FAILED"}], FAIL, "that delivers"),
        ([{"FlowLogStatus": "DELETING"}], FAIL, "that delivers"),
        ([{"DeliverLogsStatus": "FAILED"}, {"TrafficType": "ACCEPT"}, {}], PASS, ""),
    ],
)
def test_each_vpc_has_a_flow_log_that_delivers(logs: list[dict[str, Any]], verdict: Status, words: str) -> None:
    row = flow(*logs)
    assert (row.status, row.subject_type, row.subject_name) == (verdict, "vpc", "vpc-1")
    assert words in row.message


def test_which_traffic_counts_is_a_parameter() -> None:
    assert flow({"TrafficType": "ACCEPT"}, allowed_traffic=["ACCEPT"]).status is PASS
    assert flow({"TrafficType": "REJECT"}, allowed_traffic=["ALL"]).status is FAIL


@pytest.mark.parametrize(
    ("default", "interfaces", "skip", "verdict"),
    [(True, 0, True, NA), (True, 1, True, FAIL), (False, 0, True, FAIL), (True, 0, False, FAIL)],
)
def test_an_unused_default_vpc_may_be_skipped(*, default: bool, interfaces: int, skip: bool, verdict: Status) -> None:
    row = flow(interfaces=interfaces, vpc={"IsDefault": default}, skip_unused=skip)
    assert row.status is verdict


def test_no_vpc_is_not_applicable_and_a_region_that_cannot_be_listed_is_an_error() -> None:
    world = World()
    Neighbours(world)
    [row] = run_check(FLOW, world)
    assert row.status is NA
    world.deny("ec2.DescribeVpcs", region=WEST)
    [row] = run_check(FLOW, world)
    assert reason_of(row).region == WEST


def test_a_shared_vpc_is_its_owners_to_log() -> None:
    """A participant sees the VPC and can neither see nor make its flow logs."""
    world = World(regions=[EAST])
    Neighbours(world).add_vpc(EAST, "vpc-shared", OwnerId=MANAGEMENT)
    [row] = run_check(FLOW, world)
    assert row.status is NA
    assert list(world.account().vpcs.excluded) == [("vpc-shared", f"shared by account {MANAGEMENT}")]
