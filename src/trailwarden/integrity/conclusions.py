"""What a report says to policies: the answer to each check, for every trail, account and region, with the findings behind it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trailwarden.integrity import contents
from trailwarden.integrity.contents import PlaceContent
from trailwarden.integrity.report import ChainReport, VerifyReport
from trailwarden.integrity.verdicts import FAILING, UNDECIDED, Finding, Verdict


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One check for one trail, account and region; `trail` is empty where no trail has a digest.

    `status` is PASS, FAIL, ERROR or NOT_APPLICABLE.
    """

    check: str
    account: str
    region: str
    trail: str
    home: str
    status: str
    message: str
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Stable JSON form; findings by their place in the report's own list are left to the reader."""
        return {
            "check": self.check,
            "account": self.account,
            "region": self.region,
            "trail": self.trail or None,
            "home_region": self.home or None,
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
    """Every check for each trail, account and region that has a chain or a finding, in order.

    `log-content-complete` is among them only if contents were looked into.
    """
    places = {(chain.id.account, chain.id.region, chain.id.trail, chain.id.home) for chain in report.chains}
    chained = {place[:2] for place in places}
    named = {place[:3] for place in places}
    for found in report.findings:
        place = (found.account, found.region, found.trail)
        if place not in named if found.trail else place[:2] not in chained:
            places.add((*place, ""))
    for account, region, trail, home in sorted(places):
        # What names no trail, such as a planted file, counts against every trail that delivers there.
        here = [
            f
            for f in report.findings
            if f.account in {account, ""} and f.region in {region, ""} and (not trail or f.trail in {trail, ""})
        ]
        chains = [chain for chain in report.chains if _place(chain) == (account, region, trail, home)]
        for check, concerns in CHECKS.items():
            status, message, findings = _conclude(check, chains, tuple(f for f in here if concerns(f)))
            yield Conclusion(check, account, region, trail, home, status, message, findings)
        if report.content is not None:
            content = report.content.places.get((account, region, trail, home), PlaceContent())
            status, message = _complete(content, chains, [f for f in here if _log(f) and f.verdict in UNDECIDED])
            yield Conclusion(contents.CHECK, account, region, trail, home, status, message)


def _place(chain: ChainReport) -> tuple[str, str, str, str]:
    return chain.id.account, chain.id.region, chain.id.trail, chain.id.home


def _conclude(
    check: str, chains: Sequence[ChainReport], findings: tuple[Finding, ...]
) -> tuple[str, str, tuple[Finding, ...]]:
    digests = sum(sum(chain.digests.values()) for chain in chains)
    logs = sum(sum(chain.logs.values()) for chain in chains)
    read = sum(chain.logs.get(str(Verdict.VERIFIED), 0) for chain in chains)
    # Logging that was switched off is an interruption of its history, also when AWS signs it and events explain it.
    interrupted = [f for f in findings if f.verdict is Verdict.GAP_DECLARED and f.reason != "chain-start"]
    wrong = [f for f in findings if f.verdict in FAILING] + interrupted
    undecided = [f for f in findings if f.verdict in UNDECIDED]
    if wrong:
        kinds = ", ".join(sorted({str(f.verdict) for f in wrong}))
        return "FAIL", f"{len(wrong)} finding(s): {kinds}", findings
    if undecided or not digests:
        kinds = ", ".join(sorted({f"{f.verdict} ({f.reason})" for f in undecided})) or "no digest was read"
        return "ERROR", f"could not be decided: {kinds}", findings
    if check == "integrity-log-files-valid":
        if not logs:
            return "NOT_APPLICABLE", "no log files in the window", findings
        return "PASS", f"{read} of {logs} log files verified", findings
    return "PASS", f"{digests} digests verified", findings


def _complete(content: PlaceContent, chains: Sequence[ChainReport], unread: Sequence[Finding]) -> tuple[str, str]:
    if content.faulty:
        return "FAIL", f"{content.faulty} of {content.logs} log files are no log or hold incomplete events"
    if unread:
        return "ERROR", f"{len(unread)} log file(s) could not be read"
    if not content.logs:
        if any(chain.logs for chain in chains):
            return "ERROR", "no log file was read and verified"
        return "NOT_APPLICABLE", "no log files in the window"
    return "PASS", f"{content.events} events of {content.logs} log files are complete"
