"""lake-store-multi-region."""

from trailwarden import Finding, check, failed, passed
from trailwarden.contract import NoParams
from trailwarden.facts import EventDataStore


@check(EventDataStore, reads=[EventDataStore.settings])
def lake_store_multi_region(store: EventDataStore, params: NoParams) -> Finding:
    """Event data store covers all Regions.

    Why: a store of one region knows nothing of what was done in the others.

    Fix: `aws cloudtrail update-event-data-store --event-data-store ARN --multi-region-enabled`; in Terraform
    `aws_cloudtrail_event_data_store.multi_region_enabled`.

    Error: the store could not be read.
    """
    value = store.settings.multi_region
    observed, expected = {"MultiRegionEnabled": value}, {"MultiRegionEnabled": True}
    if value:
        return passed(f"event data store {store.name} covers all regions", observed, expected)
    return failed(f"event data store {store.name} covers region {store.region} only", observed, expected)
