"""Markdown that shows data literally, as GitHub's parser reads it: code spans, escapes, tables that keep their cells, fenced blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from trailwarden.text import one_line, visible

_SPECIAL = re.compile(r"([\\`*_\[\]<>~&$])")
_LEADING = re.compile(r"^([-+=]|\d+(?=[.)]))")
_LINKABLE = re.compile(r"[@#]|://|www\.", re.IGNORECASE)
_BACKTICKS = re.compile("`+")
_PIPE = re.compile(r"(\\*)\|")

NOTHING = "–"


def code(text: str, limit: int = 1000) -> str:
    """Return a code span that holds ``text`` on one line, whatever backticks it contains; a dash for an empty text."""
    line = one_line(text, limit)
    if not line:
        return NOTHING
    if "`" not in line:
        return f"`{line}`"
    fence = "`" * (max(len(run) for run in _BACKTICKS.findall(line)) + 1)
    return f"{fence} {line} {fence}"


def codes(texts: Iterable[str]) -> str:
    """Return several code spans, separated by commas."""
    return ", ".join(code(text) for text in texts)


def prose(text: str, limit: int = 1000) -> str:
    """Return ``text`` on one line as Markdown that shows it literally: escaped, or a code span where escapes don't stop GitHub.

    Addresses, ``@user`` and ``#12`` become links after Markdown is parsed, except inside code.
    """
    line = one_line(text, limit)
    return code(line) if _LINKABLE.search(line) else _LEADING.sub(_escape_leading, _SPECIAL.sub(r"\\\1", line))


def authored(text: str) -> str:
    """Return documentation on one line: its code spans stay, everything else is shown as by ``prose``."""
    parts = one_line(text).split("`")
    if len(parts) % 2 == 0 or not all(parts[1::2]):
        return prose(text)
    return "".join(code(part) if index % 2 else _literal(part) for index, part in enumerate(parts))


def _literal(part: str) -> str:
    """Return a part of a line as ``prose`` does, with the spaces around it."""
    text = part.strip()
    return part.replace(text, prose(text), 1) if text else part


def _escape_leading(match: re.Match[str]) -> str:
    """Escape what would start a list or underline a heading at the beginning of a line."""
    return f"{match[1]}\\" if match[1].isdigit() else f"\\{match[1]}"


def fenced(text: str, language: str = "") -> str:
    """Return a fenced code block whose fence is longer than any run of backticks in ``text``."""
    shown = visible(text).strip("\n")
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def row(*cells: str) -> str:
    """Return one line of a table from finished inline Markdown.

    A pipe ends a cell even inside a code span. Backslashes before it are doubled: an odd run would otherwise eat the one that protects it.
    """
    safe = (_PIPE.sub(lambda match: f"{match[1] * 2}\\|", item.replace("\n", " ")) or NOTHING for item in cells)
    return f"| {' | '.join(safe)} |"


def table(head: tuple[str, ...], body: Iterable[tuple[str, ...]]) -> str:
    """Return a table, one tuple of finished inline Markdown per line."""
    return "\n".join([row(*head), "|" + " --- |" * len(head), *(row(*line) for line in body)])


def document(blocks: Iterable[str]) -> str:
    """Join headings, paragraphs, tables and lists with empty lines; empty blocks are left out."""
    return "\n\n".join(block for block in blocks if block)
