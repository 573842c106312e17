"""What a log bucket's policy grants: delivery, and nothing to strangers."""

import json
from typing import Any

import pytest

from trailwarden.model import ReasonCode, Result, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, World, ago, log_bucket_policy, reason_of, run_check

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
DELIVERY = "bucket-policy-delivery-correct"
WRITE = "bucket-policy-no-foreign-write"
READ = "bucket-policy-read-restricted"
ARN = "arn:aws:s3:::logs"
STRANGER = "222233334444"
ORGANIZATION = {"Id": "o-abc123", "MasterAccountId": MANAGEMENT, "FeatureSet": "ALL"}
ROLE = f"arn:aws:iam::{STRANGER}:role/siem"


def world_of(*statements: dict[str, Any], **trail: Any) -> World:
    """An account with one trail; the statements are added to a sound bucket policy."""
    world = World()
    world.add_trail("main", bucket="logs", **trail)
    document = log_bucket_policy(ARN, ACCOUNT)
    document["Statement"] += statements
    put(world, document)
    return world


def put(world: World, document: dict[str, Any]) -> None:
    world.reply("s3.GetBucketPolicy", {"Policy": json.dumps(document)}, Bucket="logs")


def allow(principal: Any, *actions: str, **more: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": principal,
        "Action": list(actions),
        "Resource": [ARN, f"{ARN}/*"],
        **more,
    }


def judged(check: str, world: World, params: dict[str, Any] | None = None, **options: Any) -> Result:
    [row] = run_check(check, world, params, **options)
    return row


@pytest.mark.parametrize("check", [DELIVERY, WRITE, READ])
def test_a_policy_that_is_refused_is_an_error(check: str) -> None:
    world = world_of()
    world.deny("s3.GetBucketPolicy")
    assert reason_of(judged(check, world)).missing_action == "s3:GetBucketPolicy"
    world.error("s3.GetBucketPolicy", "MethodNotAllowed", status=405)
    assert reason_of(judged(check, world)).code is ReasonCode.CROSS_ACCOUNT


# --- bucket-policy-delivery-correct ---------------------------------------------------------------------------------


def test_the_policy_of_the_user_guide_lets_the_trail_deliver() -> None:
    row = judged(DELIVERY, world_of())
    assert row.status is PASS
    assert row.observed["Payer"] == "BucketOwner"


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ([{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"{ARN}/*"}], "denies it"),
        (
            [
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:PutObject",
                    "Resource": f"{ARN}/*",
                    "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
                }
            ],
            "denies it",
        ),
        (
            [
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [ARN, f"{ARN}/*"],
                    "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
                }
            ],
            "denies it",
        ),
    ],
)
def test_a_deny_that_reaches_cloudtrail_blocks_delivery(statements: list[dict[str, Any]], words: str) -> None:
    row = judged(DELIVERY, world_of(*statements))
    assert row.status is FAIL
    assert words in row.message


def test_a_changed_prefix_another_account_and_a_wrong_trail_are_seen() -> None:
    assert judged(DELIVERY, world_of(S3KeyPrefix="new")).status is FAIL
    world = world_of()
    put(world, log_bucket_policy(ARN, STRANGER))
    assert judged(DELIVERY, world).status is FAIL


@pytest.mark.parametrize("dropped", [0, 1])
def test_both_statements_are_needed(dropped: int) -> None:
    world = world_of()
    document = log_bucket_policy(ARN, ACCOUNT)
    del document["Statement"][dropped]
    put(world, document)
    row = judged(DELIVERY, world)
    assert row.status is FAIL
    assert ("s3:GetBucketAcl", "s3:PutObject")[dropped] in row.message


def test_no_policy_lets_nothing_in() -> None:
    world = world_of()
    world.error("s3.GetBucketPolicy", "NoSuchBucketPolicy", status=404)
    row = judged(DELIVERY, world)
    assert (row.status, "has no policy" in row.message) == (FAIL, True)


def test_requester_pays_blocks_delivery() -> None:
    world = world_of()
    world.reply("s3.GetBucketRequestPayment", {"Payer": "Requester"})
    row = judged(DELIVERY, world)
    assert (row.status, "paid by Requester" in row.message) == (FAIL, True)
    world.deny("s3.GetBucketRequestPayment")
    assert reason_of(judged(DELIVERY, world)).missing_action == "s3:GetBucketRequestPayment"


def organization_world(*, with_members: bool) -> World:
    world = world_of(IsOrganizationTrail=True)
    world.reply("organizations.DescribeOrganization", {"Organization": ORGANIZATION})
    if with_members:
        document = log_bucket_policy(ARN, ACCOUNT)
        own = document["Statement"][1]
        document["Statement"].append({**own, "Sid": "Members", "Resource": f"{ARN}/AWSLogs/o-abc123/*"})
        put(world, document)
    return world


def test_an_organization_trail_needs_the_organizations_folder_as_well() -> None:
    assert judged(DELIVERY, organization_world(with_members=True)).status is PASS
    row = judged(DELIVERY, organization_world(with_members=False))
    assert row.status is FAIL
    assert "o-abc123" in row.message


def test_the_organizations_id_must_be_known_for_an_organization_trail_only() -> None:
    world = organization_world(with_members=True)
    world.deny("organizations.DescribeOrganization")
    assert reason_of(judged(DELIVERY, world)).operation == "organizations.DescribeOrganization"
    assert judged(DELIVERY, world_of()).status is PASS


def test_a_delivery_may_prove_the_policy_wrong() -> None:
    blocked = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"{ARN}/*"}
    row = judged(DELIVERY, world_of(blocked), {"prove": "delivery"})
    assert row.status is PASS
    assert any("yet it did deliver" in note for note in row.notes)
    stale = world_of(blocked, status={"LatestDeliveryTime": ago(hours=25)})
    assert judged(DELIVERY, stale, {"prove": "delivery"}).status is FAIL
    for hours, status in ((1.9, ERROR), (2.1, FAIL)):
        young = world_of(blocked, status={"StartLoggingTime": ago(hours=hours), "LatestDeliveryTime": None})
        assert judged(DELIVERY, young, {"prove": "delivery"}).status is status
    assert judged(DELIVERY, world_of(blocked)).status is FAIL


def test_an_unknown_operator_on_a_deny_is_an_error() -> None:
    odd = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{ARN}/*",
        "Condition": {"StringAlmost": {"aws:SourceAccount": "1"}},
    }
    assert reason_of(judged(DELIVERY, world_of(odd))).code is ReasonCode.UNPARSEABLE


# --- bucket-policy-no-foreign-write ---------------------------------------------------------------------------------


def test_cloudtrail_alone_may_write() -> None:
    assert judged(WRITE, world_of()).status is PASS


@pytest.mark.parametrize(
    "statement",
    [
        allow({"AWS": ROLE}, "s3:PutObject"),
        allow({"AWS": ROLE}, "s3:DeleteObject"),
        allow({"AWS": ROLE}, "s3:DeleteObjectVersion"),
        allow({"AWS": ROLE}, "s3:PutLifecycleConfiguration"),
        allow({"AWS": ROLE}, "s3:PutBucketVersioning"),
        allow({"AWS": ROLE}, "s3:BypassGovernanceRetention"),
        allow({"AWS": ROLE}, "s3:PutBucketPolicy"),
        allow({"AWS": ROLE}, "s3:*"),
        allow({"AWS": ROLE}, "s3:Put*"),
        allow({"AWS": STRANGER}, "s3:PutObject"),
        allow("*", "s3:DeleteObject"),
        allow({"AWS": "*"}, "s3:PutObject", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        allow({"Service": "config.amazonaws.com"}, "s3:PutObject"),
        # For whom a service acts does not make it another service.
        allow(
            {"Service": "config.amazonaws.com"},
            "s3:PutObject",
            Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        ),
        {"Effect": "Allow", "NotPrincipal": {"AWS": ROLE}, "Action": "s3:PutObject", "Resource": f"{ARN}/*"},
        {"Effect": "Allow", "Principal": {"AWS": ROLE}, "NotAction": "s3:GetObject", "Resource": f"{ARN}/*"},
    ],
)
def test_strangers_who_may_write(statement: dict[str, Any]) -> None:
    row = judged(WRITE, world_of(statement))
    assert row.status is FAIL
    assert "write to it or delete from it" in row.message


def test_readers_and_the_own_account_are_no_foreign_writers() -> None:
    own = f"arn:aws:iam::{ACCOUNT}:role/admin"
    assert judged(WRITE, world_of(allow({"AWS": ROLE}, "s3:GetObject"), allow({"AWS": own}, "s3:*"))).status is PASS


def test_the_owner_of_a_bucket_elsewhere_is_its_own_account() -> None:
    """The trail's account is a stranger to a bucket of the log archive."""
    world = World()
    world.add_bucket("logs", owner=STRANGER)
    world.add_trail("main", bucket="logs")
    document = log_bucket_policy(ARN, ACCOUNT)
    document["Statement"].append(allow({"AWS": ROLE}, "s3:PutObject"))
    put(world, document)
    options: dict[str, Any] = {"peers": [STRANGER], "log_accounts": [STRANGER]}
    assert judged(WRITE, world, **options).status is PASS
    document["Statement"].append(allow({"AWS": f"arn:aws:iam::{ACCOUNT}:role/admin"}, "s3:PutObject"))
    put(world, document)
    assert judged(WRITE, world, **options).status is FAIL
    delegation = {"AWS": f"arn:aws:iam::{STRANGER}:root"}
    put(world, {"Statement": [allow(delegation, "s3:GetObject")]})
    assert judged(READ, world, **options).status is PASS
    put(world, {"Statement": [allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "s3:GetObject")]})
    assert judged(READ, world, **options).status is FAIL


def test_writers_and_services_may_be_expected() -> None:
    role = allow({"AWS": ROLE}, "s3:PutObject")
    assert judged(WRITE, world_of(role), {"allowed_writer_arns": [ROLE]}).status is PASS
    assert judged(WRITE, world_of(role), {"allowed_writer_arns": [f"{ROLE}-2"]}).status is FAIL
    service = allow({"Service": "config.amazonaws.com"}, "s3:PutObject")
    assert judged(WRITE, world_of(service), {"allowed_services": ["config.amazonaws.com"]}).status is FAIL
    both = {"allowed_services": ["config.amazonaws.com", "cloudtrail.amazonaws.com"]}
    assert judged(WRITE, world_of(service), both).status is PASS


@pytest.mark.parametrize("check", [WRITE, READ])
def test_a_bucket_without_policy_grants_nothing(check: str) -> None:
    world = world_of()
    world.error("s3.GetBucketPolicy", "NoSuchBucketPolicy", status=404)
    assert judged(check, world).status is NA


@pytest.mark.parametrize(("check", "action"), [(WRITE, "s3:PutObject"), (READ, "s3:GetObject")])
def test_an_operator_that_is_not_known_is_an_error_unless_another_grant_decides(check: str, action: str) -> None:
    odd = allow("*", action, Condition={"StringAlmost": {"aws:PrincipalAccount": ACCOUNT}})
    assert reason_of(judged(check, world_of(odd))).code is ReasonCode.UNPARSEABLE
    assert judged(check, world_of(odd, allow({"AWS": ROLE}, action))).status is FAIL


# --- bucket-policy-read-restricted ----------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [WRITE, READ])
def test_of_a_bucket_without_known_owner_the_trails_account_is_taken_for_it(check: str) -> None:
    own = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "s3:*",
        "Resource": f"{ARN}/*",
    }
    world = world_of(own)
    world.deny("s3.ListBuckets")
    world.deny("s3.HeadBucket")
    assert judged(check, world).status is PASS


def test_a_policy_without_readers_has_nothing_to_judge() -> None:
    assert judged(READ, world_of()).status is NA


@pytest.mark.parametrize(
    "statement",
    [
        allow({"AWS": ROLE}, "s3:GetObject"),
        allow({"AWS": ROLE}, "s3:GetObjectVersion"),
        allow({"AWS": ROLE}, "s3:ListBucket"),
        allow({"AWS": f"arn:aws:iam::{STRANGER}:root"}, "s3:GetObject"),
        allow("*", "s3:GetObject", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}}),
        allow({"AWS": f"arn:aws:iam::{ACCOUNT}:role/reader"}, "s3:Get*"),
        allow({"Service": "athena.amazonaws.com"}, "s3:GetObject"),
    ],
)
def test_readers_that_nobody_expects(statement: dict[str, Any]) -> None:
    row = judged(READ, world_of(statement))
    assert row.status is FAIL
    assert "may read it" in row.message


@pytest.mark.parametrize(
    ("statement", "reader"),
    [
        (allow({"AWS": ROLE}, "s3:GetObject"), ROLE),
        (allow({"AWS": ROLE}, "s3:GetObject"), f"arn:aws:iam::{STRANGER}:role/*"),
        (allow({"AWS": ROLE}, "s3:GetObject"), STRANGER),
        (allow({"AWS": f"arn:aws:iam::{STRANGER}:root"}, "s3:GetObject"), f"arn:aws:iam::{STRANGER}:root"),
        (allow("*", "s3:GetObject", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}}), "o-abc123"),
        (allow({"Service": "athena.amazonaws.com"}, "s3:GetObject"), "athena.amazonaws.com"),
        (allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "s3:GetObject"), "nobody else"),
    ],
)
def test_expected_readers(statement: dict[str, Any], reader: str) -> None:
    assert judged(READ, world_of(statement), {"allowed_reader_arns": [reader]}).status is PASS


def test_the_management_account_is_a_stranger_like_any_other() -> None:
    assert judged(READ, world_of(allow({"AWS": MANAGEMENT}, "s3:GetObject"))).status is FAIL
