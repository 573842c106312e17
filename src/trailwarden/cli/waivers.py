"""``trailwarden waivers``: hold waiver files against the calendar, the policies and a run; add a waiver, take dead ones out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trailwarden.cli import console
from trailwarden.cli.arguments import add_settings, settings_of
from trailwarden.cli.convert import read_report
from trailwarden.errors import EXIT_FAILED, EXIT_OK, PolicyError, UsageError
from trailwarden.files import write_atomic
from trailwarden.model import Status
from trailwarden.policy.document import Documents, read_documents
from trailwarden.policy.model import PolicyFile
from trailwarden.policy.select import builtin_documents
from trailwarden.policy.waiverfile import add_waiver, prune_waivers
from trailwarden.policy.waivers import (
    Notice,
    NoticeKind,
    Waiver,
    Waivers,
    apply_waivers,
    load_waivers,
    parse_day,
    waivers_of,
)
from trailwarden.policy.yamltext import Source, read_source

SETTINGS = ("waiver-days",)
_DEAD: tuple[NoticeKind, ...] = ("expired", "unknown-policy")
"""What a waiver is when it covers nothing any more, whatever the account looks like."""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """Waiver files; policies of one's own that they may speak of; a run that they were given for."""

    paths: tuple[Path, ...]
    policies: tuple[Path, ...]
    results: Path | None
    max_days: int
    strict: bool = False


@dataclass(frozen=True, slots=True)
class AddOptions:
    """A new waiver and the file it goes into."""

    path: Path
    fields: tuple[tuple[str, str], ...]
    days: int
    max_days: int


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = verbs.add_parser("check", help="say which waivers are expired, about to expire, for no policy or unused")
    _add_files(check)
    check.add_argument("--strict", action="store_true", help="exit with 1 when there is anything to say")
    check.set_defaults(parse=parse_files, run=run_check)
    add = verbs.add_parser("add", help="add a waiver to a file")
    _configure_add(add)
    prune = verbs.add_parser("prune", help="take out waivers that are expired, for no policy or unused")
    _add_files(prune)
    prune.set_defaults(parse=parse_files, run=run_prune)


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="FILE", nargs="+", help="waiver file or folder")
    parser.add_argument(
        "--policy", metavar="PATH", action="append", default=[], help="policy file or folder of your own; repeatable"
    )
    parser.add_argument(
        "--results",
        metavar="RESULTS",
        default="",
        help="results.json or evidence folder: also say what is unused there",
    )
    add_settings(parser, "limits", SETTINGS)


def _configure_add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="FILE", help="waiver file; it is made if there is none")
    parser.add_argument("--id", required=True, metavar="ID", help="name of the waiver")
    parser.add_argument("--policy", required=True, metavar="ID", help="policy id or glob")
    parser.add_argument("--subject", required=True, metavar="ARN", help="ARN or glob of what may fail")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why this is acceptable")
    parser.add_argument("--approved-by", required=True, metavar="WHO", help="who accepts it")
    for name, text in (
        ("account", "account id or glob (default: any)"),
        ("region", "region or glob (default: any)"),
        ("ticket", "where it is followed up"),
        ("owner", "who is to end it"),
        ("fingerprint", "bind it to the observed values: the `state` of a result"),
    ):
        parser.add_argument(f"--{name}", metavar=name.upper(), default="", help=text)
    parser.add_argument("--approved-on", metavar="DAY", default="", help="such as 2027-01-31 (default: today, UTC)")
    parser.add_argument("--expires", metavar="DAY", default="", help="last day, UTC (default: see --days)")
    parser.add_argument("--days", metavar="N", type=int, default=90, help="days from approval (default: 90)")
    add_settings(parser, "limits", SETTINGS)
    parser.set_defaults(parse=parse_add, run=run_add)


def parse_files(namespace: argparse.Namespace) -> FileOptions:
    """Return the options."""
    return FileOptions(
        paths=tuple(map(Path, namespace.paths)),
        policies=tuple(map(Path, namespace.policy)),
        results=Path(namespace.results) if namespace.results else None,
        max_days=settings_of(namespace, SETTINGS)["waiver-days"].value,
        strict=getattr(namespace, "strict", False),
    )


def parse_add(namespace: argparse.Namespace) -> AddOptions:
    """Return the options."""
    names = (
        *("id", "policy", "subject", "account", "region", "reason", "ticket", "owner"),
        *("approved_by", "approved_on", "expires", "fingerprint"),
    )
    return AddOptions(
        path=Path(namespace.path),
        fields=tuple((name, getattr(namespace, name)) for name in names),
        days=namespace.days,
        max_days=settings_of(namespace, SETTINGS)["waiver-days"].value,
    )


def run_check(options: FileOptions) -> int:
    """Print what is to be said about waivers: 0, or with ``strict`` 1 when there is anything.

    Raises:
        PolicyError, UsageError: the waivers, policies or results can't be used.
    """
    waivers = load_waivers(options.paths, max_days=options.max_days)
    notices = _notices(waivers, options)
    lines = [f"{item}\n" for item in notices]
    lines.append(f"{_count(len(waivers.items), 'waiver')}, {_count(len(notices), 'notice')}\n")
    console.print_out("".join(lines))
    return EXIT_FAILED if notices and options.strict else EXIT_OK


def run_prune(options: FileOptions) -> int:
    """Take dead waivers out of their files, and say which.

    Raises:
        PolicyError, UsageError: the waivers, policies or results can't be used.
        OutputError: a file can't be written.
    """
    waivers = load_waivers(options.paths, max_days=options.max_days)
    kinds = {"unused", *_DEAD} if options.results else {*_DEAD}
    dead = {item.waiver: item for item in _notices(waivers, options) if item.kind in kinds}
    texts = {}
    for file in waivers.files:
        mine = [item for item in waivers.items if item.place.file == file.name]
        if any(item.id in dead for item in mine):
            gone, left = ([item for item in mine if (item.id in dead) is wanted] for wanted in (True, False))
            texts[file.name] = file.mark + _without(file, gone, left, options.max_days)
    for name, text in texts.items():
        write_atomic(Path(name), text.encode())
    lines = [f"removed: {item}\n" for item in dead.values()]
    lines.append(f"{len(dead)} of {_count(len(waivers.items), 'waiver')} removed\n")
    console.print_out("".join(lines))
    return EXIT_OK


def run_add(options: AddOptions) -> int:
    """Add a waiver to a file, which is then valid as a whole.

    Raises:
        PolicyError: the file or the new waiver is not valid.
        UsageError: the days are no days.
        OutputError: the file can't be written.
    """
    fields = dict(options.fields)
    try:
        today = datetime.now(UTC).date()
        fields["approved_on"] = fields["approved_on"] or today.isoformat()
        approved = parse_day(fields["approved_on"])
        fields["expires"] = fields["expires"] or (approved + timedelta(days=options.days)).isoformat()
    except (ValueError, OverflowError) as error:
        raise UsageError(f"not a day: {error}", "write days as 2027-01-31") from None
    old = read_source(options.path) if options.path.exists() else Source(str(options.path), "")
    text = add_waiver(old.text, fields)
    documents = Documents()
    documents.add(Source(str(options.path), text, mark=old.mark))
    waivers_of(documents, max_days=options.max_days)
    write_atomic(options.path, (old.mark + text).encode())
    console.say(f"added waiver {fields['id']} to {options.path}; it expires on {fields['expires']}")
    return EXIT_OK


def _without(file: PolicyFile, dead: Sequence[Waiver], left: Sequence[Waiver], max_days: int) -> str:
    """Return the text of a file without some of its waivers, and with all the others.

    Raises:
        UsageError: it is written in a way in which lines can't be taken out.
    """
    text = prune_waivers(file.text, dead)
    documents = Documents()
    documents.add(Source(file.name, text, mark=file.mark))
    try:
        names = [item.id for item in waivers_of(documents, max_days=max_days).items]
    except PolicyError:
        names = None
    if names != [item.id for item in left]:
        raise UsageError(
            f"{file.name}: can't take out {', '.join(item.id for item in dead)}",
            "write one waiver a line, or edit it by hand",
        )
    return text


def _notices(waivers: Waivers, options: FileOptions) -> Sequence[Notice]:
    """Return what is to be said today; without results nobody knows what is unused."""
    known = set(builtin_documents().policies)
    if options.policies:
        documents = read_documents(options.policies)
        if documents.problems:
            raise PolicyError(documents.problems)
        known |= set(documents.policies)
    rows = []
    if options.results:
        report = read_report(options.results)
        known |= {rule.id for rule in report.rules}
        rows = [
            replace(row, status=Status.FAIL, waiver=None) if row.status is Status.WAIVED else row
            for row in report.results
        ]
    applied = apply_waivers(rows, [], waivers, datetime.now(UTC), known_policies=known)
    return [item for item in applied.notices if options.results or item.kind != "unused"]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
