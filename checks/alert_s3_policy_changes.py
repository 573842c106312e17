"""alert-s3-policy-changes."""

from trailwarden import Finding, check
from trailwarden.facts import Account
from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert


@check(Account, reads=ALERT_READS)
def alert_s3_policy_changes(account: Account, params: AlertParams) -> Finding:
    """Alarm on S3 bucket policy changes.

    Why: a bucket policy, ACL, lifecycle or replication rule opens, empties or copies a bucket with one call,
    log buckets included.

    Fix: `aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name s3-policy-changes --filter-pattern
    '{ ($.eventSource = s3.amazonaws.com) && (($.eventName = PutBucketAcl) || ($.eventName = PutBucketPolicy) ||
    ...) }' --metric-transformations metricName=S3PolicyChanges,metricNamespace=Trail,metricValue=1`, then `aws
    cloudwatch put-metric-alarm --alarm-name s3-policy-changes --namespace Trail --metric-name S3PolicyChanges
    --statistic Sum --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator
    GreaterThanOrEqualToThreshold --alarm-actions TOPIC_ARN` with a topic that has a confirmed subscriber. In
    Terraform `aws_cloudwatch_log_metric_filter`, `aws_cloudwatch_metric_alarm` and
    `aws_sns_topic_subscription`. For a log bucket name PutBucketVersioning, PutBucketLogging and
    PutBucketObjectLockConfiguration in `extra_events` as well.

    Error: the log group, its filters, the alarms or a topic's subscriptions could not be read, a pattern is not
    understood, or the log group belongs to an account that is not judged in this run.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
    """
    return judge_alert(account, "alert-s3-policy-changes", params)
