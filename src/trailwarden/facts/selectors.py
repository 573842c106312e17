"""Event selectors, basic and advanced, in one model (controls catalogue, section 3.4).

A trail records an event if any of its selectors admits it. A selector is a conjunction of rules on fields. Basic selectors are
translated into the same form, so that no check ever asks which kind a trail uses; a selector's Name means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

READ = "read"
WRITE = "write"
OTHER = "\uffff.amazonaws.com"
"""Stands for every event source that no selector names: it looks like one, and no service has its name."""
EXCLUDABLE_SOURCES = ("kms.amazonaws.com", "rdsdata.amazonaws.com")
"""The high-volume sources that CloudTrail lets a trail leave out."""

_CATEGORY = "eventCategory"
_READ_ONLY = "readOnly"
_SOURCE = "eventSource"
_TYPE = "resources.type"
_ARN = "resources.ARN"
_ERROR = "errorCode"
_ROOTS: Mapping[str, str] = {
    "AWS::S3::Object": "s3:::",
    "AWS::Lambda::Function": "lambda:",
    "AWS::DynamoDB::Table": "dynamodb:",
}
"""How ARNs go on after the partition, for the types that basic selectors know."""
_OPERATORS = ("Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith")


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What one field must look like. Values of a positive operator are alternatives; values of a Not operator are all excluded."""

    field: str
    equals: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    ends_with: tuple[str, ...] = ()
    not_equals: tuple[str, ...] = ()
    not_starts_with: tuple[str, ...] = ()
    not_ends_with: tuple[str, ...] = ()

    def admits(self, value: str) -> bool:
        """Return whether a value passes every operator of the rule."""
        if self.equals and value not in self.equals:
            return False
        if self.starts_with and not value.startswith(self.starts_with):
            return False
        if self.ends_with and not value.endswith(self.ends_with):
            return False
        return not (
            value in self.not_equals
            or (self.not_starts_with and value.startswith(self.not_starts_with))
            or (self.not_ends_with and value.endswith(self.not_ends_with))
        )

    @property
    def values(self) -> tuple[str, ...]:
        """Return every value the rule names."""
        return (
            *self.equals,
            *self.starts_with,
            *self.ends_with,
            *self.not_equals,
            *self.not_starts_with,
            *self.not_ends_with,
        )


@dataclass(frozen=True, slots=True)
class Selector:
    """A conjunction of field rules."""

    rules: tuple[FieldRule, ...]

    def admits(self, field: str, value: str) -> bool:
        """Return whether the rules on one field let a value through; a field without a rule lets all through."""
        return all(rule.admits(value) for rule in self.rules if rule.field == field)

    def in_category(self, category: str) -> bool:
        """Return whether the selector is about a category (Management, Data, NetworkActivity)."""
        return self.restricts(_CATEGORY) and self.admits(_CATEGORY, category)

    def restricts(self, field: str) -> bool:
        """Return whether there is a rule on a field."""
        return any(rule.field == field for rule in self.rules)

    def tolerating(self, arns: Sequence[str]) -> Selector:
        """Return the selector without those exclusions of resources that lie in or below the given ARNs."""
        return replace(self, rules=tuple(_without(rule, arns) if rule.field == _ARN else rule for rule in self.rules))

    def narrowing(self, *free: str) -> tuple[str, ...]:
        """Return the fields with a rule, besides the category and those in ``free``."""
        return tuple(sorted({rule.field for rule in self.rules} - {_CATEGORY, *free}))

    def admits_kind(self, kind: str) -> bool:
        """Return whether read or write events pass."""
        return self.admits(_READ_ONLY, "true" if kind == READ else "false")


def _without(rule: FieldRule, arns: Sequence[str]) -> FieldRule:
    def kept(values: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            value
            for value in values
            if not any(value == arn or value.startswith(f"{arn.rstrip('/')}/") for arn in arns)
        )

    return replace(rule, not_equals=kept(rule.not_equals), not_starts_with=kept(rule.not_starts_with))


@dataclass(frozen=True, slots=True)
class EventSelectors:
    """All selectors of one trail. ``kind`` is default, basic or advanced, for the report only."""

    kind: str
    selectors: tuple[Selector, ...]

    @classmethod
    def default(cls) -> EventSelectors:
        """Return AWS's default: every management event, no data events."""
        return cls("default", (Selector((FieldRule(_CATEGORY, equals=("Management",)),)),))

    @classmethod
    def parse(cls, basic: Sequence[Mapping[str, Any]], advanced: Sequence[Mapping[str, Any]]) -> EventSelectors:
        """Translate a GetEventSelectors answer.

        Raises:
            ValueError: an operator or a read/write type that is not known, and that could change what is recorded.
        """
        if advanced:
            return cls("advanced", tuple(_advanced(item) for item in advanced))
        return cls("basic", tuple(selector for item in basic for selector in _basic(item)))

    def records_management(self, kind: str, source: str = OTHER) -> bool:
        """Return whether every management event of a kind (read, write) from a source is recorded.

        ``source`` OTHER asks about the sources that no selector names. A selector that narrows by event name, type, identity or
        console session admits only some events, so it proves nothing here.
        """
        return any(
            selector.in_category("Management")
            and not selector.narrowing(_READ_ONLY, _SOURCE)
            and selector.admits_kind(kind)
            and selector.admits(_SOURCE, source)
            for selector in self.selectors
        )

    def records_data(self, resource_type: str, kind: str, below: str, tolerated: Sequence[str] = ()) -> bool:
        """Return whether every data event of a kind (read, write) on every resource below an ARN is recorded.

        Args:
            resource_type: such as ``AWS::S3::Object``.
            kind: read or write.
            below: what the ARNs of the resources asked about begin with: ``arn:aws:s3:::logs/``, or ``root_of`` the type for all.
            tolerated: ARNs that a Not operator may leave out, with what lies below them.
        """
        candidates = [
            selector.tolerating(tolerated)
            for selector in self.selectors
            if selector.in_category("Data")
            and selector.restricts(_TYPE)
            and selector.admits(_TYPE, resource_type)
            and not selector.narrowing(_READ_ONLY, _TYPE, _ARN)
            and selector.admits_kind(kind)
        ]
        return all(any(selector.admits(_ARN, arn) for selector in candidates) for arn in _samples(candidates, below))

    def records_network(self, source: str, *, denied_only: bool) -> bool:
        """Return whether the network activity events of a source are recorded; ``denied_only``: the refused ones are enough."""
        return any(
            selector.in_category("NetworkActivity")
            and selector.restricts(_SOURCE)
            and selector.admits(_SOURCE, source)
            and not selector.narrowing(_SOURCE, *([_ERROR] if denied_only else []))
            and selector.admits(_ERROR, "VpceAccessDenied")
            for selector in self.selectors
        )

    def named_sources(self) -> tuple[str, ...]:
        """Return the event sources that management selectors name, and those AWS lets a trail exclude."""
        named = {
            value
            for selector in self.selectors
            if selector.in_category("Management")
            for rule in selector.rules
            if rule.field == _SOURCE
            for value in rule.values
        }
        return tuple(sorted(named | set(EXCLUDABLE_SOURCES)))

    def management_kinds(self) -> tuple[str, ...]:
        """Return which of read and write management events are recorded, exclusions of single sources aside."""
        return tuple(kind for kind in (READ, WRITE) if self.records_management(kind))


def excluded_sources(several: Iterable[EventSelectors]) -> tuple[str, ...]:
    """Return the sources whose management events, read or write, none of the given selectors record although they record others'."""
    together = list(several)
    sources = sorted({source for item in together for source in item.named_sources()})
    kinds = [kind for kind in (READ, WRITE) if any(item.records_management(kind) for item in together)]
    return tuple(
        source
        for source in sources
        if any(not any(item.records_management(kind, source) for item in together) for kind in kinds)
    )


def root_of(resource_type: str, partition: str) -> str:
    """Return what the ARNs of all resources of a type begin with."""
    return f"arn:{partition}:{_ROOTS.get(resource_type, '')}"


def _samples(candidates: Sequence[Selector], below: str) -> list[str]:
    """Return ARNs that stand for all below one: what begins and ends like a value that a rule names, and what does neither.

    Selectors compare whole values, beginnings and ends only, so ARNs that agree in those are recorded alike.
    """
    rules = [rule for selector in candidates for rule in selector.rules if rule.field == _ARN]
    exact = {value for rule in rules for value in (*rule.equals, *rule.not_equals)}
    starts = {value for rule in rules for value in (*rule.starts_with, *rule.not_starts_with)} | exact
    ends = {value for rule in rules for value in (*rule.ends_with, *rule.not_ends_with)}
    beginnings = sorted({below, *(value for value in starts if value.startswith(below))})
    samples = [f"{start}\uffff{end}" for start in beginnings for end in ("", *sorted(ends))]
    return samples + sorted(value for value in exact if value.startswith(below) and value != below)


def _advanced(item: Mapping[str, Any]) -> Selector:
    rules = []
    for row in item.get("FieldSelectors", []):
        unknown = sorted(row.keys() - {"Field", *_OPERATORS})
        if unknown:
            raise ValueError(f"unknown operator {unknown[0]} on field {row['Field']}")
        values = {name: tuple(str(value) for value in row.get(name) or ()) for name in _OPERATORS}
        rules.append(
            FieldRule(
                str(row["Field"]),
                values["Equals"],
                values["StartsWith"],
                values["EndsWith"],
                values["NotEquals"],
                values["NotStartsWith"],
                values["NotEndsWith"],
            )
        )
    return Selector(tuple(rules))


_READ_WRITE_TYPES: Mapping[str, tuple[str, ...]] = {"All": (), "ReadOnly": ("true",), "WriteOnly": ("false",)}


def _basic(item: Mapping[str, Any]) -> Iterable[Selector]:
    named = str(item.get("ReadWriteType") or "All")
    if named not in _READ_WRITE_TYPES:
        raise ValueError(f"unknown ReadWriteType {named}")
    kinds = _READ_WRITE_TYPES[named]
    by_kind = (FieldRule(_READ_ONLY, equals=kinds),) if kinds else ()
    # AWS documents true as the default of IncludeManagementEvents.
    if item.get("IncludeManagementEvents", True):
        excluded = tuple(str(source) for source in item.get("ExcludeManagementEventSources") or ())
        by_source = (FieldRule(_SOURCE, not_equals=excluded),) if excluded else ()
        yield Selector((FieldRule(_CATEGORY, equals=("Management",)), *by_kind, *by_source))
    for resource in item.get("DataResources") or ():
        for rule in _basic_resources(str(resource["Type"]), [str(value) for value in resource.get("Values") or ()]):
            by_type = FieldRule(_TYPE, equals=(str(resource["Type"]),))
            yield Selector((FieldRule(_CATEGORY, equals=("Data",)), by_type, rule, *by_kind))


def _basic_resources(resource_type: str, values: Sequence[str]) -> Iterable[FieldRule]:
    """Yield a rule for the values that are prefixes and one for those that are whole ARNs; no values record nothing.

    S3 values are prefixes. Of any other type only ``arn:PARTITION:SERVICE`` is, and stands for all.
    """
    whole = [value for value in values if resource_type != "AWS::S3::Object" and value.count(":") > 2]
    prefixes = [value for value in values if value not in whole]
    if prefixes:
        yield FieldRule(_ARN, starts_with=tuple(prefixes))
    if whole:
        yield FieldRule(_ARN, equals=tuple(whole))
