"""Whether a trail's log group is there, carries metric filters and keeps its events."""

from typing import Any

import pytest

from trailwarden.model import ReasonCode, Status
from trailwarden.plan import allowed_facts
from trailwarden.registry import get_check
from trailwarden.testing import ACCOUNT, MANAGEMENT, World, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
USABLE, RETENTION = "loggroup-usable", "loggroup-retention"


def with_group(**row: Any) -> World:
    world = World()
    world.add_trail("main", log_group="events")
    world.add_log_group("events", **row)
    return world


def rows_in(world: World, *names: str) -> World:
    """Let the listing by prefix answer these log groups."""
    world.reply("logs.DescribeLogGroups", {"logGroups": [{"logGroupName": name} for name in names]})
    return world


# --- loggroup-usable ------------------------------------------------------------------------------------------------


def test_a_standard_group_passes() -> None:
    [row] = run_check(USABLE, with_group())
    assert (row.status, row.message) == (PASS, "log group events exists and takes metric filters")
    assert row.subject == f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:events"
    assert row.observed == row.expected == {"logGroupName": "events", "logGroupClass": "STANDARD"}


@pytest.mark.parametrize("log_class", ["INFREQUENT_ACCESS", "DELIVERY", "SOMETHING_NEW"])
def test_other_classes_take_no_metric_filters(log_class: str) -> None:
    [row] = run_check(USABLE, with_group(logGroupClass=log_class))
    assert (row.status, row.message) == (
        FAIL,
        f"log group events is of class {log_class}, which takes no metric filters",
    )
    assert row.observed["logGroupClass"] == log_class


def test_a_group_without_a_class_is_a_standard_one() -> None:
    [row] = run_check(USABLE, rows_in(with_group(), "events"))
    assert (row.status, row.observed["logGroupClass"]) == (PASS, None)


@pytest.mark.parametrize("names", [[], ["events-old", "events2"], ["Events"]])
def test_a_neighbour_is_not_the_group(names: list[str]) -> None:
    """The listing is by prefix; only the very name counts."""
    [row] = run_check(USABLE, rows_in(with_group(), *names))
    assert (row.status, row.message) == (FAIL, "log group events does not exist in us-east-1")
    assert row.observed == {"logGroupName": None}
    assert status_of(USABLE, rows_in(with_group(), *names, "events")) is PASS


@pytest.mark.parametrize("check", [USABLE, RETENTION])
def test_without_integration_there_is_nothing_to_judge(check: str) -> None:
    world = World()
    world.add_trail("main")
    assert status_of(check, world) is NA


@pytest.mark.parametrize("check", [USABLE, RETENTION])
@pytest.mark.parametrize(
    ("code", "reason"),
    [("AccessDeniedException", ReasonCode.ACCESS_DENIED), ("ThrottlingException", ReasonCode.THROTTLED)],
)
def test_an_unreadable_group_is_an_error(check: str, code: str, reason: ReasonCode) -> None:
    world = with_group()
    world.error("logs.DescribeLogGroups", code)
    [row] = run_check(check, world)
    assert reason_of(row).code is reason


def of_another_account() -> World:
    """A member that sees its organization's trail; the log group is in the trail owner's account."""
    world = World()
    world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True, log_group="events")
    return world


@pytest.mark.parametrize("check", [USABLE, RETENTION])
def test_another_accounts_group_is_out_of_reach(check: str) -> None:
    world = of_another_account()
    world.reply("logs.DescribeLogGroups", {"logGroups": []}, account=ACCOUNT)
    [row] = run_check(check, world)
    assert reason_of(row).code is ReasonCode.CROSS_ACCOUNT
    world.deny("logs.DescribeLogGroups", account=ACCOUNT)
    [row] = run_check(check, world)
    assert reason_of(row).code is ReasonCode.CROSS_ACCOUNT
    assert status_of(check, world, peers=[MANAGEMENT]) is PASS


def test_a_group_of_the_same_name_here_is_not_the_trails() -> None:
    """A member may have a log group of that name itself; it says nothing about the trail's."""
    world = of_another_account()
    world.add_log_group("events")
    [row] = run_check(USABLE, world)
    assert reason_of(row).code is ReasonCode.CROSS_ACCOUNT


# --- loggroup-retention ---------------------------------------------------------------------------------------------


def test_absent_retention_means_for_ever() -> None:
    [row] = run_check(RETENTION, with_group())
    assert (row.status, row.message) == (PASS, "log group events keeps events for ever")
    assert row.observed == {"retentionInDays": None}
    assert row.expected == {"retentionInDays": "absent, or at least 365"}


@pytest.mark.parametrize(
    ("days", "params", "status", "message"),
    [
        (365, {}, PASS, "log group events keeps events for 365 days"),
        (364, {}, FAIL, "log group events keeps events for 364 days only"),
        (30, {"min_retention_days": 30}, PASS, "log group events keeps events for 30 days"),
        (400, {"min_retention_days": 731}, FAIL, "log group events keeps events for 400 days only"),
    ],
)
def test_how_long_events_are_kept(days: int, params: dict[str, Any], status: Status, message: str) -> None:
    [row] = run_check(RETENTION, with_group(retentionInDays=days), params)
    assert (row.status, row.message, row.observed) == (status, message, {"retentionInDays": days})


def test_an_archive_elsewhere_makes_it_not_applicable_and_unread() -> None:
    world = with_group(retentionInDays=1)
    world.deny("logs.DescribeLogGroups")
    [row] = run_check(RETENTION, world, {"archive_elsewhere": True})
    assert row.status is NA
    assert row.message == "log group events: the policy says that events are archived elsewhere"
    check = get_check(RETENTION)
    names = {item.qualified for item in allowed_facts(check, check.params_type(archive_elsewhere=True))}
    assert "LogGroup.description" not in names


def test_the_retention_of_a_group_that_is_gone_is_not_known() -> None:
    [row] = run_check(RETENTION, rows_in(with_group()))
    assert reason_of(row).code is ReasonCode.NOT_FOUND
    assert reason_of(row).operation == "logs.DescribeLogGroups"
    assert reason_of(row).aws_message == "log group events does not exist"
