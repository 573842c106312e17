"""The hours of a digest chain as characters: a row for each UTC day, a character for each hour. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

Span = tuple[int, int, str]
"""Start and end in seconds since 1970, and the state of that time: of a digest's hour, or a verdict of the verifier."""

_HOUR: Final = 3600
_DAY: Final = 86400

#: One character for the state of an hour; the worst state of an hour wins.
SYMBOLS: Final[Mapping[str, str]] = {
    "verified": "#",
    "empty": ".",
    "damaged": "!",
    "gap-declared": "-",
    "gap-unexplained": "~",
    "missing": "x",
    "head-missing": "x",
    "tail-missing": "x",
    "modified": "!",
    "container-anomaly": "!",
    "chain-broken": "!",
    "key-unknown": "?",
    "unreadable": "?",
    "inconclusive": "?",
}
_RANK: Final = " .#-?~x!"
_UNKNOWN: Final = " ?"
LEGEND: Final = (
    "# verified  . verified, no logs  - declared gap  ~ unexplained gap  x digests missing  ! damaged  ? undecided"
)


def days(spans: Iterable[Span], since: int, until: int) -> Iterator[tuple[str, str]]:
    """Yield (date, 24 characters) for each UTC day of [since, until); a space is an hour outside of it or not covered.

    Args:
        spans: in the order of their starts.
        since: seconds since 1970.
        until: seconds since 1970.
    """
    left = list(spans)
    for day in range(since - since % _DAY, until, _DAY):
        hours = range(day, day + _DAY, _HOUR)
        row = "".join(_hour(hour, left) if since - _HOUR < hour < until else " " for hour in hours)
        while left and left[0][1] <= day:
            left.pop(0)
        yield datetime.fromtimestamp(day, UTC).strftime("%Y-%m-%d"), row


def merged(one: str, other: str) -> str:
    """Return one row of two for the same day: what was undecided or not looked at gives way, then the worse counts."""
    return "".join(
        max((char for char in pair if char not in _UNKNOWN), key=_RANK.index, default=max(pair, key=_RANK.index))
        for pair in zip(one, other, strict=True)
    )


def shown(facts: Mapping[str, object]) -> str:
    """Return the hours that a finding observed (``coverage``) as HTML; empty if it observed nothing of the kind."""
    return as_html((place, rows.items()) for place, rows in _observed(facts).items())


def left_out(facts: Mapping[str, object]) -> dict[str, object]:
    """Return what else was observed, for where the hours are shown on their own."""
    return {key: value for key, value in facts.items() if key != "coverage" or not _observed(facts)}


def as_html(places: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> str:
    """Return a table for each place, a line for each day, as an HTML fragment without scripts; empty without places."""
    from html import escape  # noqa: PLC0415 - for HTML only, as below

    from trailwarden.text import one_line, visible  # noqa: PLC0415 - with what it needs it takes 50 ms to load

    parts = []
    for place, rows in places:
        lines = "".join(
            f'<tr><th scope="row">{escape(one_line(day))}</th>'
            f"<td><code>{escape(visible(row)).replace(' ', '&nbsp;')}</code></td></tr>"
            for day, row in rows
        )
        caption = f"Hours (UTC) of {escape(one_line(place))}"
        parts.append(f'<table class="coverage"><caption>{caption}</caption><tbody>{lines}</tbody></table>')
    return "\n".join([f"<p>{escape(LEGEND)}</p>", *parts]) if parts else ""


def _hour(hour: int, spans: Iterable[Span]) -> str:
    symbols = (SYMBOLS.get(state, "?") for start, end, state in spans if start < hour + _HOUR and hour < end)
    return max(symbols, key=_RANK.index, default=" ")


def _observed(facts: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Place -> day -> row."""
    found = facts.get("coverage")
    places = found.items() if isinstance(found, Mapping) else ()
    return {
        str(place): {str(day): str(row) for day, row in rows.items()}
        for place, rows in places
        if isinstance(rows, Mapping)
    }
