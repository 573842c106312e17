"""bucket-policy-confused-deputy: every grant to CloudTrail is tied to known trails, accounts or organisations."""

from typing import Any

import pytest

from trailwarden.policydoc import LEGACY_CLOUDTRAIL_ACCOUNTS, Principal, ServiceGrant, parse, service_grants, source_gap

OURS, OTHERS = "111122223333", "999988887777"
TRAIL = f"arn:aws:cloudtrail:eu-west-1:{OURS}:trail/main"


def allow(condition: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": "Write",
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs/AWSLogs/*",
    }
    if condition:
        statement["Condition"] = condition
    merged = {**statement, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def grants(*statements: dict[str, Any], **options: Any) -> tuple[ServiceGrant, ...]:
    return service_grants(parse({"Version": "2012-10-17", "Statement": list(statements)}), **options)


def gap(condition: dict[str, Any] | None, **options: Any) -> str:
    (grant,) = grants(allow(condition))
    return source_gap(grant, **{"accounts": [OURS], "organizations": ["o-ours"], **options})


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceArn": TRAIL}},
        {"StringEquals": {"AWS:SOURCEARN": [TRAIL, TRAIL]}},
        {"ArnEquals": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{OURS}:trail/*"}},
        {"ArnLike": {"aws:SourceArn": f"arn:aws-us-gov:cloudtrail:*:{OURS}:trail/*"}},
        {"StringLike": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{OURS}:*"}},
        {"ForAnyValue:StringEquals": {"aws:SourceArn": TRAIL}},
        {"StringEqualsIfExists": {"aws:SourceArn": TRAIL}, "Null": {"aws:SourceArn": "false"}},
        {"ForAllValues:StringEquals": {"aws:SourceArn": TRAIL}, "Null": {"aws:SourceArn": False}},
        {"StringEquals": {"aws:SourceAccount": OURS}},
        {"StringEquals": {"aws:SourceOrgID": "o-ours"}},
        {"StringEquals": {"aws:SourceArn": TRAIL, "aws:SourceAccount": OTHERS}},
    ],
)
def test_limits_that_count(condition: dict[str, Any] | None) -> None:
    assert gap(condition) == ""


@pytest.mark.parametrize(
    ("condition", "word"),
    [
        (None, "no condition on its source"),
        ({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}, "no condition on its source"),
        ({"StringNotEquals": {"aws:SourceAccount": OTHERS}}, "no condition on its source"),
        ({"StringEqualsIfExists": {"aws:SourceArn": TRAIL}}, "no condition on its source"),
        ({"ForAllValues:StringEquals": {"aws:SourceArn": TRAIL}}, "no condition on its source"),
        (
            {"StringEqualsIfExists": {"aws:SourceArn": TRAIL}, "Null": {"aws:SourceArn": "true"}},
            "no condition on its source",
        ),
        (
            {"StringEqualsIfExists": {"aws:SourceArn": TRAIL}, "Null": {"aws:SourceAccount": "false"}},
            "no condition on its source",
        ),
        ({"Null": {"aws:SourceArn": "false"}}, "no condition on its source"),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/main"}}, "leaves the account open"),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:1111*:trail/main"}}, "leaves the account open"),
        ({"StringLike": {"aws:SourceArn": f"*{OURS}*"}}, "leaves the account open"),
        ({"StringLike": {"aws:SourceArn": "*"}}, "leaves the account open"),
        ({"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}}, "leaves the account open"),
        ({"StringLike": {"aws:SourceAccount": "1111*"}}, "leaves the account open"),
        ({"StringLike": {"aws:SourceOrgID": "o-*"}}, "leaves the account open"),
        ({"StringEquals": {"aws:SourceAccount": OTHERS}}, f"accepts {OTHERS}"),
        ({"StringEquals": {"aws:SourceArn": [TRAIL, TRAIL.replace(OURS, OTHERS)]}}, f"accepts {OTHERS}"),
        ({"StringEquals": {"aws:SourceOrgID": ["o-ours", "o-theirs"]}}, "accepts o-theirs"),
    ],
)
def test_limits_that_do_not_count(condition: dict[str, Any] | None, word: str) -> None:
    assert word in gap(condition)
    assert "statement 0 (Write) for Service:cloudtrail.amazonaws.com" in gap(condition)


def test_the_expectation_may_be_any_fixed_source() -> None:
    assert gap({"StringEquals": {"aws:SourceAccount": OTHERS}}, accounts=None) == ""
    assert gap({"StringEquals": {"aws:SourceOrgID": "o-theirs"}}, organizations=None) == ""
    assert "open" in gap({"StringLike": {"aws:SourceAccount": "*"}}, accounts=None)


def test_source_account_alone_may_be_refused() -> None:
    for key, value in (("aws:SourceAccount", OURS), ("aws:SourceOrgID", "o-ours")):
        condition = {"StringEquals": {key: value}}
        assert "no condition on its source" in gap(condition, accept_source_account=False)
    assert gap({"StringEquals": {"aws:SourceArn": TRAIL}}, accept_source_account=False) == ""


@pytest.mark.parametrize(
    "principal",
    [
        {"Principal": "*"},
        {"Principal": {"AWS": ["*"]}},
        {"Principal": {"Service": "*"}},
        {"Principal": {"Service": ["config.amazonaws.com", "cloudtrail.amazonaws.com"]}},
        {"Principal": None, "NotPrincipal": {"AWS": f"arn:aws:iam::{OTHERS}:root"}},
    ],
)
def test_the_service_is_reached_by_more_than_its_name(principal: dict[str, Any]) -> None:
    (grant,) = grants(allow(**principal))
    assert "no condition on its source" in source_gap(grant, accounts=[OURS])


@pytest.mark.parametrize(
    "statement",
    [
        allow(Effect="Deny"),
        allow(Principal={"Service": "config.amazonaws.com"}),
        allow(Principal={"AWS": f"arn:aws:iam::{OTHERS}:root"}),
        allow(Principal={"AWS": "cloudtrail.amazonaws.com"}),
        allow(Principal=None, NotPrincipal={"Service": "cloudtrail.amazonaws.com"}),
        allow(Principal=None, NotPrincipal={"Service": "cloudtrail.amazonaws.com", "AWS": OTHERS}),
        allow(Principal=None, NotPrincipal="*"),
    ],
)
def test_statements_that_do_not_reach_the_service(statement: dict[str, Any]) -> None:
    assert grants(statement) == ()


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalOrgID": "o-ours"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Reader"}},
        {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
        {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
        {"StringLike": {"aws:VpcSourceIp": "*"}},
        {"StringLike": {"aws:PrincipalAccount": "*"}},
        {"StringLike": {"aws:PrincipalOrgPaths": "*"}},
        {"StringLike": {"aws:userid": "*"}},
        {"StringLike": {"aws:username": "*"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"Bool": {"aws:PrincipalIsAWSService": "false"}},
        {"Bool": {"aws:SecureTransport": "false"}},
        {"StringEquals": {"aws:PrincipalServiceName": "config.amazonaws.com"}},
    ],
)
def test_conditions_that_no_service_fulfils(condition: dict[str, Any]) -> None:
    """Such a statement is for people and roles, whoever it names: CloudTrail gets nothing from it."""
    assert grants(allow(condition, Principal="*")) == ()
    assert grants(allow(condition)) == ()
    assert grants(allow(condition, Principal=None, NotPrincipal={"AWS": OTHERS})) == ()


def test_conditions_that_a_service_fulfils() -> None:
    for condition in (
        {"Bool": {"aws:SecureTransport": "true"}},
        {"Bool": {"aws:PrincipalIsAWSService": "true"}},
        {"StringEquals": {"aws:PrincipalServiceName": "cloudtrail.amazonaws.com"}},
        {"StringNotEquals": {"aws:PrincipalAccount": OTHERS}},
    ):
        assert len(grants(allow(condition, Principal="*"))) == 1


def test_what_everybody_may_read_is_no_grant_to_deliver() -> None:
    for principal in ({"Principal": "*"}, {"Principal": None, "NotPrincipal": {"AWS": OTHERS}}):
        assert grants(allow(Action="s3:GetObject", **principal)) == ()
        for action in (
            "s3:PutObject",
            "s3:GetBucketAcl",
            "kms:GenerateDataKey",
            "kms:Decrypt",
            "sns:Publish",
            "s3:Put*",
        ):
            assert len(grants(allow(Action=action, **principal))) == 1
    assert len(grants(allow(Action="s3:GetObject"))) == 1


def test_grants_of_some_actions_only() -> None:
    statements = [allow(Action="kms:DescribeKey"), allow(Action="kms:GenerateDataKey*"), allow(Action="*")]
    found = grants(*statements, actions=["kms:GenerateDataKey"])
    assert [grant.statement.index for grant in found] == [1, 2]


def test_legacy_accounts_serve_everybody() -> None:
    """The old per-Region accounts can't be limited: they act for every customer, whatever the condition says."""
    root = "arn:aws:iam::086441151436:root"
    (first, second) = grants(
        allow({"StringEquals": {"aws:SourceArn": TRAIL}}, Principal={"AWS": ["086441151436", root]})
    )
    assert first.legacy_region == second.legacy_region == "us-east-1"
    assert "CloudTrail account of us-east-1" in source_gap(first, accounts=None)
    assert grants(allow(Principal={"AWS": root}), service="config.amazonaws.com") == ()


def test_legacy_accounts_are_those_of_the_guide() -> None:
    """The published list, Region by Region; the two GovCloud Regions shared one account."""
    text = """ap-east-1 119688915426 ap-northeast-1 216624486486 ap-northeast-2 492519147666
        ap-northeast-3 765225791966 ap-south-1 977081816279 ap-southeast-1 903692715234 ap-southeast-2 284668455005
        ca-central-1 819402241893 cn-north-1 193415116832 cn-northwest-1 681348832753 eu-central-1 035351147821
        eu-north-1 829690693026 eu-south-1 669305197877 eu-west-1 859597730677 eu-west-2 282025262664
        eu-west-3 262312530599 me-south-1 034638983726 sa-east-1 814480443879 us-east-1 086441151436
        us-east-2 475085895292 us-gov-west-1 608710470296 us-west-1 388731089494 us-west-2 113285607260"""
    published = text.split()
    assert dict(zip(published[1::2], published[::2], strict=True)) == LEGACY_CLOUDTRAIL_ACCOUNTS


def test_grants_describe_their_limits() -> None:
    condition = {"StringLike": {"aws:SourceArn": [TRAIL, "arn:aws:cloudtrail:*:*:trail/x"]}}
    (grant,) = grants(allow(condition))
    (limit,) = grant.limits
    assert limit.key == "aws:sourcearn"
    assert limit.values == (TRAIL, "arn:aws:cloudtrail:*:*:trail/x")
    assert limit.accounts == (OURS,)
    assert limit.organizations == ()
    assert limit.loose == ("arn:aws:cloudtrail:*:*:trail/x",)
    assert grant.statement.actions == ("s3:PutObject",)
    assert grant.undecided is False
    (by_organization,) = grants(allow({"StringEquals": {"aws:SourceOrgID": "o-ours"}}))
    assert by_organization.limits[0].organizations == ("o-ours",)
    assert by_organization.limits[0].accounts == ()


def test_an_unknown_operator_marks_the_grant() -> None:
    (grant,) = grants(allow({"ArnSimilar": {"aws:SourceArn": TRAIL}}))
    assert grant.undecided is True
    assert grant.limits == ()
    (grant,) = grants(allow({"ArnSimilar": {"x:y": "1"}, "StringEquals": {"aws:SourceArn": TRAIL}}))
    assert grant.undecided is True
    assert source_gap(grant, accounts=[OURS]) == ""


def test_an_allow_for_all_others_is_a_grant_to_everybody() -> None:
    (grant,) = grants(allow(Principal=None, NotPrincipal={"AWS": OTHERS}))
    assert grant.principal == Principal("AWS", "*")


def test_key_policies_are_limited_by_the_trail_in_the_encryption_context() -> None:
    key = "kms:EncryptionContext:aws:cloudtrail:arn"
    assert gap({"StringLike": {key: f"arn:aws:cloudtrail:*:{OURS}:trail/*"}}) == ""
    assert "open" in gap({"StringLike": {key: "arn:aws:cloudtrail:*:*:trail/*"}})
