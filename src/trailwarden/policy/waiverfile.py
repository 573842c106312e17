"""Changes the text of a waiver file: one more waiver, or the dead ones out; everything else stays as people wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from textwrap import dedent, indent

from trailwarden.policy.waivers import Waiver

# What JSON leaves as it is and YAML takes for a line break or refuses.
_NOT_IN_LINE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def waiver_text(fields: Mapping[str, str]) -> str:
    """Return a waiver as the YAML list item that a waiver file holds; empty fields are left out, every value is quoted as needed."""
    order = (
        "id",
        "policy",
        "subject",
        "account",
        "region",
        "reason",
        "ticket",
        "owner",
        "approved_by",
        "approved_on",
        "expires",
        "fingerprint",
    )
    lines = [f"{name}: {_quoted(fields[name])}" for name in order if fields.get(name)]
    return "  - " + "\n    ".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a text as a double-quoted YAML scalar on one line. JSON's escapes are YAML's, but for surrogate pairs."""
    written = json.dumps(text, ensure_ascii=False)
    return _NOT_IN_LINE.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


def add_waiver(text: str, fields: Mapping[str, str]) -> str:
    """Return the text of a waiver file with one more waiver at its end, as deep as the others; an empty text becomes a whole file."""
    if not text.strip():
        text = "apiVersion: trailwarden/v1\nkind: Waivers\nwaivers:\n"
    text = re.sub(r"^waivers:[ ]*\[[ ]*\][ ]*$", "waivers:", text, flags=re.MULTILINE)
    item = waiver_text(fields)
    first = re.search(r"^waivers:[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*([ ]*)- ", text, re.MULTILINE)
    if first is not None:
        item = indent(dedent(item), first[1])
    return text.rstrip("\n") + "\n" + item


def prune_waivers(text: str, waivers: Iterable[Waiver]) -> str:
    """Return the text of a waiver file without these of its waivers; comments and spelling of the others stay as they are."""
    lines = text.splitlines(keepends=True)
    for waiver in sorted(waivers, key=lambda item: -item.place.line):
        del lines[waiver.place.line - 1 : waiver.place.end_line]
    left = "".join(lines)
    return (
        left
        if re.search(r"^\s*- ", left, re.MULTILINE)
        else re.sub(r"^waivers:\s*$", "waivers: []", left, flags=re.MULTILINE)
    )
