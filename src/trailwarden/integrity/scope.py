"""Bring the units of one account and region together: chains, logs nobody names, logs nobody can vouch for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from trailwarden.integrity import times
from trailwarden.integrity.chain import OFF, VOUCHED, ChainId, Joined, Span, Window, join
from trailwarden.integrity.digest import Head
from trailwarden.integrity.history import History
from trailwarden.integrity.names import EVENTS, Scope
from trailwarden.integrity.report import FINDINGS_LIMIT, ChainReport
from trailwarden.integrity.task import UnitResult
from trailwarden.integrity.verdicts import Finding, Verdict

_EDGE: Final = 10 * 60  # a slot may precede its delivery by five minutes; twice that around every edge is not judged
_FRESH: Final = 2 * times.HOUR  # logs this young may not be in a digest yet
_LISTED: Final = 100  # keys spelt out in one finding


@dataclass(slots=True)
class ScopeReport:
    """Result for one account and region of the searched places."""

    chains: list[ChainReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    totals: dict[Verdict, int] = field(default_factory=dict)

    def add(self, finding: Finding, number: int = 1) -> None:
        """Count a finding and keep it."""
        self.totals[finding.verdict] = self.totals.get(finding.verdict, 0) + number
        self.findings.append(finding)


def join_scope(
    units: Sequence[UnitResult],
    window: Window,
    *,
    trails: Sequence[str] = (),
    history: History | None = None,
    digests_only: bool = False,
) -> ScopeReport:
    """Join all units of one account and region, of every bucket and prefix that was searched.

    Args:
        units: their results; at least one.
        window: the audited time.
        trails: trails asked for by name; each has to have a chain.
        history: events to hold gaps against.
        digests_only: logs were not looked at.
    """
    report = ScopeReport()
    unread = [span for unit in units for span in unit.unread]
    roots = sorted({(unit.scope.bucket, unit.scope.root) for unit in units})
    chains: dict[ChainId, list[Head]] = {}
    for unit in units:
        for head in unit.heads:
            if _start_of(head) < window.until and head.end > window.since:
                name = head.name
                chain = ChainId(name.account, name.region, name.trail, name.home, name.backfill)
                chains.setdefault(chain, []).append(head)
    counts = _log_counts(units)
    joined: dict[ChainId, Joined] = {}
    for chain in sorted(chains):
        joined[chain] = join(chain, chains[chain], window, history=history, unread=unread, roots=roots)
        for finding in joined[chain].findings:
            report.add(finding)
        report.chains.append(_chain_report(chain, chains[chain], joined[chain], counts))
    _nothing(report, units, chains, window, trails)
    for unit in units:
        for finding in unit.findings:
            report.totals[finding.verdict] = report.totals.get(finding.verdict, 0) + 1
        report.findings += unit.findings
    for chain_report in report.chains:
        verified = chain_report.digests.get(str(Verdict.VERIFIED), 0) + chain_report.logs.get(str(Verdict.VERIFIED), 0)
        report.totals[Verdict.VERIFIED] = report.totals.get(Verdict.VERIFIED, 0) + verified
    if not report.totals.get(Verdict.VERIFIED):
        report.totals.pop(Verdict.VERIFIED, None)
    if not digests_only:
        _loose_logs(report, units, joined, window)
    report.findings = _capped(report.findings)
    return report


def _start_of(head: Head) -> int:
    return head.start if head.verdict is Verdict.VERIFIED else head.end - times.HOUR


def _log_counts(units: Iterable[UnitResult]) -> dict[tuple[str, str, bool], tuple[dict[str, int], dict[str, int]]]:
    counts: dict[tuple[str, str, bool], tuple[dict[str, int], dict[str, int]]] = {}
    for unit in units:
        for label, number in unit.counts.items():
            trail, home, backfill, verdict, source = label.split("|")
            verdicts, sources = counts.setdefault((trail, home, bool(backfill)), ({}, {}))
            name = verdict or "not-read"
            verdicts[name] = verdicts.get(name, 0) + number
            sources[source] = sources.get(source, 0) + number
    return counts


def _chain_report(
    chain: ChainId,
    heads: list[Head],
    joined: Joined,
    counts: dict[tuple[str, str, bool], tuple[dict[str, int], dict[str, int]]],
) -> ChainReport:
    digests: dict[str, int] = {}
    for head in heads:
        verdict = str(Verdict.CONTAINER_ANOMALY if head.anomaly else head.verdict)
        digests[verdict] = digests.get(verdict, 0) + 1
    logs, sources = counts.get((chain.trail, chain.home, chain.backfill), ({}, {}))
    root = heads[0].name.root
    return ChainReport(chain, heads[0].bucket, root, digests, logs, sources, _merged_spans(joined.spans))


def _nothing(
    report: ScopeReport,
    units: Sequence[UnitResult],
    chains: dict[ChainId, list[Head]],
    window: Window,
    trails: Sequence[str],
) -> None:
    """A window without a single digest is a failure, for the scope or for a trail asked for by name."""
    scope = units[0].scope
    standard = {chain.trail for chain in chains if not chain.backfill}
    wanted = [trail for trail in trails if trail not in standard] if trails else ([] if standard else [""])
    if any(unit.unread for unit in units):
        return  # already reported as not listable
    for trail in wanted:
        report.add(
            Finding(
                Verdict.MISSING,
                "no-digests",
                "hours",
                scope.account,
                scope.region,
                "there is not one digest in the whole window",
                bucket=scope.bucket,
                trail=trail,
                start=window.since,
                end=window.until,
                detail={"prefix": scope.digests},
            )
        )


def _loose_logs(
    report: ScopeReport, units: Sequence[UnitResult], joined: dict[ChainId, Joined], window: Window
) -> None:
    """Judge log files that no digest names: planted, or left without a voucher by a lost digest, or never covered."""
    referenced = {(unit.scope.bucket, key) for unit in units for key in unit.loose_references}
    # Nobody says that digests name files of every kind; of a kind that none of them names, none can be called injected.
    kinds = {EVENTS, *(kind for unit in units for kind in unit.kinds)}
    loose = sorted(
        {
            (unit.scope, key, slot)
            for unit in units
            for key, slot in unit.loose_logs
            if (unit.scope.bucket, key) not in referenced and unit.scope.kind_of(key) in kinds
        },
        key=lambda item: (item[2], item[1]),
    )
    spans = [span for chain in joined.values() for span in chain.spans]
    vouched = _merged(
        (s.start, s.end) for chain, j in joined.items() if not chain.backfill for s in j.spans if s.state in VOUCHED
    )
    broken = [s for s in spans if s.state not in VOUCHED | OFF]
    lost: dict[int, list[str]] = {}
    for scope, key, slot in loose:
        if slot < 0:
            report.add(_unreferenced(scope, key, None, "foreign-object", "an object that is no log file by its name"))
            continue
        if not window.since <= slot < min(window.until, window.now - _FRESH):
            continue
        index = next((i for i, s in enumerate(broken) if s.start - _EDGE < slot < s.end + _EDGE), None)
        if index is not None:
            lost.setdefault(index, []).append(key)
        elif any(start + _EDGE <= slot < end - _EDGE for start, end in vouched):
            report.add(_unreferenced(scope, key, slot, "injected", "no digest names it, although its hour is covered"))
    if not joined and loose:
        lost[-1] = [key for _, key, slot in loose if window.since <= slot < window.until]
    unvouched = {
        (broken[i].start, broken[i].end) if i >= 0 else (window.since, window.until): keys for i, keys in lost.items()
    }
    report.findings = [_with_lost(finding, unvouched) for finding in report.findings]


def _unreferenced(scope: Scope, key: str, slot: int | None, reason: str, message: str) -> Finding:
    return Finding(
        Verdict.UNREFERENCED,
        reason,
        "log",
        scope.account,
        scope.region,
        message,
        bucket=scope.bucket,
        key=key,
        start=slot,
        end=None if slot is None else slot + 300,
    )


def _with_lost(finding: Finding, unvouched: dict[tuple[int, int], list[str]]) -> Finding:
    """Name the log files that a finding about digests leaves without a voucher."""
    if finding.kind == "log" or finding.start is None or finding.end is None:
        return finding
    keys = unvouched.get((finding.start, finding.end))
    if not keys:
        return finding
    detail = {**finding.detail, "unvouched_logs": len(keys), "unvouched_keys": keys[:_LISTED]}
    return replace(finding, detail=detail)


def _merged_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Neighbouring hours of one state as one span."""
    merged: list[Span] = []
    for span in spans:
        if merged and merged[-1].state == span.state and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end), span.state)
        else:
            merged.append(span)
    return tuple(merged)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _capped(findings: list[Finding]) -> list[Finding]:
    """Findings in order, at most FINDINGS_LIMIT of one verdict and reason; what was left out is counted in `totals`."""
    kept: list[Finding] = []
    seen: dict[tuple[Verdict, str], int] = {}
    for finding in sorted(findings, key=lambda f: f.order):
        kind = (finding.verdict, finding.reason)
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= FINDINGS_LIMIT:
            kept.append(finding)
    return kept
