"""``trailwarden policy``: begin, list, show and check policies."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trailwarden import __version__
from trailwarden.cli import console
from trailwarden.cli.arguments import add_settings, settings_of
from trailwarden.errors import EXIT_FAILED, EXIT_OK, PolicyError, UsageError
from trailwarden.files import write_atomic
from trailwarden.policy.document import read_documents
from trailwarden.policy.lint import Issue, fixed, lint
from trailwarden.policy.lintsarif import sarif_text
from trailwarden.policy.model import Policy, Selection
from trailwarden.policy.schema import SCHEMA_KINDS
from trailwarden.policy.select import select
from trailwarden.policy.texts import FIRST_POLICY, SCHEMA_FILE, list_packs, schema_text, source_text
from trailwarden.policy.yamltext import read_source
from trailwarden.policytests.cases import load_cases
from trailwarden.policytests.runner import exit_code, junit_text, run_cases, summary
from trailwarden.registry import checks, did_you_mean
from trailwarden.text import visible

LINT_SETTINGS = ("waiver-days",)


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
class LintOptions:
    """What to check; whether to repair what is safe to repair; a SARIF file for the findings; the longest waiver, in days."""

    paths: tuple[Path, ...]
    fix: bool
    sarif: Path | None
    waiver_days: int


@dataclass(frozen=True, slots=True)
class SchemaOptions:
    """The kind of document, or empty for any."""

    kind: str


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
    _configure_lint(verbs.add_parser("lint", help="find what is wrong or doubtful in policy and waiver files"))
    test = verbs.add_parser("test", help="run the unit tests of policies")
    test.add_argument("paths", metavar="PATH", nargs="+", help="policy file, test file (*_test.yaml) or folder")
    test.add_argument("--junit", metavar="FILE", help="write the outcome as JUnit XML as well")
    test.set_defaults(
        parse=lambda given: CaseOptions(tuple(map(Path, given.paths)), Path(given.junit) if given.junit else None),
        run=run_test,
    )
    schema = verbs.add_parser("schema", help="the JSON Schema of policy files, for editors")
    schema.add_argument(
        "kind", metavar="KIND", nargs="?", default="", help=f"one of {', '.join(SCHEMA_KINDS)} (default: any)"
    )
    schema.set_defaults(parse=parse_schema, run=run_schema)


def _configure_lint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="+", help="file or folder")
    parser.add_argument("--fix", action="store_true", help="repair what can be repaired without changing a verdict")
    parser.add_argument("--sarif", metavar="FILE", help="write the findings as SARIF as well")
    add_settings(parser, "limits", LINT_SETTINGS)
    parser.set_defaults(parse=parse_lint, run=run_lint)


def parse_lint(namespace: argparse.Namespace) -> LintOptions:
    """Return the options."""
    return LintOptions(
        paths=tuple(map(Path, namespace.paths)),
        fix=namespace.fix,
        sarif=Path(namespace.sarif) if namespace.sarif else None,
        waiver_days=settings_of(namespace, LINT_SETTINGS)["waiver-days"].value,
    )


def parse_schema(namespace: argparse.Namespace) -> SchemaOptions:
    """Return the options.

    Raises:
        UsageError: there is no such kind.
    """
    if namespace.kind and namespace.kind not in SCHEMA_KINDS:
        raise UsageError(f"unknown kind {namespace.kind!r}", did_you_mean(namespace.kind, SCHEMA_KINDS))
    return SchemaOptions(namespace.kind)


def run_init(options: InitOptions) -> int:
    """Write a first policy file, and the JSON Schema that its first line names.

    Raises:
        UsageError: there is a file already.
        OutputError: it can't be written.
    """
    if options.path.exists() and not options.force:
        raise UsageError(f"{options.path} exists", "give another name, or --force to replace it")
    write_atomic(options.path.with_name(SCHEMA_FILE), schema_text(checks()).encode())
    write_atomic(options.path, FIRST_POLICY.encode())
    console.say(f"wrote {options.path}, and {SCHEMA_FILE} beside it for editors")
    console.say(f"judge an account by it: trailwarden check --policy {options.path}")
    return EXIT_OK


def run_list(options: RefOptions) -> int:
    """Print packs with their policies; raises as ``policy.select``."""
    console.print_out("\n".join(_listing(options.refs)) + "\n")
    return EXIT_OK


def _listing(refs: Sequence[str]) -> Iterator[str]:
    if refs:
        yield from _rows(_selected(refs).policies)
        return
    packs = list_packs()
    known = {policy.id: policy for policy in _selected(["*"]).policies}
    for pack in packs:
        yield f"pack {pack.id}: {pack.title}"
        # A pack may change the severity of what it includes.
        yield from (f"  {row}" for row in _rows(_selected([pack.id]).policies))
        yield ""
    alone = [known[name] for name in known.keys() - {name for pack in packs for name in pack.policies}]
    if alone:
        yield "in no pack:"
        yield from (f"  {row}" for row in _rows(sorted(alone, key=lambda policy: policy.id)))


def _rows(policies: Sequence[Policy]) -> Iterator[str]:
    width = max((len(policy.id) for policy in policies), default=0)
    for policy in policies:
        yield f"{policy.id:<{width}}  {policy.severity.value:<8}  {policy.title}"


def run_show(options: RefOptions) -> int:
    """Print the text of policies; raises as ``policy.select``."""
    selection = _selected(options.refs)
    blocks = [
        f"# {policy.place.file}:{policy.place.line}\n{source_text(policy, selection).rstrip()}\n"
        for policy in selection.policies
    ]
    console.print_out("---\n".join(blocks))
    return EXIT_OK


def run_lint(options: LintOptions) -> int:
    """Check files of policies and waivers: 0 when there is nothing to say, 1 when there is.

    Raises:
        PolicyError: files that can't be used; what else was found has been printed.
        OutputError: the SARIF file, or a repaired one, can't be written.
    """
    issues = _linted(options)
    if options.fix and (texts := _repaired(issues)):
        for path, text in texts.items():
            write_atomic(path, text.encode())
            console.say(f"repaired {path}")
        issues = _linted(options)
    if options.sarif is not None:
        write_atomic(options.sarif, sarif_text(issues, __version__).encode())
    doubts = [issue for issue in issues if issue.problem is None]
    documents = read_documents(options.paths)
    what = _count(len(documents.policies) + len(documents.sets), "policy", "policies")
    if documents.waivers:
        what += f" and {_count(len(documents.waivers), 'waiver document', 'waiver documents')}"
    what += f" in {_count(len(documents.sources), 'file', 'files')}"
    console.print_out("".join(f"{visible(str(issue))}\n" for issue in doubts))
    if problems := [issue.problem for issue in issues if issue.problem is not None]:
        raise PolicyError(problems)
    console.print_out(f"{what}: {_count(len(doubts), 'finding', 'findings') if doubts else 'no problems'}\n")
    return EXIT_FAILED if doubts else EXIT_OK


def _linted(options: LintOptions) -> list[Issue]:
    return lint(options.paths, checks(), max_days=options.waiver_days)


def _repaired(issues: Sequence[Issue]) -> dict[Path, str]:
    """Return the new text of each file in which something can be repaired."""
    names = dict.fromkeys(issue.place.file for issue in issues if issue.edit is not None)
    sources = {name: read_source(Path(name)) for name in names}
    return {Path(name): source.mark + fixed(source, issues) for name, source in sources.items()}


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


def run_schema(options: SchemaOptions) -> int:
    """Print the JSON Schema of policy files."""
    console.print_out(schema_text(checks(), options.kind))
    return EXIT_OK


def _selected(refs: Sequence[str]) -> Selection:
    return select(refs, checks=checks())


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
