"""lake-store-cmk."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import EventDataStore


@dataclass(frozen=True)
class Params:
    allowed_key_arns: tuple[str, ...] = param((), "If given, the store must use one of these keys, by ARN.")


@check(EventDataStore, reads=[EventDataStore.settings])
def lake_store_cmk(store: EventDataStore, params: Params) -> Finding:
    """Event data store uses a customer managed key.

    Why: with a key of its own a second permission, kms:Decrypt, stands before every query, and each reading leaves a record.

    Fix: `aws cloudtrail update-event-data-store --event-data-store ARN --kms-key-id KEY_ARN`; in Terraform
    `aws_cloudtrail_event_data_store.kms_key_id`. The key can't be changed or taken away afterwards.

    Error: the store could not be read.
    """
    key = store.settings.kms_key_id
    observed, expected = {"KmsKeyId": key or None}, {"KmsKeyId": list(params.allowed_key_arns) or "set"}
    if not key:
        return failed(f"event data store {store.name} is encrypted with a key that AWS owns", observed, expected)
    if params.allowed_key_arns and key not in params.allowed_key_arns:
        text = f"event data store {store.name} is encrypted with {key}, which is not an allowed key"
        return failed(text, observed, expected)
    return passed(f"event data store {store.name} is encrypted with a customer managed key", observed, expected)
