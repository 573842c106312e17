"""alert-network-gateway-changes."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_network_gateway_changes(account: Account, params: AlertParams) -> Finding:
    """Alarm on network gateway changes.

    Why: an internet gateway attached to a private network is a way out for data that nobody planned.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name network-gateway-changes
    --filter-pattern '{ ($.eventName = CreateCustomerGateway) || ($.eventName = AttachInternetGateway) ||
    ($.eventName = DetachInternetGateway) || ... }' --metric-transformations
    metricName=NetworkGatewayChanges,metricNamespace=Trail,metricValue=1`, then `aws cloudwatch put-metric-alarm
    --alarm-name network-gateway-changes --namespace Trail --metric-name NetworkGatewayChanges --statistic Sum
    --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold
    --alarm-actions TOPIC_ARN` with a topic that has a confirmed subscriber. In Terraform
    `aws_cloudwatch_log_metric_filter`, `aws_cloudwatch_metric_alarm` and `aws_sns_topic_subscription`.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-network-gateway-changes", params)
