"""YAML with positions, read strictly.

Scalars follow the core schema of YAML 1.2 (section 10.3.2): ``on``, ``yes``, ``no``, dates and ``1:30`` are text. Tags, merge keys,
duplicate keys and keys that are not text are refused. Size, depth and what aliases expand to are bounded, so that a hostile file costs
neither time nor memory: events are read one by one and the first one over a bound ends the reading.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from trailwarden.errors import PolicyError, Problem
from trailwarden.model import Json
from trailwarden.policy.model import Place

MAX_BYTES = 1 << 20
"""One file; a thousand policies take about a fifth of it."""
MAX_NODES = 100_000
"""Values in one file, each alias counted as all that it stands for."""
MAX_DEPTH = 40
"""Levels of nesting. libyaml takes minutes over a hundred thousand open brackets."""

# libyaml is about ten times faster; the pure parser reports the same positions.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CONSTANTS: dict[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_OCTAL = re.compile(r"0o([0-7]{1,20})")
_HEXADECIMAL = re.compile(r"0x([0-9a-fA-F]{1,15})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_PRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER_START = frozenset("+-.0123456789")
_PLAIN_START = frozenset("abcdeghijklmopqrsuvwxyzABCDEGHIJKLMOPQRSUVWXYZ$")


@dataclass(frozen=True)
class Source:
    """The text of a file, read once: what was judged is what the evidence holds. ``name`` is how messages call it."""

    name: str
    text: str
    builtin: bool = False
    mark: str = ""
    """The byte-order mark that the file begins with."""

    @cached_property
    def lines(self) -> list[str]:
        """The lines as YAML counts them."""
        return re.split(r"\r\n|[\n\r\x85\u2028\u2029]", self.text)

    def excerpt(self, place: Place, limit: int) -> str:
        """Return the first ``limit`` lines of a place."""
        last = min(place.end_line, place.line + limit - 1)
        return "\n".join(self.lines[place.line - 1 : last])


# Shared by all scalars, which are most of a file; never changed.
_NO_ITEMS: list[Node] = []
_NO_KEYS: dict[str, Node] = {}


class Node:
    """A YAML value with its position. ``data`` is the plain value; ``items`` holds the nodes of a mapping or list."""

    __slots__ = ("column", "data", "end_column", "end_line", "items", "keys", "line", "raw", "source")

    def __init__(self, source: Source, line: int, column: int) -> None:
        self.source = source
        self.line = line
        self.column = column
        self.end_line = line
        self.end_column = column
        self.data: Json = None
        self.items: dict[str, Node] | list[Node] = _NO_ITEMS
        self.keys: dict[str, Node] = _NO_KEYS
        self.raw = ""
        """A scalar's text, before it became a number or a boolean."""

    @property
    def place(self) -> Place:
        """Return the position for reports."""
        return Place(self.source.name, self.line, self.column, self.end_line, self.end_column)

    def get(self, key: str) -> Node | None:
        """Return the value of a key, or None where this is no mapping or lacks it."""
        return self.items.get(key) if isinstance(self.items, dict) else None

    def at(self, path: Sequence[str | int]) -> Node:
        """Return the node at the end of a path, or the last one on the way that exists."""
        node = self
        for step in path:
            if isinstance(node.items, dict) and step in node.items:
                node = node.items[str(step)]
            elif isinstance(node.items, list) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            else:
                break
        return node

    def elements(self) -> list[Node]:
        """Return the nodes of a list, or nothing."""
        return self.items if isinstance(self.items, list) else []

    def entries(self) -> list[tuple[Node, Node]]:
        """Return the keys and values of a mapping, or nothing."""
        return [(self.keys[key], value) for key, value in self.items.items()] if isinstance(self.items, dict) else []

    def list_of(self, key: str) -> list[Node]:
        """Return the nodes of the list under a key, or nothing."""
        found = self.get(key)
        return found.elements() if found is not None else []

    def text(self, key: str, default: str = "") -> str:
        """Return the text under a key, or the default."""
        found = self.get(key)
        return found.data if found is not None and isinstance(found.data, str) else default

    def problem(self, message: str, hint: str = "") -> Problem:
        """Return a problem at this node's beginning."""
        return Problem(self.source.name, self.line, self.column, message, hint)


def read_source(path: Path, *, name: str = "", builtin: bool = False) -> Source:
    """Read a file as UTF-8.

    Raises:
        PolicyError: it can't be read, is larger than ``MAX_BYTES``, or is not UTF-8.
    """
    shown = name or str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
            size = os.fstat(stream.fileno()).st_size
    except OSError as error:
        raise PolicyError([Problem(shown, 0, 0, f"can't be read: {error.strerror or error}")]) from error
    if len(raw) > MAX_BYTES:
        much = f"{size / 1e6:.1f} MB" if size > MAX_BYTES else "too large"
        raise PolicyError(
            [Problem(shown, 0, 0, f"{much}; a file may have {MAX_BYTES // 1024} KiB", "split it into several")]
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        lines = Source("", raw[: error.start].decode("utf-8")).lines
        line, column = len(lines), len(lines[-1]) + 1
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise PolicyError([Problem(shown, 1, 1, "the file is UTF-16", "save it as UTF-8")]) from None
        raise PolicyError(
            [Problem(shown, line, column, f"byte 0x{raw[error.start]:02x} is not UTF-8", "save the file as UTF-8")]
        ) from None
    plain = text.removeprefix("\ufeff")
    return Source(shown, plain, builtin, text[: len(text) - len(plain)])


def parse(source: Source, *, holds: str = "a policy") -> tuple[list[Node], list[Problem]]:
    """Return the documents of a file, empty ones left out, and everything wrong with it as YAML. ``holds`` is what an empty one should.

    What comes after a syntax error is not read; the documents before it are returned.
    """
    reader = _Reader(source)
    try:
        reader.read()
    except yaml.YAMLError as error:
        if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark and "nesting depth" in str(error.problem):
            # From 0.2.6 on libyaml has a bound of its own, far above ours: before it, ours shows, and where.
            return parse(Source(source.name, source.text[: error.problem_mark.index - 1], source.builtin, source.mark))
        reader.problems.append(_syntax_problem(source, error))
    except _StopError as stop:
        reader.problems.append(stop.problem)
    if not reader.documents and not reader.problems:
        reader.problems.append(Problem(source.name, 0, 0, "the file is empty", f"it should hold {holds}"))
    return reader.documents, reader.problems


def scalar(text: str) -> Json:
    """Return the value of a plain scalar by the core schema of YAML 1.2; what has no JSON form (.inf, .nan) stays text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if match := _OCTAL.fullmatch(text):
        return int(match[1], 8)
    if match := _HEXADECIMAL.fullmatch(text):
        return int(match[1], 16)
    if _FLOAT.fullmatch(text) and not text.lstrip("+-").isdigit():
        number = float(text)
        return number if math.isfinite(number) else text
    return text


class _StopError(Exception):
    """A bound was passed; nothing after it is read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Reader:
    """Builds nodes from events, with a stack of its own instead of recursion."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.documents: list[Node] = []
        self.problems: list[Problem] = []
        self._stack: list[Node] = []
        self._flow: list[bool] = []
        self._key: list[Node | None] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._open_anchors: list[tuple[str | None, int]] = []
        self._total = 0
        """Values so far, aliases counted as all that they stand for."""

    def read(self) -> None:
        loader = _LOADER(self.source.text)
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open_mapping,
            yaml.SequenceStartEvent: self._open_list,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._begin,
        }
        try:
            while loader.check_event():
                event = loader.get_event()
                handle = handlers.get(type(event))
                if handle is not None:
                    handle(event)
        finally:
            loader.dispose()

    def _begin(self, _: Any) -> None:
        self._anchors = {}

    def _node(self, event: Any) -> Node:
        mark = event.start_mark
        node = Node(self.source, mark.line + 1, mark.column + 1)
        self._total += 1
        if event.tag is not None:
            self.problems.append(
                node.problem(
                    f"tags are not supported, and {event.tag!r} is one", "put a text that starts with ! in quotes"
                )
            )
        if self._total > MAX_NODES:
            raise _StopError(node.problem(f"more than {MAX_NODES} values in one file", "split it into several"))
        return node

    def _scalar(self, event: Any) -> None:
        node = self._node(event)
        end = event.end_mark
        node.end_line, node.end_column = end.line + 1, end.column + 1
        node.raw = text = event.value
        if event.implicit[0]:
            # Most plain words begin with a letter that no number or constant begins with.
            node.data = text if text[:1] in _PLAIN_START else scalar(text)
        else:
            node.data = text
            if event.style in ("|", ">"):
                self._trim(node)
        if event.anchor is not None:
            self._anchors[event.anchor] = node, 1
        self._place(node)

    def _trim(self, node: Node) -> None:
        """Let a block scalar end with its last line of text: its own mark is where the next token starts."""
        lines = self.source.lines
        line = min(node.end_line, len(lines)) if node.end_column > 1 else node.end_line - 1
        while line > node.line and not lines[line - 1].strip():
            line -= 1
        node.end_line, node.end_column = line, len(lines[line - 1]) + 1

    def _open_mapping(self, event: Any) -> None:
        self._open(event, {})

    def _open_list(self, event: Any) -> None:
        self._open(event, [])

    def _open(self, event: Any, items: dict[str, Node] | list[Node]) -> None:
        node = self._node(event)
        if len(self._stack) >= MAX_DEPTH:
            raise _StopError(node.problem(f"nested more than {MAX_DEPTH} levels deep"))
        node.items = items
        if isinstance(items, dict):
            node.data, node.keys = {}, {}
        else:
            node.data = []
        self._stack.append(node)
        self._flow.append(bool(event.flow_style))
        self._key.append(None)
        self._open_anchors.append((event.anchor, self._total - 1))
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)

    def _close(self, event: Any) -> None:
        node = self._stack.pop()
        self._key.pop()
        name, before = self._open_anchors.pop()
        if self._flow.pop():
            node.end_line, node.end_column = event.end_mark.line + 1, event.end_mark.column + 1
        if name is not None:
            self._anchors[name] = node, self._total - before
        self._place(node)

    def _alias(self, event: Any) -> None:
        mark = event.start_mark
        here = Problem(
            self.source.name, mark.line + 1, mark.column + 1, f"alias *{event.anchor} stands for nothing defined before"
        )
        if event.anchor not in self._anchors:
            if any(name == event.anchor for name, _ in self._open_anchors):
                raise _StopError(Problem(here.file, here.line, here.column, f"alias *{event.anchor} contains itself"))
            raise _StopError(here)
        target, size = self._anchors[event.anchor]
        self._total += size
        if self._total > MAX_NODES:
            message = f"aliases expand to more than {MAX_NODES} values"
            raise _StopError(Problem(here.file, here.line, here.column, message, "write the values out"))
        self._place(target)
        if self._stack and not self._flow[-1]:  # what is written there is the alias, not what it stands for
            self._stack[-1].end_line, self._stack[-1].end_column = event.end_mark.line + 1, event.end_mark.column + 1

    def _place(self, node: Node) -> None:
        """Put a finished node into its parent, or among the documents."""
        if not self._stack:
            if node.data is not None:
                self.documents.append(node)
            return
        parent = self._stack[-1]
        if isinstance(parent.items, list):
            parent.items.append(node)
            parent.data.append(node.data)
        elif self._key[-1] is None:
            self._key[-1] = node
            return
        else:
            key, self._key[-1] = self._key[-1], None
            self._pair(parent, parent.items, key, node)
        if not self._flow[-1] and (
            node.end_line > parent.end_line
            or (node.end_line == parent.end_line and node.end_column > parent.end_column)
        ):
            parent.end_line, parent.end_column = node.end_line, node.end_column

    def _pair(self, parent: Node, items: dict[str, Node], key: Node, value: Node) -> None:
        name = key.data
        if not isinstance(name, str):
            if isinstance(key.data, dict | list):
                self.problems.append(key.problem("a key must be text"))
                return
            self.problems.append(
                key.problem(f"a key must be text, and {key.raw or 'nothing'} is not", "put it in quotes")
            )
            name = key.raw
        elif name == "<<" and key.raw == name:
            self.problems.append(key.problem("merge keys (<<) are not supported", "use an alias for the whole value"))
            return
        if name in items:
            first = parent.keys[name]
            self.problems.append(key.problem(f"duplicate key {name!r}, first given in line {first.line}"))
            return
        items[name] = value
        parent.keys[name] = key
        parent.data[name] = value.data


def _syntax_problem(source: Source, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        # The reader refuses a character; the two parsers count its position differently, so it is looked for.
        found = _NOT_PRINTABLE.search(source.text)
        before = source.text[: found.start()] if found else ""
        lines = Source("", before).lines
        code = f": character U+{ord(found[0]):04X} is not allowed" if found else ""
        return Problem(source.name, len(lines), len(lines[-1]) + 1, f"not YAML{code}")
    text = getattr(error, "problem", "") or "syntax error"
    context = getattr(error, "context", "") or ""
    line, column = mark.line + 1, mark.column + 1
    if line > len(source.lines):  # libyaml counts a line after the last one
        line, column = len(source.lines), len(source.lines[-1]) + 1
    at = source.lines[line - 1][column - 1 : column]
    hint = "indent with spaces, not with tabs" if at == "\t" else ""
    return Problem(source.name, line, column, f"not YAML: {text}{f' ({context})' if context else ''}", hint)
