"""The evaluator against brute force: an unknown may turn out either way, and no verdict may depend on which."""

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.calls import canonical
from trailwarden.contract import check, failed, not_applicable, passed, undecidable
from trailwarden.evaluate import evaluate
from trailwarden.facts import Account, LogBucket, Region, Trail
from trailwarden.model import Finding, ReasonCode, Severity, Status
from trailwarden.params import build
from trailwarden.policy.model import AllOf, AnyOf, CheckNode, Not, Place, Quantifier, Scope
from trailwarden.results import fingerprint
from trailwarden.testing import World, policy_of

PLACE = Place("t.yaml", 1, 1, 1, 1)
PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE


def scripted(script: dict[str, Status]):
    """A check whose verdict on a trail is written down by name."""

    def scripted_check(trail: Trail, params) -> Finding:
        """A scripted verdict.

        Why: the tests say so.

        Fix: change the script.
        """
        status = script[trail.name]
        if status is ERROR:
            undecidable(trail, ReasonCode.EVENTUAL, "scripted")
        return {PASS: passed, FAIL: failed}[status]("scripted") if status is not NA else not_applicable("scripted")

    return check(Trail)(scripted_check)


def node(script: dict[str, Status]) -> CheckNode:
    made = scripted(script)
    return CheckNode(made, build(made.params_type, {}), PLACE, Trail)


def judge(world: World, **fields):
    policy = policy_of(scripted({}), None, **fields)
    verdict, rows = evaluate(policy, world.account())
    return verdict, rows


def world_of(count: int, gap: bool = False) -> World:
    world = World(regions=("us-east-1", "eu-west-1"))
    for index in range(count):
        world.add_trail(f"t{index}")
    if gap:
        world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    return world


def completions(statuses):
    """Every way the unknowns may turn out."""
    choices = [(PASS, FAIL, NA) if status is ERROR else (status,) for status in statuses]
    return itertools.product(*choices)


def holds(kind: str, number: int, statuses, on_empty: str):
    """The verdict of a quantifier over known statuses, said as simply as possible."""
    relevant = [status for status in statuses if status is not NA]
    if not relevant:
        return FAIL if on_empty == "fail" else NA
    if kind == "all":
        return FAIL if FAIL in relevant else PASS
    passing = relevant.count(PASS)
    if kind == "none":
        return PASS if passing == 0 else FAIL
    return PASS if passing >= (number if kind == "at_least" else 1) else FAIL


quantifiers = st.sampled_from([("all", 1), ("any", 1), ("none", 1), ("at_least", 2)])
statuses = st.lists(st.sampled_from([PASS, FAIL, ERROR, NA]), max_size=4)


@given(quantifiers, statuses, st.booleans(), st.sampled_from(["fail", "not-applicable"]))
def test_an_unknown_never_becomes_a_pass(quantifier, given_statuses, gap, on_empty):
    kind, number = quantifier
    script = {f"t{index}": status for index, status in enumerate(given_statuses)}
    fields = {"require": (node(script),), "quantifier": Quantifier(kind, number), "on_empty": on_empty}
    verdict, rows = judge(world_of(len(given_statuses), gap), **fields)
    outcomes = {holds(kind, number, completed, on_empty) for completed in completions(given_statuses)}
    if gap:  # a region nobody could look into may hold one or two trails more
        for extra in itertools.chain(
            itertools.product((PASS, FAIL), repeat=1), itertools.product((PASS, FAIL), repeat=2)
        ):
            outcomes |= {
                holds(kind, number, (*completed, *extra), on_empty) for completed in completions(given_statuses)
            }
    if verdict.status is not ERROR:
        assert outcomes == {verdict.status}
    if {PASS, FAIL} <= outcomes:
        assert verdict.status is ERROR
    if len(outcomes) == 1:
        assert verdict.status in outcomes
    assert {row.status for row in rows} >= {verdict.status}
    assert all(row.reason is not None for row in rows if row.status is ERROR)


@given(st.lists(st.sampled_from([PASS, FAIL, ERROR, NA]), min_size=3, max_size=3), st.integers(0, 7))
def test_composition_agrees_with_every_completion_of_the_unknowns(leaves, shape):
    a, b, c = (node({"t0": status}) for status in leaves)
    trees = {
        0: AllOf((a, b, c), PLACE),
        1: AnyOf((a, b, c), PLACE),
        2: Not(a, PLACE),
        3: AllOf((a, AnyOf((b, c), PLACE)), PLACE),
        4: AnyOf((a, AllOf((b, c), PLACE)), PLACE),
        5: Not(AnyOf((a, Not(b, PLACE)), PLACE), PLACE),
        6: AllOf((Not(a, PLACE), Not(AllOf((b, c), PLACE), PLACE)), PLACE),
        7: AnyOf((Not(AllOf((a, b), PLACE), PLACE), c), PLACE),
    }

    def value(tree, known):
        if isinstance(tree, CheckNode):
            return known[(a, b, c).index(tree)]
        if isinstance(tree, Not):
            inner = value(tree.part, known)
            return {PASS: FAIL, FAIL: PASS}.get(inner, inner)
        parts = [part for part in (value(part, known) for part in tree.parts) if part is not NA]
        if not parts:
            return NA
        if isinstance(tree, AllOf):
            return FAIL if FAIL in parts else PASS
        return PASS if PASS in parts else FAIL

    possible = {value(trees[shape], known) for known in completions(leaves)}
    verdict, _ = judge(world_of(1), require=(trees[shape],), quantifier=Quantifier("all"))
    if verdict.status is PASS:
        assert possible <= {PASS, NA}
    if verdict.status is FAIL:
        assert possible <= {FAIL, NA}
    if len(possible) == 1:
        assert verdict.status is possible.pop()


def test_where_selects_and_an_unknown_where_is_an_error():
    world = world_of(3)
    where = node({"t0": PASS, "t1": FAIL, "t2": ERROR})
    require = node({"t0": PASS, "t1": FAIL, "t2": PASS})
    verdict, rows = judge(world, where=(where,), require=(require,))
    assert [(row.subject_name, row.status) for row in rows] == [("t0", PASS), ("t2", ERROR)]
    assert (verdict.status, verdict.candidates, verdict.applicable, verdict.satisfying) == (ERROR, 3, 1, 1)


def test_a_where_that_nothing_meets_follows_on_empty():
    where = node({"t0": FAIL})
    require = node({"t0": PASS})
    for on_empty, status in (("fail", FAIL), ("not-applicable", NA)):
        verdict, [row] = judge(world_of(1), where=(where,), require=(require,), on_empty=on_empty)
        assert verdict.status is row.status is status
        assert "no subject meets `where`" in row.message


def test_the_same_subject_must_meet_everything():
    """A multi-region trail that is stopped beside a single-region one that logs: no trail is good."""
    multi = node({"t0": PASS, "t1": FAIL})
    logging = node({"t0": FAIL, "t1": PASS})
    verdict, [row] = judge(world_of(2), require=(multi, logging), quantifier=Quantifier("any"), on_empty="fail")
    assert verdict.status is FAIL
    assert row.subject_type == "account"
    assert [item["status"] for item in row.observed["candidates"]] == ["FAIL", "FAIL"]
    assert "t0" in row.message
    assert "t1" in row.message


def test_an_account_outside_the_scope_is_not_applicable():
    verdict, [row] = judge(world_of(1), require=(node({"t0": FAIL}),), scope=Scope(accounts=("2222*",)))
    assert verdict.status is NA
    assert "outside the policy's scope" in row.message


def test_the_scope_can_name_regions():
    world = World(regions=("us-east-1", "eu-west-1"))
    world.add_trail("t0", home="us-east-1")
    world.add_trail("t1", home="eu-west-1")
    _, rows = judge(world, require=(node({"t0": PASS, "t1": FAIL}),), scope=Scope(regions=("us-east-1",)))
    assert [row.subject_name for row in rows] == ["t0"]


def test_regions_that_could_not_be_listed_are_one_error_row_beside_what_was_seen():
    world = world_of(1, gap=True)
    verdict, rows = judge(world, require=(node({"t0": PASS}),))
    assert [row.status for row in rows] == [PASS, ERROR]
    assert verdict.status is ERROR
    assert rows[1].reason.region == "eu-west-1"
    assert rows[1].observed == {"unread_regions": ["eu-west-1"]}
    assert rows[1].reason.missing_action == "cloudtrail:DescribeTrails"


def test_an_unreadable_list_of_regions_leaves_nothing_to_pass():
    world = world_of(1)
    world.deny("ec2.DescribeRegions")
    for kind in ("all", "any", "none", "at_least"):
        verdict, [row] = judge(world, require=(node({"t0": PASS}),), quantifier=Quantifier(kind))
        assert verdict.status is ERROR
        assert row.reason.operation == "ec2.DescribeRegions"


def test_a_policy_on_trails_reaches_the_bucket_and_names_what_was_judged():
    def bucket_named(bucket: LogBucket, params) -> Finding:
        """A check on buckets.

        Why: to navigate.

        Fix: none.
        """
        return failed(f"saw {bucket.name}")

    made = check(LogBucket)(bucket_named)
    world = World()
    world.add_trail("t0", bucket="logs")
    world.add_trail("t1", bucket="")
    reach = CheckNode(made, build(made.params_type, {}), PLACE, LogBucket)
    _, rows = judge(world, require=(reach,))
    assert [(row.subject_name, row.status, row.message) for row in rows] == [
        ("t0", FAIL, "saw logs"),
        ("t1", NA, "t1 has no bucket"),
    ]
    assert rows[0].observed["judged"] == "arn:aws:s3:::logs"


def test_a_check_that_crashes_is_an_error_of_its_own():
    def crashing(trail: Trail, params) -> Finding:
        """A check that crashes.

        Why: it happens.

        Fix: mend it.
        """
        raise ZeroDivisionError("oops")

    made = check(Trail)(crashing)
    _, [row] = judge(world_of(1), require=(CheckNode(made, build(made.params_type, {}), PLACE, Trail),))
    assert row.status is ERROR
    assert row.reason.code is ReasonCode.INTERNAL
    assert "ZeroDivisionError: oops" in row.message


def test_results_name_exactly_the_calls_their_verdict_read():
    def reads_status(trail: Trail, params) -> Finding:
        """A check that reads the status.

        Why: provenance.

        Fix: none.
        """
        return passed("ok", {"IsLogging": trail.status.is_logging})

    made = check(Trail, reads=(Trail.status,))(reads_status)
    world = world_of(2)
    _, rows = judge(world, require=(CheckNode(made, build(made.params_type, {}), PLACE, Trail),))
    by_id = {call.id: call for call in world.calls}
    for row in rows:
        [call] = [by_id[item] for item in row.calls]
        assert (call.name, call.arguments["Name"]) == ("cloudtrail.GetTrailStatus", row.subject)


def test_a_message_template_speaks_of_failures_only():
    script = {"t0": FAIL, "t1": PASS}
    _, rows = judge(world_of(2), require=(node(script),), message="{subject.name} in {subject.region}: {message}!")
    assert [row.message for row in rows] == ["t0 in us-east-1: scripted!", "scripted"]


def test_fingerprints_tell_subjects_apart_and_survive_a_change_of_what_was_observed():
    _, first = judge(world_of(2), require=(node({"t0": FAIL, "t1": FAIL}),))
    _, second = judge(world_of(2), require=(node({"t0": PASS, "t1": FAIL}),))
    assert [row.fingerprint for row in first] == [row.fingerprint for row in second]
    assert len({row.fingerprint for row in first}) == 2


@pytest.mark.parametrize(("subject", "count"), [(Account, 1), (Region, 2), (Trail, 1), (LogBucket, 1)])
def test_every_subject_has_its_population(subject, count):
    def counted(subject_of_check, params) -> Finding:
        """A check on anything.

        Why: to count.

        Fix: none.
        """
        return passed("seen")

    made = check(subject)(counted)
    policy = policy_of(made, severity=Severity.HIGH)
    _, rows = evaluate(policy, world_of(1).account())
    assert len(rows) == count
    assert {row.subject_type for row in rows} == {subject.kind}
    assert {row.severity for row in rows} == {Severity.HIGH}


def test_two_requirements_of_one_check_are_two_findings():
    """Waivers and baselines recognise a finding by its fingerprint; a second requirement leaves that of the first as it is."""
    first, second = node({"t0": FAIL}), node({"t0": PASS})
    _, [alone] = judge(world_of(1), require=(first,))
    _, rows = judge(world_of(1), require=(first, second, Not(second, PLACE), second))
    assert rows[0].fingerprint == alone.fingerprint
    assert len({row.fingerprint for row in rows}) == 4
    identity = (alone.policy, alone.check, alone.account, alone.region, alone.subject)
    assert alone.fingerprint == fingerprint(*identity)
    assert alone.fingerprint == hashlib.sha256(canonical(list(identity)).encode()).hexdigest()
