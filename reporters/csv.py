"""One line per result for spreadsheets and joins: RFC 4180 with a header, UTF-8, no byte-order mark."""

import csv as writer
import io

from trailwarden import RenderOptions, Report, reporter
from trailwarden.grouping import SEPARATOR, known
from trailwarden.model import Result, Rule
from trailwarden.presentation import row_fingerprint, rows, rules_by_id
from trailwarden.text import compact, visible

COLUMNS = (
    *("account", "region", "policy", "title", "severity", "status", "check", "subject_type", "subject", "subject_name"),
    *("message", "reason", "operation", "missing_action", "observed", "expected", "params", "controls"),
    *("waiver", "waiver_expires", "notes", "calls", "fingerprint", "run_id", "finished_at"),
    *("account_name", "unit"),
)
_FORMULA = ("=", "+", "-", "@", "\t")


@reporter(suffix=".csv", media_type="text/csv")
def csv(report: Report, options: RenderOptions) -> str:
    """One line per result for spreadsheets."""
    rules, members = rules_by_id(report), known(report)
    out = io.StringIO()
    table = writer.writer(out)
    table.writerow(COLUMNS)
    for row in rows(report):
        member = members.get(row.account)
        cells = (
            *_cells(report, row, rules.get(row.policy)),
            *((member.name, SEPARATOR.join(member.path)) if member else ("", "")),
        )
        table.writerow([_inert(cell) for cell in cells])
    return out.getvalue()


def _cells(report: Report, row: Result, rule: Rule | None) -> tuple[str, ...]:
    waiver = row.waiver or {}
    reason = row.reason
    return (
        *(
            row.account,
            row.region,
            row.policy,
            rule.title if rule else "",
            row.severity.value,
            row.status.value,
            row.check,
        ),
        *(row.subject_type, row.subject, row.subject_name, row.message),
        *((reason.code.value, reason.operation, reason.missing_action) if reason else ("", "", "")),
        *(compact(value) if value else "" for value in (row.observed, row.expected, row.params)),
        compact({key: list(controls) for key, controls in rule.controls.items()}) if rule and rule.controls else "",
        *(str(waiver.get(key, "")) for key in ("id", "expires")),
        *("\n".join(row.notes), " ".join(row.calls), row_fingerprint(row), report.run.id, report.run.finished_at),
    )


def _inert(cell: str) -> str:
    """Return a cell that a spreadsheet does not take for a formula."""
    text = visible(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
