"""What the commands that write evidence packs have in common: options, and what a pack is made from.

What makes packs is imported where it is used: most runs write none, and start sooner.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trailwarden.acceptance import NO_WAIVERS, concerned_files
from trailwarden.cli.options import ConnectionOptions, SelectionOptions
from trailwarden.cli.runs import AcceptedFiles
from trailwarden.config import Given, find_config
from trailwarden.contract import RenderOptions
from trailwarden.errors import UsageError
from trailwarden.ledger import Ledger
from trailwarden.model import Report
from trailwarden.plan import Plan
from trailwarden.registry import checks

if TYPE_CHECKING:
    from trailwarden.evidence.inputs import Inputs, PackFile

MakeKms = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Options:
    """Where a pack goes and how it is made; ``config`` is the configuration file in force, with its bytes."""

    folder: Path
    redact: tuple[str, ...] = ()
    key: str = ""
    authority: str = ""
    previous: Path | None = None
    replace: bool = False
    config: tuple[str, bytes] | None = None


def options_of(settings: Mapping[str, Given], namespace: argparse.Namespace) -> Options | None:
    """Return the options, or None where no pack is wanted.

    Raises:
        UsageError: options for a pack without one, a timestamp without a signature, or an unknown kind to redact.
    """
    folder = settings["evidence"].value
    if not folder:
        for name in ("redact", "sign-key", "tsa", "previous"):
            if settings[name].source == "command line":
                raise UsageError(f"--{name} is about an evidence pack", "give --evidence DIR as well")
        return None
    if settings["tsa"].value and not settings["sign-key"].value:
        raise UsageError("--tsa timestamps a signature", "give --sign-key as well")
    if settings["redact"].value and settings["baseline"].value:
        # The baseline knows failures by hashes over account ids and names.
        raise UsageError("--redact hides what --baseline recognises failures by", "give one of the two")
    from trailwarden.evidence.redact import parse_kinds  # noqa: PLC0415 - see above

    path = find_config(getattr(namespace, "config", ""), os.environ)
    previous = settings["previous"].value
    return Options(
        folder=Path(folder),
        redact=parse_kinds(settings["redact"].value),
        key=settings["sign-key"].value,
        authority=settings["tsa"].value,
        previous=Path(previous) if previous else None,
        config=(str(path), path.read_bytes()) if path else None,
    )


def refuse_early(options: Options) -> None:
    """Refuse a folder that can't take a new pack; raises OutputError."""
    from trailwarden.evidence.folder import refuse_foreign  # noqa: PLC0415 - see above

    refuse_foreign(options.folder, replace=options.replace)


def inputs_of(
    selection: SelectionOptions,
    plan: Plan,
    ledger: Ledger,
    rendering: RenderOptions,
    *,
    environment: Mapping[str, str],
    accepted: AcceptedFiles | None = None,
    config: tuple[str, bytes] | None = None,
) -> Inputs:
    """Return what a pack is made from; ``environment`` says which CI job this is."""
    from trailwarden.evidence.ci import ci_facts  # noqa: PLC0415 - see above
    from trailwarden.evidence.inputs import Inputs, Request, Surroundings, pack_files  # noqa: PLC0415 - see above

    files: list[PackFile] = []
    waivers = accepted.accepted.waivers if accepted else NO_WAIVERS
    policies = [*plan.selection.files, *concerned_files(waivers, plan.selection)]
    files += pack_files("policies", ((item.name, item.data, item.builtin) for item in policies))
    files += pack_files("waivers", ((item.name, item.data, False) for item in waivers.files))
    if accepted and accepted.baseline:
        files += pack_files("baseline", [(*accepted.baseline, False)])
    if config:
        files += pack_files("config", [(*config, False)])
    used = {node.check.id for policy in plan.selection.policies for node in policy.check_nodes()}
    plugins = {name: item.distribution for name, item in checks().items() if item.distribution and name in used}
    return Inputs(
        ledger=ledger,
        request=Request(selection.refs, selection.exclude, selection.tags, selection.severities, rendering),
        files=tuple(files),
        surroundings=Surroundings(ci=ci_facts(environment), plugins=plugins),
    )


def kms_of(connection: ConnectionOptions) -> MakeKms:
    """Return a function that makes KMS clients with the credentials of a connection."""

    def make(region: str) -> Any:
        from trailwarden.aws.signing import kms_client  # noqa: PLC0415 - botocore is imported when it is needed

        return kms_client(connection.profile, region, connection.endpoint_url)

    return make


def write(options: Options, inputs: Inputs, report: Report, kms: MakeKms | None = None) -> str:
    """Write a pack and return its digest; raises as ``evidence.pack.write_pack``."""
    from trailwarden.evidence.pack import PackOptions, write_pack  # noqa: PLC0415 - see above

    made = PackOptions(options.redact, options.key, options.authority, options.previous, options.replace, kms)
    return write_pack(options.folder, inputs, report, made)
