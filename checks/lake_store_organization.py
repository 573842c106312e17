"""lake-store-organization."""

from trailwarden import Finding, check, failed, passed
from trailwarden.contract import NoParams
from trailwarden.facts import EventDataStore, Organization
from trailwarden.judgements.organization import no_organization


@check(EventDataStore, reads=[EventDataStore.settings, Organization.membership])
def lake_store_organization(store: EventDataStore, params: NoParams) -> Finding:
    """Event data store covers the organization.

    Why: accounts that join later are included without anybody thinking of it. Since CloudTrail Lake is closed to new customers, only an
    organization's store takes in new accounts at all.

    Fix: `aws cloudtrail update-event-data-store --event-data-store ARN --organization-enabled`, in the management account or as a delegated
    administrator; in Terraform `aws_cloudtrail_event_data_store.organization_enabled`.

    Error: the store, or whether there is an organization, could not be read.
    """
    outside = no_organization(store.account.organization.membership)
    if outside is not None:
        return outside
    value = store.settings.organization
    observed, expected = {"OrganizationEnabled": value}, {"OrganizationEnabled": True}
    if value:
        return passed(f"event data store {store.name} covers the organization", observed, expected)
    return failed(f"event data store {store.name} covers account {store.owner} only", observed, expected)
