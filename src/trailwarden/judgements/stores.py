"""What checks on event data stores share."""

from trailwarden.facts import EventSelectors

MANAGEMENT = "Management"
_EVENTS = (MANAGEMENT, "Data", "NetworkActivity")


def holds_events(selectors: EventSelectors) -> bool:
    """Return whether a store takes in what CloudTrail records; others hold Insights, Config items, or other systems' events."""
    return any(item.in_category(name) for item in selectors.selectors for name in _EVENTS)
