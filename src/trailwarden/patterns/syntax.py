"""Filter patterns as trees.

A pattern in braces selects JSON events; anything else is a text pattern over the raw event. Operators bind as AWS
documents it: parentheses, then ``&&``, then ``||``.

Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from trailwarden.patterns.errors import PatternError
from trailwarden.patterns.tokens import Kind, Token, tokens


@dataclass(frozen=True, slots=True)
class AnyChild:
    """The step ``[*]`` or ``.*``: every element, or every field."""


Step = str | int | AnyChild
"""A field's name, an element's index, or all children."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string to compare with, as written; ``*`` at either end is a wildcard, elsewhere itself."""

    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number to compare with. ``text`` is how it was written, for values that are strings."""

    value: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression to find anywhere in the value."""

    source: str


@dataclass(frozen=True, slots=True)
class Compare:
    """``selector operator value``; the operator is one of = != < <= > >=."""

    selector: tuple[Step, ...]
    operator: str
    value: Text | Number | Regex


@dataclass(frozen=True, slots=True)
class Is:
    """``selector IS TRUE``, ``IS FALSE`` or ``IS NULL``."""

    selector: tuple[Step, ...]
    value: bool | None


@dataclass(frozen=True, slots=True)
class NotExists:
    """``selector NOT EXISTS``."""

    selector: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Terms joined by ``&&``."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Terms joined by ``||``."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A text pattern: all of ``wanted``, one of ``choices`` if there are any, none of ``unwanted``."""

    wanted: tuple[Text | Regex, ...]
    choices: tuple[Text | Regex, ...]
    unwanted: tuple[Text | Regex, ...]


Expression = Compare | Is | NotExists | All | Some
Pattern = Expression | Words

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_STEPS = re.compile(
    r"""\.(?P<name>[\w-]+)|(?P<fields>\.\*)|\.?\[\s*(?:(?P<index>\d+)|(?P<any>\*)|'(?P<one>[^']*)'|"(?P<two>[^"]*)")\s*\]""",
    re.ASCII,
)
_WORD = re.compile(r'\s*(?P<sign>[?-]?)(?:"(?P<phrase>[^"]*)"|%(?P<regex>[^%]*)%|(?P<word>\w+))(?=\s|$)', re.ASCII)
_IS = {"TRUE": True, "FALSE": False, "NULL": None}
# What AWS lets into a regular expression; without groups it can't run away.
_REGEX = re.compile(r"(?:[A-Za-z0-9_#=@/;,\-\s^$?\[\]{}|*+.:]|\\.)*", re.DOTALL)


def parse(text: str) -> Pattern:
    """Parse a metric filter pattern.

    Raises:
        PatternError: it is no pattern that AWS documents; the position is that of the first character not understood.
    """
    if text.lstrip().startswith("{"):
        try:
            return _Parser(text).pattern()
        except RecursionError as error:
            raise PatternError("nested too deeply") from error
    if text.lstrip().startswith("["):
        raise PatternError("a space-delimited pattern does not fit JSON events", text.index("["))
    return _words(text)


class _Parser:
    """Recursive descent with one token of look-ahead."""

    def __init__(self, text: str) -> None:
        self._tokens: Iterator[Token] = tokens(text)
        self._next = next(self._tokens)

    def pattern(self) -> Expression:
        self._mark("{")
        found = self._some()
        self._mark("}")
        if self._next.kind is not Kind.END:
            self._fail("the end")
        return found

    def _some(self) -> Expression:
        parts = [self._all()]
        while self._is_mark("||"):
            self._take()
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _all(self) -> Expression:
        parts = [self._term()]
        while self._is_mark("&&"):
            self._take()
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _term(self) -> Expression:
        if self._is_mark("("):
            self._take()
            found = self._some()
            self._mark(")")
            return found
        if self._next.kind is not Kind.SELECTOR:
            self._fail("a selector such as $.eventName, or a parenthesis")
        selector = _steps(self._take().text)
        if self._next.kind is Kind.OPERATOR:
            operator = self._take().text
            return Compare(selector, operator, self._value(operator))
        word = self._word("an operator, IS or NOT EXISTS", {"IS", "NOT"})
        if word == "NOT":
            self._word("EXISTS", {"EXISTS"})
            return NotExists(selector)
        return Is(selector, _IS[self._word("TRUE, FALSE or NULL", set(_IS))])

    def _value(self, operator: str) -> Text | Number | Regex:
        kind, position = self._next.kind, self._next.position
        if kind is Kind.WORD and _NUMBER.fullmatch(self._next.text):
            text = self._take().text
            return Number(Decimal(text), text)
        if operator not in {"=", "!="}:
            self._fail("a number")
        if kind is Kind.REGEX:
            return _regex(self._take().text, position)
        if kind not in {Kind.WORD, Kind.STRING}:
            self._fail("a value")
        return Text(self._take().text)

    def _word(self, wanted: str, choices: set[str]) -> str:
        if self._next.kind is not Kind.WORD or self._next.text.upper() not in choices:
            self._fail(wanted)
        return self._take().text.upper()

    def _is_mark(self, text: str) -> bool:
        return self._next.kind is Kind.MARK and self._next.text == text

    def _mark(self, text: str) -> None:
        if not self._is_mark(text):
            self._fail(repr(text))
        self._take()

    def _take(self) -> Token:
        taken = self._next
        if taken.kind is not Kind.END:
            self._next = next(self._tokens, taken)
        return taken

    def _fail(self, wanted: str) -> None:
        found = repr(self._next.text) if self._next.kind is not Kind.END else "the end"
        raise PatternError(f"expected {wanted}, found {found}", self._next.position)


def _steps(text: str) -> tuple[Step, ...]:
    return tuple(_step(found) for found in _STEPS.finditer(text))


def _step(found: re.Match[str]) -> Step:
    if found["fields"] or found["any"]:
        return AnyChild()
    if found["index"]:
        return int(found["index"])
    return next(found[name] for name in ("name", "one", "two") if found[name] is not None)


def _regex(source: str, position: int) -> Regex:
    try:
        re.compile(source)
    except re.error as error:
        raise PatternError(f"not a regular expression: {error.msg}", position) from error
    if not _REGEX.fullmatch(source):
        raise PatternError("the regular expression holds what AWS does not accept", position)
    return Regex(source)


def _words(text: str) -> Words:
    """Terms side by side. AWS documents no meaning for ``?`` terms beside others, so those are refused."""
    signed: dict[str, list[Text | Regex]] = {"": [], "?": [], "-": []}
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _WORD.match(text, position)
        if not found:
            raise PatternError("not a term", position)
        regex = found["regex"]
        literal = found["phrase"] if found["phrase"] is not None else found["word"]
        if regex is not None:
            signed[found["sign"]].append(_regex(regex, position))
        elif literal.strip():  # AWS: a blank phrase matches everything
            signed[found["sign"]].append(Text(literal))
        position = found.end()
    if signed["?"] and (signed[""] or signed["-"]):
        raise PatternError("terms with ? do not mix with others")
    return Words(tuple(signed[""]), tuple(signed["?"]), tuple(signed["-"]))
