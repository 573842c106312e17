"""lake-store-retention."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import EventDataStore


@dataclass(frozen=True)
class Params:
    min_retention_days: int = param(365, "For how many days events must be kept, by the time of the event.", minimum=7)


@check(EventDataStore, reads=[EventDataStore.settings])
def lake_store_retention(store: EventDataStore, params: Params) -> Finding:
    """Event data store retention is long enough.

    Why: retention goes by the time of the event: what is older is gone, also from among trail events that were copied in later.

    Fix: `aws cloudtrail update-event-data-store --event-data-store ARN --retention-period 2557`; in Terraform
    `aws_cloudtrail_event_data_store.retention_period`. The longest is 3653 days, 2557 with seven-year pricing.

    Error: the store could not be read.
    """
    settings = store.settings
    observed = {"RetentionPeriod": settings.retention_days, "BillingMode": settings.billing_mode or None}
    expected = {"RetentionPeriod": f">= {params.min_retention_days}"}
    text = f"event data store {store.name} keeps events for {settings.retention_days} days"
    if settings.retention_days >= params.min_retention_days:
        return passed(text, observed, expected)
    return failed(f"{text}, fewer than {params.min_retention_days}", observed, expected)
