"""One enabled region of an account, and which trail records it there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trailwarden.errors import Unreadable
from trailwarden.facts.account import expect
from trailwarden.facts.base import Subject, fact, record_call
from trailwarden.facts.neighbours import (
    analyzers,
    config_deliveries,
    config_recorder,
    config_retention,
    detectors,
    flow_logs,
    hub_arn,
)
from trailwarden.facts.times import optional_time
from trailwarden.facts.trail import read_status
from trailwarden.model import Reason

if TYPE_CHECKING:
    from trailwarden.facts.account import Account, RegionInfo


@dataclass(frozen=True, slots=True)
class RegionCoverage:
    """What is known of logging in one region."""

    listed: tuple[str, ...]
    """ARNs of the trails that DescribeTrails lists in the region, home or shadow."""
    logging: str
    """ARN of the first of them whose status in this region is logging, or empty."""
    not_logging: tuple[str, ...]
    unreadable: tuple[Reason, ...]
    """Why the status of the others is not known."""

    def is_logging(self) -> bool:
        """Return whether a trail records the region.

        Raises:
            Unreadable: none is known to, and the status of one could not be read.
        """
        if not self.logging and self.unreadable:
            raise Unreadable(self.unreadable[0])
        return bool(self.logging)


class Region(Subject):
    """An enabled region of an account."""

    kind = "region"

    def __init__(self, account: Account, info: RegionInfo) -> None:
        super().__init__(id=account.id, name=info.name, account_id=account.account_id, region=info.name)
        self.account = account
        self._info = info
        self._listing = account.call("ec2.DescribeRegions", account.global_region, AllRegions=True)

    @property
    def opt_in_status(self) -> str:
        """Return OptInStatus, and note the listing that says so."""
        record_call(self._listing.id)
        return self._info.opt_in_status

    @property
    def opted_in(self) -> bool:
        """Return whether the region had to be enabled by hand."""
        return self.opt_in_status != "opt-in-not-required"

    @fact("cloudtrail.DescribeTrails", "cloudtrail.GetTrailStatus")
    def coverage(self) -> RegionCoverage:
        """Ask, in this region and by ARN, each trail listed here for its status until one is logging.

        Raises:
            Unreadable: the region's own DescribeTrails failed.
        """
        call = self.account.call("cloudtrail.DescribeTrails", self.name)
        rows = expect(call, self.account.ask(call.name, self.name), "trailList")
        # A multi-region trail is the likeliest to cover the region, so it is asked first; one that logs settles the matter.
        rows = sorted(rows, key=lambda row: (not row.get("IsMultiRegionTrail"), row["TrailARN"]))
        listed = tuple(sorted(str(row["TrailARN"]) for row in rows))
        silent: list[str] = []
        unreadable: list[Reason] = []
        for arn in (str(row["TrailARN"]) for row in rows):
            try:
                if read_status(self.account, arn, self.name).is_logging:
                    return RegionCoverage(listed, arn, tuple(silent), tuple(unreadable))
                silent.append(arn)
            except Unreadable as error:
                unreadable.append(error.reason)
        return RegionCoverage(listed, "", tuple(silent), tuple(unreadable))

    config_recorder = config_recorder
    config_retention = config_retention
    config_deliveries = config_deliveries
    detectors = detectors
    hub_arn = hub_arn
    analyzers = analyzers
    flow_logs = flow_logs

    @fact("cloudtrail.LookupEvents", needs=["Region.coverage"])
    def enabled_at(self) -> datetime | None:
        """When the region was last enabled by hand, as far as the event history of this account tells (90 days).

        No API returns the time of an opt-in. Nothing is asked for a region that is recorded, or that needs no opt-in.

        Raises:
            Unreadable: the event history can't be read.
        """
        if not self.opted_in or self.coverage.logging:
            return None
        wanted = {"AttributeKey": "EventName", "AttributeValue": "EnableRegion"}
        body = self.account.ask("cloudtrail.LookupEvents", self.account.global_region, LookupAttributes=[wanted])
        times = (optional_time(event.get("EventTime")) for event in body.get("Events", []) if _names(event, self.name))
        return max((moment for moment in times if moment is not None), default=None)


def _names(event: Mapping[str, Any], region: str) -> bool:
    """Return whether an EnableRegion event is about a region; a refused request enabled nothing."""
    try:
        record = json.loads(event.get("CloudTrailEvent") or "{}")
    except ValueError:
        return False
    return not record.get("errorCode") and region in _texts(record.get("requestParameters"))


def _texts(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else ()
