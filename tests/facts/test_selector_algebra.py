"""The selector algebra against brute force: every event of a small universe, put to the selectors as AWS documents them."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.facts import EventSelectors, excluded_sources

KMS, RDS, EC2 = "kms.amazonaws.com", "rdsdata.amazonaws.com", "ec2.amazonaws.com"
OTHERS = ("iam.amazonaws.com", "zzz.amazonaws.com")
SOURCES = (KMS, RDS, EC2, *OTHERS)
Row = Mapping[str, Any]


def event_of(kind: str, source: str) -> dict[str, str]:
    return {"eventCategory": "Management", "readOnly": str(kind == "read").lower(), "eventSource": source}


def matches(value: str, row: Row) -> bool:
    """One field selector as the API reference words it: any of the positive values, none of the negative ones."""
    tests: dict[str, Callable[[str], bool]] = {
        "Equals": lambda item: value == item,
        "StartsWith": value.startswith,
        "EndsWith": value.endswith,
    }
    for operator, test in tests.items():
        if row.get(operator) and not any(test(item) for item in row[operator]):
            return False
        if any(test(item) for item in row.get(f"Not{operator}", [])):
            return False
    return True


def recorded(selectors: Sequence[Row], event: Mapping[str, str]) -> bool:
    return any(all(matches(event[row["Field"]], row) for row in item["FieldSelectors"]) for item in selectors)


def kinds_by_force(selectors: Sequence[Row]) -> tuple[str, ...]:
    """The kinds of which at least the sources that no selector names are recorded."""
    return tuple(
        kind for kind in ("read", "write") if all(recorded(selectors, event_of(kind, source)) for source in OTHERS)
    )


def excluded_by_force(selectors: Sequence[Row]) -> tuple[str, ...]:
    kinds = kinds_by_force(selectors)
    lost = [s for s in (KMS, RDS, EC2) if any(not recorded(selectors, event_of(kind, s)) for kind in kinds)]
    return tuple(sorted(lost))


category = st.sampled_from(["Management", "Management", "Data"]).map(
    lambda value: {"Field": "eventCategory", "Equals": [value]}
)
read_only = st.tuples(
    st.sampled_from(["Equals", "NotEquals"]), st.lists(st.sampled_from(["true", "false"]), min_size=1, max_size=2)
).map(lambda pair: {"Field": "readOnly", pair[0]: pair[1]})
source = st.dictionaries(
    st.sampled_from(["Equals", "NotEquals"]),
    st.lists(st.sampled_from([KMS, RDS, EC2]), min_size=1, max_size=3, unique=True),
    min_size=1,
    max_size=2,
).map(lambda operators: {"Field": "eventSource", **operators})


def selector_of(parts: tuple[Row, Row | None, Row | None]) -> dict[str, Any]:
    return {"Name": "any", "FieldSelectors": [row for row in parts if row is not None]}


selector = st.tuples(category, st.none() | read_only, st.none() | source).map(selector_of)


@given(st.lists(selector, min_size=1, max_size=4))
def test_advanced_selectors_mean_what_they_record(rows: list[dict[str, Any]]) -> None:
    """Which kinds are recorded, and which sources are lost, equals trying every event."""
    selectors = EventSelectors.parse([], rows)
    assert selectors.kind == "advanced"
    assert selectors.management_kinds() == kinds_by_force(rows)
    for kind, name in itertools.product(("read", "write"), (KMS, RDS, EC2)):
        assert selectors.records_management(kind, name) is recorded(rows, event_of(kind, name))
    lost = excluded_sources([selectors])
    assert tuple(item for item in lost if item in SOURCES) == excluded_by_force(rows)


@given(st.lists(st.lists(selector, min_size=1, max_size=2), min_size=1, max_size=3))
def test_trails_together_record_the_union(trails: list[list[dict[str, Any]]]) -> None:
    """What several trails lose is what all their selectors, thrown together, lose."""
    together = [item for rows in trails for item in rows]
    lost = excluded_sources(EventSelectors.parse([], rows) for rows in trails)
    assert tuple(item for item in lost if item in SOURCES) == excluded_by_force(together)


basic = st.fixed_dictionaries(
    {},
    optional={
        "ReadWriteType": st.sampled_from(["All", "ReadOnly", "WriteOnly"]),
        "IncludeManagementEvents": st.booleans(),
        "ExcludeManagementEventSources": st.lists(st.sampled_from([KMS, RDS]), unique=True),
    },
)


@given(st.lists(basic, min_size=1, max_size=3))
def test_basic_selectors_equal_their_advanced_form(rows: list[dict[str, Any]]) -> None:
    """Both kinds of selector are one model: a basic one means the same as its translation."""
    advanced = []
    for row in rows:
        if not row.get("IncludeManagementEvents", True):
            continue
        fields: list[dict[str, Any]] = [{"Field": "eventCategory", "Equals": ["Management"]}]
        kind = {"ReadOnly": "true", "WriteOnly": "false"}.get(row.get("ReadWriteType", "All"))
        if kind:
            fields.append({"Field": "readOnly", "Equals": [kind]})
        if row.get("ExcludeManagementEventSources"):
            fields.append({"Field": "eventSource", "NotEquals": row["ExcludeManagementEventSources"]})
        advanced.append({"FieldSelectors": fields})
    selectors = EventSelectors.parse(rows, [])
    assert selectors.kind == "basic"
    assert selectors.management_kinds() == kinds_by_force(advanced)
    assert excluded_sources([selectors]) == excluded_by_force(advanced)


@pytest.mark.parametrize("operator", ["StartsWith", "EndsWith", "NotStartsWith", "NotEndsWith"])
@pytest.mark.parametrize("values", [["kms"], [".amazonaws.com"], ["kms", "i"], ["ec2.amazonaws.com"]])
def test_prefixes_and_suffixes(operator: str, values: list[str]) -> None:
    rows = [
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]},
                {"Field": "eventSource", operator: values},
            ]
        }
    ]
    selectors = EventSelectors.parse([], rows)
    for name in SOURCES:
        assert selectors.records_management("read", name) is recorded(rows, event_of("read", name))


@pytest.mark.parametrize(
    "field", ["eventName", "eventType", "userIdentity.arn", "sessionCredentialFromConsole", "somethingNew"]
)
def test_a_field_that_narrows_proves_nothing(field: str) -> None:
    rows = [
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]},
                {"Field": field, "NotEquals": ["x"]},
            ]
        }
    ]
    assert EventSelectors.parse([], rows).management_kinds() == ()


def test_a_selector_without_a_category_is_about_none() -> None:
    rows = [{"FieldSelectors": [{"Field": "readOnly", "Equals": ["true"]}]}]
    assert EventSelectors.parse([], rows).management_kinds() == ()


def test_the_default_records_everything() -> None:
    default = EventSelectors.default()
    assert default.kind == "default"
    assert default.management_kinds() == ("read", "write")
    assert excluded_sources([default]) == ()


def test_what_nobody_records_is_not_excluded() -> None:
    """Without any management events there is nothing to leave out; that is another control's finding."""
    assert excluded_sources([EventSelectors.parse([{"IncludeManagementEvents": False}], [])]) == ()
    assert excluded_sources([]) == ()


@pytest.mark.parametrize(
    ("basic_rows", "advanced_rows", "words"),
    [
        ([{"ReadWriteType": "Sometimes"}], [], "unknown ReadWriteType Sometimes"),
        ([], [{"FieldSelectors": [{"Field": "eventName", "Like": ["x"]}]}], "unknown operator Like on field eventName"),
    ],
)
def test_what_is_not_understood_is_refused(basic_rows: list[Any], advanced_rows: list[Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        EventSelectors.parse(basic_rows, advanced_rows)
