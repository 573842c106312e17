"""Lifecycle rules, and whether one can touch a CloudTrail object."""

from __future__ import annotations

import re
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

    def can_match(self, key_prefix: str, account: str, *, organization: bool) -> bool:
        """Return whether the rule can match a log or digest file of a trail.

        CloudTrail tags nothing, so a tag filter never matches; a size filter may, so it does not rule a match out.

        Args:
            key_prefix: the trail's S3KeyPrefix, perhaps empty.
            account: the account whose events the files hold.
            organization: an organization trail, which writes for every account of the organization.
        """
        if not self.enabled or self.by_tag:
            return False
        levels = [_Level((part,)) for part in key_prefix.split("/") if part] + [_Level(("AWSLogs",))]
        levels += [_ORGANIZATION, _ANY_ACCOUNT] if organization else [_Level((account,))]
        levels.append(_Level(("CloudTrail", "CloudTrail-Digest", "CloudTrail-Insight")))
        *folders, rest = self.prefix.split("/")
        if not all(level.can_be(folder) for level, folder in zip(levels, folders, strict=False)):
            return False
        # Below the last level come regions, dates and names: anything is possible there.
        return len(folders) >= len(levels) or levels[len(folders)].can_begin(rest)


@dataclass(frozen=True, slots=True)
class _Level:
    """One folder of a log file's key: a few known names, or whatever a pattern allows."""

    names: tuple[str, ...] = ()
    whole: str = ""
    beginning: str = ""

    def can_be(self, folder: str) -> bool:
        return folder in self.names or bool(self.whole and re.fullmatch(self.whole, folder))

    def can_begin(self, text: str) -> bool:
        return any(name.startswith(text) for name in self.names) or bool(
            self.beginning and re.fullmatch(self.beginning, text)
        )


_ORGANIZATION = _Level(whole="o-[a-z0-9]+", beginning="(o(-[a-z0-9]*)?)?")
_ANY_ACCOUNT = _Level(whole="[0-9]{12}", beginning="[0-9]{0,12}")
