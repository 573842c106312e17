"""What a filter pattern matches: AWS's own examples, then every event of a small universe."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailwarden.patterns import matches, normalise, parse
from trailwarden.patterns.syntax import (
    All,
    AnyChild,
    Compare,
    Expression,
    Is,
    NotExists,
    Number,
    Regex,
    Some,
    Step,
    Text,
)

# A busy machine is no reason to fail.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The example events of the CloudWatch Logs user guide.
EVENT: dict[str, Any] = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "ThisFlag": True,
    "cluster.name": "c",
    "latency": 50,
    "ratio": 0.5,
    "account": "123456789012",
    "users": [1, 2, 3],
    "empty": "",
    "nested": {"a": "x", "b": "y"},
    "literal": "Ev*ent",
    "false": False,
    "street": "Hauptstraße",
}
PEOPLE: dict[str, Any] = {
    "user": {"id": 1, "email": "John.Stiles@example.com"},
    "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
    "actions": ["GET", "PUT", "DELETE"],
    "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
}


@pytest.mark.parametrize(
    "text",
    [
        '$.eventType = "UpdateTrail"',
        "$.eventType = UpdateTrail",
        "$.eventType = Update*",
        "$.eventType = *Trail",
        "$.eventType = *dateTr*",
        "$.eventType = *",
        "$.empty = *",
        '$.empty = ""',
        "$.eventType != DeleteTrail",
        "$.eventType = %Trail%",
        "$.eventType != %^Trail%",
        "$.sourceIPAddress != 123.123.*",
        '$.arrayKey[0] = "value"',
        "$.arrayKey[*] = %val.{2}%",
        '$.arrayKey[*] = "another value"',
        "$.objectList[1].id = 2",
        "$.objectList[*].id = 2",
        "$.* = %111\\.111\\.111\\.1[0-9]{1,2}%",
        "$.['cluster.name'] = \"c\"",
        "$.SomeObject IS NULL",
        "$.SomeOtherObject NOT EXISTS",
        "$.eventType.x NOT EXISTS",
        "$.arrayKey[2] NOT EXISTS",
        "$.arrayKey.x NOT EXISTS",
        "$.nested[0] NOT EXISTS",
        "$.ThisFlag IS TRUE",
        "$.false IS FALSE",
        "$.latency = 50",
        "$.latency = 5e1",
        "$.latency != 51",
        "$.latency < 51",
        "$.latency <= 50",
        "$.latency >= 50",
        "$.latency > 49.5",
        "$.latency = *",
        "$.ratio = .5",
        "$.account = 123456789012",
        '$.account = "123456789012"',
        "$.account != 1",
        "$.literal = Ev*ent",
        "$.nested.* = y",
    ],
)
def test_matching(text: str) -> None:
    assert matches(parse(f"{{ {text} }}"), EVENT)


@pytest.mark.parametrize(
    "text",
    [
        "$.eventType = updatetrail",
        "$.eventType = Trail",
        "$.eventType = Trail*",
        "$.eventType = *Update",
        "$.eventType = Up*Trail",
        "$.eventType = *xTr*",
        "$.eventType != Update*",
        "$.eventType != *",
        "$.eventType = %^Trail%",
        "$.eventType != %Trail%",
        '$.eventType = ""',
        "$.eventType NOT EXISTS",
        "$.eventType IS NULL",
        "$.SomeObject NOT EXISTS",
        "$.SomeObject = null",
        "$.SomeObject != x",
        "$.SomeOtherObject IS NULL",
        "$.SomeOtherObject = x",
        "$.SomeOtherObject != x",
        "$.ThisFlag = true",
        "$.ThisFlag != false",
        "$.ThisFlag = 1",
        "$.ThisFlag IS FALSE",
        "$.ThisFlag IS NULL",
        "$.latency IS TRUE",
        "$.users = 1",
        "$.users != 1",
        "$.nested != x",
        "$.nested = *",
        "$.arrayKey[1] = value",
        "$.arrayKey[2] = value",
        "$.arrayKey[*] = values",
        "$.objectList.id = 2",
        "$.latency = 51",
        '$.latency = "50"',
        "$.latency != *",
        "$.latency = 5*",
        "$.latency < 50",
        "$.latency > 50",
        "$.latency <= 49",
        "$.latency >= 51",
        "$.latency = %50%",
        "$.account > 1",
        "$.account < 999999999999999",
        "$.account != 123456789012",
        "$.literal = Event",
    ],
)
def test_not_matching(text: str) -> None:
    assert not matches(parse(f"{{ {text} }}"), EVENT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', True),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', False),
        (
            '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nomatch" }',
            True,
        ),
        (
            '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && $.actions[2] = "nomatch" }',
            False,
        ),
        ("{ $.coordinates[1][2] = 6 }", True),
        ("{ $.coordinates[*][2] = 9 }", True),
        ("{ $.coordinates[*][2] = 7 }", False),
    ],
)
def test_documented_compounds(text: str, expected: bool) -> None:
    assert matches(parse(text), PEOPLE) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ('" "', True),
        ("UpdateTrail", True),
        ("Trail", False),
        ("updatetrail", False),
        ('"another value"', True),
        ("UpdateTrail value", True),
        ("UpdateTrail nothing", False),
        ("?nothing ?UpdateTrail", True),
        ("?nothing ?other", False),
        ("UpdateTrail -nothing", True),
        ("-Trail", False),
        ("%Update.+111%", True),
        ("%Update$%", False),
        ("UpdateTrail -%Tr.il%", False),
        ("%value.,.another%", True),
        ("%eventType.:.Update%", True),
        ('"Hauptstraße"', True),
        ("cluster", True),
    ],
)
def test_text_patterns_see_the_raw_event(text: str, expected: bool) -> None:
    assert matches(parse(text), EVENT) is expected


# -- every event of a small universe -------------------------------------------------------------------------------

ABSENT = object()
VALUES = (ABSENT, None, True, 1, 2.5, "x", "xy", "1", ["x"], {"b": "x"})
EVENTS = [
    {name: value for name, value in (("a", one), ("b", other)) if value is not ABSENT}
    for one, other in itertools.product(VALUES, VALUES)
]
SELECTORS = st.sampled_from([("a",), ("b",), ("a", "b"), ("a", 0), ("a", AnyChild()), (AnyChild(),)])
COMPARES = st.one_of(
    st.builds(
        Compare, SELECTORS, st.sampled_from(["=", "!="]), st.builds(Text, st.sampled_from(["x", "x*", "*y", "*", "1"]))
    ),
    st.builds(
        Compare,
        SELECTORS,
        st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        st.sampled_from(["1", "2.5", "-3"]).map(lambda text: Number(Decimal(text), text)),
    ),
    st.builds(
        Compare, SELECTORS, st.sampled_from(["=", "!="]), st.builds(Regex, st.sampled_from(["^x", "y$", "[0-9]"]))
    ),
)
LEAVES = st.one_of(
    COMPARES, st.builds(Is, SELECTORS, st.sampled_from([True, False, None])), st.builds(NotExists, SELECTORS)
)
TREES = st.recursive(
    LEAVES,
    lambda below: st.builds(
        lambda kind, parts: kind(tuple(parts)), st.sampled_from([All, Some]), st.lists(below, min_size=2, max_size=3)
    ),
    max_leaves=6,
)


def step_text(step: Step) -> str:
    return ".*" if isinstance(step, AnyChild) else f".{step}" if isinstance(step, str) else f"[{step}]"


def write(term: Expression) -> str:
    """The pattern's text, with a pair of parentheses around every compound."""
    if isinstance(term, All | Some):
        return "(" + (" && " if isinstance(term, All) else "||").join(write(part) for part in term.parts) + ")"
    selector = "$" + "".join(map(step_text, term.selector))
    if isinstance(term, NotExists):
        return f"{selector} NOT EXISTS"
    if isinstance(term, Is):
        return f"{selector} IS {'NULL' if term.value is None else str(term.value).upper()}"
    if isinstance(term.value, Number):
        return f"{selector}{term.operator}{term.value.text}"
    if isinstance(term.value, Regex):
        return f"{selector} {term.operator} %{term.value.source}%"
    return f'{selector} {term.operator} "{term.value.value}"'


def plain(term: Expression, event: Any) -> bool:
    """The definition once more, for the vocabulary above."""
    if isinstance(term, All):
        return all(plain(part, event) for part in term.parts)
    if isinstance(term, Some):
        return any(plain(part, event) for part in term.parts)
    nodes = [event]
    for step in term.selector:
        nodes = [child for node in nodes for name, child in named_children(node) if step in (name, AnyChild())]
    if isinstance(term, NotExists):
        return not nodes
    return any(node is term.value if isinstance(term, Is) else plain_compare(term, node) for node in nodes)


def named_children(node: Any) -> list[tuple[Step, Any]]:
    if isinstance(node, dict):
        return list(node.items())
    return list(enumerate(node)) if isinstance(node, list) else []


def plain_compare(term: Compare, node: Any) -> bool:
    """One comparison with one value."""
    if isinstance(node, str):
        wanted = term.value.text if isinstance(term.value, Number) else getattr(term.value, "value", "")
        same = {
            "x*": node.startswith("x"),
            "*y": node.endswith("y"),
            "*": True,
        }.get(wanted, node == wanted)
        if isinstance(term.value, Regex):
            same = {"^x": node.startswith("x"), "y$": node.endswith("y"), "[0-9]": "1" in node}[term.value.source]
        return {"=": same, "!=": not same}.get(term.operator, False)
    if isinstance(node, bool) or not isinstance(node, int | float):
        return False
    if isinstance(term.value, Text):
        return term.value.value == "*" and term.operator == "="
    if isinstance(term.value, Regex):
        return False
    number = float(term.value.value)
    return {
        "=": node == number,
        "!=": node != number,
        "<": node < number,
        "<=": node <= number,
        ">": node > number,
        ">=": node >= number,
    }[term.operator]


@settings(UNHURRIED, max_examples=200)
@given(TREES)
def test_every_event(tree: Expression) -> None:
    parsed = parse("{" + write(tree) + "}")
    assert parsed == tree
    normal = normalise(tree)
    for event in EVENTS:
        assert matches(parsed, event) is plain(tree, event)
        assert matches(normal, event) is plain(tree, event)


@settings(UNHURRIED, max_examples=100)
@given(st.lists(LEAVES, min_size=2, max_size=5), st.lists(st.sampled_from(["&&", "||"]), min_size=4, max_size=4))
def test_and_binds_tighter_than_or(leaves: list[Expression], signs: list[str]) -> None:
    text, groups = write(leaves[0]), [[leaves[0]]]
    for sign, leaf in zip(signs, leaves[1:], strict=False):
        text += f" {sign} {write(leaf)}"
        if sign == "&&":
            groups[-1].append(leaf)
        else:
            groups.append([leaf])
    parsed = parse(f"{{ {text} }}")
    for event in EVENTS:
        assert matches(parsed, event) is any(all(plain(leaf, event) for leaf in group) for group in groups)


@UNHURRIED
@given(TREES)
def test_normalising_twice_changes_nothing(tree: Expression) -> None:
    assert normalise(normalise(tree)) == normalise(tree)
