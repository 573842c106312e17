"""alert-organizations-changes."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_organizations_changes(account: Account, params: AlertParams) -> Finding:
    """Alarm on AWS Organizations changes.

    Why: an account that leaves the organization, or a policy that is detached, lifts the guardrails and the
    organization trail with them.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name organizations-changes
    --filter-pattern '{ ($.eventSource = organizations.amazonaws.com) && (($.eventName = LeaveOrganization) ||
    ($.eventName = DetachPolicy) || ...) }' --metric-transformations
    metricName=OrganizationsChanges,metricNamespace=Trail,metricValue=1`, then `aws cloudwatch put-metric-alarm
    --alarm-name organizations-changes --namespace Trail --metric-name OrganizationsChanges --statistic Sum
    --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold
    --alarm-actions TOPIC_ARN` with a topic that has a confirmed subscriber. In Terraform
    `aws_cloudwatch_log_metric_filter`, `aws_cloudwatch_metric_alarm` and `aws_sns_topic_subscription`. Most of
    these events are recorded in the management account only; the filter belongs on its trail's log group.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-organizations-changes", params)
