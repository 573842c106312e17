"""kms-key-customer-managed."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, param, passed, undecidable
from trailwarden.facts import KmsKey


@dataclass(frozen=True)
class Params:
    allowed_key_accounts: tuple[str, ...] = param((), "If given, the accounts that may own the key.")


@check(KmsKey, reads=[KmsKey.metadata])
def kms_key_customer_managed(key: KmsKey, params: Params) -> Finding:
    """The trail key is customer managed.

    Why: only a key of your own has a policy that you write, a rotation that you choose and a way to take access back.

    Fix: `aws cloudtrail update-trail --name TRAIL --kms-key-id KEY_ARN --region HOME`; in Terraform an `aws_kms_key` and
    `aws_cloudtrail.kms_key_id`.

    Error: the key could not be described; of another account's key KMS does not say whether it is missing or not shared.
    """
    metadata = key.metadata
    if not metadata.exists:
        undecidable(key, ReasonCode.NOT_FOUND, f"key {key.name} does not exist", operation="kms.DescribeKey")
    observed = {"KeyManager": metadata.manager, "AWSAccountId": metadata.owner}
    expected = {"KeyManager": "CUSTOMER", "AWSAccountId": list(params.allowed_key_accounts) or "any"}
    if metadata.manager != "CUSTOMER":
        return failed(f"key {key.name} is managed by {metadata.manager or 'nobody known'}", observed, expected)
    if params.allowed_key_accounts and metadata.owner not in params.allowed_key_accounts:
        return failed(f"key {key.name} belongs to account {metadata.owner}, which is not expected", observed, expected)
    return passed(f"key {key.name} is customer managed", observed, expected)
