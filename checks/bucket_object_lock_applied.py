"""bucket-object-lock-applied."""

from dataclasses import dataclass
from datetime import timedelta

from trailwarden import Finding, ReasonCode, Status, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import LogBucket, LogFile, format_time
from trailwarden.judgements.samples import sample
from trailwarden.kleene import together

_MODE = "COMPLIANCE"
"""What bucket-object-lock asks for by default."""
_TOLERANCE = timedelta(days=1)
"""S3 rounds, and counts from the moment it got the object."""


@dataclass(frozen=True)
class Params:
    sample_size: int = param(10, "How many files of each trail are looked at.", minimum=1)
    min_retention_days: int = param(365, "Days from its delivery for which a file must be locked.", minimum=1)


@check(LogBucket, reads=(LogBucket.object_lock, LogBucket.files, LogBucket.object_retention))
def bucket_object_lock_applied(bucket: LogBucket, params: Params) -> Finding:
    """Sampled log and digest objects are really locked.

    Why: a default retention holds for what arrives after it was set. One that was set last week locks nothing of last year.

    Fix: an S3 Batch Operations job with S3PutObjectRetention over the files that were delivered before the default retention was set.

    Error: files could not be listed, the retention of one could not be read, or there is no file yet. Reading the retention takes
    s3:GetObjectRetention; without that, other calls leave the fields out as if nothing were locked.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
    """
    lock = bucket.object_lock
    if not lock.enabled or lock.mode != _MODE or lock.days < params.min_retention_days:
        return not_applicable(
            f"bucket {bucket.name} has no sufficient default retention, which bucket-object-lock judges",
            {"ObjectLockEnabled": lock.enabled, "Mode": lock.mode or None, "Days": lock.days},
        )
    since = bucket.account.now - timedelta(days=params.min_retention_days)
    files = {
        item.key: item for trail in bucket.trails for item in sample(bucket.files, trail, params.sample_size, since)
    }
    if not files:
        text = f"no log or digest file of the last {params.min_retention_days} days was found"
        undecidable(bucket, ReasonCode.COVERAGE_GAP, text, operation="s3.ListObjectsV2", region=bucket.location.region)
    findings = together(*[lambda item=item: _judge(bucket, item, params) for item in files.values()])
    observed = {"sample": [dict(item.observed) for item in findings]}
    expected = {"Mode": _MODE, "locked for": f">= {params.min_retention_days} days"}
    faults = [item.message for item in findings if item.status is Status.FAIL]
    if faults:
        return failed(f"bucket {bucket.name}: {'; '.join(faults)}", observed, expected)
    return passed(f"all of {len(findings)} sampled files of bucket {bucket.name} are locked", observed, expected)


def _judge(bucket: LogBucket, item: LogFile, params: Params) -> Finding:
    retention = bucket.object_retention(item.key)
    observed = {
        "Key": item.key,
        "LastModified": format_time(item.modified),
        "Mode": retention.mode if retention else None,
        "RetainUntilDate": format_time(retention.until) if retention and retention.until else None,
    }
    if retention is None or retention.until is None:
        return failed(f"{item.key} is not locked", observed)
    if retention.mode != _MODE:
        return failed(f"{item.key} is locked in {retention.mode} mode", observed)
    locked = retention.until - item.modified
    if locked < timedelta(days=params.min_retention_days) - _TOLERANCE:
        return failed(f"{item.key} is locked for {locked.days} days", observed)
    return passed("", observed)
