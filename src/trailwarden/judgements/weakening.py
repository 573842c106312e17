"""What a successful change of a trail, or of an event data store, took away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trailwarden.contract import undecidable
from trailwarden.errors import Unreadable
from trailwarden.facts import READ, WRITE, EventSelectors, HistoryEvent, Trail, excluded_sources
from trailwarden.judgements.history import subject_of
from trailwarden.model import Reason, ReasonCode

_LOOKUP = "cloudtrail.LookupEvents"
_SWITCHES: Mapping[str, str] = {
    "isMultiRegionTrail": "all regions but the home Region are left out",
    "enableLogFileValidation": "log file validation was turned off",
    "includeGlobalServiceEvents": "global service events were left out",
    "isOrganizationTrail": "the organization's other accounts were left out",
}
_LINKS: Mapping[str, str] = {
    "kmsKeyId": "the KMS key was removed",
    "cloudWatchLogsLogGroupArn": "the log group was removed",
}
_STORE_SWITCHES: Mapping[str, str] = {
    "terminationProtectionEnabled": "termination protection was turned off",
    "multiRegionEnabled": "all regions but one were left out",
    "organizationEnabled": "the organization's other accounts were left out",
}
OF_STORES = ("UpdateEventDataStore", "DeleteEventDataStore", "StopEventDataStoreIngestion")
"""Changes that are about a store and not about a trail."""
_ENDS: Mapping[str, str] = {
    "DeleteEventDataStore": "event data store {} was deleted",
    "StopEventDataStoreIngestion": "event data store {} stopped ingesting",
}


@dataclass(slots=True)
class TrailPast:
    """What is known of a trail's settings while its events are gone through in order; a setting nobody mentioned yet is not known."""

    trail: Trail
    settings: dict[str, Any] = field(default_factory=dict)

    def losses(self, event: HistoryEvent) -> list[str]:
        """Return what an event took away, and remember what it set. An absent parameter changed nothing.

        Raises:
            Unreadable: UNPARSEABLE; its parameters were left out, or are not understood.
        """
        judges: Mapping[str, Callable[[Mapping[str, Any]], Iterable[str]]] = {
            "CreateTrail": self._create,
            "UpdateTrail": self._update,
            "PutEventSelectors": self._select,
            "PutInsightSelectors": self._insights,
        }
        judge = judges.get(event.name)
        if judge is None:
            return []
        if event.request is None:
            text = f"{event} was recorded without its parameters"
            undecidable(self.trail, ReasonCode.UNPARSEABLE, text, operation=_LOOKUP, region=event.region)
        try:
            return list(judge(event.request))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            text = f"{event} is not understood: {error}"
            undecidable(self.trail, ReasonCode.UNPARSEABLE, text, operation=_LOOKUP, region=event.region)

    def _create(self, request: Mapping[str, Any]) -> Iterable[str]:
        defaults: dict[str, Any] = {"isMultiRegionTrail": False, "enableLogFileValidation": False, "kmsKeyId": ""}
        self.settings = {**defaults, "isOrganizationTrail": False, "cloudWatchLogsLogGroupArn": "", **request}
        self.settings["selectors"] = EventSelectors.default()
        return ()

    def _update(self, request: Mapping[str, Any]) -> Iterable[str]:
        before = dict(self.settings)
        self.settings |= request
        for name, loss in _SWITCHES.items():
            if request.get(name) is False and before.get(name) is not False:
                yield loss
        for name, loss in _LINKS.items():
            if request.get(name) == "" and before.get(name) != "":
                yield loss
        trail = self.trail
        for name, current, what in (
            ("s3BucketName", trail.bucket_name, "bucket"),
            ("s3KeyPrefix", trail.key_prefix, "prefix"),
        ):
            # Where the trail delivers today is judged by other checks; anywhere else it delivered for a time only.
            if name in request and request[name] != current and before.get(name) != request[name]:
                yield f"files went to {what} {request[name] or '(none)'}"

    def _select(self, request: Mapping[str, Any]) -> Iterable[str]:
        before = self.settings.get("selectors")
        basic = [_capital(item) for item in request.get("eventSelectors") or ()]
        advanced = [_capital(item) for item in request.get("advancedEventSelectors") or ()]
        if not basic and not advanced:
            raise ValueError("it names no selector")
        after = EventSelectors.parse(basic, advanced)
        self.settings["selectors"] = after
        if isinstance(before, EventSelectors):
            lost = [kind for kind in before.management_kinds() if kind not in after.management_kinds()]
            gained = [item for item in excluded_sources([after]) if item not in excluded_sources([before])]
        else:
            lost = [kind for kind in (READ, WRITE) if kind not in after.management_kinds()]
            gained = list(excluded_sources([after]))
        if lost:
            yield f"{' and '.join(lost)} management events were left out"
        if gained:
            yield f"events of {', '.join(gained)} were left out"

    def _insights(self, request: Mapping[str, Any]) -> Iterable[str]:
        if request.get("insightSelectors") == []:
            yield "Insights events were turned off"


@dataclass(slots=True)
class Losses:
    """What events took away, by their ids; ``unknown`` is why it is not known of all of them."""

    by_id: dict[str, list[str]] = field(default_factory=dict)
    unknown: Reason | None = None

    def of(self, event: HistoryEvent) -> list[str]:
        """Return what one event took away."""
        return self.by_id.get(event.id, [])

    def settle(self) -> None:
        """Raise Unreadable where an event could not be judged."""
        if self.unknown is not None:
            raise Unreadable(self.unknown)


def losses_of(trail: Trail, events: Iterable[HistoryEvent]) -> Losses:
    """Return what changes of a trail and of event data stores took away, from all that is known of them, in order."""
    past, found = TrailPast(trail), Losses()
    for event in events:
        try:
            found.by_id[event.id] = store_losses(trail, event) if event.name in OF_STORES else past.losses(event)
        except Unreadable as error:
            found.unknown = found.unknown or error.reason
    return found


def store_losses(trail: Trail, event: HistoryEvent) -> list[str]:
    """Return what an event took away from an event data store.

    Raises:
        Unreadable: UNPARSEABLE; its parameters were left out, or are not understood.
    """
    if event.name in _ENDS:
        return [_ENDS[event.name].format(subject_of(event) or "(unknown)")]
    if event.name != "UpdateEventDataStore":
        return []
    if event.request is None:
        text = f"{event} was recorded without its parameters"
        undecidable(trail, ReasonCode.UNPARSEABLE, text, operation=_LOOKUP, region=event.region)
    name = subject_of(event)
    found = [
        f"{loss} of event data store {name}" for key, loss in _STORE_SWITCHES.items() if event.request.get(key) is False
    ]
    given = event.request.get("advancedEventSelectors")
    if given:
        try:
            selectors = EventSelectors.parse((), [_capital(item) for item in given])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            text = f"{event} is not understood: {error}"
            undecidable(trail, ReasonCode.UNPARSEABLE, text, operation=_LOOKUP, region=event.region)
        about_management = any(item.in_category("Management") for item in selectors.selectors)
        if about_management and (len(selectors.management_kinds()) < 2 or excluded_sources([selectors])):
            found.append(f"event data store {name} takes in some management events only")
    return found


def _capital(value: Any) -> Any:
    """Return a record's value with the capitals of the API: CloudTrail writes ``readWriteType`` for ``ReadWriteType``."""
    if isinstance(value, Mapping):
        return {f"{key[:1].upper()}{key[1:]}": _capital(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_capital(item) for item in value]
    return value
