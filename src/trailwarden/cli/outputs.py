"""Writes reports: every output is tried, whatever happens to the others."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from trailwarden.cli import console, packs
from trailwarden.cli.options import Output
from trailwarden.contract import RenderOptions
from trailwarden.errors import OutputError, TrailwardenError
from trailwarden.files import write_atomic
from trailwarden.ledger import Ledger, default_ledger_path
from trailwarden.model import Report
from trailwarden.registry import get_reporter

if TYPE_CHECKING:
    from trailwarden.evidence.inputs import Inputs  # most runs make no pack, and start sooner without


class Writer:
    """Writes several outputs and remembers which of them failed."""

    def __init__(self, report: Report, options: RenderOptions) -> None:
        self.report = report
        self.options = options
        self.failures: list[OutputError] = []

    def outputs(self, outputs: Iterable[Output]) -> None:
        """Write files first and stdout last: a reader who goes away early then loses nothing."""
        for output in sorted(outputs, key=lambda item: item.path is None):
            if output.path is not None:
                self._file(output.path, self._rendered(output.format))
            else:
                self._stdout(output.format)

    def pack(self, options: packs.Options, inputs: Inputs, kms: packs.MakeKms | None = None) -> None:
        """Write the evidence pack."""
        try:
            packs.write(options, inputs, self.report, kms)
        except OutputError as error:
            self.failures.append(error)

    def finish(self) -> None:
        """Say what could not be written.

        Raises:
            OutputError: something could not.
        """
        if self.failures:
            raise OutputError(
                "; ".join(error.message for error in self.failures),
                f"everything else was written; the verdict was exit code {self.report.run.exit_code}",
            )

    def _file(self, path: Path, parts: Iterable[bytes]) -> None:
        try:
            write_atomic(path, parts)
        except OutputError as error:
            self.failures.append(error)

    def _stdout(self, name: str) -> None:
        options = dataclasses.replace(
            self.options,
            colour=console.wants_colour(sys.stdout, os.environ),
            width=console.terminal_width(sys.stdout),
        )
        try:
            console.print_out(self._render(name, options))
        except OutputError as error:
            self.failures.append(error)
        except BrokenPipeError:
            console.silence_stdout()

    def _rendered(self, name: str) -> Iterator[bytes]:
        for part in self._parts(name, self.options):
            yield part.encode("utf-8", "backslashreplace")

    def _render(self, name: str, options: RenderOptions) -> str:
        return "".join(self._parts(name, options))

    def _parts(self, name: str, options: RenderOptions) -> Iterator[str]:
        try:
            yield from get_reporter(name).parts(self.report, options)
        except TrailwardenError:
            raise
        except Exception as error:  # a reporter may be anyone's; its defect must not take the other outputs with it
            raise OutputError(f"{name}: the reporter crashed: {type(error).__name__}: {error}") from error


def keep_partial(folder: Path, ledger: Ledger) -> Path:
    """Write what was read of a run that did not finish: a ledger alone is no evidence pack, and in no later one's way."""
    path = default_ledger_path(folder)
    ledger.write(path)
    return path
