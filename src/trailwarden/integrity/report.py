"""The outcome of a run: chains with their hours and counts, findings, keys, and the conditions it was made under."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trailwarden.integrity import times
from trailwarden.integrity.chain import ChainId, Span
from trailwarden.integrity.contents import ContentReport
from trailwarden.integrity.keys import PublicKey
from trailwarden.integrity.verdicts import FAILING, MEANING, UNDECIDED, Finding, Verdict, status

SCHEMA_VERSION: Final = 1
#: Findings kept for one verdict and reason in one scope; the counts stay exact beyond it.
FINDINGS_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True)
class ChainReport:
    """One chain: number of digests and logs by verdict, logs also by where the verdict comes from, hours by state."""

    id: ChainId
    bucket: str
    root: str
    digests: Mapping[str, int]
    logs: Mapping[str, int]
    sources: Mapping[str, int]
    spans: tuple[Span, ...]

    def to_json(self) -> dict[str, Any]:
        """Stable JSON form."""
        return {
            "account": self.id.account,
            "region": self.id.region,
            "trail": self.id.trail,
            "home_region": self.id.home,
            "backfill": self.id.backfill,
            "bucket": self.bucket,
            "prefix": self.root,
            "digests": dict(sorted(self.digests.items())),
            "logs": dict(sorted(self.logs.items())),
            "log_sources": dict(sorted(self.sources.items())),
            "coverage": [
                {"start": times.extended(s.start), "end": times.extended(s.end), "state": s.state} for s in self.spans
            ],
        }


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """Everything a run found. Two runs over the same objects with the same seed give the same report but for `timing`."""

    since: int
    until: int
    now: int
    options: Mapping[str, Any]
    chains: tuple[ChainReport, ...]
    findings: tuple[Finding, ...]
    totals: Mapping[Verdict, int]
    keys: tuple[PublicKey, ...]
    content: ContentReport | None = None
    timing: Mapping[str, float] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """FAIL if anything is proven wrong (or there was nothing to prove), ERROR if something is undecided, else PASS."""
        if self.content is not None and self.content.status == "FAIL":
            return "FAIL"
        return status(set(self.totals))

    @property
    def exit_code(self) -> int:
        """0 all proven, 1 something is wrong, 3 nothing is wrong but something could not be decided."""
        return {"PASS": 0, "FAIL": 1, "ERROR": 3}[self.status]

    def count(self, kind: str, verdict: Verdict | None = None) -> int:
        """Number of `digests` or `logs`, of one verdict or in all."""
        every = (getattr(chain, kind) for chain in self.chains)
        return sum(sum(c.values()) if verdict is None else c.get(str(verdict), 0) for c in every)

    def to_json(self, *, timing: bool = True) -> dict[str, Any]:
        """Stable JSON form; `timing` holds the only values that differ between two runs over the same objects."""
        failing = {str(v): n for v, n in sorted(self.totals.items()) if v in FAILING}
        undecided = {str(v): n for v, n in sorted(self.totals.items()) if v in UNDECIDED}
        data: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "kind": "log-integrity",
            "status": self.status,
            "exit_code": self.exit_code,
            "window": {
                "since": times.extended(self.since),
                "until": times.extended(self.until),
                "now": times.extended(self.now),
            },
            "options": dict(self.options),
            "summary": {
                "chains": len(self.chains),
                "digests": self.count("digests"),
                "logs": self.count("logs"),
                "verdicts": {str(v): n for v, n in sorted(self.totals.items())},
                "failing": failing,
                "undecided": undecided,
                "log_sources": _sum(chain.sources for chain in self.chains),
            },
            "meanings": {str(v): MEANING[v] for v in sorted(self.totals)},
            "chains": [chain.to_json() for chain in self.chains],
            "findings": [finding.to_json() for finding in self.findings],
            "public_keys": [key.to_json() for key in self.keys],
        }
        if self.content is not None:
            data["content"] = self.content.to_json()
        if timing:
            data["timing"] = dict(self.timing)
        return data


def _sum(counts: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in counts:
        for name, number in part.items():
            total[name] = total.get(name, 0) + number
    return dict(sorted(total.items()))
