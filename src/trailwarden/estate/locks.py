"""Locks between the processes of a run, one for each call, held by whoever is asking it.

They are locks on single bytes of one file: no lock needs a file of its own, and the system frees those of a process that is killed.
"""

from __future__ import annotations

import os
from pathlib import Path

from trailwarden.calls import Call

try:
    import fcntl
except ImportError:  # Windows: there each process asks for itself
    fcntl = None  # type: ignore[assignment]  # the module that this system lacks

_RANGE = (1 << 62) - 1


class Locks:
    """Locks on calls. Within a process they don't exclude: see ``SharedReplies``.

    Args:
        path: the file, made when it is missing; the same for all processes of a run.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def take(self, call: Call) -> bool:
        """Lock a call; False where another process holds it."""
        if fcntl is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte(call))
        except OSError:
            return False
        return True

    def free(self, call: Call) -> None:
        """Unlock a call."""
        if fcntl is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _byte(call))

    def close(self) -> None:
        """Free everything."""
        os.close(self._file)


def _byte(call: Call) -> int:
    return int(call.id, 16) & _RANGE
