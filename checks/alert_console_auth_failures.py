"""alert-console-auth-failures."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_console_auth_failures(account: Account, params: AlertParams) -> Finding:
    """Alarm on console authentication failures.

    Why: rows of wrong passwords are a guessing attack, and the address they come from is in the events.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name console-auth-failures
    --filter-pattern '{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }'
    --metric-transformations metricName=ConsoleAuthFailures,metricNamespace=Trail,metricValue=1`, then `aws
    cloudwatch put-metric-alarm --alarm-name console-auth-failures --namespace Trail --metric-name
    ConsoleAuthFailures --statistic Sum --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator
    GreaterThanOrEqualToThreshold --alarm-actions TOPIC_ARN` with a topic that has a confirmed subscriber. In
    Terraform `aws_cloudwatch_log_metric_filter`, `aws_cloudwatch_metric_alarm` and
    `aws_sns_topic_subscription`. A threshold above one keeps typing errors quiet, but the control asks for an
    alarm on the first failure.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-console-auth-failures", params)
