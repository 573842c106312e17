"""What a subject leads to: a policy about trails may ask for things of a trail's bucket, key, log group, account or organization."""

from __future__ import annotations

from collections.abc import Mapping

from trailwarden.contract import Check
from trailwarden.facts.base import Subject

_LEADS_TO: Mapping[str, tuple[str, ...]] = {
    "account": ("organization",),
    "organization": ("account",),
    "trail": ("bucket", "key", "log-group", "account", "organization"),
}
"""Kind of subject -> kinds it leads to, nearest first. Every other kind leads to its account and on to the organization."""


def reach(kind: str) -> tuple[str, ...]:
    """Return the kinds that a policy about ``kind`` may judge: its own first, then from near to far."""
    return (kind, *_LEADS_TO.get(kind, ("account", "organization")))


def judged(check: Check, subject: type[Subject]) -> type[Subject] | None:
    """Return what ``check`` judges in a policy about ``subject``: the nearest that it can, or None if nothing is within reach."""
    by_kind = {kind.kind: kind for kind in check.judges}
    for kind in reach(subject.kind):
        if kind in by_kind:
            return by_kind[kind]
    return None


def subjects_for(check: Check, known: Mapping[str, type[Subject]]) -> list[str]:
    """Return the kinds of policies that the check can be used in, by name."""
    return sorted(kind for kind, subject in known.items() if judged(check, subject) is not None)
