"""What changed from one pack to another: verdicts, observed values, waivers, and the text of the files that decide."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from trailwarden.evidence.compare import Change, result_changes, verdict_changes
from trailwarden.evidence.load import Loaded
from trailwarden.markdown import code, document, fenced, prose, table
from trailwarden.model import Json, Reason
from trailwarden.results import report_to_json
from trailwarden.text import json_text, one_line, plain, visible

_SCOPE = ("accounts", "regions", "tool_version", "caller", "fail_on", "on_error", "soft_fail")


@dataclass(frozen=True, slots=True)
class TextChange:
    """A file that the runs read and that differs; ``lines`` is a unified diff."""

    name: str
    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two packs, earlier and later as they were given. ``scope`` maps what differs about the runs to its two values."""

    before: Loaded
    after: Loaded
    scope: dict[str, tuple[Json, Json]]
    verdicts: list[Change]
    results: list[Change]
    files: list[TextChange]

    def __bool__(self) -> bool:
        """Return whether anything that was concluded, observed or decided differs."""
        return bool(self.scope or self.verdicts or self.results or self.files)


def difference(before: Loaded, after: Loaded) -> Difference:
    """Return what differs."""
    one, two = (report_to_json(pack.report)["run"] for pack in (before, after))
    return Difference(
        before=before,
        after=after,
        scope={name: (one[name], two[name]) for name in _SCOPE if one[name] != two[name]},
        verdicts=verdict_changes(before.report, after.report),
        results=result_changes(before.report, after.report),
        files=list(_texts(before, after)),
    )


def _texts(before: Loaded, after: Loaded) -> Iterator[TextChange]:
    one = {(item.kind, item.name): item.data for item in before.inputs.files}
    two = {(item.kind, item.name): item.data for item in after.inputs.files}
    for key in sorted({*one, *two}):
        if one.get(key) != two.get(key):
            kind, name = key
            was, now = (_lines(side.get(key, b"")) for side in (one, two))
            lines = difflib.unified_diff(was, now, name, name, lineterm="")
            yield TextChange(name, kind, tuple(lines))


def _lines(data: bytes) -> list[str]:
    return visible(data.decode("utf-8", "replace")).splitlines()


def as_table(found: Difference) -> str:
    """Return the difference as plain text."""
    return "".join(f"{visible(line)}\n" for line in _plain(found))


def _plain(found: Difference) -> Iterator[str]:
    yield f"from {one_line(found.before.evidence_id)} to {one_line(found.after.evidence_id)}"
    if not found:
        yield "no difference"
    for name, (before, after) in found.scope.items():
        yield f"run       {name}: {json_text(before)} -> {json_text(after)}"
    for title, changes in (("verdict", found.verdicts), ("result", found.results)):
        for change in changes:
            yield f"{title:<9} {one_line(change.name)}: {change.sentence()}"
    for item in found.files:
        yield f"{item.kind:<9} {one_line(item.name)}"
        yield from (f"  {line}" for line in item.lines)


def as_markdown(found: Difference) -> str:
    """Return the difference as Markdown."""
    return document(_blocks(found)) + "\n"


def _blocks(found: Difference) -> Iterator[str]:
    yield "# Evidence compared"
    yield table(
        ("", "Evidence id", "Started, UTC", "Digest"),
        (
            (title, code(pack.evidence_id), code(pack.report.run.started_at), code(pack.digest))
            for title, pack in (("Before", found.before), ("After", found.after))
        ),
    )
    if not found:
        yield "No difference in verdicts, observed values, waivers or policies."
    if found.scope:
        yield "## Runs"
        rows = ((prose(name), code(json_text(one)), code(json_text(two))) for name, (one, two) in found.scope.items())
        yield table(("What", "Before", "After"), rows)
    for title, changes in (("Verdicts", found.verdicts), ("Results", found.results)):
        if changes:
            yield f"## {title}"
            yield table(
                ("What", "Before", "After", "Change"),
                (
                    (code(item.name), item.before or "–", item.after or "–", code(item.sentence(), 2000))
                    for item in changes
                ),
            )
    if found.files:
        yield "## Files that decide"
    for item in found.files:
        yield f"{prose(item.kind)}: {code(item.name)}"
        yield fenced("\n".join(item.lines), "diff")


def as_json(found: Difference) -> str:
    """Return the difference as JSON."""
    return (
        json.dumps(
            {
                "before": _identity(found.before),
                "after": _identity(found.after),
                "scope": {name: {"before": one, "after": two} for name, (one, two) in found.scope.items()},
                "verdicts": [_change(item) for item in found.verdicts],
                "results": [_change(item) for item in found.results],
                "files": [{"name": item.name, "kind": item.kind, "diff": list(item.lines)} for item in found.files],
            },
            indent=2,
        )
        + "\n"
    )


def _identity(pack: Loaded) -> dict[str, Json]:
    return {"evidence_id": pack.evidence_id, "started_at": pack.report.run.started_at, "digest": pack.digest}


def _change(item: Change) -> dict[str, Json]:
    return {
        "change": item.kind,
        "name": item.name,
        "policy": item.policy,
        "account": item.account,
        "before": item.before or None,
        "after": item.after or None,
        "fields": {
            name: {"before": _json(before), "after": _json(after)} for name, (before, after) in item.fields.items()
        },
    }


def _json(value: Json) -> Json:
    """Return a field's value as JSON; the reason of an ERROR is a record."""
    return plain(dataclasses.asdict(value) if isinstance(value, Reason) else value)
