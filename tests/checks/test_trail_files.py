"""Whether a trail's files can be proven and are encrypted with a key of their own."""

from typing import Any

import pytest

from trailwarden.model import ReasonCode, Status
from trailwarden.testing import MANAGEMENT, World, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
VALIDATION, KMS = "trail-log-file-validation", "trail-kms-encrypted"
PRIMARY = {"mode": "any_primary"}


def by_name(check: str, world: World, params: dict[str, Any] | None = None) -> dict[str, Status]:
    return {row.subject_name: row.status for row in run_check(check, world, params)}


# --- trail-log-file-validation --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "status", "message"),
    [
        (True, PASS, "trail main validates its log files"),
        (False, FAIL, "trail main does not validate log files"),
        (None, FAIL, "trail main does not validate log files"),
    ],
)
def test_validation_is_judged_by_the_listing(flag: bool | None, status: Status, message: str) -> None:
    world = World()
    arn = world.add_trail("main", LogFileValidationEnabled=flag)
    [row] = run_check(VALIDATION, world)
    assert (row.status, row.message, row.subject) == (status, message, arn)
    assert row.observed == {"LogFileValidationEnabled": bool(flag)}
    assert row.expected == {"LogFileValidationEnabled": True}


def test_every_trail_must_validate() -> None:
    world = World()
    world.add_trail("archive", LogFileValidationEnabled=False)
    world.add_trail("main")
    assert by_name(VALIDATION, world) == {"archive": FAIL, "main": PASS}


def test_without_a_trail_there_is_nothing_to_validate() -> None:
    [row] = run_check(VALIDATION, World())
    assert (row.status, row.subject_type) == (NA, "account")


def test_a_region_nobody_could_list_leaves_an_error_row() -> None:
    world = World()
    world.add_trail("main")
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    rows = run_check(VALIDATION, world)
    assert {row.subject_type: row.status for row in rows} == {"trail": PASS, "account": ERROR}


def test_a_shadow_is_judged_by_its_own_row() -> None:
    world = World()
    world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True)
    assert status_of(VALIDATION, world) is PASS


def test_one_primary_trail_that_validates_excuses_the_others() -> None:
    world = World()
    world.add_trail("archive", LogFileValidationEnabled=False)
    arn = world.add_trail("main")
    rows = run_check(VALIDATION, world, PRIMARY)
    assert [(row.subject_name, row.status) for row in rows] == [("archive", NA), ("main", PASS)]
    assert rows[0].message == f"trail archive may be left out: {arn} validates its log files and records everything"
    assert rows[0].observed == {"LogFileValidationEnabled": False}
    assert rows[1].message == "trail main validates its log files and records everything"
    assert rows[1].observed == {"LogFileValidationEnabled": True}


@pytest.mark.parametrize(
    ("row", "selectors", "message"),
    [
        ({"IsMultiRegionTrail": False}, [], "trail main records us-east-1 only"),
        ({"status": {"IsLogging": False}}, [], "trail main is not logging"),
        ({"LogFileValidationEnabled": False}, [], "trail main does not validate log files"),
        ({}, [{"ReadWriteType": "WriteOnly"}], "trail main records no read management events"),
    ],
)
def test_a_trail_that_is_not_primary_excuses_nobody(
    row: dict[str, Any], selectors: list[dict[str, Any]], message: str
) -> None:
    world = World()
    world.add_trail("archive", LogFileValidationEnabled=False)
    arn = world.add_trail("main", **row)
    if selectors:
        world.selectors(arn, basic=selectors)
    rows = {result.subject_name: result for result in run_check(VALIDATION, world, PRIMARY)}
    assert {result.status for result in rows.values()} == {FAIL}
    assert rows["main"].message == f"no trail that records everything validates its log files: {message}"
    assert rows["archive"].message.endswith(": trail archive does not validate log files")


def test_any_primary_is_undecided_while_a_candidate_is_unreadable() -> None:
    world = World()
    world.add_trail("archive", LogFileValidationEnabled=False)
    denied = world.add_trail("main")
    world.deny("cloudtrail.GetTrailStatus", Name=denied)
    assert by_name(VALIDATION, world, PRIMARY) == {"archive": ERROR, "main": ERROR}
    assert by_name(VALIDATION, world) == {"archive": FAIL, "main": PASS}


# --- trail-kms-encrypted --------------------------------------------------------------------------------------------

KEY = "arn:aws:kms:us-east-1:111122223333:key/logs"


def test_a_key_passes_whatever_its_state() -> None:
    """Whether the key is any good is for the kms-key checks; nothing asks KMS here."""
    world = World()
    world.add_trail("main", key="logs")
    world.deny("kms.DescribeKey")
    [row] = run_check(KMS, world)
    assert (row.status, row.message) == (PASS, "trail main encrypts its files with a KMS key")
    assert (row.observed, row.expected) == ({"KmsKeyId": KEY}, {"KmsKeyId": "set"})


@pytest.mark.parametrize("params", [{}, {"allowed_key_arns": [KEY]}])
def test_no_key_fails(params: dict[str, Any]) -> None:
    world = World()
    world.add_trail("main")
    [row] = run_check(KMS, world, params)
    assert (row.status, row.message) == (FAIL, "trail main encrypts its files with S3's own keys, not with a KMS key")
    assert row.observed == {"KmsKeyId": None}


def test_only_allowed_keys_pass() -> None:
    world = World()
    world.add_trail("main", key="logs")
    [row] = run_check(KMS, world, {"allowed_key_arns": [KEY]})
    assert (row.status, row.expected) == (PASS, {"KmsKeyId": [KEY]})
    [row] = run_check(KMS, world, {"allowed_key_arns": [f"{KEY}2"]})
    assert (row.status, row.message) == (FAIL, f"trail main encrypts with {KEY}, which is not an allowed key")


def test_a_denied_listing_is_an_error() -> None:
    world = World()
    world.add_trail("main", key="logs")
    world.deny("cloudtrail.DescribeTrails")
    [row] = run_check(KMS, world)
    assert reason_of(row).code is ReasonCode.ACCESS_DENIED
