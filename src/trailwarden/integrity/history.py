"""What is known besides the bucket: trail events and trail status, against which a gap is explained or not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from trailwarden.integrity import times

_STOPS: Final = frozenset({"StopLogging", "UpdateTrail", "DeleteTrail"})
_STARTS: Final = frozenset({"StartLogging", "UpdateTrail", "CreateTrail"})
# The last digest before a stop ends up to an hour after it; the first one after a start begins within minutes.
_BEFORE: Final = times.HOUR
_AFTER: Final = 2 * times.HOUR


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """A successful management event on a trail; `trail` is its name (not the ARN), `at` in seconds since 1970."""

    name: str
    at: int
    trail: str

    def __str__(self) -> str:
        return f"{self.name} at {times.extended(self.at)}"


@dataclass(frozen=True, slots=True)
class TrailStatus:
    """The times of GetTrailStatus, in seconds since 1970; None where AWS reports none."""

    trail: str
    logging: bool
    started: int | None = None
    stopped: int | None = None
    latest_digest: int | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Events from `since` on are complete; before that nothing is known. Statuses may be absent."""

    since: int
    events: tuple[TrailEvent, ...] = ()
    statuses: tuple[TrailStatus, ...] = ()

    def status(self, trail: str) -> TrailStatus | None:
        """Status of the trail, if it was read."""
        return next((status for status in self.statuses if status.trail == trail), None)

    def stop(self, trail: str, start: int, end: int) -> int | None:
        """When logging or validation of the trail was first turned off around [start, end], or None."""
        moments = [event.at for event in self._near(trail, _STOPS, start - _BEFORE, end + _BEFORE)]
        status = self.status(trail)
        if status and status.stopped is not None and start - _BEFORE <= status.stopped <= end + _BEFORE:
            moments.append(status.stopped)
        return min(moments, default=None)

    def explain(self, trail: str, start: int, end: int, *, beginning: bool) -> tuple[bool | None, list[str]]:
        """Whether something recorded explains a gap [start, end]: True, False, or None if nobody can know.

        Args:
            trail: its name.
            start: begin of the gap.
            end: end of the gap.
            beginning: the chain starts at `end`, so look for what started it, not for what stopped it before.
        """
        if beginning:
            found = self._near(trail, _STARTS, end - _AFTER, end + _BEFORE)
        else:
            found = self._near(trail, _STOPS | _STARTS, start - _BEFORE, end + _BEFORE)
        evidence = [str(event) for event in found]
        status = self.status(trail)
        if status and status.started is not None and end - _AFTER <= status.started <= end + _BEFORE:
            evidence.append(f"started at {times.extended(status.started)} (GetTrailStatus)")
        if status and status.stopped is not None and start - _BEFORE <= status.stopped <= end:
            evidence.append(f"stopped at {times.extended(status.stopped)} (GetTrailStatus)")
        if evidence:
            return True, evidence
        known = self.since <= (end - _AFTER if beginning else start - _BEFORE)
        return (False if known else None), []

    def _near(self, trail: str, names: Iterable[str], start: int, end: int) -> list[TrailEvent]:
        chosen = set(names)
        near = (e for e in self.events if e.trail == trail and e.name in chosen and start <= e.at <= end)
        return sorted(near, key=lambda event: (event.at, event.name))
