"""alert-tampering-eventbridge."""

from dataclasses import dataclass

from trailwarden import Finding, Status, check, failed, not_applicable, param, passed
from trailwarden.facts import Account, LogBucket, Topic, Trail
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert
from trailwarden.judgements.tampering import Emission, emissions, is_noticed
from trailwarden.judgements.ways import decided
from trailwarden.kleene import known, together


@dataclass(frozen=True)
class Params:
    require: bool = param(False, "Whether EventBridge rules are asked for at all.")
    required_events: tuple[str, ...] = param(
        (
            "StopLogging",
            "DeleteTrail",
            "UpdateTrail",
            "PutEventSelectors",
            "DeleteBucketPolicy",
            "PutBucketLifecycle",
            "PutBucketVersioning",
            "DeleteBucketPublicAccessBlock",
            "PutBucketObjectLockConfiguration",
            "ScheduleKeyDeletion",
            "DisableKey",
        ),
        "The calls that must be noticed: names, or SOURCE:NAME such as iam.amazonaws.com:DeleteRole.",
    )
    cross_account_targets: bool = param(
        True, "Whether a target of another account that can't be looked at is taken on trust, with a note."
    )
    accept_metric_filter: bool = param(
        False, "Whether alert-cloudtrail-changes, asked for these events as well, is accepted in place of rules."
    )


@check(
    Account,
    reads_if=(
        (lambda params: params.require, (Account.event_rules, Account.trails, LogBucket.location, Topic.subscriptions)),
        (lambda params: params.require, (Account.keys, Account.buckets, Trail.status, Trail.selectors)),
        (lambda params: params.require and params.accept_metric_filter, ALERT_READS),
    ),
)
def alert_tampering_eventbridge(account: Account, params: Params) -> Finding:
    """EventBridge rules alert on audit tampering.

    Why: rules need no log group, act within seconds, and can name calls that the usual metric filters forget: event selectors, object locks,
    versioning, Block Public Access.

    Fix: in the home Region of the trail, the Region of the bucket and that of the key, `aws events put-rule --name audit-tampering --event-pattern
    '{"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["StopLogging","DeleteTrail"]}}'` with all the names, then
    `aws events put-targets --rule audit-tampering --targets Id=1,Arn=TOPIC_ARN` with a topic that has a confirmed subscriber and lets
    events.amazonaws.com publish. In Terraform `aws_cloudwatch_event_rule` and `aws_cloudwatch_event_target`.

    Error: rules, targets or subscriptions could not be read, a pattern is not understood, or a log bucket is in an account that is not judged
    in this run.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    """
    if not params.require:
        return not_applicable("EventBridge rules are not required")
    by_filter = known(lambda: _by_metric_filter(account, params)) if params.accept_metric_filter else None
    if by_filter is not None and by_filter.status is Status.PASS:
        return not_applicable(f"a metric filter does it: {by_filter.message}", by_filter.observed)
    if not account.trails and not account.trails.gaps:
        text = f"account {account.account_id} has no trail, so EventBridge hears of no call"
        return failed(text, {"trails": 0}, {"required_events": list(params.required_events)})
    asked = emissions(account, params.required_events)
    if not asked:
        return not_applicable("no call to be noticed is recorded in this account")
    findings = together(*[lambda item=item: _judge(account, item, params) for item in asked])
    expected = {"required_events": list(params.required_events)}
    faults = list(dict.fromkeys(item.message for item in findings if item.status is Status.FAIL))
    if faults and params.accept_metric_filter:
        _by_metric_filter(account, params)  # what it could not say before, it says now
    if faults:
        return failed("; ".join(faults), {"unnoticed": faults}, expected)
    notes = list(dict.fromkeys(note for item in findings for note in item.notes))
    places = sorted({item.region for item in asked})
    return passed("rules notice every call that tampers with the trail", {"regions": places}, expected, *notes)


def _judge(account: Account, emission: Emission, params: Params) -> Finding:
    way = decided(is_noticed(account, emission, cross_account=params.cross_account_targets))
    if way.works:
        return passed("", None, None, *way.notes)
    return failed(f"{emission.probe.event} in {emission.region}: {way.text}")


def _by_metric_filter(account: Account, params: Params) -> Finding:
    """Judge the alarm on changes of the trail, asked to see all these events; raises Unreadable when that can't be told."""
    return judge_alert(account, "alert-cloudtrail-changes", AlertParams(extra_events=params.required_events))
