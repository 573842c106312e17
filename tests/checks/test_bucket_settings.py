"""The checks that compare one setting of the log bucket with what a policy asks."""

import pytest

from trailwarden.model import ReasonCode, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, World, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
OTHER = "444455556666"


def world_with(operation: str = "", body=None, *, error: str = "", status: int = 404, **trail) -> World:
    world = World()
    world.add_trail("main", bucket="logs", **trail)
    if error:
        world.error(operation, error, status=status)
    elif operation:
        world.reply(operation, body)
    return world


def lock(mode: str = "COMPLIANCE", **retention):
    rule = {"Rule": {"DefaultRetention": {"Mode": mode, **retention}}} if retention else {}
    return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", **rule}}


def half_a_lock(enabled: str = "Enabled", **retention):
    """What S3 would not accept, and a check must not take for a lock."""
    return {"ObjectLockConfiguration": {"ObjectLockEnabled": enabled, "Rule": {"DefaultRetention": retention}}}


def encryption(algorithm: str, key: str = ""):
    default = {"SSEAlgorithm": algorithm, **({"KMSMasterKeyID": key} if key else {})}
    return {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}}


def block(*on: bool):
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return {"PublicAccessBlockConfiguration": dict(zip(names, on, strict=True))}


def lifecycle(*rules):
    return {
        "Rules": [{"ID": f"r{index}", "Status": "Enabled", "Filter": {}, **rule} for index, rule in enumerate(rules)]
    }


LOCK = "s3.GetObjectLockConfiguration"
PAB = "s3.GetPublicAccessBlock"
OWNERSHIP = "s3.GetBucketOwnershipControls"
LIFE = "s3.GetBucketLifecycleConfiguration"
VERSIONING = "s3.GetBucketVersioning"
LOGGING = "s3.GetBucketLogging"
CRYPT = "s3.GetBucketEncryption"

# check, operation, body, params, status, words in the message
CASES = [
    ("bucket-object-lock", LOCK, lock(Days=365), {}, PASS, "COMPLIANCE mode for 365 days"),
    ("bucket-object-lock", LOCK, lock(Years=1), {}, PASS, "365 days"),
    ("bucket-object-lock", LOCK, lock(Days=364), {}, FAIL, "364 days are fewer than 365"),
    ("bucket-object-lock", LOCK, lock(), {}, FAIL, "without a default retention"),
    (
        "bucket-object-lock",
        LOCK,
        lock("GOVERNANCE", Days=1),
        {},
        FAIL,
        "GOVERNANCE is not COMPLIANCE and 1 days are fewer",
    ),
    ("bucket-object-lock", LOCK, lock("GOVERNANCE", Days=400), {}, FAIL, "mode GOVERNANCE"),
    ("bucket-object-lock", LOCK, lock("GOVERNANCE", Days=400), {"mode": "GOVERNANCE"}, PASS, "GOVERNANCE"),
    ("bucket-object-lock", LOCK, lock(Days=30), {"min_days": 30, "mode": "COMPLIANCE"}, PASS, "30 days"),
    ("bucket-object-lock", LOCK, lock(Days=30), {"min_retention_days": 31}, FAIL, "30 days are fewer than 31"),
    ("bucket-object-lock", LOCK, {"ObjectLockConfiguration": {}}, {}, FAIL, "no Object Lock"),
    ("bucket-object-lock", LOCK, half_a_lock(Mode="COMPLIANCE"), {}, FAIL, "without a default retention"),
    ("bucket-object-lock", LOCK, half_a_lock(Days=400), {}, FAIL, "without a default retention"),
    ("bucket-mfa-delete", LOCK, half_a_lock(enabled="", Mode="COMPLIANCE", Days=400), {}, FAIL, "is off"),
    ("bucket-mfa-delete", LIFE, lifecycle(), {"accept_object_lock": False, "na_with_lifecycle": True}, FAIL, "is off"),
    ("bucket-versioning", VERSIONING, {"Status": "Enabled"}, {}, PASS, "keeps versions"),
    ("bucket-versioning", VERSIONING, {"Status": "Suspended"}, {}, FAIL, "is suspended"),
    ("bucket-versioning", VERSIONING, {}, {}, FAIL, "was never enabled"),
    (
        "bucket-mfa-delete",
        VERSIONING,
        {"Status": "Enabled", "MFADelete": "Enabled"},
        {"accept_object_lock": False},
        PASS,
        "",
    ),
    (
        "bucket-mfa-delete",
        VERSIONING,
        {"Status": "Enabled", "MFADelete": "Disabled"},
        {"accept_object_lock": False},
        FAIL,
        "is off",
    ),
    ("bucket-mfa-delete", VERSIONING, {"Status": "Enabled"}, {"accept_object_lock": False}, FAIL, "is off"),
    ("bucket-mfa-delete", VERSIONING, {}, {"accept_object_lock": False}, FAIL, "is off"),
    ("bucket-mfa-delete", VERSIONING, {"Status": "Enabled"}, {}, PASS, "can't be deleted by credentials alone"),
    ("bucket-mfa-delete", LOCK, lock("GOVERNANCE", Days=400), {}, FAIL, "is off"),
    ("bucket-mfa-delete", LOCK, lock(Days=364), {}, FAIL, "is off"),
    (
        "bucket-mfa-delete",
        LIFE,
        lifecycle({"Expiration": {"Days": 400}}),
        {"accept_object_lock": False, "na_with_lifecycle": True},
        NA,
        "excludes MFA Delete",
    ),
    (
        "bucket-mfa-delete",
        LIFE,
        lifecycle({"Expiration": {"Days": 400}}),
        {"accept_object_lock": False},
        FAIL,
        "is off",
    ),
    (
        "bucket-object-ownership-enforced",
        OWNERSHIP,
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
        {},
        PASS,
        "",
    ),
    (
        "bucket-object-ownership-enforced",
        OWNERSHIP,
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}},
        {},
        FAIL,
        "still honours ACLs",
    ),
    (
        "bucket-object-ownership-enforced",
        OWNERSHIP,
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}},
        {"allowed_values": ["BucketOwnerEnforced", "BucketOwnerPreferred"]},
        PASS,
        "",
    ),
    ("bucket-public-access-block", PAB, block(True, True, True, True), {}, PASS, "all four settings on"),
    *[
        ("bucket-public-access-block", PAB, block(*[other != index for other in range(4)]), {}, FAIL, f"lacks {name}")
        for index, name in enumerate(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        )
    ],
    ("bucket-public-access-block", PAB, block(False, False, False, False), {"level": "effective"}, PASS, "in force"),
    ("bucket-encryption", CRYPT, encryption("AES256"), {}, PASS, "AES256"),
    ("bucket-encryption", CRYPT, encryption("aws:kms"), {"allowed_algorithms": "aws:kms"}, PASS, "aws:kms"),
    (
        "bucket-encryption",
        CRYPT,
        encryption("AES256"),
        {"allowed_algorithms": ["aws:kms", "aws:kms:dsse"]},
        FAIL,
        "is AES256",
    ),
    ("bucket-encryption", CRYPT, encryption("aws:kms"), {"require_cmk": True}, FAIL, "not a customer managed one"),
    (
        "bucket-encryption",
        CRYPT,
        encryption("aws:kms", "alias/aws/s3"),
        {"require_cmk": True},
        FAIL,
        "not a customer managed one",
    ),
    (
        "bucket-server-access-logging",
        LOGGING,
        {"LoggingEnabled": {"TargetBucket": "elsewhere", "TargetPrefix": "a/"}},
        {},
        PASS,
        "to elsewhere",
    ),
    (
        "bucket-server-access-logging",
        LOGGING,
        {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": ""}},
        {},
        FAIL,
        "to itself",
    ),
    ("bucket-server-access-logging", LOGGING, {}, {}, FAIL, "access logging off"),
    ("bucket-lifecycle-retention", LIFE, lifecycle({"Expiration": {"Days": 365}}), {}, PASS, ""),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"Expiration": {"Days": 364}}),
        {},
        FAIL,
        "r0 expires log files after 364 days",
    ),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"Expiration": {"Days": 30}, "Filter": {"Prefix": "tmp/"}}),
        {},
        PASS,
        "",
    ),
    ("bucket-lifecycle-retention", LIFE, lifecycle({"Expiration": {"Days": 30}, "Status": "Disabled"}), {}, PASS, ""),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"Expiration": {"Days": 30}, "Filter": {"Tag": {"Key": "a", "Value": "b"}}}),
        {},
        PASS,
        "",
    ),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"Expiration": {"Date": "2031-01-01T00:00:00Z"}}),
        {},
        FAIL,
        "older from 2031-01-01 on",
    ),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"NoncurrentVersionExpiration": {"NoncurrentDays": 30}}),
        {},
        FAIL,
        "purges overwritten or deleted versions after 30 days",
    ),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"NoncurrentVersionExpiration": {"NoncurrentDays": 365}}),
        {},
        PASS,
        "",
    ),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"Expiration": {"Days": 2000}}),
        {"min_retention_days": 2190},
        FAIL,
        "2000 days",
    ),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"Expiration": {"Days": 400}}),
        {"max_retention_days": 400},
        PASS,
        "",
    ),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"Expiration": {"Days": 401}}),
        {"max_retention_days": 400},
        FAIL,
        "after 401 days, not within 400",
    ),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"Expiration": {"Days": 400}, "Filter": {"Prefix": f"AWSLogs/{ACCOUNT}/CloudTrail/"}}),
        {"max_retention_days": 400},
        FAIL,
        "expire never",
    ),
    ("bucket-lifecycle-retention", LIFE, lifecycle({"Expiration": {"ExpiredObjectDeleteMarker": True}}), {}, PASS, ""),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"Expiration": {"Days": 900}}, {"Expiration": {"Days": 400}}),
        {"max_retention_days": 400},
        PASS,
        "",
    ),
    (
        "bucket-lifecycle-retention",
        LIFE,
        lifecycle({"NoncurrentVersionExpiration": {"NoncurrentDays": 400}}),
        {"max_retention_days": 400},
        FAIL,
        "expire never",
    ),
]


@pytest.mark.parametrize(("check", "operation", "body", "params", "status", "words"), CASES)
def test_what_a_setting_means(check, operation, body, params, status, words):
    [row] = run_check(check, world_with(operation, body), params)
    assert row.status is status
    assert words in row.message
    assert "logs" in row.message
    assert row.subject == "arn:aws:s3:::logs"


NOT_CONFIGURED = [
    ("bucket-object-lock", LOCK, "ObjectLockConfigurationNotFoundError", FAIL),
    ("bucket-public-access-block", PAB, "NoSuchPublicAccessBlockConfiguration", FAIL),
    ("bucket-object-ownership-enforced", OWNERSHIP, "OwnershipControlsNotFoundError", FAIL),
    ("bucket-lifecycle-retention", LIFE, "NoSuchLifecycleConfiguration", PASS),
    ("bucket-encryption", CRYPT, "ServerSideEncryptionConfigurationNotFoundError", FAIL),
]


@pytest.mark.parametrize(("check", "operation", "code", "status"), NOT_CONFIGURED)
def test_not_configured_is_a_fact(check, operation, code, status):
    assert status_of(check, world_with(operation, error=code)) is status


READS = [
    ("bucket-object-lock", LOCK, "s3:GetBucketObjectLockConfiguration"),
    ("bucket-versioning", VERSIONING, "s3:GetBucketVersioning"),
    ("bucket-object-ownership-enforced", OWNERSHIP, "s3:GetBucketOwnershipControls"),
    ("bucket-public-access-block", PAB, "s3:GetBucketPublicAccessBlock"),
    ("bucket-lifecycle-retention", LIFE, "s3:GetLifecycleConfiguration"),
    ("bucket-encryption", CRYPT, "s3:GetEncryptionConfiguration"),
    ("bucket-server-access-logging", LOGGING, "s3:GetBucketLogging"),
    ("bucket-policy-tls-only", "s3.GetBucketPolicy", "s3:GetBucketPolicy"),
    ("bucket-policy-confused-deputy", "s3.GetBucketPolicy", "s3:GetBucketPolicy"),
    ("bucket-not-public", "s3.GetBucketPolicy", "s3:GetBucketPolicy"),
    ("bucket-not-public", "s3.GetBucketPolicyStatus", "s3:GetBucketPolicyStatus"),
    ("bucket-not-public", "s3.GetBucketAcl", "s3:GetBucketAcl"),
    ("bucket-not-public", PAB, "s3:GetBucketPublicAccessBlock"),
    ("bucket-not-public", OWNERSHIP, "s3:GetBucketOwnershipControls"),
]


@pytest.mark.parametrize(("check", "operation", "action"), READS)
def test_a_refused_read_is_an_error_that_names_the_permission(check, operation, action):
    world = world_with()
    world.deny(operation)
    [row] = run_check(check, world)
    assert row.status is ERROR
    assert reason_of(row).code is ReasonCode.ACCESS_DENIED
    assert reason_of(row).missing_action == action
    assert action in row.message


@pytest.mark.parametrize(("check", "operation", "action"), READS)
def test_a_throttled_read_is_an_error_too(check, operation, action):
    world = world_with(operation, error="SlowDown", status=503)
    [row] = run_check(check, world)
    assert row.status is ERROR
    assert reason_of(row).code is ReasonCode.THROTTLED


def test_mfa_delete_passes_by_what_is_known_though_the_lock_is_denied():
    world = world_with(VERSIONING, {"Status": "Enabled", "MFADelete": "Enabled"})
    world.deny(LOCK)
    assert status_of("bucket-mfa-delete", world) is PASS
    world = world_with(VERSIONING, {"Status": "Enabled"})
    world.deny(LOCK)
    assert status_of("bucket-mfa-delete", world) is ERROR


def test_mfa_delete_reads_nothing_that_its_parameters_do_not_ask_for():
    world = world_with()
    run_check("bucket-mfa-delete", world, {"accept_object_lock": False})
    assert LOCK not in [call.name for call in world.calls]
    assert LIFE not in [call.name for call in world.calls]


def test_block_public_access_in_force_may_come_from_either_side():
    world = world_with(PAB, block(True, False, True, False))
    world.reply("s3control.GetPublicAccessBlock", block(False, True, False, True))
    assert status_of("bucket-public-access-block", world, {"level": "effective"}) is PASS
    assert status_of("bucket-public-access-block", world) is FAIL
    world.reply("s3control.GetPublicAccessBlock", block(True, False, True, True))
    [row] = run_check("bucket-public-access-block", world, {"level": "effective"})
    assert (row.status, row.observed["IgnorePublicAcls"]) == (FAIL, False)


def test_the_accounts_settings_matter_only_where_the_buckets_do_not_decide():
    world = world_with()
    world.deny("s3control.GetPublicAccessBlock")
    assert status_of("bucket-public-access-block", world, {"level": "effective"}) is PASS
    world.reply(PAB, block(True, True, True, False))
    assert status_of("bucket-public-access-block", world, {"level": "effective"}) is ERROR


def test_data_events_of_this_account_do_not_stand_in_for_a_record_of_the_owners():
    world = World()
    world.add_bucket("logs", owner=OTHER)
    world.selectors(world.add_trail("main", bucket="logs"), basic=[DATA])
    world.reply(LOGGING, {})
    params = {"accept_data_events": True}
    assert status_of("bucket-server-access-logging", world, params, peers=[OTHER], log_accounts=[OTHER]) is FAIL


def test_a_customer_key_is_proven_by_describing_it():
    world = world_with()
    arn = world.add_key("k1")
    world.reply(CRYPT, encryption("aws:kms", arn))
    assert status_of("bucket-encryption", world, {"require_cmk": True}) is PASS
    world.add_key("k1", KeyManager="AWS")
    assert status_of("bucket-encryption", world, {"require_cmk": True}) is FAIL
    world.deny("kms.DescribeKey")
    assert status_of("bucket-encryption", world, {"require_cmk": True}) is ERROR


DATA = {
    "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
}


@pytest.mark.parametrize(
    ("selector", "logging", "status"),
    [
        (DATA, True, NA),
        (DATA, False, FAIL),
        ({**DATA, "ReadWriteType": "WriteOnly"}, True, FAIL),
        ({**DATA, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::logs/"]}]}, True, NA),
        ({**DATA, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::other/"]}]}, True, FAIL),
        ({**DATA, "DataResources": [{"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}]}, True, FAIL),
    ],
)
def test_data_events_may_stand_in_for_access_logging(selector, logging, status):
    world = World()
    world.add_trail("main", bucket="logs", status={"IsLogging": logging})
    world.reply(LOGGING, {})
    world.selectors(f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main", basic=[selector])
    assert status_of("bucket-server-access-logging", world, {"accept_data_events": True}) is status
    assert status_of("bucket-server-access-logging", world) is FAIL


def test_versions_that_were_never_kept_cannot_be_purged_early():
    world = world_with(LIFE, lifecycle({"NoncurrentVersionExpiration": {"NoncurrentDays": 30}}))
    world.reply(VERSIONING, {})
    assert status_of("bucket-lifecycle-retention", world) is PASS
    world.reply(VERSIONING, {"Status": "Suspended"})
    assert status_of("bucket-lifecycle-retention", world) is FAIL


def test_an_early_expiry_fails_though_versioning_is_denied():
    world = world_with(
        LIFE, lifecycle({"Expiration": {"Days": 1}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    )
    world.deny(VERSIONING)
    assert status_of("bucket-lifecycle-retention", world) is FAIL


def test_the_prefix_of_the_trail_decides_which_rules_matter():
    rules = lifecycle({"Expiration": {"Days": 1}, "Filter": {"Prefix": "audit/"}})
    assert status_of("bucket-lifecycle-retention", world_with(LIFE, rules)) is PASS
    assert status_of("bucket-lifecycle-retention", world_with(LIFE, rules, S3KeyPrefix="audit")) is FAIL


def test_bucket_exists():
    assert status_of("bucket-exists", world_with()) is PASS
    assert status_of("bucket-exists", world_with("s3.HeadBucket", error="404", status=404)) is FAIL
    assert status_of("bucket-exists", world_with("s3.HeadBucket", error="500", status=500)) is ERROR
    taken = world_with("s3.HeadBucket", error="403", status=403)
    assert status_of("bucket-exists", taken) is PASS


def test_a_deleted_bucket_fails_existence_and_is_an_error_elsewhere():
    world = world_with("s3.HeadBucket", error="404", status=404)
    [row] = run_check("bucket-exists", world)
    assert "trail main delivers nothing" in row.message
    for check in (
        "bucket-not-public",
        "bucket-object-lock",
        "bucket-versioning",
        "bucket-policy-tls-only",
        "bucket-owner-expected",
    ):
        [row] = run_check(check, world)
        assert (row.status, reason_of(row).code) == (ERROR, ReasonCode.NOT_FOUND)


def test_no_trail_means_no_log_bucket_to_judge():
    [row] = run_check("bucket-exists", World())
    assert row.status is NA
    assert "no bucket" in row.message


def test_owner_expected():
    assert status_of("bucket-owner-expected", world_with()) is PASS
    [row] = run_check("bucket-owner-expected", world_with(), {"expected_owner_ids": [OTHER]})
    assert (row.status, row.observed) == (FAIL, {"owner": ACCOUNT})
    assert status_of("bucket-owner-expected", world_with(), {"expected_owner_ids": []}) is NA


def test_the_own_account_is_that_of_the_trail():
    """A member that sees the organization's trail finds its logs with the management account, as they should be."""
    world = World()
    world.add_bucket("org-logs", owner=MANAGEMENT)
    world.add_trail("org", owner=MANAGEMENT, bucket="org-logs", IsOrganizationTrail=True)
    assert status_of("bucket-owner-expected", world, peers=[MANAGEMENT]) is PASS


def test_where_no_owner_is_expected_another_accounts_bucket_is_no_matter_of_course():
    world = world_with("s3.HeadBucket", error="403", status=403)
    [row] = run_check("bucket-owner-expected", world, {"expected_owner_ids": []})
    assert reason_of(row).code is ReasonCode.CROSS_ACCOUNT


def test_a_rule_must_reach_the_files_of_every_trail_to_end_them():
    world = world_with(LIFE, lifecycle({"Expiration": {"Days": 400}, "Filter": {"Prefix": "a/"}}), S3KeyPrefix="a")
    assert status_of("bucket-lifecycle-retention", world, {"max_retention_days": 400}) is PASS
    world.add_trail("second", bucket="logs", S3KeyPrefix="b")
    world.reply(LIFE, lifecycle({"Expiration": {"Days": 400}, "Filter": {"Prefix": "a/"}}))
    [row] = run_check("bucket-lifecycle-retention", world, {"max_retention_days": 400})
    assert (row.status, "expire never" in row.message) == (FAIL, True)


def test_a_foreign_owner_is_proven_or_unknown_never_guessed():
    world = world_with("s3.HeadBucket", error="403", status=403)
    [row] = run_check("bucket-owner-expected", world, {"expected_owner_ids": ["self", OTHER]})
    assert (row.status, reason_of(row).code) == (ERROR, ReasonCode.CROSS_ACCOUNT)
    world.reply("s3.HeadBucket", {"BucketRegion": "us-east-1"}, Bucket="logs", ExpectedBucketOwner=OTHER)
    assert status_of("bucket-owner-expected", world, {"expected_owner_ids": ["self", OTHER]}) is PASS


def test_a_readable_bucket_that_no_expected_owner_owns_is_a_failure():
    world = world_with()
    world.reply("s3.HeadBucket", {"BucketRegion": "us-east-1"}, Bucket="logs")
    world.error("s3.HeadBucket", "403", status=403, Bucket="logs", ExpectedBucketOwner=ACCOUNT)
    world.error("s3.HeadBucket", "403", status=403, Bucket="logs", ExpectedBucketOwner=OTHER)
    [row] = run_check("bucket-owner-expected", world, {"expected_owner_ids": ["self", OTHER]})
    assert row.status is FAIL
    assert "none of the expected accounts" in row.message


def test_a_bucket_in_another_account_is_cross_account_unless_it_is_reached():
    world = World()
    world.add_bucket("org-logs", owner=MANAGEMENT)
    world.add_trail("org", owner=MANAGEMENT, bucket="org-logs", IsOrganizationTrail=True)
    for operation in (LOCK, VERSIONING, "s3.GetBucketPolicy"):
        world.deny(operation, account=ACCOUNT)
    for check in ("bucket-object-lock", "bucket-versioning", "bucket-policy-tls-only"):
        [row] = run_check(check, world)
        assert (row.status, reason_of(row).code) == (ERROR, ReasonCode.CROSS_ACCOUNT)
        assert status_of(check, world, peers=[MANAGEMENT]) is PASS
