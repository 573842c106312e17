"""Which regions a check on a neighbour of the trail speaks about."""

from __future__ import annotations

from collections.abc import Collection

from trailwarden.contract import not_applicable
from trailwarden.facts import Region
from trailwarden.kleene import answered
from trailwarden.model import Finding

HOME = "home"
REGIONS_DOC = "home: where a trail has its home, or the global region without one; all: every enabled region."


def ignored(region: Region, names: Collection[str]) -> Finding | None:
    """Return NOT_APPLICABLE for a region that the policy ignores."""
    return not_applicable(f"region {region.name} is ignored", {"ignored": True}) if region.name in names else None


def away_from_home(region: Region) -> Finding | None:
    """Return NOT_APPLICABLE for a region in which no trail has its home.

    Raises:
        Unreadable: none is known to, and the trails of a region could not be listed.
    """
    trails = region.account.trails
    homes = {trail.home_region for trail in trails} or {region.account.global_region}
    if region.name in homes:
        return None
    for gap in trails.gaps:
        answered(gap)
    return not_applicable(f"no trail has its home in region {region.name}", {"home regions": sorted(homes)})
