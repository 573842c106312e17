"""Whether trails record all management events, however their selectors say it."""

from typing import Any

import pytest

from trailwarden.facts import Trail
from trailwarden.model import ReasonCode, Status
from trailwarden.testing import MANAGEMENT, World, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
EVENTS, EXCLUSIONS = "trail-management-events", "trail-management-no-exclusions"
KMS, RDS = "kms.amazonaws.com", "rdsdata.amazonaws.com"


def advanced(*fields: tuple[str, str, list[str]], name: str = "Management events selector") -> dict[str, Any]:
    """An advanced selector on management events with further fields (field, operator, values)."""
    rows = [("eventCategory", "Equals", ["Management"]), *fields]
    return {"Name": name, "FieldSelectors": [{"Field": field, operator: values} for field, operator, values in rows]}


def basic(kind: str = "All", *, excluded: tuple[str, ...] = (), management: bool | None = True) -> dict[str, Any]:
    selector = {"ReadWriteType": kind, "ExcludeManagementEventSources": list(excluded), "DataResources": []}
    return selector if management is None else {**selector, "IncludeManagementEvents": management}


READS = advanced(("readOnly", "Equals", ["true"]), name="reads")
WRITES = advanced(("readOnly", "Equals", ["false"]), name="writes")
DATA = {
    "Name": "Management events selector",
    "FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
    ],
}


def with_selectors(*selectors: dict[str, Any], name: str = "main", world: World | None = None, **row: Any) -> World:
    world = world or World()
    arn = world.add_trail(name, **row)
    kind = "advanced" if "FieldSelectors" in selectors[0] else "basic"
    world.selectors(arn, **{kind: selectors})
    return world


COMPLETE = {
    "basic": [basic()],
    "basic without the flag, which is on by default": [basic(management=None)],
    "basic pair": [basic("ReadOnly"), basic("WriteOnly")],
    "advanced": [advanced()],
    "advanced pair": [READS, WRITES],
    "custom name": [advanced(name="everything the auditors want")],
    "no name": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}],
    "not write is read": [advanced(("readOnly", "NotEquals", ["false"])), WRITES],
    "beside data events": [DATA, advanced()],
    "exclusions are another control's": [advanced(("eventSource", "NotEquals", [KMS, RDS]))],
    "basic exclusions too": [basic(excluded=(KMS, RDS))],
}
INCOMPLETE = {
    "basic reads": ([basic("ReadOnly")], ["read"]),
    "basic writes": ([basic("WriteOnly")], ["write"]),
    "basic without management": ([basic(management=False)], []),
    "advanced reads": ([READS], ["read"]),
    "advanced writes": ([WRITES], ["write"]),
    "data only, named as the console names management": ([DATA], []),
    "one source only": ([advanced(("eventSource", "Equals", ["iam.amazonaws.com"]))], []),
    "narrowed by name": ([advanced(("eventName", "StartsWith", ["Delete"]))], []),
    "narrowed by session": ([READS, advanced(("sessionCredentialFromConsole", "Equals", ["true"]))], ["read"]),
    "no source at all": ([advanced(("eventSource", "NotEndsWith", [".amazonaws.com"]))], []),
}


# --- trail-management-events ----------------------------------------------------------------------------------------


def test_default_selectors_record_everything_and_cost_no_call() -> None:
    world = World()
    arn = world.add_trail("main")
    [row] = run_check(EVENTS, world)
    assert (row.status, row.message) == (PASS, "trail main records read and write management events of every region")
    assert row.observed == {
        "satisfying": [arn],
        "IsMultiRegionTrail": True,
        "HomeRegion": "us-east-1",
        "IsLogging": True,
        "selectors": "default",
        "management_events": ["read", "write"],
    }
    assert "cloudtrail.GetEventSelectors" not in {call.name for call in world.calls}


@pytest.mark.parametrize("name", COMPLETE)
def test_complete_selectors_pass(name: str) -> None:
    assert status_of(EVENTS, with_selectors(*COMPLETE[name])) is PASS


@pytest.mark.parametrize("name", INCOMPLETE)
def test_incomplete_selectors_fail(name: str) -> None:
    selectors, kinds = INCOMPLETE[name]
    world = with_selectors(*selectors)
    [row] = run_check(EVENTS, world)
    assert (row.status, row.message) == (FAIL, "no logging multi-Region trail records read and write management events")
    missing = " or ".join(kind for kind in ("read", "write") if kind not in kinds)
    assert row.observed["candidates"][0]["message"] == f"trail main records no {missing} management events"
    [row] = run_check(EVENTS, world, subject=Trail)
    assert row.observed["management_events"] == kinds


def test_management_events_off_on_a_perfect_trail_fail() -> None:
    world = with_selectors(basic(management=False), key="k", log_group="g")
    assert status_of(EVENTS, world) is FAIL


@pytest.mark.parametrize(
    ("require", "status"), [(["write"], PASS), (["read"], FAIL), (["read", "write"], FAIL), ([], FAIL)]
)
@pytest.mark.parametrize("coverage", ["single_trail", "union"])
def test_which_kinds_are_required(require: list[str], status: Status, coverage: str) -> None:
    world = with_selectors(WRITES)
    assert status_of(EVENTS, world, {"require": require, "coverage": coverage}) is status


@pytest.mark.parametrize("row", [{"IsMultiRegionTrail": False}, {"status": {"IsLogging": False}}])
def test_only_a_logging_multi_region_trail_counts(row: dict[str, Any]) -> None:
    world = World()
    world.add_trail("main", **row)
    assert status_of(EVENTS, world) is FAIL
    assert status_of(EVENTS, world, {"coverage": "union"}) is FAIL


def split(second: dict[str, Any] | None = None, **row: Any) -> World:
    return with_selectors(second or WRITES, name="writes", world=with_selectors(READS, name="reads"), **row)


def test_two_trails_record_together_what_none_records_alone() -> None:
    world = split()
    assert status_of(EVENTS, world) is FAIL
    [row] = run_check(EVENTS, world, {"coverage": "union"})
    assert (row.status, row.message) == (
        PASS,
        "the trails together record read and write management events of every region",
    )
    reads, writes = (f"arn:aws:cloudtrail:us-east-1:111122223333:trail/{name}" for name in ("reads", "writes"))
    assert row.observed == {"recorded_by": {"read": [reads], "write": [writes]}}


@pytest.mark.parametrize("row", [{"IsMultiRegionTrail": False}, {"status": {"IsLogging": False}}])
def test_trails_of_different_reach_make_no_union(row: dict[str, Any]) -> None:
    [result] = run_check(EVENTS, split(**row), {"coverage": "union"})
    assert (result.status, result.message) == (FAIL, "no logging multi-Region trail records write management events")


def test_a_union_is_undecided_while_one_half_is_unreadable() -> None:
    world = split()
    world.deny("cloudtrail.GetEventSelectors", TrailName="arn:aws:cloudtrail:us-east-1:111122223333:trail/reads")
    [row] = run_check(EVENTS, world, {"coverage": "union"})
    assert reason_of(row).missing_action == "cloudtrail:GetEventSelectors"


@pytest.mark.parametrize("flag", [True, None])
def test_unreadable_selectors_are_an_error_unless_the_trail_has_none(flag: bool | None) -> None:
    world = World()
    world.add_trail("main", HasCustomEventSelectors=flag)
    world.deny("cloudtrail.GetEventSelectors")
    [row] = run_check(EVENTS, world)
    assert reason_of(row).operation == "cloudtrail.GetEventSelectors"


def test_a_member_account_is_judged_by_the_listing_alone() -> None:
    """A member may not read an organization trail's selectors; that it has none of its own is in the listing."""
    world = World()
    world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True)
    world.error("cloudtrail.GetEventSelectors", "CloudTrailARNInvalidException")
    assert status_of(EVENTS, world) is PASS
    world = World()
    world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True, HasCustomEventSelectors=True)
    world.error("cloudtrail.GetEventSelectors", "CloudTrailARNInvalidException")
    [row] = run_check(EVENTS, world)
    assert reason_of(row).code is ReasonCode.NOT_VISIBLE_FROM_MEMBER


@pytest.mark.parametrize("check", [EVENTS, EXCLUSIONS])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"EventSelectors": [], "AdvancedEventSelectors": []}, ReasonCode.UNEXPECTED),
        ({}, ReasonCode.UNEXPECTED),
        ({"EventSelectors": [{"ReadWriteType": "Some"}]}, ReasonCode.UNPARSEABLE),
        (
            {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Resembles": ["Management"]}]}]},
            ReasonCode.UNPARSEABLE,
        ),
    ],
)
def test_an_answer_that_says_nothing_is_an_error(check: str, answer: dict[str, Any], reason: ReasonCode) -> None:
    """An empty answer is no "records nothing", and an operator of tomorrow may narrow what is recorded."""
    world = World()
    world.add_trail("main", HasCustomEventSelectors=True)
    world.reply("cloudtrail.GetEventSelectors", answer)
    [row] = run_check(check, world)
    assert reason_of(row).code is reason


def test_a_trail_that_is_known_to_lack_something_needs_no_selectors() -> None:
    world = World()
    world.add_trail("main", HasCustomEventSelectors=True, IsMultiRegionTrail=False)
    world.deny("cloudtrail.GetEventSelectors")
    world.deny("cloudtrail.GetTrailStatus")
    assert status_of(EVENTS, world) is FAIL
    assert status_of(EXCLUSIONS, world) is NA


# --- trail-management-no-exclusions ---------------------------------------------------------------------------------

EXCLUDING = {
    "basic kms": ([basic(excluded=(KMS,))], [KMS]),
    "basic rdsdata": ([basic(excluded=(RDS,))], [RDS]),
    "basic both": ([basic(excluded=(KMS, RDS))], [KMS, RDS]),
    "advanced kms": ([advanced(("eventSource", "NotEquals", [KMS]))], [KMS]),
    "advanced both": ([advanced(("eventSource", "NotEquals", [KMS, RDS]))], [KMS, RDS]),
    "kms reads only": (
        [WRITES, advanced(("readOnly", "Equals", ["true"]), ("eventSource", "NotEquals", [KMS]))],
        [KMS],
    ),
    "an unusual source": ([advanced(("eventSource", "NotEquals", ["ec2.amazonaws.com"]))], ["ec2.amazonaws.com"]),
}
WHOLE = {
    "basic": [basic()],
    "advanced": [advanced()],
    "pair": [READS, WRITES],
    "what one excludes the other records": [
        advanced(("eventSource", "NotEquals", [KMS])),
        advanced(("eventSource", "NotEquals", [RDS])),
    ],
    "kms by a selector of its own": [
        advanced(("eventSource", "NotEquals", [KMS])),
        advanced(("eventSource", "Equals", [KMS])),
    ],
    "split by prefix": [
        advanced(("eventSource", "NotStartsWith", ["k"])),
        advanced(("eventSource", "StartsWith", ["k"])),
    ],
}


def test_a_trail_with_default_selectors_excludes_nothing() -> None:
    world = World()
    arn = world.add_trail("main")
    [row] = run_check(EXCLUSIONS, world)
    assert (row.status, row.message) == (PASS, "trail main records the management events of every source")
    assert row.observed == {"satisfying": [arn], "excluded_event_sources": []}
    assert row.expected == {"excluded_event_sources": []}


@pytest.mark.parametrize("name", WHOLE)
def test_selectors_that_leave_nothing_out_pass(name: str) -> None:
    assert status_of(EXCLUSIONS, with_selectors(*WHOLE[name])) is PASS


@pytest.mark.parametrize("name", EXCLUDING)
def test_excluded_sources_fail(name: str) -> None:
    selectors, sources = EXCLUDING[name]
    world = with_selectors(*selectors)
    [row] = run_check(EXCLUSIONS, world)
    assert (row.status, row.message) == (
        FAIL,
        "every trail that records management events leaves out some of their sources",
    )
    message = f"trail main records no management events of {', '.join(sources)}"
    assert row.observed["candidates"][0]["message"] == message
    [row] = run_check(EXCLUSIONS, world, subject=Trail)
    assert (row.status, row.observed, row.message) == (FAIL, {"excluded_event_sources": sources}, message)


def test_tolerated_sources_pass_and_are_shown() -> None:
    world = with_selectors(basic(excluded=(KMS, RDS)))
    assert status_of(EXCLUSIONS, world, {"allowed_exclusions": [RDS]}) is FAIL
    [row] = run_check(EXCLUSIONS, world, {"allowed_exclusions": [RDS, KMS]})
    assert row.status is PASS
    assert row.observed["excluded_event_sources"] == [KMS, RDS]
    assert row.expected == {"excluded_event_sources": [RDS, KMS]}


def test_one_trail_that_excludes_nothing_is_enough() -> None:
    world = with_selectors(basic(excluded=(KMS,)), name="cheap")
    with_selectors(basic(), name="complete", world=world)
    assert status_of(EXCLUSIONS, world) is PASS


@pytest.mark.parametrize(
    "other",
    [
        {"selectors": [WRITES]},
        {"selectors": [basic()], "IsMultiRegionTrail": False},
        {"selectors": [basic()], "status": {"IsLogging": False}},
    ],
)
def test_a_trail_that_does_not_count_makes_up_for_nothing(other: dict[str, Any]) -> None:
    """An incomplete, stopped or single-region trail beside one that excludes KMS does not make the exclusion good."""
    other = dict(other)
    world = with_selectors(basic(excluded=(KMS,)), name="cheap")
    with_selectors(*other.pop("selectors"), name="other", world=world, **other)
    assert status_of(EXCLUSIONS, world) is FAIL


def test_without_management_events_there_is_nothing_to_exclude() -> None:
    [row] = run_check(EXCLUSIONS, with_selectors(DATA))
    assert (row.status, row.message) == (
        NA,
        "no trail records all management events, which trail-management-events judges",
    )
    [row] = run_check(EXCLUSIONS, with_selectors(DATA), subject=Trail)
    assert (row.status, row.message) == (NA, "trail main records no management events")
    assert status_of(EXCLUSIONS, World()) is NA
    assert status_of(EXCLUSIONS, with_selectors(WRITES)) is NA


def test_of_a_split_pair_the_union_is_judged() -> None:
    """Where two trails record everything together, what both leave out is lost."""
    assert status_of(EXCLUSIONS, split()) is PASS
    lossy = advanced(("readOnly", "Equals", ["false"]), ("eventSource", "NotEquals", [KMS]))
    [row] = run_check(EXCLUSIONS, split(lossy))
    assert (row.status, row.message) == (
        FAIL,
        f"the trails reads, writes together records no management events of {KMS}",
    )
    assert status_of(EXCLUSIONS, split(lossy), {"allowed_exclusions": [KMS]}) is PASS
    assert status_of(EXCLUSIONS, split(status={"IsLogging": False})) is NA


def test_a_trail_of_writes_is_judged_by_its_writes() -> None:
    selector = advanced(("readOnly", "Equals", ["false"]), ("eventSource", "NotEquals", [KMS]))
    assert status_of(EXCLUSIONS, with_selectors(selector), subject=Trail) is FAIL
    assert status_of(EXCLUSIONS, with_selectors(WRITES), subject=Trail) is PASS


def test_unreadable_selectors_are_an_error_unless_another_trail_is_whole() -> None:
    world = World()
    arn = world.add_trail("main", HasCustomEventSelectors=True)
    world.deny("cloudtrail.GetEventSelectors", TrailName=arn)
    assert status_of(EXCLUSIONS, world) is ERROR
    with_selectors(basic(excluded=(KMS,)), name="cheap", world=world)
    assert status_of(EXCLUSIONS, world) is ERROR
    world.add_trail("whole")
    assert status_of(EXCLUSIONS, world) is PASS


def test_a_region_nobody_could_list_may_hold_a_whole_trail() -> None:
    world = with_selectors(basic(excluded=(KMS,)))
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert status_of(EXCLUSIONS, world) is ERROR
