"""alert-root-usage."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_root_usage(account: Account, params: AlertParams) -> Finding:
    """Alarm on root user activity.

    Why: root can do everything, policies included, and nobody needs it from day to day: each use is either
    planned or an attack.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name root-usage --filter-pattern '{
    $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }'
    --metric-transformations metricName=RootUsage,metricNamespace=Trail,metricValue=1`, then `aws cloudwatch
    put-metric-alarm --alarm-name root-usage --namespace Trail --metric-name RootUsage --statistic Sum --period
    300 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold --alarm-actions
    TOPIC_ARN` with a topic that has a confirmed subscriber. In Terraform `aws_cloudwatch_log_metric_filter`,
    `aws_cloudwatch_metric_alarm` and `aws_sns_topic_subscription`. One event must be enough: an alarm that
    waits for three uses of root sleeps through the first two.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-root-usage", params)
