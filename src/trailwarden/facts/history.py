"""CloudTrail's event history: management events of the last 90 days, region by region, whatever the trails record.

The functions are facts of ``Trail``, ``LogBucket`` and ``KmsKey``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from trailwarden.errors import Unreadable
from trailwarden.facts.account import Account, body_of, expect, reason_for_call
from trailwarden.facts.base import fact
from trailwarden.facts.times import parse_time
from trailwarden.model import Json, Reason, ReasonCode

if TYPE_CHECKING:
    from trailwarden.facts.bucket import LogBucket
    from trailwarden.facts.key import KmsKey
    from trailwarden.facts.trail import Trail

REACH = timedelta(days=90)
"""How far back AWS keeps the history."""
LAG = timedelta(minutes=15)
"""How long an event may take to show."""

CLOUDTRAIL, S3, KMS = "cloudtrail.amazonaws.com", "s3.amazonaws.com", "kms.amazonaws.com"
# Names as CloudTrail writes them, which for S3 are not those of the API (controls catalogue, section 7.2).
EVENTS: Mapping[str, tuple[str, ...]] = {
    CLOUDTRAIL: (
        "StopLogging",
        "StartLogging",
        "DeleteTrail",
        "CreateTrail",
        "UpdateTrail",
        "PutEventSelectors",
        "PutInsightSelectors",
        "PutEventConfiguration",
        "DeleteEventDataStore",
        "UpdateEventDataStore",
        "StopEventDataStoreIngestion",
        "StartEventDataStoreIngestion",
        "DeregisterOrganizationDelegatedAdmin",
        "RegisterOrganizationDelegatedAdmin",
    ),
    S3: (
        "DeleteBucket",
        "DeleteBucketPolicy",
        "PutBucketPolicy",
        "PutBucketAcl",
        "PutBucketPublicAccessBlock",
        "DeleteBucketPublicAccessBlock",
        "PutAccountPublicAccessBlock",
        "DeleteAccountPublicAccessBlock",
        "PutBucketVersioning",
        "PutBucketObjectLockConfiguration",
        "PutBucketLifecycle",
        "DeleteBucketLifecycle",
        "PutBucketEncryption",
        "DeleteBucketEncryption",
        "PutBucketLogging",
        "PutBucketOwnershipControls",
        "DeleteBucketOwnershipControls",
        "PutBucketReplication",
        "DeleteBucketReplication",
        "PutBucketRequestPayment",
    ),
    KMS: ("DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "DisableKeyRotation", "DeleteImportedKeyMaterial"),
}


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event. ``request`` None means that CloudTrail left the parameters out, ``error`` that the call changed nothing."""

    id: str
    name: str
    time: datetime
    account: str
    """Whose history holds it."""
    region: str
    who: str
    """ARN of the caller, or what else is known of it."""
    error: str
    request: Mapping[str, Any] | None
    response: Mapping[str, Any]
    resources: tuple[str, ...]

    def to_json(self) -> dict[str, Json]:
        """Return the row that a finding shows."""
        row: dict[str, Json] = {
            "EventId": self.id,
            "EventName": self.name,
            "EventTime": self.time.isoformat().replace("+00:00", "Z"),
            "region": self.region,
            "by": self.who,
        }
        return {**row, "errorCode": self.error} if self.error else row

    def __str__(self) -> str:
        return f"{self.name} at {self.time:%Y-%m-%dT%H:%M:%SZ} by {self.who or 'an unknown caller'}"


@dataclass(frozen=True, slots=True)
class History:
    """Events in the order in which they happened, and why there may be more."""

    events: tuple[HistoryEvent, ...]
    gaps: tuple[Reason, ...] = ()


@fact("cloudtrail.LookupEvents", "organizations.ListDelegatedAdministrators")
def trail_history(trail: Trail) -> History:
    """What was done to trails, in the trail's home region: no other region takes changes of it.

    Of an organization's trail also what delegated administrators did: a call is recorded in the account that makes it.

    Raises:
        Unreadable: NOT_VISIBLE_FROM_MEMBER for a trail of an account that the run does not reach.
    """
    account, owner = trail.account, trail.owner
    if owner not in account.peers:
        text = f"what is done to trail {trail.name} is recorded in account {owner}"
        call = account.call("cloudtrail.LookupEvents", trail.home_region)
        raise Unreadable(reason_for_call(call, ReasonCode.NOT_VISIBLE_FROM_MEMBER, message=text))
    places = [(owner, trail.home_region)]
    gaps: list[Reason] = []
    for administrator in _administrators(trail, gaps):
        if administrator in account.peers:
            places.append((administrator, trail.home_region))
            continue
        text = f"delegated administrator {administrator} may change the trail, and is not judged in this run"
        call = account.call("cloudtrail.LookupEvents", trail.home_region)
        gaps.append(reason_for_call(call, ReasonCode.CROSS_ACCOUNT, message=text))
    return look_up(account, places, CLOUDTRAIL, gaps)


def _administrators(trail: Trail, gaps: list[Reason]) -> Iterable[str]:
    if not trail.is_organization_trail:
        return ()
    account = trail.account
    call = account.call(
        "organizations.ListDelegatedAdministrators",
        account.global_region,
        asker=trail.owner,
        ServicePrincipal=CLOUDTRAIL,
    )
    try:
        rows = expect(call, body_of(call, account.reply(call)), "DelegatedAdministrators")
    except Unreadable as error:
        gaps.append(error.reason)
        return ()
    return sorted(str(row["Id"]) for row in rows)


def trail_history_everywhere(account: Account) -> History:
    """Return what was done to trails in every enabled region, those that are gone included."""
    return look_up(account, [(account.account_id, region.name) for region in account.regions], CLOUDTRAIL)


@fact("cloudtrail.LookupEvents", needs=["LogBucket.location"])
def bucket_history(bucket: LogBucket) -> History:
    """What was done to buckets, in the bucket's region and in the account that owns it.

    Raises:
        Unreadable: CROSS_ACCOUNT for a bucket of an account that the run does not reach; NOT_FOUND for one that is gone.
    """
    account, location = bucket.account, bucket.location
    if not location.owner:
        call = account.call("cloudtrail.LookupEvents", location.region or bucket.region)
        code = ReasonCode.CROSS_ACCOUNT if location.exists else ReasonCode.NOT_FOUND
        text = f"what is done to bucket {bucket.name} is recorded in the account that owns it"
        raise Unreadable(reason_for_call(call, code, message=text))
    return look_up(account, [(location.owner, location.region)], S3)


@fact("cloudtrail.LookupEvents")
def key_history(key: KmsKey) -> History:
    """What was done to keys, in the key's region and account.

    Raises:
        Unreadable: CROSS_ACCOUNT for a key of an account that the run does not reach.
    """
    account = key.account
    if key.owner not in account.peers:
        call = account.call("cloudtrail.LookupEvents", key.region)
        text = f"what is done to key {key.name} is recorded in account {key.owner}"
        raise Unreadable(reason_for_call(call, ReasonCode.CROSS_ACCOUNT, message=text))
    return look_up(account, [(key.owner, key.region)], KMS)


def look_up(account: Account, places: Sequence[tuple[str, str]], source: str, gaps: Iterable[Reason] = ()) -> History:
    """Ask for each kind of event in each place (account and region); AWS takes one name a call.

    Args:
        account: asks.
        places: whose history, and of which region.
        source: the service that was called, a key of ``EVENTS``; other services have events of the same names.
        gaps: what could not be looked at.
    """
    # Names outside, so that regions take turns: AWS allows two calls a second in each.
    calls = [
        account.call(
            "cloudtrail.LookupEvents",
            region,
            asker=asker,
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
        )
        for name in EVENTS[source]
        for asker, region in places
    ]
    found: dict[str, HistoryEvent] = {}
    unread = list(gaps)
    for call, reply in zip(calls, account.replies(calls), strict=True):
        try:
            body = body_of(call, reply)
            for row in expect(call, body, "Events"):
                event = _event(row, call.account, call.region, source)
                if event is not None:
                    found[event.id] = event
            if body.get("NextToken"):
                unread.append(reason_for_call(call, ReasonCode.TRUNCATED, message="the history goes on"))
        except Unreadable as error:
            unread.append(error.reason)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            unread.append(reason_for_call(call, ReasonCode.UNPARSEABLE, message=f"not an event: {error}"))
    events = tuple(sorted(found.values(), key=lambda item: (item.time, item.id)))
    return History(events, tuple(unread))


def _event(row: Mapping[str, Any], account: str, region: str, source: str) -> HistoryEvent | None:
    """Read one row, whose record is a text within; None for an event of another service."""
    record = json.loads(row["CloudTrailEvent"])
    if record.get("eventSource", row.get("EventSource")) != source:
        return None
    request = record.get("requestParameters")
    if not isinstance(request, Mapping) or request.get("omitted") is True:
        request = None
    identity = record.get("userIdentity") or {}
    named = [str(item.get("ARN") or "") for item in record.get("resources") or ()]
    named += [str(item.get("ResourceName") or "") for item in row.get("Resources") or ()]
    return HistoryEvent(
        id=str(row["EventId"]),
        name=str(record.get("eventName") or row["EventName"]),
        time=parse_time(str(row["EventTime"])),
        account=account,
        region=str(record.get("awsRegion") or region),
        who=str(identity.get("arn") or identity.get("invokedBy") or row.get("Username") or ""),
        error=str(record.get("errorCode") or ""),
        request=request,
        response=record.get("responseElements") or {},
        resources=tuple(name for name in named if name),
    )
