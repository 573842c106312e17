"""``trailwarden evidence``: verify packs, compare them, follow them over time, judge them again. No AWS."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from trailwarden.cli import console
from trailwarden.cli.options import Output, outputs_of
from trailwarden.cli.outputs import Writer
from trailwarden.errors import EXIT_FAILED, EXIT_OK, UsageError
from trailwarden.evidence import difference, timeline
from trailwarden.evidence.context import evidence_of
from trailwarden.evidence.load import load
from trailwarden.evidence.repeat import repeat
from trailwarden.evidence.signature import Trust
from trailwarden.evidence.verify import Outcome, sentences, verify
from trailwarden.registry import get_reporter
from trailwarden.report import Gate
from trailwarden.text import one_line, visible

DIFFERENCE: Mapping[str, Callable[[difference.Difference], str]] = {
    "table": difference.as_table,
    "markdown": difference.as_markdown,
    "json": difference.as_json,
}
TIMELINE: Mapping[str, Callable[[timeline.Timeline], str]] = {
    "table": timeline.as_table,
    "markdown": timeline.as_markdown,
    "json": timeline.as_json,
}


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What to verify, and what is trusted."""

    folders: tuple[Path, ...]
    trust: Trust
    previous: Path | None
    format: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _configure_verify(verbs.add_parser("verify", help="prove that a pack is whole, and judge it again"))
    diff = verbs.add_parser("diff", help="what changed from one pack to another")
    diff.add_argument("before", metavar="A", help="earlier pack")
    diff.add_argument("after", metavar="B", help="later pack")
    _add_format(diff, tuple(DIFFERENCE))
    diff.add_argument("--exit-code", action="store_true", help="return 1 where something differs")
    diff.set_defaults(parse=parse_diff, run=run_diff)
    over = verbs.add_parser("timeline", help="each control over many packs: since when it fails, and gaps")
    over.add_argument("folders", metavar="DIR", nargs="+", help="evidence packs, in any order")
    over.add_argument("--max-gap", metavar="DAYS", default="7", help="days that may pass between packs (default: 7)")
    _add_format(over, (*TIMELINE, "html"))
    over.set_defaults(parse=parse_timeline, run=run_timeline)
    again = verbs.add_parser("replay", help="judge a pack again by its own policies, with this release")
    again.add_argument("folder", metavar="DIR", help="evidence pack")
    again.add_argument("-o", "--output", metavar="FORMAT[=PATH]", action="append", default=[], help="(default: table)")
    again.set_defaults(parse=parse_replay, run=run_replay)


def _add_format(parser: argparse.ArgumentParser, formats: tuple[str, ...]) -> None:
    names = "|".join(formats)
    parser.add_argument("--format", choices=formats, default=formats[0], metavar=names, help=f"(default: {formats[0]})")


def _configure_verify(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Compares every file with its digest, checks signature, timestamp and the chain to the previous pack, "
        "and judges the policies again over the recorded replies. Exit codes: 0 nothing found, 1 something is not as it should be, "
        "2 not a pack."
    )
    parser.add_argument("folders", metavar="DIR", nargs="+", help="evidence pack")
    parser.add_argument(
        "--key", metavar="PUB", action="append", default=[], help="public key (PEM) that you trust; repeatable"
    )
    parser.add_argument("--tsa-ca", metavar="PEM", default="", help="certificates of the time-stamping authority")
    parser.add_argument(
        "--previous", metavar="DIR", default="", help="the pack before this one (default: look beside it)"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", metavar="text|json", help="(default: text)"
    )
    parser.set_defaults(parse=parse_verify, run=run_verify)


def parse_verify(namespace: argparse.Namespace) -> VerifyOptions:
    """Return the options.

    Raises:
        UsageError: a key can't be read, or one predecessor is given for several packs.
    """
    if namespace.previous and len(namespace.folders) > 1:
        raise UsageError("--previous is about one pack", "verify the others on their own")
    return VerifyOptions(
        folders=tuple(map(Path, namespace.folders)),
        trust=Trust(tuple(map(_read, namespace.key)), _read(namespace.tsa_ca) if namespace.tsa_ca else b""),
        previous=Path(namespace.previous) if namespace.previous else None,
        format=namespace.format,
    )


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: can't be read: {error.strerror or error}") from None


def run_verify(options: VerifyOptions) -> int:
    """Verify packs: 0 when all are as they should be, else 1.

    Raises:
        UsageError: one of them is no pack.
    """
    found = [(folder, verify(folder, options.trust, options.previous)) for folder in options.folders]
    if options.format == "json":
        console.print_out(json.dumps([_record(folder, outcome) for folder, outcome in found], indent=2) + "\n")
    else:
        console.print_out("".join(_text(found)))
    return EXIT_OK if all(outcome.ok for _, outcome in found) else EXIT_FAILED


def _text(found: Iterable[tuple[Path, Outcome]]) -> Iterable[str]:
    for folder, outcome in found:
        yield f"{one_line(str(folder))}: {one_line(outcome.evidence_id) or 'not identified'}\n"
        yield from (f"  {visible(line)}\n" for line in sentences(outcome))
        yield f"  {'verified' if outcome.ok else 'NOT VERIFIED'}, pack digest {outcome.digest}\n"


def _record(folder: Path, outcome: Outcome) -> dict[str, object]:
    return {
        "pack": str(folder),
        "evidence_id": outcome.evidence_id,
        "digest": outcome.digest,
        "verified": outcome.ok,
        "done": outcome.done,
        "notes": outcome.notes,
        "findings": [{"step": item.step, "name": item.name, "message": item.message} for item in outcome.findings],
    }


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """Which packs to compare."""

    before: Path
    after: Path
    format: str
    exit_code: bool


def parse_diff(namespace: argparse.Namespace) -> DiffOptions:
    """Return the options."""
    return DiffOptions(Path(namespace.before), Path(namespace.after), namespace.format, namespace.exit_code)


def run_diff(options: DiffOptions) -> int:
    """Print what changed; raises UsageError for what is no pack."""
    found = difference.difference(load(options.before), load(options.after))
    console.print_out(DIFFERENCE[options.format](found))
    return EXIT_FAILED if found and options.exit_code else EXIT_OK


@dataclass(frozen=True, slots=True)
class TimelineOptions:
    """Which packs to follow, and how many days may pass between two."""

    folders: tuple[Path, ...]
    max_gap: int
    format: str


def parse_timeline(namespace: argparse.Namespace) -> TimelineOptions:
    """Return the options.

    Raises:
        UsageError: the days are no number.
    """
    if not namespace.max_gap.isdecimal():
        raise UsageError(f"--max-gap: {namespace.max_gap!r} is not a number of days", "such as 7")
    return TimelineOptions(tuple(map(Path, namespace.folders)), int(namespace.max_gap), namespace.format)


def run_timeline(options: TimelineOptions) -> int:
    """Print the timeline; raises UsageError for what is no pack."""
    found = timeline.timeline([load(folder) for folder in options.folders], options.max_gap)
    if options.format != "html":
        console.print_out(TIMELINE[options.format](found))
        return EXIT_OK
    *earlier, last = found.packs
    own = evidence_of(last.inputs, last.report)
    evidence = replace(own, history=timeline.moments(earlier), remarks=timeline.remarks(found))
    console.print_out(
        get_reporter("html").render(last.report, replace(last.inputs.request.rendering, evidence=evidence))
    )
    return EXIT_OK


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Which pack to judge again, and where the result goes."""

    folder: Path
    outputs: tuple[Output, ...]


def parse_replay(namespace: argparse.Namespace) -> ReplayOptions:
    """Return the options; raises UsageError for an unknown format."""
    return ReplayOptions(Path(namespace.folder), outputs_of(tuple(namespace.output) or ("table",)))


def run_replay(options: ReplayOptions) -> int:
    """Judge a pack again, and return its gate's exit code.

    Raises:
        UsageError, PolicyError: not a pack, or its policies can't be used here.
        OutputError: something could not be written.
    """
    pack = load(options.folder)
    report = repeat(pack.inputs, gate=Gate.of(pack.report.run), source="replay")
    writer = Writer(report, pack.inputs.request.rendering)
    writer.outputs(options.outputs)
    writer.finish()
    return report.run.exit_code
