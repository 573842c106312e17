"""``trailwarden policy``: begin, list, show and check policies."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trailwarden.cli import console
from trailwarden.errors import EXIT_OK, PolicyError, Problem, UsageError
from trailwarden.facts import SUBJECTS
from trailwarden.files import write_atomic
from trailwarden.policy.document import policy_files, read_documents
from trailwarden.policy.model import Policy, Selection
from trailwarden.policy.schema import published_schema
from trailwarden.policy.select import builtin_documents, select
from trailwarden.policy.waivers import load_waivers
from trailwarden.policytests.cases import load_cases
from trailwarden.policytests.runner import exit_code, junit_text, run_cases, summary
from trailwarden.registry import checks

STARTER = """\
# One policy a document; `trailwarden checks list` shows what a policy can require, `trailwarden policy lint FILE` checks this file.
id: validation-on
check: trail-log-file-validation
severity: high
---
# The full form: one trail has to satisfy all of `require` together.
apiVersion: trailwarden/v1
kind: Policy
metadata:
  id: one-good-trail
  title: One trail records every region and proves its files
  severity: critical
subject: trail
quantifier: any
require:
  - check: trail-log-file-validation
"""


@dataclass(frozen=True, slots=True)
class InitOptions:
    """Where the first policy goes."""

    path: Path
    force: bool


@dataclass(frozen=True, slots=True)
class RefOptions:
    """Packs, ids, globs or paths."""

    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseOptions:
    """Whose tests to run, and a JUnit file for the outcome."""

    paths: tuple[Path, ...]
    junit: Path | None


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    init = verbs.add_parser("init", help="write a first policy file")
    init.add_argument("path", metavar="FILE", nargs="?", default="policies/audit-logging.yaml")
    init.add_argument("--force", action="store_true", help="replace the file if there is one")
    init.set_defaults(parse=lambda given: InitOptions(Path(given.path), given.force), run=run_init)
    refs = lambda given: RefOptions(tuple(given.refs))  # noqa: E731 - the parse step of three commands
    listing = verbs.add_parser("list", help="packs and policies")
    listing.add_argument(
        "refs", metavar="REF", nargs="*", help="pack, id, glob, file or folder (default: all built-in)"
    )
    listing.set_defaults(parse=refs, run=run_list)
    show = verbs.add_parser("show", help="the text of policies, as it stands in their files")
    show.add_argument("refs", metavar="REF", nargs="+", help="pack, id, glob, file or folder")
    show.set_defaults(parse=refs, run=run_show)
    lint = verbs.add_parser("lint", help="find what is wrong with policy and waiver files")
    lint.add_argument("refs", metavar="PATH", nargs="+", help="file or folder")
    lint.set_defaults(parse=refs, run=run_lint)
    test = verbs.add_parser("test", help="run the unit tests of policies")
    test.add_argument("paths", metavar="PATH", nargs="+", help="policy file, test file (*_test.yaml) or folder")
    test.add_argument("--junit", metavar="FILE", help="write the outcome as JUnit XML as well")
    test.set_defaults(
        parse=lambda given: CaseOptions(tuple(map(Path, given.paths)), Path(given.junit) if given.junit else None),
        run=run_test,
    )
    schema = verbs.add_parser("schema", help="the JSON Schema of policy files, for editors")
    schema.set_defaults(parse=lambda _: RefOptions(()), run=run_schema)


def run_init(options: InitOptions) -> int:
    """Write a first policy file.

    Raises:
        UsageError: there is a file already.
        OutputError: it can't be written.
    """
    if options.path.exists() and not options.force:
        raise UsageError(f"{options.path} exists", "give another name, or --force to replace it")
    write_atomic(options.path, STARTER.encode())
    console.say(f"wrote {options.path}; judge an account by it: trailwarden check --policy {options.path}")
    return EXIT_OK


def run_list(options: RefOptions) -> int:
    """Print packs with their policies; raises as ``policy.select``."""
    console.print_out("\n".join(_listing(options.refs)) + "\n")
    return EXIT_OK


def _listing(refs: Sequence[str]) -> Iterator[str]:
    if refs:
        yield from _rows(_selected(refs).policies)
        return
    packs = builtin_documents().sets
    for name in sorted(packs):
        members = _selected([name]).policies
        yield f"pack {name}: {packs[name].node.at(['metadata']).data.get('title', '')}"
        yield from (f"  {row}" for row in _rows(members))
        yield ""
    inside = {policy.id for name in packs for policy in _selected([name]).policies}
    alone = [policy for policy in _selected(["*"]).policies if policy.id not in inside]
    if alone:
        yield "in no pack:"
        yield from (f"  {row}" for row in _rows(alone))


def _rows(policies: Sequence[Policy]) -> Iterator[str]:
    width = max((len(policy.id) for policy in policies), default=0)
    for policy in policies:
        yield f"{policy.id:<{width}}  {policy.severity.value:<8}  {policy.title}"


def run_show(options: RefOptions) -> int:
    """Print the text of policies; raises as ``policy.select``."""
    selection = _selected(options.refs)
    texts = {item.name: item.text for item in selection.files}
    blocks = []
    for policy in selection.policies:
        place = policy.place
        lines = texts[place.file].splitlines()[place.line - 1 : place.end_line]
        body = "\n".join(lines).rstrip()
        blocks.append(f"# {place.file}:{place.line}\n{body}\n")
    console.print_out("---\n".join(blocks))
    return EXIT_OK


def run_lint(options: RefOptions) -> int:
    """Check files of policies and waivers.

    Raises:
        PolicyError: everything that is wrong with them.
        UsageError: two policies of one id, or nothing to check.
    """
    paths = [Path(ref) for ref in options.refs]
    found = read_documents(paths)
    problems: list[Problem] = list(found.problems)
    policies: tuple[Policy, ...] = ()
    if found.policies or found.sets:
        try:
            # With a slash it is a path, also where a pack has that name.
            policies = _selected([ref if "/" in ref else f"./{ref}" for ref in options.refs]).policies
        except PolicyError as error:
            problems += error.problems
    if found.waivers:
        try:
            load_waivers(paths)
        except PolicyError as error:
            problems += error.problems
    if problems:
        raise PolicyError(list(dict.fromkeys(problems)))
    files = {str(file) for path in paths for file in policy_files(path)}
    what = _count(len(policies), "policy", "policies")
    if found.waivers:
        what += f" and {_count(len(found.waivers), 'waiver document', 'waiver documents')}"
    console.print_out(f"{what} in {_count(len(files), 'file', 'files')}: no problems\n")
    return EXIT_OK


def run_test(options: CaseOptions) -> int:
    """Run the unit tests of policies: 0 when all go as expected, 1 when one does not.

    Raises:
        PolicyError, UsageError: as ``policytests.load_cases``.
        OutputError: the JUnit file can't be written.
    """
    outcomes = run_cases(load_cases(options.paths, checks()))
    console.print_out(summary(outcomes))
    if options.junit is not None:
        write_atomic(options.junit, junit_text(outcomes).encode())
    return exit_code(outcomes)


def run_schema(_: RefOptions) -> int:
    """Print the JSON Schema of policy files."""
    console.print_out(json.dumps(published_schema(checks(), SUBJECTS), indent=2) + "\n")
    return EXIT_OK


def _selected(refs: Sequence[str]) -> Selection:
    return select(refs, checks=checks())


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
