"""trail-data-events-required-types."""

from collections.abc import Mapping
from dataclasses import dataclass

from trailwarden import Finding, Status, check, failed, not_applicable, param, passed
from trailwarden.facts import READ, WRITE, Account, Trail, root_of
from trailwarden.judgements.data_events import records_data
from trailwarden.judgements.traits import LOGGING, MULTI_REGION, judge_traits
from trailwarden.kleene import some, together

KINDS: Mapping[str, tuple[str, ...]] = {"read": (READ,), "write": (WRITE,), "all": (READ, WRITE)}


@dataclass(frozen=True)
class RequiredType:
    type: str = param("", "The resources.type, such as AWS::DynamoDB::Table.")
    access: str = param("all", "Which of its events.", choices=tuple(KINDS))
    scope: str = param(
        "multi_region",
        "Whether the trail must be multi-Region, or any logging one will do.",
        choices=("multi_region", "home"),
    )


@dataclass(frozen=True)
class Params:
    resource_types: tuple[RequiredType, ...] = param((), "What must be recorded.")


@check(
    Account,
    reads_if=[(lambda params: bool(params.resource_types), [Account.trails, Trail.status, Trail.selectors])],
)
def trail_data_events_required_types(account: Account, params: Params) -> Finding:
    """Data events are recorded for every required resource type.

    Why: what matters most happens to data, and which data that is differs by organization: tables, models, queues, clusters.

    Fix: `aws cloudtrail put-event-selectors --trail-name TRAIL --region HOME --advanced-event-selectors` with the selectors that the trail
    already has and, for each type, one on `eventCategory` `Data` and `resources.type`. In Terraform an
    `aws_cloudtrail.advanced_event_selector` for each. Basic selectors know S3 objects, Lambda functions and DynamoDB tables only.

    Error: the selectors of a trail with custom ones could not be read, and no other trail is known to record these events.
    """
    if not params.resource_types:
        return not_applicable("the policy names no resource type")
    findings = together(*(lambda item=item: _recorded(account, item) for item in params.resource_types))
    return _sum(findings)


@trail_data_events_required_types.on(Trail)
def records_required_types(trail: Trail, params: Params) -> Finding:
    """Judge one trail."""
    if not params.resource_types:
        return not_applicable("the policy names no resource type")
    return _sum(together(*(lambda item=item: _judge(trail, item) for item in params.resource_types)))


def _recorded(account: Account, item: RequiredType) -> Finding:
    missing = f"no trail records every {_words(item)} event of {item.type}"
    return some(account.trails, lambda trail: _judge(trail, item), missing)


def _judge(trail: Trail, item: RequiredType) -> Finding:
    everything = records_data(item.type, KINDS[item.access], [root_of(item.type, trail.account.partition)])
    reach = [MULTI_REGION] if item.scope == "multi_region" else []
    return judge_traits(trail, [*reach, LOGGING, everything], f"records every {_words(item)} event of {item.type}")


def _words(item: RequiredType) -> str:
    return " and ".join(KINDS[item.access])


def _sum(findings: list[Finding]) -> Finding:
    """Make one finding of one for each type; those that failed speak for it."""
    failing = [item for item in findings if item.status is Status.FAIL]
    observed = {"types": [{"status": item.status.value, "message": item.message} for item in findings]}
    if failing:
        return failed("; ".join(item.message for item in failing), observed)
    return passed("; ".join(item.message for item in findings), observed)
