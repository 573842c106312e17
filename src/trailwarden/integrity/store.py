"""Where objects come from: the little that the verifier asks of a bucket or of a folder holding a copy of one."""

from collections.abc import Mapping
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


class Store(Protocol):
    """Read access to buckets; all methods may be called from many threads at once."""

    def folders(self, bucket: str, prefix: str) -> list[str]:
        """Names of the folders directly under `prefix`, without slashes, sorted."""
        ...

    def entries(self, bucket: str, prefix: str, after: str = "") -> list[Entry]:
        """Every object under `prefix` whose key sorts behind `after`."""
        ...

    def get(self, bucket: str, key: str, limit: int) -> Blob:
        """The object; UnavailableError `object-too-large` beyond `limit` stored bytes, AbsentError if there is none."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...
