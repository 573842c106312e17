"""What a log file holds: does it parse, and does every event carry the fields AWS documents for all events of its type?

Source: AWS CloudTrail User Guide, "record contents" for management, data and network activity events, for Insights events,
and for aggregated events; the fields that are not optional there, as far as they say what happened, where, when and by whom.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

REQUIRED: Final = ("eventTime", "eventName", "eventSource", "awsRegion", "sourceIPAddress", "userIdentity", "eventID")
#: Insights and aggregated events tell of many calls: no one caller, and other names; a dot leads into an object.
_INSIGHT: Final = ("eventTime", "insightDetails.eventName", "insightDetails.eventSource", "awsRegion", "eventID")
_AGGREGATED: Final = ("timeWindow.windowStart", "eventSource", "awsRegion", "eventId", "summary")
_BY_TYPE: Final = {"AwsCloudTrailInsight": _INSIGHT, "AwsAggregatedEvent": _AGGREGATED}


@dataclass(frozen=True, slots=True)
class LogContent:
    """Events of one log file. `hours` counts them by the UTC hour of their time (`2026-01-02T03`).

    `incomplete` counts missing fields by name over all events; `problem` is set if the file is no log at all. `trail` and
    `home` (its home region) are those of the digest that names the file.
    """

    key: str
    account: str
    region: str
    trail: str
    home: str
    events: int = 0
    hours: dict[str, int] = field(default_factory=dict)
    incomplete: dict[str, int] = field(default_factory=dict)
    problem: str = ""

    @property
    def lacks(self) -> str:
        """What is wrong with the file or missing in its events, in words; empty if nothing is."""
        missing = (f"{name} missing in {number} event(s)" for name, number in sorted(self.incomplete.items()))
        return self.problem or ", ".join(missing)


def read_events(file: LogContent, data: bytes) -> LogContent:
    """Parse the inflated log `data` and count what its events lack; returns `file`, of which only the place is known."""
    try:
        records = json.loads(data)["Records"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return replace(file, problem=f"not a CloudTrail log: {error!r}"[:200])
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return replace(file, problem="not a CloudTrail log: Records is not a list of objects")
    hours: dict[str, int] = {}
    incomplete: dict[str, int] = {}
    for record in records:
        kind = record.get("eventType")
        required = _BY_TYPE.get(kind, REQUIRED) if isinstance(kind, str) else REQUIRED
        for name in required:
            if not _value(record, name):
                incomplete[name] = incomplete.get(name, 0) + 1
        hour = str(_value(record, required[0]) or "")[:13]
        hours[hour] = hours.get(hour, 0) + 1
    return replace(file, events=len(records), hours=hours, incomplete=incomplete)


def _value(record: Mapping[str, Any], name: str) -> Any:
    """The field, also one inside of an object, or None."""
    outer, dot, inner = name.partition(".")
    found = record.get(outer)
    if not dot:
        return found
    return found.get(inner) if isinstance(found, dict) else None
