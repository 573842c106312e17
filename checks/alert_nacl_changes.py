"""alert-nacl-changes."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_nacl_changes(account: Account, params: AlertParams) -> Finding:
    """Alarm on network ACL changes.

    Why: a network ACL decides for whole subnets; one entry lets in what every security group was meant to keep
    out, or cuts a service off.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name nacl-changes --filter-pattern '{
    ($.eventName = CreateNetworkAcl) || ($.eventName = CreateNetworkAclEntry) || ($.eventName =
    DeleteNetworkAcl) || ... }' --metric-transformations
    metricName=NaclChanges,metricNamespace=Trail,metricValue=1`, then `aws cloudwatch put-metric-alarm
    --alarm-name nacl-changes --namespace Trail --metric-name NaclChanges --statistic Sum --period 300
    --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold --alarm-actions
    TOPIC_ARN` with a topic that has a confirmed subscriber. In Terraform `aws_cloudwatch_log_metric_filter`,
    `aws_cloudwatch_metric_alarm` and `aws_sns_topic_subscription`.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-nacl-changes", params)
