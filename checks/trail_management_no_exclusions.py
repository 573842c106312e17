"""trail-management-no-exclusions."""

from dataclasses import dataclass

from trailwarden import Finding, Status, check, failed, not_applicable, param, passed
from trailwarden.facts import READ, WRITE, Account, EventSelectors, Trail, excluded_sources
from trailwarden.judgements.traits import COMPLETE, LOGGING, MULTI_REGION, judge_traits
from trailwarden.kleene import some


@dataclass(frozen=True)
class Params:
    allowed_exclusions: tuple[str, ...] = param(
        (), "Event sources that a trail may leave out, such as rdsdata.amazonaws.com."
    )


@check(Account, reads=[Account.trails, Trail.status, Trail.selectors])
def trail_management_no_exclusions(account: Account, params: Params) -> Finding:
    """No management event source is excluded (KMS, RDS Data API).

    Why: a trail without kms.amazonaws.com keeps no record of keys being disabled or deleted, nor of anyone decrypting the logs.

    Fix: `aws cloudtrail put-event-selectors --trail-name TRAIL --region HOME --event-selectors
    '[{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":[]}]'`, with the data resources that the trail
    already has; in an advanced selector remove the field `eventSource`. In Terraform
    `aws_cloudtrail.event_selector.exclude_management_event_sources = []`.

    Error: the selectors of a trail that may count could not be read, and no other trail is known to record every source.
    """
    found = some(
        account.trails,
        lambda trail: _judge_complete(trail, params),
        "every trail that records management events leaves out some of their sources",
        idle="no trail records all management events, which trail-management-events judges",
    )
    return _judge_union(account, params) or found if found.status is Status.NOT_APPLICABLE else found


@trail_management_no_exclusions.on(Trail)
def excludes_nothing(trail: Trail, params: Params) -> Finding:
    """Judge one trail by the management events that it records."""
    if not trail.selectors.management_kinds():
        return not_applicable(f"trail {trail.name} records no management events", {"selectors": trail.selectors.kind})
    return _judge_sources(f"trail {trail.name}", [trail.selectors], params)


def _judge_complete(trail: Trail, params: Params) -> Finding:
    """Judge a trail that passes trail-management-events; others prove nothing."""
    complete = judge_traits(trail, COMPLETE)
    if complete.status is not Status.PASS:
        return not_applicable(complete.message, complete.observed)
    return excludes_nothing(trail, params)


def _judge_union(account: Account, params: Params) -> Finding | None:
    """Judge the logging multi-Region trails as one where only together they record everything, else return None."""
    split = [trail for trail in account.trails if judge_traits(trail, [MULTI_REGION, LOGGING]).status is Status.PASS]
    kinds = {kind for trail in split for kind in trail.selectors.management_kinds()}
    if kinds != {READ, WRITE}:
        return None
    names = ", ".join(trail.name for trail in split)
    return _judge_sources(f"the trails {names} together", [trail.selectors for trail in split], params)


def _judge_sources(who: str, selectors: list[EventSelectors], params: Params) -> Finding:
    excluded = excluded_sources(selectors)
    wrong = [source for source in excluded if source not in params.allowed_exclusions]
    observed = {"excluded_event_sources": list(excluded)}
    expected = {"excluded_event_sources": list(params.allowed_exclusions)}
    if wrong:
        return failed(f"{who} records no management events of {', '.join(wrong)}", observed, expected)
    return passed(f"{who} records the management events of every source", observed, expected)
