"""Where a log bucket is, whose it is, and that its settings are read there, by name, with the owner stated."""

import pytest

from trailwarden.errors import Unreadable
from trailwarden.facts import LifecycleRule, LogBucket, PublicAccessBlock
from trailwarden.model import ReasonCode
from trailwarden.testing import ACCOUNT, MANAGEMENT, World

ARCHIVE = "555566667777"


def bucket_of(world: World, **options) -> LogBucket:
    [bucket] = world.account(**options).buckets
    return bucket


def heads(world: World):
    return [
        (call.account, call.arguments.get("ExpectedBucketOwner"))
        for call in world.calls
        if call.name == "s3.HeadBucket"
    ]


def test_an_own_bucket_is_found_with_one_call_and_its_region():
    world = World()
    world.add_bucket("logs", region="eu-central-1")
    world.add_trail(bucket="logs")
    location = bucket_of(world).location
    assert (location.exists, location.owner, location.region, location.foreign) == (
        True,
        ACCOUNT,
        "eu-central-1",
        False,
    )
    assert heads(world) == [(ACCOUNT, ACCOUNT)]
    assert "s3.ListBuckets" not in [call.name for call in world.calls]


def test_settings_are_asked_in_the_bucket_region_with_the_owner_stated():
    world = World()
    world.add_bucket("logs", region="eu-central-1")
    world.add_trail(bucket="logs")
    bucket = bucket_of(world)
    assert bucket.versioning.status == "Enabled"
    [call] = [call for call in world.calls if call.name == "s3.GetBucketVersioning"]
    assert call.region == "eu-central-1"
    assert call.arguments == {"Bucket": "logs", "ExpectedBucketOwner": ACCOUNT}


def test_a_deleted_bucket_is_gone_and_nothing_more_is_asked_about_it():
    world = World()
    world.error("s3.HeadBucket", "404", "Not Found", 404, Bucket="logs")
    world.add_trail(bucket="logs")
    world.error("s3.HeadBucket", "404", "Not Found", 404, Bucket="logs")
    bucket = bucket_of(world)
    assert not bucket.location.exists
    asked = len(world.calls)
    for read in (lambda: bucket.policy, lambda: bucket.acl, lambda: bucket.object_lock):
        with pytest.raises(Unreadable) as caught:
            read()
        assert caught.value.reason.code is ReasonCode.NOT_FOUND
    assert len(world.calls) == asked


def test_our_own_bucket_without_permission_is_a_denial_not_another_accounts():
    world = World()
    world.add_trail(bucket="logs")
    world.deny("s3.HeadBucket")
    world.deny("s3.GetBucketAcl")
    world.reply("s3.ListBuckets", {"Buckets": [{"Name": "logs"}]})
    bucket = bucket_of(world)
    assert bucket.location.owner == ACCOUNT
    with pytest.raises(Unreadable) as caught:
        _ = bucket.acl
    assert caught.value.reason.code is ReasonCode.ACCESS_DENIED
    assert caught.value.reason.missing_action == "s3:GetBucketAcl"
    assert bucket.versioning.status == "Enabled"


def test_another_accounts_bucket_is_cross_account():
    world = World()
    world.add_trail(bucket="logs")
    world.deny("s3.HeadBucket")
    world.deny("s3.GetBucketAcl")
    location = bucket_of(world).location
    assert (location.exists, location.owner, location.foreign, location.readable) == (True, "", True, False)
    with pytest.raises(Unreadable) as caught:
        _ = bucket_of(world).acl
    assert caught.value.reason.code is ReasonCode.CROSS_ACCOUNT
    with pytest.raises(Unreadable) as caught:
        _ = bucket_of(world).account_public_access_block
    assert caught.value.reason.code is ReasonCode.CROSS_ACCOUNT


def test_when_not_even_the_own_buckets_can_be_listed_a_denial_stays_a_denial():
    world = World()
    world.add_trail(bucket="logs")
    for operation in ("s3.HeadBucket", "s3.ListBuckets", "s3.GetBucketAcl"):
        world.deny(operation)
    bucket = bucket_of(world)
    assert not bucket.location.foreign
    with pytest.raises(Unreadable) as caught:
        _ = bucket.acl
    assert caught.value.reason.code is ReasonCode.ACCESS_DENIED


def test_a_shared_foreign_bucket_is_read_without_claiming_an_owner():
    world = World()
    world.add_trail(bucket="logs")
    world.reply("s3.HeadBucket", {"BucketRegion": "us-west-2"}, Bucket="logs")
    world.error("s3.HeadBucket", "403", "Forbidden", 403, Bucket="logs", ExpectedBucketOwner=ACCOUNT)
    bucket = bucket_of(world)
    assert bucket.location.readable
    assert bucket.location.foreign
    assert bucket.location.region == "us-west-2"
    assert bucket.versioning.status == "Enabled"
    [call] = [call for call in world.calls if call.name == "s3.GetBucketVersioning"]
    assert call.arguments == {"Bucket": "logs"}


@pytest.mark.parametrize("owner", [MANAGEMENT, ARCHIVE])
def test_a_bucket_of_a_reached_account_is_read_there(owner):
    world = World()
    world.add_bucket("org-logs", owner=owner)
    world.add_trail("org", owner=MANAGEMENT, bucket="org-logs", IsOrganizationTrail=True)
    bucket = bucket_of(world, peers=[MANAGEMENT, ARCHIVE], log_accounts=[ARCHIVE])
    assert (bucket.location.owner, bucket.location.asker, bucket.location.foreign) == (owner, owner, True)
    assert bucket.object_lock.mode == "COMPLIANCE"
    assert bucket.account_public_access_block.complete
    [call] = [call for call in world.calls if call.name == "s3control.GetPublicAccessBlock"]
    assert (call.account, call.arguments) == (owner, {"AccountId": owner})


def test_a_region_in_the_header_of_a_refusal_is_used():
    from trailwarden.calls import Reply, ReplyError

    world = World()
    world.add_trail(bucket="logs")
    world._rule("s3.HeadBucket", Reply(error=ReplyError("403", "Forbidden", 403), bucket_region="ap-south-1"))
    assert bucket_of(world).location.region == "ap-south-1"


@pytest.mark.parametrize(("code", "status"), [("400", 400), ("500", 500), ("ReadTimeoutError", 0), ("SlowDown", 503)])
def test_neither_yes_nor_no_nor_refused_is_unreadable(code, status):
    world = World()
    world.add_trail(bucket="logs")
    world.error("s3.HeadBucket", code, "", status, Bucket="logs")
    with pytest.raises(Unreadable):
        _ = bucket_of(world).location


ABSENT = [
    ("s3.GetBucketPolicy", "NoSuchBucketPolicy", "policy", None),
    ("s3.GetBucketPolicyStatus", "NoSuchBucketPolicy", "policy_is_public", False),
    ("s3.GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration", "public_access_block", PublicAccessBlock()),
    (
        "s3control.GetPublicAccessBlock",
        "NoSuchPublicAccessBlockConfiguration",
        "account_public_access_block",
        PublicAccessBlock(),
    ),
    ("s3.GetBucketOwnershipControls", "OwnershipControlsNotFoundError", "object_ownership", "ObjectWriter"),
    ("s3.GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration", "lifecycle", ()),
]


@pytest.mark.parametrize(("operation", "code", "name", "value"), ABSENT)
def test_errors_that_are_facts(operation, code, name, value):
    world = World()
    world.add_trail(bucket="logs")
    world.error(operation, code, status=404)
    assert getattr(bucket_of(world), name) == value


def test_no_lock_and_no_encryption_are_facts():
    world = World()
    world.add_trail(bucket="logs")
    world.error("s3.GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", status=404)
    world.error("s3.GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError", status=404)
    bucket = bucket_of(world)
    assert not bucket.object_lock.enabled
    assert bucket.encryption.algorithm == ""


EMPTY = [
    ("s3.GetBucketPolicy", "policy"),
    ("s3.GetBucketPolicyStatus", "policy_is_public"),
    ("s3.GetBucketAcl", "acl"),
    ("s3.GetPublicAccessBlock", "public_access_block"),
    ("s3control.GetPublicAccessBlock", "account_public_access_block"),
    ("s3.GetBucketOwnershipControls", "object_ownership"),
    ("s3.GetObjectLockConfiguration", "object_lock"),
    ("s3.GetBucketEncryption", "encryption"),
    ("s3.GetBucketLifecycleConfiguration", "lifecycle"),
]


@pytest.mark.parametrize(("operation", "name"), EMPTY)
def test_an_empty_200_is_not_an_absence(operation, name):
    """Some endpoints answer every sub-resource with an empty body; AWS never does for these."""
    world = World()
    world.add_trail(bucket="logs")
    world.reply(operation, {})
    with pytest.raises(Unreadable) as caught:
        getattr(bucket_of(world), name)
    assert caught.value.reason.code is ReasonCode.UNEXPECTED


def test_an_empty_policy_status_is_not_a_no():
    world = World()
    world.add_trail(bucket="logs")
    world.reply("s3.GetBucketPolicyStatus", {"PolicyStatus": {}})
    with pytest.raises(Unreadable):
        _ = bucket_of(world).policy_is_public


def test_a_policy_that_is_not_one_is_unparseable():
    world = World()
    world.add_trail(bucket="logs")
    world.reply("s3.GetBucketPolicy", {"Policy": "{not json"})
    with pytest.raises(Unreadable) as caught:
        _ = bucket_of(world).policy
    assert caught.value.reason.code is ReasonCode.UNPARSEABLE


def test_cross_account_405_on_the_policy_is_cross_account():
    world = World()
    world.add_trail(bucket="logs")
    world.error(
        "s3.GetBucketPolicy", "MethodNotAllowed", "The specified method is not allowed against this resource.", 405
    )
    with pytest.raises(Unreadable) as caught:
        _ = bucket_of(world).policy
    assert caught.value.reason.code is ReasonCode.CROSS_ACCOUNT


def test_a_bucket_of_several_trails_is_one_subject():
    world = World()
    world.add_trail("a", bucket="logs")
    world.add_trail("b", bucket="logs", home="eu-west-1")
    bucket = bucket_of(world)
    assert [trail.name for trail in bucket.trails] == ["b", "a"]  # by ARN: eu-west-1 comes before us-east-1
    _ = bucket.location
    assert len(heads(world)) == 1


def rule(**fields) -> LifecycleRule:
    return LifecycleRule.parse({"Status": "Enabled", **fields})


MATCHES = [
    ({}, True),
    ({"Prefix": ""}, True),
    ({"Filter": {"Prefix": "AWSLogs/"}}, True),
    ({"Filter": {"Prefix": "AWSL"}}, True),
    ({"Filter": {"Prefix": "other/"}}, False),
    ({"Filter": {"Prefix": "AWSLogs/111122223333/"}}, True),
    ({"Filter": {"Prefix": "AWSLogs/1111"}}, True),
    ({"Filter": {"Prefix": "AWSLogs/999999999999/"}}, False),
    ({"Filter": {"Prefix": "AWSLogs/111122223333/Config/"}}, False),
    ({"Filter": {"Prefix": "AWSLogs/111122223333/CloudTrail"}}, True),
    ({"Filter": {"Prefix": "AWSLogs/111122223333/CloudTrail-Digest/"}}, True),
    ({"Filter": {"Prefix": "AWSLogs/111122223333/CloudTrail-D"}}, True),
    ({"Filter": {"Prefix": "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/"}}, True),
    ({"Filter": {"Prefix": "AWSLogs/111122223333/CloudTrailX/"}}, False),
    ({"Filter": {"Tag": {"Key": "k", "Value": "v"}}}, False),
    ({"Filter": {"And": {"Prefix": "AWSLogs/", "Tags": [{"Key": "k", "Value": "v"}]}}}, False),
    ({"Filter": {"And": {"Prefix": "AWSLogs/", "ObjectSizeGreaterThan": 1000}}}, True),
    ({"Filter": {"ObjectSizeLessThan": 1000}}, True),
    ({"Status": "Disabled"}, False),
]


@pytest.mark.parametrize(("fields", "matches"), MATCHES)
def test_which_lifecycle_rules_can_touch_a_log_file(fields, matches):
    assert rule(**fields).can_match("", ACCOUNT, organization=False) is matches


@pytest.mark.parametrize(
    ("prefix", "matches"),
    [
        ("audit/AWSLogs/", True),
        ("audit", True),
        ("audit/x/", False),
        ("AWSLogs/", False),
        ("audit/AWSLogs/o-abc123/", True),
        ("audit/AWSLogs/o-abc123/444455556666/CloudTrail/", True),
        ("audit/AWSLogs/o-abc123/444455556666/Config/", False),
        ("audit/AWSLogs/444455556666/", False),
        ("audit/AWSLogs/o-", True),
        ("audit/AWSLogs/o-abc123/4444", True),
        ("audit/AWSLogs/o-abc123/x", False),
    ],
)
def test_organization_files_lie_below_the_organization_id(prefix, matches):
    assert rule(Filter={"Prefix": prefix}).can_match("audit", MANAGEMENT, organization=True) is matches
