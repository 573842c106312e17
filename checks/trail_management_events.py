"""trail-management-events."""

from dataclasses import dataclass

from trailwarden import Finding, Status, check, param, passed
from trailwarden.facts import READ, WRITE, Account, Trail
from trailwarden.judgements.traits import LOGGING, MULTI_REGION, judge_traits, records
from trailwarden.kleene import some


@dataclass(frozen=True)
class Params:
    coverage: str = param(
        "single_trail",
        "single_trail: one trail records all that is required; union: the logging multi-Region trails do so together.",
        choices=("single_trail", "union"),
    )
    require: tuple[str, ...] = param((READ, WRITE), "The kinds of management events.", choices=(READ, WRITE))


@check(Account, reads=[Account.trails, Trail.status, Trail.selectors])
def trail_management_events(account: Account, params: Params) -> Finding:
    """Read and write management events are recorded.

    Why: a trail of writes hides who looked around beforehand, and a trail of data events alone says nothing of the account itself.

    Fix: `aws cloudtrail put-event-selectors --trail-name TRAIL --region HOME --advanced-event-selectors
    '[{"Name":"management","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]'`, with the selectors that the trail
    already has, because the call replaces all of them. In Terraform an `aws_cloudtrail.event_selector` with `read_write_type = "All"` and
    `include_management_events = true`, or an `advanced_event_selector`.

    Error: the selectors of a trail with custom ones could not be read. Where DescribeTrails says that a trail has none, AWS's default
    records everything, and a member account needs no further permission.
    """
    if params.coverage == "union":
        return _together(account, _kinds(params))
    missing = f"no logging multi-Region trail records {_words(params)} management events"
    return some(account.trails, lambda trail: records_management(trail, params), missing)


@trail_management_events.on(Trail)
def records_management(trail: Trail, params: Params) -> Finding:
    """Judge one trail, by itself whatever ``coverage`` says."""
    traits = [MULTI_REGION, LOGGING, records(*_kinds(params))]
    return judge_traits(trail, traits, f"records {_words(params)} management events of every region")


def _kinds(params: Params) -> tuple[str, ...]:
    """Return what is required; an empty list would be met by no trail at all."""
    return params.require or (READ, WRITE)


def _words(params: Params) -> str:
    return " and ".join(_kinds(params))


def _together(account: Account, kinds: tuple[str, ...]) -> Finding:
    """Judge the trails as one: each kind must be recorded by a logging multi-Region trail."""
    recorders = {}
    for kind in kinds:
        found = _recorded(account, kind)
        if found.status is not Status.PASS:
            return found
        recorders[kind] = found.observed["satisfying"]
    words = " and ".join(kinds)
    return passed(f"the trails together record {words} management events of every region", {"recorded_by": recorders})


def _recorded(account: Account, kind: str) -> Finding:
    traits = [MULTI_REGION, LOGGING, records(kind)]
    missing = f"no logging multi-Region trail records {kind} management events"
    return some(account.trails, lambda trail: judge_traits(trail, traits), missing)
