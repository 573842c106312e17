"""``trailwarden evidence``: verify packs, compare them, follow them over time, judge them again. No AWS."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trailwarden.cli import console
from trailwarden.errors import EXIT_FAILED, EXIT_OK, UsageError
from trailwarden.evidence.signature import Trust
from trailwarden.evidence.verify import Outcome, sentences, verify
from trailwarden.text import one_line, visible


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
