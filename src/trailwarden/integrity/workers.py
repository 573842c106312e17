"""Where units run: in this process, in worker processes, or on a Dask cluster, always through an Executor.

A bundle of units is one task. Inside a worker its units run side by side over one store and one pool of threads, so that
the waiting of one (a listing, the last slow answer) is filled by the others.
"""

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

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


@contextmanager
def workers(kind: str, jobs: int | None) -> Iterator[tuple[Executor, int]]:
    """Start an executor, and end it with what it still has to do.

    Args:
        kind: `processes`, `threads` or `dask://HOST:PORT`.
        jobs: number of workers; by default one per core, for threads one (its requests overlap anyway).

    Yields:
        The executor, and how many bundles it runs at a time.

    Raises:
        ValueError: another `kind`.
    """
    if kind.startswith("dask://"):
        with _dask(kind) as client:
            executor = client.get_executor(pure=False)
            yield executor, max(1, len(client.ncores()))
            executor.shutdown()
        return
    if kind not in {"processes", "threads"}:
        raise ValueError(f"unknown executor {kind!r}: processes, threads or dask://HOST:PORT")
    number = jobs or (1 if kind == "threads" else _cores())
    local = ThreadPoolExecutor(number, "bundle") if kind == "threads" or number == 1 else _processes(number)
    try:
        yield local, number
    finally:
        local.shutdown(cancel_futures=True)


def _processes(number: int) -> ProcessPoolExecutor:
    # A fork is started in milliseconds and shares its memory, but is only safe while there are no other threads.
    forkable = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if forkable else "spawn")
    executor = ProcessPoolExecutor(number, context, initializer=_follow_parent)
    executor.submit(int)  # the first task starts the processes: now, while this one is small and has no threads
    return executor


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _follow_parent() -> None:
    """End this worker when its parent is killed; the pool itself only notices an orderly end."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _dask(address: str) -> Any:
    try:
        from distributed import Client  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ValueError("executor dask:// needs the package `distributed`") from error
    return Client(address.replace("dask://", "tcp://", 1))
