"""UTC instants as whole seconds since 1970, and the three spellings CloudTrail uses for them."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

HOUR: Final = 3600
DAY: Final = 86400

_EXTENDED = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z", re.ASCII)
_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?Z", re.ASCII)


def _seconds(match: re.Match[str] | None, text: str) -> int:
    if match is None:
        raise ValueError(f"not a UTC time of CloudTrail: {text[:40]!r}")
    year, month, day, hour, minute, second = match.groups("0")
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    return int(moment.timestamp())


def from_extended(text: str) -> int:
    """Seconds for `2026-01-02T03:04:05Z`, as in digest bodies; ValueError for anything else."""
    return _seconds(_EXTENDED.fullmatch(text), text)


@lru_cache(maxsize=4096)  # the log files of an hour share twelve times, those of every region the same ones
def from_basic(text: str) -> int:
    """Seconds for `20260102T030405Z` or `20260102T0304Z`, as in object keys; ValueError for anything else."""
    return _seconds(_BASIC.fullmatch(text), text)


def from_argument(text: str) -> int:
    """Seconds for a date or an ISO 8601 time as a person writes it; an offset is honoured, none means UTC."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def extended(moment: int) -> str:
    """`2026-01-02T03:04:05Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def basic(moment: int) -> str:
    """`20260102T030405Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%dT%H%M%SZ")


def day_folder(moment: int) -> str:
    """`2026/01/02/`, the dated part of a key."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y/%m/%d/")
