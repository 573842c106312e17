"""The part of the Markdown report about what people have accepted: waivers, what is to be said about them, the baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from trailwarden.dossier.blocks import ABSENT
from trailwarden.markdown import code, prose, table
from trailwarden.model import BaselineComparison, Report, Result

TERMS = {
    "reason": "Justification",
    "owner": "Owner",
    "approved_by": "Approved by",
    "approved_on": "Approved on",
    "ticket": "Ticket",
    "expires": "Expires",
}
"""The terms of a waiver, each with its heading."""
GONE = ("Policy", "Check", "Resource", "Account", "Region", "Was", "Now")
_HEAD = ("Waiver", "Policy", "Resource", "Account", "Underlying result", *TERMS.values())


def accepted(report: Report) -> Iterator[str]:
    """Yield the section: each waived result with its terms, notices, and what changed since the baseline."""
    yield "## 8 Exceptions and waivers"
    waived = [row for row in report.results if row.waiver]
    yield table(_HEAD, (_waived(row) for row in waived)) if waived else "No waiver was applied."
    if report.notices:
        yield "Waivers to be looked at:"
        yield table(
            ("Waiver", "File", "What"),
            (
                (
                    code(item.waiver),
                    code(f"{item.file}:{item.line}"),
                    code(item.message.removeprefix(f"waiver {item.waiver}: ")),
                )
                for item in report.notices
            ),
        )
    if report.baseline:
        yield from _baseline(report, report.baseline)
    yield f"{ABSENT} compensating controls, the commit of the waiver file."


def _waived(row: Result) -> tuple[str, ...]:
    terms = row.waiver or {}
    return (
        *(code(text) for text in (str(terms.get("id", "")), row.policy, row.subject, row.account)),
        "FAIL",
        *(code(str(terms.get(name, ""))) for name in TERMS),
    )


def baseline_sentence(report: Report, baseline: BaselineComparison) -> str:
    """Return how the failures compare with the baseline's, in words."""
    counts = Counter(row.baseline for row in report.results if row.baseline)
    return (
        f"Held against a baseline of {baseline.created}: {counts['new']} new, {counts['worse']} worse, {counts['changed']} changed, "
        f"{counts['known']} known. Only what is new or worse counts for the gate; the others fail all the same."
    )


def _baseline(report: Report, baseline: BaselineComparison) -> Iterator[str]:
    yield prose(baseline_sentence(report, baseline))
    if baseline.gone:
        yield "Gone since then:"
        yield table(
            GONE,
            (
                (
                    *(code(text) for text in (item.policy, item.check, item.subject, item.account, item.region)),
                    item.before.value,
                    item.now.value if item.now else "not judged",
                )
                for item in baseline.gone
            ),
        )
