"""Whose the key of a trail is, and whom its policy and grants let in."""

import json
from typing import Any

import pytest

from trailwarden.model import ReasonCode, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, World, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
OWN, SCOPED = "kms-key-customer-managed", "kms-key-policy-scoped"
RESTRICTED, PUBLIC = "kms-decrypt-restricted", "kms-key-not-public"
TRAIL = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
READER, ADMIN = f"arn:aws:iam::{ACCOUNT}:role/reader", f"arn:aws:iam::{ACCOUNT}:role/admin"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/logs"
CONTEXT = "kms:EncryptionContext:aws:cloudtrail:arn"


def allow(principal: Any, *actions: str, **conditions: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions), "Resource": "*"}
    return {**statement, "Condition": conditions} if conditions else statement


def for_cloudtrail(*actions: str, **conditions: Any) -> dict[str, Any]:
    return allow({"Service": "cloudtrail.amazonaws.com"}, *(actions or ("kms:GenerateDataKey*",)), **conditions)


def aws(arn: str) -> dict[str, str]:
    return {"AWS": arn}


DELEGATION = allow(aws(ROOT), "kms:*")
OF_THE_TRAIL = for_cloudtrail(StringEquals={"aws:SourceArn": TRAIL})


def with_policy(*statements: dict[str, Any], grants: tuple[dict[str, Any], ...] = (), **row: Any) -> World:
    world = World()
    world.add_trail("main", key="logs", **row)
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    world.reply("kms.GetKeyPolicy", {"Policy": policy}, KeyId=KEY, PolicyName="default", region="us-east-1")
    world.reply("kms.ListGrants", {"Grants": list(grants)}, KeyId=KEY, region="us-east-1")
    return world


# --- kms-key-customer-managed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "params", "status", "message"),
    [
        ({}, {}, PASS, "key logs is customer managed"),
        ({"KeyManager": "AWS"}, {}, FAIL, "key logs is managed by AWS"),
        ({"KeyManager": None}, {}, FAIL, "key logs is managed by nobody known"),
        ({}, {"allowed_key_accounts": [ACCOUNT]}, PASS, "key logs is customer managed"),
        (
            {},
            {"allowed_key_accounts": [MANAGEMENT]},
            FAIL,
            f"key logs belongs to account {ACCOUNT}, which is not expected",
        ),
    ],
)
def test_whose_the_key_is(metadata: dict[str, Any], params: dict[str, Any], status: Status, message: str) -> None:
    world = World()
    world.add_trail("main", key="logs")
    world.add_key("logs", **metadata)
    [row] = run_check(OWN, world, params)
    assert (row.status, row.message) == (status, message)
    assert row.observed == {"KeyManager": metadata.get("KeyManager", "CUSTOMER") or "", "AWSAccountId": ACCOUNT}
    assert row.expected == {"KeyManager": "CUSTOMER", "AWSAccountId": params.get("allowed_key_accounts", "any")}


def test_whose_a_missing_or_refused_key_is_stays_open() -> None:
    world = World()
    world.add_trail("main", key="logs")
    world.error("kms.DescribeKey", "NotFoundException")
    reason = reason_of(run_check(OWN, world)[0])
    assert (reason.code, reason.operation) == (ReasonCode.NOT_FOUND, "kms.DescribeKey")
    assert reason.aws_message == "key logs does not exist"
    world.deny("kms.DescribeKey")
    assert reason_of(run_check(OWN, world)[0]).missing_action == "kms:DescribeKey"


@pytest.mark.parametrize("check", [OWN, SCOPED, RESTRICTED, PUBLIC])
def test_without_a_key_there_is_nothing_to_judge(check: str) -> None:
    world = World()
    world.add_trail("main")
    assert status_of(check, world) is NA


# --- kms-key-policy-scoped ------------------------------------------------------------------------------------------


def test_a_grant_for_the_trail_passes() -> None:
    [row] = run_check(SCOPED, with_policy(DELEGATION, OF_THE_TRAIL))
    assert (row.status, row.message) == (PASS, "policy of key logs lets CloudTrail use it for known trails only")
    assert row.observed == {"statements": ["statement 1 for Service:cloudtrail.amazonaws.com"], "trails": [TRAIL]}
    assert row.expected == {"conditions": "aws:SourceArn or the encryption context"}


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        ([for_cloudtrail(StringLike={CONTEXT: f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"})], PASS),
        ([OF_THE_TRAIL, for_cloudtrail("kms:DescribeKey")], PASS),
        ([for_cloudtrail()], FAIL),
        ([for_cloudtrail("kms:*")], FAIL),
        ([OF_THE_TRAIL, for_cloudtrail("kms:Decrypt")], FAIL),
        ([for_cloudtrail(StringLike={CONTEXT: "arn:aws:cloudtrail:*:*:trail/*"})], FAIL),
        ([for_cloudtrail(StringLike={"aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/*"})], FAIL),
        ([for_cloudtrail(StringEquals={"aws:SourceAccount": ACCOUNT})], FAIL),
        ([for_cloudtrail(StringEquals={"aws:SourceArn": f"{TRAIL}2"})], FAIL),
        ([DELEGATION], FAIL),
        ([OF_THE_TRAIL, {**OF_THE_TRAIL, "Effect": "Deny"}], FAIL),
        ([for_cloudtrail(StringStrangely={"aws:SourceArn": TRAIL})], ERROR),
        ([for_cloudtrail(StringStrangely={"aws:SourceArn": TRAIL}), for_cloudtrail()], FAIL),
    ],
)
def test_how_a_grant_is_limited(statements: list[dict[str, Any]], status: Status) -> None:
    [row] = run_check(SCOPED, with_policy(*statements))
    assert row.status is status
    if status is ERROR:
        reason = reason_of(row)
        assert (reason.code, reason.operation) == (ReasonCode.UNPARSEABLE, "kms.GetKeyPolicy")
        doubt = "statement 0 for Service:cloudtrail.amazonaws.com has a condition that is not understood; trail main: "
        assert reason.aws_message.startswith(f"{doubt}kms:GenerateDataKey on {KEY}: undecided")


def test_why_a_grant_fails_is_said() -> None:
    [row] = run_check(SCOPED, with_policy(for_cloudtrail()))
    assert row.message == (
        "policy of key logs: statement 0 for Service:cloudtrail.amazonaws.com has no condition on its source"
    )
    [row] = run_check(SCOPED, with_policy(for_cloudtrail(StringEquals={"aws:SourceArn": f"{TRAIL}2"})))
    assert row.message.startswith(f"policy of key logs: trail main: kms:GenerateDataKey on {KEY}: not allowed")


def test_every_trail_that_uses_the_key_must_be_covered() -> None:
    world = with_policy(OF_THE_TRAIL)
    world.add_trail("second", key="logs")
    [row] = run_check(SCOPED, world)
    assert row.status is FAIL
    assert "trail second: " in row.message
    assert "trail main: " not in row.message


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"StringEquals": {"aws:SourceArn": TRAIL}}, PASS),
        ({"StringEquals": {"aws:SourceArn": TRAIL, CONTEXT: TRAIL}}, PASS),
        ({"StringLike": {CONTEXT: f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}}, FAIL),
        (
            {
                "StringLike": {
                    CONTEXT: f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*",
                    "aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/*",
                }
            },
            FAIL,
        ),
    ],
)
def test_the_source_arn_can_be_required(conditions: dict[str, Any], status: Status) -> None:
    [row] = run_check(SCOPED, with_policy(for_cloudtrail(**conditions)), {"require_source_arn": True})
    assert (row.status, row.expected) == (status, {"conditions": "aws:SourceArn"})
    if status is FAIL:
        assert row.message.endswith("has no condition on aws:SourceArn")


# --- kms-key-not-public ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        (DELEGATION, PASS),
        (allow("*", "kms:Decrypt"), FAIL),
        (allow(aws("*"), "kms:*"), FAIL),
        (allow("*", "kms:Decrypt", StringEquals={"kms:CallerAccount": ACCOUNT}), PASS),
        (allow("*", "kms:Decrypt", StringEquals={"aws:PrincipalOrgID": "o-1234567890"}), PASS),
        (
            allow(
                "*",
                "kms:Decrypt",
                StringEquals={"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:CallerAccount": ACCOUNT},
            ),
            PASS,
        ),
        (allow("*", "kms:Decrypt", StringEquals={"kms:ViaService": "s3.us-east-1.amazonaws.com"}), FAIL),
        (allow("*", "kms:Decrypt", StringLike={"kms:CallerAccount": "*"}), FAIL),
        (allow("*", "kms:Decrypt", StringStrangely={"kms:CallerAccount": ACCOUNT}), ERROR),
    ],
)
def test_what_makes_a_key_public(statement: dict[str, Any], status: Status) -> None:
    [row] = run_check(PUBLIC, with_policy(DELEGATION, statement))
    assert row.status is status
    if status is PASS:
        assert (row.message, row.observed) == ("the policy of key logs is not public", {"public statements": []})
    elif status is FAIL:
        assert row.message.startswith("the policy of key logs is public: statement 1 allows everybody")
        assert len(row.observed["public statements"]) == 1
    else:
        reason = reason_of(row)
        assert (reason.code, reason.operation) == (ReasonCode.UNPARSEABLE, "kms.GetKeyPolicy")
        assert reason.aws_message.startswith("statement 1 allows everybody")


@pytest.mark.parametrize("check", [SCOPED, RESTRICTED, PUBLIC])
def test_an_unreadable_policy_is_an_error(check: str) -> None:
    world = with_policy(OF_THE_TRAIL)
    world.deny("kms.GetKeyPolicy")
    assert reason_of(run_check(check, world)[0]).missing_action == "kms:GetKeyPolicy"
    world.reply("kms.GetKeyPolicy", {"Policy": "{"})
    assert reason_of(run_check(check, world)[0]).code is ReasonCode.UNPARSEABLE
    world.reply("kms.GetKeyPolicy", {})
    assert reason_of(run_check(check, world)[0]).code is ReasonCode.UNEXPECTED


@pytest.mark.parametrize("check", [SCOPED, RESTRICTED, PUBLIC])
def test_a_foreign_keys_policy_is_cross_account(check: str) -> None:
    world = World()
    world.add_trail("main", KmsKeyId=KEY.replace(ACCOUNT, MANAGEMENT))
    world.deny("kms.GetKeyPolicy")
    world.deny("kms.ListGrants")
    assert reason_of(run_check(check, world)[0]).code is ReasonCode.CROSS_ACCOUNT


# --- kms-decrypt-restricted -----------------------------------------------------------------------------------------

EXPECTED = {"allowed_reader_arns": [READER], "allowed_admin_arns": [ADMIN]}
READING, ADMINISTERING = allow(aws(READER), "kms:Decrypt"), allow(aws(ADMIN), "kms:PutKeyPolicy")


def test_expected_principals_pass() -> None:
    world = with_policy(READING, ADMINISTERING, for_cloudtrail("kms:Decrypt", "kms:GenerateDataKey*"))
    [row] = run_check(RESTRICTED, world, EXPECTED)
    assert (row.status, row.notes) == (PASS, ())
    assert row.message == "key logs is decrypted and administered by expected principals only"
    assert row.observed == {"policy": [], "grants": []}
    assert row.expected == {"readers": [READER], "administrators": [ADMIN]}


def test_root_delegation_is_accepted_and_said_to_prove_nothing() -> None:
    world = with_policy(DELEGATION)
    [row] = run_check(RESTRICTED, world)
    assert row.status is PASS
    assert row.notes == ("with root delegation the key policy proves nothing: IAM of the key's account decides",)
    [row] = run_check(RESTRICTED, world, {"allow_root_delegation": False})
    assert row.status is FAIL
    assert row.message.startswith(f"key logs: statement 0 allows kms:Decrypt to {ROOT}; ")
    foreign = with_policy(allow(aws(f"arn:aws:iam::{MANAGEMENT}:root"), "kms:Decrypt"))
    assert status_of(RESTRICTED, foreign) is FAIL


@pytest.mark.parametrize(
    "statement",
    [
        allow(aws(ADMIN), "kms:Decrypt"),
        allow(aws(READER), "kms:ScheduleKeyDeletion"),
        allow(aws(READER), "kms:DisableKey"),
        allow(aws(READER), "kms:PutKeyPolicy"),
        allow("*", "kms:*"),
        allow({"Service": "logs.amazonaws.com"}, "kms:Decrypt"),
    ],
)
def test_a_stranger_fails(statement: dict[str, Any]) -> None:
    [row] = run_check(RESTRICTED, with_policy(READING, ADMINISTERING, statement), EXPECTED)
    assert row.status is FAIL
    assert row.message.startswith("key logs: statement 2 allows ")
    assert len(row.observed["policy"]) >= 1


def test_a_condition_that_is_not_understood_leaves_it_open() -> None:
    doubtful = allow(aws(ADMIN), "kms:Decrypt", StringStrangely={"aws:PrincipalArn": READER})
    reason = reason_of(run_check(RESTRICTED, with_policy(doubtful), EXPECTED)[0])
    assert (reason.code, reason.operation) == (ReasonCode.UNPARSEABLE, "kms.GetKeyPolicy")
    assert reason.aws_message == (
        f"under a condition that is not understood, statement 0 allows kms:Decrypt to {ADMIN}"
    )
    world = with_policy(doubtful, allow(aws(READER), "kms:DisableKey"))
    assert status_of(RESTRICTED, world, EXPECTED) is FAIL


@pytest.mark.parametrize(
    ("grant", "status"),
    [
        ({"GrantId": "g", "GranteePrincipal": READER, "Operations": ["Decrypt"]}, PASS),
        ({"GrantId": "g", "GranteePrincipal": ADMIN, "Operations": ["Encrypt"]}, PASS),
        ({"GrantId": "g", "GranteePrincipal": ADMIN, "Operations": ["Encrypt", "Decrypt"]}, FAIL),
        ({"GrantId": "g", "Operations": ["Decrypt"]}, FAIL),
        ({"GrantId": "g", "GranteePrincipal": "logs.amazonaws.com", "Operations": ["Decrypt"]}, FAIL),
    ],
)
def test_grants_count_like_the_policy(grant: dict[str, Any], status: Status) -> None:
    world = with_policy(READING, ADMINISTERING, grants=(grant,))
    [row] = run_check(RESTRICTED, world, EXPECTED)
    assert row.status is status
    if status is FAIL:
        words = f"grant g lets {grant.get('GranteePrincipal', '')} decrypt"
        assert (row.message, row.observed["grants"]) == (f"key logs: {words}", [words])


def test_a_known_stranger_decides_whatever_else_is_unread() -> None:
    world = with_policy(allow(aws(ADMIN), "kms:Decrypt"))
    world.deny("kms.ListGrants")
    assert status_of(RESTRICTED, world, EXPECTED) is FAIL
    world = with_policy(READING)
    world.deny("kms.ListGrants")
    assert reason_of(run_check(RESTRICTED, world, EXPECTED)[0]).missing_action == "kms:ListGrants"
    world = with_policy(READING, grants=({"GrantId": "g", "GranteePrincipal": ADMIN, "Operations": ["Decrypt"]},))
    world.deny("kms.GetKeyPolicy")
    assert status_of(RESTRICTED, world, EXPECTED) is FAIL


def test_readers_and_administrators_can_be_kept_apart() -> None:
    params = {"allowed_reader_arns": [READER, ADMIN], "allowed_admin_arns": [ADMIN], "separation": True}
    apart = with_policy(DELEGATION, READING, ADMINISTERING)
    assert status_of(RESTRICTED, apart, params) is PASS
    mixed = with_policy(READING, allow(aws(ADMIN), "kms:Decrypt", "kms:DisableKey"))
    [row] = run_check(RESTRICTED, mixed, params)
    assert (row.status, row.message) == (FAIL, f"key logs: {ADMIN} may both decrypt and administer")
    assert status_of(RESTRICTED, mixed, {**params, "separation": False}) is PASS
    granted = with_policy(
        READING, ADMINISTERING, grants=({"GrantId": "g", "GranteePrincipal": ADMIN, "Operations": ["Decrypt"]},)
    )
    [row] = run_check(RESTRICTED, granted, params)
    assert (row.status, row.message) == (FAIL, f"key logs: {ADMIN} may administer by the policy and decrypt by a grant")
    assert status_of(RESTRICTED, granted, {**params, "separation": False}) is PASS


@pytest.mark.parametrize(
    ("reader", "status"),
    [("arn:aws:iam::*:role/*", PASS), (ACCOUNT, PASS), (ADMIN, FAIL), ("logs.amazonaws.com", FAIL)],
)
def test_readers_of_grants_are_expected_as_those_of_the_policy_are(reader: str, status: Status) -> None:
    """By wildcard, or with their whole account."""
    world = with_policy(READING, grants=({"GrantId": "g", "GranteePrincipal": READER, "Operations": ["Decrypt"]},))
    params = {"allowed_reader_arns": [reader]}
    assert status_of(RESTRICTED, world, params) is status
    grant = {"GrantId": "g", "GranteePrincipal": "logs.amazonaws.com", "Operations": ["Decrypt"]}
    service = with_policy(DELEGATION, grants=(grant,))
    assert (status_of(RESTRICTED, service, params) is PASS) is (reader == "logs.amazonaws.com")
