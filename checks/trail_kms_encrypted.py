"""trail-kms-encrypted."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import Trail


@dataclass(frozen=True)
class Params:
    allowed_key_arns: tuple[str, ...] = param((), "If given, the trail must use one of these keys, by ARN.")


@check(Trail)
def trail_kms_encrypted(trail: Trail, params: Params) -> Finding:
    """Trail encrypts log and digest files with a KMS key.

    Why: with a key of its own a second permission, kms:Decrypt, stands before every log file, and each reading leaves a record.

    Fix: `aws cloudtrail update-trail --name TRAIL --kms-key-id KEY_ARN --region HOME`; in Terraform `aws_cloudtrail.kms_key_id`. The key's
    policy must let CloudTrail use it first, or delivery stops. The bucket's default encryption does not replace this setting, and whether
    the key is any good is judged by the kms-key checks.
    """
    observed = {"KmsKeyId": trail.kms_key_id or None}
    expected = {"KmsKeyId": list(params.allowed_key_arns) or "set"}
    if not trail.kms_key_id:
        return failed(
            f"trail {trail.name} encrypts its files with S3's own keys, not with a KMS key", observed, expected
        )
    if params.allowed_key_arns and trail.kms_key_id not in params.allowed_key_arns:
        return failed(
            f"trail {trail.name} encrypts with {trail.kms_key_id}, which is not an allowed key", observed, expected
        )
    return passed(f"trail {trail.name} encrypts its files with a KMS key", observed, expected)
