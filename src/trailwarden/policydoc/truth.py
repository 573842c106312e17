"""Kleene's three values, under the names that policy evaluation uses."""

from collections.abc import Iterable
from enum import Enum, auto


class Match(Enum):
    """Whether something applies to a request of which not everything is known."""

    MATCH = auto()
    NO_MATCH = auto()
    UNKNOWN = auto()

    @staticmethod
    def of(known: bool) -> "Match":
        """The value of a fact that is known."""
        return Match.MATCH if known else Match.NO_MATCH

    def __invert__(self) -> "Match":
        if self is Match.UNKNOWN:
            return self
        return Match.of(self is Match.NO_MATCH)


def all_of(parts: Iterable[Match]) -> Match:
    """Conjunction: one NO_MATCH decides, whatever is unknown; nothing at all is a MATCH."""
    seen = set(parts)
    if Match.NO_MATCH in seen:
        return Match.NO_MATCH
    return Match.UNKNOWN if Match.UNKNOWN in seen else Match.MATCH


def any_of(parts: Iterable[Match]) -> Match:
    """Disjunction: one MATCH decides, whatever is unknown; nothing at all is a NO_MATCH."""
    return ~all_of(~part for part in parts)
