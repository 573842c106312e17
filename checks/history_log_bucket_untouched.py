"""history-log-bucket-untouched."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, param, undecidable
from trailwarden.facts import HistoryEvent, LogBucket
from trailwarden.judgements.history import judge_untouched, period_of, period_start_param

_OF_THE_ACCOUNT = ("PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock")
_WORST = (
    "DeleteBucket",
    "DeleteBucketPolicy",
    "DeleteBucketPublicAccessBlock",
    "DeleteAccountPublicAccessBlock",
    "DeleteBucketLifecycle",
    "PutBucketLifecycle",
)


@dataclass(frozen=True)
class Params:
    approved_principals: tuple[str, ...] = param(
        (), "Whose changes are notes: patterns of ARNs; of a role's session that of the role."
    )
    period_start: str = period_start_param()


@check(LogBucket, reads=[LogBucket.location, LogBucket.history])
def history_log_bucket_untouched(bucket: LogBucket, params: Params) -> Finding:
    """Log bucket protections were not changed in the period.

    Why: who takes a protection away, steals or destroys, and puts it back leaves a bucket that looks as it should.

    Fix: find out who made the change and why: `aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=BUCKET --region
    REGION`; put the roles that deploy the bucket into `approved_principals`. In Terraform the `aws_s3_bucket_*` resources belong under review.

    Error: the event history could not be read to its end, the period begins more than 90 days ago, or the bucket's account is not judged in this
    run. Deleted objects are data events, which no event history holds.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
    """
    return judge_untouched(
        bucket,
        lambda: bucket.history,
        lambda event: _concerns(bucket, event),
        f"bucket {bucket.name}",
        period=period_of(bucket.account, params.period_start),
        approved=params.approved_principals,
        critical=_is_critical,
    )


def _concerns(bucket: LogBucket, event: HistoryEvent) -> bool:
    if event.name in _OF_THE_ACCOUNT:
        return True
    if event.request is not None:
        return event.request.get("bucketName") == bucket.name
    if bucket.name in event.resources or bucket.id in event.resources:
        text = f"{event} was recorded without its parameters"
        undecidable(bucket, ReasonCode.UNPARSEABLE, text, operation="cloudtrail.LookupEvents")
    return False


def _is_critical(event: HistoryEvent) -> bool:
    if event.name == "PutBucketVersioning":
        settings = (event.request or {}).get("VersioningConfiguration") or {}
        return str(settings.get("Status")) == "Suspended"
    return event.name in _WORST
