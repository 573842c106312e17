"""The replies of one account on disk: a line each, appended as they come, found again by call, by any process of the run."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from trailwarden.calls import Call, Reply, canonical
from trailwarden.errors import OutputError
from trailwarden.ledger import entry_from_json, entry_to_json

_START = 17
"""Where the ledger's own line begins: before it stand the call's id and a space."""


class Journal:
    """An append-only file of ledger lines. Safe under threads, and under processes that append to the same file.

    A process that is killed while it writes leaves half a line. That is no reply: it is skipped, and the call is asked again.

    Args:
        path: the file; it is made when the first reply is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file: int | None = None
        self._read = 0
        """Bytes of the file that the index knows."""
        self._index: dict[str, tuple[int, int]] = {}

    def get(self, call: Call) -> Reply | None:
        """Return the reply to a call, whoever asked it; None if nobody has."""
        with self._lock:
            self._refresh()
            place = self._index.get(call.id)
            if place is None or self._file is None:
                return None
            line = os.pread(self._file, place[1], place[0])
        entry = _parsed(line)
        return entry[1] if entry else None

    def append(self, call: Call, reply: Reply) -> None:
        """Keep a reply.

        Raises:
            OutputError: it can't be written.
        """
        line = f"{call.id} {canonical(entry_to_json(call, reply))}\n".encode("utf-8", "surrogatepass")
        with self._lock:
            self._open(os.O_CREAT)
            assert self._file is not None
            size = os.fstat(self._file).st_size
            broken = size > 0 and os.pread(self._file, 1, size - 1) != b"\n"
            try:
                os.write(self._file, b"\n" + line if broken else line)
            except OSError as error:
                raise OutputError(f"{self._path}: can't be written: {error.strerror or error}") from error

    def sync(self) -> None:
        """Wait until what was appended is on the disk itself."""
        with self._lock:
            if self._file is not None:
                os.fsync(self._file)

    def close(self) -> None:
        """Close the file; a later use opens it again."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _open(self, flags: int = 0) -> bool:
        if self._file is None:
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | flags, 0o600)
            except FileNotFoundError:
                return False
        return True

    def _refresh(self) -> None:
        """Index the whole lines that were appended since the last time."""
        if not self._open():
            return
        assert self._file is not None
        size = os.fstat(self._file).st_size
        if size <= self._read:
            return
        data = os.pread(self._file, size - self._read, self._read)
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            identity = data[start : start + _START - 1]
            if data[start + _START - 1 : start + _START] == b" " and data[end - 1 : end] == b"}":
                self._index[identity.decode("ascii", "replace")] = (self._read + start, end - start)
            start = end + 1
        self._read += start


def entries(path: Path) -> Iterator[tuple[Call, Reply, bytes]]:
    """Yield each call of a journal once, in the order of calls, with its reply and its line of the ledger."""
    found: dict[Call, tuple[Reply, bytes]] = {}
    for line in path.read_bytes().split(b"\n"):
        entry = _parsed(line)
        if entry:
            found[entry[0]] = (entry[1], line[_START:])
    for call in sorted(found):
        yield call, *found[call]


def _parsed(line: bytes) -> tuple[Call, Reply] | None:
    """Return what a line holds, None for half of one."""
    try:
        return entry_from_json(json.loads(line[_START:]))
    except (KeyError, TypeError, ValueError):
        return None
