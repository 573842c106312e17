"""bucket-replication."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import LogBucket, ReplicationRule
from trailwarden.judgements.ways import Way, decided, furthest, holds, in_turn, missing


@dataclass(frozen=True)
class Params:
    require: str = param(
        "none",
        "Where the replica must be: in another Region, in another account, both; none asks for no replica.",
        choices=("none", "cross_region", "cross_account", "both"),
    )

    @property
    def elsewhere(self) -> bool:
        """Return whether another Region is asked for."""
        return self.require in ("cross_region", "both")

    @property
    def foreign(self) -> bool:
        """Return whether another account is asked for."""
        return self.require in ("cross_account", "both")


@check(
    LogBucket,
    reads_if=((lambda params: params.require != "none", (LogBucket.location, LogBucket.replication)),),
)
def bucket_replication(bucket: LogBucket, params: Params) -> Finding:
    """Logs are replicated to another account or Region.

    Why: a second copy out of reach of whoever administers the bucket survives its deletion, and the loss of a Region.

    Fix: `aws s3api put-bucket-replication --bucket BUCKET --replication-configuration file://replication.json` with a rule on the whole log
    prefix, SseKmsEncryptedObjects where the trail has a key, and without delete markers; in Terraform `aws_s3_bucket_replication_configuration`.
    Digests name the original bucket, so validate there.

    Error: refused (the IAM action is s3:GetReplicationConfiguration), or the destination's Region or account could not be found out.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
    """
    if params.require == "none":
        return not_applicable("no replica is required")
    rules = bucket.replication
    expected = {
        "require": params.require,
        "SseKmsEncryptedObjects": _encrypted(bucket),
        "DeleteMarkerReplication": False,
    }
    observed = {"Rules": [_shown(rule) for rule in rules]}
    none = missing(f"bucket {bucket.name} has no replication rule")
    best = decided(furthest(rules, lambda rule: _judge(bucket, rule, params), none))
    if best.works:
        return passed(f"logs of bucket {bucket.name} are replicated to {best.observed['Bucket']}", observed, expected)
    return failed(best.text, observed, expected)


def _judge(bucket: LogBucket, rule: ReplicationRule, params: Params) -> Way:
    who = f"replication rule {rule.id or '(unnamed)'} of bucket {bucket.name}"

    def link(rank: int, fine: bool, text: str) -> Way:
        return holds(Bucket=rule.bucket) if fine else missing(f"{who} {text}", rank)

    def region() -> Way:
        if not params.elsewhere:
            return holds()
        found = bucket.region_of(rule.bucket)
        if not found:
            text = f"the Region of bucket {rule.bucket} is not known"
            undecidable(bucket, ReasonCode.CROSS_ACCOUNT, text, operation="s3.HeadBucket")
        return link(6, found != bucket.location.region, f"stays in {found}")

    def account() -> Way:
        if not params.foreign:
            return holds()
        return link(7, _is_foreign(bucket, rule), "stays in the bucket's own account")

    def exists() -> Way:
        there = bucket.neighbour(rule.bucket).location
        return link(5, there.exists, f"names bucket {rule.bucket}, which does not exist")

    return in_turn(
        lambda: link(0, rule.enabled, "is disabled"),
        lambda: link(1, not rule.by_tag, "selects by tags, and log files have none"),
        lambda: link(2, all(_covers(rule, prefix) for prefix in _prefixes(bucket)), f"covers {rule.prefix!r} only"),
        lambda: link(3, rule.with_kms or not _encrypted(bucket), "passes over objects encrypted with a KMS key"),
        lambda: link(
            4, not rule.delete_markers, "replicates delete markers, so that a deletion hides the copy as well"
        ),
        exists,
        region,
        account,
    )


def _is_foreign(bucket: LogBucket, rule: ReplicationRule) -> bool:
    """Return whether the destination belongs to another account than the bucket."""
    owner = bucket.location.owner
    if rule.account and owner:
        return rule.account != owner
    there = bucket.neighbour(rule.bucket).location
    if not owner or not (there.owner or (there.foreign and owner == bucket.account_id)):
        text = f"the account of bucket {rule.bucket} is not known"
        undecidable(bucket, ReasonCode.CROSS_ACCOUNT, text, operation="s3.HeadBucket")
    return there.owner != owner


def _encrypted(bucket: LogBucket) -> bool:
    return any(trail.kms_key_id for trail in bucket.trails)


def _prefixes(bucket: LogBucket) -> list[str]:
    return ["/".join(filter(None, (trail.key_prefix, "AWSLogs/"))) for trail in bucket.trails]


def _covers(rule: ReplicationRule, prefix: str) -> bool:
    return prefix.startswith(rule.prefix)


def _shown(rule: ReplicationRule) -> dict[str, object]:
    return {
        "ID": rule.id,
        "Enabled": rule.enabled,
        "Prefix": rule.prefix,
        "Bucket": rule.bucket,
        "Account": rule.account or None,
        "SseKmsEncryptedObjects": rule.with_kms,
        "DeleteMarkerReplication": rule.delete_markers,
    }
