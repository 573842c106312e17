"""Build a bucket, tamper with it, verify it in this process: what the tests of the verifier share."""

import gzip
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.integrity.chains import (
    DAY,
    DEFAULT_START,
    Bucket,
    ChainSpec,
    KeyPeriod,
    Link,
    StoredObject,
    build,
    signing_key,
    stored,
)

from trailwarden.integrity.chain import Window
from trailwarden.integrity.engine import Run
from trailwarden.integrity.history import History
from trailwarden.integrity.keys import PublicKey
from trailwarden.integrity.places import Places
from trailwarden.integrity.report import VerifyReport
from trailwarden.integrity.store import AbsentError, Blob, Entry, Store, UnavailableError, within
from trailwarden.integrity.task import FileRecord, Task
from trailwarden.integrity.verdicts import Verdict
from trailwarden.integrity.workers import Origin

SINCE = DEFAULT_START
UNTIL = DEFAULT_START + DAY
NOW = DEFAULT_START + 2 * DAY

_FAULTS = {
    "denied": UnavailableError(Verdict.UNREADABLE, "access-denied", "Access Denied"),
    "archived": UnavailableError(Verdict.UNREADABLE, "archived", "InvalidObjectState"),
    "kms": UnavailableError(Verdict.UNREADABLE, "kms", "the key is disabled"),
    "throttled": UnavailableError(Verdict.INCONCLUSIVE, "throttled", "SlowDown"),
    "network": UnavailableError(Verdict.INCONCLUSIVE, "network", "connection cut"),
}


class MemoryStore:
    """Objects of a dictionary as a `Store`."""

    def __init__(self, buckets: dict[str, dict[str, StoredObject]], faults: dict[str, str]) -> None:
        self.buckets, self.faults = buckets, faults
        self.reads: list[str] = []

    def _objects(self, bucket: str, prefix: str) -> list[str]:
        if prefix in self.faults:
            raise _FAULTS[self.faults[prefix]]
        return sorted(key for key in self.buckets.get(bucket, {}) if key.startswith(prefix))

    def folders(self, bucket: str, prefix: str) -> list[str]:
        rests = (key[len(prefix) :] for key in self._objects(bucket, prefix))
        return sorted({rest.split("/")[0] for rest in rests if "/" in rest})

    def entries(self, bucket: str, prefix: str, after: str = "", before: str = "", limit: int = 0) -> list[Entry]:
        found = ((key, self.buckets[bucket][key]) for key in self._objects(bucket, prefix) if key > after)
        listing = (Entry(key, f"{o.etag} {len(o.body)} {o.modified}", len(o.body)) for key, o in found)
        return within(listing, before, limit)

    def get(self, bucket: str, key: str, limit: int) -> Blob:
        self.reads.append(key)
        if key in self.faults:
            raise _FAULTS[self.faults[key]]
        found = self.buckets.get(bucket, {}).get(key)
        if found is None:
            raise AbsentError(key)
        return Blob(found.body, metadata=dict(found.metadata))

    def close(self) -> None:
        pass


@dataclass(frozen=True, eq=False)
class MemoryOrigin(Origin):
    """Opens the one memory store; compared by identity, so runs do not share it."""

    store: MemoryStore | None = None
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def open(self) -> Store:
        assert self.store is not None
        return self.store


@dataclass
class Case:
    """A bucket with one chain of 26 hours from an hour before the window, every hour with three logs."""

    bucket: Bucket
    spec: ChainSpec
    links: list[Link]
    periods: list[KeyPeriod]
    faults: dict[str, str] = field(default_factory=dict)
    history: History | None = None
    now: int = NOW

    @property
    def objects(self) -> dict[str, StoredObject]:
        return self.bucket.objects

    def copy(self) -> "Case":
        bucket = Bucket(self.bucket.name, dict(self.bucket.objects))
        spec = replace(self.spec, bucket=bucket)
        return Case(bucket, spec, list(self.links), list(self.periods), dict(self.faults), self.history, self.now)

    def put(self, key: str, body: bytes, metadata: dict[str, str] | None = None) -> None:
        """Overwrite an object as somebody with write access would, keeping its metadata unless told otherwise."""
        old = self.objects.get(key)
        kept = dict(old.metadata) if old and metadata is None else metadata
        self.objects[key] = stored(body, kept, NOW)

    def public_keys(self) -> list[PublicKey]:
        regions = {self.spec.region, "eu-west-1"}
        return [PublicKey.from_json(period.entry(), region=region) for period in self.periods for region in regions]


def periods(*names: str) -> list[KeyPeriod]:
    return [KeyPeriod(signing_key(name), DEFAULT_START - 10 * DAY, DEFAULT_START + 20 * DAY) for name in names]


def make(**changes: Any) -> Case:
    """A case; `changes` are those of ChainSpec."""
    bucket = changes.pop("bucket", None) or Bucket()
    spec = ChainSpec(bucket, **changes)
    return Case(bucket, spec, build(spec), periods("default", "second"))


_BASE: list[Case] = []


def base() -> Case:
    """A fresh copy of the untouched default case."""
    if not _BASE:
        _BASE.append(make())
    return _BASE[0].copy()


def edited(hour: int, edit: Callable[[dict[str, Any]], None]) -> Case:
    """The default chain, but AWS itself signed something odd at `hour`."""

    def change(index: int, body: dict[str, Any]) -> dict[str, Any]:
        if index == hour:
            edit(body)
        return body

    return make(edit=change)


def audit(case: Case, *, rows: list[FileRecord] | None = None, **task: Any) -> VerifyReport:
    """Verify the case in this process."""
    since, until = task.pop("since", SINCE), task.pop("until", UNTIL)
    extra = {
        name: task.pop(name)
        for name in ("accounts", "regions", "sources", "buckets", "connections", "store", "executor")
        if name in task
    }
    settings: dict[str, Any] = {"places": Places(), "inflate_limit": 1 << 20, "keep": rows is not None, **task}
    buckets = {case.bucket.name: case.objects} | extra.pop("buckets", {})
    sources = extra.pop("sources", [(case.bucket.name, case.spec.prefix)])
    store = extra.pop("store", None) or MemoryStore(buckets, case.faults)
    with extra.pop("executor", None) or ThreadPoolExecutor(1) as executor:
        run = Run(
            origin=MemoryOrigin(store=store),
            sources=sources,
            window=Window(since, until, case.now),
            task=Task(**settings),
            executor=executor,
            workers=1,
            connections=extra.pop("connections", 2),
            keys=case.public_keys(),
            history=case.history,
            on_file=None if rows is None else rows.append,
            **extra,
        )
        return run.verify({})


def outcome(report: VerifyReport) -> list[tuple[str, str]]:
    """Verdict and reason of every finding."""
    return sorted((str(finding.verdict), finding.reason) for finding in report.findings)


def recompressed(body: bytes, change: Callable[[Any], None]) -> bytes:
    """A log file with changed content."""
    data = json.loads(gzip.decompress(body))
    change(data)
    return gzip.compress(json.dumps(data).encode(), mtime=0)
