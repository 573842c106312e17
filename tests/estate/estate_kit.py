"""Runs the command line against a simulated organization, in processes that can be killed."""

import contextlib
import json
import multiprocessing
import os
import runpy
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.estate.simulator import ENVIRONMENT, ROLE, Organization

# Processes of a server that has everything imported start in milliseconds, and have no threads that a fork could get into trouble with.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["trailwarden.cli.check", "trailwarden.cli.estates", "trailwarden.aws.reader"])

TIMED = ("trail-s3-delivery-healthy", "trail-digest-delivery-healthy", "trail-cloudwatch-delivery-recent")
"""Policies whose verdicts speak of the run's own clock."""
COMMAND = str(Path(__file__).with_name("command.py"))


@dataclass
class Run:
    """A finished command."""

    code: int
    stderr: str
    folder: Path

    @property
    def report(self) -> dict[str, Any]:
        """The canonical results, as `-o json=out.json` wrote them."""
        found: dict[str, Any] = json.loads((self.folder / "out.json").read_text(encoding="utf-8"))
        return found

    def rows(self, account: str) -> list[dict[str, Any]]:
        return [row for row in self.report["results"] if row["account"] == account]


def start(organization: Organization, folder: Path, *options: str) -> Any:
    """Start `check` on the organization."""
    given = ["check", "--endpoint-url", organization.url, *options, "-o", "json=out.json"]
    given += [word for name in TIMED for word in ("--exclude", f"{name}=two runs have two clocks")]
    if "--partial" not in options:
        given += ["--organization", "--role", ROLE]
    return launch(folder, *given)


def launch(folder: Path, *words: str) -> Any:
    """Start a command in a folder, as the caller of the organization."""
    nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    variables = {**ENVIRONMENT, **nowhere, "AWS_EC2_METADATA_DISABLED": "true"}
    given = (list(words), str(folder), variables)
    process = SERVER.Process(target=runpy.run_path, args=(COMMAND, {"GIVEN": given}, "__child__"))
    process.start()
    return process


def finish(process: Any, folder: Path) -> Run:
    process.join(120)
    assert process.exitcode is not None
    return Run(process.exitcode, (folder / "stderr").read_text(), folder)


def check(organization: Organization, folder: Path, *options: str) -> Run:
    """Run `check --organization` to its end."""
    folder.mkdir(exist_ok=True)
    return finish(start(organization, folder, *options), folder)


def judged(report: dict[str, Any]) -> dict[str, Any]:
    """What two runs that began at different moments must have in common: everything but the moment, and what is hashed with it."""
    run = {
        name: value
        for name, value in report["run"].items()
        if name not in ("id", "started_at", "finished_at", "ledger_sha256")
    }
    return {**report, "run": run}


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(item) for item in listed.read_text().split()] if listed.exists() else []


def at_request(number: int, act: Callable[[], None]) -> Callable[[object], None]:
    """A hook for the organization that acts when a request of a number arrives."""
    seen = iter(range(1, sys.maxsize))

    def hook(_: object) -> None:
        if next(seen) == number:
            act()

    return hook


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # it was quicker
            os.kill(pid, signal.SIGKILL)


def wait_for_end(pids: Iterable[int]) -> None:
    """Wait until processes that are not ours to join are gone: workers end by themselves when their parent has been killed."""
    for pid in pids:
        while Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
            time.sleep(0.005)
