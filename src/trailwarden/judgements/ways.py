"""Ways from a cause to an effect: links that must all hold, of which there may be several alternatives, in three-valued logic.

A way works, or a link of it is known to be missing, or nobody knows. Of several ways one that works is enough; where none does, the report
names the link that is missing on the way that got furthest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from trailwarden.errors import Unreadable
from trailwarden.model import Json, Reason

X = TypeVar("X")


@dataclass(frozen=True, slots=True)
class Way:
    """What is known of a way, or of one link. ``works`` None means unknown, for ``reason``."""

    works: bool | None
    text: str = ""
    """Which link is missing."""
    rank: tuple[int, ...] = ()
    """How far the way goes before that link."""
    reason: Reason | None = None
    observed: Mapping[str, Json] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def holds(*notes: str, **observed: Json) -> Way:
    """Return a link that is there."""
    return Way(True, observed=observed, notes=notes)


def missing(text: str, *rank: int, **observed: Json) -> Way:
    """Return a link that is known to be missing; ``rank`` grows along the way."""
    return Way(False, text, rank, observed=observed)


Link = Callable[[], Way]


def in_turn(*links: Link) -> Way:
    """Return whether every link holds: one that is known to be missing decides, even behind one that could not be read."""
    observed: dict[str, Json] = {}
    notes: list[str] = []
    unknown: Reason | None = None
    for link in links:
        way = _look(link)
        observed.update(way.observed)
        notes += way.notes
        if way.works is False:
            return replace(way, observed=observed)
        unknown = unknown or way.reason
    if unknown is not None:
        return Way(None, reason=unknown, observed=observed)
    return Way(True, observed=observed, notes=tuple(dict.fromkeys(notes)))


def furthest(starts: Iterable[X], way_of: Callable[[X], Way], otherwise: Way) -> Way:
    """Return one way that works, else one that may, else the one that got furthest; ``otherwise`` when there is none at all."""
    best: Way | None = None
    for start in starts:
        way = _look(partial(way_of, start))
        if way.works:
            return way
        if best is None or _worth(way) > _worth(best):
            best = way
    return otherwise if best is None else best


def decided(way: Way) -> Way:
    """Return a way that works, or is known not to.

    Raises:
        Unreadable: neither is known.
    """
    if way.reason is not None:
        raise Unreadable(way.reason)
    return way


def _worth(way: Way) -> tuple[bool, tuple[int, ...]]:
    return way.works is None, way.rank


def _look(link: Link) -> Way:
    try:
        return link()
    except Unreadable as error:
        return Way(None, reason=error.reason)
