"""``trailwarden iam-policy``: the permissions that the chosen policies need, of one account or as roles of an organization."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from trailwarden.cli import console, runs
from trailwarden.cli.arguments import add_config, add_settings, settings_of
from trailwarden.cli.options import SelectionOptions
from trailwarden.config import SELECTION
from trailwarden.errors import EXIT_OK, UsageError
from trailwarden.iampolicy import FORMATS, PARTITIONS, render
from trailwarden.onboarding import ROLE, Onboarding
from trailwarden.onboarding import render as render_roles

_FOR_ORGANIZATIONS = ("trusted", "external_id", "role_name", "unit")


@dataclass(frozen=True, slots=True)
class Options:
    """Which policies, in which form; ``roles`` False for the policy alone."""

    selection: SelectionOptions
    format: str
    partition: str
    roles: bool = False
    trusted: str = ""
    external_id: str = ""
    role_name: str = ROLE
    units: tuple[str, ...] = ()


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_settings(parser, "policies", SELECTION)
    parser.add_argument("--format", choices=tuple(FORMATS), default="json", help="default: json", metavar="FORMAT")
    parser.add_argument("--partition", choices=PARTITIONS, default="aws", help="default: aws", metavar="PARTITION")
    group = parser.add_argument_group("organization")
    group.add_argument(
        "--organization",
        action="store_true",
        help="the roles of an organization: documents, a CloudFormation stack set, or a Terraform module",
    )
    group.add_argument("--trusted", metavar="ARN", help="who may assume the roles (default: a parameter)")
    group.add_argument("--external-id", metavar="ID", help="what it has to name (default: a parameter)")
    group.add_argument("--role-name", metavar="NAME", help=f"name of the role in each account (default: {ROLE})")
    group.add_argument(
        "--unit",
        action="append",
        metavar="ID",
        help="root or organizational unit whose accounts get the role; repeatable (default: a parameter)",
    )
    add_config(parser)
    parser.set_defaults(parse=parse, run=run)


def parse(namespace: argparse.Namespace) -> Options:
    """Return the options.

    Raises:
        UsageError: an option for organizations without ``--organization``, or an empty one.
    """
    selection = SelectionOptions.of(settings_of(namespace, SELECTION))
    for name in _FOR_ORGANIZATIONS:
        value, option = getattr(namespace, name), f"--{name.replace('_', '-')}"
        if value is not None and not namespace.organization:
            raise UsageError(f"{option} is about the roles of an organization", "give --organization as well")
        if value is not None and not all([value] if isinstance(value, str) else value):
            raise UsageError(f"{option}: needs a value")
    return Options(
        selection,
        namespace.format,
        namespace.partition,
        roles=namespace.organization,
        trusted=namespace.trusted or "",
        external_id=namespace.external_id or "",
        role_name=namespace.role_name or ROLE,
        units=tuple(namespace.unit or ()),
    )


def run(options: Options) -> int:
    """Print the policy or the roles.

    Raises:
        UsageError: a name or id that AWS would refuse.
        TrailwardenError: as ``policy.select``.
    """
    plan = runs.plan_for(options.selection)
    if not options.roles:
        console.print_out(render(plan.actions, options.format, options.partition))
        return EXIT_OK
    from trailwarden.aws.organization import RoleTemplate  # noqa: PLC0415 - knows what STS takes; loads botocore

    RoleTemplate(options.role_name, options.external_id)
    wanted = Onboarding(
        plan.actions, options.trusted, options.external_id, options.role_name, options.units, options.partition
    )
    console.print_out(render_roles(wanted, options.format))
    return EXIT_OK
