"""Cut a JSON filter pattern into tokens.

Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from trailwarden.patterns.errors import PatternError


class Kind(Enum):
    """What a token is; a mark is a brace, a parenthesis, ``&&`` or ``||``."""

    SELECTOR = auto()
    OPERATOR = auto()
    STRING = auto()
    REGEX = auto()
    WORD = auto()
    MARK = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the pattern; ``text`` is without the quotes or percent signs around it."""

    kind: Kind
    text: str
    position: int


_STEP = r"\.[\w-]+|\.\*|\.?\[\s*(?:\d+|\*|'[^']*'|\"[^\"]*\")\s*\]"
_TOKEN = re.compile(
    rf"""
      (?P<space>\s+)
    | (?P<selector>\$(?:{_STEP})+)
    | (?P<operator>!=|<=|>=|=|<|>)
    | "(?P<string>(?:[^"\\]|\\.)*)"
    | %(?P<regex>[^%]*)%
    | (?P<mark>&&|\|\||[(){{}}])
    | (?P<word>[^\s(){{}}"'&|=<>!%$\[\]]+)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_KINDS = {
    "selector": Kind.SELECTOR,
    "operator": Kind.OPERATOR,
    "string": Kind.STRING,
    "regex": Kind.REGEX,
    "mark": Kind.MARK,
    "word": Kind.WORD,
}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of the pattern, the last one of kind END.

    Raises:
        PatternError: with the position of the character that starts no token.
    """
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if not found:
            raise PatternError(f"unexpected {text[position]!r}", position)
        name = str(found.lastgroup)
        if name != "space":
            content = found.group(name)
            plain = _ESCAPE.sub(r"\1", content) if name == "string" else content
            yield Token(_KINDS[name], plain, position)
        position = found.end()
    yield Token(Kind.END, "", position)
