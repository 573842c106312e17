"""alert-cmk-disable-or-delete."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_cmk_disable_or_delete(account: Account, params: AlertParams) -> Finding:
    """Alarm on disabling or scheduled deletion of customer keys.

    Why: without their key encrypted logs and data are lost for good; a scheduled deletion can be cancelled, if
    somebody notices in time.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name cmk-disable-or-delete
    --filter-pattern '{ ($.eventSource = kms.amazonaws.com) && (($.eventName = DisableKey) || ($.eventName =
    ScheduleKeyDeletion)) }' --metric-transformations
    metricName=CmkDisableOrDelete,metricNamespace=Trail,metricValue=1`, then `aws cloudwatch put-metric-alarm
    --alarm-name cmk-disable-or-delete --namespace Trail --metric-name CmkDisableOrDelete --statistic Sum
    --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold
    --alarm-actions TOPIC_ARN` with a topic that has a confirmed subscriber. In Terraform
    `aws_cloudwatch_log_metric_filter`, `aws_cloudwatch_metric_alarm` and `aws_sns_topic_subscription`. The
    trail must not exclude kms.amazonaws.com from its management events, or the filter never sees one.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-cmk-disable-or-delete", params)
