"""``trailwarden baseline``: write down what fails today."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from trailwarden.cli import console
from trailwarden.cli.convert import read_report
from trailwarden.errors import EXIT_OK, UsageError
from trailwarden.policy.baseline import baseline_of, write_baseline

FILE = "trailwarden-baseline.json"


@dataclass(frozen=True, slots=True)
class Options:
    """The run to write down (None is stdin), and the file."""

    results: Path | None
    path: Path
    force: bool


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    write = verbs.add_parser("write", help="make a baseline of a run")
    write.add_argument("results", metavar="RESULTS", help="results.json, an evidence folder, or - for stdin")
    write.add_argument("path", metavar="FILE", nargs="?", default=FILE, help=f"(default: {FILE})")
    write.add_argument("--force", action="store_true", help="replace the file if there is one")
    write.set_defaults(parse=parse, run=run)


def parse(namespace: argparse.Namespace) -> Options:
    """Return the options."""
    results = None if namespace.results == "-" else Path(namespace.results)
    return Options(results, Path(namespace.path), namespace.force)


def run(options: Options) -> int:
    """Write the baseline of a run.

    Raises:
        UsageError: no results.json, a run that did not finish, or there is a baseline already.
        OutputError: the file can't be written.
    """
    if options.path.exists() and not options.force:
        raise UsageError(f"{options.path} exists", "give another name, or --force to replace it")
    report = read_report(options.results)
    if not report.run.complete:
        raise UsageError("the run is incomplete: what it did not look at would count as new later")
    baseline = baseline_of(report.results, report.run.started_at)
    write_baseline(baseline, options.path)
    number = len(baseline.entries)
    console.say(f"wrote {options.path}: {number} {'entry' if number == 1 else 'entries'} as of {baseline.created}")
    return EXIT_OK
