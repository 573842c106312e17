"""Writes reports: every output is tried, whatever happens to the others."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path, PurePosixPath

from trailwarden.cli import console
from trailwarden.cli.options import Output
from trailwarden.contract import RenderOptions
from trailwarden.errors import OutputError, TrailwardenError
from trailwarden.files import write_atomic
from trailwarden.ledger import Ledger, default_ledger_path
from trailwarden.model import Report
from trailwarden.policy.model import PolicyFile
from trailwarden.registry import get_reporter

REPORTS = {"results.json": "json", "report.md": "markdown", "junit.xml": "junit", "results.sarif": "sarif"}
"""The reports of an evidence pack, by file name."""


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
                self._file(output.path, partial(self._rendered, output.format))
            else:
                self._stdout(output.format)

    def pack(self, folder: Path, ledger: Ledger, policies: Iterable[PolicyFile]) -> None:
        """Write the evidence pack: the ledger, the results, every report, and the policies as they were read."""
        self._file(default_ledger_path(folder), ledger.to_bytes)
        for name, format_name in REPORTS.items():
            self._file(folder / name, partial(self._rendered, format_name))
        for name, text in policy_paths(policies).items():
            self._file(folder / "policies" / name, text.encode)

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

    def _file(self, path: Path, make: Callable[[], bytes]) -> None:
        try:
            write_atomic(path, make())
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

    def _rendered(self, name: str) -> bytes:
        return self._render(name, self.options).encode("utf-8", "backslashreplace")

    def _render(self, name: str, options: RenderOptions) -> str:
        try:
            return get_reporter(name).render(self.report, options)
        except TrailwardenError:
            raise
        except Exception as error:  # a reporter may be anyone's; its defect must not take the other outputs with it
            raise OutputError(f"{name}: the reporter crashed: {type(error).__name__}: {error}") from error


def policy_paths(policies: Iterable[PolicyFile]) -> dict[str, str]:
    """Return the text of each policy file by a relative path that stays inside the pack."""
    found: dict[str, str] = {}
    for item in policies:
        parts = [part for part in PurePosixPath(item.name.replace("\\", "/")).parts if part not in ("/", ".", "..")]
        name = "/".join(parts)
        number = 2
        while name in found:
            name = "/".join([*parts[:-1], f"{number}-{parts[-1]}"])
            number += 1
        found[name] = item.text
    return found


def keep_partial(folder: Path, ledger: Ledger) -> Path:
    """Write what was read of a run that did not finish, and take away reports of an earlier run, which are not about it."""
    path = default_ledger_path(folder)
    ledger.write(path)
    for name in REPORTS:
        (folder / name).unlink(missing_ok=True)
    return path
