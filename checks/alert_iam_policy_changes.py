"""alert-iam-policy-changes."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_iam_policy_changes(account: Account, params: AlertParams) -> Finding:
    """Alarm on IAM policy changes.

    Why: rights are raised by writing, attaching or detaching a policy; who sees it at once can undo it before
    the rights are used.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name iam-policy-changes
    --filter-pattern '{ ($.eventName = DeleteGroupPolicy) || ($.eventName = PutRolePolicy) || ... }'
    --metric-transformations metricName=IamPolicyChanges,metricNamespace=Trail,metricValue=1`, then `aws
    cloudwatch put-metric-alarm --alarm-name iam-policy-changes --namespace Trail --metric-name IamPolicyChanges
    --statistic Sum --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator
    GreaterThanOrEqualToThreshold --alarm-actions TOPIC_ARN` with a topic that has a confirmed subscriber. In
    Terraform `aws_cloudwatch_log_metric_filter`, `aws_cloudwatch_metric_alarm` and
    `aws_sns_topic_subscription`. All sixteen events are needed: put, delete and versions of policies, attach
    and detach for users, groups and roles.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-iam-policy-changes", params)
