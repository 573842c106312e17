"""Coverage of a region: which trails are asked, in which order, and when asking stops."""

from typing import Any

import pytest

from trailwarden.errors import Unreadable
from trailwarden.facts import Region
from trailwarden.model import ReasonCode
from trailwarden.testing import World


def region_of(world: World, name: str = "eu-west-1") -> Region:
    [region] = [region for region in world.account().regions if region.name == name]
    return region


def asked(world: World) -> list[str]:
    return [
        call.arguments["Name"].rpartition("/")[2] for call in world.calls if call.name == "cloudtrail.GetTrailStatus"
    ]


def account(**trails: dict[str, Any]) -> World:
    world = World()
    for name, row in trails.items():
        world.add_trail(name, home="eu-west-1", **row)
    return world


def test_the_likeliest_trail_is_asked_first_and_settles_it() -> None:
    world = account(a={"IsMultiRegionTrail": False}, b={}, c={})
    coverage = region_of(world).coverage
    assert coverage.logging.endswith("/b")
    assert [arn.rpartition("/")[2] for arn in coverage.listed] == ["a", "b", "c"]
    assert (coverage.not_logging, coverage.unreadable) == ((), ())
    assert asked(world) == ["b"]


def test_asking_goes_on_until_one_is_logging() -> None:
    stopped = {"IsLogging": False}
    world = account(a={"status": stopped}, b={}, c={"status": stopped}, d={"IsMultiRegionTrail": False})
    world.deny("cloudtrail.GetTrailStatus", Name="arn:aws:cloudtrail:eu-west-1:111122223333:trail/b")
    coverage = region_of(world).coverage
    assert asked(world) == ["a", "b", "c", "d"]
    assert coverage.logging.endswith("/d")
    assert [arn.rpartition("/")[2] for arn in coverage.not_logging] == ["a", "c"]
    assert [reason.code for reason in coverage.unreadable] == [ReasonCode.ACCESS_DENIED]
    assert coverage.is_logging()


def test_nothing_listed_asks_nothing() -> None:
    world = World()
    coverage = region_of(world).coverage
    assert (coverage.listed, coverage.logging, coverage.is_logging()) == ((), "", False)
    assert asked(world) == []


def test_every_call_goes_to_the_region_itself() -> None:
    world = account(a={})
    assert region_of(world).coverage.is_logging()
    calls = [(call.name, call.region) for call in world.calls]
    assert calls == [
        ("ec2.DescribeRegions", "us-east-1"),
        ("cloudtrail.DescribeTrails", "eu-west-1"),
        ("cloudtrail.GetTrailStatus", "eu-west-1"),
    ]


@pytest.mark.parametrize(
    ("body", "code"), [({}, ReasonCode.UNEXPECTED), ({"trailList": []}, None)]
)  # fmt: skip
def test_an_answer_without_a_list_is_no_empty_list(body: dict[str, Any], code: ReasonCode | None) -> None:
    world = World()
    world.reply("cloudtrail.DescribeTrails", body)
    if code is None:
        assert region_of(world).coverage.listed == ()
        return
    with pytest.raises(Unreadable) as caught:
        _ = region_of(world).coverage
    assert caught.value.reason.code is code


@pytest.mark.parametrize(("partition", "where"), [("aws", "us-east-1"), ("aws-cn", "cn-north-1")])
def test_the_event_history_is_asked_where_global_events_are(partition: str, where: str) -> None:
    world = World(regions=[where], opted_in=["xx-new-1"], partition=partition)
    world.reply("cloudtrail.LookupEvents", {"Events": []})
    region = region_of(world, "xx-new-1")
    assert region.opted_in
    assert region.enabled_at is None
    [call] = [call for call in world.calls if call.name == "cloudtrail.LookupEvents"]
    attribute = {"AttributeKey": "EventName", "AttributeValue": "EnableRegion"}
    assert (call.region, call.arguments) == (where, {"LookupAttributes": [attribute]})
