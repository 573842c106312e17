"""The chain: each pack names the one before it, so that a pack that disappears is missed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from trailwarden.errors import UsageError
from trailwarden.evidence.folder import is_pack
from trailwarden.evidence.manifest import MANIFEST, STATEMENT, sha256
from trailwarden.model import Report


def previous_pack(folder: Path, report: Report, given: Path | None = None) -> dict[str, str]:
    """Return evidence_id, digest and started_at of the pack before the one to be written into ``folder``; empty if there is none.

    Args:
        folder: where the new pack goes.
        report: the new pack's.
        given: the previous pack; None looks for the latest earlier one of the same accounts beside ``folder``.

    Raises:
        UsageError: what was given is no pack, or a later one.
    """
    if given is not None:
        if not is_pack(given):
            raise UsageError(
                f"{given}: not an evidence pack", "give a folder that `trailwarden check --evidence` wrote"
            )
        found = _facts(given)
        if not found or found["started_at"] > report.run.started_at:
            raise UsageError(f"{given}: damaged, or later than this run", "see `trailwarden evidence verify`")
        return found
    earlier = [item for item in _beside(folder, report) if item["started_at"] < report.run.started_at]
    return max(earlier, key=lambda item: (item["started_at"], item["evidence_id"], item["digest"]), default={})


def _beside(folder: Path, report: Report) -> Iterator[dict[str, str]]:
    parent, own = folder.resolve().parent, folder.resolve()
    for item in _folders(parent):
        if item != own and is_pack(item) and (said := _said(item)) is not None:
            same = said.get("accounts") == list(report.run.accounts) and said.get("synthetic") == report.run.synthetic
            if same and (facts := _facts(item)):
                yield facts


def _folders(parent: Path) -> Iterable[Path]:
    try:
        return sorted(item for item in parent.iterdir() if item.is_dir() and not item.name.startswith("."))
    except OSError:
        return []


def _said(folder: Path) -> dict[str, Any] | None:
    """Return what a pack's statement says of its run, or None where it can't be read: then it is nobody's predecessor."""
    try:
        found = json.loads((folder / STATEMENT).read_bytes())["predicate"]["trailwarden"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _facts(folder: Path) -> dict[str, str]:
    said = _said(folder)
    try:
        digest = sha256((folder / MANIFEST).read_bytes())
        return (
            {"evidence_id": str(said["evidenceId"]), "digest": digest, "started_at": str(said["startedOn"])}
            if said
            else {}
        )
    except (OSError, KeyError):
        return {}
