"""What stands beside the log bucket: account settings, access points, the access-log target, replicas and archives."""

from typing import Any

import pytest

from trailwarden.facts import LogBucket
from trailwarden.model import ReasonCode, Result, Status
from trailwarden.testing import ACCOUNT, World, reason_of, run_check

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
ACCOUNT_BLOCK = "account-public-access-block"
POINTS = "bucket-access-points-not-public"
TARGET = "bucket-access-log-target-sound"
REPLICA = "bucket-replication"
HOT = "bucket-hot-retention"
ARCHIVE = "555566667777"
SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def world_of(**trail: Any) -> World:
    world = World()
    world.add_trail("main", bucket="logs", **trail)
    return world


def judged(check: str, world: World, params: dict[str, Any] | None = None, **options: Any) -> Result:
    [row] = run_check(check, world, params, **options)
    return row


def block(world: World, operation: str, off: str = "", **params: Any) -> None:
    world.reply(operation, {"PublicAccessBlockConfiguration": {name: name != off for name in SETTINGS}}, **params)


# --- account-public-access-block ------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", [None, LogBucket])
def test_all_four_account_settings_are_needed(subject: Any) -> None:
    world = world_of()
    row = judged(ACCOUNT_BLOCK, world, subject=subject)
    assert (row.status, row.subject_type) == (PASS, "bucket" if subject else "account")
    for name in SETTINGS:
        block(world, "s3control.GetPublicAccessBlock", name)
        row = judged(ACCOUNT_BLOCK, world, subject=subject)
        assert (row.status, name in row.message) == (FAIL, True)
    world.error("s3control.GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration", status=404)
    assert judged(ACCOUNT_BLOCK, world, subject=subject).status is FAIL
    world.deny("s3control.GetPublicAccessBlock")
    assert reason_of(judged(ACCOUNT_BLOCK, world, subject=subject)).missing_action == "s3:GetAccountPublicAccessBlock"


def test_the_account_that_owns_the_bucket_is_judged() -> None:
    """The trail's account may be open; the bucket is not there."""
    world = World()
    world.add_bucket("logs", owner=ARCHIVE)
    world.add_trail("main", bucket="logs")
    block(world, "s3control.GetPublicAccessBlock", SETTINGS[0], AccountId=ACCOUNT)
    options: dict[str, Any] = {"peers": [ARCHIVE], "log_accounts": [ARCHIVE]}
    row = judged(ACCOUNT_BLOCK, world, **options)
    assert row.status is PASS
    block(world, "s3control.GetPublicAccessBlock", SETTINGS[0], AccountId=ARCHIVE)
    assert f"account {ARCHIVE}" in judged(ACCOUNT_BLOCK, world, **options).message


def test_an_owner_that_no_listing_names_is_taken_to_be_who_was_asked() -> None:
    world = world_of()
    world.deny("s3.ListBuckets")
    assert f"account {ACCOUNT}" in judged(ACCOUNT_BLOCK, world, subject=LogBucket).message


def test_an_owner_out_of_reach_is_an_error() -> None:
    world = World()
    world.add_bucket("logs", owner=ARCHIVE)
    world.add_trail("main", bucket="logs")
    assert reason_of(judged(ACCOUNT_BLOCK, world)).code is ReasonCode.CROSS_ACCOUNT


def test_without_a_trail_no_account_owns_a_log_bucket() -> None:
    assert judged(ACCOUNT_BLOCK, World()).status is NA
    world = World()
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert judged(ACCOUNT_BLOCK, world).status is ERROR


# --- bucket-access-points-not-public --------------------------------------------------------------------------------


def with_point(
    *, origin: str = "Internet", public: bool = True, point: bool = False, bucket: bool = False, account: bool = False
) -> World:
    world = world_of()
    world.reply("s3control.ListAccessPoints", {"AccessPointList": [{"Name": "door", "NetworkOrigin": origin}]})
    world.reply("s3control.GetAccessPointPolicyStatus", {"PolicyStatus": {"IsPublic": public}}, Name="door")
    for operation, on, params in (
        ("s3control.GetAccessPoint", point, {"Name": "door"}),
        ("s3.GetPublicAccessBlock", bucket, {"Bucket": "logs"}),
        ("s3control.GetPublicAccessBlock", account, {"AccountId": ACCOUNT}),
    ):
        block(world, operation, "" if on else "RestrictPublicBuckets", **params)
    return world


def test_no_access_point_is_nothing_to_judge() -> None:
    assert judged(POINTS, world_of()).status is NA


@pytest.mark.parametrize(
    ("point", "status"),
    [
        ({}, FAIL),
        ({"public": False}, PASS),
        ({"origin": "VPC"}, PASS),
        ({"point": True}, PASS),
        ({"bucket": True}, PASS),
        ({"account": True}, PASS),
    ],
)
def test_an_access_point_is_public_when_nothing_restricts_it(point: dict[str, Any], status: Status) -> None:
    row = judged(POINTS, with_point(**point))
    assert row.status is status
    assert status is PASS or "door" in row.message


def test_an_access_point_without_policy_is_not_public() -> None:
    world = with_point()
    world.error("s3control.GetAccessPointPolicyStatus", "NoSuchAccessPointPolicy", status=404)
    assert judged(POINTS, world).status is PASS


@pytest.mark.parametrize(
    "operation", ["s3control.ListAccessPoints", "s3control.GetAccessPointPolicyStatus", "s3control.GetAccessPoint"]
)
def test_what_is_refused_of_access_points_is_an_error(operation: str) -> None:
    world = with_point()
    world.deny(operation)
    assert reason_of(judged(POINTS, world)).operation == operation


def test_one_restriction_is_enough_whatever_else_is_refused() -> None:
    world = with_point(account=True)
    world.deny("s3control.GetAccessPoint")
    world.deny("s3.GetPublicAccessBlock")
    assert judged(POINTS, world).status is PASS


def test_access_points_are_listed_page_by_page() -> None:
    world = with_point()
    world.reply("s3control.ListAccessPoints", {"AccessPointList": [], "NextToken": "more"})
    rows = [{"Name": "door", "NetworkOrigin": "Internet"}]
    world.reply("s3control.ListAccessPoints", {"AccessPointList": rows}, NextToken="more")
    assert judged(POINTS, world).status is FAIL


def test_a_known_public_access_point_decides_though_another_is_refused() -> None:
    world = with_point()
    rows = [{"Name": name, "NetworkOrigin": "Internet"} for name in ("closed", "door")]
    world.reply("s3control.ListAccessPoints", {"AccessPointList": rows})
    world.deny("s3control.GetAccessPointPolicyStatus", Name="closed")
    assert judged(POINTS, world).status is FAIL


# --- bucket-access-log-target-sound ---------------------------------------------------------------------------------


def with_target(*, region: str = "us-east-1", owner: str = "", prefix: str = "logs/") -> World:
    world = world_of()
    world.add_bucket("access", region=region, owner=owner)
    world.reply(
        "s3.GetBucketLogging", {"LoggingEnabled": {"TargetBucket": "access", "TargetPrefix": prefix}}, Bucket="logs"
    )
    world.error("s3.GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", status=404, Bucket="access")
    return world


def rule(days: int | None = None, **more: Any) -> dict[str, Any]:
    expiration = {} if days is None else {"Expiration": {"Days": days}}
    return {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, **expiration, **more}


def test_a_sound_target_passes() -> None:
    row = judged(TARGET, with_target())
    assert row.status is PASS, row.message
    assert row.observed["TargetBucket"] == "access"


def test_without_access_logging_there_is_no_target() -> None:
    world = with_target()
    world.reply("s3.GetBucketLogging", {})
    assert judged(TARGET, world).status is NA
    world.deny("s3.GetBucketLogging")
    assert judged(TARGET, world).status is ERROR


def test_a_target_that_is_gone() -> None:
    world = with_target()
    world.error("s3.HeadBucket", "404", "Not Found", 404, Bucket="access")
    row = judged(TARGET, world)
    assert (row.status, "does not exist" in row.message) == (FAIL, True)


def test_the_target_must_be_in_the_same_region_and_account() -> None:
    assert "is in eu-west-1" in judged(TARGET, with_target(region="eu-west-1")).message
    foreign = with_target(owner=ARCHIVE)
    row = judged(TARGET, foreign, peers=[ARCHIVE], log_accounts=[ARCHIVE])
    assert (row.status, f"belongs to {ARCHIVE}" in row.message) == (FAIL, True)


def test_a_target_whose_place_is_not_known_is_an_error() -> None:
    world = with_target(owner=ARCHIVE)
    world.deny("s3.ListBuckets")
    assert judged(TARGET, world).status is ERROR


def test_a_target_that_the_account_does_not_list_is_anothers() -> None:
    """The region is in the header of the refusal; none is recorded here, and ownership alone decides."""
    assert "belongs to another account" in judged(TARGET, with_target(owner=ARCHIVE)).message


@pytest.mark.parametrize(
    ("restricted_by", "status"),
    [("s3.GetPublicAccessBlock", PASS), ("s3control.GetPublicAccessBlock", PASS), ("", FAIL)],
)
def test_a_public_target(restricted_by: str, status: Status) -> None:
    world = with_target()
    world.reply("s3.GetBucketPolicyStatus", {"PolicyStatus": {"IsPublic": True}}, Bucket="access")
    off = "RestrictPublicBuckets"
    block(world, "s3.GetPublicAccessBlock", "" if restricted_by.startswith("s3.") else off, Bucket="access")
    block(world, "s3control.GetPublicAccessBlock", "" if restricted_by.startswith("s3control.") else off)
    assert judged(TARGET, world).status is status


def test_object_lock_keeps_access_logs_out() -> None:
    world = with_target()
    world.reply("s3.GetObjectLockConfiguration", {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}})
    assert "Object Lock" in judged(TARGET, world).message


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (rule(364), FAIL),
        (rule(365), PASS),
        (rule(), PASS),
        (rule(1, Status="Disabled"), PASS),
        (rule(1, Filter={"Prefix": "other/"}), PASS),
        (rule(1, Filter={"Prefix": "logs/2026"}), FAIL),
        (rule(1, Filter={"Prefix": "lo"}), FAIL),
        (rule(1, Filter={"Tag": {"Key": "a", "Value": "b"}}), PASS),
        (rule(Expiration={"Date": "2026-01-01T00:00:00Z"}), FAIL),
    ],
)
def test_access_logs_must_be_kept(row: dict[str, Any], status: Status) -> None:
    world = with_target()
    world.reply("s3.GetBucketLifecycleConfiguration", {"Rules": [row]}, Bucket="access")
    assert judged(TARGET, world).status is status


def test_a_known_fault_of_the_target_decides_and_else_a_refusal_is_an_error() -> None:
    world = with_target()
    world.deny("s3.GetBucketPolicyStatus", Bucket="access")
    assert judged(TARGET, world).status is PASS, "Block Public Access makes up for whatever the policy says"
    for operation in ("s3.GetPublicAccessBlock", "s3control.GetPublicAccessBlock"):
        block(world, operation, "RestrictPublicBuckets")
    assert reason_of(judged(TARGET, world)).missing_action == "s3:GetBucketPolicyStatus"
    world.reply("s3.GetBucketLifecycleConfiguration", {"Rules": [rule(1)]}, Bucket="access")
    assert judged(TARGET, world).status is FAIL


# --- bucket-replication ---------------------------------------------------------------------------------------------

BOTH = {"require": "both"}


def with_replica(*, region: str = "eu-west-1", owner: str = ARCHIVE, key: str = "", **row: Any) -> World:
    world = world_of(**({"key": key} if key else {}))
    world.add_bucket("copy", region=region, owner=owner)
    world.reply("s3.HeadBucket", {"BucketRegion": region}, Bucket="copy")
    fields: dict[str, Any] = {
        "ID": "all",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Destination": {"Bucket": "arn:aws:s3:::copy", "Account": owner},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        **row,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    world.reply(
        "s3.GetBucketReplication", {"ReplicationConfiguration": {"Role": "r", "Rules": [fields]}}, Bucket="logs"
    )
    return world


def test_nothing_is_asked_when_no_replica_is_required() -> None:
    world = with_replica()
    assert judged(REPLICA, world).status is NA
    assert "s3.GetBucketReplication" not in [call.name for call in world.calls]


@pytest.mark.parametrize("require", ["cross_region", "cross_account", "both"])
def test_a_full_copy_elsewhere_passes(require: str) -> None:
    row = judged(REPLICA, with_replica(), {"require": require})
    assert row.status is PASS, row.message


@pytest.mark.parametrize(
    ("place", "cross_region", "cross_account"),
    [
        ({"region": "us-east-1"}, FAIL, PASS),
        ({"owner": ACCOUNT}, PASS, FAIL),
        ({"region": "us-east-1", "owner": ACCOUNT}, FAIL, FAIL),
    ],
)
def test_where_the_copy_must_be(place: dict[str, str], cross_region: Status, cross_account: Status) -> None:
    world = with_replica(**place)
    assert judged(REPLICA, world, {"require": "cross_region"}).status is cross_region
    assert judged(REPLICA, world, {"require": "cross_account"}).status is cross_account
    assert judged(REPLICA, world, BOTH).status is FAIL


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"Status": "Disabled"}, "is disabled"),
        ({"Filter": {"Prefix": "other/"}}, "covers 'other/' only"),
        ({"Filter": {"Prefix": f"AWSLogs/{ACCOUNT}/CloudTrail/"}}, "covers"),
        ({"Filter": {"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}}}, "selects by tags"),
        ({"DeleteMarkerReplication": {"Status": "Enabled"}}, "delete markers"),
        # Without Filter the rule is of the old form, which replicates delete markers unasked.
        ({"Filter": None, "Prefix": ""}, "delete markers"),
    ],
)
def test_a_rule_that_leaves_something_out(row: dict[str, Any], words: str) -> None:
    found = judged(REPLICA, with_replica(**row), BOTH)
    assert (found.status, words in found.message) == (FAIL, True), found.message


STEPS: list[tuple[dict[str, Any], str]] = [
    ({"Status": "Disabled"}, "is disabled"),
    ({"Filter": {"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}}}, "selects by tags"),
    ({"Filter": {"Prefix": "other/"}}, "covers 'other/' only"),
    ({"SourceSelectionCriteria": None}, "KMS"),
    ({"DeleteMarkerReplication": {"Status": "Enabled"}}, "delete markers"),
    ({"Destination": {"Bucket": "arn:aws:s3:::gone", "Account": ARCHIVE}}, "does not exist"),
    ({"Destination": {"Bucket": "arn:aws:s3:::near", "Account": ARCHIVE}}, "stays in us-east-1"),
    ({"Destination": {"Bucket": "arn:aws:s3:::copy", "Account": ACCOUNT}}, "stays in the bucket's own account"),
]


@pytest.mark.parametrize("number", range(len(STEPS) - 1))
def test_the_rule_that_comes_nearest_is_the_one_that_is_explained(number: int) -> None:
    world = with_replica(key="main")
    world.error("s3.HeadBucket", "404", status=404, Bucket="gone")
    world.add_bucket("near", owner=ARCHIVE)
    world.reply("s3.HeadBucket", {"BucketRegion": "us-east-1"}, Bucket="near")
    whole = {
        "ID": "all",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Destination": {"Bucket": "arn:aws:s3:::copy", "Account": ARCHIVE},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
    }
    rules = [
        {name: value for name, value in {**whole, **row}.items() if value} for row, _ in STEPS[number : number + 2]
    ]
    world.reply("s3.GetBucketReplication", {"ReplicationConfiguration": {"Role": "r", "Rules": rules}}, Bucket="logs")
    row = judged(REPLICA, world, BOTH)
    assert (row.status, STEPS[number + 1][1] in row.message) == (FAIL, True), row.message


def test_every_trail_that_delivers_here_must_be_replicated() -> None:
    world = with_replica(Filter={"Prefix": "a/"})
    world.add_trail("second", bucket="logs", S3KeyPrefix="a")
    assert "covers 'a/' only" in judged(REPLICA, world, BOTH).message
    world = with_replica(Filter={"Prefix": ""}, SourceSelectionCriteria=None)
    world.add_trail("second", bucket="logs", key="other")
    assert "KMS" in judged(REPLICA, world, BOTH).message


def test_objects_under_a_key_must_be_selected() -> None:
    bare: dict[str, Any] = {"SourceSelectionCriteria": None}
    assert judged(REPLICA, with_replica(**bare), BOTH).status is PASS
    assert "KMS" in judged(REPLICA, with_replica(key="main", **bare), BOTH).message
    assert judged(REPLICA, with_replica(key="main"), BOTH).status is PASS


def test_no_configuration_is_a_failure_and_a_refusal_an_error() -> None:
    world = world_of()
    assert judged(REPLICA, world, BOTH).status is FAIL
    world.deny("s3.GetBucketReplication")
    assert reason_of(judged(REPLICA, world, BOTH)).missing_action == "s3:GetReplicationConfiguration"


def test_a_destination_that_cannot_be_placed_is_an_error() -> None:
    world = with_replica()
    world.deny("s3.HeadBucket", Bucket="copy")
    row = judged(REPLICA, world, {"require": "cross_region"})
    assert reason_of(row).operation == "s3.HeadBucket"


def test_an_owner_that_the_rule_does_not_name_is_found_out() -> None:
    bucket: dict[str, Any] = {"Destination": {"Bucket": "arn:aws:s3:::copy"}}
    world = with_replica(owner=ACCOUNT, **bucket)
    assert judged(REPLICA, world, {"require": "cross_account"}).status is FAIL
    world = with_replica(owner=ARCHIVE, **bucket)
    world.deny("s3.HeadBucket", Bucket="copy")
    assert judged(REPLICA, world, {"require": "cross_account"}).status is PASS
    world.deny("s3.ListBuckets")
    assert judged(REPLICA, world, {"require": "cross_account"}).status is ERROR


def test_a_destination_that_is_gone() -> None:
    world = with_replica()
    world.error("s3.HeadBucket", "404", "Not Found", 404, Bucket="copy")
    assert "does not exist" in judged(REPLICA, world, BOTH).message


# --- bucket-hot-retention -------------------------------------------------------------------------------------------


def test_without_lifecycle_nothing_is_archived() -> None:
    world = world_of()
    assert judged(HOT, world).status is NA
    world.deny("s3.GetBucketLifecycleConfiguration")
    assert reason_of(judged(HOT, world)).missing_action == "s3:GetLifecycleConfiguration"


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"Transitions": [{"Days": 89, "StorageClass": "GLACIER"}]}, FAIL),
        ({"Transitions": [{"Days": 90, "StorageClass": "GLACIER"}]}, PASS),
        ({"Transitions": [{"Days": 0, "StorageClass": "DEEP_ARCHIVE"}]}, FAIL),
        ({"Transitions": [{"Date": "2027-01-01T00:00:00Z", "StorageClass": "GLACIER"}]}, FAIL),
        ({"Transitions": [{"Days": 1, "StorageClass": "GLACIER_IR"}]}, PASS),
        ({"Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}]}, PASS),
        ({"Transitions": [{"Days": 1, "StorageClass": "INTELLIGENT_TIERING"}]}, PASS),
        ({"Status": "Disabled", "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}, PASS),
        ({"Filter": {"Prefix": "other/"}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}, PASS),
        (
            {"Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
            PASS,
        ),
    ],
)
def test_archives_are_for_later(row: dict[str, Any], status: Status) -> None:
    world = world_of()
    world.reply("s3.GetBucketLifecycleConfiguration", {"Rules": [rule(**row)]})
    assert judged(HOT, world).status is status


def test_the_hot_days_are_a_parameter() -> None:
    world = world_of()
    moves = [{"Days": 90, "StorageClass": "GLACIER"}]
    world.reply("s3.GetBucketLifecycleConfiguration", {"Rules": [rule(Transitions=moves)]})
    assert judged(HOT, world, {"min_hot_days": 91}).status is FAIL
