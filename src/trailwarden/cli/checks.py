"""``trailwarden checks``: what policies can require."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trailwarden.cli import console
from trailwarden.contract import Check
from trailwarden.errors import EXIT_OK
from trailwarden.facts.base import closure
from trailwarden.facts.operations import iam_action
from trailwarden.params import schema_of
from trailwarden.registry import checks, get_check

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Options:
    """The check to explain; empty lists them all."""

    check: str = ""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = verbs.add_parser("list", help="every check, by what it judges")
    listing.set_defaults(parse=lambda _: Options(), run=run)
    explain = verbs.add_parser("explain", help="one check: why, how to fix, parameters, what it reads")
    explain.add_argument("check", metavar="ID")
    explain.set_defaults(parse=lambda namespace: Options(namespace.check), run=run)


def run(options: Options) -> int:
    """Print.

    Raises:
        UsageError: there is no such check.
    """
    lines = explanation(get_check(options.check)) if options.check else listed(checks().values())
    console.print_out("\n".join(lines) + "\n")
    return EXIT_OK


def listed(found: Iterable[Check]) -> Iterator[str]:
    """Yield the checks, grouped by what they judge."""
    by_kind: dict[str, list[Check]] = {}
    for item in found:
        by_kind.setdefault(item.subject.kind, []).append(item)
    width = max(len(item.id) for items in by_kind.values() for item in items)
    for number, kind in enumerate(sorted(by_kind)):
        if number:
            yield ""
        yield f"{kind}:"
        for item in by_kind[kind]:
            yield f"  {item.id:<{width}}  {item.title}{f'  [{item.distribution}]' if item.distribution else ''}"


def explanation(item: Check) -> Iterator[str]:
    """Yield everything there is to say about a check."""
    yield item.id
    yield item.title
    for title, text in (("Why", item.why), ("Fix", item.fix), ("When it can't be evaluated", item.error)):
        if text:
            yield ""
            yield f"{title}:"
            yield from _wrapped(text)
    yield ""
    yield f"Judges: {', '.join(kind.kind for kind in item.judges)}. Version {item.version}."
    yield from _parameters(item)
    operations = sorted({name for fact in closure(item.reads()) for name in fact.operations})
    if operations:
        yield ""
        yield "Reads (and the IAM action that allows it):"
        yield from (f"  {name} ({iam_action(name) or 'needs no permission'})" for name in operations)
    yield ""
    yield "As a policy:"
    yield f"  id: {item.id}"
    yield f"  check: {item.id}"
    yield "  severity: medium"
    if item.source:
        yield ""
        yield "Source:"
        yield from _wrapped(item.source)


def _parameters(item: Check) -> Iterator[str]:
    properties = schema_of(item.params_type)["properties"]
    if properties:
        yield ""
        yield "Parameters:"
    for name, schema in properties.items():
        choices = schema.get("enum") or schema.get("anyOf", [{}])[0].get("items", {}).get("enum") or ()
        one_of = f" (one of: {', '.join(map(str, choices))})" if choices else ""
        yield from textwrap.wrap(
            f"{name}: {schema['description']}{one_of} Default: {_default(schema.get('default'))}.",
            WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _default(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value not in ("", None) else "none"


def _wrapped(text: str) -> Iterator[str]:
    for paragraph in text.split("\n"):
        yield from textwrap.wrap(
            paragraph,
            WIDTH,
            initial_indent="  ",
            subsequent_indent="    " if paragraph.startswith("- ") else "  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
