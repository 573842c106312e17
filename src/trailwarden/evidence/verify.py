"""Verifies a pack: by its digests, its signature and its chain, and by computing all of it again from its inputs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trailwarden import __version__
from trailwarden.errors import TrailwardenError, UsageError
from trailwarden.evidence.build import RESULTS, SIGNER, reports
from trailwarden.evidence.compare import verdict_differences
from trailwarden.evidence.folder import is_pack, read_folder
from trailwarden.evidence.inputs import PACK, Inputs, read_inputs
from trailwarden.evidence.manifest import BUNDLE, MANIFEST, OUTSIDE, PREDICATE, STAMP, STATEMENT, parse_manifest, sha256
from trailwarden.evidence.raw import raw_files
from trailwarden.evidence.repeat import repeat
from trailwarden.evidence.signature import Trust, check_bundle, stamp_in
from trailwarden.evidence.statement import statement_files
from trailwarden.model import Report
from trailwarden.presentation import evidence_id
from trailwarden.report import Gate
from trailwarden.results import report_from_json

STEPS = ("files", "signature", "chain", "derived files", "verdicts")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be. ``name`` is a file of the pack or a verdict."""

    step: str
    name: str
    message: str


@dataclass(slots=True)
class Outcome:
    """What verification found. ``done`` says for each step what was compared; ``notes`` what could not be."""

    evidence_id: str = ""
    digest: str = ""
    findings: list[Finding] = field(default_factory=list)
    done: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Return whether nothing was found."""
        return not self.findings

    def add(self, step: str, name: str, message: str) -> None:
        """Note a finding; about one file the first is enough, because later steps see the same damage again."""
        if step == "verdicts" or all(item.name != name for item in self.findings):
            self.findings.append(Finding(step, name, message))


def verify(folder: Path, trust: Trust, previous: Path | None = None) -> Outcome:
    """Verify a pack.

    Args:
        folder: the pack.
        trust: the keys and authorities that the reader trusts.
        previous: the pack before it; None looks among the folders beside it.

    Raises:
        UsageError: the folder is not a pack or can't be read, or a key is none.
    """
    files, odd = read_folder(folder)
    outcome = Outcome(digest=sha256(files.get(MANIFEST, b"")))
    for name, message in odd.items():
        outcome.add("files", name, message)
    _manifest(files, odd, outcome)
    inputs = _inputs(files, outcome)
    _signature(files, inputs, trust, outcome)
    report = _stored(files, outcome)
    if report is not None:
        outcome.evidence_id = evidence_id(report)
    if inputs is not None:
        _chain(folder, inputs, previous, outcome)
        if report is not None:
            _again(files, inputs, report, outcome)
    if inputs is None or report is None:
        for name in (STATEMENT, PREDICATE):
            outcome.add("derived files", name, "can't be compared: what it follows from is damaged")
    return outcome


def _manifest(files: Mapping[str, bytes], odd: Mapping[str, str], outcome: Outcome) -> None:
    for name in (MANIFEST, STATEMENT, PREDICATE):
        if name not in files:
            outcome.add("files", name, "missing")
    if MANIFEST not in files:
        return
    try:
        listed = parse_manifest(files[MANIFEST])
    except ValueError as error:
        outcome.add("files", MANIFEST, f"damaged: {error}")
        return
    for name, digest in listed.items():
        if name not in files and name not in odd:
            outcome.add("files", name, "missing")
        elif name in files and sha256(files[name]) != digest:
            outcome.add("files", name, "changed: its SHA-256 is not the one in the manifest")
    for name in files:
        if name not in listed and name not in OUTSIDE:
            outcome.add("files", name, "extra: not in the manifest")
    if STATEMENT in files and f'"sha256":"{outcome.digest}"'.encode() not in files[STATEMENT]:
        outcome.add("files", MANIFEST, f"changed: not the one that {STATEMENT} speaks of")
    outcome.done["files"] = f"{len(listed)} digests"


def _inputs(files: Mapping[str, bytes], outcome: Outcome) -> Inputs | None:
    try:
        inputs = read_inputs(files)
    except ValueError as error:
        name, _, message = str(error).partition(": ")
        outcome.add("files", name, message)
        return None
    for name, data in inputs.to_files().items():
        if files.get(name) != data:
            outcome.add("derived files", name, "not written as trailwarden writes it")
    described = json.loads(files[PACK])["files"]
    for item, entry in zip(inputs.files, described, strict=True):
        if entry.get("sha256") != sha256(item.data):
            outcome.add("files", item.path, f"changed: its SHA-256 is not the one in {PACK}")
    return inputs


def _stored(files: Mapping[str, bytes], outcome: Outcome) -> Report | None:
    if RESULTS not in files:
        return None
    try:
        return report_from_json(json.loads(files[RESULTS]))
    except (UsageError, ValueError, RecursionError) as error:
        outcome.add("verdicts", RESULTS, f"can't be read: {error}")
        return None


def _signature(files: Mapping[str, bytes], inputs: Inputs | None, trust: Trust, outcome: Outcome) -> None:
    signer = inputs.surroundings.signer if inputs is not None else {}
    stamp = stamp_in(files.get(BUNDLE, b""))
    if stamp != files.get(STAMP, b""):
        message = "the timestamps in the bundle and beside it are not the same"
        for name in (STAMP, *((BUNDLE,) if stamp else ())):
            outcome.add("signature", name, message if name in files else "missing: the bundle has a timestamp")
    if BUNDLE not in files:
        if signer or trust.keys:
            outcome.add("signature", BUNDLE, "missing: the pack is to be signed")
        else:
            outcome.notes.append("not signed: whoever can write the folder can make another pack")
        return
    if STATEMENT not in files:
        return
    checked = check_bundle(files[BUNDLE], files[STATEMENT], files.get(SIGNER, b""), trust)
    for message in checked.problems:
        outcome.add("signature", BUNDLE, message)
    outcome.notes.extend(checked.notes)
    if not checked.problems and checked.done:
        outcome.done["signature"] = "; ".join(checked.done)


def _chain(folder: Path, inputs: Inputs, previous: Path | None, outcome: Outcome) -> None:
    expected = inputs.surroundings.previous
    if previous is not None:
        found = _digest_of(previous)
        if not expected:
            outcome.add("chain", PACK, f"names no previous pack, and {previous} was given as such")
        elif found != expected["digest"]:
            outcome.add("chain", str(previous), f"not the previous pack: that is {expected['evidence_id']}")
        else:
            outcome.done["chain"] = f"follows {expected['evidence_id']}"
        return
    if not expected:
        outcome.notes.append("first of its chain: it names no previous pack")
        return
    beside = (item for item in sorted(folder.resolve().parent.iterdir()) if item.is_dir() and is_pack(item))
    if any(_digest_of(item) == expected["digest"] for item in beside):
        outcome.done["chain"] = f"follows {expected['evidence_id']}, which is beside it"
    else:
        outcome.notes.append(f"the previous pack {expected['evidence_id']} is not beside it: give --previous")


def _digest_of(folder: Path) -> str:
    try:
        return sha256((folder / MANIFEST).read_bytes())
    except OSError:
        return ""


def _again(files: Mapping[str, bytes], inputs: Inputs, stored: Report, outcome: Outcome) -> None:
    run = stored.run
    try:
        again = repeat(inputs, gate=Gate.of(run), source=run.source)
    except (TrailwardenError, ValueError) as error:
        outcome.add("verdicts", "policies", f"the judgement can't be repeated: {error}")
        return
    same_tool = run.tool_version == __version__
    for name, message in verdict_differences(stored, again, texts=same_tool):
        outcome.add("verdicts", name, message)
    outcome.done["verdicts"] = f"{len(again.results)} results of {len(again.policies)} verdicts judged again"
    derived: dict[str, bytes] = dict(raw_files(inputs.ledger))
    if same_tool:
        derived.update(reports(inputs, again))
    else:
        outcome.notes.append(
            f"written by trailwarden {run.tool_version}, verified by {__version__}: reports were not rendered again"
        )
    if MANIFEST in files:
        derived.update(statement_files(inputs, stored, files))
    for name in sorted(derived):
        if name in files and files[name] != derived[name]:
            outcome.add("derived files", name, "not what the inputs of the pack give")
    for name in _unaccounted(files, inputs, derived, same_tool=same_tool):
        outcome.add("files", name, "extra: nothing in the pack gives this file")
    outcome.done["derived files"] = f"{len(derived)} computed again"


def _unaccounted(
    files: Mapping[str, bytes], inputs: Inputs, derived: Mapping[str, bytes], *, same_tool: bool
) -> Sequence[str]:
    """Return files that are neither inputs nor derived: a manifest made anew would list them all the same."""
    known = {*inputs.to_files(), *derived, *OUTSIDE}
    if inputs.surroundings.signer:
        known.add(SIGNER)
    return sorted(set(files) - known) if same_tool else ()


def sentences(outcome: Outcome) -> Iterable[str]:
    """Yield the outcome as lines for people, findings last."""
    for step in STEPS:
        if step in outcome.done and all(item.step != step for item in outcome.findings):
            yield f"ok    {step}: {outcome.done[step]}"
    for note in outcome.notes:
        yield f"note  {note}"
    for item in outcome.findings:
        yield f"FAIL  {item.step}: {item.name}: {item.message}"
