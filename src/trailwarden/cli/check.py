"""``trailwarden check``: judge policies, report, gate."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trailwarden.cli import console, packs, runs
from trailwarden.cli.arguments import add_config, add_settings, settings_of
from trailwarden.cli.options import (
    AcceptedOptions,
    ConnectionOptions,
    EstateOptions,
    Output,
    SelectionOptions,
    gate_of,
    outputs_of,
    rendering_of,
)
from trailwarden.cli.outputs import Writer, keep_partial
from trailwarden.config import ACCEPTED, ATTACHED, CONNECTION, ESTATE, GATE, PACK, RENDERING, SELECTION
from trailwarden.contract import RenderOptions
from trailwarden.errors import OutputError, UsageError
from trailwarden.ledger import Ledger
from trailwarden.model import Report
from trailwarden.plan import Plan
from trailwarden.presentation import exit_sentence, notice_lines
from trailwarden.report import Gate

NAMES = (*SELECTION, *ACCEPTED, *CONNECTION, *ESTATE, *ATTACHED, "output", *PACK, *GATE, "jobs", *RENDERING)


@dataclass(frozen=True, slots=True)
class Options:
    """What to judge, on what, and where the result goes."""

    selection: SelectionOptions
    accepted: AcceptedOptions
    connection: ConnectionOptions
    estate: EstateOptions | None
    integrity: tuple[Path, ...]
    replay: Path | None
    outputs: tuple[Output, ...]
    evidence: packs.Options | None
    gate: Gate
    rendering: RenderOptions
    jobs: int


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_settings(parser, "policies", SELECTION)
    add_settings(parser, "accepted failures", ACCEPTED)
    add_settings(parser, "account", (*CONNECTION, *ATTACHED))
    add_settings(parser, "several accounts", ESTATE)
    parser.add_argument(
        "--replay",
        metavar="PATH",
        default="",
        help="judge a ledger or evidence folder instead of AWS, at its own clock",
    )
    add_settings(parser, "output", ("output", *RENDERING))
    add_settings(parser, "evidence", PACK)
    add_settings(parser, "gate", GATE)
    add_settings(parser, "other", ("jobs",))
    add_config(parser)
    parser.set_defaults(parse=parse, run=run)


def parse(namespace: argparse.Namespace) -> Options:
    """Return the options.

    Raises:
        UsageError: options that contradict each other, or an unknown format.
    """
    settings = settings_of(namespace, NAMES)
    if namespace.replay:
        for name in CONNECTION:
            if settings[name].source == "command line":
                raise UsageError(f"--{name} asks AWS, --replay does not", "give one of the two")
        for name in ESTATE:
            if settings[name].source == "command line":
                raise UsageError(
                    f"--{name} is about accounts to read, --replay judges what was read", "give one of the two"
                )
        if settings["integrity"].source == "command line":
            raise UsageError("--integrity adds to what is read, --replay judges what was", "give one of the two")
    return Options(
        selection=SelectionOptions.of(settings),
        accepted=AcceptedOptions.of(settings),
        connection=ConnectionOptions.of(settings),
        estate=None if namespace.replay else EstateOptions.of(settings),
        integrity=tuple(map(Path, settings["integrity"].value)),
        replay=Path(namespace.replay) if namespace.replay else None,
        outputs=outputs_of(settings["output"].value),
        evidence=packs.options_of(settings, namespace),
        gate=gate_of(settings),
        rendering=rendering_of(settings),
        jobs=settings["jobs"].value,
    )


def run(options: Options) -> int:
    """Judge, write everything, and return the gate's exit code.

    Raises:
        TrailwardenError: there is no verdict, or an output could not be written.
    """
    plan = runs.plan_for(options.selection)
    files = runs.accepted_by(options.accepted)
    if options.evidence and not options.replay:
        packs.refuse_early(options.evidence)
    verified = () if options.replay else runs.verified(options.integrity)
    progress = console.Progress(os.environ)
    if options.estate:
        from trailwarden.cli import estates  # noqa: PLC0415 - one account pays nothing for many

        settled = estates.settle(
            plan, options.estate, options.connection, jobs=options.jobs, progress=progress, reports=verified
        )
        return _write(options, plan, files, settled.report(options.gate, files.accepted), settled.ledger)
    source = (
        runs.replayed(options.replay)
        if options.replay
        else runs.live(options.connection, options.jobs, progress, verified)
    )
    try:
        report = runs.interruptible(
            lambda: runs.judge(
                plan, source, gate=options.gate, jobs=options.jobs, progress=progress, accepted=files.accepted
            )
        )
    except BaseException:
        progress.clear()
        if options.evidence and not options.replay:
            _keep(options.evidence.folder, source)
        raise
    source.close()
    progress.clear()
    return _write(options, plan, files, report, source.ledger)


def _write(
    options: Options, plan: Plan, files: runs.AcceptedFiles, report: Report, ledger: Callable[[], Ledger]
) -> int:
    """Write everything that was asked for, and return the gate's exit code; raises OutputError for what could not be written."""
    writer = Writer(report, options.rendering)
    if options.evidence:
        inputs = packs.inputs_of(
            options.selection,
            plan,
            ledger(),
            options.rendering,
            environment=os.environ,
            accepted=files,
            config=options.evidence.config,
        )
        writer.pack(options.evidence, inputs, packs.kms_of(options.connection))
    writer.outputs(options.outputs)
    for line in notice_lines(report):
        console.say(line)
    if not any(output.path is None and output.format == "table" for output in options.outputs):
        console.say(exit_sentence(report))
    writer.finish()
    return report.run.exit_code


def _keep(folder: Path, source: runs.Source) -> None:
    """Keep what was read before the run broke off; that this fails too must not hide why it broke off."""
    try:
        console.say(f"no verdict; what was read is in {keep_partial(folder, source.ledger())}")
    except OutputError as error:
        console.complain(error)
