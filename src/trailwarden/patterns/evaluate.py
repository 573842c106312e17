"""Does a filter pattern match an event?

Where AWS leaves room, the reading is the one that matches less, because a match is what makes a control pass: a
comparison never matches a missing field (not even ``!=``), a boolean, null, an array or an object.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from trailwarden.patterns.syntax import (
    All,
    AnyChild,
    Compare,
    Expression,
    Is,
    NotExists,
    Number,
    Pattern,
    Regex,
    Some,
    Step,
    Text,
    Words,
)

_NUMERIC = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def matches(pattern: Pattern, event: Mapping[str, Any]) -> bool:
    """Whether the pattern matches the event, a parsed JSON object."""
    if isinstance(pattern, Words):
        return _text_matches(pattern, json.dumps(event, separators=(",", ":"), ensure_ascii=False))
    return _holds(pattern, event)


def _holds(term: Expression, event: Mapping[str, Any]) -> bool:
    if isinstance(term, All):
        return all(_holds(part, event) for part in term.parts)
    if isinstance(term, Some):
        return any(_holds(part, event) for part in term.parts)
    nodes = list(_select(event, term.selector))
    if isinstance(term, NotExists):
        return not nodes
    if isinstance(term, Is):
        return any(node is term.value for node in nodes)
    return any(_compare(term, node) for node in nodes)


def _select(node: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    if not steps:
        yield node
        return
    first, rest = steps[0], steps[1:]
    for child in _children(node, first):
        yield from _select(child, rest)


def _children(node: Any, step: Step) -> list[Any]:
    if isinstance(node, Mapping):
        if isinstance(step, AnyChild):
            return list(node.values())
        return [node[step]] if step in node else []
    if isinstance(node, list):
        if isinstance(step, AnyChild):
            return node
        return [node[step]] if isinstance(step, int) and step < len(node) else []
    return []


def _compare(term: Compare, node: Any) -> bool:
    if isinstance(node, str):
        if isinstance(term.value, Regex):
            found = re.search(term.value.source, node) is not None
        elif term.operator in {"=", "!="}:
            found = _like(term.value.text if isinstance(term.value, Number) else term.value.value, node)
        else:
            return False
        return found == (term.operator == "=")
    if isinstance(node, bool) or not isinstance(node, int | float):
        return False
    if isinstance(term.value, Number):
        return bool(_NUMERIC[term.operator](Decimal(str(node)), term.value.value))
    return term.value == Text("*") and term.operator == "="


def _like(wanted: str, actual: str) -> bool:
    """Compare with ``*`` as a wildcard at either end only: AWS takes one inside for the character itself."""
    core = wanted.removeprefix("*").removesuffix("*")
    if wanted.startswith("*") and wanted.endswith("*"):
        return core in actual
    if wanted.startswith("*"):
        return actual.endswith(core)
    if wanted.endswith("*"):
        return actual.startswith(core)
    return actual == wanted


def _text_matches(pattern: Words, raw: str) -> bool:
    """A wanted term has to stand for itself in the text; an unwanted one spoils it also as part of a word."""
    choices = [_found(item, raw, whole=True) for item in pattern.choices]
    return (
        all(_found(item, raw, whole=True) for item in pattern.wanted)
        and (any(choices) or not choices)
        and not any(_found(item, raw, whole=False) for item in pattern.unwanted)
    )


def _found(term: Text | Regex, raw: str, *, whole: bool) -> bool:
    if isinstance(term, Regex):
        return re.search(term.source, raw) is not None
    if not whole:
        return term.value in raw
    return re.search(rf"(?<!\w){re.escape(term.value)}(?!\w)", raw) is not None
