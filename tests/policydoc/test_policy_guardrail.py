"""org-scp-*: what the Deny statements of an organisation leave open."""

from typing import Any

import pytest

from trailwarden.policydoc import Gap, open_actions, parse

OURS = "111122223333"
TRAIL = f"arn:aws:cloudtrail:eu-west-1:{OURS}:trail/main"
STOP = "cloudtrail:StopLogging"
BREAK_GLASS = "arn:aws:iam::*:role/BreakGlass"


def deny(condition: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    item = {"Sid": "Guard", "Effect": "Deny", "Action": STOP, "Resource": "*", **changes}
    if condition:
        item["Condition"] = condition
    return {key: value for key, value in item.items() if value is not None}


def gaps(*statements: dict[str, Any], actions: Any = (STOP,), resources: Any = (TRAIL,), exempt: Any = ()) -> list[Gap]:
    policies = [
        parse({"Version": "2012-10-17", "Statement": item}, principals="Principal" in item or "NotPrincipal" in item)
        for item in statements
    ]
    return list(open_actions(policies, actions, resources, exempt=exempt))


@pytest.mark.parametrize(
    "statement",
    [
        deny(),
        deny(Action="CLOUDTRAIL:stoplogging"),
        deny(Action="cloudtrail:Stop*"),
        deny(Action=["iam:*", "cloudtrail:*"]),
        deny(Action="*"),
        deny(Action=None, NotAction=["cloudtrail:Get*", "s3:*"]),
        deny(Resource=TRAIL),
        deny(Resource="arn:aws:cloudtrail:*:*:trail/*"),
        deny(Resource=None, NotResource="arn:aws:cloudtrail:*:*:trail/other"),
        deny(Principal="*"),
        deny(Principal={"AWS": [OURS, "*"]}),
        deny({"Bool": {"aws:PrincipalIsAWSService": "false"}}),
        deny({"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}),
    ],
)
def test_full_denies(statement: dict[str, Any]) -> None:
    assert gaps(statement) == []


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (deny(Effect="Allow"), "no Deny covers it"),
        (deny(Action="cloudtrail:StopLoggin"), "no Deny covers it"),
        (deny(Action=None, NotAction="cloudtrail:*"), "no Deny covers it"),
        (deny(Action=None, NotAction="cloudtrail:S*"), "no Deny covers it"),
        (deny(Resource=TRAIL + "2"), "no Deny covers it"),
        (deny(Resource=TRAIL.upper()), "no Deny covers it"),
        (deny(Resource=None, NotResource="arn:aws:cloudtrail:*:*:trail/*"), "no Deny covers it"),
        (deny(Principal={"AWS": OURS}), "Guard) does not bind every principal"),
        (deny(NotPrincipal={"AWS": "*"}), "Guard) does not bind every principal"),
        (deny({"StringEquals": {"aws:PrincipalAccount": OURS}}), "Guard) holds only under StringEquals"),
        (deny({"Bool": {"aws:ViaAWSService": "false"}}), "holds only under Bool"),
        (deny({"Bool": {"aws:PrincipalIsAWSService": "true"}}), "holds only under Bool"),
        (deny({"ArnNotLike": {"aws:PrincipalArn": BREAK_GLASS}}), "holds only under ArnNotLike"),
        (deny({"ArnLike": {"aws:PrincipalArn": "*"}}), "holds only under ArnLike"),
        (deny({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}), "holds only under"),
    ],
)
def test_openings(statement: dict[str, Any], reason: str) -> None:
    (gap,) = gaps(statement)
    assert (gap.action, gap.resource, gap.undecided) == (STOP, TRAIL, False)
    assert reason in str(gap)


def test_without_policies_everything_is_open() -> None:
    found = gaps(actions=[STOP, "cloudtrail:DeleteTrail"], resources=[TRAIL, "*"])
    assert [(gap.action, gap.resource) for gap in found] == [
        (STOP, TRAIL),
        (STOP, "*"),
        ("cloudtrail:DeleteTrail", TRAIL),
        ("cloudtrail:DeleteTrail", "*"),
    ]
    assert str(found[0]) == f"{STOP} on {TRAIL}: no Deny covers it"


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnNotLike": {"aws:PrincipalArn": BREAK_GLASS}},
        {"ArnNotEquals": {"AWS:PrincipalArn": [BREAK_GLASS, f"arn:aws:iam::{OURS}:role/BreakGlass"]}},
        {"StringNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{OURS}:role/BreakGlass"}},
        {"StringNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OURS}:role/BreakGlass"}},
        {"ArnNotLikeIfExists": {"aws:PrincipalArn": BREAK_GLASS}},
        {"ForAllValues:ArnNotLike": {"aws:PrincipalArn": BREAK_GLASS}},
    ],
)
def test_expected_exemptions(condition: dict[str, Any]) -> None:
    assert gaps(deny(condition), exempt=[BREAK_GLASS]) == []
    assert len(gaps(deny(condition))) == 1
    assert len(gaps(deny(condition), exempt=["arn:aws:iam::*:role/Other"])) == 1


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnNotLike": {"aws:PrincipalArn": [BREAK_GLASS, "arn:aws:iam::*:role/Admin"]}},
        {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Break*"}},
        {"ArnNotLike": {"aws:PrincipalArn": "${aws:PrincipalTag/exempt}"}},
        {"ForAnyValue:ArnNotLike": {"aws:PrincipalArn": BREAK_GLASS}},
        {"StringNotEqualsIgnoreCase": {"aws:PrincipalArn": BREAK_GLASS}},
        {"ArnLike": {"aws:PrincipalArn": BREAK_GLASS}},
        {"ArnNotLike": {"aws:SourceArn": BREAK_GLASS}},
        {"ArnNotLike": {"aws:PrincipalArn": BREAK_GLASS}, "StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    ],
)
def test_wider_exemptions(condition: dict[str, Any]) -> None:
    assert len(gaps(deny(condition), exempt=[BREAK_GLASS])) == 1


def test_policies_add_up() -> None:
    first = deny(Action="cloudtrail:S*")
    second = deny(Action=None, NotAction="cloudtrail:S*")
    actions = ["cloudtrail:*"]
    assert len(gaps(first, actions=actions)) == 1
    assert len(gaps(second, actions=actions)) == 1
    assert gaps(first, second, actions=actions) == []
    assert gaps(deny(Action="iam:*"), deny()) == []


def test_objects_of_a_bucket() -> None:
    bucket = "arn:aws:s3:::logs"
    both = [bucket, f"{bucket}/*"]
    actions = ["s3:DeleteBucket", "s3:DeleteObjectVersion"]
    assert gaps(deny(Action="s3:Delete*", Resource=both), actions=actions, resources=both) == []
    found = gaps(deny(Action="s3:Delete*", Resource=bucket), actions=actions, resources=both)
    assert [gap.resource for gap in found] == [f"{bucket}/*", f"{bucket}/*"]


def test_leaving_needs_a_deny_on_everything() -> None:
    leave = ["organizations:LeaveOrganization"]
    assert gaps(deny(Action="organizations:Leave*"), actions=leave, resources=["*"]) == []
    narrow = deny(Action="organizations:LeaveOrganization", Resource=f"arn:aws:organizations::{OURS}:*")
    assert len(gaps(narrow, actions=leave, resources=["*"])) == 1


def test_an_unknown_operator_is_undecided_only_where_it_matters() -> None:
    odd = deny({"ArnUnlike": {"aws:PrincipalArn": BREAK_GLASS}})
    (gap,) = gaps(odd)
    assert gap.undecided is True
    assert "unknown operator ArnUnlike" in gap.reason
    assert gaps(odd, deny()) == []
    (gap,) = gaps(odd, actions=["cloudtrail:DeleteTrail"])
    assert gap.undecided is False
    narrow = {"ArnUnlike": {"x:y": "1"}, "StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    assert [gap.undecided for gap in gaps(deny(narrow))] == [False]
    (gap,) = gaps(deny({"Bool": {"aws:ViaAWSService": "false"}}), deny(Action="cloudtrail:Get*"), odd)
    assert gap.undecided is True
    assert "unknown operator ArnUnlike" in gap.reason
    rest = deny({"ArnUnlike": {"x:y": "1"}}, Action=None, NotAction="cloudtrail:S*")
    (gap,) = gaps(deny(Action="cloudtrail:S*"), rest, actions=["cloudtrail:*"])
    assert gap.undecided is True


def test_the_reason_speaks_of_the_action_in_question_only() -> None:
    other = deny({"Bool": {"aws:ViaAWSService": "false"}}, Action="iam:*", Sid="Other")
    (gap,) = gaps(other, deny({"Bool": {"aws:ViaAWSService": "false"}}))
    assert gap.reason == "statement 0 (Guard) holds only under Bool aws:viaawsservice false"
    (gap,) = gaps(deny({"Bool": {"a:b": "true"}}), deny({"Bool": {"c:d": "true"}}))
    assert gap.reason == (
        "statement 0 (Guard) holds only under Bool a:b true; statement 0 (Guard) holds only under Bool c:d true"
    )
