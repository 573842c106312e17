"""A pack on disk: read without following links, written whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from trailwarden.errors import OutputError, UsageError
from trailwarden.evidence.inputs import LEDGER, PACK
from trailwarden.evidence.manifest import MANIFEST, OUTSIDE, STATEMENT, manifest, parse_manifest
from trailwarden.text import visible

_SIGNS = (PACK, MANIFEST, STATEMENT)


def is_pack(folder: Path) -> bool:
    """Return whether a folder holds a pack, or what somebody has left of one."""
    return any((folder / name).is_file() for name in _SIGNS)


def read_folder(folder: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the regular files of a pack by path, and what else is there with what is wrong with it.

    Raises:
        UsageError: the folder is not a pack, or can't be listed.
    """
    if not is_pack(folder):
        raise UsageError(f"{folder}: not an evidence pack", "give a folder that `trailwarden check --evidence` wrote")
    files: dict[str, bytes] = {}
    problems: dict[str, str] = {}
    try:
        for path in _walk(folder):
            name = path.relative_to(folder).as_posix()
            if visible(name) != name:
                problems[visible(name)] = "its name can't be shown"
            elif not stat.S_ISREG(path.lstat().st_mode):
                problems[name] = "not a regular file"
            else:
                files[name] = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{error.filename}: can't be read: {error.strerror}") from error
    return files, problems


def _walk(folder: Path) -> list[Path]:
    """Return everything below a folder that is not itself a folder, links to folders included, sorted."""
    found: list[Path] = []
    for entry in sorted(os.scandir(folder), key=lambda item: item.name):
        if entry.is_dir(follow_symlinks=False):
            found.extend(_walk(Path(entry.path)))
        else:
            found.append(Path(entry.path))
    return found


def refuse_foreign(folder: Path, *, replace: bool = False) -> None:
    """Refuse to write where something else is: a file, files that belong to no pack, or the pack of another run.

    What an interrupted run left, a ledger alone, is in nobody's way.

    Args:
        folder: where a pack is to be written.
        replace: let the pack of another run go.

    Raises:
        OutputError: as said. Called before AWS is read as well, so that no run is wasted.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputError(f"{folder}: not a folder", "give the name of a new folder")
    there = {path.relative_to(folder).as_posix() for path in _walk(folder)} if folder.is_dir() else set()
    if there <= {LEDGER}:
        return
    known = _listed(folder)
    if not known or not there <= {*known, *OUTSIDE}:
        raise OutputError(f"{folder}: holds files that are no evidence pack", "give a new folder")
    if not replace:
        raise OutputError(f"{folder}: holds the evidence of another run", "give a new folder; evidence is not replaced")


def _listed(folder: Path) -> dict[str, str]:
    try:
        return parse_manifest((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}


def write_folder(folder: Path, files: Mapping[str, bytes], *, replace: bool = False) -> None:
    """Write a pack whole: into a temporary folder beside its place, then by a rename. The same pack may be written again.

    Raises:
        OutputError: the folder holds something else, as ``refuse_foreign``, or can't be written.
    """
    same = folder.is_dir() and manifest(files).decode() == "".join(
        f"{digest}  {path}\n" for path, digest in _listed(folder).items()
    )
    try:
        refuse_foreign(folder, replace=replace or same)
        target = Path(os.path.realpath(folder))
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
            made, old = Path(scratch) / "new", Path(scratch) / "old"
            _fill(made, files)
            if target.exists():
                target.rename(old)
            try:
                made.rename(target)
            except BaseException:
                if old.exists():
                    old.rename(target)
                raise
    except OSError as error:
        raise OutputError(
            f"{folder}: can't be written: {error.strerror or error}", "check the folder and its permissions"
        ) from error


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    for name in sorted(files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.write(files[name])
            stream.flush()
            os.fsync(stream.fileno())
