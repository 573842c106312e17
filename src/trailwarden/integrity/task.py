"""What goes into a unit of work and what comes out of it: plain picklable values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from trailwarden.integrity.digest import Head
from trailwarden.integrity.events import LogContent
from trailwarden.integrity.keys import PublicKey
from trailwarden.integrity.names import Scope
from trailwarden.integrity.places import Places
from trailwarden.integrity.verdicts import Finding, Verdict

#: Log files in one unit; beyond it the unit is split, so that memory does not grow with what is in the bucket.
DENSE: Final = 2000


@dataclass(frozen=True, slots=True)
class Task:
    """What is the same for every unit of a run.

    Attributes:
        places: claimed against found locations.
        trails: only chains of these trails; empty for all.
        sample: share of logs to read, 0 to 1.
        recheck: share of logs known from the ledger to read again all the same.
        seed: makes the choice of samples repeatable.
        digests_only: leave logs alone, listing included.
        content_check: also parse the sampled logs.
        object_limit: largest stored object read, bytes.
        inflate_limit: largest inflated object, bytes.
        keep: bring back rows and digest bodies for a ledger or a list of files.
    """

    places: Places
    trails: tuple[str, ...] = ()
    sample: float = 1.0
    recheck: float = 0.01
    seed: str = ""
    digests_only: bool = False
    content_check: bool = False
    object_limit: int = 256 << 20
    inflate_limit: int = 1 << 30
    keep: bool = False


@dataclass(frozen=True, slots=True)
class KnownDigest:
    """A digest as the ledger keeps it: judged anew every time, only not read anew while its listing is unchanged."""

    state: str
    body: bytes
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unit:
    """Digests that end in (start, end] and logs delivered in slots of [start, end), seconds since 1970.

    `whole` keeps it from being split however many logs there are; `last` is set if the window ends with it.
    """

    scope: Scope
    start: int
    end: int
    keys: tuple[PublicKey, ...]
    known_digests: Mapping[str, KnownDigest] = field(default_factory=dict)
    known_logs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Key to (state, SHA-256) of logs verified before."""
    whole: bool = False
    last: bool = False


class LogRow(NamedTuple):
    """The result for one log file. `source` is `read`, `ledger` or `not-read` (outside the sample)."""

    bucket: str
    key: str
    state: str
    verdict: str
    reason: str
    source: str
    digest: str
    sha256: str
    size: int


class FileRecord(NamedTuple):
    """One line of the list of files: a `digest` or a `log`, its verdict, and where that comes from."""

    kind: str
    bucket: str
    key: str
    verdict: str
    reason: str
    source: str
    digest: str
    sha256: str
    size: int


@dataclass(slots=True)
class UnitResult:
    """Everything a unit found. `loose_*` are for the neighbours: references without listing and the reverse.

    `kinds` are the kinds of log files that its digests name. `split` is set, and nothing else, if there are too many logs
    for one unit: the stretches to verify instead.
    """

    scope: Scope
    start: int
    end: int
    heads: list[Head] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    loose_references: list[str] = field(default_factory=list)
    loose_logs: list[tuple[str, int]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    unread: list[tuple[int, int]] = field(default_factory=list)
    contents: list[LogContent] = field(default_factory=list)
    inflated: int = 0
    rows: list[LogRow] = field(default_factory=list)
    split: list[tuple[int, int]] = field(default_factory=list)
    bodies: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)
    """(key, state, stored bytes, metadata) of digests read in this run."""


def cut(first: int, last: int, step: int) -> list[tuple[int, int]]:
    """[first, last) cut at full multiples of `step` seconds, without a short piece at the end."""
    full = range(first - first % step + step, last, step)
    # The hour behind the window is no unit of its own: that would list everything again for one digest.
    return list(pairwise([first, *(at for at in full if last - at > step // 3), last]))


def records(result: UnitResult) -> Iterator[FileRecord]:
    """The files of a unit, each digest before the logs it names."""
    rows: dict[str, list[LogRow]] = {}
    for row in result.rows:
        rows.setdefault(row.digest, []).append(row)
    for head in result.heads:
        verdict = Verdict.CONTAINER_ANOMALY if head.anomaly else head.verdict
        reason = head.anomaly or head.reason
        yield FileRecord("digest", head.bucket, head.key, str(verdict), reason, "read", "", head.sha256, 0)
        for row in rows.get(head.key, ()):
            yield FileRecord(
                "log", row.bucket, row.key, row.verdict, row.reason, row.source, row.digest, row.sha256, row.size
            )
