"""Lifecycle rules, and whether one can touch a CloudTrail object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Transition:
    """A move to another storage class; ``date`` is empty for a rule that counts days."""

    storage_class: str
    days: int
    date: str


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule, flattened. Day counts are None when the rule does not have that action."""

    id: str
    enabled: bool
    prefix: str
    by_tag: bool
    expiration_days: int | None
    expiration_date: str
    noncurrent_days: int | None
    newer_noncurrent_versions: int
    transitions: tuple[Transition, ...]

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> LifecycleRule:
        """Read a rule in its old form (Prefix) or new one (Filter, Filter.And)."""
        where = row.get("Filter") or {}
        both = where.get("And") or {}
        expiration = row.get("Expiration") or {}
        noncurrent = row.get("NoncurrentVersionExpiration") or {}
        days = expiration.get("Days")
        noncurrent_days = noncurrent.get("NoncurrentDays")
        return cls(
            id=str(row.get("ID") or ""),
            enabled=row.get("Status") == "Enabled",
            prefix=str(both.get("Prefix") or where.get("Prefix") or row.get("Prefix") or ""),
            by_tag=bool(where.get("Tag") or both.get("Tags")),
            expiration_days=None if days is None else int(days),
            expiration_date=str(expiration.get("Date") or ""),
            noncurrent_days=None if noncurrent_days is None else int(noncurrent_days),
            newer_noncurrent_versions=int(noncurrent.get("NewerNoncurrentVersions") or 0),
            transitions=tuple(
                Transition(str(item.get("StorageClass") or ""), int(item.get("Days") or 0), str(item.get("Date") or ""))
                for item in row.get("Transitions") or ()
            ),
        )

    def can_match(self, log_prefix: str) -> bool:
        """Return whether an object below ``log_prefix`` can match: prefixes overlap and no tag is asked for.

        CloudTrail tags nothing, so a tag filter never matches; a size filter may, so it does not rule a match out.
        """
        overlap = self.prefix.startswith(log_prefix) or log_prefix.startswith(self.prefix)
        return self.enabled and overlap and not self.by_tag
