"""What CloudTrail itself is asked: its public keys (the only trust anchor), and why a trail may have a gap."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from trailwarden.integrity import aws, wire
from trailwarden.integrity.history import History, TrailEvent, TrailStatus
from trailwarden.integrity.keys import PublicKey
from trailwarden.integrity.times import DAY, HOUR

_PAGE_LIMIT: Final = 8 << 20


def public_keys(access: aws.Access, region: str, start: int, end: int) -> list[PublicKey]:
    """Every key CloudTrail used in `region` within [start, end], seconds since 1970; all pages are followed.

    Raises:
        UnavailableError: the call failed.
    """
    where = aws.endpoint(access, "cloudtrail", region)
    parameters: dict[str, Any] = {"StartTime": start, "EndTime": end}
    found: list[PublicKey] = []
    while True:
        answer = _quick_keys(where, access, parameters) if where and access.credentials else None
        if answer is None:
            answer = _slow_keys(access, region, parameters)
        found += [PublicKey.from_json(entry, region=region) for entry in answer["PublicKeyList"]]
        if not answer.get("NextToken"):
            return found
        parameters = {**parameters, "NextToken": answer["NextToken"]}


def _quick_keys(where: wire.Endpoint, access: aws.Access, parameters: dict[str, Any]) -> dict[str, Any] | None:
    """ListPublicKeys without loading boto3's service models; None if the answer is anything but a plain one."""
    assert access.credentials is not None
    target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.ListPublicKeys"
    extra = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
    connection = wire.Wire(where, access.credentials)
    try:
        response = connection.request(
            "POST", "/", limit=_PAGE_LIMIT, payload=json.dumps(parameters).encode(), extra=extra
        )
        answer = json.loads(response.body) if response.status == 200 else None
    except (wire.OddResponseError, wire.TooLargeError, OSError, ValueError):
        return None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) and isinstance(answer.get("PublicKeyList"), list) else None


def _slow_keys(access: aws.Access, region: str, parameters: dict[str, Any]) -> dict[str, Any]:
    with aws.guarded():
        answer: dict[str, Any] = aws.client(access, "cloudtrail", region).list_public_keys(**parameters)
    return answer


_GAP_EVENTS: Final = ("StopLogging", "StartLogging", "UpdateTrail", "DeleteTrail", "CreateTrail")
_EVENT_DAYS: Final = 90


def history(access: aws.Access, homes: Iterable[str], since: int, until: int, now: int) -> History:
    """Trail status and the events that stop or start trails, read in the given home regions.

    CloudTrail keeps these events for 90 days; `History.since` says from when on they are complete.

    Raises:
        UnavailableError: a call failed; then nothing is known, and gaps stay without corroboration.
    """
    begin = max(since - DAY, now - _EVENT_DAYS * DAY + HOUR)
    events: list[TrailEvent] = []
    statuses: list[TrailStatus] = []
    with aws.guarded():
        for home in sorted(set(homes)):
            cloudtrail = aws.client(access, "cloudtrail", home)
            trails = cloudtrail.describe_trails(includeShadowTrails=False)["trailList"]
            statuses += [_status(t["Name"], cloudtrail.get_trail_status(Name=t["TrailARN"])) for t in trails]
            if begin < until:
                events += _events(cloudtrail, begin, until + DAY)
    return History(begin, tuple(events), tuple(statuses))


def _status(trail: str, answer: dict[str, Any]) -> TrailStatus:
    def moment(name: str) -> int | None:
        value = answer.get(name)
        return int(value.timestamp()) if isinstance(value, datetime) else None

    return TrailStatus(
        trail,
        bool(answer.get("IsLogging")),
        moment("StartLoggingTime"),
        moment("StopLoggingTime"),
        moment("LatestDigestDeliveryTime"),
    )


def _events(cloudtrail: Any, start: int, end: int) -> Iterator[TrailEvent]:
    for name in _GAP_EVENTS:
        pages = cloudtrail.get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
            StartTime=datetime.fromtimestamp(start, UTC),
            EndTime=datetime.fromtimestamp(end, UTC),
        )
        for page in pages:
            for event in page["Events"]:
                record = json.loads(event["CloudTrailEvent"])
                request = record.get("requestParameters") or {}
                if not record.get("errorCode") and isinstance(request.get("name"), str):
                    yield TrailEvent(name, int(event["EventTime"].timestamp()), request["name"].rsplit("/", 1)[-1])
