"""alert-alarm-actions-enabled."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import Alarm, CompositeAlarm, LogGroup, MetricAlarm
from trailwarden.judgements.alarming import above, has_action, sets_off
from trailwarden.judgements.ways import Way, decided, furthest, in_turn, missing


@dataclass(frozen=True)
class Params:
    require_mute_check: bool = param(
        False, "Whether it is an error when mute rules can't be asked about, because an endpoint does not know them."
    )


@check(Alarm, reads=(LogGroup.alarms, LogGroup.muted))
def alert_alarm_actions_enabled(alarm: Alarm, params: Params) -> Finding:
    """Alarms on trail metrics have enabled ALARM actions and are not muted.

    Why: one switch, or one mute rule that somebody forgot, silences an alarm that looks healthy in every console.

    Fix: `aws cloudwatch enable-alarm-actions --alarm-names NAME`, and `aws cloudwatch put-metric-alarm ... --alarm-actions TOPIC_ARN` where there
    are none; `aws cloudwatch delete-alarm-mute-rule` for a rule that is no longer wanted. Actions for OK or missing data don't count. In
    Terraform `aws_cloudwatch_metric_alarm.actions_enabled` and `alarm_actions`.

    Error: alarms or mute rules could not be read, or the rule of a composite alarm is not understood.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
    """
    group, settings = alarm.group, alarm.settings

    def acts(acting: MetricAlarm | CompositeAlarm) -> Way:
        return in_turn(
            lambda: sets_off(group, settings, acting),
            lambda: has_action(group, acting, know_mutes=params.require_mute_check),
        )

    acting: list[MetricAlarm | CompositeAlarm] = [settings, *above(group, settings)]
    way = decided(furthest(acting, acts, missing(f"alarm {alarm.name} has no action")))
    observed = {
        "ActionsEnabled": settings.actions_enabled,
        "AlarmActions": list(settings.actions),
        "StateValue": settings.state,
    }
    expected = {"ActionsEnabled": True, "AlarmActions": "set", "muted": False}
    if way.works:
        return passed(
            f"alarm {way.observed['alarm']} acts when alarm {alarm.name} fires", observed, expected, *way.notes
        )
    return failed(way.text, observed, expected)
