"""Who is let in: the published rule of S3, and its relatives for keys, topics and log groups."""

from typing import Any

import pytest

from trailwarden.policydoc import ACCESS_POINT, BUCKET, KEY, LOG_GROUP, TOPIC, Closing, Publicity, is_public, parse

OURS = "111122223333"
POINT = f"arn:aws:s3:eu-west-1:{OURS}:accesspoint"


def judge(*statements: dict[str, Any], closing: Closing = BUCKET, **options: Any) -> Publicity:
    return is_public(parse({"Version": "2012-10-17", "Statement": list(statements)}), closing, **options)


def allow(condition: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*", **changes}
    if condition:
        statement["Condition"] = condition
    return {key: value for key, value in statement.items() if value is not None}


@pytest.mark.parametrize(
    "statement",
    [
        allow(),
        allow(Principal={"AWS": "*"}),
        allow(Principal={"AWS": ["*"]}),
        allow(Principal={"AWS": [OURS, "*"]}),
        allow(Principal={"Service": "*"}),
        allow(Principal={"Federated": "*"}),
        allow(Principal={"AWS": "arn:aws:iam::*:root"}),
        allow(Principal=None, NotPrincipal={"AWS": OURS}),
        allow(Action="s3:NoSuchAction"),
        allow({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
        allow({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        allow({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}),
        allow({"ForAllValues:StringEquals": {"aws:SourceVpce": "vpce-1"}}),
        allow({"Null": {"aws:SourceVpce": "false"}}),
        allow({"StringLike": {"aws:SourceVpce": "vpce-*"}}),
        allow({"StringEquals": {"aws:SourceVpce": ["vpce-1", "${aws:username}"]}}),
        allow({"StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-?"]}}),
        allow({"StringEquals": {"s3:prefix": "open"}}),
        allow({"Bool": {"aws:SecureTransport": "true"}}),
        allow({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        allow({"IpAddress": {"aws:SourceIp": "203.0.0.0/7"}}),
        allow({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"]}}),
        allow({"IpAddress": {"aws:SourceIp": "2001::/31"}}),
        allow({"IpAddress": {"aws:SourceIp": "anywhere"}}),
        allow({"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{OURS}:*"}}),
        allow({"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}),
        allow({"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:*:*:accesspoint/*"}}),
        allow({"StringEquals": {"kms:CallerAccount": OURS}}),
        allow({"NumericEquals": {"aws:SourceAccount": OURS}}),
    ],
)
def test_public_buckets(statement: dict[str, Any]) -> None:
    result = judge(statement)
    assert result.public is True
    assert [reason.statement.index for reason in result.reasons] == [0]


@pytest.mark.parametrize(
    "statement",
    [
        allow(Effect="Deny"),
        allow(Principal={"AWS": OURS}),
        allow(Principal={"Service": "cloudtrail.amazonaws.com"}),
        allow(Principal={"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}),
        allow({"StringEquals": {"AWS:SourceVpce": "vpce-1"}}),
        allow({"StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}}),
        allow({"StringLike": {"aws:SourceAccount": OURS}}),
        allow({"StringEqualsIgnoreCase": {"aws:SourceOwner": OURS}}),
        allow({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::other"}}),
        allow({"StringEquals": {"aws:PrincipalOrgID": "o-ours"}}),
        allow({"StringEquals": {"aws:PrincipalAccount": OURS}}),
        allow({"StringEquals": {"aws:userid": "AIDAEXAMPLE"}}),
        allow({"ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": "o-ours/r-1/"}}),
        allow({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}, "Null": {"aws:SourceVpce": "false"}}),
        allow({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        allow({"IpAddress": {"aws:SourceIp": "11.0.0.0/8"}}),
        allow({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}),
        allow({"IpAddress": {"aws:SourceIp": "fc00::/7"}}),
        allow({"StringEquals": {"s3:DataAccessPointAccount": OURS}}),
        allow({"ArnLike": {"s3:DataAccessPointArn": f"{POINT}/*"}}),
        allow({"StringEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:SecureTransport": "true"}}),
    ],
)
def test_buckets_that_are_not_public(statement: dict[str, Any]) -> None:
    assert judge(statement) == Publicity(False, ())


def test_one_public_statement_is_enough_and_a_deny_does_not_help() -> None:
    result = judge(allow(Principal={"AWS": OURS}), allow(Effect="Deny"), allow(Sid="Open"))
    assert result.public is True
    assert [str(reason) for reason in result.reasons] == ["statement 2 (Open) allows everybody"]


def test_reasons_tell_who_is_let_in() -> None:
    others = judge(allow(Principal=None, NotPrincipal={"AWS": [OURS, "999988887777"]}))
    assert str(others.reasons[0]) == "statement 0 allows everybody but 111122223333, 999988887777"
    wild = judge(allow(Principal={"AWS": ["arn:aws:iam::*:root", "arn:aws:iam::*:user/x", OURS]}))
    assert wild.reasons[0].text == "allows arn:aws:iam::*:root, arn:aws:iam::*:user/x"
    assert "arn:aws:iam::*:root" in str(judge(allow(Principal={"AWS": ["arn:aws:iam::*:root", OURS]})).reasons[0])
    limited = judge(allow({"Bool": {"aws:SecureTransport": "true"}})).reasons[0]
    assert "none of its conditions names fixed callers" in limited.text
    assert limited.undecided is False


def test_access_points_want_their_own_name_fixed() -> None:
    wild = allow({"ArnLike": {"s3:DataAccessPointArn": f"{POINT}/*"}})
    fixed = allow({"ArnLike": {"s3:DataAccessPointArn": f"{POINT}/one"}})
    assert judge(wild, closing=ACCESS_POINT).public is True
    assert judge(fixed, closing=ACCESS_POINT).public is False


@pytest.mark.parametrize("closing", [KEY, TOPIC, LOG_GROUP])
def test_a_fixed_account_or_organisation_closes_other_resources(closing: Closing) -> None:
    for key, value in (
        ("aws:SourceArn", f"arn:aws:cloudwatch:*:{OURS}:alarm:*"),
        ("aws:PrincipalArn", f"arn:aws:iam::{OURS}:role/*"),
        ("aws:PrincipalOrgPaths", "o-ours/*"),
        ("aws:PrincipalOrgID", "o-ours"),
        ("AWS:SourceOwner", OURS),
        ("aws:SourceAccount", OURS),
    ):
        assert judge(allow({"StringLike": {key: value}}), closing=closing).public is False
    for key, value in (
        ("aws:SourceArn", "arn:aws:cloudwatch:*:*:alarm:x"),
        ("aws:SourceArn", "arn:aws:s3:::logs/*"),
        ("aws:PrincipalOrgPaths", "o-*/x"),
        ("aws:PrincipalOrgPaths", "*/o-ours"),
        ("aws:SourceAccount", "1111*"),
        ("kms:ViaService", "s3.eu-west-1.amazonaws.com"),
    ):
        assert judge(allow({"StringLike": {key: value}}), closing=closing).public is True


def test_one_open_value_is_enough() -> None:
    values = [f"arn:aws:cloudwatch:*:{OURS}:alarm:*", "arn:aws:cloudwatch:*:*:alarm:*"]
    assert judge(allow({"ArnLike": {"aws:SourceArn": values}}), closing=TOPIC).public is True


def test_the_closing_keys() -> None:
    """The published list of S3, and ours for the others, written down a second time."""
    callers = {"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths"}
    sources = {f"aws:source{name}" for name in ("arn", "account", "orgid", "orgpaths", "owner")}
    places = {"aws:sourceip", "aws:sourcevpc", "aws:sourcevpce"}
    point = "s3:dataaccesspointarn"
    bucket = callers | sources | places | {"aws:userid", "s3:dataaccesspointaccount"}
    partly = {"aws:principalarn", "aws:principalorgpaths", "aws:sourcearn", "aws:sourceorgpaths"}
    found = [(set(item.exact), set(item.by_account)) for item in (BUCKET, ACCESS_POINT, KEY, TOPIC, LOG_GROUP)]
    assert found == [
        (bucket, {point}),
        (bucket | {point}, set()),
        (callers | sources | {"kms:calleraccount"}, partly),
        (callers | sources | places, partly),
        (callers | sources, partly),
    ]


def test_each_resource_has_its_own_keys() -> None:
    caller = allow({"StringEquals": {"kms:CallerAccount": OURS, "kms:ViaService": "s3.eu-west-1.amazonaws.com"}})
    address = allow({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    assert judge(caller, closing=KEY).public is False
    assert judge(caller, closing=TOPIC).public is True
    assert judge(address, closing=TOPIC).public is False
    assert judge(address, closing=KEY).public is True
    assert judge(address, closing=LOG_GROUP).public is True


def test_topics_are_asked_about_some_actions() -> None:
    actions = ["sns:Publish", "sns:Subscribe", "sns:SetTopicAttributes"]
    default = allow({"StringEquals": {"AWS:SourceOwner": OURS}}, Action=["SNS:Publish", "SNS:Subscribe"])
    assert judge(default, closing=TOPIC, actions=actions).public is False
    assert judge(allow(Action="SNS:GetTopicAttributes"), closing=TOPIC, actions=actions).public is False
    assert judge(allow(Action="SNS:Pub*"), closing=TOPIC, actions=actions).public is True
    assert judge(allow(Action=None, NotAction="SNS:Publish"), closing=TOPIC, actions=actions).public is True
    assert judge(allow(Action=None, NotAction="sns:*"), closing=TOPIC, actions=actions).public is False


def test_an_unknown_operator_leaves_it_open() -> None:
    odd = allow({"StringMatches": {"aws:SourceVpce": "vpce-1"}})
    result = judge(odd)
    assert result.public is None
    assert result.reasons[0].undecided is True
    assert "StringMatches" in str(result.reasons[0])
    assert judge(odd, allow()).public is True
    assert [reason.statement.index for reason in judge(odd, allow()).reasons] == [1]
    closed = {"StringMatches": {"x:y": "1"}, "StringEquals": {"aws:SourceVpce": "vpce-1"}}
    assert judge(allow(closed)).public is False
    assert judge(allow({"StringMatches": {"x:y": "1"}}, Principal={"AWS": OURS})).public is False
