"""Whether one and the same trail meets the whole baseline."""

from dataclasses import replace
from typing import Any

import pytest

from trailwarden.facts import Trail
from trailwarden.model import Status
from trailwarden.plan import allowed_facts
from trailwarden.policy.model import Policy, Quantifier
from trailwarden.registry import get_check
from trailwarden.testing import ACCOUNT, World, policy_of, reason_of, run_check, run_policy, status_of

PASS, FAIL, ERROR = Status.PASS, Status.FAIL, Status.ERROR
CHECK = "trail-baseline-single-trail"
KMS_EXCLUDED = [
    {"ReadWriteType": "All", "ExcludeManagementEventSources": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}
]
WRITES = [{"ReadWriteType": "WriteOnly"}]
DATA_ONLY = [{"IncludeManagementEvents": False}]


def add(world: World, name: str = "main", selectors: list[dict[str, Any]] | None = None, **row: Any) -> World:
    arn = world.add_trail(name, **{"key": "logs", **row})
    if selectors:
        world.selectors(arn, basic=selectors)
    return world


def test_a_complete_trail_passes() -> None:
    [row] = run_check(CHECK, add(World()))
    assert (row.status, row.message) == (PASS, "trail main meets the whole baseline")
    assert row.observed == {
        "satisfying": ["arn:aws:cloudtrail:us-east-1:111122223333:trail/main"],
        "IsLogging": True,
        "IsMultiRegionTrail": True,
        "HomeRegion": "us-east-1",
        "IncludeGlobalServiceEvents": True,
        "selectors": "default",
        "management_events": ["read", "write"],
        "excluded_event_sources": [],
        "LogFileValidationEnabled": True,
        "KmsKeyId": "arn:aws:kms:us-east-1:111122223333:key/logs",
    }
    assert row.expected == {
        "IsLogging": True,
        "IsMultiRegionTrail": True,
        "HomeRegion": "us-east-1, unless IsMultiRegionTrail",
        "IncludeGlobalServiceEvents": True,
        "management_events": ["read", "write"],
        "excluded_event_sources": [],
        "LogFileValidationEnabled": True,
        "KmsKeyId": "set",
    }


LACKS: dict[str, tuple[dict[str, Any], str]] = {
    "logging": ({"status": {"IsLogging": False, "StopLoggingTime": "2026-05-30T08:00:00Z"}},
                "is stopped since 2026-05-30T08:00:00Z"),
    "multi_region": ({"IsMultiRegionTrail": False}, "records us-east-1 only"),
    "global_events": ({"IncludeGlobalServiceEvents": False}, "leaves out global service events"),
    "management_all": ({"selectors": WRITES}, "records no read management events"),
    "no_exclusions": ({"selectors": KMS_EXCLUDED}, "excludes kms.amazonaws.com, rdsdata.amazonaws.com"),
    "validation": ({"LogFileValidationEnabled": False}, "does not validate log files"),
    "kms": ({"key": ""}, "has no KMS key"),
}  # fmt: skip


@pytest.mark.parametrize("name", LACKS)
def test_each_requirement_fails_alone_and_only_where_required(name: str) -> None:
    row, lack = LACKS[name]
    world = add(World(), **row)
    [result] = run_check(CHECK, world)
    assert (result.status, result.message) == (FAIL, "no single trail meets the whole baseline")
    assert [item["message"] for item in result.observed["candidates"]] == [f"trail main {lack}"]
    assert status_of(CHECK, world, {"require": [name]}) is FAIL
    assert status_of(CHECK, world, {"require": [other for other in LACKS if other != name]}) is PASS


def test_everything_that_is_missing_is_listed() -> None:
    world = add(World(), selectors=DATA_ONLY, LogFileValidationEnabled=False, key="")
    [row] = run_check(CHECK, world)
    assert row.observed["candidates"][0]["message"] == (
        "trail main records no read or write management events, records no management events at all, "
        "does not validate log files, has no KMS key"
    )


def test_a_single_region_trail_elsewhere_misses_global_events() -> None:
    world = add(World(), home="eu-west-1", IsMultiRegionTrail=False)
    [row] = run_check(CHECK, world, {"require": ["global_events"]})
    message = row.observed["candidates"][0]["message"]
    assert message == "trail main records eu-west-1 only, where events of us-east-1 never arrive"


def test_passes_on_different_trails_do_not_add_up() -> None:
    """Every requirement is met by some trail, and none meets them all."""
    world = add(World(), "stopped", status={"IsLogging": False})
    add(world, "single", IsMultiRegionTrail=False)
    [row] = run_check(CHECK, world)
    assert row.status is FAIL
    assert [item["message"] for item in row.observed["candidates"]] == [
        "trail single records us-east-1 only",
        "trail stopped is not logging",
    ]
    assert status_of(CHECK, add(world, "complete")) is PASS


def one_good_trail(*checks: str) -> Policy:
    """A policy that wants all checks to pass on one and the same trail."""
    policy = policy_of(get_check(checks[0]), subject=Trail, quantifier=Quantifier("any"), on_empty="fail")
    nodes = [policy_of(get_check(check), subject=Trail).require[0] for check in checks]
    return replace(policy, require=tuple(nodes))


def test_a_policy_about_one_good_trail_is_not_met_by_two_halves() -> None:
    """A multi-region trail that is stopped beside a logging one of a single region: each check passes nowhere together."""
    checks = (
        "trail-multi-region",
        "trail-log-file-validation",
        "trail-management-events",
        "trail-global-service-events",
    )
    world = add(World(), "stopped", status={"IsLogging": False})
    add(world, "single", IsMultiRegionTrail=False)
    [row] = run_policy(one_good_trail(*checks), world)
    assert row.status is FAIL
    assert "0 of 2 trail subjects satisfy it" in row.message
    add(world, "good")
    [row] = run_policy(one_good_trail(*checks), world)
    assert row.status is PASS
    [row] = run_policy(one_good_trail(*checks, "trail-cloudwatch-logs"), world)
    assert row.status is FAIL
    assert "good: trail good has no log group" in row.message


def test_a_policy_about_one_good_trail_stays_open_while_the_candidate_is_unknown() -> None:
    world = add(World(), "unknown")
    add(world, "bad", LogFileValidationEnabled=False)
    world.deny("cloudtrail.GetTrailStatus", Name=f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/unknown")
    [row] = run_policy(one_good_trail("trail-multi-region", "trail-log-file-validation"), world)
    assert reason_of(row).operation == "cloudtrail.GetTrailStatus"


def test_no_trail_at_all_fails() -> None:
    assert status_of(CHECK, World()) is FAIL
    assert status_of(CHECK, World(), {"require": []}) is FAIL


def test_an_empty_list_requires_everything() -> None:
    assert status_of(CHECK, add(World(), key=""), {"require": []}) is FAIL
    assert status_of(CHECK, add(World()), {"require": []}) is PASS


@pytest.mark.parametrize("operation", ["cloudtrail.GetTrailStatus", "cloudtrail.GetEventSelectors"])
def test_unknown_on_the_best_candidate_is_an_error_unless_another_passes(operation: str) -> None:
    world = add(World(), "unknown", HasCustomEventSelectors=True)
    world.deny(operation)
    [row] = run_check(CHECK, world)
    assert reason_of(row).operation == operation
    complete = add(world, "complete")
    world.status("arn:aws:cloudtrail:us-east-1:111122223333:trail/complete")
    assert status_of(CHECK, complete) is PASS


def test_unknown_on_a_trail_that_surely_fails_decides_nothing() -> None:
    world = add(World(), HasCustomEventSelectors=True, LogFileValidationEnabled=False)
    world.deny("cloudtrail.GetTrailStatus")
    world.deny("cloudtrail.GetEventSelectors")
    [row] = run_check(CHECK, world)
    assert row.status is FAIL
    assert row.observed["candidates"][0]["message"] == "trail main does not validate log files"


def test_a_region_nobody_could_list_may_hold_the_complete_trail() -> None:
    world = add(World(), key="")
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert status_of(CHECK, world) is ERROR


def test_every_trail_can_be_held_to_the_baseline() -> None:
    world = add(add(World(), "complete"), "archive", key="")
    rows = run_check(CHECK, world, subject=Trail)
    assert {row.subject_name: row.status for row in rows} == {"archive": FAIL, "complete": PASS}


@pytest.mark.parametrize(
    ("require", "status", "selectors"),
    [
        (["multi_region", "validation", "kms", "global_events"], False, False),
        (["logging"], True, False),
        (["management_all"], False, True),
        (["no_exclusions"], False, True),
        ([], True, True),
    ],
)
def test_only_what_is_required_is_read(require: list[str], status: bool, selectors: bool) -> None:
    """The plan of a policy that requires less sends less."""
    check = get_check(CHECK)
    names = {item.qualified for item in allowed_facts(check, check.params_type(require=tuple(require)))}
    assert ("Trail.status" in names, "Trail.selectors" in names) == (status, selectors)
