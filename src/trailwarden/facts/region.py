"""One enabled region of an account, and which trail records it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trailwarden.errors import Unreadable
from trailwarden.facts.base import Subject, fact
from trailwarden.model import Reason

if TYPE_CHECKING:
    from trailwarden.facts.account import Account, RegionInfo


@dataclass(frozen=True, slots=True)
class RegionCoverage:
    """What is known of logging in one region. At most one of ``logging`` and the rest decides a verdict."""

    listed: tuple[str, ...]
    """ARNs of the trails that DescribeTrails lists in the region, home or shadow."""
    logging: str
    """ARN of the first of them whose status in this region is logging, or empty."""
    not_logging: tuple[str, ...]
    unreadable: tuple[Reason, ...]


class Region(Subject):
    """An enabled region of an account."""

    kind = "region"

    def __init__(self, account: Account, info: RegionInfo) -> None:
        super().__init__(id=account.id, name=info.name, account_id=account.account_id, region=info.name)
        self.account = account
        self.opt_in_status = info.opt_in_status

    @fact("cloudtrail.GetTrailStatus", needs=["Account.listings", "Account.trails"])
    def coverage(self) -> RegionCoverage:
        """Ask, in this region and by ARN, each trail listed here for its status until one is logging.

        Raises:
            Unreadable: the region's own DescribeTrails failed.
        """
        listing = self.account.listings[self.name]
        if isinstance(listing, Reason):
            raise Unreadable(listing)
        arns = {str(row["TrailARN"]) for row in listing}
        # A multi-region trail is the likeliest to cover the region, so it is asked first; one that logs settles the matter.
        trails = sorted(
            (trail for trail in self.account.trails if trail.arn in arns), key=lambda t: (not t.is_multi_region, t.arn)
        )
        silent: list[str] = []
        unreadable: list[Reason] = []
        for trail in trails:
            try:
                if trail.read_status(self.name).is_logging:
                    return RegionCoverage(tuple(sorted(arns)), trail.arn, tuple(silent), tuple(unreadable))
                silent.append(trail.arn)
            except Unreadable as error:
                unreadable.append(error.reason)
        return RegionCoverage(tuple(sorted(arns)), "", tuple(silent), tuple(unreadable))
