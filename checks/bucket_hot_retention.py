"""bucket-hot-retention."""

from collections.abc import Iterator
from dataclasses import dataclass

from trailwarden import Finding, check, failed, not_applicable, param, passed
from trailwarden.facts import LifecycleRule, LogBucket
from trailwarden.judgements.lifecycle import named, rules_on_logs

_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
"""Classes whose objects must be restored before they can be read; GLACIER_IR and the infrequent-access classes read at once."""


@dataclass(frozen=True)
class Params:
    min_hot_days: int = param(90, "Days that a log file must be readable at once.", minimum=1)


@check(LogBucket, reads=(LogBucket.lifecycle,))
def bucket_hot_retention(bucket: LogBucket, params: Params) -> Finding:
    """Logs stay immediately readable for the required time.

    Why: an investigation begins with the last weeks, and archived files can be neither queried nor validated until they are restored, which
    takes hours. PCI DSS asks for three months at hand.

    Fix: `aws s3api put-bucket-lifecycle-configuration --bucket BUCKET --lifecycle-configuration file://lifecycle.json` with transitions to
    GLACIER or DEEP_ARCHIVE after 90 days or later, counted in days; in Terraform `aws_s3_bucket_lifecycle_configuration.rule.transition`.

    Error: refused. The IAM action is s3:GetLifecycleConfiguration.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
    """
    if not bucket.lifecycle:
        return not_applicable(f"bucket {bucket.name} has no lifecycle rule, so nothing is archived", {"Rules": []})
    early = [text for rule in rules_on_logs(bucket) for text in _archives(rule, params.min_hot_days)]
    expected = {"archived": f"not before {params.min_hot_days} days"}
    if early:
        return failed(f"bucket {bucket.name}: {'; '.join(early)}", {"archived": early}, expected)
    return passed(
        f"bucket {bucket.name} archives no log file before {params.min_hot_days} days", {"archived": []}, expected
    )


def _archives(rule: LifecycleRule, days: int) -> Iterator[str]:
    for move in rule.transitions:
        if move.storage_class not in _ARCHIVES:
            continue
        if move.date:
            yield f"{named(rule)} moves log files to {move.storage_class} from {move.date[:10]} on, however young"
        elif move.days < days:
            yield f"{named(rule)} moves log files to {move.storage_class} after {move.days} days"
