"""What a log file holds: does it parse, and does every event carry the fields AWS documents for all events?"""

import json
from dataclasses import dataclass
from typing import Final

REQUIRED: Final = ("eventTime", "eventName", "eventSource", "awsRegion", "sourceIPAddress", "userIdentity", "eventID")
#: An event AWS could not deliver in full carries an addendum instead of some fields; Insights events have no caller.
_OF_CALLER: Final = frozenset({"sourceIPAddress", "userIdentity", "eventName"})


@dataclass(frozen=True, slots=True)
class LogContent:
    """Events of one log file. `hours` counts them by the hour of their eventTime (`2026-01-02T03`).

    `incomplete` counts missing fields by name over all events; `problem` is set if the file is no log at all.
    """

    key: str
    account: str
    region: str
    events: int
    hours: dict[str, int]
    incomplete: dict[str, int]
    problem: str = ""


def read_events(key: str, account: str, region: str, data: bytes) -> LogContent:
    """Parse the inflated log file `data` and count what its events lack."""
    try:
        records = json.loads(data)["Records"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return LogContent(key, account, region, 0, {}, {}, f"not a CloudTrail log: {error!r}"[:200])
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return LogContent(key, account, region, 0, {}, {}, "not a CloudTrail log: Records is not a list of objects")
    hours: dict[str, int] = {}
    incomplete: dict[str, int] = {}
    for record in records:
        insight = record.get("eventType") == "AwsCloudTrailInsight"
        for name in REQUIRED:
            if not record.get(name) and not (insight and name in _OF_CALLER):
                incomplete[name] = incomplete.get(name, 0) + 1
        hour = str(record.get("eventTime", ""))[:13]
        hours[hour] = hours.get(hour, 0) + 1
    return LogContent(key, account, region, len(records), hours, incomplete)
