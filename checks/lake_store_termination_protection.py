"""lake-store-termination-protection."""

from trailwarden import Finding, check, failed, passed
from trailwarden.contract import NoParams
from trailwarden.facts import EventDataStore


@check(EventDataStore, reads=[EventDataStore.settings])
def lake_store_termination_protection(store: EventDataStore, params: NoParams) -> Finding:
    """Termination protection is on.

    Why: without it one call starts the deletion of all that the store holds.

    Fix: `aws cloudtrail update-event-data-store --event-data-store ARN --termination-protection-enabled`; in Terraform
    `aws_cloudtrail_event_data_store.termination_protection_enabled`. A store that Lake query federation uses can't be deleted either, but that is
    one call away from being off and protects nothing.

    Error: the store could not be read.
    """
    settings = store.settings
    federation = "ENABLED" if settings.federated else "DISABLED"
    observed = {"TerminationProtectionEnabled": settings.termination_protection, "FederationStatus": federation}
    expected = {"TerminationProtectionEnabled": True}
    if settings.termination_protection:
        return passed(f"event data store {store.name} is protected from deletion", observed, expected)
    return failed(f"event data store {store.name} can be deleted by one call", observed, expected)
