"""alert-console-signin-no-mfa."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_console_signin_no_mfa(account: Account, params: AlertParams) -> Finding:
    """Alarm on console sign-in without MFA.

    Why: a password alone is phished and reused; a sign-in without a second factor is where many take-overs
    begin.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name console-signin-no-mfa
    --filter-pattern '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") &&
    ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }'
    --metric-transformations metricName=ConsoleSigninNoMfa,metricNamespace=Trail,metricValue=1`, then `aws
    cloudwatch put-metric-alarm --alarm-name console-signin-no-mfa --namespace Trail --metric-name
    ConsoleSigninNoMfa --statistic Sum --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator
    GreaterThanOrEqualToThreshold --alarm-actions TOPIC_ARN` with a topic that has a confirmed subscriber. In
    Terraform `aws_cloudwatch_log_metric_filter`, `aws_cloudwatch_metric_alarm` and
    `aws_sns_topic_subscription`. Users of IAM Identity Center have their second factor there, and their
    sign-ins say MFAUsed No: hence the condition on the type.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-console-signin-no-mfa", params)
