"""A pack's files as a function of its inputs and its report. Signing is apart: a signature is no function of anything public."""

from __future__ import annotations

import dataclasses

from trailwarden.errors import OutputError, TrailwardenError
from trailwarden.evidence.context import evidence_of
from trailwarden.evidence.inputs import Inputs
from trailwarden.evidence.manifest import MANIFEST, manifest
from trailwarden.evidence.raw import raw_files
from trailwarden.evidence.statement import statement_files
from trailwarden.model import Report
from trailwarden.registry import get_reporter

RESULTS = "results.json"
REPORTS = {
    RESULTS: "json",
    "report.md": "markdown",
    "report.html": "html",
    "junit.xml": "junit",
    "results.sarif": "sarif",
    "oscal.json": "oscal",
}
"""The reports of a pack: file name to format."""
SIGNER = "signer.pem"


def build(inputs: Inputs, report: Report) -> dict[str, bytes]:
    """Return every file of the pack but the signature, by path.

    Raises:
        OutputError: a reporter crashed.
    """
    files = inputs.to_files()
    files.update(raw_files(inputs.ledger))
    files.update(reports(inputs, report))
    if inputs.surroundings.signer:
        files[SIGNER] = inputs.surroundings.signer["public_key"].encode()
    files[MANIFEST] = manifest(files)
    files.update(statement_files(inputs, report, files))
    return files


def reports(inputs: Inputs, report: Report) -> dict[str, bytes]:
    """Return the rendered reports by path; raises as ``build``."""
    options = dataclasses.replace(inputs.request.rendering, evidence=evidence_of(inputs, report))
    found = {}
    for path, name in REPORTS.items():
        try:
            found[path] = get_reporter(name).render(report, options).encode()
        except TrailwardenError:
            raise
        except Exception as error:  # a reporter may be anyone's; say which one
            raise OutputError(f"{name}: the reporter crashed: {type(error).__name__}: {error}") from error
    return found
