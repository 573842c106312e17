"""What AWS Config recorded of a trail or a bucket over time. The functions are facts of ``Trail`` and ``LogBucket``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trailwarden.errors import Unreadable
from trailwarden.facts.account import Account, body_of, expect, reason_for_call
from trailwarden.facts.base import fact
from trailwarden.facts.times import parse_time
from trailwarden.model import ReasonCode

if TYPE_CHECKING:
    from trailwarden.facts.bucket import LogBucket
    from trailwarden.facts.trail import Trail

TRAIL_TYPE, BUCKET_TYPE = "AWS::CloudTrail::Trail", "AWS::S3::Bucket"
_UNKNOWN = "ResourceNotDiscoveredException"


@dataclass(frozen=True, slots=True)
class ConfigItem:
    """One configuration item; ``supplementary`` holds what Config reads by further calls, such as a bucket's versioning."""

    time: datetime
    status: str
    configuration: Mapping[str, Any]
    supplementary: Mapping[str, Any]

    @property
    def deleted(self) -> bool:
        """Return whether the resource was gone."""
        return self.status.startswith("ResourceDeleted")


@fact("config.GetResourceConfigHistory")
def trail_timeline(trail: Trail) -> tuple[ConfigItem, ...]:
    """The items of the trail in its home region, the earliest first.

    Raises:
        Unreadable: refused; CROSS_ACCOUNT for another account's trail; UNEXPECTED where Config never saw the trail.
    """
    return _items(trail.account, trail.owner, trail.home_region, TRAIL_TYPE, [trail.arn, trail.name])


@fact("config.GetResourceConfigHistory", needs=["LogBucket.location"])
def bucket_timeline(bucket: LogBucket) -> tuple[ConfigItem, ...]:
    """The items of the bucket in its region, the earliest first."""
    location = bucket.location
    return _items(bucket.account, location.owner, location.region, BUCKET_TYPE, [bucket.name])


def _items(account: Account, owner: str, region: str, kind: str, names: Sequence[str]) -> tuple[ConfigItem, ...]:
    """Ask under each name that Config may know a resource by, until it knows one."""
    for name in names:
        call = account.call("config.GetResourceConfigHistory", region, resourceType=kind, resourceId=name)
        if owner != account.account_id:
            text = f"items of {name} are recorded in account {owner or 'of its owner'}"
            raise Unreadable(reason_for_call(call, ReasonCode.CROSS_ACCOUNT, message=text))
        reply = account.reply(call)
        if reply.error is not None and reply.error.code == _UNKNOWN and name != names[-1]:
            continue
        rows = expect(call, body_of(call, reply), "configurationItems")
        try:
            return tuple(sorted((_item(row) for row in rows), key=lambda item: item.time))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            text = f"not a configuration item: {error}"
            raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=text)) from None
    return ()


def _item(row: Mapping[str, Any]) -> ConfigItem:
    return ConfigItem(
        time=parse_time(str(row["configurationItemCaptureTime"])),
        status=str(row["configurationItemStatus"]),
        configuration=_object(row.get("configuration")),
        supplementary={name: _object(value) for name, value in (row.get("supplementaryConfiguration") or {}).items()},
    )


def _object(value: Any) -> Mapping[str, Any]:
    """Return an object that may be written as JSON text within JSON; of anything else nothing."""
    found = json.loads(value) if isinstance(value, str) and value else value
    return found if isinstance(found, Mapping) else {}
