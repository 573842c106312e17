"""Writers, readers and key users that nobody expects."""

from typing import Any

import pytest

from trailwarden.policydoc import (
    KMS_ADMINISTERING,
    KMS_DECRYPTING,
    S3_MUTATING,
    S3_READING,
    Grant,
    grants_of,
    is_expected,
    parse,
    unexpected_grants,
)

OURS, OTHERS = "111122223333", "999988887777"
ROLE = f"arn:aws:iam::{OURS}:role/Reader"


def allow(action: Any = "s3:PutObject", condition: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    statement = {"Sid": "Grant", "Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*", **changes}
    if condition:
        statement["Condition"] = condition
    return {key: value for key, value in statement.items() if value is not None}


def unexpected(*statements: dict[str, Any], actions: Any = S3_MUTATING, **options: Any) -> tuple[Grant, ...]:
    policy = parse({"Version": "2012-10-17", "Statement": list(statements)})
    return unexpected_grants(policy, actions, **options)


@pytest.mark.parametrize(
    ("action", "held"),
    [
        ("s3:PutObject", ("s3:PutObject",)),
        ("S3:PUTOBJECT", ("s3:PutObject",)),
        ("s3:GetObject", ()),
        ("s3:GetBucketAcl", ()),
        ("s3:*", S3_MUTATING),
        ("*", S3_MUTATING),
        ("s3:Bypass*", ("s3:BypassGovernanceRetention",)),
        (["s3:Get*", "s3:DeleteObject*"], ("s3:DeleteObject", "s3:DeleteObjectVersion")),
        ("s3:PutObject?cl", ("s3:PutObjectAcl",)),
    ],
)
def test_which_actions_are_held(action: Any, held: tuple[str, ...]) -> None:
    assert tuple(name for grant in unexpected(allow(action)) for name in grant.actions) == held


def test_not_action_holds_all_others() -> None:
    (grant,) = unexpected(allow(None, NotAction="s3:Delete*"))
    assert "s3:PutObject" in grant.actions
    assert not any(name.startswith("s3:Delete") for name in grant.actions)
    assert unexpected(allow(None, NotAction=["s3:*"])) == ()


def test_reading_patterns() -> None:
    def held(action: str) -> tuple[str, ...]:
        return tuple(name for grant in unexpected(allow(action), actions=S3_READING) for name in grant.actions)

    assert held("s3:GetObjectVersion") == ("s3:GetObject*",)
    assert held("s3:Get*") == ("s3:GetObject*",)
    assert held("s3:ListBucketVersions") == ("s3:ListBucket*",)
    assert held("s3:GetBucketAcl") == ()
    assert held("s3:PutObject") == ()


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        (ROLE, [ROLE]),
        (ROLE, [f"arn:aws:iam::{OURS}:role/*"]),
        (ROLE, [OURS]),
        (OURS, [OURS]),
        (f"arn:aws:iam::{OURS}:root", [OURS]),
        (OURS, [f"arn:aws:iam::{OURS}:root"]),
        (OURS, [ROLE, f"arn:aws:iam::{OURS}:root"]),
        (ROLE, [OTHERS, ROLE]),
        ("*", ["*"]),
    ],
)
def test_expected_principals(principal: str, allowed: list[str]) -> None:
    assert unexpected(allow(Principal={"AWS": principal}), allowed=allowed) == ()


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        (ROLE, []),
        (ROLE, [ROLE.lower()]),
        (ROLE, [f"{ROLE}2"]),
        (ROLE, [OTHERS]),
        (ROLE, [f"arn:aws:iam::{OURS}:root"]),
        (OURS, [ROLE]),
        (f"arn:aws:iam::{OTHERS}:root", [OURS, ROLE]),
        ("*", [OURS, ROLE]),
        (f"arn:aws:iam::{OURS}:role/*", [ROLE]),
        ("AROAEXAMPLE", [OURS]),
    ],
)
def test_unexpected_principals(principal: str, allowed: list[str]) -> None:
    (grant,) = unexpected(allow(Principal={"AWS": principal}), allowed=allowed)
    assert str(grant) == f"statement 0 (Grant) allows s3:PutObject to {principal}"
    assert grant.undecided is False


def test_services_are_expected_by_name() -> None:
    statement = allow(Principal={"Service": ["cloudtrail.amazonaws.com", "config.amazonaws.com"]})
    (grant,) = unexpected(statement, services=["cloudtrail.amazonaws.com"])
    assert str(grant.principal) == "Service:config.amazonaws.com"
    assert len(unexpected(statement, allowed=["cloudtrail.amazonaws.com"])) == 2


def test_a_principal_beside_the_policy_is_expected_like_one_in_it() -> None:
    assert is_expected(ROLE, [f"arn:aws:iam::{OURS}:role/*"])
    assert is_expected(ROLE, [OURS])
    assert is_expected("logs.amazonaws.com", ["logs.amazonaws.com"])
    assert not is_expected("logs.amazonaws.com", [OURS, "*.amazonaws.com"])
    assert not is_expected(ROLE, [OTHERS, f"{ROLE}s"])
    assert not is_expected("", [OURS])


def test_not_principal_lets_everybody_else_in() -> None:
    (grant,) = unexpected(allow(Principal=None, NotPrincipal={"AWS": [OURS, OTHERS]}), allowed=[OURS])
    assert str(grant) == "statement 0 (Grant) allows s3:PutObject to everybody but 111122223333, 999988887777"
    assert grant.principal.everyone


def test_each_principal_is_its_own_grant() -> None:
    grants = unexpected(allow(Principal={"AWS": [ROLE, OTHERS]}), allow(Principal={"AWS": OTHERS}), allowed=[ROLE])
    assert [(grant.statement.index, grant.principal.value) for grant in grants] == [(0, OTHERS), (1, OTHERS)]


def test_denies_are_left_out() -> None:
    assert unexpected(allow(Effect="Deny")) == ()
    assert len(unexpected(allow(), allow(Effect="Deny"))) == 1


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OURS}:role/Reader"}},
        {"ArnLike": {"AWS:PrincipalARN": [f"arn:aws:iam::{OURS}:user/*"]}},
        {"StringEquals": {"aws:PrincipalAccount": OURS}},
        {"StringEquals": {"kms:CallerAccount": OURS}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-ours"}},
        {"StringEquals": {"aws:SourceOrgID": "o-ours"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-ours/*"}},
        {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{OURS}:*"}},
        {"StringEquals": {"aws:SourceAccount": OURS}},
        {"StringEquals": {"aws:SourceOwner": OURS}},
        {"StringEquals": {"aws:PrincipalServiceName": "cloudtrail.amazonaws.com"}},
        {"StringEqualsIfExists": {"aws:PrincipalAccount": OURS}, "Null": {"aws:PrincipalAccount": "false"}},
    ],
)
def test_conditions_that_name_expected_callers(condition: dict[str, Any]) -> None:
    expected = {"allowed": [OURS, "o-ours"], "services": ["cloudtrail.amazonaws.com"]}
    assert unexpected(allow(condition=condition), **expected) == ()
    assert len(unexpected(allow(condition=condition), allowed=[OTHERS, "o-theirs"], services=[])) == 1


@pytest.mark.parametrize(
    "condition",
    [
        {"StringNotEquals": {"aws:PrincipalAccount": OURS}},
        {"StringEqualsIfExists": {"aws:PrincipalAccount": OURS}},
        {"ForAllValues:StringEquals": {"aws:PrincipalAccount": OURS}},
        {"StringEquals": {"aws:PrincipalAccount": [OURS, OTHERS]}},
        {"ArnLike": {"aws:PrincipalArn": [ROLE, "arn:aws:iam::*:role/Reader"]}},
        {"ArnLike": {"aws:SourceArn": [f"arn:aws:sns:*:{OURS}:*", "arn:aws:s3:::logs"]}},
        {"StringLike": {"aws:PrincipalOrgPaths": ["o-ours/*", "o-theirs/*"]}},
        {"StringEquals": {"aws:PrincipalServiceName": ["cloudtrail.amazonaws.com", "config.amazonaws.com"]}},
        {"StringEquals": {"aws:SourceVpce": OURS}},
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        {"Bool": {"aws:SecureTransport": "true"}},
    ],
)
def test_conditions_that_leave_strangers_in(condition: dict[str, Any]) -> None:
    expected = {"allowed": [OURS, "o-ours"], "services": ["cloudtrail.amazonaws.com"]}
    assert len(unexpected(allow(condition=condition), **expected)) == 1


def test_organisation_wide_reading_is_not_public_but_unexpected() -> None:
    statement = allow("s3:GetObject", {"StringEquals": {"aws:PrincipalOrgID": "o-ours"}})
    assert len(unexpected(statement, actions=S3_READING, allowed=[ROLE])) == 1


def test_an_unknown_operator_marks_the_grant() -> None:
    (grant,) = unexpected(allow(condition={"StringMatches": {"aws:PrincipalAccount": OURS}}))
    assert grant.undecided is True
    odd = {"StringMatches": {"x:y": "1"}, "StringEquals": {"aws:PrincipalAccount": OURS}}
    assert unexpected(allow(condition=odd), allowed=[OURS]) == ()


def test_the_actions_in_question() -> None:
    """What counts as writing, reading, decrypting and administering, written down a second time."""
    objects = "PutObject PutObjectAcl PutObjectVersionAcl PutObjectRetention PutObjectLegalHold"
    deletions = "DeleteObject DeleteObjectVersion DeleteBucket DeleteBucketPolicy"
    settings = """PutBucketAcl PutBucketPolicy PutBucketVersioning PutBucketObjectLockConfiguration
        PutBucketOwnershipControls PutBucketPublicAccessBlock PutEncryptionConfiguration PutLifecycleConfiguration
        PutReplicationConfiguration"""
    replicas = "ReplicateObject ReplicateDelete ObjectOwnerOverrideToBucketOwner"
    names = f"{objects} {deletions} {settings} {replicas} BypassGovernanceRetention".split()
    assert sorted(S3_MUTATING) == sorted(f"s3:{name}" for name in names)
    assert S3_READING == ("s3:GetObject*", "s3:ListBucket*")
    assert KMS_DECRYPTING == ("kms:Decrypt",)
    assert KMS_ADMINISTERING == ("kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy")


def test_key_grants() -> None:
    root = f"arn:aws:iam::{OURS}:root"
    admin = f"arn:aws:iam::{OURS}:role/KeyAdmin"
    policy = parse(
        {
            "Version": "2012-10-17",
            "Statement": [
                allow("kms:*", Principal={"AWS": root}),
                allow(["kms:Put*", "kms:Schedule*", "kms:Disable*"], Principal={"AWS": admin}),
                allow(["kms:Decrypt"], Principal={"AWS": ROLE}),
            ],
        }
    )
    assert [str(item.principal) for item in grants_of(policy, KMS_DECRYPTING)] == [root, ROLE]
    assert [str(item.principal) for item in grants_of(policy, KMS_ADMINISTERING)] == [root, admin]
    # Accepting the delegation to IAM must not accept every role of the account by the way.
    (grant,) = unexpected_grants(policy, KMS_DECRYPTING, allowed=[root])
    assert grant.principal.value == ROLE
    (grant,) = unexpected_grants(policy, KMS_ADMINISTERING, allowed=[admin])
    assert grant.principal.value == root
    assert grant.actions == KMS_ADMINISTERING
