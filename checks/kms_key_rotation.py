"""kms-key-rotation."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import KmsKey

ROTATED_BY_HAND = ("EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE")


@dataclass(frozen=True)
class Params:
    max_period_days: int = param(365, "The longest allowed rotation period.", minimum=90)


@check(KmsKey, reads=[KmsKey.metadata, KmsKey.rotation])
def kms_key_rotation(key: KmsKey, params: Params) -> Finding:
    """Automatic rotation is on.

    Why: what one version of a key encrypted is what one leak of it exposes.

    Fix: `aws kms enable-key-rotation --key-id KEY --rotation-period-in-days 365 --region REGION`, for a multi-Region key on its primary;
    in Terraform `aws_kms_key.enable_key_rotation = true` and `rotation_period_in_days`.

    Error: the answers were refused, or the key is about to be deleted: KMS then reports no rotation, whatever was set.
    """
    metadata = key.metadata
    facts = {"Origin": metadata.origin, "KeyManager": metadata.manager, "KeyState": metadata.state}
    if not metadata.exists:
        undecidable(key, ReasonCode.NOT_FOUND, f"key {key.name} does not exist", operation="kms.DescribeKey")
    if metadata.manager == "AWS":
        return not_applicable(f"key {key.name} is AWS's own, which AWS rotates every year", facts)
    if metadata.origin in ROTATED_BY_HAND:
        return not_applicable(f"KMS can't rotate key {key.name} by itself: its origin is {metadata.origin}", facts)
    if metadata.state.startswith("Pending"):
        undecidable(
            key,
            ReasonCode.EVENTUAL,
            f"in state {metadata.state} KMS reports no rotation, whatever was set",
            operation="kms.GetKeyRotationStatus",
        )
    rotation = key.rotation
    observed = {**facts, "KeyRotationEnabled": rotation.enabled, "RotationPeriodInDays": rotation.period_days}
    if metadata.multi_region_type:
        observed["MultiRegionKeyType"] = metadata.multi_region_type
    expected = {"KeyRotationEnabled": True, "RotationPeriodInDays": f"at most {params.max_period_days}"}
    if not rotation.enabled:
        return failed(f"key {key.name} is not rotated automatically", observed, expected)
    if rotation.period_days > params.max_period_days:
        return failed(f"key {key.name} is rotated only every {rotation.period_days} days", observed, expected)
    return passed(f"key {key.name} is rotated every {rotation.period_days} days", observed, expected)
