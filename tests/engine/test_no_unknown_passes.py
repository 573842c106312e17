"""Whole policies against brute force: every way in which the unknowns may turn out gives the verdict, or there is none.

The policies come through the loader and hold any combination of quantifier, ``where``, ``require``, ``any_of``, ``all_of``, ``not``, checks
and expressions. What they are compared with shares no code with the engine: it knows no unknown, and judges each completed world.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trailwarden import Finding, check, failed, not_applicable, passed
from trailwarden.calls import canonical
from trailwarden.contract import Check
from trailwarden.errors import Unreadable
from trailwarden.evaluate import evaluate
from trailwarden.facts import Trail
from trailwarden.model import Reason, ReasonCode, Status
from trailwarden.policy.build import Builder
from trailwarden.policy.document import Documents
from trailwarden.policy.yamltext import Source
from trailwarden.testing import World

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
GAP_REGION = "eu-west-1"
MAX_UNKNOWN = 5
CHECKS = ("check-a", "check-b")

Answer = bool | None
"""What CEL makes of known fields: true, false, or an error because the subject has no such part."""


@dataclass(frozen=True)
class Subject:
    """A trail as the test knows it. ``answers`` are the checks' verdicts; ``logging`` is None where it can't be read."""

    answers: tuple[Status, ...]
    logging: bool | None
    multi: bool
    key: bool

    def completed(self) -> Iterator["Subject"]:
        choices = [(PASS, FAIL, NA) if answer is ERROR else (answer,) for answer in self.answers]
        states = (True, False) if self.logging is None else (self.logging,)
        for *answers, logging in itertools.product(*choices, states):
            yield Subject(tuple(answers), logging, self.multi, self.key)  # type: ignore[arg-type]  # the last one is a bool

    @property
    def unknown(self) -> int:
        return self.answers.count(ERROR) + (self.logging is None)


def either(one: Answer, other: Answer) -> Answer:
    return True if True in (one, other) else None if None in (one, other) else False


def both(one: Answer, other: Answer) -> Answer:
    return False if False in (one, other) else None if None in (one, other) else True


EXPRESSIONS: Mapping[str, Callable[[Any, bool, Answer], Answer]] = {
    "trail.is_logging": lambda logging, _multi, _key: logging,
    "!trail.is_logging": lambda logging, _multi, _key: not logging,
    "trail.is_logging || trail.is_multi_region": lambda logging, multi, _key: either(logging, multi),
    "trail.is_multi_region && trail.is_logging": lambda logging, multi, _key: both(multi, logging),
    "key.exists || trail.is_logging": lambda logging, _multi, key: either(key, logging),
    "trail.is_logging && key.exists": lambda logging, _multi, key: both(logging, key),
    "trail.is_logging ? key.exists : trail.is_multi_region": lambda logging, multi, key: key if logging else multi,
}


def scripted(identity: str, script: Mapping[str, tuple[Status, ...]]) -> Check:
    """A check whose verdict on each trail is written down."""

    def judge(trail: Trail, _: object) -> Finding:
        status = script[trail.name][CHECKS.index(identity)]
        if status is ERROR:
            raise Unreadable(Reason(ReasonCode.ACCESS_DENIED))
        return {PASS: passed, FAIL: failed}[status](identity) if status is not NA else not_applicable(identity)

    judge.__name__ = identity.replace("-", "_")
    judge.__doc__ = "Scripted.\n\nWhy: the tests say so.\n\nFix: change the script.\n"
    return check(Trail)(judge)


LEAVES = st.sampled_from([{"check": name} for name in CHECKS] + [{"expr": text} for text in EXPRESSIONS])
NODES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda kind, parts: {kind: parts},
            st.sampled_from(["any_of", "all_of"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=5,
)
QUANTIFIERS = st.sampled_from(["all", "any", "none", {"at_least": 1}, {"at_least": 2}])
SUBJECTS = st.builds(
    Subject,
    st.tuples(*[st.sampled_from([PASS, FAIL, ERROR, NA])] * len(CHECKS)),
    st.sampled_from([True, False, None]),
    st.booleans(),
    st.booleans(),
)
ACCOUNTS = st.lists(SUBJECTS, max_size=3).filter(lambda found: sum(item.unknown for item in found) <= MAX_UNKNOWN)


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    where = draw(st.lists(NODES, max_size=2))
    return {
        "apiVersion": "trailwarden/v1",
        "kind": "Policy",
        "metadata": {"id": "p"},
        "subject": "trail",
        "quantifier": draw(QUANTIFIERS),
        **({"where": where} if where else {}),
        "require": draw(st.lists(NODES, min_size=1, max_size=2)),
        "on": {"empty": draw(st.sampled_from(["fail", "not-applicable"]))},
    }


def conjoined(statuses: list[Status]) -> Status:
    return FAIL if FAIL in statuses else PASS if PASS in statuses else NA


def judged(node: Mapping[str, Any], subject: Subject) -> Status:
    """One part of a policy on a subject of which everything is known."""
    [(kind, value)] = node.items()
    if kind == "check":
        return subject.answers[CHECKS.index(value)]
    if kind == "expr":
        answer = EXPRESSIONS[value](subject.logging, subject.multi, True if subject.key else None)
        return NA if answer is None else PASS if answer else FAIL
    if kind == "not":
        inner = judged(value, subject)
        return {PASS: FAIL, FAIL: PASS}.get(inner, inner)
    parts = [judged(part, subject) for part in value]
    if kind == "all_of":
        return conjoined(parts)
    return PASS if PASS in parts else FAIL if FAIL in parts else NA


def verdict(policy: Mapping[str, Any], subjects: tuple[Subject, ...], unseen: tuple[Status, ...]) -> Status:
    """The verdict on an account of which everything is known, said as simply as possible; ``unseen`` are further subjects' statuses."""
    spoken = [
        item
        for item in subjects
        if "where" not in policy or conjoined([judged(node, item) for node in policy["where"]]) is PASS
    ]
    statuses = [conjoined([judged(node, item) for node in policy["require"]]) for item in spoken] + list(unseen)
    if not {PASS, FAIL} & set(statuses):
        return FAIL if policy["on"]["empty"] == "fail" else NA
    quantifier = policy["quantifier"]
    if quantifier == "all":
        return conjoined(statuses)
    wanted = quantifier["at_least"] if isinstance(quantifier, dict) else 1
    reached = statuses.count(PASS) >= wanted
    return PASS if reached is not (quantifier == "none") else FAIL


def evaluated(policy: Mapping[str, Any], subjects: list[Subject], gap: bool) -> Status:
    """The engine's verdict, over the loader and real facts."""
    world = World(regions=("us-east-1", GAP_REGION))
    for number, subject in enumerate(subjects):
        arn = world.add_trail(
            f"t{number}",
            key=f"k{number}" if subject.key else "",
            status={"IsLogging": bool(subject.logging)},
            IsMultiRegionTrail=subject.multi,
        )
        if subject.logging is None:
            world.deny("cloudtrail.GetTrailStatus", Name=arn)
    if gap:
        world.deny("cloudtrail.DescribeTrails", region=GAP_REGION)
    script = {f"t{number}": subject.answers for number, subject in enumerate(subjects)}
    documents = Documents()
    documents.add(Source("p.yaml", json.dumps(policy)))
    made, problems = Builder({name: scripted(name, script) for name in CHECKS}).build(documents.policies["p"])
    assert not problems
    assert made is not None
    found, rows = evaluate(made, world.account())
    assert all((row.reason is not None) == (row.status is ERROR) for row in rows)
    states = [hashlib.sha256(canonical(row.observed).encode()).hexdigest()[:16] for row in rows]
    assert [row.state for row in rows] == states  # put together from parts, as if it were written at once
    return found.status


@settings(max_examples=150, deadline=None)
@given(policies(), ACCOUNTS, st.booleans())
def test_every_completion_of_the_unknowns_gives_the_verdict(
    policy: dict[str, Any], subjects: list[Subject], gap: bool
) -> None:
    """A verdict holds however the unknowns turn out, and where nothing is unknown there is one."""
    found = evaluated(policy, subjects, gap)
    extras: list[tuple[Status, ...]] = [()]
    if gap:  # a region nobody could look into may hold up to two trails more
        extras += [item for size in (1, 2) for item in itertools.product((PASS, FAIL), repeat=size)]
    worlds = itertools.product(*(list(item.completed()) for item in subjects))
    possible = {verdict(policy, world, unseen) for world in worlds for unseen in extras}
    if found is not ERROR:
        assert possible == {found}
    if not gap and not any(item.unknown for item in subjects):
        assert {found} == possible
