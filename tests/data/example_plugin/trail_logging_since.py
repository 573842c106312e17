"""trail-logging-since."""

from dataclasses import dataclass
from datetime import timedelta

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import Trail


@dataclass(frozen=True)
class Params:
    min_days: int = param(90, "For how many days the trail must have been logging without a stop.", minimum=1)


@check(Trail, reads=[Trail.status])
def trail_logging_since(trail: Trail, params: Params) -> Finding:
    """The trail has been logging for long enough.

    Why: a trail that was started last week says nothing about last month, however well it is set up.

    Fix: nothing repairs a gap; find out who stopped the trail, and alarm on `StopLogging`.
    """
    since = trail.status.start_logging_time
    required = trail.account.now - timedelta(days=params.min_days)
    observed = {"StartLoggingTime": since.isoformat() if since else None, "IsLogging": trail.status.is_logging}
    expected = {"StartLoggingTime": f"not after {required.isoformat()}", "IsLogging": True}
    if trail.status.is_logging and since is not None and since <= required:
        return passed(f"trail {trail.name} has been logging since {since:%Y-%m-%d}", observed, expected)
    return failed(f"trail {trail.name} has not been logging for {params.min_days} days", observed, expected)
