"""trail-data-events-lambda."""

from dataclasses import dataclass

from trailwarden import Finding, Status, check, not_applicable, param
from trailwarden.facts import WRITE, Account, Trail, root_of
from trailwarden.judgements.data_events import records_data
from trailwarden.judgements.traits import LOGGING, MULTI_REGION, judge_traits
from trailwarden.kleene import some

FUNCTION = "AWS::Lambda::Function"


@dataclass(frozen=True)
class Params:
    require: bool = param(False, "Whether invocations must be recorded at all.")
    na_without_functions: bool = param(True, "Whether an account without any function is left out.")


@check(
    Account,
    reads_if=[
        (lambda params: params.require, [Account.trails, Trail.status, Trail.selectors]),
        (lambda params: params.require and params.na_without_functions, [Account.has_functions]),
    ],
)
def trail_data_events_lambda(account: Account, params: Params) -> Finding:
    """Lambda Invoke events are recorded for all functions.

    Why: that a function ran, and on whose behalf, is a data event; a trail with default selectors does not have it.

    Fix: `aws cloudtrail put-event-selectors --trail-name TRAIL --region HOME --advanced-event-selectors` with the selectors that the trail
    already has and one more on `eventCategory` `Data` and `resources.type` `AWS::Lambda::Function`. In Terraform
    `aws_cloudtrail.event_selector.data_resource` with the value `arn:aws:lambda`, or an `advanced_event_selector`.

    Error: the selectors of a trail with custom ones could not be read, and no other trail is known to record these events.
    """
    if not params.require:
        return _not_required()
    found = some(account.trails, _records, "no logging multi-Region trail records every invocation of Lambda functions")
    if found.status is Status.FAIL and params.na_without_functions and not account.has_functions:
        return not_applicable(f"account {account.account_id} has no Lambda function", {"Functions": []})
    return found


@trail_data_events_lambda.on(Trail)
def records_every_invocation(trail: Trail, params: Params) -> Finding:
    """Judge one trail."""
    return _records(trail) if params.require else _not_required()


def _not_required() -> Finding:
    return not_applicable("the policy does not require Lambda invocations to be recorded")


def _records(trail: Trail) -> Finding:
    # Invoke is a write to CloudTrail, whatever the function does.
    everything = records_data(FUNCTION, [WRITE], [root_of(FUNCTION, trail.account.partition)])
    return judge_traits(trail, [MULTI_REGION, LOGGING, everything], "records every invocation of Lambda functions")
