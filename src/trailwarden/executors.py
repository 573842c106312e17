"""Where units of work run: in threads of this process, in worker processes, or on a Dask cluster, always through an Executor."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any

THREADS = "threads"
PROCESSES = "processes"
DASK = "dask://"


def check_kind(kind: str) -> None:
    """Refuse a kind of executor that there is none of.

    Raises:
        ValueError: it is none of `processes`, `threads` and `dask://HOST:PORT`.
    """
    if kind not in {PROCESSES, THREADS} and not kind.startswith(DASK):
        raise ValueError(f"unknown executor {kind!r}: processes, threads or dask://HOST:PORT")


@contextmanager
def open_executor(kind: str, jobs: int | None = None) -> Iterator[tuple[Executor, int]]:
    """Start an executor, and end it with what it still has to do.

    Args:
        kind: `processes`, `threads` or `dask://HOST:PORT`.
        jobs: number of workers; by default one per core, for threads one (its requests overlap anyway). A Dask cluster has its own.

    Yields:
        The executor, and how many tasks it runs at a time; of a Dask cluster its processes.

    Raises:
        ValueError: another `kind`, or the package `distributed` is missing.
    """
    check_kind(kind)
    if kind.startswith(DASK):
        with _dask(kind) as client:
            executor = client.get_executor(pure=False)
            yield executor, max(1, len(client.ncores()))
            executor.shutdown()
        return
    number = jobs or (1 if kind == THREADS else cores())
    local = ThreadPoolExecutor(number, "bundle") if kind == THREADS or number == 1 else _processes(number)
    try:
        yield local, number
    finally:
        local.shutdown(cancel_futures=True)


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processes(number: int) -> ProcessPoolExecutor:
    # A fork is started in milliseconds and shares its memory, but is only safe while there are no other threads.
    forkable = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if forkable else "spawn")
    executor = ProcessPoolExecutor(number, context, initializer=_follow_parent)
    executor.submit(int)  # the first task starts the processes: now, while this one is small and has no threads
    return executor


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
        raise ValueError("executor dask:// needs the package `distributed`: the extra `dask`") from error
    connect: Any = Client
    return connect(address.replace(DASK, "tcp://", 1))
