"""alert-security-group-changes."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_security_group_changes(account: Account, params: AlertParams) -> Finding:
    """Alarm on security group changes.

    Why: a rule opened to the world exposes what is behind it within minutes; scanners are faster than reviews.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name security-group-changes
    --filter-pattern '{ ($.eventName = AuthorizeSecurityGroupIngress) || ($.eventName =
    RevokeSecurityGroupEgress) || ... }' --metric-transformations
    metricName=SecurityGroupChanges,metricNamespace=Trail,metricValue=1`, then `aws cloudwatch put-metric-alarm
    --alarm-name security-group-changes --namespace Trail --metric-name SecurityGroupChanges --statistic Sum
    --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold
    --alarm-actions TOPIC_ARN` with a topic that has a confirmed subscriber. In Terraform
    `aws_cloudwatch_log_metric_filter`, `aws_cloudwatch_metric_alarm` and `aws_sns_topic_subscription`.
    ModifySecurityGroupRules changes rules as well; put it into the pattern and into `extra_events`.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-security-group-changes", params)
