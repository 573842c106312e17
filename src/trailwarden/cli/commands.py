"""The commands: one list. A command's module is imported when the command is chosen, not before."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from dataclasses import dataclass

from trailwarden import __version__
from trailwarden.cli.arguments import Parser


@dataclass(frozen=True, slots=True)
class Command:
    """A command as ``--help`` lists it.

    Its module offers ``configure(parser)``, which adds arguments (or sub-commands) and names what comes next with
    ``parser.set_defaults(parse=..., run=...)``: ``parse`` makes a frozen options object of the namespace, ``run`` takes that object
    and returns the exit code.
    """

    name: str
    help: str
    module: str


COMMANDS = (
    Command("check", "judge policies: read AWS or a ledger, evaluate, report, gate", "check"),
    Command("demo", "the same on a made-up organization; needs no AWS account", "demo"),
    Command("collect", "only read AWS and keep the replies; judge later", "collect"),
    Command("convert", "turn results.json into any other format", "convert"),
    Command("evidence", "verify evidence packs, compare them, judge them again", "evidence"),
    Command("logs", "prove that CloudTrail's log files are complete and unaltered", "logs"),
    Command("policy", "begin, list, show and check policies", "policy"),
    Command("waivers", "check waivers of failures, add one, take out dead ones", "waivers"),
    Command("baseline", "write down what fails today, to gate on what is new", "baseline"),
    Command("checks", "list and explain what policies can require", "checks"),
    Command("iam-policy", "the permissions that policies need, or an organization's roles", "iam_policy"),
)

EPILOG = """\
exit codes:
  0  everything was decided, and nothing failed at or above --fail-on
  1  at least one failure at or above --fail-on
  2  no verdict: usage, policy or credentials error, or a crash
  3  nothing failed, but something could not be evaluated

`trailwarden COMMAND --help` shows a command's options.
"""


def build_parser(arguments: Sequence[str]) -> Parser:
    """Return the parser for these arguments: every command by name, the chosen one complete."""
    parser = Parser(
        prog="trailwarden",
        description="Judges AWS audit logging by policy.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"trailwarden {__version__}", help="show the version and exit"
    )
    commands = parser.add_commands()
    chosen = next((word for word in arguments if not word.startswith("-")), "")
    for command in COMMANDS:
        text = f"{command.help[0].upper()}{command.help[1:]}."
        own = commands.add_parser(command.name, help=command.help, description=text)
        if command.name == chosen:
            importlib.import_module(f"trailwarden.cli.{command.module}").configure(own)
    return parser
