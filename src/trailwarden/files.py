"""Atomic file writing: a reader sees the old file or the whole new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from trailwarden.errors import OutputError


def write_atomic(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write ``data``, whole or in parts, to ``path`` through a temporary file beside it, creating parent folders.

    A symbolic link is followed, and a device such as /dev/stdout is written to directly, because replacing it would be wrong.

    Raises:
        OutputError: the file or its folder can't be written.
    """
    parts = (data,) if isinstance(data, bytes) else data
    with _said(path), open_atomic(path) as stream:
        stream.writelines(parts)


@contextlib.contextmanager
def open_atomic(path: Path) -> Iterator[BinaryIO]:
    """Open ``path`` for writing as ``write_atomic`` does; it appears when the block ends without an exception.

    Raises:
        OutputError: it is a folder.
        OSError: the file or its folder can't be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        if target.is_dir():
            raise OutputError(f"{path}: is a folder", "give a file name")
        with target.open("wb") as stream:
            yield stream
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, _mode(target))  # noqa: PTH101 - by name of the temporary file, beside os.replace
        os.replace(name, target)  # noqa: PTH105 - the atomic step, kept visible
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - as above
        raise


@contextlib.contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path}: can't be written: {error.strerror or error}", "check the folder and its permissions"
        ) from error


def _mode(target: Path) -> int:
    """Return the mode of the file that is replaced, else what the umask allows (mkstemp alone would leave 0600)."""
    if target.exists():
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
