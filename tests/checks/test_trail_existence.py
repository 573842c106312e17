"""Whether there is a trail at all, of all regions, and whose it is."""

from typing import Any

import pytest

from trailwarden.facts import Subject, Trail
from trailwarden.model import ReasonCode, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, World, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
STOPPED = {"IsLogging": False, "StopLoggingTime": "2026-05-30T08:00:00Z"}
EXISTENCE = ("trail-exists-and-logging", "trail-multi-region", "trail-global-service-events", "trail-management-events")


def with_shadow(**row: Any) -> tuple[World, str]:
    """A member account that sees its organization's trail and nothing else."""
    world = World()
    return world, world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True, **row)


# --- trail-exists-and-logging ---------------------------------------------------------------------------------------


def test_a_logging_trail_passes_and_is_named() -> None:
    world = World()
    arn = world.add_trail("main")
    [row] = run_check("trail-exists-and-logging", world)
    assert (row.status, row.subject_type, row.region) == (PASS, "account", "global")
    assert row.message == "trail main is logging"
    assert row.observed == {"satisfying": [arn], "IsLogging": True}
    assert row.expected == {"IsLogging": True}


def test_an_account_without_a_trail_fails() -> None:
    [row] = run_check("trail-exists-and-logging", World())
    assert row.status is FAIL
    assert row.message == "no trail records this account"
    assert row.observed == {"candidates": []}


def test_stopped_trails_fail_and_the_row_says_since_when() -> None:
    world = World()
    world.add_trail("old", status=STOPPED)
    world.add_trail("never", status={"IsLogging": False})
    [row] = run_check("trail-exists-and-logging", world)
    assert row.status is FAIL
    assert [item["message"] for item in row.observed["candidates"]] == [
        "trail never is not logging",
        "trail old is stopped since 2026-05-30T08:00:00Z",
    ]
    assert row.expected == {"IsLogging": True}


def test_a_single_region_trail_is_enough_to_exist() -> None:
    world = World()
    world.add_trail("one", home="eu-west-1", IsMultiRegionTrail=False)
    assert status_of("trail-exists-and-logging", world) is PASS


@pytest.mark.parametrize("check", EXISTENCE)
def test_one_denied_region_leaves_an_empty_account_undecided(check: str) -> None:
    world = World()
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    [row] = run_check(check, world)
    assert row.status is ERROR
    assert (reason_of(row).code, reason_of(row).region) == (ReasonCode.ACCESS_DENIED, "eu-west-1")
    assert reason_of(row).missing_action == "cloudtrail:DescribeTrails"


@pytest.mark.parametrize("check", EXISTENCE)
def test_one_denied_region_does_not_hide_a_good_trail(check: str) -> None:
    world = World()
    world.add_trail("main")
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert status_of(check, world) is PASS


@pytest.mark.parametrize("check", EXISTENCE)
@pytest.mark.parametrize(
    ("code", "reason"),
    [("AccessDeniedException", ReasonCode.ACCESS_DENIED), ("ThrottlingException", ReasonCode.THROTTLED)],
)
def test_describe_trails_refused_everywhere_is_an_error(check: str, code: str, reason: ReasonCode) -> None:
    world = World()
    world.add_trail("main")
    world.error("cloudtrail.DescribeTrails", code)
    [row] = run_check(check, world)
    assert reason_of(row).code is reason


@pytest.mark.parametrize("check", EXISTENCE)
def test_regions_that_cannot_be_listed_are_an_error(check: str) -> None:
    world = World()
    world.add_trail("main")
    world.deny("ec2.DescribeRegions")
    [row] = run_check(check, world)
    assert reason_of(row).missing_action == "ec2:DescribeRegions"


def three_trails(first: dict[str, Any], second: dict[str, Any]) -> World:
    world = World()
    world.add_trail("a", status=first)
    world.add_trail("b", status=second)
    denied = world.add_trail("c")
    world.deny("cloudtrail.GetTrailStatus", Name=denied)
    return world


@pytest.mark.parametrize("check", EXISTENCE)
def test_one_denied_status_of_three(check: str) -> None:
    """A trail that nobody may ask about spoils neither a proven pass nor the search for one."""
    assert status_of(check, three_trails({"IsLogging": False}, {"IsLogging": True})) is PASS
    [row] = run_check(check, three_trails({"IsLogging": False}, {"IsLogging": False}))
    assert reason_of(row).operation == "cloudtrail.GetTrailStatus"
    assert reason_of(row).missing_action == "cloudtrail:GetTrailStatus"


def test_an_answer_without_is_logging_is_no_answer() -> None:
    world = World()
    world.add_trail("main", status={"IsLogging": None})
    [row] = run_check("trail-exists-and-logging", world)
    assert reason_of(row).code is ReasonCode.UNEXPECTED


def test_a_readable_organization_shadow_counts_unless_told_otherwise() -> None:
    world, arn = with_shadow()
    assert status_of("trail-exists-and-logging", world) is PASS
    [row] = run_check("trail-exists-and-logging", world, {"count_org_trails": False})
    assert row.status is FAIL
    [candidate] = row.observed["candidates"]
    assert candidate["message"] == f"trail org belongs to account {MANAGEMENT}, whose trails do not count here"
    assert candidate["subject"] == arn
    [row] = run_check("trail-exists-and-logging", world, {"count_org_trails": False}, subject=Trail)
    assert (row.status, row.observed) == (FAIL, {"TrailARN": arn, "IsOrganizationTrail": True})


def test_the_owners_organization_trail_is_its_own() -> None:
    """Seen from the account that it belongs to, an organization trail is no shadow."""
    world = World()
    world.add_trail("org", IsOrganizationTrail=True)
    assert status_of("trail-exists-and-logging", world, {"count_org_trails": False}) is PASS


@pytest.mark.parametrize("code", ["CloudTrailARNInvalidException", "TrailNotFoundException", "AccessDeniedException"])
@pytest.mark.parametrize("check", EXISTENCE)
def test_a_refused_shadow_is_not_visible_from_the_member(check: str, code: str) -> None:
    world, _ = with_shadow()
    world.error("cloudtrail.GetTrailStatus", code, "AccountID in ARN is wrong")
    [row] = run_check(check, world)
    assert reason_of(row).code is ReasonCode.NOT_VISIBLE_FROM_MEMBER
    assert reason_of(row).aws_code == code


def test_a_shadow_that_does_not_count_is_not_asked_about() -> None:
    world, _ = with_shadow()
    world.error("cloudtrail.GetTrailStatus", "CloudTrailARNInvalidException")
    assert status_of("trail-exists-and-logging", world, {"count_org_trails": False}) is FAIL


def test_an_own_trail_that_is_gone_is_not_blamed_on_membership() -> None:
    world = World()
    world.add_trail("main")
    world.error("cloudtrail.GetTrailStatus", "TrailNotFoundException", "Unknown trail")
    [row] = run_check("trail-exists-and-logging", world)
    assert reason_of(row).code is ReasonCode.NOT_FOUND


def test_the_owner_is_asked_where_the_member_is_refused() -> None:
    world, _ = with_shadow()
    world.error("cloudtrail.GetTrailStatus", "CloudTrailARNInvalidException", account=ACCOUNT)
    assert status_of("trail-exists-and-logging", world, peers=[MANAGEMENT]) is PASS


def test_existence_is_judged_of_each_trail_too() -> None:
    world = World()
    world.add_trail("good")
    world.add_trail("stopped", status=STOPPED)
    rows = run_check("trail-exists-and-logging", world, subject=Trail)
    assert {row.subject_name: row.status for row in rows} == {"good": PASS, "stopped": FAIL}


# --- trail-multi-region ---------------------------------------------------------------------------------------------


def test_a_logging_multi_region_trail_passes() -> None:
    world = World()
    arn = world.add_trail("main")
    [row] = run_check("trail-multi-region", world)
    assert (row.status, row.message) == (PASS, "trail main records every region")
    assert row.observed == {
        "satisfying": [arn],
        "IsMultiRegionTrail": True,
        "HomeRegion": "us-east-1",
        "IsLogging": True,
    }
    assert row.expected == {"IsMultiRegionTrail": True, "IsLogging": True}


def test_one_trail_per_region_is_not_a_multi_region_trail() -> None:
    world = World()
    for region in world.regions:
        world.add_trail(f"only-{region}", home=region, IsMultiRegionTrail=False)
    [row] = run_check("trail-multi-region", world)
    assert (row.status, row.message) == (FAIL, "no multi-Region trail is logging")
    assert row.observed["candidates"][0]["message"] == "trail only-eu-west-1 records eu-west-1 only"


def test_a_stopped_multi_region_trail_beside_a_logging_single_region_one_fails() -> None:
    """Two halves make no whole: the account's check and the same-trail policy agree."""
    world = World()
    world.add_trail("stopped", status=STOPPED)
    world.add_trail("single", home="eu-west-1", IsMultiRegionTrail=False)
    [row] = run_check("trail-multi-region", world)
    assert row.status is FAIL
    assert [item["message"] for item in row.observed["candidates"]] == [
        "trail single records eu-west-1 only",
        "trail stopped is stopped since 2026-05-30T08:00:00Z",
    ]
    rows = run_check("trail-multi-region", world, subject=Trail)
    assert [row.status for row in rows] == [FAIL, FAIL]


def test_a_single_region_trail_fails_whatever_its_status_is() -> None:
    world = World()
    world.add_trail("single", IsMultiRegionTrail=False)
    world.deny("cloudtrail.GetTrailStatus")
    assert status_of("trail-multi-region", world) is FAIL


def test_organization_trails_count_unless_told_otherwise() -> None:
    world = World()
    world.add_trail("org", IsOrganizationTrail=True)
    assert status_of("trail-multi-region", world) is PASS
    [row] = run_check("trail-multi-region", world, {"count_org_trails": False})
    assert row.status is FAIL
    [candidate] = row.observed["candidates"]
    assert candidate["message"] == "trail org is an organization trail, which does not count here"
    [row] = run_check("trail-multi-region", world, {"count_org_trails": False}, subject=Trail)
    assert row.observed == {"TrailARN": row.subject, "IsOrganizationTrail": True}
    world.add_trail("own")
    assert status_of("trail-multi-region", world, {"count_org_trails": False}) is PASS


@pytest.mark.parametrize("subject", [None, Trail])
def test_a_partition_of_one_region_needs_no_multi_region_trail(subject: type[Subject] | None) -> None:
    world = World(regions=["us-iso-east-1"], partition="aws-iso")
    world.add_trail("main", home="us-iso-east-1", IsMultiRegionTrail=False)
    [row] = run_check("trail-multi-region", world, subject=subject)
    assert (row.status, row.message) == (NA, "partition aws-iso has a single region")
    assert row.observed == {"Regions": ["us-iso-east-1"]}


def test_asking_for_one_region_does_not_make_the_partition_small() -> None:
    world = World()
    world.add_trail("main", IsMultiRegionTrail=False)
    assert status_of("trail-multi-region", world, only_regions=["us-east-1"]) is FAIL


def test_a_region_that_is_not_enabled_still_belongs_to_the_partition() -> None:
    world = World(regions=["us-east-1"], disabled=["af-south-1"])
    world.add_trail("main", IsMultiRegionTrail=False)
    assert status_of("trail-multi-region", world) is FAIL


# --- trail-covers-account -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trail", "status", "message"),
    [
        ({}, PASS, f"trail main records account {ACCOUNT} in every region"),
        ({"IsOrganizationTrail": True}, PASS, f"trail main records account {ACCOUNT} in every region"),
        ({"owner": MANAGEMENT, "IsOrganizationTrail": True}, PASS, f"trail main records account {ACCOUNT} in every region"),
        ({"IsMultiRegionTrail": False}, FAIL, "trail main records us-east-1 only"),
        (
            {"owner": MANAGEMENT, "IsOrganizationTrail": True, "IsMultiRegionTrail": False},
            FAIL,
            "trail main records us-east-1 only",
        ),
        ({"owner": MANAGEMENT}, FAIL, f"trail main belongs to account {MANAGEMENT} and is no organization trail"),
    ],
)  # fmt: skip
def test_which_trails_cover_the_account(trail: dict[str, Any], status: Status, message: str) -> None:
    world = World()
    world.add_trail("main", **trail)
    [row] = run_check("trail-covers-account", world)
    assert (row.status, row.message, row.subject_type) == (status, message, "trail")


def test_what_is_seen_of_a_trail_that_covers_the_account() -> None:
    world, arn = with_shadow()
    [row] = run_check("trail-covers-account", world)
    assert row.observed == {
        "IsMultiRegionTrail": True,
        "HomeRegion": "us-east-1",
        "TrailARN": arn,
        "IsOrganizationTrail": True,
    }
    assert row.expected == {"IsMultiRegionTrail": True, "IsOrganizationTrail": True}


def test_covering_an_account_does_not_depend_on_logging() -> None:
    """It says which trails a policy speaks about; whether they log is for ``require``."""
    world = World()
    world.add_trail("main")
    world.deny("cloudtrail.GetTrailStatus")
    assert status_of("trail-covers-account", world) is PASS
