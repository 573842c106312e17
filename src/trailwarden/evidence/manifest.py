"""``SHA256SUMS``: what a pack consists of, as ``sha256sum -c`` reads it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

MANIFEST = "SHA256SUMS"
STATEMENT = "statement.json"
PREDICATE = "predicate.json"
BUNDLE = "evidence.sigstore.json"
STAMP = "evidence.tsr"
"""The timestamp in the bundle once more, as ``openssl ts`` reads it; two copies also show a damage that no signature covers."""
OUTSIDE = (MANIFEST, STATEMENT, PREDICATE, BUNDLE, STAMP)
"""Files that speak about the manifest and so can't be in it."""

_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_.][A-Za-z0-9_./-]*)")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST = 100


def sha256(data: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def safe_part(text: str) -> str:
    """Return a text as one part of a path: the same on every file system, and nothing a shell or ``sha256sum`` takes for anything else."""
    part = _UNSAFE.sub("_", text)[:_LONGEST]
    return f"_{part}" if not part or part[0] in ".-" else part


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of files by their path in the pack, sorted; those that are outside of it are left out."""
    return "".join(f"{sha256(files[path])}  {path}\n" for path in sorted(files) if path not in OUTSIDE).encode()


def parse_manifest(data: bytes) -> dict[str, str]:
    """Return the digests by path.

    Raises:
        ValueError: not what ``manifest`` writes, to the byte.
    """
    found: dict[str, str] = {}
    text = data.decode("ascii")
    if not text.endswith("\n"):
        raise ValueError("it does not end with a line end")
    for number, line in enumerate(text[:-1].split("\n"), start=1):
        match = _LINE.fullmatch(line)
        if match is None or ".." in match[2].split("/"):
            raise ValueError(f"line {number} is not a digest and a path")
        found[match[2]] = match[1]
    if list(found) != sorted(found) or len(found) != text.count("\n"):
        raise ValueError("its lines are not sorted by path, or one is there twice")
    return found
