"""Inflate and hash a gzip object in small slices, strictly: whole, one member, within a size limit.

64 KiB slices are hashed while they are still in the cache, keep memory flat whatever the file holds, and stop a
decompression bomb early. `isal` (extra `fast`) has zlib's interface and inflates about twice as fast.
"""

import hashlib
import zlib
from dataclasses import dataclass
from typing import Any, Final, Protocol

_SLICE: Final = 64 * 1024
_FEED: Final = 16 * 1024  # unconsumed input is copied at every call, so it is fed in pieces too
_GZIP: Final = 16 + zlib.MAX_WBITS


class _Inflate(Protocol):
    eof: bool
    unconsumed_tail: bytes
    unused_data: bytes

    def decompress(self, data: Any, max_length: int = ..., /) -> bytes: ...


def _library() -> tuple[Any, type[Exception], str]:
    try:
        from isal import isal_zlib  # noqa: PLC0415 - an optional extra
    except ImportError:
        return zlib.decompressobj, zlib.error, "zlib"
    broken: Any = isal_zlib.error
    return isal_zlib.decompressobj, broken, "isal"


_new, _broken, LIBRARY = _library()


@dataclass(frozen=True, slots=True)
class Content:
    """What an object holds.

    `anomaly` names what is wrong with the container; `sound` tells whether `sha256` is that of the complete content (a bomb
    or a torn stream has none).
    """

    sha256: str
    size: int
    anomaly: str = ""
    sound: bool = True
    data: bytes = b""


def inspect(body: bytes | bytearray, limit: int, *, keep: bool = False) -> Content:
    """Hash the content of the gzip object `body`.

    Args:
        body: the stored bytes, exactly as delivered.
        limit: largest allowed inflated size in bytes.
        keep: also return the content.
    """
    inflate: _Inflate = _new(wbits=_GZIP)
    digest, size, kept = hashlib.sha256(), 0, []
    view = memoryview(body)
    at = 0
    try:
        while not inflate.eof and at < len(body):
            feed: Any = view[at : at + _FEED]
            at += len(feed)
            while True:
                piece = inflate.decompress(feed, _SLICE)
                size += len(piece)
                if size > limit:
                    return Content("", size, "inflates-beyond-limit", sound=False)
                digest.update(piece)
                if keep:
                    kept.append(piece)
                feed = inflate.unconsumed_tail
                # A full slice may leave output behind in the inflater although all input was taken.
                if inflate.eof or not (feed or len(piece) == _SLICE):
                    break
    except _broken:
        return _torn(body, limit, keep=keep)
    if not inflate.eof:
        return _torn(body, limit, keep=keep)
    trailing = len(inflate.unused_data) + len(body) - at
    return Content(digest.hexdigest(), size, "trailing-data" if trailing else "", data=b"".join(kept))


def _torn(body: bytes | bytearray, limit: int, *, keep: bool) -> Content:
    """Second look at what strict inflation refused: is only the eight-byte trailer wrong, or the content itself?"""
    start = _header_length(body)
    if start is None:
        return Content("", 0, "not-gzip", sound=False)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    digest, size, kept, feed = hashlib.sha256(), 0, [], body[start:]
    try:
        while not inflate.eof:
            piece = inflate.decompress(feed, _SLICE)
            size += len(piece)
            if size > limit:
                return Content("", size, "inflates-beyond-limit", sound=False)
            digest.update(piece)
            if keep:
                kept.append(piece)
            feed = inflate.unconsumed_tail
            if not inflate.eof and not feed and len(piece) < _SLICE:
                return Content("", size, "truncated", sound=False)
    except zlib.error:
        return Content("", size, "corrupt", sound=False)
    return Content(digest.hexdigest(), size, "trailer", data=b"".join(kept))


def _header_length(body: bytes | bytearray) -> int | None:
    """Length of the gzip header (RFC 1952, 2.3), or None if there is none."""
    if len(body) < 10 or body[:3] != b"\x1f\x8b\x08":
        return None
    flags, at = body[3], 10
    if flags & 4:
        at += 2 + int.from_bytes(body[at : at + 2], "little")
    for flag in (8, 16):
        if flags & flag:
            at = body.find(b"\x00", at) + 1
            if at == 0:
                return None
    if flags & 2:
        at += 2
    return at if at < len(body) else None
