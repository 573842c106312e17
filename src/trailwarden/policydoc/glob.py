"""Wildcard patterns of policies: what one matches, whether two meet, whether some contain another.

``*`` stands for any text (also none), ``?`` for one character, ``${key}`` for a value of the request, and ``${*}``,
``${?}``, ``${$}`` for the character itself. Comparing two patterns is exact: they are treated as the small automata
that they are, so no sample of names has to be tried.

Source: IAM user guide, "IAM JSON policy elements: Resource" and "Policy variables and tags".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from trailwarden.policydoc.errors import PolicyTextError

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT = re.compile(r"\s*([^,]*?)\s*,\s*'(.*)'\s*", re.DOTALL)
# Containment can take exponential time for hostile texts. Bucket and trail patterns were seen to need 8 to 143 steps.
_STEP_LIMIT = 5_000


class Wild(Enum):
    """The two wildcards."""

    MANY = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable: the condition key it reads, in lower case, and the text used when the key is absent."""

    key: str
    default: str | None = None


Token = str | Wild | Variable


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled pattern: literal characters, wildcards and variables in order."""

    tokens: tuple[Token, ...]

    @property
    def fixed(self) -> bool:
        """Whether the pattern stands for exactly one text, whoever asks."""
        return all(isinstance(token, str) for token in self.tokens)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The policy variables, in order."""
        return tuple(token for token in self.tokens if isinstance(token, Variable))

    def widest(self) -> "Glob":
        """The pattern with every variable replaced by ``*``: all that it may stand for."""
        return Glob(tuple(Wild.MANY if isinstance(token, Variable) else token for token in self.tokens))

    def matches(self, text: str) -> bool:
        """Whether the pattern, free of variables, matches the whole of ``text``."""
        return covered(literal(text), [self])


def literal(text: str) -> Glob:
    """The pattern that matches ``text`` only."""
    return Glob(tuple(text))


@lru_cache(maxsize=4096)
def compile_glob(text: str, *, wildcards: bool = True, variables: bool = True) -> Glob:
    """Compile a policy text.

    Args:
        text: as it stands in the policy.
        wildcards: whether ``*`` and ``?`` are wildcards here (not in StringEquals, for one).
        variables: whether ``${...}`` is expanded (not in documents of version 2008-10-17).
    """
    tokens: list[Token] = []
    position = 0
    for found in _VARIABLE.finditer(text) if variables else ():
        tokens.extend(_plain(text[position : found.start()], wildcards))
        tokens.append(_variable(found.group(1)))
        position = found.end()
    tokens.extend(_plain(text[position:], wildcards))
    return Glob(tuple(tokens))


def _plain(text: str, wildcards: bool) -> Iterator[Token]:
    for char in text:
        yield Wild(char) if wildcards and char in "*?" else char


def _variable(inside: str) -> Token:
    if inside in {"*", "?", "$"}:
        return inside
    with_default = _DEFAULT.fullmatch(inside)
    if with_default:
        return Variable(with_default.group(1).lower(), with_default.group(2))
    return Variable(inside.strip().lower())


def overlaps(one: Glob, other: Glob) -> bool:
    """Whether some text is matched by both patterns; variables are taken for ``*``."""
    left, right = one.widest().tokens, other.widest().tokens
    seen: set[tuple[int, int]] = set()
    waiting = [(0, 0)]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        i, j = here
        if i == len(left) and j == len(right):
            return True
        many_left = i < len(left) and left[i] is Wild.MANY
        many_right = j < len(right) and right[j] is Wild.MANY
        if many_left:
            waiting.append((i + 1, j))
        if many_right:
            waiting.append((i, j + 1))
        if i < len(left) and j < len(right):
            if many_left:
                waiting.append((i, j + 1))
            if many_right:
                waiting.append((i + 1, j))
            if not many_left and not many_right and _same(left[i], right[j]):
                waiting.append((i + 1, j + 1))
    return False


def _same(left: Token, right: Token) -> bool:
    return left is Wild.ONE or right is Wild.ONE or left == right


def covered(target: Glob, patterns: Iterable[Glob]) -> bool:
    """Whether every text that ``target`` matches is matched by at least one of ``patterns``.

    A variable in ``target`` is taken for ``*``; a pattern with a variable covers nothing, because for some request it
    stands for another text.

    Raises:
        PolicyTextError: when the comparison takes more steps than any real policy needs.
    """
    goal = target.widest().tokens
    rows = [pattern.tokens for pattern in patterns if not pattern.variables]
    # One letter that occurs nowhere stands for all letters that occur nowhere.
    letters = sorted({token for row in rows for token in row if isinstance(token, str)})
    alphabet = [*letters, ""]
    seen: set[tuple[int, frozenset[tuple[int, int]]]] = set()
    waiting = [(0, _closure(rows, ((index, 0) for index in range(len(rows)))))]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        if len(seen) > _STEP_LIMIT:
            raise PolicyTextError("the wildcard patterns are too complex to compare")
        position, alive = here
        if any(rows[row][at:] == (Wild.MANY,) for row, at in alive):
            continue
        if position == len(goal):
            if not any(at == len(rows[row]) for row, at in alive):
                return False
            continue
        if not alive:
            return False
        token = goal[position]
        if token is Wild.MANY:
            waiting.append((position + 1, alive))
        after = position if token is Wild.MANY else position + 1
        choices = [token] if isinstance(token, str) else alphabet
        waiting.extend((after, _closure(rows, _step(rows, alive, letter))) for letter in choices)
    return True


def _step(
    rows: Sequence[tuple[Token, ...]], alive: frozenset[tuple[int, int]], letter: str
) -> Iterator[tuple[int, int]]:
    for row, at in alive:
        if at == len(rows[row]):
            continue
        token = rows[row][at]
        if token is Wild.MANY:
            yield row, at
        elif token is Wild.ONE or token == letter:
            yield row, at + 1


def _closure(rows: Sequence[tuple[Token, ...]], states: Iterable[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    reached = set()
    for row, start in states:
        at = start
        reached.add((row, at))
        while at < len(rows[row]) and rows[row][at] is Wild.MANY:
            at += 1
            reached.add((row, at))
    return frozenset(reached)
