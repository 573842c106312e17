"""What is really in the log bucket: locks on sampled files, and files from the start of the period."""

from datetime import timedelta
from typing import Any

import pytest

from trailwarden.model import ReasonCode, Result, Status
from trailwarden.testing import ACCOUNT, NOW, Files, World, ago, reason_of, run_check

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
LOCKED = "bucket-object-lock-applied"
OLDEST = "bucket-oldest-log-present"
BEFORE: dict[str, Any] = {"previousDigestS3Object": "AWSLogs/an/older/one.json.gz"}


def judged(check: str, world: World, params: dict[str, Any] | None = None) -> Result:
    [row] = run_check(check, world, params)
    return row


def world_of(**trail: Any) -> tuple[World, Files]:
    world = World()
    world.add_trail("main", bucket="logs", **trail)
    return world, Files(world, "logs")


def filled(number: int = 30, **lock: Any) -> tuple[World, Files]:
    """A bucket with a log and a digest of each of the last days."""
    world, files = world_of()
    for day in range(number):
        files.add_log(NOW - timedelta(days=day, hours=1), **lock)
        files.add_digest(NOW - timedelta(days=day, hours=2), **lock)
    return world, files


# --- bucket-object-lock-applied -------------------------------------------------------------------------------------


def test_a_locked_sample_passes() -> None:
    world, _ = filled()
    row = judged(LOCKED, world)
    assert row.status is PASS, row.message
    assert len(row.observed["sample"]) == 10


def test_the_sample_holds_both_ends_of_logs_and_digests_and_stays_small() -> None:
    world, files = filled(300)
    keys = {item["Key"] for item in judged(LOCKED, world).observed["sample"]}
    logs = sorted(key for key in files.objects if "/CloudTrail/" in key)
    digests = sorted(key for key in files.objects if "/CloudTrail-Digest/" in key)
    assert {logs[0], logs[-1], digests[0], digests[-1]} <= keys
    months = {key.split("/")[5] for key in keys}
    assert len(months) >= 4
    again, _ = filled(300)
    assert {item["Key"] for item in judged(LOCKED, again).observed["sample"]} == keys
    listings = [call.arguments for call in world.calls if call.name == "s3.ListObjectsV2"]
    assert len(listings) < 60


@pytest.mark.parametrize("size", [1, 3, 7])
def test_the_size_of_the_sample_is_a_parameter(size: int) -> None:
    world, _ = filled()
    row = judged(LOCKED, world, {"sample_size": size})
    assert len(row.observed["sample"]) == size
    assert [call.name for call in world.calls].count("s3.GetObjectRetention") == size


def test_a_default_retention_of_last_week_does_not_lock_last_year() -> None:
    """The oldest file has none, and the sample sees it."""
    world, files = filled(10)
    files.add_log(NOW - timedelta(days=300), days=0)
    row = judged(LOCKED, world)
    assert (row.status, "is not locked" in row.message) == (FAIL, True)


def test_files_from_before_the_period_do_not_matter() -> None:
    world, files = filled(10)
    files.add_log(NOW - timedelta(days=400), days=0)
    assert judged(LOCKED, world).status is PASS


@pytest.mark.parametrize(
    ("lock", "status"),
    [
        ({"days": 365}, PASS),
        ({"days": 364}, PASS),  # a day of tolerance
        ({"days": 363}, FAIL),
        ({"days": 365, "mode": "GOVERNANCE"}, FAIL),
        ({"days": 0}, FAIL),
    ],
)
def test_mode_and_time_of_a_lock(lock: dict[str, Any], status: Status) -> None:
    world, _ = filled(3, **lock)
    assert judged(LOCKED, world).status is status


def test_without_sufficient_default_retention_another_control_fails_already() -> None:
    world, _ = filled(3)
    for lock in (
        {},
        {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 365}}},
        {"Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 364}}},
        {"ObjectLockEnabled": "", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}}},
    ):
        configuration = {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", **lock}}
        world.reply("s3.GetObjectLockConfiguration", configuration)
        assert judged(LOCKED, world).status is NA
    world.error("s3.GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", status=404)
    assert judged(LOCKED, world).status is NA


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("s3.ListObjectsV2", "s3:ListBucket"),
        ("s3.GetObjectRetention", "s3:GetObjectRetention"),
        ("s3.GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
    ],
)
def test_what_is_refused_is_an_error(operation: str, action: str) -> None:
    world, _ = filled(3)
    world.deny(operation)
    assert reason_of(judged(LOCKED, world)).missing_action == action


def test_an_unlocked_file_decides_though_another_is_refused() -> None:
    world, files = filled(3)
    bare = files.add_log(NOW - timedelta(minutes=5), days=0)
    for key in files.objects:
        if key != bare:
            world.deny("s3.GetObjectRetention", Key=key)
    assert judged(LOCKED, world).status is FAIL


def test_a_lock_without_an_end_is_none() -> None:
    world, files = filled(3)
    world.reply("s3.GetObjectRetention", {"Retention": {"Mode": "COMPLIANCE"}}, Key=next(iter(files.objects)))
    assert "is not locked" in judged(LOCKED, world).message


def test_an_empty_bucket_proves_nothing() -> None:
    world, _ = world_of()
    assert reason_of(judged(LOCKED, world)).code is ReasonCode.COVERAGE_GAP


@pytest.mark.parametrize(
    ("trail", "root"),
    [
        ({"S3KeyPrefix": "audit"}, "audit/AWSLogs/"),
        ({"IsOrganizationTrail": True}, "AWSLogs/o-abc123/"),
    ],
)
def test_files_are_found_below_the_prefix_and_the_organization(trail: dict[str, Any], root: str) -> None:
    world = World()
    world.add_trail("main", bucket="logs", **trail)
    files = Files(world, "logs", root=root)
    files.add_log(NOW - timedelta(hours=1))
    row = judged(LOCKED, world)
    assert row.status is PASS, row.message
    assert row.observed["sample"][0]["Key"].startswith(f"{root}{ACCOUNT}/CloudTrail/")


# --- bucket-oldest-log-present --------------------------------------------------------------------------------------


def test_a_digest_from_the_start_of_the_period_passes() -> None:
    world, files = world_of()
    files.add_digest(NOW - timedelta(days=366), **BEFORE)
    assert judged(OLDEST, world).status is PASS
    assert "s3.GetObject" not in [call.name for call in world.calls]


def test_an_old_log_is_proof_as_well() -> None:
    world, files = world_of()
    files.add_log(NOW - timedelta(days=366))
    files.add_digest(NOW - timedelta(days=10), **BEFORE)
    assert judged(OLDEST, world).status is PASS


@pytest.mark.parametrize(("minutes", "status"), [(0, PASS), (1, FAIL)])
def test_a_log_from_the_first_minute_of_the_period_is_proof(minutes: int, status: Status) -> None:
    world, files = world_of()
    files.add_log(NOW - timedelta(days=365) + timedelta(minutes=minutes))
    files.add_digest(NOW - timedelta(days=10), **BEFORE)
    assert judged(OLDEST, world).status is status


def test_the_required_days_are_a_parameter() -> None:
    world, files = world_of()
    files.add_digest(NOW - timedelta(days=100), **BEFORE)
    assert judged(OLDEST, world).status is FAIL
    assert judged(OLDEST, world, {"required_days": 100}).status is PASS
    assert judged(OLDEST, world, {"required_days": 101}).status is FAIL


def test_an_oldest_digest_that_names_another_before_it_shows_a_loss() -> None:
    world, files = world_of()
    files.add_digest(NOW - timedelta(days=40), **BEFORE)
    files.add_digest(NOW - timedelta(days=39), **BEFORE)
    row = judged(OLDEST, world)
    assert (row.status, "older files are gone" in row.message) == (FAIL, True)


def began(days: float, **status: Any) -> tuple[World, Files]:
    """A trail whose first digest is that many days old."""
    world, files = world_of(status={"StartLoggingTime": ago(days=40), **status})
    files.add_digest(NOW - timedelta(days=days) + timedelta(hours=1))
    return world, files


def test_a_trail_that_began_with_its_first_digest_is_too_young() -> None:
    row = judged(OLDEST, began(40)[0])
    assert row.status is NA
    assert "TOO_YOUNG" in row.message
    assert "2026-04-22" in row.message


@pytest.mark.parametrize(("hours", "status"), [(2, NA), (-2, NA), (2.1, ERROR), (-2.1, ERROR)])
def test_the_first_digest_may_begin_somewhat_before_or_after_the_trail(hours: float, status: Status) -> None:
    assert judged(OLDEST, began(40 + hours / 24)[0]).status is status


def test_a_digest_that_does_not_say_when_it_begins_proves_nothing() -> None:
    world, files = world_of(status={"StartLoggingTime": ago(days=40)})
    files.add_digest(NOW - timedelta(days=40), digestStartTime=None)
    assert reason_of(judged(OLDEST, world)).code is ReasonCode.COVERAGE_GAP


@pytest.mark.parametrize(
    "world",
    [
        began(30)[0],  # logging began ten days before the chain
        began(40, StopLoggingTime=ago(days=41))[0],  # it had logged before
        began(40, StartLoggingTime=None)[0],
    ],
)
def test_a_chain_that_began_anew_proves_nothing(world: World) -> None:
    assert reason_of(judged(OLDEST, world)).code is ReasonCode.COVERAGE_GAP


def test_without_digests_nothing_tells_what_is_gone() -> None:
    world, files = world_of()
    assert reason_of(judged(OLDEST, world)).code is ReasonCode.COVERAGE_GAP
    files.add_log(NOW - timedelta(days=10))
    assert reason_of(judged(OLDEST, world)).code is ReasonCode.COVERAGE_GAP


@pytest.mark.parametrize(
    ("operation", "action"), [("s3.ListObjectsV2", "s3:ListBucket"), ("s3.GetObject", "s3:GetObject")]
)
def test_listing_and_reading_may_be_refused(operation: str, action: str) -> None:
    world, files = world_of()
    files.add_digest(NOW - timedelta(days=40), **BEFORE)
    world.deny(operation)
    assert reason_of(judged(OLDEST, world)).missing_action == action


@pytest.mark.parametrize("body", ["", "bm8gZ3ppcA==", "***", "H4sIAAAAAAAA"])
def test_a_file_that_is_no_digest_is_an_error(body: str) -> None:
    world, files = world_of()
    key = files.add_digest(NOW - timedelta(days=40), **BEFORE)
    world.reply("s3.GetObject", {"Body": body}, Key=key)
    assert reason_of(judged(OLDEST, world)).code is ReasonCode.UNPARSEABLE
