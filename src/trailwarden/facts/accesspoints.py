"""Access points of a bucket: second doors, each with a policy of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trailwarden.calls import Call
from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect
from trailwarden.facts.bucketsettings import PublicAccessBlock
from trailwarden.model import Json, Reason

if TYPE_CHECKING:
    from trailwarden.facts.account import Account

Control = Callable[..., Call]
"""Returns a call of S3's account-wide API: the operation, and its parameters by name."""


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """An access point. ``public`` (its policy) and ``restricted`` (by its own settings) are a reason where they can't be read."""

    name: str
    origin: str
    """Internet or VPC; a policy can't make the latter public."""
    public: bool | Reason = False
    restricted: bool | Reason = False


def list_access_points(account: Account, control: Control, bucket: str) -> tuple[AccessPoint, ...]:
    """Return the access points that the bucket owner's account has on a bucket, by name.

    Raises:
        Unreadable: the list was refused. What a single one does not tell stays in its fields.
    """
    found: list[AccessPoint] = []
    more: dict[str, Json] = {}
    while True:
        call = control("s3control.ListAccessPoints", Bucket=bucket, **more)
        body = body_of(call, account.reply(call))
        found += [_read(account, control, row) for row in expect(call, body, "AccessPointList")]
        if not body.get("NextToken"):
            return tuple(sorted(found, key=lambda item: item.name))
        more = {"NextToken": body["NextToken"]}


def _read(account: Account, control: Control, row: Mapping[str, Any]) -> AccessPoint:
    name, origin = str(row["Name"]), str(row.get("NetworkOrigin") or "")
    if origin == "VPC":
        return AccessPoint(name, origin)
    try:
        public = _is_public(account, control, name)
    except Unreadable as error:
        return AccessPoint(name, origin, error.reason, error.reason)
    if not public:
        return AccessPoint(name, origin)
    try:
        call = control("s3control.GetAccessPoint", Name=name)
        block = expect(call, body_of(call, account.reply(call)), "PublicAccessBlockConfiguration")
    except Unreadable as error:
        return AccessPoint(name, origin, True, error.reason)
    return AccessPoint(name, origin, True, PublicAccessBlock.parse(block).restrict_public_buckets)


def _is_public(account: Account, control: Control, name: str) -> bool:
    call = control("s3control.GetAccessPointPolicyStatus", Name=name)
    reply = account.reply(call)
    if reply.error is not None and reply.error.code == "NoSuchAccessPointPolicy":
        return False
    return bool(expect(call, expect(call, body_of(call, reply), "PolicyStatus"), "IsPublic"))
