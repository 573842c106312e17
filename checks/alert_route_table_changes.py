"""alert-route-table-changes."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_route_table_changes(account: Account, params: AlertParams) -> Finding:
    """Alarm on route table changes.

    Why: a changed route takes traffic around the firewall, or to somebody who reads it on the way.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name route-table-changes
    --filter-pattern '{ ($.eventSource = ec2.amazonaws.com) && (($.eventName = CreateRoute) || ($.eventName =
    ReplaceRoute) || ...) }' --metric-transformations
    metricName=RouteTableChanges,metricNamespace=Trail,metricValue=1`, then `aws cloudwatch put-metric-alarm
    --alarm-name route-table-changes --namespace Trail --metric-name RouteTableChanges --statistic Sum --period
    300 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold --alarm-actions
    TOPIC_ARN` with a topic that has a confirmed subscriber. In Terraform `aws_cloudwatch_log_metric_filter`,
    `aws_cloudwatch_metric_alarm` and `aws_sns_topic_subscription`. Put the event names into parentheses:
    without them the condition on the source holds for the first name only.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-route-table-changes", params)
