"""``trailwarden demo``: the whole of it on a made-up organization, without AWS."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from trailwarden.cli import console, packs, runs
from trailwarden.cli.options import Output, SelectionOptions
from trailwarden.cli.outputs import Writer
from trailwarden.contract import RenderOptions
from trailwarden.demo import PACKS, world
from trailwarden.errors import EXIT_OK
from trailwarden.policy.select import Ref
from trailwarden.report import Gate

JOBS = 10


@dataclass(frozen=True, slots=True)
class Options:
    """Where the reports go, and which world is judged."""

    folder: Path
    live: bool = False


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "folder",
        metavar="DIR",
        nargs="?",
        default="trailwarden-demo",
        help="folder for the reports (default: trailwarden-demo)",
    )
    parser.add_argument(
        "--live",
        action="store_true",
        help="ask a simulated AWS in this process (moto) instead of a recording; needs the extra `demo`",
    )
    parser.set_defaults(parse=parse, run=run)


def parse(namespace: argparse.Namespace) -> Options:
    """Return the options."""
    return Options(Path(namespace.folder), namespace.live)


def run(options: Options) -> int:
    """Judge the demo's world, write its evidence pack, and say what a gate would have seen.

    Raises:
        OutputError: something could not be written.
        UsageError: ``--live`` without its extra.
    """
    selection = SelectionOptions(tuple(Ref(name) for name in PACKS))
    plan = runs.plan_for(selection)
    progress = console.Progress(os.environ)
    with ExitStack() as stack:
        source = _simulated(stack, progress) if options.live else _recorded(progress)
        report = runs.interruptible(lambda: runs.judge(plan, source, gate=Gate(), jobs=JOBS, progress=progress))
        progress.clear()
        writer = Writer(report, RenderOptions())
        inputs = packs.inputs_of(selection, plan, source.ledger(), RenderOptions(), environment={})
        writer.pack(packs.Options(options.folder, replace=True), inputs)
        source.close()
    writer.outputs([Output("table")])
    console.print_out(
        f"\nThis was a demo: no AWS account was read. Reports, results and the replies behind them are in {options.folder}/.\n"
        f"A gate would have seen exit code {report.run.exit_code}; the demo itself exits with 0.\n"
        f"Judge the same replies again, and compare: trailwarden evidence verify {options.folder}\n"
    )
    writer.finish()
    return EXIT_OK


def _recorded(progress: console.Progress) -> runs.Source:
    from trailwarden.aws.world import world_connection  # noqa: PLC0415 - botocore is imported when it is needed

    ledger = world()
    return runs.connected("demo", world_connection(ledger), ledger.header, JOBS, progress)


def _simulated(stack: ExitStack, progress: console.Progress) -> runs.Source:
    from trailwarden.demo.live import simulation  # noqa: PLC0415 - needs an extra

    connection, header = stack.enter_context(simulation())
    return runs.connected("demo", connection, header, JOBS, progress)
