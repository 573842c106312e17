"""The parts of the HTML report that say what an auditor asks first: rights, exceptions, completeness, replies, integrity."""

from __future__ import annotations

from collections.abc import Iterator

from trailwarden import dossier
from trailwarden.dossier.accepted import GONE, TERMS, baseline_sentence
from trailwarden.markup import authored, block, code, facts, section, table, text
from trailwarden.model import Evidence, Report, Result
from trailwarden.presentation import explanation, not_evaluated
from trailwarden.text import json_text, plain

MOST_REPLIES = 10_000
"""Replies that the page has an entry for, folded; beyond, it points at the files that hold them."""
LARGEST = 4_000_000
"""Characters of replies that the page repeats."""


HEADINGS = {
    "exceptions": "Exceptions and waivers",
    "gaps": "Not evaluated",
    "complete": "Completeness",
    "rights": "Rights",
    "replies": "Replies",
    "integrity": "Integrity",
}
"""The sections of ``closing`` in their order, by anchor."""
OF_A_PACK = ("rights", "replies", "integrity")
"""Those of them that only a pack has."""


def rights(evidence: Evidence) -> Iterator[str]:
    """Yield which permissions were used, and which were refused."""
    body = (
        (code(item.action) if item.action else "none needed", code(item.operation), str(item.calls), str(item.refused))
        for item in evidence.rights
    )
    yield f"<p>{text(dossier.RIGHTS)}</p>"
    yield table("Permissions that were used", ("IAM action", "Operation", "Calls", "Refused"), body)
    yield f"<p>{text(dossier.attempts(evidence))}</p>"


def exceptions(report: Report) -> Iterator[str]:
    """Yield what people have accepted: waived results with their terms, notices, what changed since the baseline."""
    waived = [row for row in report.results if row.waiver]
    if not waived:
        yield "<p>No waiver was applied.</p>"
    else:
        head = ("Waiver", "Policy", "Resource", "Account", "Underlying result", *TERMS.values())
        yield table("Waived failures", head, (_waived(row) for row in waived))
    if report.notices:
        yield table(
            "Waivers to be looked at",
            ("Waiver", "File", "What"),
            (
                (
                    code(item.waiver),
                    code(f"{item.file}:{item.line}"),
                    text(item.message.removeprefix(f"waiver {item.waiver}: ")),
                )
                for item in report.notices
            ),
        )
    if report.baseline:
        yield f"<p>{text(baseline_sentence(report, report.baseline))}</p>"
        if report.baseline.gone:
            yield table(
                "Gone since the baseline",
                GONE,
                (
                    (
                        *(code(part) for part in (item.policy, item.check, item.subject, item.account, item.region)),
                        item.before.value,
                        item.now.value if item.now else "not judged",
                    )
                    for item in report.baseline.gone
                ),
            )


def _waived(row: Result) -> tuple[str, ...]:
    terms = row.waiver or {}
    return (
        *(code(part) for part in (str(terms.get("id", "")), row.policy, row.subject, row.account)),
        f"FAIL: {text(explanation(row), 500)}",
        *(text(str(terms.get(name, ""))) for name in TERMS),
    )


def gaps(report: Report) -> Iterator[str]:
    """Yield what could not be evaluated, and what was left out."""
    missed = not_evaluated(report)
    if missed:
        yield table(
            "Reasons",
            ("Reason", "Missing permission", "Results"),
            (
                (code(why), code(hit[0].reason.missing_action if hit[0].reason else ""), str(len(hit)))
                for why, hit in missed.items()
            ),
        )
    else:
        yield "<p>Everything that was selected could be evaluated.</p>"
    if report.exclusions:
        yield table(
            "Excluded policies",
            ("Policy", "Reason"),
            ((code(item.policy), text(item.reason)) for item in report.exclusions),
        )


def completeness(report: Report, evidence: Evidence | None) -> Iterator[str]:
    """Yield where each population came from, and what was not reached."""
    yield f"<p>{text(dossier.sampling(report))}</p>"
    yield table(
        "Populations",
        ("Account", "Population", "Source", "Pages", "Returned", "With a result", "Excluded", "Not reached"),
        (
            (
                *(code(part) for part in (item.account, item.name, item.source)),
                *(str(number) for number in (item.pages, item.items, judged)),
                text("; ".join(f"{name}: {why}" for name, why in item.excluded)) or "–",
                text("; ".join(reason.sentence() for reason in item.not_reached)) or "–",
            )
            for item, judged in dossier.populations(report)
        ),
    )
    if evidence and evidence.counts:
        yield table(
            "Counted twice",
            ("Account", "What", "Count", "Source", "Other count", "Other source", "Outcome"),
            ((text(cell) for cell in line) for line in dossier.counts(evidence)),
        )


def replies(evidence: Evidence) -> Iterator[str]:
    """Yield every reply as it was received, until the file would become unwieldy; the rest is in the pack beside it.

    The anchor is inside what it names: following a link to it then opens it, without a script.
    """
    if evidence.entries and not dossier.listed(evidence, MOST_REPLIES):
        yield f"<p>{authored(dossier.TOO_MANY)}</p>"
        return
    left = LARGEST
    for identity, operation, account, region, date, request, outcome, path in dossier.calls(evidence):
        body = block(json_text(plain(evidence.entries[identity]), 3))
        left -= len(body)
        yield (
            f'<details><summary>{code(operation)} <span class="soft">{text(f"{account} {region}")}</span> {text(outcome)}</summary>'
            f'<div id="call-{text(identity)}">'
        )
        yield facts(
            [
                ("Ledger entry", code(identity)),
                ("AWS's date", code(date)),
                ("Request id", code(request)),
                ("File", code(path)),
            ]
        )
        yield (body if left >= 0 else "<p>Not repeated here for its size: see the file.</p>") + "</div></details>"


def integrity(evidence: Evidence) -> Iterator[str]:
    """Yield what protects the pack, and how to verify it without the tool."""
    yield facts((text(name), code(value)) for name, value in dossier.integrity(evidence))
    yield table(
        "Files that the run read",
        ("File", "Kind", "SHA-256"),
        ((code(path), text(kind), code(digest)) for path, kind, digest in evidence.files),
    )
    yield f"<p>Digests and signature without trailwarden, in the folder of the pack:</p>{block(dossier.script(evidence))}"


def closing(report: Report, evidence: Evidence | None) -> Iterator[str]:
    """Yield the sections after the verdicts, each under its heading."""
    bodies = {
        "exceptions": exceptions(report),
        "gaps": gaps(report),
        "complete": completeness(report, evidence),
    }
    if evidence:
        bodies |= {"rights": rights(evidence), "replies": replies(evidence), "integrity": integrity(evidence)}
    for identity, body in bodies.items():
        yield from section(identity, HEADINGS[identity], body)
