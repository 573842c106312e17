"""Claimed and found locations: a replica or a local copy lies elsewhere than its digests say."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Places:
    """Pairs of `bucket/prefix` texts, claimed and found, longest claim first.

    `any_bucket` is for a copy whose bucket nobody named; `local` for any copy in a folder.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    any_bucket: bool = False
    local: bool = False

    @property
    def is_copy(self) -> bool:
        """Whether the objects are not the ones AWS delivered, and may have lost their metadata honestly."""
        return bool(self.pairs) or self.any_bucket or self.local

    def found(self, bucket: str, key: str) -> tuple[str, str]:
        """Where the object is that a digest says lies at bucket/key."""
        whole = _swap(f"{bucket}/{key}", self.pairs)
        if whole is not None:
            name, _, rest = whole.partition("/")
            return name, rest
        return ("" if self.any_bucket else bucket), key

    def claimed(self, bucket: str, key: str) -> tuple[str | None, str]:
        """What the object found at bucket/key must call itself; None for a bucket that cannot be known."""
        whole = _swap(f"{bucket}/{key}", [(found, claim) for claim, found in self.pairs])
        if whole is not None:
            name, _, rest = whole.partition("/")
            return name, rest
        return (None if self.any_bucket else bucket), key


def parse_places(texts: Sequence[str], *, any_bucket: bool = False, local: bool = False) -> Places:
    """Read `CLAIMED=FOUND` arguments, each side `bucket` or `bucket/prefix`; ValueError for anything else."""
    pairs = []
    for text in texts:
        claim, sign, found = text.partition("=")
        if not sign or not claim.strip("/") or not (found.strip("/") or any_bucket):
            raise ValueError(f"{text!r} is not CLAIMED-BUCKET[/PREFIX]=FOUND-BUCKET[/PREFIX]")
        pairs.append((claim.strip("/") + "/", found.strip("/") + "/"))
    return Places(tuple(sorted(pairs, key=lambda pair: (-len(pair[0]), pair))), any_bucket, local)


def _swap(whole: str, pairs: Sequence[tuple[str, str]]) -> str | None:
    for old, new in sorted(pairs, key=lambda pair: -len(pair[0])):
        if whole.startswith(old):
            return new + whole[len(old) :]
    return None
