"""Whether what a trail sends arrives: the times and errors of GetTrailStatus, which speak for one region each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from trailwarden.contract import failed, not_applicable, passed, undecidable
from trailwarden.errors import Unreadable
from trailwarden.facts import Trail, TrailStatus, format_time
from trailwarden.model import Finding, Json, Reason, ReasonCode


@dataclass(frozen=True, slots=True)
class Stream:
    """One of the things a trail sends, with the names of its fields."""

    what: str
    time_field: str
    error_field: str
    time: Callable[[TrailStatus], datetime | None]
    error: Callable[[TrailStatus], str]

    def observe(self, status: TrailStatus) -> dict[str, Json]:
        """Return the fields that decide, as GetTrailStatus names them."""
        latest, start = self.time(status), status.start_logging_time
        return {
            "IsLogging": status.is_logging,
            "StartLoggingTime": format_time(start) if start else None,
            self.time_field: format_time(latest) if latest else None,
            self.error_field: self.error(status) or None,
        }


LOG_FILES = Stream(
    "log files",
    "LatestDeliveryTime",
    "LatestDeliveryError",
    lambda status: status.latest_delivery_time,
    lambda status: status.latest_delivery_error,
)
DIGESTS = Stream(
    "digest files",
    "LatestDigestDeliveryTime",
    "LatestDigestDeliveryError",
    lambda status: status.latest_digest_delivery_time,
    lambda status: status.latest_digest_delivery_error,
)
CLOUDWATCH = Stream(
    "events to CloudWatch Logs",
    "LatestCloudWatchLogsDeliveryTime",
    "LatestCloudWatchLogsDeliveryError",
    lambda status: status.latest_cloudwatch_delivery_time,
    lambda status: status.latest_cloudwatch_delivery_error,
)


def polled(trail: Trail, *, every_region: bool) -> Mapping[str, TrailStatus | Reason]:
    """Return the statuses a delivery is judged by: the home region's, or those of all regions that the trail records.

    Raises:
        Unreadable: only the home region is polled, and its status could not be read.
    """
    return trail.status_by_region if every_region else {trail.home_region: trail.status}


def stopped(trail: Trail, statuses: Mapping[str, TrailStatus | Reason]) -> Finding | None:
    """Return NOT_APPLICABLE for a trail that is known not to be logging: nothing is due from it."""
    home = statuses[trail.home_region]
    if isinstance(home, Reason) or home.is_logging:
        return None
    return not_applicable(f"trail {trail.name} is not logging, so nothing is due", {"IsLogging": False})


def judge_delivery(
    trail: Trail,
    stream: Stream,
    statuses: Mapping[str, TrailStatus | Reason],
    *,
    heartbeat: Callable[[TrailStatus], bool],
    max_age_hours: int,
    warmup_hours: int,
) -> Finding:
    """Judge one stream of a trail: no error in any region, and a recent delivery wherever a heartbeat is due.

    Args:
        trail: the subject.
        stream: what is delivered.
        statuses: the polled regions, each with its status or why there is none.
        heartbeat: whether a status must show a recent delivery; a region without events may be silent.
        max_age_hours: how old the latest delivery may be.
        warmup_hours: how long after logging began nothing need have arrived.

    Raises:
        Unreadable: nothing is known to be wrong, and a status could not be read, or is too young (EVENTUAL).
    """
    now = trail.account.now
    oldest = now - timedelta(hours=max_age_hours)
    settled = now - timedelta(hours=warmup_hours)
    known = {region: status for region, status in statuses.items() if isinstance(status, TrailStatus)}
    observed = _observed(trail, stream, statuses)
    expected: dict[str, Json] = {stream.error_field: None, stream.time_field: f"not before {format_time(oldest)}"}
    faults = list(_faults(stream, known, heartbeat, oldest, settled))
    if faults:
        return failed(f"trail {trail.name} does not deliver {stream.what}: {'; '.join(faults)}", observed, expected)
    for region, status in statuses.items():
        if isinstance(status, Reason):
            raise Unreadable(status)
        if heartbeat(status) and not _recent(stream, status, oldest):
            undecidable(
                trail,
                ReasonCode.EVENTUAL,
                f"logging began less than {warmup_hours} hours ago and no {stream.what} have been delivered since",
                operation="cloudtrail.GetTrailStatus",
                region=region,
            )
    return passed(f"trail {trail.name} delivers {stream.what}", observed, expected)


def _observed(trail: Trail, stream: Stream, statuses: Mapping[str, TrailStatus | Reason]) -> dict[str, Json]:
    rows: dict[str, Json] = {
        region: {"unreadable": status.code.value} if isinstance(status, Reason) else stream.observe(status)
        for region, status in sorted(statuses.items())
    }
    if list(rows) == [trail.home_region]:
        return dict(rows[trail.home_region])
    return {"regions": rows}


def _faults(
    stream: Stream,
    statuses: Mapping[str, TrailStatus],
    heartbeat: Callable[[TrailStatus], bool],
    oldest: datetime,
    settled: datetime,
) -> Iterator[str]:
    for region, status in sorted(statuses.items()):
        if stream.error(status):
            yield f"{stream.error_field} is {stream.error(status)!r} in {region}"
        elif heartbeat(status) and not _recent(stream, status, oldest) and not _warming_up(stream, status, settled):
            latest = stream.time(status)
            yield (
                f"the latest arrived at {format_time(latest)} in {region}"
                if latest
                else f"none ever arrived from {region}"
            )


def _recent(stream: Stream, status: TrailStatus, oldest: datetime) -> bool:
    latest = stream.time(status)
    return latest is not None and latest >= oldest


def _warming_up(stream: Stream, status: TrailStatus, settled: datetime) -> bool:
    """Return whether logging began a moment ago and nothing has been delivered since; an older delivery is of a former start."""
    start, latest = status.start_logging_time, stream.time(status)
    return status.is_logging and start is not None and start > settled and (latest is None or latest < start)
