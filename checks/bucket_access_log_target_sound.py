"""bucket-access-log-target-sound."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, Status, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import LifecycleRule, LogBucket
from trailwarden.judgements.lifecycle import named
from trailwarden.kleene import all_true, any_true, together


@dataclass(frozen=True)
class Params:
    min_retention_days: int = param(365, "Days an access log must be kept.", minimum=1)


@check(
    LogBucket,
    reads=(
        LogBucket.location,
        LogBucket.access_logging,
        LogBucket.policy_is_public,
        LogBucket.public_access_block,
        LogBucket.account_public_access_block,
        LogBucket.object_lock,
        LogBucket.lifecycle,
    ),
)
def bucket_access_log_target_sound(bucket: LogBucket, params: Params) -> Finding:
    """The access-log target bucket is sound.

    Why: access logs that can't be delivered, that expire early, or that anybody reads are no evidence of who read or deleted log files.

    Fix: `aws s3api put-bucket-logging --bucket BUCKET --bucket-logging-status file://logging.json` with a target in the same account and Region
    that is not public, has no Object Lock (S3 can't deliver access logs to such a bucket) and keeps objects for as long as required. In
    Terraform `aws_s3_bucket_logging.target_bucket` and the `aws_s3_bucket` it names.

    Error: a setting of the target bucket could not be read.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """
    logging = bucket.access_logging
    if logging is None:
        return not_applicable(f"bucket {bucket.name} logs no access", {"TargetBucket": None})
    target = bucket.neighbour(logging.target_bucket)
    if not target.location.exists:
        return failed(f"target bucket {target.name} does not exist", {"TargetBucket": target.name, "exists": False})
    findings = together(
        lambda: _judge_place(bucket, target),
        lambda: _judge_publicity(target),
        lambda: _judge_lock(target),
        lambda: _judge_lifecycle(target, logging.target_prefix, params),
    )
    observed = {"TargetBucket": target.name}
    observed.update({name: value for item in findings for name, value in item.observed.items()})
    expected = {name: value for item in findings for name, value in item.expected.items()}
    faults = [item.message for item in findings if item.status is Status.FAIL]
    if faults:
        return failed(f"target bucket {target.name} {', '.join(faults)}", observed, expected)
    return passed(f"target bucket {target.name} can keep the access logs of bucket {bucket.name}", observed, expected)


def _judge_place(bucket: LogBucket, target: LogBucket) -> Finding:
    here, there = bucket.location, target.location
    region = there.region if there.readable else bucket.region_of(target.name)
    observed = {"BucketRegion": region or None, "owner": there.owner or None}
    expected = {"BucketRegion": here.region, "owner": here.owner or None}
    if region and region != here.region:
        return failed(f"is in {region}", observed, expected)
    foreign = there.owner != here.owner if there.owner else there.foreign and here.owner == bucket.account_id
    if here.owner and foreign:
        return failed(f"belongs to {there.owner or 'another account'}", observed, expected)
    if not region or not here.owner or not there.owner:
        text = "where it is, or whose, could not be found out"
        undecidable(target, ReasonCode.CROSS_ACCOUNT, text, operation="s3.HeadBucket")
    return passed("", observed, expected)


def _judge_publicity(target: LogBucket) -> Finding:
    public = all_true(
        lambda: target.policy_is_public,
        lambda: (
            not any_true(
                lambda: target.public_access_block.restrict_public_buckets,
                lambda: target.account_public_access_block.restrict_public_buckets,
            )
        ),
    )
    observed, expected = {"public": public}, {"public": False}
    return failed("is public", observed, expected) if public else passed("", observed, expected)


def _judge_lock(target: LogBucket) -> Finding:
    enabled = target.object_lock.enabled
    observed, expected = {"ObjectLockEnabled": enabled}, {"ObjectLockEnabled": False}
    if enabled:
        return failed("has Object Lock, so that S3 can't deliver access logs there", observed, expected)
    return passed("", observed, expected)


def _judge_lifecycle(target: LogBucket, prefix: str, params: Params) -> Finding:
    reaching = [rule for rule in target.lifecycle if rule.enabled and not rule.by_tag and _meets(rule, prefix)]
    early = [
        f"{named(rule)} from {rule.expiration_date[:10]} on"
        if rule.expiration_date
        else f"{named(rule)} after {rule.expiration_days} days"
        for rule in reaching
        if rule.expiration_date
        or (rule.expiration_days is not None and rule.expiration_days < params.min_retention_days)
    ]
    observed, expected = {"expires": early}, {"expires": f"not before {params.min_retention_days} days"}
    return (
        failed(f"expires access logs ({'; '.join(early)})", observed, expected)
        if early
        else passed("", observed, expected)
    )


def _meets(rule: LifecycleRule, prefix: str) -> bool:
    """Return whether a rule can match a file below the prefix: whichever of the two is longer, it begins with the other."""
    return rule.prefix.startswith(prefix) or prefix.startswith(rule.prefix)
