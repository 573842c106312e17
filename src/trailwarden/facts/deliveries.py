"""What has arrived in the bucket of an organization's trail: the newest digest of each account and region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trailwarden.calls import Call
from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, reason_for_call
from trailwarden.facts.base import fact
from trailwarden.facts.times import optional_time
from trailwarden.model import Reason, ReasonCode

if TYPE_CHECKING:
    from trailwarden.facts.organization import Organization
    from trailwarden.facts.trail import Trail

LOOK_BACK = timedelta(days=7)
"""How far back digests are listed: an hourly file makes 168 of them, which is one page."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One account and region. ``latest`` is None when nothing arrived within ``LOOK_BACK``, or when ``reason`` says why nobody knows."""

    account: str
    region: str
    latest: datetime | None = None
    reason: Reason | None = None


@fact("s3.ListObjectsV2", needs=["Organization.members", "Account.trails", "LogBucket.location"])
def home_digests(organization: Organization) -> Mapping[str, tuple[Delivery, ...]]:
    """By organization trail: the newest digest of each active account in the trail's home region."""
    accounts = [item.id for item in organization.members if item.active]
    return {
        trail.arn: tuple(_listed(organization, trail, [(account, trail.home_region) for account in accounts]))
        for trail in _validated(organization)
    }


@fact("s3.ListObjectsV2", needs=["Organization.enabled_regions", "Account.trails", "LogBucket.location"])
def all_digests(organization: Organization) -> Mapping[str, tuple[Delivery, ...]]:
    """By organization trail: the newest digest of each active account in each region that the account has enabled."""
    known = [
        (account, region)
        for account, regions in organization.enabled_regions.items()
        if not isinstance(regions, Reason)
        for region in sorted(regions)
    ]
    unknown = [
        Delivery(account, "", reason=regions)
        for account, regions in organization.enabled_regions.items()
        if isinstance(regions, Reason)
    ]
    return {trail.arn: (*_listed(organization, trail, known), *unknown) for trail in _validated(organization)}


def _validated(organization: Organization) -> list[Trail]:
    """Return the organization trails that make digests and are judged here; what all accounts deliver is listed once in a run."""
    found = [item for item in organization.account.trails if item.is_organization_trail and item.log_file_validation]
    return [item for item in found if item.bucket and item.judge == organization.account_id]


def _listed(organization: Organization, trail: Trail, places: list[tuple[str, str]]) -> Iterable[Delivery]:
    try:
        calls = [_call(organization, trail, account, region) for account, region in places]
    except Unreadable as error:
        yield from (Delivery(account, region, reason=error.reason) for account, region in places)
        return
    organization.account.replies(calls)  # together, so that they are asked concurrently; read one by one below
    for (account, region), call in zip(places, calls, strict=True):
        try:
            yield Delivery(account, region, _newest(organization, trail, region, call))
        except Unreadable as error:
            yield Delivery(account, region, reason=_seen_from_outside(trail, error).reason)


def _seen_from_outside(trail: Trail, error: Unreadable) -> Unreadable:
    """Return CROSS_ACCOUNT for a refusal by a bucket whose owner the run does not reach, as for the bucket's settings."""
    assert trail.bucket is not None
    location = trail.bucket.location
    if location.foreign and not location.owner and error.reason.code is ReasonCode.ACCESS_DENIED:
        return trail.account.out_of_reach(error.reason)
    return error


def _call(organization: Organization, trail: Trail, account: str, region: str) -> Call:
    bucket = trail.bucket
    assert bucket is not None
    location = bucket.location
    prefix = f"{trail.key_prefix}/" if trail.key_prefix else ""
    folder = f"{prefix}AWSLogs/{organization.membership.organization_id}/{account}/CloudTrail-Digest/{region}/"
    since = organization.account.now - LOOK_BACK
    owner = {"ExpectedBucketOwner": location.owner} if location.owner else {}
    return organization.account.call(
        "s3.ListObjectsV2",
        location.region,
        asker=location.asker,
        Bucket=bucket.name,
        Prefix=folder,
        StartAfter=f"{folder}{since:%Y/%m/%d}",
        **owner,
    )


def _newest(organization: Organization, trail: Trail, region: str, call: Call) -> datetime | None:
    """Return when the newest digest of the trail arrived; other trails may deliver to the same folder."""
    body = body_of(call, organization.account.reply(call))
    if "Contents" not in body and "KeyCount" not in body:
        raise Unreadable(reason_for_call(call, ReasonCode.UNEXPECTED, message="the answer lacks Contents and KeyCount"))
    if body.get("IsTruncated"):
        raise Unreadable(reason_for_call(call, ReasonCode.TRUNCATED, message="the listing goes on"))
    name = f"_CloudTrail-Digest_{region}_{trail.name}_{trail.home_region}_"
    rows = (row for row in body.get("Contents") or () if name in str(row["Key"]))
    return max((moment for row in rows if (moment := optional_time(row.get("LastModified"))) is not None), default=None)
