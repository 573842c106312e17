"""alert-log-delivery-heartbeat."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, not_applicable, param, passed
from trailwarden.facts import LogGroup, MetricAlarm, Topic
from trailwarden.judgements.alarming import is_heard
from trailwarden.judgements.ways import Way, decided, furthest, holds, in_turn, missing

_BREACHING = "breaching"


@dataclass(frozen=True)
class Params:
    alternative_accepted: tuple[str, ...] = param(
        (),
        "What notices silence in its place; naming it here attests that it works.",
        choices=("siem", "scheduled_trailwarden"),
    )


@check(LogGroup, reads=(LogGroup.alarms, LogGroup.metric_filters, LogGroup.muted, Topic.subscriptions))
def alert_log_delivery_heartbeat(group: LogGroup, params: Params) -> Finding:
    """An alarm fires when log delivery goes silent.

    Why: when the trail stops, or its role breaks, no event arrives that an alarm could count. Only the silence itself can be alarmed on.

    Fix: `aws cloudwatch put-metric-alarm --alarm-name trail-silent --namespace AWS/Logs --metric-name IncomingLogEvents --dimensions
    Name=LogGroupName,Value=LOG_GROUP --statistic Sum --period 3600 --evaluation-periods 1 --threshold 1 --comparison-operator
    LessThanThreshold --treat-missing-data breaching --alarm-actions TOPIC_ARN`; in Terraform `aws_cloudwatch_metric_alarm` with
    `treat_missing_data = "breaching"`. Silence is missing data: an alarm that treats it as anything else never fires.

    Error: alarms, mute rules or a topic's subscriptions could not be read, or the log group is in another account.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
    """
    none = missing(f"no alarm watches how much arrives in log group {group.name}")
    heartbeats = [alarm for alarm in group.alarms.metric if alarm.is_heartbeat_of(group.name)]
    way = decided(furthest(heartbeats, lambda alarm: _works(group, alarm), none))
    observed = {
        "alarms": [
            {
                "AlarmName": alarm.name,
                "ComparisonOperator": alarm.operator,
                "Threshold": alarm.threshold,
                "TreatMissingData": alarm.missing_data,
            }
            for alarm in heartbeats
        ]
    }
    expected = {"Namespace": "AWS/Logs", "LogGroupName": group.name, "TreatMissingData": _BREACHING}
    if way.works:
        text = f"alarm {way.observed['alarm']} fires when nothing arrives in log group {group.name}"
        return passed(text, observed, expected, *way.notes)
    if params.alternative_accepted:
        named = " and ".join(params.alternative_accepted)
        return not_applicable(f"the policy attests {named} in its place; {way.text}", observed)
    return failed(way.text, observed, expected)


def _works(group: LogGroup, alarm: MetricAlarm) -> Way:
    return in_turn(lambda: _notices(alarm), lambda: is_heard(group.account, group, alarm))


def _notices(alarm: MetricAlarm) -> Way:
    """Return whether silence, and a metric of nothing, bring the alarm into ALARM."""
    least = alarm.threshold or 0.0
    below = {"LessThanThreshold": least > 0, "LessThanOrEqualToThreshold": least >= 0}
    if alarm.is_band or not below.get(alarm.operator, False):
        return missing(f"alarm {alarm.name} does not fire when nothing arrives", 1)
    if alarm.missing_data != _BREACHING:
        return missing(
            f"alarm {alarm.name} treats missing data as {alarm.missing_data}, so silence does not set it off", 2
        )
    return holds(alarm=alarm.name)
