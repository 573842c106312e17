"""Expressions: checked when loaded, judged like any check, and never a verdict on what could not be read."""

import pickle
import sys
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailwarden.contract import Check
from trailwarden.errors import PolicyError, Unreadable
from trailwarden.evaluate import evaluate
from trailwarden.facts import SUBJECTS, Trail
from trailwarden.model import ReasonCode, Result, Status
from trailwarden.plan import POPULATIONS, make_plan, population
from trailwarden.policy import expressions
from trailwarden.policy.expressions import Expression, expression_check
from trailwarden.policy.model import Policy, Selection
from trailwarden.policy.select import select
from trailwarden.policy.view import BY_KIND, visible
from trailwarden.testing import Alerting, Organizing, World, standalone

HEAD = "apiVersion: trailwarden/v1\nkind: Policy\nmetadata: {id: x}\n"
Load = Callable[[str], Policy]


@pytest.fixture
def load(tmp_path: Path, checks: Mapping[str, Check], monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(tmp_path)

    def read(text: str) -> Policy:
        Path("p.yaml").write_text(HEAD + text, encoding="utf-8")
        return select(["./p.yaml"], checks=checks).policies[0]

    return read


def judge(policy: Policy, world: World) -> Result:
    [row] = evaluate(policy, world.account())[1]
    return row


def test_true_and_false(load: Load) -> None:
    """The observed values are those that the expression names."""
    policy = load("subject: trail\nrequire:\n- expr: trail.is_multi_region && trail.name.startsWith('m')\n")
    world = World()
    world.add_trail("main")
    row = judge(policy, world)
    assert (row.status, row.check) == (Status.PASS, "expr")
    assert row.observed == {"trail.is_multi_region": True, "trail.name": "main"}
    assert row.params == {"expr": "trail.is_multi_region && trail.name.startsWith('m')"}
    world = World()
    world.add_trail("main", IsMultiRegionTrail=False)
    row = judge(policy, world)
    assert row.status is Status.FAIL
    assert row.message == "does not hold: trail.is_multi_region && trail.name.startsWith('m')"


def test_parameters_keep_their_types(load: Load) -> None:
    """A policy's parameters are names of the expression."""
    policy = load(
        "params:\n  days: {type: integer, default: 30}\n  modes: {type: array, default: [COMPLIANCE]}\n"
        "subject: trail\nrequire:\n- expr: bucket.object_lock_days >= params.days && bucket.object_lock_mode in params.modes\n"
    )
    world = World()
    world.add_trail("main")
    row = judge(policy, world)
    assert row.status in (Status.PASS, Status.FAIL)
    assert set(row.observed) >= {"bucket.object_lock_days", "bucket.object_lock_mode"}


def test_unreadable_field_is_an_error_with_its_reason(load: Load) -> None:
    """The reason names the call that failed and what would allow it."""
    policy = load("subject: trail\nrequire:\n- expr: trail.is_logging\n")
    world = World()
    world.add_trail("main")
    world.deny("cloudtrail.GetTrailStatus")
    row = judge(policy, world)
    assert row.status is Status.ERROR
    assert row.reason is not None
    assert (row.reason.code, row.reason.missing_action) == (ReasonCode.ACCESS_DENIED, "cloudtrail:GetTrailStatus")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("trail.is_logging || trail.is_multi_region", Status.PASS),
        ("trail.is_multi_region || trail.is_logging", Status.PASS),
        ("trail.is_logging && !trail.is_multi_region", Status.FAIL),
        ("!trail.is_multi_region && trail.is_logging", Status.FAIL),
        ("trail.is_logging || !trail.is_multi_region", Status.ERROR),
        ("trail.is_logging ? true : true", Status.ERROR),
        ("trail.is_logging == trail.is_logging", Status.ERROR),
        ("!trail.is_logging", Status.ERROR),
        ("[1].all(x, trail.is_logging)", Status.ERROR),
        ("[].all(x, trail.is_logging)", Status.PASS),
        ("1 / 0 == 1", Status.ERROR),
        ("1 / 0 == 1 || trail.is_multi_region", Status.PASS),
    ],
)
def test_unknown_is_absorbed_as_cel_does(text: str, status: Status, load: Load) -> None:
    """What can't be read decides nothing, and what is known decides where it can."""
    policy = load(f"subject: trail\nrequire:\n- expr: '{text}'\n")
    world = World()
    world.add_trail("main")
    world.deny("cloudtrail.GetTrailStatus")
    assert judge(policy, world).status is status


def test_a_policy_about_the_organization(load: Load) -> None:
    """It is a subject of its own, and what every other subject leads to; an account alone has none."""
    member, alone = World(), World()
    member.add_trail("main")
    Organizing(member).delegate("444455556666")
    standalone(alone)
    policy = load("subject: organization\nrequire:\n- expr: size(organization.trail_administrators) == 1\n")
    assert judge(policy, member).status is Status.PASS
    assert judge(policy, alone).status is Status.NOT_APPLICABLE
    policy = load("subject: trail\nrequire:\n- expr: organization.exists && trail.is_organization_trail\n")
    assert judge(policy, member).status is Status.FAIL
    member.deny("organizations.DescribeOrganization")
    row = judge(load("subject: trail\nrequire:\n- expr: organization.exists\n"), member)
    assert row.reason is not None
    assert row.reason.missing_action == "organizations:DescribeOrganization"


def test_missing_link_is_not_applicable(load: Load) -> None:
    """A trail without a key has nothing to be said about it, unless the rest decides."""
    world = World()
    world.add_trail("main")
    assert (
        judge(load("subject: trail\nrequire:\n- expr: key.rotation_enabled\n"), world).status is Status.NOT_APPLICABLE
    )
    text = "subject: trail\nrequire:\n- expr: trail.kms_key_id == '' || key.rotation_enabled\n"
    assert judge(load(text), world).status is Status.PASS


def test_value_that_aws_leaves_out_is_an_error(load: Load) -> None:
    """A trail that never delivered has no time of delivery: no verdict rests on that."""
    world = World()
    world.add_trail("main", status={"LatestDeliveryTime": None})
    text = "subject: trail\nrequire:\n- expr: account.now - trail.latest_delivery_time < duration('24h')\n"
    row = judge(load(text), world)
    assert row.status is Status.ERROR
    assert "AWS says nothing of trail.latest_delivery_time" in row.message
    world = World()
    world.add_trail("main")
    assert judge(load(text), world).status is Status.PASS


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "expr: trail.is_multi_regoin",
            "p.yaml:6:9: not an expression: undeclared reference to 'trail.is_multi_regoin'; did you mean",
        ),
        (
            'expr: "true && trail.name == 3"',
            "p.yaml:6:29: not an expression: found no matching overload for '_==_' applied to '(string, int)'",
        ),
        ("expr: trail.name", "p.yaml:6:9: the expression gives string, and must give bool; compare it with something"),
        ("expr: region.name == ''", "undeclared reference to 'region.name'"),
        ("expr: params.days > 3", "undeclared reference to 'params.days'"),
        ("expr: trail.is_multi_region &&", "not an expression: Syntax error"),
        (
            "expr: |\n    trail.is_multi_region\n    && nothing",
            "p.yaml:6:9: not an expression: undeclared reference to 'nothing'",
        ),
    ],
)
def test_mistakes_are_found_when_loaded(line: str, message: str, load: Load) -> None:
    """At the place inside the expression, as long as it stands in one line."""
    with pytest.raises(PolicyError) as caught:
        load(f"subject: trail\nrequire:\n- {line}\n")
    assert message in str(caught.value)


def test_without_the_extra(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is the command that installs it."""
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    expressions._cel.cache_clear()
    try:
        with pytest.raises(PolicyError, match=r"expressions need the extra 'cel'; pip install 'trailwarden\[cel\]'"):
            load("subject: trail\nrequire:\n- expr: trail.is_multi_region\n")
    finally:
        expressions._cel.cache_clear()


def test_plan_reads_what_is_named_and_nothing_else(load: Load) -> None:
    """An expression costs the calls of its fields."""
    policy = load("subject: trail\nrequire:\n- expr: trail.is_logging && bucket.versioning == 'Enabled'\n")
    operations = make_plan(Selection((policy,))).operations
    assert {"cloudtrail.GetTrailStatus", "s3.GetBucketVersioning"} <= set(operations)
    assert not {"s3.GetBucketPolicy", "cloudtrail.GetEventSelectors"} & set(operations)


def test_expression_travels_between_processes() -> None:
    """It is compiled again where it arrives."""
    check, params = expression_check("trail.is_multi_region", Trail, {}, {})
    judged = pickle.loads(pickle.dumps(check.judges[Trail]))
    assert isinstance(judged, Expression)
    world = World()
    world.add_trail("main")
    [trail] = world.account().trails
    assert judged(trail, params).status is Status.PASS


def test_every_field_of_the_view_can_be_read_and_has_its_type() -> None:
    """The view is compiled, read over a healthy account, and complete in its reference."""
    world = World()
    world.add_trail("main", key="k", log_group="g")
    Organizing(world)
    alerting = Alerting(world, "g")
    alerting.add_alert("changes", "{ $.eventName = StopLogging }")
    world.reply("ec2.DescribeVpcs", {"Vpcs": [{"VpcId": "vpc-1", "IsDefault": True}]})
    world.reply("ec2.DescribeFlowLogs", {"FlowLogs": []})
    world.reply("ec2.DescribeNetworkInterfaces", {"NetworkInterfaces": []})
    store = "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/e-1"
    world.reply("cloudtrail.ListEventDataStores", {"EventDataStores": [{"EventDataStoreArn": store, "Name": "lake"}]})
    world.reply("cloudtrail.GetEventDataStore", STORE)
    account = world.account()
    subjects = {"account": account, **{kind.kind: population(account, kind)[0] for kind in POPULATIONS}}
    assert set(subjects) == set(BY_KIND) == set(SUBJECTS)
    wrong = []
    for kind, fields in BY_KIND.items():
        for name, field in fields.items():
            text = f"type({name}) == {_TYPE_NAMES[field.type]}"
            try:
                if Expression(text, SUBJECTS[kind], {}, {})(subjects[kind], None).status is not Status.PASS:  # type: ignore[arg-type]  # parameters are not used
                    wrong.append(name)
            except Unreadable as error:
                wrong.append(f"{name}: {error}")
    assert wrong == []
    rows = [(kind, name, field.doc) for kind, fields in BY_KIND.items() for name, field in fields.items()]
    assert all(name.startswith(kind.replace("-", "_") + ".") and doc for kind, name, doc in rows)


STORE = {
    "Status": "ENABLED",
    "AdvancedEventSelectors": [],
    "MultiRegionEnabled": True,
    "OrganizationEnabled": False,
    "RetentionPeriod": 365,
    "TerminationProtectionEnabled": True,
}
_TYPE_NAMES = {
    "string": "string",
    "bool": "bool",
    "int": "int",
    "list(string)": "list",
    "timestamp": "google.protobuf.Timestamp",
}
ATOMS = {"trail.is_multi_region": True, "trail.is_shadow": False, "trail.is_logging": None}
FORMULAS = st.recursive(
    st.sampled_from([*ATOMS, "true", "false"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||", "=="]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda text: f"!{text}"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]} : {parts[2]})"),
    ),
    max_leaves=8,
)


def completed(text: str, value: bool) -> bool:
    """What a formula says when the unknown is known: by Python, which shares no code with CEL."""
    names = {**ATOMS, "trail.is_logging": value}
    for name, known in names.items():
        text = text.replace(name, f"(1 if {int(bool(known))} else 0)")
    text = text.replace("true", "1").replace("false", "0")
    return bool(eval(_python(text), {"__builtins__": {}}))


def _python(text: str) -> str:
    return text.replace("!", " not ").replace("&&", " and ").replace("||", " or ")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FORMULAS.filter(lambda text: "?" not in text and "==" not in text))
def test_verdict_holds_in_every_completion(text: str) -> None:
    """With one field unread, PASS and FAIL are given only if every value of that field gives them."""
    world = World()
    world.add_trail("main")
    world.deny("cloudtrail.GetTrailStatus")
    [trail] = world.account().trails
    try:
        status = Expression(text, Trail, {}, {})(trail, None).status  # type: ignore[arg-type]  # parameters are not used
    except Unreadable:
        return
    outcomes = {completed(text, value) for (value,) in product([True, False])}
    assert outcomes == {status is Status.PASS}


def test_names_inside_text_literals_are_harmless() -> None:
    """They are read as well and change nothing."""
    assert Expression("'trail.name' == trail.arn", Trail, {}, {}).names == ["trail.arn", "trail.name"]
    assert "trail.name" in visible(Trail)
