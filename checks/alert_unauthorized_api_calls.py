"""alert-unauthorized-api-calls."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_unauthorized_api_calls(account: Account, params: AlertParams) -> Finding:
    """Alarm on unauthorized API calls.

    Why: a burst of refused calls is somebody trying keys in locks: stolen credentials being explored, or a job
    that lost its rights.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name unauthorized-api-calls
    --filter-pattern '{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }'
    --metric-transformations metricName=UnauthorizedApiCalls,metricNamespace=Trail,metricValue=1`, then `aws
    cloudwatch put-metric-alarm --alarm-name unauthorized-api-calls --namespace Trail --metric-name
    UnauthorizedApiCalls --statistic Sum --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator
    GreaterThanOrEqualToThreshold --alarm-actions TOPIC_ARN` with a topic that has a confirmed subscriber. In
    Terraform `aws_cloudwatch_log_metric_filter`, `aws_cloudwatch_metric_alarm` and
    `aws_sns_topic_subscription`. Exclude noise with care: a pattern that leaves out callers or Regions no
    longer sees every refusal.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-unauthorized-api-calls", params)
