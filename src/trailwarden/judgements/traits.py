"""Traits of a trail: what it is and does, each with its AWS fields and the words for its absence.

A control about a trail is a list of traits that one and the same trail must have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from trailwarden.contract import failed, passed
from trailwarden.errors import Unreadable
from trailwarden.facts import READ, WRITE, Trail, excluded_sources, format_time
from trailwarden.model import Finding, Json


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that a trail has or lacks."""

    observe: Callable[[Trail], Mapping[str, Json]]
    """Return the AWS fields that decide; may raise Unreadable."""
    holds: Callable[[Mapping[str, Json]], bool]
    """Return whether the trail has the trait, from what was observed."""
    expected: Mapping[str, Json]
    lack: Callable[[Mapping[str, Json]], str]
    """Return what a trail without it is or does, to follow "trail NAME"."""


def judge_traits(trail: Trail, traits: Iterable[Trait], success: str = "has it all") -> Finding:
    """Judge whether a trail has every trait; one that it is known to lack is enough to fail, whatever can't be read.

    Args:
        trail: the subject.
        traits: in the order in which a message shall name what is missing.
        success: what a trail with all of them does, to follow "trail NAME"; of no use where only the status is asked for.

    Raises:
        Unreadable: it is not known to lack any, and one of them could not be read.
    """
    observed: dict[str, Json] = {}
    expected: dict[str, Json] = {}
    lacking: list[str] = []
    unknown: Unreadable | None = None
    for trait in traits:
        expected.update(trait.expected)
        try:
            fields = trait.observe(trail)
        except Unreadable as error:
            unknown = unknown or error
            continue
        observed.update(fields)
        if not trait.holds(fields):
            lacking.append(trait.lack(fields))
    if lacking:
        return failed(f"trail {trail.name} {', '.join(lacking)}", observed, expected)
    if unknown is not None:
        raise unknown
    return passed(f"trail {trail.name} {success}", observed, expected)


def _flag(field: str, read: Callable[[Trail], bool], lack: str) -> Trait:
    """Return the trait of a boolean field of DescribeTrails."""
    return Trait(
        observe=lambda trail: {field: read(trail)},
        holds=lambda fields: fields[field] is True,
        expected={field: True},
        lack=lambda _: lack,
    )


def _present(field: str, read: Callable[[Trail], str], lack: str) -> Trait:
    """Return the trait of a text field of DescribeTrails that must not be empty."""
    return Trait(
        observe=lambda trail: {field: read(trail) or None},
        holds=lambda fields: fields[field] is not None,
        expected={field: "set"},
        lack=lambda _: lack,
    )


def _logging(trail: Trail) -> Mapping[str, Json]:
    status = trail.status
    stopped = status.stop_logging_time
    if status.is_logging or stopped is None:
        return {"IsLogging": status.is_logging}
    return {"IsLogging": False, "StopLoggingTime": format_time(stopped)}


def _is_stopped(fields: Mapping[str, Json]) -> str:
    return f"is stopped since {fields['StopLoggingTime']}" if "StopLoggingTime" in fields else "is not logging"


LOGGING = Trait(_logging, lambda fields: fields["IsLogging"] is True, {"IsLogging": True}, _is_stopped)
"""Logs in its home region, which stops and starts all others."""

MULTI_REGION = Trait(
    observe=lambda trail: {"IsMultiRegionTrail": trail.is_multi_region, "HomeRegion": trail.home_region},
    holds=lambda fields: fields["IsMultiRegionTrail"] is True,
    expected={"IsMultiRegionTrail": True},
    lack=lambda fields: f"records {fields['HomeRegion']} only",
)
GLOBAL_EVENTS = _flag(
    "IncludeGlobalServiceEvents",
    lambda trail: trail.includes_global_service_events,
    "leaves out global service events",
)
VALIDATION = _flag("LogFileValidationEnabled", lambda trail: trail.log_file_validation, "does not validate log files")
WITH_KEY = _present("KmsKeyId", lambda trail: trail.kms_key_id, "has no KMS key")
LOG_GROUP = _present("CloudWatchLogsLogGroupArn", lambda trail: trail.log_group_arn, "has no log group")
LOG_ROLE = _present("CloudWatchLogsRoleArn", lambda trail: trail.log_role_arn, "has no role for its log group")
ORGANIZATION_WIDE = Trait(
    observe=lambda trail: {"TrailARN": trail.arn, "IsOrganizationTrail": trail.is_organization_trail},
    holds=lambda fields: bool(fields["IsOrganizationTrail"]),
    expected={"IsOrganizationTrail": True},
    lack=lambda fields: f"belongs to account {fields['TrailARN'].split(':')[4]} and is no organization trail",
)
"""Records every account of the organization, this one included."""


def reaches(region: str) -> Trait:
    """Return the trait of recording what happens in a region: as a multi-region trail, or at home there."""
    return Trait(
        observe=lambda trail: {"IsMultiRegionTrail": trail.is_multi_region, "HomeRegion": trail.home_region},
        holds=lambda fields: fields["IsMultiRegionTrail"] is True or fields["HomeRegion"] == region,
        expected={"HomeRegion": f"{region}, unless IsMultiRegionTrail"},
        lack=lambda fields: f"records {fields['HomeRegion']} only, where events of {region} never arrive",
    )


def _management(trail: Trail) -> Mapping[str, Json]:
    kinds: list[Json] = [*trail.selectors.management_kinds()]
    return {"selectors": trail.selectors.kind, "management_events": kinds}


def records(*kinds: str) -> Trait:
    """Return the trait of recording management events of these kinds (read, write), single excluded sources aside."""

    def missing(fields: Mapping[str, Json]) -> list[str]:
        return [kind for kind in kinds if kind not in fields["management_events"]]

    return Trait(
        observe=_management,
        holds=lambda fields: not missing(fields),
        expected={"management_events": list(kinds)},
        lack=lambda fields: f"records no {' or '.join(missing(fields))} management events",
    )


def records_network(sources: Sequence[str], *, denied_only: bool) -> Trait:
    """Return the trait of recording the network activity events of every source; ``denied_only``: refused calls are enough."""

    def observe(trail: Trail) -> Mapping[str, Json]:
        selectors = trail.selectors
        recorded: list[Json] = [item for item in sources if selectors.records_network(item, denied_only=denied_only)]
        return {"selectors": selectors.kind, "network_activity": recorded}

    def missing(fields: Mapping[str, Json]) -> list[str]:
        return [item for item in sources if item not in fields["network_activity"]]

    return Trait(
        observe=observe,
        holds=lambda fields: not missing(fields),
        expected={"network_activity": list(sources)},
        lack=lambda fields: f"records no network activity of {', '.join(missing(fields))}",
    )


def _exclusions(trail: Trail) -> Mapping[str, Json]:
    excluded: list[Json] = [*excluded_sources([trail.selectors])]
    return {**_management(trail), "excluded_event_sources": excluded}


def _leaves_out(fields: Mapping[str, Json]) -> str:
    if fields["excluded_event_sources"]:
        return f"excludes {', '.join(fields['excluded_event_sources'])}"
    return "records no management events at all"


NO_EXCLUSIONS = Trait(
    observe=_exclusions,
    holds=lambda fields: bool(fields["management_events"]) and not fields["excluded_event_sources"],
    expected={"excluded_event_sources": []},
    lack=_leaves_out,
)
"""Leaves out no source of the management events that it records; a trail that records none proves nothing."""

COMPLETE = (MULTI_REGION, LOGGING, records(READ, WRITE))
"""What makes a trail a primary one: it records all management events of all regions."""
