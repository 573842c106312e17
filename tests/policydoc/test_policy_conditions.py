"""Condition operators, one by one, and what stays unknown."""

from typing import Any

import pytest

from trailwarden.policydoc import Context, Match, condition_holds, parse

YES, NO, MAYBE = Match.MATCH, Match.NO_MATCH, Match.UNKNOWN
ARN = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"


def holds(operator: str, wanted: Any, actual: tuple[str, ...] | None, **more: Any) -> Match:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    policy = parse({"Version": "2012-10-17", "Statement": {**statement, "Condition": {operator: {"Some:Key": wanted}}}})
    known = {} if actual is None else {"some:key": actual}
    context = Context({**known, "aws:username": ("ann",), "aws:gone": (), "aws:many": ("a", "b")})
    return condition_holds(policy.statements[0].conditions[0], context, **more)


@pytest.mark.parametrize(
    ("operator", "wanted", "actual", "expected"),
    [
        ("StringEquals", "a", "a", YES),
        ("StringEquals", "a", "A", NO),
        ("StringEquals", ["b", "a"], "a", YES),
        ("StringEquals", "a*", "ab", NO),
        ("StringEquals", "a*", "a*", YES),
        ("StringNotEquals", "a", "b", YES),
        ("StringNotEquals", ["a", "b"], "b", NO),
        ("StringEqualsIgnoreCase", "AbC", "aBc", YES),
        ("StringEqualsIgnoreCase", "AbC", "abd", NO),
        ("StringEqualsIgnoreCase", "a*", "ab", NO),
        ("StringNotEqualsIgnoreCase", "A", "a", NO),
        ("StringLike", "a*", "ab", YES),
        ("StringLike", "a?", "abc", NO),
        ("StringLike", "A*", "ab", NO),
        ("StringNotLike", "a*", "ab", NO),
        ("StringNotLike", ["x*", "y*"], "ab", YES),
        ("StringEquals", "${aws:username}", "ann", YES),
        ("StringEquals", "x${aws:username}", "xbob", NO),
        ("StringEquals", "${aws:unheard}", "ann", MAYBE),
        ("StringEquals", "x-${aws:unheard}", "ann", NO),
        ("StringEquals", "${aws:gone}", "", NO),
        ("StringNotEquals", "${aws:gone}", "x", YES),
        ("StringEquals", "${aws:gone, 'x'}", "x", YES),
        ("StringEquals", "${aws:many}", "a", MAYBE),
        ("StringLike", "${*}", "*", YES),
        ("StringLike", "${*}", "a", NO),
        ("StringEqualsIgnoreCase", "${aws:UserName}", "ANN", YES),
        ("NumericEquals", "1.20", "1.2", YES),
        ("NumericEquals", "1", "2", NO),
        ("NumericNotEquals", "1", "2", YES),
        ("NumericLessThan", "1.2", "1.1", YES),
        ("NumericLessThan", "1.2", "1.2", NO),
        ("NumericLessThanEquals", "1.2", "1.2", YES),
        ("NumericLessThanEquals", "1.2", "1.3", NO),
        ("NumericGreaterThan", "10", "9", NO),
        ("NumericGreaterThan", "10", "10", NO),
        ("NumericGreaterThan", "9", "10", YES),
        ("NumericGreaterThanEquals", "10", "10", YES),
        ("NumericGreaterThanEquals", "10", "9", NO),
        ("NumericEquals", "one", "1", MAYBE),
        ("NumericEquals", "1", "one", MAYBE),
        ("NumericEquals", "NaN", "1", MAYBE),
        ("DateEquals", "2026-01-01T00:00:00Z", "1767225600", YES),
        ("DateEquals", "2026-01-01", "2026-01-01T00:00:00Z", YES),
        ("DateEquals", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z", YES),
        ("DateNotEquals", "2026-01-01", "2026-01-02", YES),
        ("DateLessThan", "2026-01-02", "2026-01-01", YES),
        ("DateLessThan", "2026-01-01", "2026-01-02", NO),
        ("DateLessThanEquals", "2026-01-01", "2026-01-01", YES),
        ("DateGreaterThan", "2026-01-01", "2026-01-01T00:00:01Z", YES),
        ("DateGreaterThanEquals", "2026-01-01", "2025-12-31", NO),
        ("DateEquals", "some day", "2026-01-01", MAYBE),
        ("Bool", "true", "true", YES),
        ("Bool", True, "true", YES),
        ("Bool", "False", "false", YES),
        ("Bool", "false", "FALSE", YES),
        ("Bool", "true", "false", NO),
        ("Bool", ["true", "false"], "false", YES),
        ("Bool", "maybe", "true", MAYBE),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", YES),
        ("BinaryEquals", "QmluYXJ5", "qmluyxj5", NO),
        ("IpAddress", "203.0.113.0/24", "203.0.113.9", YES),
        ("IpAddress", "203.0.113.7/24", "203.0.113.9", YES),
        ("IpAddress", "203.0.113.9", "203.0.113.9", YES),
        ("IpAddress", "203.0.113.0/24", "203.0.114.9", NO),
        ("IpAddress", "0.0.0.0/0", "2001:db8::1", NO),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", YES),
        ("IpAddress", "::/0", "203.0.113.9", NO),
        ("NotIpAddress", ["203.0.113.0/24", "10.0.0.0/8"], "10.1.1.1", NO),
        ("NotIpAddress", "203.0.113.0/24", "10.1.1.1", YES),
        ("IpAddress", "nowhere", "10.1.1.1", MAYBE),
        ("IpAddress", "10.0.0.0/8", "nowhere", MAYBE),
        ("ArnEquals", ARN, ARN, YES),
        ("ArnEquals", "arn:aws:cloudtrail:*:111122223333:trail/*", ARN, YES),
        ("ArnLike", "arn:aws:cloudtrail:*:111122223333:trail/m?in", ARN, YES),
        ("ArnLike", "arn:aws:cloudtrail:*:99:trail/main", ARN, NO),
        ("ArnLike", "arn:*:trail/main", ARN, NO),
        ("StringLike", "arn:*:trail/main", ARN, YES),
        ("ArnLike", "arn:aws:cloudtrail:*", ARN, YES),
        ("ArnLike", "arn:aws:cloud*", ARN, YES),
        ("ArnLike", "*", ARN, YES),
        ("ArnLike", "*", "no arn", NO),
        ("ArnLike", "arn:aws:cloudtrail", ARN, NO),
        ("ArnLike", "arn:aws:iam::1:role/a:b", "arn:aws:iam::1:role/a:b", YES),
        ("ArnLike", "arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/ann", YES),
        ("ArnLike", "arn:aws:iam:${aws:unheard}:1:user/ann", "arn:aws:iam:x:1:user/ann", MAYBE),
        ("ArnNotLike", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a", NO),
        ("ArnNotEquals", "arn:aws:iam::1:role/*", "arn:aws:iam::2:role/a", YES),
        ("Null", "true", "x", NO),
        ("Null", "false", "x", YES),
        ("Null", ["true", "false"], "x", YES),
        ("Null", "perhaps", "x", MAYBE),
        ("StringMatches", "a", "a", MAYBE),
    ],
)
def test_one_value(operator: str, wanted: Any, actual: str, expected: Match) -> None:
    assert holds(operator, wanted, (actual,)) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("StringEquals", "a", NO),
        ("StringNotEquals", "a", YES),
        ("StringEqualsIfExists", "a", YES),
        ("StringNotEqualsIfExists", "a", YES),
        ("Bool", "false", NO),
        ("BoolIfExists", "true", YES),
        ("NumericLessThan", "1.2", NO),
        ("NotIpAddress", "10.0.0.0/8", YES),
        ("Null", "true", YES),
        ("Null", "false", NO),
        ("ForAllValues:StringEquals", "a", YES),
        ("ForAllValues:StringNotEquals", "a", YES),
        ("ForAnyValue:StringEquals", "a", NO),
        ("ForAnyValue:StringNotEquals", "a", NO),
        ("ForAnyValue:StringEqualsIfExists", "a", YES),
        ("StringMatches", "a", MAYBE),
    ],
)
def test_absent_key(operator: str, wanted: str, expected: Match) -> None:
    assert holds(operator, wanted, ()) is expected


@pytest.mark.parametrize("operator", ["StringEquals", "StringNotEqualsIfExists", "Null", "ForAllValues:StringEquals"])
def test_unknown_key(operator: str) -> None:
    assert holds(operator, "true", None) is MAYBE


@pytest.mark.parametrize(
    ("operator", "actual", "expected"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), YES),
        ("ForAllValues:StringEquals", ("a", "c"), NO),
        ("ForAnyValue:StringEquals", ("c", "b"), YES),
        ("ForAnyValue:StringEquals", ("c", "d"), NO),
        ("ForAllValues:StringNotEquals", ("c", "d"), YES),
        ("ForAllValues:StringNotEquals", ("c", "a"), NO),
        ("ForAnyValue:StringNotEquals", ("a", "c"), YES),
        ("ForAnyValue:StringNotEquals", ("a", "b"), NO),
        ("StringEquals", ("a", "b"), MAYBE),
        ("ForAnyValue:StringEquals", ("a",), YES),
    ],
)
def test_several_values(operator: str, actual: tuple[str, ...], expected: Match) -> None:
    assert holds(operator, ["a", "b"], actual) is expected


def test_without_variables_the_text_is_literal() -> None:
    assert holds("StringEquals", "${aws:username}", ("${aws:username}",), variables=False) is YES
    assert holds("StringEquals", "${aws:username}", ("ann",), variables=False) is NO
    assert holds("ArnLike", "arn:a:b:c:d:${aws:username}", ("arn:a:b:c:d:ann",), variables=False) is NO
    assert holds("StringEqualsIgnoreCase", "${aws:username}", ("ann",), variables=False) is NO


def test_a_complete_context_knows_what_is_absent() -> None:
    assert Context({"a:b": ("x",)}).get("a:b") == ("x",)
    assert Context().get("a:b") is None
    assert Context(complete=True).get("a:b") == ()
