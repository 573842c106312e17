"""bucket-lifecycle-retention."""

from collections.abc import Iterator
from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import LifecycleRule, LogBucket
from trailwarden.judgements.lifecycle import named, rules_on_logs


@dataclass(frozen=True)
class Params:
    min_retention_days: int = param(365, "Days a log file must stay readable.", minimum=1)
    max_retention_days: int = param(0, "Days after which a log file must be gone; 0 asks for no maximum.", minimum=0)


@check(LogBucket, reads=(LogBucket.lifecycle, LogBucket.versioning))
def bucket_lifecycle_retention(bucket: LogBucket, params: Params) -> Finding:
    """Lifecycle does not expire logs before the required retention.

    Why: a lifecycle rule is the quietest way to lose evidence: no delete call is ever made by a person.

    Fix: `aws s3api put-bucket-lifecycle-configuration --bucket BUCKET --lifecycle-configuration file://lifecycle.json`; in Terraform
    `aws_s3_bucket_lifecycle_configuration`.

    Error: refused. The IAM action is s3:GetLifecycleConfiguration.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """
    rules = rules_on_logs(bucket)
    expected = {
        "min_retention_days": params.min_retention_days,
        "max_retention_days": params.max_retention_days or None,
    }
    observed = {"rules": [_shown(rule) for rule in rules]}
    early = [text for rule in rules for text in _expires(rule, params.min_retention_days)]
    # Asked only where it matters, and after what is known to fail: versions exist only where versioning is or was on.
    early = early or [text for rule in rules for text in _purges(bucket, rule, params.min_retention_days)]
    if early:
        return failed(f"bucket {bucket.name}: {'; '.join(early)}", observed, expected)
    if params.max_retention_days:
        ends = [rule.expiration_days for rule in rules if rule.expiration_days is not None and _covers(bucket, rule)]
        if not ends or min(ends) > params.max_retention_days:
            found = f"after {min(ends)} days" if ends else "never"
            return failed(
                f"bucket {bucket.name}: logs expire {found}, not within {params.max_retention_days} days",
                observed,
                expected,
            )
    return passed(
        f"bucket {bucket.name} expires no log file before {params.min_retention_days} days", observed, expected
    )


def _covers(bucket: LogBucket, rule: LifecycleRule) -> bool:
    """Return whether the rule reaches every log file: one that stops at a sub-folder ends nothing for the others."""
    return all(
        "/".join(filter(None, (trail.key_prefix, "AWSLogs/"))).startswith(rule.prefix) for trail in bucket.trails
    )


def _expires(rule: LifecycleRule, days: int) -> Iterator[str]:
    if rule.expiration_date:
        yield f"{named(rule)} removes everything older from {rule.expiration_date[:10]} on"
    if rule.expiration_days is not None and rule.expiration_days < days:
        yield f"{named(rule)} expires log files after {rule.expiration_days} days"


def _purges(bucket: LogBucket, rule: LifecycleRule, days: int) -> Iterator[str]:
    if rule.noncurrent_days is not None and rule.noncurrent_days < days and bucket.versioning.status:
        yield f"{named(rule)} purges overwritten or deleted versions after {rule.noncurrent_days} days"


def _shown(rule: LifecycleRule) -> dict[str, object]:
    return {
        "ID": rule.id,
        "Prefix": rule.prefix,
        "ExpirationDays": rule.expiration_days,
        "ExpirationDate": rule.expiration_date or None,
        "NoncurrentDays": rule.noncurrent_days,
    }
