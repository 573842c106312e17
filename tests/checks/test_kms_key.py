"""Whether the key of a trail works, and for how long."""

from typing import Any

import pytest

from trailwarden.model import ReasonCode, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, World, ago, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
USABLE, ROTATION = "kms-key-usable", "kms-key-rotation"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/logs"
FOREIGN = f"arn:aws:kms:us-east-1:{MANAGEMENT}:key/logs"


def with_key(**metadata: Any) -> World:
    world = World()
    world.add_trail("main", key="logs")
    world.add_key("logs", **metadata)
    return world


def with_foreign_key() -> World:
    world = World()
    world.add_trail("main", KmsKeyId=FOREIGN)
    world.add_key("logs", owner=MANAGEMENT)
    return world


# --- kms-key-usable -------------------------------------------------------------------------------------------------


def test_an_enabled_key_passes() -> None:
    [row] = run_check(USABLE, with_key())
    assert (row.status, row.message) == (PASS, "key logs is enabled and usable")
    assert (row.subject, row.subject_type, row.region) == (KEY, "key", "us-east-1")
    assert row.observed == {
        "Arn": KEY,
        "KeyState": "Enabled",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "Origin": "AWS_KMS",
        "ValidTo": None,
        "DeletionDate": None,
    }
    assert row.expected == {"KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}


def test_without_a_key_there_is_nothing_to_judge() -> None:
    world = World()
    world.add_trail("main")
    for check in (USABLE, ROTATION):
        assert status_of(check, world) is NA


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"KeyState": "Disabled"}, "key logs is in state Disabled"),
        ({"KeyState": "PendingImport"}, "key logs is in state PendingImport"),
        ({"KeyState": "PendingReplicaDeletion"}, "key logs is in state PendingReplicaDeletion"),
        ({"KeyState": "Unavailable"}, "key logs is in state Unavailable"),
        ({"KeyState": None}, "key logs is in state unknown"),
        (
            {"KeyState": "PendingDeletion", "DeletionDate": "2026-06-08T00:00:00Z"},
            "key logs is in state PendingDeletion, deleted at 2026-06-08T00:00:00Z",
        ),
        ({"KeySpec": "RSA_2048"}, "key logs has KeySpec RSA_2048"),
        ({"KeySpec": None}, "key logs has KeySpec unknown"),
        ({"KeyUsage": "SIGN_VERIFY"}, "key logs has KeyUsage SIGN_VERIFY"),
        ({"KeyUsage": None}, "key logs has KeyUsage unknown"),
        (
            {"KeyState": "Disabled", "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
            "key logs is in state Disabled, has KeySpec HMAC_256, has KeyUsage GENERATE_VERIFY_MAC",
        ),
    ],
)
def test_what_makes_a_key_unusable(metadata: dict[str, Any], message: str) -> None:
    [row] = run_check(USABLE, with_key(**metadata))
    assert (row.status, row.message) == (FAIL, message)


def test_a_key_pending_deletion_shows_when() -> None:
    [row] = run_check(USABLE, with_key(KeyState="PendingDeletion", DeletionDate="2026-06-08T00:00:00Z"))
    assert row.observed["KeyState"] == "PendingDeletion"
    assert row.observed["DeletionDate"] == "2026-06-08T00:00:00Z"


@pytest.mark.parametrize("state", ["Creating", "Updating"])
def test_a_key_on_its_way_is_undecided(state: str) -> None:
    [row] = run_check(USABLE, with_key(KeyState=state))
    assert reason_of(row).code is ReasonCode.EVENTUAL
    assert reason_of(row).operation == "kms.DescribeKey"
    assert f"the key is in state {state}" in row.message
    assert status_of(USABLE, with_key(KeyState=state, KeyUsage="SIGN_VERIFY")) is FAIL


EXPIRING = {"Origin": "EXTERNAL", "ExpirationModel": "KEY_MATERIAL_EXPIRES"}


@pytest.mark.parametrize(
    ("metadata", "params", "status"),
    [
        ({**EXPIRING, "ValidTo": ago(days=-30)}, {}, PASS),
        ({**EXPIRING, "ValidTo": ago(days=-30, seconds=1)}, {}, FAIL),
        ({**EXPIRING, "ValidTo": ago(days=-30, seconds=1)}, {"min_validity_days": 29}, PASS),
        ({**EXPIRING, "ValidTo": ago(days=1)}, {"min_validity_days": 0}, FAIL),
        (EXPIRING, {}, FAIL),
        ({"Origin": "EXTERNAL", "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}, {}, PASS),
    ],
)
def test_imported_material_must_last(metadata: dict[str, Any], params: dict[str, Any], status: Status) -> None:
    [row] = run_check(USABLE, with_key(**metadata), params)
    assert row.status is status
    if status is FAIL:
        when = f"at {metadata['ValidTo']}" if "ValidTo" in metadata else "at an unknown time"
        assert row.message == f"key logs has key material that expires {when}"
    if "ValidTo" in metadata:
        assert row.observed["ValidTo"] == metadata["ValidTo"]


def test_a_key_that_is_gone_fails() -> None:
    world = with_key()
    world.error("kms.DescribeKey", "NotFoundException")
    [row] = run_check(USABLE, world)
    assert (row.status, row.message) == (FAIL, "key logs does not exist")
    assert row.observed == {"KeyId": KEY, "KeyState": None}


@pytest.mark.parametrize("code", ["AccessDeniedException", "NotFoundException"])
@pytest.mark.parametrize("check", [USABLE, ROTATION])
def test_of_a_foreign_key_a_refusal_says_nothing(check: str, code: str) -> None:
    """KMS does not tell another account whether a key is missing or merely not shared."""
    world = with_foreign_key()
    world.error("kms.DescribeKey", code)
    [row] = run_check(check, world)
    assert reason_of(row).code is ReasonCode.CROSS_ACCOUNT


def test_a_foreign_key_is_asked_about_in_its_own_account_where_the_run_can() -> None:
    world = with_foreign_key()
    world.deny("kms.DescribeKey", account=ACCOUNT)
    assert status_of(USABLE, world) is ERROR
    assert status_of(USABLE, world, peers=[MANAGEMENT]) is PASS
    world.error("kms.DescribeKey", "NotFoundException", account=MANAGEMENT)
    assert status_of(USABLE, world, peers=[MANAGEMENT]) is FAIL


@pytest.mark.parametrize("check", [USABLE, ROTATION])
@pytest.mark.parametrize(
    ("code", "reason"),
    [("AccessDeniedException", ReasonCode.ACCESS_DENIED), ("ThrottlingException", ReasonCode.THROTTLED)],
)
def test_an_unreadable_key_is_an_error(check: str, code: str, reason: ReasonCode) -> None:
    world = with_key()
    world.error("kms.DescribeKey", code)
    [row] = run_check(check, world)
    assert reason_of(row).code is reason


def test_the_key_must_be_in_the_region_of_the_bucket() -> None:
    world = World()
    world.add_bucket("far", region="eu-west-1")
    world.add_trail("main", key="logs", bucket="far")
    [row] = run_check(USABLE, world)
    assert (row.status, row.message) == (FAIL, "key logs is not in the region of bucket far")


def test_every_bucket_that_the_key_serves_is_compared() -> None:
    world = with_key()
    world.add_bucket("far", region="eu-west-1")
    world.add_trail("second", key="logs", bucket="far")
    [row] = run_check(USABLE, world)
    assert (row.status, row.message) == (FAIL, "key logs is not in the region of bucket far")


def test_a_trail_without_a_bucket_has_no_region_to_compare() -> None:
    world = World()
    world.add_trail("main", key="logs", S3BucketName="")
    assert status_of(USABLE, world) is PASS


def test_an_alias_is_in_the_region_of_its_key() -> None:
    """The trail may name an alias; what counts is the key behind it."""
    world = World()
    world.add_trail("main", KmsKeyId="alias/logs")
    metadata = {"Arn": KEY, "KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}
    world.reply("kms.DescribeKey", {"KeyMetadata": metadata}, KeyId="alias/logs", region="us-east-1")
    assert status_of(USABLE, world) is PASS
    elsewhere = {**metadata, "Arn": KEY.replace("us-east-1", "eu-west-1")}
    world.reply("kms.DescribeKey", {"KeyMetadata": elsewhere}, KeyId="alias/logs", region="us-east-1")
    assert status_of(USABLE, world) is FAIL
    nowhere = {name: value for name, value in metadata.items() if name != "Arn"}
    world.reply("kms.DescribeKey", {"KeyMetadata": nowhere}, KeyId="alias/logs", region="us-east-1")
    assert status_of(USABLE, world) is PASS


def test_a_bucket_that_is_gone_or_unreadable_is_an_error_unless_the_key_is_bad() -> None:
    world = with_key()
    world.error("s3.HeadBucket", "404", "Not Found", 404)
    [row] = run_check(USABLE, world)
    assert reason_of(row).code is ReasonCode.NOT_FOUND
    assert reason_of(row).operation == "s3.HeadBucket"
    assert reason_of(row).aws_message == "bucket main-logs does not exist"
    world.error("s3.HeadBucket", "SlowDown", status=503)
    [row] = run_check(USABLE, world)
    assert reason_of(row).code is ReasonCode.THROTTLED
    world.add_key("logs", KeyState="Disabled")
    assert status_of(USABLE, world) is FAIL


def test_a_key_of_several_trails_is_judged_once() -> None:
    world = with_key()
    world.add_trail("second", key="logs")
    assert len(run_check(USABLE, world)) == 1


# --- kms-key-rotation -----------------------------------------------------------------------------------------------


def rotating(world: World, enabled: bool = True, **fields: Any) -> World:
    world.reply("kms.GetKeyRotationStatus", {"KeyRotationEnabled": enabled, **fields})
    return world


def test_yearly_rotation_passes() -> None:
    [row] = run_check(ROTATION, with_key())
    assert (row.status, row.message) == (PASS, "key logs is rotated every 365 days")
    assert row.observed == {
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "KeyState": "Enabled",
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": 365,
    }
    assert row.expected == {"KeyRotationEnabled": True, "RotationPeriodInDays": "at most 365"}


@pytest.mark.parametrize(
    ("enabled", "fields", "params", "status", "message"),
    [
        (False, {}, {}, FAIL, "key logs is not rotated automatically"),
        (True, {}, {}, PASS, "key logs is rotated every 365 days"),
        (True, {"RotationPeriodInDays": 366}, {}, FAIL, "key logs is rotated only every 366 days"),
        (True, {"RotationPeriodInDays": 180}, {"max_period_days": 180}, PASS, "key logs is rotated every 180 days"),
        (
            True,
            {"RotationPeriodInDays": 181},
            {"max_period_days": 180},
            FAIL,
            "key logs is rotated only every 181 days",
        ),
    ],
)
def test_how_often_a_key_must_rotate(
    enabled: bool, fields: dict[str, Any], params: dict[str, Any], status: Status, message: str
) -> None:
    [row] = run_check(ROTATION, rotating(with_key(), enabled, **fields), params)
    assert (row.status, row.message) == (status, message)


@pytest.mark.parametrize("origin", ["EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"])
def test_where_kms_cannot_rotate_nothing_is_asked_of_it(origin: str) -> None:
    world = with_key(Origin=origin)
    world.deny("kms.GetKeyRotationStatus")
    [row] = run_check(ROTATION, world)
    assert (row.status, row.message) == (NA, f"KMS can't rotate key logs by itself: its origin is {origin}")
    assert row.observed == {"Origin": origin, "KeyManager": "CUSTOMER", "KeyState": "Enabled"}


def test_awss_own_key_is_rotated_by_aws() -> None:
    [row] = run_check(ROTATION, rotating(with_key(KeyManager="AWS"), enabled=False))
    assert (row.status, row.message) == (NA, "key logs is AWS's own, which AWS rotates every year")


@pytest.mark.parametrize("state", ["PendingDeletion", "PendingReplicaDeletion", "PendingImport"])
def test_of_a_pending_key_the_answer_means_nothing(state: str) -> None:
    [row] = run_check(ROTATION, rotating(with_key(KeyState=state), enabled=False))
    assert reason_of(row).code is ReasonCode.EVENTUAL
    assert reason_of(row).operation == "kms.GetKeyRotationStatus"
    assert f"in state {state} KMS reports no rotation, whatever was set" in row.message


def test_a_disabled_key_keeps_its_rotation() -> None:
    assert status_of(ROTATION, with_key(KeyState="Disabled")) is PASS


def test_a_replica_has_the_rotation_of_its_primary() -> None:
    world = with_key(MultiRegionConfiguration={"MultiRegionKeyType": "REPLICA"})
    [row] = run_check(ROTATION, world)
    assert (row.status, row.observed["MultiRegionKeyType"]) == (PASS, "REPLICA")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AccessDeniedException", ReasonCode.ACCESS_DENIED),
        ("UnsupportedOperationException", ReasonCode.UNSUPPORTED),
        ("KMSInvalidStateException", ReasonCode.UNEXPECTED),
    ],
)
def test_an_unreadable_rotation_is_an_error(code: str, reason: ReasonCode) -> None:
    world = with_key()
    world.error("kms.GetKeyRotationStatus", code)
    [row] = run_check(ROTATION, world)
    assert reason_of(row).code is reason


def test_an_answer_without_the_flag_is_no_answer() -> None:
    world = with_key()
    world.reply("kms.GetKeyRotationStatus", {"RotationPeriodInDays": 365})
    [row] = run_check(ROTATION, world)
    assert reason_of(row).code is ReasonCode.UNEXPECTED


def test_the_rotation_of_a_key_that_is_gone_is_not_known() -> None:
    world = with_key()
    world.error("kms.DescribeKey", "NotFoundException")
    [row] = run_check(ROTATION, world)
    assert reason_of(row).code is ReasonCode.NOT_FOUND
    assert reason_of(row).operation == "kms.DescribeKey"
    assert reason_of(row).aws_message == "key logs does not exist"
