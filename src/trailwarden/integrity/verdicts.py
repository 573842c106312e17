"""Every conclusion the verifier can reach about an object or a stretch of time, and what each means for the run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from trailwarden.integrity import times


class Verdict(StrEnum):
    """What was found. They are never merged: a log that cannot be read is not a log that was changed."""

    VERIFIED = "verified"
    MODIFIED = "modified"
    MISSING = "missing"
    CONTAINER_ANOMALY = "container-anomaly"
    UNREFERENCED = "unreferenced"
    GAP_DECLARED = "gap-declared"
    GAP_UNEXPLAINED = "gap-unexplained"
    CHAIN_BROKEN = "chain-broken"
    TAIL_MISSING = "tail-missing"
    HEAD_MISSING = "head-missing"
    KEY_UNKNOWN = "key-unknown"
    UNREADABLE = "unreadable"
    INCONCLUSIVE = "inconclusive"


#: Nothing was proven wrong, but something could not be proven: ERROR in the report, never FAIL and never PASS.
UNDECIDED: Final = frozenset({Verdict.KEY_UNKNOWN, Verdict.UNREADABLE, Verdict.INCONCLUSIVE})
#: Explained by AWS's own signature (a starting digest): listed, not failed.
HARMLESS: Final = frozenset({Verdict.VERIFIED, Verdict.GAP_DECLARED})
FAILING: Final = frozenset(Verdict) - UNDECIDED - HARMLESS

MEANING: Final[Mapping[Verdict, str]] = {
    Verdict.VERIFIED: "signature, hash and place are as AWS delivered them",
    Verdict.MODIFIED: "the content is not what AWS signed",
    Verdict.MISSING: "AWS delivered it and it is gone",
    Verdict.CONTAINER_ANOMALY: "the content is proven, the gzip container or the metadata around it is not as delivered",
    Verdict.UNREFERENCED: "a log file that no digest names: AWS did not vouch for it",
    Verdict.GAP_DECLARED: "validation or logging was off; a starting digest signed by AWS says so",
    Verdict.GAP_UNEXPLAINED: "validation or logging was off and no recorded event explains it",
    Verdict.CHAIN_BROKEN: "digests are genuine on their own but do not follow each other, or lie in a wrong place",
    Verdict.TAIL_MISSING: "the newest digests that should exist do not",
    Verdict.HEAD_MISSING: "the oldest digests of the window do not exist although a later one continues them",
    Verdict.KEY_UNKNOWN: "the public key of a signature was not found, so it proves nothing",
    Verdict.UNREADABLE: "access was refused, or the object is archived",
    Verdict.INCONCLUSIVE: "network, throttling or a missing signature kept it from being decided",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One deviation. `start` and `end` bound the delivery time concerned, in seconds since 1970."""

    verdict: Verdict
    reason: str
    kind: str
    account: str
    region: str
    message: str
    bucket: str = ""
    key: str = ""
    trail: str = ""
    start: int | None = None
    end: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Stable JSON form; times in UTC."""
        return {
            "verdict": str(self.verdict),
            "reason": self.reason,
            "kind": self.kind,
            "account": self.account,
            "region": self.region,
            "trail": self.trail or None,
            "bucket": self.bucket or None,
            "key": self.key or None,
            "start": None if self.start is None else times.extended(self.start),
            "end": None if self.end is None else times.extended(self.end),
            "message": self.message,
            "detail": dict(self.detail),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Finding":
        """Inverse of `to_json`."""
        return cls(
            verdict=Verdict(data["verdict"]),
            reason=data["reason"],
            kind=data["kind"],
            account=data["account"],
            region=data["region"],
            trail=data["trail"] or "",
            bucket=data["bucket"] or "",
            key=data["key"] or "",
            start=None if data["start"] is None else times.from_extended(data["start"]),
            end=None if data["end"] is None else times.from_extended(data["end"]),
            message=data["message"],
            detail=data["detail"],
        )

    @property
    def order(self) -> tuple[str, str, str, int, str, str, str]:
        """Sort key that does not depend on the order of discovery."""
        return (self.account, self.region, self.trail, self.start or 0, self.key, str(self.verdict), self.reason)


def status(verdicts: Mapping[Verdict, int] | set[Verdict]) -> str:
    """PASS, FAIL or ERROR for a collection of verdicts; nothing at all proves nothing, so it fails."""
    seen = set(verdicts)
    if not seen or seen & FAILING:
        return "FAIL"
    return "ERROR" if seen & UNDECIDED else "PASS"
