"""lake-store-selectors-complete."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, not_applicable, param, passed
from trailwarden.facts import READ, WRITE, EventDataStore
from trailwarden.judgements.stores import MANAGEMENT


@dataclass(frozen=True)
class Params:
    allowed_fields: tuple[str, ...] = param(
        (), "Fields that selectors may narrow management events by, such as eventSource."
    )


@check(EventDataStore, reads=[EventDataStore.settings])
def lake_store_selectors_complete(store: EventDataStore, params: Params) -> Finding:
    """Event data store selectors have no blind spot.

    Why: a store's selectors may leave out events by caller, name, type, source or console session, and one line can hide the role that an attacker
    uses.

    Fix: `aws cloudtrail update-event-data-store --event-data-store ARN --advanced-event-selectors
    '[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]'`; in Terraform
    `aws_cloudtrail_event_data_store.advanced_event_selector`.

    Error: the store could not be read, or a selector is of a kind that is not known.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
    """
    rules = [item for item in store.settings.selectors.selectors if item.in_category(MANAGEMENT)]
    if not rules:
        return not_applicable(f"event data store {store.name} holds no management events")
    whole = [item for item in rules if not item.narrowing("readOnly", *params.allowed_fields)]
    free = "readOnly" in params.allowed_fields
    missing = [kind for kind in (READ, WRITE) if not any(item.admits_kind(kind) or free for item in whole)]
    narrowed = sorted({field for item in rules for field in item.narrowing(*params.allowed_fields)})
    observed = {"incomplete": missing, "narrowing": narrowed}
    expected = {"incomplete": [], "allowed_fields": list(params.allowed_fields)}
    if missing:
        text = f"event data store {store.name} does not hold all {' and '.join(missing)} management events"
        return failed(f"{text}: narrowed by {', '.join(narrowed)}", observed, expected)
    return passed(f"event data store {store.name} holds all management events", observed, expected)
