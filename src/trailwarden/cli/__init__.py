"""The command line: words to an options object, then the work; the only package that prints or exits."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence

from trailwarden.cli import console
from trailwarden.cli.commands import build_parser
from trailwarden.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_UNUSABLE, TrailwardenError

GARBAGE = (50_000, 20, 50)
"""When Python looks for garbage. Nearly all that a run makes lives to its end; looking as often as usual takes a third of the time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; ``--help`` and ``--version`` leave by SystemExit, as argparse has it."""
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        console.say("interrupted")
        # Requests in flight would hold the process for as long as their timeouts; all that was to be kept has been written.
        sys.stderr.flush()
        os._exit(EXIT_INTERRUPTED)
    return code


def _run(arguments: Sequence[str]) -> int:
    try:
        gc.set_threshold(*GARBAGE)
        chosen = build_parser(arguments).parse_args(arguments)
        code: int = chosen.run(chosen.parse(chosen))
        console.flush()
    except TrailwardenError as error:
        console.complain(error)
        _explain()
        return error.exit_code
    except BrokenPipeError:
        # Whoever reads stdout has seen enough; the verdict, where there is one, is decided before anything is printed.
        console.silence_stdout()
        return EXIT_OK
    except Exception as error:  # noqa: BLE001 - a defect of ours must not look like a verdict
        console.say(f"internal error: {type(error).__name__}: {error}")
        if not _explain():
            console.say("set TRAILWARDEN_DEBUG=1 to see where; please report it")
        return EXIT_UNUSABLE
    return code


def _explain() -> bool:
    """Print the traceback if it was asked for."""
    wanted = os.environ.get("TRAILWARDEN_DEBUG", "") not in ("", "0")
    if wanted:
        traceback.print_exc()
    return wanted
