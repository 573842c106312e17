"""Facts: built once, traced, declared, and never an absence when they could not be read."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from trailwarden.errors import PluginError, UndeclaredReadError, Unreadable
from trailwarden.facts import Account, LogBucket, Population, Trail, base
from trailwarden.facts.base import Subject, Trace, all_facts, by_name, closure, fact, tracing
from trailwarden.facts.operations import READS
from trailwarden.model import ReasonCode
from trailwarden.testing import World


def test_a_fact_is_built_once_under_threads():
    world = World()
    world.add_trail()
    account = world.account()
    with ThreadPoolExecutor(8) as pool:
        assert {len(population) for population in pool.map(lambda _: account.trails, range(8))} == {1}
    names = [call.name for call in world.calls]
    assert names.count("ec2.DescribeRegions") == 1
    assert names.count("cloudtrail.DescribeTrails") == len(world.regions)


def test_an_unreadable_fact_raises_every_time_and_asks_once():
    world = World()
    arn = world.add_trail()
    world.deny("cloudtrail.GetTrailStatus", Name=arn)
    [trail] = world.account().trails
    for _ in range(3):
        with pytest.raises(Unreadable) as caught:
            _ = trail.status
        assert caught.value.reason.code is ReasonCode.ACCESS_DENIED
        assert caught.value.reason.missing_action == "cloudtrail:GetTrailStatus"
    assert [call.name for call in world.calls].count("cloudtrail.GetTrailStatus") == 1


def test_a_trace_holds_the_calls_behind_a_fact_also_when_it_was_built_before():
    world = World()
    world.add_trail()
    [trail] = world.account().trails
    first, second = Trace(), Trace()
    for trace in (first, second):
        with tracing(trace):
            assert trail.status.is_logging
    assert first.calls == second.calls
    by_id = {call.id: call for call in world.calls}
    assert [by_id[call].name for call in first.calls] == ["cloudtrail.GetTrailStatus"]


def test_touching_an_undeclared_fact_is_a_defect_not_a_verdict():
    world = World()
    world.add_trail()
    [trail] = world.account().trails
    with (
        tracing(Trace(allowed=frozenset(), who="check x")),
        pytest.raises(UndeclaredReadError, match=r"check x reads Trail\.status"),
    ):
        _ = trail.status


def test_a_fact_may_build_only_on_what_it_declares(monkeypatch):
    # Facts register themselves by name; this one must not be there for the tests that come after.
    monkeypatch.setattr(base, "_BY_NAME", dict(base._BY_NAME))

    class Sneaky(Subject):
        kind = "sneaky"

        @fact("sts.GetCallerIdentity")
        def hidden(self) -> int:
            return 1

        @fact()
        def greedy(self) -> int:
            return self.hidden

    subject = Sneaky(id="x", name="x", account_id="1", region="r")
    with pytest.raises(UndeclaredReadError, match=r"greedy reads .*hidden"):
        _ = subject.greedy


def test_a_fact_with_an_operation_that_is_not_a_listed_read_is_refused():
    with pytest.raises(PluginError, match=r"s3\.PutBucketPolicy is not on the list of reads"):
        fact("s3.PutBucketPolicy")(lambda subject: None)


def test_an_unknown_needed_fact_is_named():
    with pytest.raises(PluginError, match=r"no fact Trail\.nothing"):
        by_name("Trail.nothing")


def test_the_closure_puts_what_is_needed_first():
    names = [item.qualified for item in closure([LogBucket.acl, Trail.status, Account.buckets])]
    assert names.index("LogBucket.location") < names.index("LogBucket.acl")
    assert names.index("Account.region_list") < names.index("Account.listings") < names.index("Account.trails")
    assert len(names) == len(set(names))


def test_every_listed_read_is_used_by_a_fact_or_by_the_session_or_to_list_accounts():
    used = {operation for item in all_facts() for operation in item.operations}
    listing = {
        f"organizations.List{what}"
        for what in ("Accounts", "AccountsForParent", "OrganizationalUnitsForParent", "Roots")
    }
    assert used | {"sts.GetCallerIdentity"} | listing == set(READS)


def test_a_population_knows_what_it_did_not_see():
    population = Population([1, 2], source="x", excluded=[("3", "why")])
    assert list(population) == [1, 2]
    assert population[0] == 1
    assert population[:1] == (1,)
    assert not population.gaps
