"""``trailwarden iam-policy``: the permissions that the chosen policies need."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from trailwarden.cli import console, runs
from trailwarden.cli.arguments import add_config, add_settings, settings_of
from trailwarden.cli.options import SelectionOptions
from trailwarden.config import SELECTION
from trailwarden.errors import EXIT_OK
from trailwarden.iampolicy import FORMATS, PARTITIONS, render


@dataclass(frozen=True, slots=True)
class Options:
    """Which policies, in which form."""

    selection: SelectionOptions
    format: str
    partition: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_settings(parser, "policies", SELECTION)
    parser.add_argument("--format", choices=tuple(FORMATS), default="json", help="default: json", metavar="FORMAT")
    parser.add_argument("--partition", choices=PARTITIONS, default="aws", help="default: aws", metavar="PARTITION")
    add_config(parser)
    parser.set_defaults(parse=parse, run=run)


def parse(namespace: argparse.Namespace) -> Options:
    """Return the options."""
    selection = SelectionOptions.of(settings_of(namespace, SELECTION))
    return Options(selection, namespace.format, namespace.partition)


def run(options: Options) -> int:
    """Print the policy; raises as ``policy.select``."""
    plan = runs.plan_for(options.selection)
    console.print_out(render(plan.actions, options.format, options.partition))
    return EXIT_OK
