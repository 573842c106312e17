"""Where objects come from: the little that the verifier asks of a bucket or of a folder holding a copy of one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from trailwarden.integrity.verdicts import Verdict


class Entry(NamedTuple):
    """A listed object. `state` changes whenever the object is written again: ETag, size and time of the write."""

    key: str
    state: str
    size: int


@dataclass(frozen=True, slots=True)
class Blob:
    """An object as stored: its bytes are never decoded on the way. `metadata` holds the user metadata by short name."""

    body: bytes | bytearray
    state: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


class AbsentError(Exception):
    """The object does not exist: the store said so, it is no guess."""


class UnavailableError(Exception):
    """The object or listing could not be had, which says nothing about its content.

    Attributes:
        verdict: UNREADABLE (refused, archived) or INCONCLUSIVE (network, throttling, server error).
        reason: stable code, such as `access-denied`.
    """

    def __init__(self, verdict: Verdict, reason: str, message: str) -> None:
        super().__init__(verdict, reason, message)
        self.verdict, self.reason, self.message = verdict, reason, message

    def __str__(self) -> str:
        return self.message


def within(entries: Iterable[Entry], before: str, limit: int) -> list[Entry]:
    """The part of a listing in order that `Store.entries` was asked for; nothing behind it is taken from `entries`."""
    found: list[Entry] = []
    for entry in entries:
        if before and entry.key >= before:
            break
        found.append(entry)
        if limit and len(found) > limit:
            break
    return found


class Store(Protocol):
    """Read access to buckets; all methods may be called from many threads at once."""

    def folders(self, bucket: str, prefix: str) -> list[str]:
        """Names of the folders directly under `prefix`, without slashes, sorted."""
        ...

    def entries(self, bucket: str, prefix: str, after: str = "", before: str = "", limit: int = 0) -> list[Entry]:
        """Objects under `prefix` in the order of their keys.

        Args:
            bucket: its name.
            prefix: ends with a slash.
            after: only keys that sort behind it.
            before: only keys that sort before it; empty for no end.
            limit: stop when more than this many are found; 0 for all.
        """
        ...

    def get(self, bucket: str, key: str, limit: int) -> Blob:
        """The object; UnavailableError `object-too-large` beyond `limit` stored bytes, AbsentError if there is none."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...
