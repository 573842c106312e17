"""Fills the event history of a World, as LookupEvents answers it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from trailwarden.calls import Call, Reply
from trailwarden.facts import format_time
from trailwarden.model import Json
from trailwarden.testing.world import World


class Past:
    """What was done, in every region and account; nothing at first. Later overrides with ``world.reply`` win.

    Args:
        world: to extend.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._events: dict[tuple[str, str, str], list[dict[str, Json]]] = {}
        self._number = 0
        world.answer("cloudtrail.LookupEvents", self._look_up)

    def add(
        self,
        name: str,
        moment: datetime,
        request: Mapping[str, Json] | None = None,
        *,
        source: str = "cloudtrail",
        region: str = "us-east-1",
        account: str = "",
        by: str = "user/alice",
        error: str = "",
        resources: tuple[str, ...] = (),
        **record: Json,
    ) -> None:
        """Add an event.

        Args:
            name: of the event.
            moment: when.
            request: its requestParameters; None for an event that was recorded without.
            source: the service.
            region: whose history holds it.
            account: whose history holds it (default: the account under audit).
            by: the end of the caller's ARN.
            error: its errorCode.
            resources: names of what it is said to be about.
            record: further fields of the record, by AWS's names.
        """
        self._number += 1
        account = account or self.world.account_id
        service = "sts" if by.startswith("assumed-role/") else "iam"
        fields: dict[str, Json] = {
            "eventVersion": "1.11",
            "userIdentity": {"arn": f"arn:{self.world.partition}:{service}::{account}:{by}"},
            "eventTime": format_time(moment),
            "eventSource": f"{source}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "requestParameters": dict(request) if request is not None else None,
            "responseElements": None,
            **({"errorCode": error} if error else {}),
            **record,
        }
        row: dict[str, Json] = {
            "EventId": f"00000000-0000-4000-8000-{self._number:012d}",
            "EventName": name,
            "EventTime": format_time(moment),
            "EventSource": f"{source}.amazonaws.com",
            "Username": by.rsplit("/", 1)[-1],
            "Resources": [{"ResourceName": item} for item in resources],
            "CloudTrailEvent": json.dumps(fields),
        }
        rows = self._events.setdefault((account, region, name), [])
        rows.append(row)
        rows.sort(key=lambda item: str(item["EventTime"]), reverse=True)

    def _look_up(self, call: Call) -> Reply:
        [attribute] = call.arguments["LookupAttributes"]
        return Reply(body={"Events": self._events.get((call.account, call.region, attribute["AttributeValue"]), [])})
