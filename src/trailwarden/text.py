r"""Makes untrusted text safe to show: names, tags, policies and error messages come from the account that is being judged.

Escapes are visible (``\x1b``, ``\u202e``), because a reader who can't see that something was removed can't ask why. The lossless form
of every text is in ``results.json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum

from trailwarden.model import Json

# C0 and C1 controls but tab and line feed; Arabic letter mark, zero-width space, direction marks, line and paragraph separators, bidi
# embeddings and isolates, word joiner to the deprecated format characters; byte-order mark, annotation anchors, lone surrogates,
# noncharacters, tag characters. Zero-width joiners and variation selectors stay: emoji and several scripts need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(chr(plane << 16 | low) for plane in range(1, 17) for low in (0xFFFE, 0xFFFF))
    + "\U000e0000-\U000e007f]"
)
# What ``json_text`` makes of them: escapes of JSON's own, which `clean` has to prevent.
_UNCLEAN = re.compile(r"\\[ubfr]")
_DENSE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_LOG_COMMAND = re.compile(r"(?m)^((?:[^\S\n]|\x1b\[[0-9;]*m)*)::")
_LOG_MARKER = re.compile(r"##(?=\w*\[)")


def _escape(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def visible(text: str) -> str:
    """Return ``text`` with every character that can't be seen or carried written as an escape; tabs and line feeds stay."""
    if text.isprintable():
        return text
    return _UNSEEN.sub(_escape, text.replace("\r\n", "\n"))


def one_line(text: str, limit: int = 0) -> str:
    """Return ``visible`` text on one line, cut to ``limit`` characters with an ellipsis if a limit is given."""
    line = " ".join((text if text.isprintable() else visible(text)).split())
    return shorten(line, limit) if limit else line


def shorten(text: str, limit: int) -> str:
    """Return ``text``, or its beginning and an ellipsis: at most ``limit`` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def sentence(text: str) -> str:
    """Return one line that begins and ends like a sentence."""
    line = one_line(text)
    return f"{line[:1].upper()}{line[1:]}{'' if line.endswith(('.', '!', '?')) else '.'}" if line else ""


def log_safe(text: str) -> str:
    """Break what a CI log would obey: ``::error::`` at the start of a line (GitHub), ``##vso[`` and ``##[`` anywhere (Azure, GitHub)."""
    return _LOG_MARKER.sub("# #", _LOG_COMMAND.sub(r"\1: :", text))


def clean(value: Json) -> Json:
    """Return plain JSON data with every string ``visible``: for formats whose parsers refuse what JSON itself could carry."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def plain(value: Json) -> Json:
    """Return JSON data built of dicts with sorted keys, lists and scalars, whatever mappings and tuples it was made of."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"not JSON: {type(value).__name__}")


def json_text(value: Json, depth: int = 0) -> str:
    r"""Return JSON that is lossless and harmless on a terminal: what can't be seen or encoded stands as ``\uXXXX``.

    The first ``depth`` levels are spread over lines and whatever is deeper stays on one: a change of one record is a change of one line,
    and the standard library's fast encoder writes it (it does not when it indents).
    """
    return "".join(_spread(value, depth, "\n", _dense))


def json_parts(value: Json, depth: int) -> Iterator[str]:
    """Yield the parts of ``json_text``; a list may be an iterator, as for ``clean_json``."""
    return _spread(value, depth, "\n", _dense)


def clean_json(value: Json, depth: int = 0) -> str:
    """Return ``json_text(clean(value))``, at little cost for data that is clean already.

    Within the first ``depth`` levels a list may also be an iterator that yields at least one item: what is large need not be there at once.
    """
    return "".join(_spread(value, depth, "\n", _clean_dense))


def _spread(value: Json, depth: int, end: str, write: Callable[[Json], str]) -> Iterator[str]:
    if not depth or not value or not isinstance(value, dict | list | Iterator):
        yield write(value)
        return
    items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    inner = f"{end}  "
    for key, item in items:
        yield f"{opening}{inner}"
        if key is not None:
            yield f"{write(key)}: "
        yield from _spread(item, depth - 1, inner, write)
        opening = ","
    yield f"{end}{closing}"


def _dense(value: Json) -> str:
    text = _DENSE.encode(value)
    return text if text.isprintable() else _UNSEEN.sub(_escape_json, text)


def _clean_dense(value: Json) -> str:
    text = _dense(value)
    return _dense(clean(value)) if _UNCLEAN.search(text) else text


def _escape_json(match: re.Match[str]) -> str:
    point = ord(match[0])
    return f"\\u{point:04x}" if point < 0x10000 else json.dumps(match[0])[1:-1]


_COMPACT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=plain)


def compact(value: Json) -> str:
    """Return a value as one line of visible JSON with sorted keys; a plain string stands for itself."""
    if isinstance(value, str):
        return one_line(value)
    return visible(_COMPACT.encode(value))
