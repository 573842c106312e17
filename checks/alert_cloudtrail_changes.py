"""alert-cloudtrail-changes."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_cloudtrail_changes(account: Account, params: AlertParams) -> Finding:
    """Alarm on CloudTrail configuration changes.

    Why: an intruder who stops or narrows the trail works unseen from then on; the call that does it is the last
    one that is sure to be recorded.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name cloudtrail-changes
    --filter-pattern '{ ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) || ($.eventName =
    DeleteTrail) || ($.eventName = StartLogging) || ($.eventName = StopLogging) }' --metric-transformations
    metricName=CloudtrailChanges,metricNamespace=Trail,metricValue=1`, then `aws cloudwatch put-metric-alarm
    --alarm-name cloudtrail-changes --namespace Trail --metric-name CloudtrailChanges --statistic Sum --period
    300 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold --alarm-actions
    TOPIC_ARN` with a topic that has a confirmed subscriber. In Terraform `aws_cloudwatch_log_metric_filter`,
    `aws_cloudwatch_metric_alarm` and `aws_sns_topic_subscription`. Add PutEventSelectors to the pattern and to
    `extra_events`: it silences a trail just as well and is not on CIS's list.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-cloudtrail-changes", params)
