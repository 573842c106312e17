"""Data event selectors against brute force: every object name of a small alphabet, put to the selectors as AWS documents them."""

import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trailwarden.facts import EventSelectors, root_of

S3 = "AWS::S3::Object"
ROOT = "arn:aws:s3:::"
# All names of up to four letters: values are shorter, so every name that they tell apart is among them.
NAMES = ["".join(letters) for size in range(1, 5) for letters in itertools.product("a/z", repeat=size)]


def admits(row: dict[str, Any], value: str) -> bool:
    checks: dict[str, Callable[[str], bool]] = {
        "Equals": lambda item: value == item,
        "StartsWith": value.startswith,
        "EndsWith": value.endswith,
    }
    return all(
        (not row.get(operator) or any(check(item) for item in row[operator]))
        and not any(check(item) for item in row.get(f"Not{operator}", []))
        for operator, check in checks.items()
    )


def recorded(rows: list[dict[str, Any]], kind: str, arn: str) -> bool:
    event = {
        "eventCategory": "Data",
        "resources.type": S3,
        "resources.ARN": arn,
        "readOnly": str(kind == "read").lower(),
    }
    return any(all(admits(field, event[field["Field"]]) for field in item["FieldSelectors"]) for item in rows)


word = st.text("a/", min_size=1, max_size=2)
prefix = word.map(lambda text: ROOT + text)
arn_rule = st.one_of(
    st.fixed_dictionaries({"StartsWith": st.lists(prefix, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"NotStartsWith": st.lists(prefix, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"EndsWith": st.lists(word, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"NotEndsWith": st.lists(word, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"NotEquals": st.lists(prefix, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"Equals": st.lists(prefix, min_size=1, max_size=2)}),
).map(lambda row: {"Field": "resources.ARN", **row})
kind_rule = st.sampled_from(["true", "false"]).map(lambda value: {"Field": "readOnly", "Equals": [value]})
selector = st.tuples(st.lists(arn_rule, max_size=2), st.none() | kind_rule).map(
    lambda parts: {
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": [S3]},
            *parts[0],
            *([parts[1]] if parts[1] else []),
        ]
    }
)


@given(
    st.lists(selector, min_size=1, max_size=3),
    st.sampled_from(["read", "write"]),
    st.sampled_from(["", "a", "a/", "z/"]),
)
def test_every_resource_is_recorded_exactly_when_trying_all_names_says_so(
    rows: list[dict[str, Any]], kind: str, below: str
) -> None:
    selectors = EventSelectors.parse([], rows)
    by_force = all(recorded(rows, kind, ROOT + name) for name in NAMES if name.startswith(below) and name != below)
    assert selectors.records_data(S3, kind, ROOT + below) is by_force


def test_the_root_of_a_type() -> None:
    assert root_of(S3, "aws") == ROOT
    assert root_of("AWS::Lambda::Function", "aws-cn") == "arn:aws-cn:lambda:"
    assert root_of("AWS::DynamoDB::Table", "aws") == "arn:aws:dynamodb:"
    assert root_of("AWS::SNS::Topic", "aws-us-gov") == "arn:aws-us-gov:"
