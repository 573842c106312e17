"""Makes a pack and writes it: redaction first, then everything that follows from the inputs, the signature last."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trailwarden.errors import PolicyError, UsageError
from trailwarden.evidence.build import build
from trailwarden.evidence.folder import write_folder
from trailwarden.evidence.inputs import Inputs
from trailwarden.evidence.keys import signer
from trailwarden.evidence.manifest import BUNDLE, MANIFEST, STAMP, STATEMENT, sha256
from trailwarden.evidence.previous import previous_pack
from trailwarden.evidence.redact import redacted, refuse_damage, refuse_other_verdicts, without_accounts
from trailwarden.evidence.repeat import repeat
from trailwarden.evidence.signature import facts_of, signed_by, stamp_in
from trailwarden.evidence.timestamp import Authority
from trailwarden.model import Report
from trailwarden.report import Gate


@dataclass(frozen=True, slots=True)
class PackOptions:
    """How a pack is made.

    ``key`` is a PEM file or ``awskms:///KEY``, empty for an unsigned pack; ``authority`` the address of a time-stamping authority.
    ``replace`` lets the pack of another run in the same folder go. ``kms`` makes a KMS client for a region.
    """

    redact: Sequence[str] = ()
    key: str = ""
    authority: str = ""
    previous: Path | None = None
    replace: bool = False
    kms: Callable[[str], Any] | None = None


def make_pack(folder: Path, inputs: Inputs, report: Report, options: PackOptions) -> dict[str, bytes]:
    """Return the files of the pack that goes into ``folder``.

    Args:
        folder: looked at for the previous pack only.
        inputs: what the report was judged from.
        report: the judgement.
        options: what the user wants.

    Raises:
        UsageError: the key, the authority or the previous pack can't be used.
        OutputError: a reporter crashed, signing failed, or redaction would change a verdict.
    """
    inputs, report = _redacted(inputs, report, options.redact)
    signing = signer(options.key, options.kms) if options.key else None
    previous = previous_pack(folder, report, options.previous)
    signed = facts_of(signing, options.authority) if signing else {}
    if "accounts" in options.redact:
        previous, signed = without_accounts(previous), without_accounts(signed)
    around = dataclasses.replace(inputs.surroundings, previous=previous, signer=signed)
    files = build(dataclasses.replace(inputs, surroundings=around), report)
    if signing:
        stamp = Authority(options.authority) if options.authority else None
        files[BUNDLE] = signed_by(files[STATEMENT], signing, stamp)
        if stamp:
            files[STAMP] = stamp_in(files[BUNDLE])
    return files


def write_pack(folder: Path, inputs: Inputs, report: Report, options: PackOptions) -> str:
    """Write the pack and return its digest, the SHA-256 of its manifest; errors as ``make_pack`` and ``folder.write_folder``."""
    files = make_pack(folder, inputs, report, options)
    write_folder(folder, files, replace=options.replace)
    return sha256(files[MANIFEST])


def _redacted(inputs: Inputs, report: Report, kinds: Sequence[str]) -> tuple[Inputs, Report]:
    hidden = redacted(inputs, kinds)
    if hidden is inputs:
        return inputs, report
    try:
        again = repeat(hidden, gate=Gate.of(report.run), source=report.run.source)
    except (PolicyError, UsageError) as error:
        refuse_damage(error)
    refuse_other_verdicts(report, again)
    return hidden, again
