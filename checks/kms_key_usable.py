"""kms-key-usable."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from trailwarden import Finding, ReasonCode, check, failed, param, passed, undecidable
from trailwarden.facts import KeyMetadata, KmsKey, LogBucket, format_time
from trailwarden.kleene import which

ENABLED = "Enabled"
UNSETTLED = ("Creating", "Updating")


@dataclass(frozen=True)
class Params:
    min_validity_days: int = param(30, "For how many days imported key material must remain valid.", minimum=0)


@check(KmsKey, reads=[KmsKey.metadata, LogBucket.location])
def kms_key_usable(key: KmsKey, params: Params) -> Finding:
    """The trail key is enabled and usable.

    Why: with a disabled key delivery stops. With a deleted one every file that was ever encrypted with it is lost, Object Lock or not.

    Fix: `aws kms cancel-key-deletion --key-id KEY --region REGION` and `aws kms enable-key --key-id KEY --region REGION`; expiring material
    is imported again. In Terraform `aws_kms_key.is_enabled = true`.

    Error: the key could not be described; of another account's key KMS does not say whether it is missing or not shared.
    """
    metadata = key.metadata
    expected = {"KeyState": ENABLED, "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}
    if not metadata.exists:
        return failed(f"key {key.name} does not exist", {"KeyId": key.key_id, "KeyState": None}, expected)
    observed = {
        "Arn": metadata.arn,
        "KeyState": metadata.state,
        "KeySpec": metadata.spec,
        "KeyUsage": metadata.usage,
        "Origin": metadata.origin,
        "ValidTo": format_time(metadata.valid_to) if metadata.valid_to else None,
        "DeletionDate": format_time(metadata.deletion_date) if metadata.deletion_date else None,
    }
    faults = [*_faults(key, metadata, params)]
    if not faults:
        faults = which({f"is not in the region of bucket {b.name}": partial(_is_apart, key, b) for b in _buckets(key)})
    if faults:
        return failed(f"key {key.name} {', '.join(faults)}", observed, expected)
    if metadata.state in UNSETTLED:
        undecidable(key, ReasonCode.EVENTUAL, f"the key is in state {metadata.state}", operation="kms.DescribeKey")
    return passed(f"key {key.name} is enabled and usable", observed, expected)


def _faults(key: KmsKey, metadata: KeyMetadata, params: Params) -> Iterator[str]:
    if metadata.state not in (ENABLED, *UNSETTLED):
        when = f", deleted at {format_time(metadata.deletion_date)}" if metadata.deletion_date else ""
        yield f"is in state {metadata.state or 'unknown'}{when}"
    if metadata.spec != "SYMMETRIC_DEFAULT":
        yield f"has KeySpec {metadata.spec or 'unknown'}"
    if metadata.usage != "ENCRYPT_DECRYPT":
        yield f"has KeyUsage {metadata.usage or 'unknown'}"
    if metadata.expires:
        valid_to = metadata.valid_to
        if valid_to is None or valid_to < key.account.now + timedelta(days=params.min_validity_days):
            yield f"has key material that expires {f'at {format_time(valid_to)}' if valid_to else 'at an unknown time'}"


def _buckets(key: KmsKey) -> list[LogBucket]:
    """Return the buckets that receive what the key encrypts, each once."""
    found = {trail.bucket.name: trail.bucket for trail in key.trails if trail.bucket is not None}
    return [found[name] for name in sorted(found)]


def _is_apart(key: KmsKey, bucket: LogBucket) -> bool:
    location = bucket.location
    if not location.exists:
        undecidable(bucket, ReasonCode.NOT_FOUND, f"bucket {bucket.name} does not exist", operation="s3.HeadBucket")
    return location.region != (key.metadata.region or key.region)
