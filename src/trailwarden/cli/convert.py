"""``trailwarden convert``: results.json to any format. No AWS, no judging."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from trailwarden.cli.arguments import add_config, add_settings, settings_of
from trailwarden.cli.options import Output, outputs_of, rendering_of
from trailwarden.cli.outputs import Writer
from trailwarden.config import RENDERING
from trailwarden.contract import RenderOptions
from trailwarden.errors import EXIT_OK, UsageError
from trailwarden.model import Report
from trailwarden.results import report_from_json


@dataclass(frozen=True, slots=True)
class Options:
    """What to convert; ``path`` None is stdin."""

    path: Path | None
    outputs: tuple[Output, ...]
    rendering: RenderOptions


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("path", metavar="RESULTS", help="results.json, an evidence folder, or - for stdin")
    add_settings(parser, "output", ("output", *RENDERING))
    add_config(parser)
    parser.set_defaults(parse=parse, run=run)


def parse(namespace: argparse.Namespace) -> Options:
    """Return the options; which outputs are wanted is said here and now, not in the configuration of another run."""
    settings = settings_of(namespace, ("output", *RENDERING))
    output = settings["output"]
    texts = output.value if output.source == "command line" else ("table",)
    return Options(
        path=None if namespace.path == "-" else Path(namespace.path),
        outputs=outputs_of(texts),
        rendering=rendering_of(settings),
    )


def run(options: Options) -> int:
    """Write the outputs.

    Raises:
        UsageError: not a results.json.
        OutputError: something could not be written.
    """
    writer = Writer(read_report(options.path), options.rendering)
    writer.outputs(options.outputs)
    writer.finish()
    return EXIT_OK


def read_report(path: Path | None) -> Report:
    """Return the report in a results.json or an evidence folder; None reads stdin.

    Raises:
        UsageError: not a results.json.
    """
    name, data = _read(path)
    try:
        return report_from_json(json.loads(data))
    except UsageError as error:
        raise UsageError(f"{name}: {error.message}", error.hint) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: not JSON: {error}", "give the results.json of a run") from None


def _read(path: Path | None) -> tuple[str, bytes]:
    if path is None:
        return "stdin", sys.stdin.buffer.read()
    target = path / "results.json" if path.is_dir() else path
    try:
        return str(target), target.read_bytes()
    except OSError as error:
        raise UsageError(f"{target}: can't be read: {error.strerror or error}") from None
