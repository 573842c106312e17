"""A pack as others use it: read, not verified."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trailwarden.errors import UsageError
from trailwarden.evidence.build import RESULTS
from trailwarden.evidence.folder import read_folder
from trailwarden.evidence.inputs import Inputs, read_inputs
from trailwarden.evidence.manifest import MANIFEST, sha256
from trailwarden.model import Report
from trailwarden.presentation import evidence_id
from trailwarden.results import report_from_json


@dataclass(frozen=True)
class Loaded:
    """A pack's inputs and its stored report. ``digest`` is that of its manifest."""

    folder: Path
    files: Mapping[str, bytes]
    inputs: Inputs
    report: Report
    digest: str

    @property
    def evidence_id(self) -> str:
        """Return its evidence id."""
        return evidence_id(self.report)


def load(folder: Path) -> Loaded:
    """Read a pack.

    Raises:
        UsageError: not a pack, or damaged.
    """
    files, _ = read_folder(folder)
    try:
        inputs = read_inputs(files)
        report = report_from_json(json.loads(files[RESULTS]))
    except (KeyError, ValueError, UsageError, RecursionError) as error:
        raise UsageError(f"{folder}: a damaged pack: {error}", "see `trailwarden evidence verify`") from None
    return Loaded(folder, files, inputs, report, sha256(files.get(MANIFEST, b"")))
