"""Times in replies: ISO 8601 UTC text, parsed where a check compares them."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_time(text: str) -> datetime:
    """Return an aware UTC datetime; raises ValueError for text that is not ISO 8601 with an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return moment.astimezone(UTC)


def format_time(moment: datetime) -> str:
    """Return ``YYYY-MM-DDTHH:MM:SSZ``, with microseconds only when there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def optional_time(value: object) -> datetime | None:
    """Return the time in a reply's field, or None when the field is absent or empty."""
    return parse_time(value) if isinstance(value, str) and value else None


def hours_between(earlier: datetime, later: datetime) -> float:
    """Return the hours from one moment to another, rounded to a tenth so that reports stay readable and stable."""
    return round((later - earlier).total_seconds() / 3600, 1)
