"""Who can get at the log bucket: publicity, clear text and the confused deputy."""

import itertools
import json

import pytest

from trailwarden.model import ReasonCode, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, World, log_bucket_policy, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
ANY_AWS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
ARN = "arn:aws:s3:::logs"


def world_of() -> World:
    world = World()
    world.add_trail("main", bucket="logs")
    return world


def open_up(
    world: World, *, policy=False, group="", bucket=(False,) * 4, account=(False,) * 4, ownership="ObjectWriter"
) -> World:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    world.reply("s3.GetPublicAccessBlock", {"PublicAccessBlockConfiguration": dict(zip(names, bucket, strict=True))})
    world.reply(
        "s3control.GetPublicAccessBlock", {"PublicAccessBlockConfiguration": dict(zip(names, account, strict=True))}
    )
    world.reply("s3.GetBucketOwnershipControls", {"OwnershipControls": {"Rules": [{"ObjectOwnership": ownership}]}})
    if policy:
        world.reply("s3.GetBucketPolicyStatus", {"PolicyStatus": {"IsPublic": True}})
        document = log_bucket_policy(ARN, ACCOUNT)
        document["Statement"].append(
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{ARN}/*"}
        )
        world.reply("s3.GetBucketPolicy", {"Policy": json.dumps(document)})
    if group:
        world.reply("s3.GetBucketAcl", {"Grants": [{"Grantee": {"Type": "Group", "URI": group}, "Permission": "READ"}]})
    return world


def test_a_private_bucket_is_not_public():
    [row] = run_check("bucket-not-public", world_of())
    assert row.status is PASS
    assert row.observed["public"] is False


@pytest.mark.parametrize(
    ("opening", "words"),
    [
        ({"policy": True}, "by its policy"),
        ({"group": ALL_USERS}, "by its ACL"),
        ({"group": ANY_AWS}, "by its ACL"),
        ({"policy": True, "group": ALL_USERS}, "by its policy and by its ACL"),
        # The settings that refuse new openings say nothing about what is in force.
        ({"policy": True, "bucket": (True, True, True, False)}, "by its policy"),
        ({"group": ALL_USERS, "bucket": (True, False, True, True)}, "by its ACL"),
        ({"group": ALL_USERS, "ownership": "BucketOwnerPreferred"}, "by its ACL"),
    ],
)
def test_every_public_path(opening, words):
    for latent in ("fail", "warn", "ignore"):
        [row] = run_check("bucket-not-public", open_up(world_of(), **opening), {"latent": latent})
        assert row.status is FAIL
        assert f"is public {words}" in row.message


LATENT = [
    {"policy": True, "bucket": (False, False, False, True)},
    {"policy": True, "account": (False, False, False, True)},
    {"group": ALL_USERS, "bucket": (False, True, False, False)},
    {"group": ALL_USERS, "account": (False, True, False, False)},
    {"group": ALL_USERS, "ownership": "BucketOwnerEnforced"},
    {"policy": True, "group": ANY_AWS, "bucket": (True, True, True, True)},
]


@pytest.mark.parametrize("opening", LATENT)
def test_an_exposure_that_block_public_access_neutralises_is_latent(opening):
    [row] = run_check("bucket-not-public", open_up(world_of(), **opening))
    assert row.status is FAIL
    assert "is not public now" in row.message
    assert row.observed["public"] is False
    [row] = run_check("bucket-not-public", open_up(world_of(), **opening), {"latent": "warn"})
    assert row.status is PASS
    assert any("is not public now" in note for note in row.notes)
    [row] = run_check("bucket-not-public", open_up(world_of(), **opening), {"latent": "ignore"})
    assert row.status is PASS
    assert not any("is not public now" in note for note in row.notes)


def test_log_delivery_is_not_the_public():
    assert status_of("bucket-not-public", open_up(world_of(), group=LOG_DELIVERY)) is PASS


def test_publicity_agrees_with_the_rule_for_every_combination():
    """Section 5.2 of the catalogue, over all settings that take part."""
    flags = (False, True)
    for policy, acl, ignore, restrict, account_ignore, account_restrict, enforced in itertools.product(flags, repeat=7):
        world = open_up(
            world_of(),
            policy=policy,
            group=ALL_USERS if acl else "",
            bucket=(False, ignore, False, restrict),
            account=(False, account_ignore, False, account_restrict),
            ownership="BucketOwnerEnforced" if enforced else "ObjectWriter",
        )
        public = (policy and not (restrict or account_restrict)) or (acl and not (ignore or account_ignore or enforced))
        assert status_of("bucket-not-public", world, {"latent": "ignore"}) is (FAIL if public else PASS)
        assert status_of("bucket-not-public", world) is (FAIL if policy or acl else PASS)


def test_a_known_public_acl_fails_though_the_policy_is_denied():
    world = open_up(world_of(), group=ALL_USERS)
    world.deny("s3.GetBucketPolicyStatus")
    world.deny("s3.GetBucketPolicy")
    assert status_of("bucket-not-public", world) is FAIL


def test_the_account_setting_is_needed_only_when_it_decides():
    world = world_of()
    world.deny("s3control.GetPublicAccessBlock")
    assert status_of("bucket-not-public", world) is PASS
    world = open_up(world_of(), policy=True)
    world.deny("s3control.GetPublicAccessBlock")
    [row] = run_check("bucket-not-public", world)
    assert (row.status, reason_of(row).missing_action) == (ERROR, "s3:GetAccountPublicAccessBlock")


def test_where_the_local_reading_disagrees_aws_wins_with_a_note():
    world = world_of()
    document = log_bucket_policy(ARN, ACCOUNT)
    document["Statement"].append(
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{ARN}/*"}
    )
    world.reply("s3.GetBucketPolicy", {"Policy": json.dumps(document)})
    [row] = run_check("bucket-not-public", world)
    assert row.status is PASS
    assert any("AWS wins" in note for note in row.notes)


def test_without_a_policy_or_a_local_opinion_there_is_nothing_to_disagree_about():
    world = world_of()
    world.error("s3.GetBucketPolicy", "NoSuchBucketPolicy", status=404)
    world.error("s3.GetBucketPolicyStatus", "NoSuchBucketPolicy", status=404)
    [row] = run_check("bucket-not-public", world)
    assert (row.status, row.notes) == (PASS, ())
    odd = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{ARN}/*"}
    world = world_of()
    document = {"Statement": [{**odd, "Condition": {"NewOperator": {"aws:x": "1"}}}]}
    world.reply("s3.GetBucketPolicy", {"Policy": json.dumps(document)})
    [row] = run_check("bucket-not-public", world)
    assert (row.status, row.notes) == (PASS, ())


def test_one_public_grant_among_others_is_enough():
    world = open_up(world_of())
    owner = {"Grantee": {"Type": "CanonicalUser", "ID": "0" * 64}, "Permission": "FULL_CONTROL"}
    public = {"Grantee": {"Type": "Group", "URI": ALL_USERS}, "Permission": "READ"}
    world.reply("s3.GetBucketAcl", {"Grants": [owner, public]})
    assert status_of("bucket-not-public", world) is FAIL


def test_a_policy_text_that_cannot_be_parsed_is_an_error():
    world = world_of()
    world.reply("s3.GetBucketPolicy", {"Policy": "[]"})
    [row] = run_check("bucket-not-public", world)
    assert (row.status, reason_of(row).code) == (ERROR, ReasonCode.UNPARSEABLE)


def tls(world: World, **changes) -> World:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [ARN, f"{ARN}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    world.reply("s3.GetBucketPolicy", {"Policy": json.dumps({"Statement": [{**statement, **changes}]})})
    return world


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"Principal": {"AWS": "*"}}, PASS),
        ({"Condition": {"Bool": {"AWS:securetransport": [False]}}}, PASS),
        ({"Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}, PASS),
        ({"Action": "s3:Get*"}, FAIL),
        ({"Resource": f"{ARN}/*"}, FAIL),
        ({"Resource": ARN}, FAIL),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, FAIL),
        ({"Effect": "Allow"}, FAIL),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, FAIL),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, FAIL),
        ({"Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}}, FAIL),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}, "NewOperator": {"aws:x": "1"}}}, ERROR),
    ],
)
def test_tls_only(changes, status):
    [row] = run_check("bucket-policy-tls-only", tls(world_of(), **changes))
    assert row.status is status
    if status is ERROR:
        assert reason_of(row).code is ReasonCode.UNPARSEABLE


def test_a_minimum_version_needs_its_own_denial():
    assert status_of("bucket-policy-tls-only", tls(world_of()), {"min_tls": "1.2"}) is FAIL
    world = world_of()
    document = log_bucket_policy(ARN, ACCOUNT)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [ARN, f"{ARN}/*"]}
    document["Statement"].append({**deny, "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}})
    world.reply("s3.GetBucketPolicy", {"Policy": json.dumps(document)})
    assert status_of("bucket-policy-tls-only", world, {"min_tls": "1.2"}) is PASS
    assert status_of("bucket-policy-tls-only", world, {"min_tls": "1.3"}) is FAIL


def test_no_policy_refuses_nothing():
    world = world_of()
    world.error("s3.GetBucketPolicy", "NoSuchBucketPolicy", status=404)
    [row] = run_check("bucket-policy-tls-only", world)
    assert (row.status, row.observed) == (FAIL, {"policy": None})
    assert status_of("bucket-policy-confused-deputy", world) is NA


def deputy(world: World, condition, principal=None) -> World:
    statement = {
        "Effect": "Allow",
        "Principal": principal or {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{ARN}/*",
        "Condition": condition,
    }
    world.reply("s3.GetBucketPolicy", {"Policy": json.dumps({"Statement": [statement]})})
    return world


def trail_arn(account: str) -> str:
    return f"arn:aws:cloudtrail:us-east-1:{account}:trail/main"


STRANGER = "777788889999"


@pytest.mark.parametrize(
    ("condition", "params", "status"),
    [
        ({"StringEquals": {"aws:SourceArn": trail_arn(ACCOUNT)}}, {}, PASS),
        ({"ArnLike": {"AWS:SourceArn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}}, {}, PASS),
        ({"StringLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/*"}}, {}, FAIL),
        ({"StringEquals": {"aws:SourceArn": trail_arn(STRANGER)}}, {}, FAIL),
        ({"StringEquals": {"aws:SourceArn": trail_arn(STRANGER)}}, {"allowed_account_ids": [STRANGER]}, PASS),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, {}, PASS),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, {"accept_source_account": False}, FAIL),
        ({"StringEquals": {"aws:SourceOrgID": "o-abc1234567"}}, {}, PASS),
        ({"StringEquals": {"aws:SourceOrgID": "o-abc1234567"}}, {"allowed_org_ids": ["o-other12345"]}, FAIL),
        ({}, {}, FAIL),
        ({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}, {}, FAIL),
    ],
)
def test_the_confused_deputy(condition, params, status):
    assert status_of("bucket-policy-confused-deputy", deputy(world_of(), condition), params) is status


def test_a_known_open_grant_decides_and_one_that_is_not_understood_is_an_error():
    odd = {"StringEquals": {"aws:SourceArn": trail_arn(ACCOUNT)}, "NewOperator": {"aws:x": "1"}}
    fixed = {"StringEquals": {"aws:SourceArn": trail_arn(ACCOUNT)}}
    wrong = {"StringEquals": {"aws:SourceArn": trail_arn(STRANGER)}}
    for conditions, status in (
        ([fixed, {"NewOperator": {"aws:x": "1"}}], ERROR),
        ([odd, wrong], FAIL),
        ([{"NewOperator": {"aws:x": "1"}}, wrong], FAIL),
    ):
        world = world_of()
        statements = [
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"{ARN}/*",
                "Condition": condition,
            }
            for condition in conditions
        ]
        world.reply("s3.GetBucketPolicy", {"Policy": json.dumps({"Statement": statements})})
        [row] = run_check("bucket-policy-confused-deputy", world)
        assert row.status is status, row.message
        if status is FAIL:
            assert len(row.observed["open"]) == 1


def test_legacy_cloudtrail_accounts_serve_every_customer():
    world = deputy(world_of(), {}, {"AWS": "arn:aws:iam::086441151436:root"})
    [row] = run_check("bucket-policy-confused-deputy", world)
    assert row.status is FAIL
    assert "us-east-1" in row.message


def test_an_organization_trail_is_expected_under_the_management_account():
    world = World()
    world.add_trail("org", owner=MANAGEMENT, bucket="logs", IsOrganizationTrail=True)
    deputy(world, {"StringEquals": {"aws:SourceArn": f"arn:aws:cloudtrail:us-east-1:{MANAGEMENT}:trail/org"}})
    assert status_of("bucket-policy-confused-deputy", world) is PASS
