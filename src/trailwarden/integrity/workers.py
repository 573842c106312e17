"""What a worker does, whatever executor it belongs to.

A bundle of units is one task. Inside a worker its units run side by side over one store and one pool of threads, so that
the waiting of one (a listing, the last slow answer) is filled by the others.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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


@dataclass(slots=True)
class _Runtime:
    store: Store
    pool: ThreadPoolExecutor
    users: int = 0

    def close(self) -> None:
        self.pool.shutdown()
        self.store.close()


_RUNTIMES: dict[tuple[Origin, int], _Runtime] = {}
_RUNTIMES_LOCK = threading.Lock()


@contextmanager
def _runtime(origin: Origin, threads: int) -> Iterator[_Runtime]:
    """The store and threads for an origin, kept for the next bundle; those of other origins are closed if nobody uses them.

    A worker of a cluster outlives many runs, each with credentials of its own.
    """
    with _RUNTIMES_LOCK:
        key = (origin, threads)
        if key not in _RUNTIMES:
            _RUNTIMES[key] = _Runtime(origin.open(), ThreadPoolExecutor(threads, "verify"))
        runtime = _RUNTIMES[key]
        runtime.users += 1
        idle = [_RUNTIMES.pop(other) for other, found in list(_RUNTIMES.items()) if not found.users]
    for other in idle:
        other.close()
    try:
        yield runtime
    finally:
        with _RUNTIMES_LOCK:
            runtime.users -= 1


def release(origin: Origin) -> None:
    """Close what bundles of this origin left open in this process; worker processes end with theirs."""
    with _RUNTIMES_LOCK:
        left = [_RUNTIMES.pop(key) for key in list(_RUNTIMES) if key[0] == origin]
    for runtime in left:
        runtime.close()
    if origin.access is not None:
        close(origin.access)


def run_bundle(origin: Origin, task: Task, units: Sequence[Unit], threads: int) -> list[UnitResult]:
    """Verify units side by side with at most `threads` requests at a time; results in order."""
    with _runtime(origin, threads) as runtime, ThreadPoolExecutor(len(units), "unit") as coordinators:
        return list(coordinators.map(lambda unit: run_unit(unit, task, runtime.store, runtime.pool, threads), units))
