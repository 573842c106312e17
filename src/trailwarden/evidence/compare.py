"""Two reports side by side: which verdicts differ, and in what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trailwarden.model import Json, Reason, Report, Result
from trailwarden.presentation import short_name
from trailwarden.results import report_to_json
from trailwarden.text import compact, shorten

Kind = Literal["appeared", "gone", "changed"]

_VERDICT = ("status", "severity", "candidates", "applicable", "satisfying", "sha256")
_RESULT = ("status", "severity", "observed", "expected", "params", "reason", "waiver")
_TEXTS = ("calls", "message", "notes", "check_version", "state", "subject_name", "fingerprint", "subject_type")
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict or result that is not in both reports alike. ``fields`` maps what differs to its two values."""

    kind: Kind
    name: str
    policy: str
    account: str
    before: str
    """The status, empty where there was none."""
    after: str
    fields: Mapping[str, tuple[Json, Json]]

    def sentence(self) -> str:
        """Return what changed in one line, without the name."""
        if self.kind != "changed":
            return f"{self.kind}: {self.after or self.before}"
        parts = [f"{name} {_shown(before)} -> {_shown(after)}" for name, (before, after) in self.fields.items()]
        return "; ".join(parts)


def verdict_changes(before: Report, after: Report) -> list[Change]:
    """Return the verdicts (policy, account) that differ, in order of the later report."""
    one = {(item.id, item.account): item for item in before.policies}
    two = {(item.id, item.account): item for item in after.policies}
    return [
        change
        for key in dict.fromkeys([*two, *one])
        if (
            change := _change(
                f"{key[0]} in {key[1]}",
                key[0],
                key[1],
                _fields(one.get(key), _VERDICT),
                _fields(two.get(key), _VERDICT),
            )
        )
    ]


def result_changes(before: Report, after: Report, *, texts: bool = False) -> list[Change]:
    """Return the results that differ, in order of the later report; ``texts`` compares messages as well."""
    names = (*_RESULT, *_TEXTS) if texts else _RESULT
    one, two = _by_key(before), _by_key(after)
    found = []
    for key in dict.fromkeys([*two, *one]):
        result = two.get(key) or one[key]
        name = f"{result.policy} on {short_name(result)} in {result.account}" + (
            f"/{result.region}" if result.region else ""
        )
        change = _change(
            name, result.policy, result.account, _fields(one.get(key), names), _fields(two.get(key), names)
        )
        if change:
            found.append(change)
    return found


def verdict_differences(stored: Report, again: Report, *, texts: bool) -> Iterator[tuple[str, str]]:
    """Yield name and description of everything in which a stored report is not what judging again gives.

    Args:
        stored: the report of the pack.
        again: the report of now.
        texts: compare every word as well, because the same release judged both.
    """
    found = False
    for change in [*verdict_changes(stored, again), *result_changes(stored, again, texts=texts)]:
        found = True
        yield change.name, _against(change)
    if texts and not found:
        one, two = report_to_json(stored), report_to_json(again)
        for key in one:
            if one[key] != two[key]:
                yield f"results.json, {key}", "not what judging again gives" + _first(one[key], two[key])


def _against(change: Change) -> str:
    """Return a change between the record and a repetition in words that say which is which."""
    if change.kind == "gone":
        return f"recorded as {change.before}; judging again gives no such result"
    if change.kind == "appeared":
        return f"not recorded; judging again gives {change.after}"
    return "; ".join(
        f"{name} is recorded as {_shown(before)}, judging again gives {_shown(after)}"
        for name, (before, after) in change.fields.items()
    )


def _shown(value: Json) -> str:
    """Return a value on one line; the reason of an ERROR as its sentence."""
    return shorten(value.sentence() if isinstance(value, Reason) else compact(value), _SHOWN)


def _first(one: Json, two: Json) -> str:
    """Return in which key two objects first differ, for a message."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in dict.fromkeys([*one, *two]):
            if one.get(key) != two.get(key):
                return f": {key} is recorded as {_shown(one.get(key))}, now {_shown(two.get(key))}"
    return ""


def _by_key(report: Report) -> dict[tuple[str, ...], Result]:
    """Return the results by what they are about; a key that comes twice is numbered."""
    found: dict[tuple[str, ...], Result] = {}
    for result in report.results:
        key: tuple[str, ...] = (result.policy, result.check, result.account, result.region, result.subject)
        number = 2
        while key in found:
            key = (*key[:5], str(number))
            number += 1
        found[key] = result
    return found


def _fields(record: Any, names: tuple[str, ...]) -> dict[str, Json]:
    return {name: getattr(record, name) for name in names} if record is not None else {}


def _change(
    name: str, policy: str, account: str, before: Mapping[str, Json], after: Mapping[str, Json]
) -> Change | None:
    if before == after:
        return None
    kind: Kind = "appeared" if not before else "gone" if not after else "changed"
    differing = {key: (before[key], after[key]) for key in before if key in after and before[key] != after[key]}
    return Change(kind, name, policy, account, str(before.get("status", "")), str(after.get("status", "")), differing)
