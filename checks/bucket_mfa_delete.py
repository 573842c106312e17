"""bucket-mfa-delete."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, not_applicable, param, passed
from trailwarden.facts import LogBucket
from trailwarden.kleene import any_true

_LOCK_DAYS = 365
"""The default of bucket-object-lock, which is what an accepted lock must meet."""


@dataclass(frozen=True)
class Params:
    accept_object_lock: bool = param(
        True, "Whether Object Lock in COMPLIANCE mode for at least 365 days is accepted instead."
    )
    na_with_lifecycle: bool = param(
        False, "Whether a bucket with a lifecycle configuration is left out: S3 does not allow both at a time."
    )


@check(
    LogBucket,
    reads=(LogBucket.versioning,),
    reads_if=(
        (lambda params: params.accept_object_lock, (LogBucket.object_lock,)),
        (lambda params: params.na_with_lifecycle, (LogBucket.lifecycle,)),
    ),
)
def bucket_mfa_delete(bucket: LogBucket, params: Params) -> Finding:
    """MFA Delete is enabled.

    Why: removing a version for good then takes the root user and a device, not just a stolen administrator's key.

    Fix: as root, `aws s3api put-bucket-versioning --bucket BUCKET --versioning-configuration Status=Enabled,MFADelete=Enabled
    --mfa "SERIAL CODE"`; in Terraform `aws_s3_bucket_versioning.versioning_configuration.mfa_delete`. Object Lock in COMPLIANCE mode is
    the stronger choice where root credentials are centrally managed.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html
    """
    expected = (
        {"MFADelete": "Enabled", "or": "Object Lock, COMPLIANCE"}
        if params.accept_object_lock
        else {"MFADelete": "Enabled"}
    )

    def mfa() -> bool:
        return bucket.versioning.mfa_delete == "Enabled"

    def locked() -> bool:
        if not params.accept_object_lock:
            return False
        lock = bucket.object_lock
        return lock.enabled and lock.mode == "COMPLIANCE" and lock.days >= _LOCK_DAYS

    if any_true(mfa, locked):
        return passed(
            f"versions in bucket {bucket.name} can't be deleted by credentials alone", {"protected": True}, expected
        )
    if params.na_with_lifecycle and bucket.lifecycle:
        return not_applicable(f"bucket {bucket.name} has a lifecycle configuration, which excludes MFA Delete")
    observed = {"MFADelete": bucket.versioning.mfa_delete or None, "Status": bucket.versioning.status or None}
    return failed(f"bucket {bucket.name}: MFA Delete is off", observed, expected)
