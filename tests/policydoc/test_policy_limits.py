"""Which conditions limit a grant at all."""

from typing import Any

import pytest

from trailwarden.policydoc import parse
from trailwarden.policydoc.limits import binds

KEY = "aws:SourceAccount"


def first_binds(block: dict[str, Any]) -> bool:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": block}
    (parsed,) = parse({"Version": "2012-10-17", "Statement": statement}).statements
    return binds(parsed.conditions[0], parsed)


@pytest.mark.parametrize(
    "operator",
    [
        "StringEquals",
        "StringEqualsIgnoreCase",
        "StringLike",
        "ArnEquals",
        "ArnLike",
        "IpAddress",
        "Bool",
        "ForAnyValue:StringEquals",
        "ForAnyValue:ArnLike",
    ],
)
def test_positive_comparisons_bind(operator: str) -> None:
    assert first_binds({operator: {KEY: "x"}})


@pytest.mark.parametrize(
    "operator",
    [
        "StringNotEquals",
        "StringNotLike",
        "ArnNotLike",
        "NotIpAddress",
        "StringEqualsIfExists",
        "BoolIfExists",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringEqualsIfExists",
        "NumericEquals",
        "DateEquals",
        "BinaryEquals",
        "Null",
        "StringMatches",
    ],
)
def test_others_leave_the_world_in(operator: str) -> None:
    assert not first_binds({operator: {KEY: "false"}})


@pytest.mark.parametrize("operator", ["StringEqualsIfExists", "ForAllValues:StringLike"])
def test_optional_comparisons_bind_where_the_key_is_demanded(operator: str) -> None:
    block = {operator: {KEY: "x"}}
    assert first_binds({**block, "Null": {KEY: "false"}})
    assert first_binds({**block, "Null": {KEY.upper(): "False"}})
    assert not first_binds({**block, "Null": {KEY: "true"}})
    assert not first_binds({**block, "Null": {KEY: ["true", "false"]}})
    assert not first_binds({**block, "Null": {"aws:SourceArn": "false"}})
    assert not first_binds({**block, "Bool": {KEY: "false"}})
