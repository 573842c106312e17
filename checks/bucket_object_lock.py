"""bucket-object-lock."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import LogBucket


@dataclass(frozen=True)
class Params:
    min_retention_days: int = param(
        365, "Shortest default retention, in days; a year counts as 365.", minimum=1, alias="min_days"
    )
    allowed_modes: tuple[str, ...] = param(
        ("COMPLIANCE",), "Accepted retention modes.", choices=("COMPLIANCE", "GOVERNANCE"), alias="mode"
    )


@check(LogBucket, reads=(LogBucket.object_lock,))
def bucket_object_lock(bucket: LogBucket, params: Params) -> Finding:
    """Object Lock with a sufficient default retention.

    Why: a locked version can't be removed before its time, in COMPLIANCE mode not even by root. The feature alone locks nothing:
    CloudTrail sets no retention on its files, so the bucket's default rule must.

    Fix: `aws s3api put-object-lock-configuration --bucket BUCKET --object-lock-configuration
    '{"ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":{"Mode":"COMPLIANCE","Days":365}}}'`; in Terraform
    `aws_s3_bucket_object_lock_configuration`. The rule holds for files delivered from then on.

    Error: refused. The IAM action is s3:GetBucketObjectLockConfiguration.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
    """
    lock = bucket.object_lock
    observed = {"ObjectLockEnabled": lock.enabled, "Mode": lock.mode or None, "Days": lock.days}
    expected = {
        "ObjectLockEnabled": True,
        "Mode": list(params.allowed_modes),
        "Days": f">= {params.min_retention_days}",
    }
    if not lock.enabled:
        return failed(f"bucket {bucket.name} has no Object Lock", observed, expected)
    if not lock.mode or not lock.days:
        return failed(
            f"bucket {bucket.name} has Object Lock without a default retention, so nothing is locked",
            observed,
            expected,
        )
    short = []
    if lock.mode not in params.allowed_modes:
        short.append(f"mode {lock.mode} is not {' or '.join(params.allowed_modes)}")
    if lock.days < params.min_retention_days:
        short.append(f"{lock.days} days are fewer than {params.min_retention_days}")
    if short:
        return failed(f"bucket {bucket.name}: {' and '.join(short)}", observed, expected)
    return passed(
        f"bucket {bucket.name} locks every new file in {lock.mode} mode for {lock.days} days", observed, expected
    )
