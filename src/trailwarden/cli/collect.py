"""``trailwarden collect``: only read AWS and keep the replies."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from trailwarden.cli import console, runs
from trailwarden.cli.arguments import add_config, add_settings, settings_of
from trailwarden.cli.options import ConnectionOptions, EstateOptions, SelectionOptions
from trailwarden.config import ATTACHED, CONNECTION, ESTATE, SELECTION
from trailwarden.errors import EXIT_OK, OutputError

NAMES = (*SELECTION, *CONNECTION, *ESTATE, *ATTACHED, "jobs")


@dataclass(frozen=True, slots=True)
class Options:
    """What to read, and where to keep it."""

    selection: SelectionOptions
    connection: ConnectionOptions
    estate: EstateOptions | None
    integrity: tuple[Path, ...]
    path: Path
    jobs: int


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "path",
        metavar="LEDGER",
        nargs="?",
        default="ledger.jsonl",
        help="file for the replies, compressed if it ends in .gz (default: ledger.jsonl)",
    )
    add_settings(parser, "what these policies need", SELECTION)
    add_settings(parser, "account", (*CONNECTION, *ATTACHED))
    add_settings(parser, "several accounts", ESTATE)
    add_settings(parser, "other", ("jobs",))
    add_config(parser)
    parser.set_defaults(parse=parse, run=run)


def parse(namespace: argparse.Namespace) -> Options:
    """Return the options."""
    settings = settings_of(namespace, NAMES)
    return Options(
        selection=SelectionOptions.of(settings),
        connection=ConnectionOptions.of(settings),
        estate=EstateOptions.of(settings),
        integrity=tuple(map(Path, settings["integrity"].value)),
        path=Path(namespace.path),
        jobs=settings["jobs"].value,
    )


def run(options: Options) -> int:
    """Read, and write the ledger, also of a reading that broke off.

    Raises:
        TrailwardenError: AWS can't be asked, or the file can't be written.
    """
    plan = runs.plan_for(options.selection)
    reports = runs.verified(options.integrity)
    progress = console.Progress(os.environ)
    if options.estate:
        from trailwarden.cli import estates  # noqa: PLC0415 - one account pays nothing for many

        settled = estates.settle(
            plan, options.estate, options.connection, jobs=options.jobs, progress=progress, reports=reports
        )
        return _say(options.path, *settled.write_ledger(options.path))
    source = runs.live(options.connection, options.jobs, progress, reports)
    try:
        ledger = runs.interruptible(lambda: runs.read(plan, source, jobs=options.jobs, progress=progress))
    except BaseException:
        progress.clear()
        _keep(options.path, source)
        raise
    source.close()
    progress.clear()
    ledger.write(options.path)
    failed = sum(reply.error is not None for reply in ledger.replies.values())
    return _say(options.path, len(ledger.replies), failed)


def _say(path: Path, replies: int, failed: int) -> int:
    console.say(
        f"{path}: {replies} replies, {failed} of them errors; judge it with `trailwarden check --replay {path}`"
    )
    return EXIT_OK


def _keep(path: Path, source: runs.Source) -> None:
    ledger = source.ledger()
    try:
        ledger.write(path)
        console.say(f"incomplete; the {len(ledger.replies)} replies so far are in {path}")
    except OutputError as error:
        console.complain(error)
