"""lake-store-active."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import Account, EventDataStore
from trailwarden.judgements.stores import holds_events
from trailwarden.kleene import some

_SOON = "STARTING_INGESTION"


@dataclass(frozen=True)
class Params:
    store_required: bool = param(
        False, "Whether there must be a store; AWS closed CloudTrail Lake to new customers on 31 May 2026."
    )


@check(Account, reads=[Account.event_data_stores, EventDataStore.settings])
def lake_store_active(account: Account, params: Params) -> Finding:
    """An event data store is ingesting.

    Why: a store is a second record that can be queried and not be rewritten, for up to ten years; one that stopped ingesting looks the same in a
    list.

    Fix: `aws cloudtrail start-event-data-store-ingestion --event-data-store ARN`; in Terraform `aws_cloudtrail_event_data_store`. A store that
    waits for its deletion (seven days) comes back with `aws cloudtrail restore-event-data-store`.

    Error: a region could not be listed, or a store not be read: an organization's store may refuse a member; or ingestion is just starting.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-lake.html
    """
    stores = account.event_data_stores
    if not stores and not stores.gaps and not params.store_required:
        return not_applicable(f"account {account.account_id} has no event data store", {"EventDataStores": []})
    return some(
        stores,
        _judge,
        f"account {account.account_id} has no event data store that ingests",
        idle="" if params.store_required else "no event data store holds CloudTrail events",
    )


def _judge(store: EventDataStore) -> Finding:
    settings = store.settings
    if not holds_events(settings.selectors):
        return not_applicable(f"event data store {store.name} holds no CloudTrail events")
    observed = {"Status": settings.status, "BillingMode": settings.billing_mode or None}
    expected = {"Status": "ENABLED"}
    if settings.status == "ENABLED":
        return passed(f"event data store {store.name} ingests", observed, expected)
    if settings.status == _SOON:
        undecidable(
            store,
            ReasonCode.EVENTUAL,
            f"event data store {store.name} is just starting to ingest",
            operation="cloudtrail.GetEventDataStore",
        )
    return failed(f"event data store {store.name} does not ingest: {settings.status}", observed, expected)
