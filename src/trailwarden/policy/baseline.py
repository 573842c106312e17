"""A baseline: the failures that were there on a day, so that a gate speaks of what is new or worse.

Results are recognised by their fingerprint (policy, check, account, region, subject). Worse means: it failed before and its severity has
risen, or it could not be evaluated before and is now known to fail. A failure whose observed values merely differ is listed as changed and
does not trip the gate: many values are times and counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trailwarden.errors import UsageError
from trailwarden.files import write_atomic
from trailwarden.model import Json, Result, Severity, Status

FORMAT = 1
_KEPT = ("fingerprint", "policy", "check", "account", "region", "subject", "status", "severity", "state")
_COUNTED = (Status.FAIL, Status.ERROR)


@dataclass(frozen=True, slots=True)
class Entry:
    """One failure, or one result that could not be evaluated, as it was."""

    fingerprint: str
    policy: str
    check: str
    account: str
    region: str
    subject: str
    status: Status
    severity: Severity
    state: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What failed at ``created`` (ISO 8601, UTC)."""

    created: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run beside its baseline. Every FAIL and ERROR of the run is in one of the first four; ``gone`` are entries without one."""

    new: tuple[Result, ...]
    worse: tuple[Result, ...]
    changed: tuple[Result, ...]
    known: tuple[Result, ...]
    gone: tuple[Entry, ...]

    @property
    def gating(self) -> tuple[Result, ...]:
        """Return the results that a gate looks at."""
        return self.new + self.worse


def baseline_of(results: Iterable[Result], created: str) -> Baseline:
    """Return the baseline of a run: its FAIL and ERROR results, by fingerprint. Waived ones are the waivers' affair."""
    found = (
        Entry(
            item.fingerprint,
            item.policy,
            item.check,
            item.account,
            item.region,
            item.subject,
            item.status,
            item.severity,
            item.state,
        )
        for item in results
        if item.status in _COUNTED
    )
    return Baseline(created, tuple(sorted(found, key=lambda item: item.fingerprint)))


def compare(results: Iterable[Result], baseline: Baseline) -> Comparison:
    """Return what is new, worse, changed and known among the failures of a run, and what disappeared."""
    before = {item.fingerprint: item for item in baseline.entries}
    groups: dict[str, list[Result]] = {"new": [], "worse": [], "changed": [], "known": []}
    seen: set[str] = set()
    for result in results:
        if result.status not in _COUNTED:
            continue
        seen.add(result.fingerprint)
        groups[_group(result, before.get(result.fingerprint))].append(result)
    gone = tuple(item for item in baseline.entries if item.fingerprint not in seen)
    return Comparison(
        new=tuple(groups["new"]),
        worse=tuple(groups["worse"]),
        changed=tuple(groups["changed"]),
        known=tuple(groups["known"]),
        gone=gone,
    )


def _group(result: Result, before: Entry | None) -> str:
    if before is None:
        return "new"
    if result.severity.rank > before.severity.rank or (before.status is Status.ERROR and result.status is Status.FAIL):
        return "worse"
    return "known" if (result.status, result.state) == (before.status, before.state) else "changed"


def baseline_text(baseline: Baseline) -> str:
    """Return the baseline as a file holds it: one line per entry, so that a review shows what was added."""
    lines = [json.dumps({name: getattr(item, name) for name in _KEPT}, ensure_ascii=False) for item in baseline.entries]
    body = ",\n".join(lines)
    head = f'{{"trailwarden_baseline": {FORMAT}, "created": {json.dumps(baseline.created)}, "entries": ['
    return f"{head}\n{body}\n]}}\n" if lines else f"{head}]}}\n"


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write a baseline file.

    Raises:
        OutputError: the file can't be written.
    """
    write_atomic(path, baseline_text(baseline).encode("utf-8", "surrogatepass"))


def read_baseline(path: Path) -> Baseline:
    """Read a baseline file; raises as ``baseline_bytes`` and ``parse_baseline``."""
    return parse_baseline(baseline_bytes(path), str(path))


def baseline_bytes(path: Path) -> bytes:
    """Return the bytes of a baseline file.

    Raises:
        UsageError: it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path}: can't be read: {error.strerror or error}", "write one with `trailwarden baseline write`"
        ) from error


def parse_baseline(text: bytes, path: str) -> Baseline:
    """Return the baseline that a file holds; ``path`` is how messages call it.

    Raises:
        UsageError: it is no baseline of this format.
    """
    try:
        data: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not JSON: {error}", "write it anew with `trailwarden baseline write`") from error
    if not isinstance(data, dict) or data.get("trailwarden_baseline") != FORMAT:
        raise UsageError(
            f"{path}: no trailwarden baseline of format {FORMAT}", "write it anew with `trailwarden baseline write`"
        )
    try:
        return Baseline(str(data["created"]), tuple(_entry(item) for item in data["entries"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path}: a damaged baseline ({type(error).__name__}: {error})", "write it anew") from error


def _entry(item: Mapping[str, Any]) -> Entry:
    values = {name: str(item[name]) for name in _KEPT}
    return Entry(**{**values, "status": Status(values["status"]), "severity": Severity(values["severity"])})  # type: ignore[arg-type]  # by name
