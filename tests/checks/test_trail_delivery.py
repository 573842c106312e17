"""Whether log and digest files reach the bucket, in the home region and in all others."""

from typing import Any

import pytest

from trailwarden.model import ReasonCode, Status
from trailwarden.testing import World, ago, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
S3, DIGEST = "trail-s3-delivery-healthy", "trail-digest-delivery-healthy"
EVERYWHERE = {"regions": "all"}
FIELDS = {
    S3: ("LatestDeliveryTime", "LatestDeliveryError"),
    DIGEST: ("LatestDigestDeliveryTime", "LatestDigestDeliveryError"),
}


def delivering(**status: Any) -> tuple[World, str]:
    world = World()
    return world, world.add_trail("main", status=status)


def test_recent_log_files_pass() -> None:
    world, _ = delivering()
    [row] = run_check(S3, world)
    assert (row.status, row.message) == (PASS, "trail main delivers log files")
    assert row.observed == {
        "IsLogging": True,
        "StartLoggingTime": "2025-04-27T12:00:00Z",
        "LatestDeliveryTime": "2026-06-01T11:55:00Z",
        "LatestDeliveryError": None,
    }
    assert row.expected == {"LatestDeliveryError": None, "LatestDeliveryTime": "not before 2026-05-31T12:00:00Z"}


def test_recent_digests_pass() -> None:
    world, _ = delivering()
    [row] = run_check(DIGEST, world)
    assert (row.status, row.message) == (PASS, "trail main delivers digest files")
    assert row.expected == {
        "LatestDigestDeliveryError": None,
        "LatestDigestDeliveryTime": "not before 2026-06-01T09:00:00Z",
    }


@pytest.mark.parametrize("check", FIELDS)
def test_an_error_fails(check: str) -> None:
    time, error = FIELDS[check]
    world, _ = delivering(**{error: "NoSuchBucket"})
    [row] = run_check(check, world)
    assert row.status is FAIL
    assert row.message.endswith(f": {error} is 'NoSuchBucket' in us-east-1")
    assert row.observed[error] == "NoSuchBucket"
    assert row.observed[time] is not None


@pytest.mark.parametrize("check", FIELDS)
def test_an_empty_error_is_none(check: str) -> None:
    world, _ = delivering(**{FIELDS[check][1]: ""})
    assert status_of(check, world) is PASS


CASES = [
    (S3, {"hours": 24}, {"days": 400}, PASS),
    (S3, {"hours": 24, "seconds": 1}, {"days": 400}, FAIL),
    (S3, None, {"hours": 2}, FAIL),
    (S3, None, {"hours": 1.9}, ERROR),
    (DIGEST, {"hours": 3}, {"days": 400}, PASS),
    (DIGEST, {"hours": 3, "seconds": 1}, {"days": 400}, FAIL),
    (DIGEST, None, {"hours": 3}, FAIL),
    (DIGEST, None, {"hours": 2.9}, ERROR),
    (S3, {"days": 30}, {"hours": 1}, ERROR),
    (DIGEST, {"days": 30}, {"hours": 1}, ERROR),
]


@pytest.mark.parametrize(("check", "latest", "start", "status"), CASES)
def test_how_old_the_latest_file_may_be(check: str, latest: Any, start: Any, status: Status) -> None:
    latest_time = ago(**latest) if latest else None
    world, _ = delivering(**{FIELDS[check][0]: latest_time, "StartLoggingTime": ago(**start)})
    [row] = run_check(check, world)
    assert row.status is status
    if status is ERROR:
        reason = reason_of(row)
        assert (reason.code, reason.operation) == (ReasonCode.EVENTUAL, "cloudtrail.GetTrailStatus")
        what = {S3: "less than 2 hours ago and no log files", DIGEST: "less than 3 hours ago and no digest files"}[
            check
        ]
        assert reason.aws_message == f"logging began {what} have been delivered since"


@pytest.mark.parametrize("check", FIELDS)
def test_the_limits_are_parameters(check: str) -> None:
    world, _ = delivering(**{FIELDS[check][0]: ago(hours=40)})
    assert status_of(check, world, {"max_age_hours": 40}) is PASS
    assert status_of(check, world, {"max_age_hours": 39}) is FAIL
    world, _ = delivering(**{FIELDS[check][0]: None, "StartLoggingTime": ago(hours=9)})
    assert status_of(check, world, {"warmup_hours": 10}) is ERROR
    assert status_of(check, world, {"warmup_hours": 9}) is FAIL


@pytest.mark.parametrize("params", [{}, EVERYWHERE])
@pytest.mark.parametrize("check", FIELDS)
def test_a_stopped_trail_owes_nothing(check: str, params: dict[str, Any]) -> None:
    """Also one with an old error and a region that can't be read: that it is stopped is another control's finding."""
    time, error = FIELDS[check]
    world, _ = delivering(**{"IsLogging": False, time: None, error: "NoSuchBucket"})
    world.deny("cloudtrail.GetTrailStatus", region="eu-west-1")
    [row] = run_check(check, world, params)
    assert (row.status, row.message) == (NA, "trail main is not logging, so nothing is due")
    assert row.observed == {"IsLogging": False}


def test_without_validation_no_digest_is_due_and_nothing_is_asked() -> None:
    world = World()
    world.add_trail("main", LogFileValidationEnabled=False)
    world.deny("cloudtrail.GetTrailStatus")
    [row] = run_check(DIGEST, world)
    assert (row.status, row.message) == (NA, "trail main writes no digests: log file validation is off")
    assert row.observed == {"LogFileValidationEnabled": False}


@pytest.mark.parametrize("check", FIELDS)
@pytest.mark.parametrize(
    ("code", "reason"),
    [("AccessDeniedException", ReasonCode.ACCESS_DENIED), ("ThrottlingException", ReasonCode.THROTTLED)],
)
def test_an_unreadable_home_status_is_an_error(check: str, code: str, reason: ReasonCode) -> None:
    world, _ = delivering()
    world.error("cloudtrail.GetTrailStatus", code, region="us-east-1")
    for params in ({}, EVERYWHERE):
        [row] = run_check(check, world, params)
        assert (row.status, reason_of(row).code, reason_of(row).region) == (ERROR, reason, "us-east-1")


@pytest.mark.parametrize("check", FIELDS)
def test_other_regions_are_polled_only_when_asked(check: str) -> None:
    time, error = FIELDS[check]
    world, arn = delivering()
    world.status(arn, region="eu-west-1", **{error: "AccessDenied"})
    assert status_of(check, world) is PASS
    [row] = run_check(check, world, EVERYWHERE)
    assert row.status is FAIL
    assert row.message.endswith(f": {error} is 'AccessDenied' in eu-west-1")
    assert list(row.observed["regions"]) == ["eu-west-1", "us-east-1"]
    assert row.observed["regions"]["eu-west-1"][error] == "AccessDenied"
    assert row.observed["regions"]["us-east-1"][time] is not None


def test_a_quiet_region_delivers_no_log_files_and_is_not_at_fault() -> None:
    for latest in (None, ago(days=90)):
        world, arn = delivering()
        world.status(arn, region="eu-west-1", LatestDeliveryTime=latest)
        assert status_of(S3, world, EVERYWHERE) is PASS


def test_a_quiet_region_still_sends_digests() -> None:
    for latest in (None, ago(days=90)):
        world, arn = delivering()
        world.status(arn, region="eu-west-1", LatestDigestDeliveryTime=latest)
        assert status_of(DIGEST, world) is PASS
        [row] = run_check(DIGEST, world, EVERYWHERE)
        assert row.status is FAIL
        assert "eu-west-1" in row.message
        assert "us-east-1" not in row.message


def test_a_region_where_logging_is_off_owes_no_digest() -> None:
    world, arn = delivering()
    world.status(arn, region="eu-west-1", IsLogging=False, LatestDigestDeliveryTime=None)
    assert status_of(DIGEST, world, EVERYWHERE) is PASS


def test_a_region_that_began_a_moment_ago_warms_up_by_itself() -> None:
    world, arn = delivering()
    world.status(arn, region="eu-west-1", LatestDigestDeliveryTime=None, StartLoggingTime=ago(hours=1))
    [row] = run_check(DIGEST, world, EVERYWHERE)
    assert (row.status, reason_of(row).code, reason_of(row).region) == (ERROR, ReasonCode.EVENTUAL, "eu-west-1")


@pytest.mark.parametrize("check", FIELDS)
def test_one_unreadable_region_is_an_error_unless_another_is_broken(check: str) -> None:
    world, arn = delivering()
    world.deny("cloudtrail.GetTrailStatus", region="eu-west-1")
    assert status_of(check, world) is PASS
    [row] = run_check(check, world, EVERYWHERE)
    assert reason_of(row).region == "eu-west-1"
    world.status(arn, region="us-east-1", **{FIELDS[check][1]: "NoSuchBucket"})
    [row] = run_check(check, world, EVERYWHERE)
    assert row.status is FAIL
    assert row.observed["regions"]["eu-west-1"] == {"unreadable": "ACCESS_DENIED"}


@pytest.mark.parametrize("check", FIELDS)
def test_a_broken_region_fails_though_the_home_region_is_unreadable(check: str) -> None:
    world, arn = delivering()
    world.status(arn, region="eu-west-1", **{FIELDS[check][1]: "NoSuchBucket"})
    world.deny("cloudtrail.GetTrailStatus", region="us-east-1")
    assert status_of(check, world, EVERYWHERE) is FAIL


@pytest.mark.parametrize("check", FIELDS)
def test_a_single_region_trail_is_polled_at_home(check: str) -> None:
    world = World()
    world.add_trail("main", home="eu-west-1", IsMultiRegionTrail=False)
    world.deny("cloudtrail.GetTrailStatus", region="us-east-1")
    [row] = run_check(check, world, EVERYWHERE)
    assert row.status is PASS
    assert "regions" not in row.observed


@pytest.mark.parametrize("check", FIELDS)
def test_the_home_region_is_polled_also_outside_the_regions_asked_for(check: str) -> None:
    world, arn = delivering()
    world.status(arn, region="us-east-1", **{FIELDS[check][1]: "NoSuchBucket"})
    assert status_of(check, world, EVERYWHERE, only_regions=["eu-west-1"]) is FAIL
