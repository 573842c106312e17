"""bucket-encryption."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import KmsKey, LogBucket


@dataclass(frozen=True)
class Params:
    allowed_algorithms: tuple[str, ...] = param(
        ("AES256", "aws:kms", "aws:kms:dsse"),
        "Accepted default algorithms.",
        choices=("AES256", "aws:kms", "aws:kms:dsse"),
    )
    require_cmk: bool = param(False, "Whether the default key must be a customer managed one.")


@check(
    LogBucket,
    reads=(LogBucket.encryption,),
    reads_if=((lambda params: params.require_cmk, (KmsKey.metadata,)),),
)
def bucket_encryption(bucket: LogBucket, params: Params) -> Finding:
    """Bucket default encryption meets policy.

    Why: the trail's own key covers what CloudTrail delivers; the default covers replicas, copies and whatever else lands here.

    Fix: `aws s3api put-bucket-encryption --bucket BUCKET --server-side-encryption-configuration file://encryption.json`; in Terraform
    `aws_s3_bucket_server_side_encryption_configuration`.

    Error: refused. The IAM action is s3:GetEncryptionConfiguration.
    """
    default = bucket.encryption
    observed = {"SSEAlgorithm": default.algorithm or None, "KMSMasterKeyID": default.key_id or None}
    expected = {"SSEAlgorithm": list(params.allowed_algorithms), "customer_managed_key": params.require_cmk}
    if default.algorithm not in params.allowed_algorithms:
        found = default.algorithm or "none"
        return failed(f"bucket {bucket.name}: default encryption is {found}", observed, expected)
    if params.require_cmk:
        key = bucket.default_key
        # No key id means the key that AWS manages for S3.
        if key is None or key.key_id.endswith("alias/aws/s3") or key.metadata.manager != "CUSTOMER":
            return failed(f"bucket {bucket.name}: the default key is not a customer managed one", observed, expected)
    return passed(f"bucket {bucket.name} encrypts by default with {default.algorithm}", observed, expected)
