"""A report as text, JSON, JSON lines and HTML. Pure; the command line only chooses."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from trailwarden import coverage
from trailwarden.coverage import LEGEND
from trailwarden.integrity import times
from trailwarden.integrity.conclusions import conclusions
from trailwarden.integrity.report import ChainReport, VerifyReport
from trailwarden.integrity.task import FileRecord
from trailwarden.integrity.verdicts import FAILING, HARMLESS, MEANING, UNDECIDED, Finding, Verdict

_SHOWN: Final = 50


def as_json(report: VerifyReport) -> str:
    """The canonical form, with what it means for policies."""
    data = report.to_json()
    data["checks"] = [conclusion.to_json() for conclusion in conclusions(report)]
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def as_line(record: FileRecord) -> str:
    """One file as one line of JSON."""
    return json.dumps(record._asdict(), ensure_ascii=False, separators=(",", ":")) + "\n"


def as_table(report: VerifyReport) -> str:
    """Summary, chains and findings for people."""
    return "\n".join([*_summary(report), "", *_chains(report), *_findings(report), "", *_conclusion(report)]) + "\n"


def as_timeline(report: VerifyReport) -> str:
    """One line per chain and day, one character per hour (UTC)."""
    lines = [LEGEND, ""]
    for chain in report.chains:
        if not chain.id.backfill:
            lines += [_title(chain), *(f"  {day}  {row}" for day, row in days(chain, report)), ""]
    return "\n".join(lines)


def as_html(report: VerifyReport) -> str:
    """The coverage of every chain as an HTML fragment without scripts or outside resources."""
    places = ((_title(chain), days(chain, report)) for chain in report.chains if not chain.id.backfill)
    return coverage.as_html(places) + "\n"


FORMATS: Final[Mapping[str, Callable[[VerifyReport], str]]] = {
    "table": as_table,
    "json": as_json,
    "timeline": as_timeline,
    "html": as_html,
}


def days(chain: ChainReport, report: VerifyReport) -> Iterator[tuple[str, str]]:
    """(date, 24 characters) for each UTC day of the window."""
    return coverage.days(((s.start, s.end, s.state) for s in chain.spans), report.since, report.until)


def _title(chain: ChainReport) -> str:
    backfill = " (backfill)" if chain.id.backfill else ""
    return f"{chain.id.account} {chain.id.region} {chain.id.trail}{backfill}"


def _summary(report: VerifyReport) -> list[str]:
    lines = [
        f"window    {times.extended(report.since)} to {times.extended(report.until)}",
        f"chains    {len(report.chains)}",
        f"digests   {report.count('digests')}, verified {report.count('digests', Verdict.VERIFIED)}",
        f"logs      {report.count('logs')}, verified {report.count('logs', Verdict.VERIFIED)}",
    ]
    sources = report.to_json()["summary"]["log_sources"]
    if set(sources) - {"read"}:
        names = {"read": "read now", "ledger": "proven by an earlier run", "not-read": "outside the sample"}
        lines.append("          " + ", ".join(f"{number} {names[name]}" for name, number in sources.items()))
    if report.options.get("endpoint_url"):
        lines.append(f"caution   a custom endpoint handed out the keys: {report.options['endpoint_url']}")
    return lines


def _chains(report: VerifyReport) -> list[str]:
    rows = [("account", "region", "trail", "digests", "logs", "not verified")]
    for chain in report.chains:
        bad = {name: number for name, number in [*chain.digests.items(), *chain.logs.items()] if name not in HARMLESS}
        text = ", ".join(f"{number} {name}" for name, number in sorted(bad.items())) or "-"
        title = chain.id.trail + (" (backfill)" if chain.id.backfill else "")
        digests, logs = sum(chain.digests.values()), sum(chain.logs.values())
        rows.append((chain.id.account, chain.id.region, title, str(digests), str(logs), text))
    if len(rows) == 1:
        return []
    shown = rows[: _SHOWN + 1]
    widths = [max(len(row[column]) for row in shown) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]
    return [*lines, *([f"... and {len(rows) - len(shown)} more chains"] if len(rows) > len(shown) else []), ""]


def _findings(report: VerifyReport) -> list[str]:
    lines = []
    for finding in report.findings[:_SHOWN]:
        lines += [f"{finding.verdict} ({finding.reason}): {finding.message}", f"  {_where(finding)}"]
        if finding.detail.get("unvouched_logs"):
            lines.append(f"  {finding.detail['unvouched_logs']} log file(s) of that time that nobody vouches for")
    total = sum(number for verdict, number in report.totals.items() if verdict is not Verdict.VERIFIED)
    if total > len(report.findings[:_SHOWN]):
        lines.append(f"... and {total - len(report.findings[:_SHOWN])} more; see the JSON output")
    return lines


def _where(finding: Finding) -> str:
    if finding.key:
        return f"{finding.bucket}/{finding.key}" if finding.bucket else finding.key
    when = f"{times.extended(finding.start or 0)} to {times.extended(finding.end or 0)}"
    return " ".join(part for part in (finding.account, finding.region, finding.trail, when) if part)


def _conclusion(report: VerifyReport) -> list[str]:
    lines = [f"{number:8d}  {verdict}: {MEANING[verdict]}" for verdict, number in sorted(report.totals.items())]
    if report.content is not None:
        lines.append(f"content   {report.content.status}: {report.content.events} events in {report.content.logs} logs")
    failing = sum(number for verdict, number in report.totals.items() if verdict in FAILING)
    undecided = sum(number for verdict, number in report.totals.items() if verdict in UNDECIDED)
    return [*lines, f"{report.status}: {failing} failing, {undecided} undecided"]
