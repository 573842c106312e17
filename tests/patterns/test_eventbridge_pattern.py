"""EventBridge event patterns: AWS's operators on plain events, and on CloudTrail's."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailwarden.patterns import PatternError, as_event, event_matches, extra_probes, probes

# A busy machine is no reason to fail.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
EVENT: dict[str, Any] = {
    "source": "aws.ec2",
    "detail-type": "Something Happened",
    "count": 300,
    "ratio": 2.5,
    "flag": True,
    "none": None,
    "empty": "",
    "list": ["a", "b"],
    "hollow": [],
    "address": "10.0.0.5",
    "detail": {"state": "running", "user": {"name": "Alice"}, "items": [{"id": 1}, {"id": 2, "kind": "x"}]},
}


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.ec2"]},
        {"source": ["aws.s3", "aws.ec2"]},
        {"source": ["aws.ec2"], "detail": {"state": ["running"]}},
        {"detail": {"user": {"name": ["Alice"]}}},
        {"count": [300]},
        {"flag": [True]},
        {"none": [None]},
        {"empty": [""]},
        {"list": ["b", "z"]},
        {"detail": {"items": {"id": [2]}}},
        {"source": [{"prefix": "aws."}]},
        {"source": [{"prefix": {"equals-ignore-case": "AWS."}}]},
        {"source": [{"suffix": "ec2"}]},
        {"source": [{"suffix": {"equals-ignore-case": "EC2"}}]},
        {"source": [{"anything-but": "aws.s3"}]},
        {"source": [{"anything-but": ["aws.s3", "aws.sns"]}]},
        {"source": [{"anything-but": {"prefix": "aws.s"}}]},
        {"source": [{"anything-but": {"prefix": ["aws.s", "x"]}}]},
        {"source": [{"anything-but": {"suffix": "s3"}}]},
        {"source": [{"anything-but": {"equals-ignore-case": ["AWS.S3"]}}]},
        {"source": [{"anything-but": {"wildcard": "*s3*"}}]},
        {"count": [{"anything-but": [1, 2]}]},
        {"list": [{"anything-but": "a"}]},
        {"source": [{"equals-ignore-case": "AWS.EC2"}]},
        {"source": [{"exists": True}]},
        {"empty": [{"exists": True}]},
        {"none": [{"exists": True}]},
        {"nothing": [{"exists": False}]},
        {"hollow": [{"exists": False}]},
        {"detail": {"nothing": [{"exists": False}]}},
        {"nothing": {"below": [{"exists": False}]}},
        {"count": {"below": [{"exists": False}]}},
        {"detail": {"items": {"kind": [{"exists": False}]}}},
        {"count": [{"numeric": ["=", 300]}]},
        {"count": [{"numeric": [">", 299.5, "<=", 300]}]},
        {"ratio": [{"numeric": ["<", 3]}]},
        {"ratio": [{"numeric": [">=", 2.5]}]},
        {"source": [{"wildcard": "aws.*"}]},
        {"source": [{"wildcard": "*"}]},
        {"source": [{"wildcard": "a*.e*2"}]},
        {"source": [{"wildcard": "aws.ec2"}]},
        {"address": [{"cidr": "10.0.0.0/24"}]},
        {"address": [{"cidr": "10.0.0.7/24"}]},
        {"$or": [{"source": ["aws.s3"]}, {"count": [300]}]},
        {"source": ["aws.ec2"], "$or": [{"flag": [False]}, {"detail": {"state": ["running"]}}]},
        {"detail": {"$or": [{"state": ["stopped"]}, {"user": {"name": [{"prefix": "Al"}]}}]}},
    ],
)
def test_matching(pattern: dict[str, Any]) -> None:
    assert event_matches(pattern, EVENT) is True
    assert event_matches(json.dumps(pattern), EVENT) is True


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.EC2"]},
        {"source": ["aws"]},
        {"Source": ["aws.ec2"]},
        {"source": ["aws.ec2"], "detail": {"state": ["stopped"]}},
        {"nothing": ["x"]},
        {"nothing": [None]},
        {"count": ["300"]},
        {"count": [True]},
        {"flag": [1]},
        {"flag": ["true"]},
        {"none": [""]},
        {"empty": [None]},
        {"list": ["c"]},
        {"list": [["a", "b"]]},
        {"detail": {"items": {"id": [2], "kind": ["y"]}}},
        {"detail": {"items": {"id": [1], "kind": ["x"]}}},
        {"detail": {"state": {"x": ["y"]}}},
        {"detail": ["running"]},
        {"count": {"x": ["y"]}},
        {"nothing": {"x": ["y"]}},
        {"detail": {"items": {"id": [{"exists": False}]}}},
        {"source": [{"prefix": "ws"}]},
        {"source": [{"prefix": "AWS"}]},
        {"source": [{"prefix": {"equals-ignore-case": "ec2"}}]},
        {"source": [{"suffix": "aws"}]},
        {"count": [{"prefix": "3"}]},
        {"count": [{"suffix": {"equals-ignore-case": "0"}}]},
        {"source": [{"anything-but": "aws.ec2"}]},
        {"source": [{"anything-but": ["aws.s3", "aws.ec2"]}]},
        {"source": [{"anything-but": {"prefix": "aws"}}]},
        {"source": [{"anything-but": {"suffix": ["s3", "ec2"]}}]},
        {"source": [{"anything-but": {"equals-ignore-case": "AWS.EC2"}}]},
        {"source": [{"anything-but": {"wildcard": "*ec*"}}]},
        {"count": [{"anything-but": {"prefix": "x"}}]},
        {"count": [{"anything-but": 300}]},
        {"nothing": [{"anything-but": "x"}]},
        {"source": [{"equals-ignore-case": "aws"}]},
        {"count": [{"equals-ignore-case": "300"}]},
        {"source": [{"exists": False}]},
        {"nothing": [{"exists": True}]},
        {"hollow": [{"exists": True}]},
        {"detail": [{"exists": True}]},
        {"count": [{"numeric": [">", 300]}]},
        {"count": [{"numeric": [">", 1, "<", 300]}]},
        {"flag": [{"numeric": ["=", 1]}]},
        {"source": [{"numeric": [">", 0]}]},
        {"source": [{"wildcard": "aws.*3"}]},
        {"source": [{"wildcard": "aws.ec2*2"}]},
        {"source": [{"wildcard": "*s3*ec*"}]},
        {"source": [{"wildcard": "aws"}]},
        {"source": [{"wildcard": "s.*"}]},
        {"count": [{"wildcard": "*"}]},
        {"address": [{"cidr": "10.0.1.0/24"}]},
        {"source": [{"cidr": "10.0.0.0/24"}]},
        {"count": [{"cidr": "0.0.0.0/0"}]},
        {"$or": [{"source": ["aws.s3"]}, {"count": [1]}]},
        {"source": ["aws.s3"], "$or": [{"count": [300]}, {"flag": [True]}]},
    ],
)
def test_not_matching(pattern: dict[str, Any]) -> None:
    assert event_matches(pattern, EVENT) is False


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{", "not JSON at character 2"),
        ("[]", "must be an object with fields"),
        ("[1]", "must be an object with fields"),
        ("5", "must be an object with fields"),
        ({"$or": [["x"]]}, "must be an object with fields"),
        ({"source": [{"wildcard": {"equals-ignore-case": "a"}}]}, "wildcard needs a text"),
        ({"source": [{"equals-ignore-case": {"equals-ignore-case": "a"}}]}, "equals-ignore-case needs a text"),
        ({}, "must be an object with fields"),
        ({"detail": {}}, "must be an object with fields"),
        ({"source": []}, "source: needs a list of values"),
        ({"source": "aws.ec2"}, "source: needs a list of values"),
        ({"$or": []}, r"\$or needs a list"),
        ({"$or": {"source": ["x"]}}, r"\$or needs a list"),
        ({"$or": [{}]}, "must be an object with fields"),
        ({"source": [{}]}, "needs one operator"),
        ({"source": [{"prefix": "a", "suffix": "b"}]}, "needs one operator"),
        ({"source": [{"regex": "a"}]}, "the operator 'regex' is not known"),
        ({"source": [{"prefix": 5}]}, "prefix needs a text"),
        ({"source": [{"prefix": {"x": "a"}}]}, "prefix needs a text"),
        ({"source": [{"prefix": {"equals-ignore-case": "a", "x": "b"}}]}, "prefix needs a text"),
        ({"source": [{"equals-ignore-case": ["a"]}]}, "equals-ignore-case needs a text"),
        ({"source": [{"exists": "true"}]}, "exists needs true or false"),
        ({"source": [{"anything-but": []}]}, "anything-but needs texts or numbers"),
        ({"source": [{"anything-but": [None]}]}, "anything-but needs texts or numbers"),
        ({"source": [{"anything-but": ["a", None]}]}, "anything-but needs texts or numbers"),
        ({"source": [{"anything-but": {"numeric": ["=", 1]}}]}, "anything-but does not take"),
        ({"source": [{"anything-but": {"prefix": "a", "suffix": "b"}}]}, "anything-but does not take"),
        ({"source": [{"anything-but": {}}]}, "anything-but does not take"),
        ({"count": [{"numeric": [">"]}]}, "numeric needs one or two comparisons"),
        ({"count": [{"numeric": [">", 1, "<"]}]}, "numeric needs one or two comparisons"),
        ({"count": [{"numeric": ">1"}]}, "numeric needs one or two comparisons"),
        ({"count": [{"numeric": ["!=", 1]}]}, "numeric needs comparisons with numbers"),
        ({"count": [{"numeric": ["<", 1, "!=", 2]}]}, "numeric needs comparisons with numbers"),
        ({"count": [{"numeric": [[], 1]}]}, "numeric needs comparisons with numbers"),
        ({"count": [{"numeric": ["<", "1"]}]}, "numeric needs comparisons with numbers"),
        ({"count": [{"numeric": ["<", True]}]}, "numeric needs comparisons with numbers"),
        ({"source": [{"wildcard": "a\\b"}]}, "is no escape"),
        ({"source": [{"wildcard": "a\\"}]}, "lone"),
        ({"address": [{"cidr": "nowhere"}]}, "cidr needs a network"),
    ],
)
def test_unreadable_patterns_are_errors_whatever_the_event(pattern: Any, reason: str) -> None:
    with pytest.raises(PatternError, match=reason):
        event_matches(pattern, {})


def test_an_endless_pattern_is_an_error() -> None:
    with pytest.raises(PatternError, match="not JSON"):
        event_matches("[" * 100_000, {})


def test_wildcard_escapes() -> None:
    def found(pattern: str, text: str) -> bool:
        return event_matches({"a": [{"wildcard": pattern}]}, {"a": text})

    assert found("X*", "XY")
    assert not found("*ab*b", "ab")
    assert found("*ab*b", "abb")
    assert not found("*a*a*", "a")
    assert not found("*aa*aa*", "aaa")
    assert found(r"a\*b", "a*b")
    assert not found(r"a\*b", "axb")
    assert found(r"a\\*", "a\\b")
    assert not found(r"a\\*", "ab")


@UNHURRIED
@given(st.text("ab*", max_size=5), st.text("ab", max_size=6))
def test_wildcards_by_definition(pattern: str, text: str) -> None:
    def reference(left: str, right: str) -> bool:
        if not left:
            return not right
        if left[0] == "*":
            return any(reference(left[1:], right[cut:]) for cut in range(len(right) + 1))
        return right[:1] == left[0] and reference(left[1:], right[1:])

    assert event_matches({"a": [{"wildcard": pattern}]}, {"a": text}) is reference(pattern, text)


def test_cloudtrail_events_as_eventbridge_sends_them() -> None:
    (probe, elsewhere) = extra_probes("alert-s3-policy-changes", ("PutBucketVersioning",))
    event = as_event(probe.record)
    assert (event["source"], event["detail-type"]) == ("aws.s3", "AWS API Call via CloudTrail")
    assert (event["version"], event["id"]) == ("0", probe.record["eventID"])
    assert (event["time"], event["resources"]) == ("2026-01-01T00:00:00Z", [])
    assert (event["region"], event["account"]) == ("us-east-1", "111122223333")
    assert as_event(elsewhere.record)["region"] == "eu-west-1"
    assert event["detail"] == probe.record
    assert set(event) == {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
    rule = {
        "source": ["aws.s3", "aws.cloudtrail"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["s3.amazonaws.com"], "eventName": [{"prefix": "PutBucket"}, {"prefix": "Delete"}]},
    }
    assert event_matches(rule, event)
    assert not event_matches({**rule, "source": ["aws.cloudtrail"]}, event)
    assert not event_matches({**rule, "detail": {"eventName": [{"anything-but": {"prefix": "Put"}}]}}, event)


def test_sign_ins_have_their_own_type() -> None:
    event = as_event(probes("alert-console-signin-no-mfa")[0].record)
    assert (event["source"], event["detail-type"]) == ("aws.signin", "AWS Console Sign In via CloudTrail")
