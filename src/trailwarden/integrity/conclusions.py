"""What a report says to policies: the answer to each check, for every account and region, with the findings behind it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from trailwarden.integrity.report import VerifyReport
from trailwarden.integrity.verdicts import FAILING, UNDECIDED, Finding, Verdict


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One check for one account and region. `status` is PASS, FAIL, ERROR or NOT_APPLICABLE."""

    check: str
    account: str
    region: str
    status: str
    message: str
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Stable JSON form; findings by their place in the report's own list are left to the reader."""
        return {
            "check": self.check,
            "account": self.account,
            "region": self.region,
            "status": self.status,
            "message": self.message,
            "findings": len(self.findings),
        }


def _digest(finding: Finding) -> bool:
    return finding.kind in {"digest", "run"} or finding.reason == "no-digests"


def _log(finding: Finding) -> bool:
    return finding.kind == "log"


def _hours(finding: Finding) -> bool:
    return finding.kind in {"hours", "run"}


#: Which findings answer which check.
CHECKS: Final[dict[str, Callable[[Finding], bool]]] = {
    "integrity-digest-chain-valid": _digest,
    "integrity-log-files-valid": _log,
    "history-digest-continuity": _hours,
}


def conclusions(report: VerifyReport) -> Iterator[Conclusion]:
    """Every check for every account and region that has a chain or a finding, in order."""
    places = {(chain.id.account, chain.id.region) for chain in report.chains}
    places |= {(finding.account, finding.region) for finding in report.findings}
    for account, region in sorted(places):
        here = [f for f in report.findings if f.account in {account, ""} and f.region in {region, ""}]
        for check, concerns in CHECKS.items():
            yield _conclude(report, check, account, region, tuple(f for f in here if concerns(f)))


def _conclude(report: VerifyReport, check: str, account: str, region: str, findings: tuple[Finding, ...]) -> Conclusion:
    chains = [chain for chain in report.chains if (chain.id.account, chain.id.region) == (account, region)]
    digests = sum(sum(chain.digests.values()) for chain in chains)
    logs = sum(sum(chain.logs.values()) for chain in chains)
    read = sum(chain.logs.get(str(Verdict.VERIFIED), 0) for chain in chains)
    # Logging that was switched off is an interruption of its history, also when AWS signs it and events explain it.
    interrupted = [f for f in findings if f.verdict is Verdict.GAP_DECLARED and f.reason != "chain-start"]
    wrong = [f for f in findings if f.verdict in FAILING] + interrupted
    undecided = [f for f in findings if f.verdict in UNDECIDED]
    if wrong:
        kinds = ", ".join(sorted({str(f.verdict) for f in wrong}))
        return Conclusion(check, account, region, "FAIL", f"{len(wrong)} finding(s): {kinds}", findings)
    if undecided or not digests:
        kinds = ", ".join(sorted({f"{f.verdict} ({f.reason})" for f in undecided})) or "no digest was read"
        return Conclusion(check, account, region, "ERROR", f"could not be decided: {kinds}", findings)
    if check == "integrity-log-files-valid":
        if not logs:
            return Conclusion(check, account, region, "NOT_APPLICABLE", "no log files in the window", findings)
        return Conclusion(check, account, region, "PASS", f"{read} of {logs} log files verified", findings)
    return Conclusion(check, account, region, "PASS", f"{digests} digests verified", findings)
