"""What a worker does, whatever executor it belongs to.

A bundle of units is one task. Inside a worker its units run side by side over one store and one pool of threads, so that
the waiting of one (a listing, the last slow answer) is filled by the others.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from trailwarden.integrity.aws import Access, close
from trailwarden.integrity.folder import FolderStore
from trailwarden.integrity.s3 import S3Store
from trailwarden.integrity.store import Store
from trailwarden.integrity.task import Task, Unit, UnitResult
from trailwarden.integrity.unit import run_unit


@dataclass(frozen=True)
class Origin:
    """What to open the store from: AWS access, or a local folder."""

    access: Access | None = None
    folder: Path | None = None

    def open(self) -> Store:
        """A store of its own."""
        if self.folder is not None:
            return FolderStore(self.folder)
        return S3Store(self.access or Access())

    def informed(self, store: Store, bucket: str) -> "Origin":
        """The same origin with what `store` has learnt about the bucket, so that workers need not learn it again."""
        region = store.region_of(bucket) if isinstance(store, S3Store) else None
        return replace(self, access=replace(self.access, bucket_region=region)) if region and self.access else self


_RUNTIMES: dict[tuple[Origin, int], tuple[Store, ThreadPoolExecutor]] = {}
_RUNTIMES_LOCK = threading.Lock()


def _runtime(origin: Origin, threads: int) -> tuple[Store, ThreadPoolExecutor]:
    with _RUNTIMES_LOCK:
        if (origin, threads) not in _RUNTIMES:
            _RUNTIMES[origin, threads] = origin.open(), ThreadPoolExecutor(threads, "verify")
        return _RUNTIMES[origin, threads]


def release(origin: Origin) -> None:
    """Close what bundles of this origin left open in this process; worker processes end with theirs."""
    with _RUNTIMES_LOCK:
        for key in [key for key in _RUNTIMES if key[0] == origin]:
            store, pool = _RUNTIMES.pop(key)
            pool.shutdown()
            store.close()
    if origin.access is not None:
        close(origin.access)


def run_bundle(origin: Origin, task: Task, units: Sequence[Unit], threads: int) -> list[UnitResult]:
    """Verify units side by side with at most `threads` requests at a time; results in order."""
    store, pool = _runtime(origin, threads)
    with ThreadPoolExecutor(len(units), "unit") as coordinators:
        return list(coordinators.map(lambda unit: run_unit(unit, task, store, pool, threads), units))
