"""The content check `log-content-complete`: what the log files that were read hold, added up by trail, account and region."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trailwarden.integrity.events import LogContent

CHECK: Final = "log-content-complete"
#: Files spelt out; all are counted.
PROBLEMS_LIMIT: Final = 1000

Place = tuple[str, str, str, str]
"""Account, region, trail, home region."""


@dataclass(frozen=True, slots=True)
class PlaceContent:
    """Log files of one place that were read and verified, their events, and how many of the files are not complete."""

    logs: int = 0
    events: int = 0
    faulty: int = 0

    @property
    def status(self) -> str:
        """PASS, FAIL, or NOT_APPLICABLE if no log was there to look at."""
        if self.faulty:
            return "FAIL"
        return "PASS" if self.logs else "NOT_APPLICABLE"


@dataclass(frozen=True, slots=True)
class ContentReport:
    """The check over the sampled logs that are verified; what is not as AWS delivered it is not looked into."""

    places: Mapping[Place, PlaceContent] = field(default_factory=dict)
    hours: Mapping[str, int] = field(default_factory=dict)
    """Events by `account/region/hour`."""
    incomplete: Mapping[str, int] = field(default_factory=dict)
    """Events that lack a field, by field."""
    problems: tuple[tuple[str, str], ...] = ()
    """(key, what is wrong) of files with a problem or with incomplete events, at most PROBLEMS_LIMIT."""

    @property
    def logs(self) -> int:
        """Log files looked into."""
        return sum(place.logs for place in self.places.values())

    @property
    def events(self) -> int:
        """Their events."""
        return sum(place.events for place in self.places.values())

    @property
    def status(self) -> str:
        """PASS, FAIL, or NOT_APPLICABLE if no log was there to look at."""
        return PlaceContent(self.logs, self.events, sum(place.faulty for place in self.places.values())).status

    def to_json(self) -> dict[str, Any]:
        """Stable JSON form."""
        return {
            "check": CHECK,
            "status": self.status,
            "logs": self.logs,
            "events": self.events,
            "incomplete": dict(sorted(self.incomplete.items())),
            "events_per_hour": dict(sorted(self.hours.items())),
            "problems": [{"key": key, "problem": text} for key, text in self.problems],
        }


@dataclass(slots=True)
class ContentTally:
    """Adds up log files as they come."""

    places: dict[Place, PlaceContent] = field(default_factory=dict)
    hours: dict[str, int] = field(default_factory=dict)
    incomplete: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def add(self, files: Iterable[LogContent]) -> None:
        """Count some log files."""
        for file in files:
            place = (file.account, file.region, file.trail, file.home)
            so_far = self.places.get(place, PlaceContent())
            self.places[place] = PlaceContent(
                so_far.logs + 1, so_far.events + file.events, so_far.faulty + bool(file.lacks)
            )
            for hour, number in file.hours.items():
                label = f"{file.account}/{file.region}/{hour}"
                self.hours[label] = self.hours.get(label, 0) + number
            for name, number in file.incomplete.items():
                self.incomplete[name] = self.incomplete.get(name, 0) + number
            if file.lacks and len(self.problems) < PROBLEMS_LIMIT:
                self.problems.append((file.key, file.lacks))

    def report(self) -> ContentReport:
        """What was counted so far."""
        return ContentReport(self.places, self.hours, self.incomplete, tuple(sorted(self.problems)))
