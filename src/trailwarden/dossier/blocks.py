"""The parts of the Markdown report that say what an auditor asks first: completeness, clocks, calls, integrity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trailwarden import dossier
from trailwarden.markdown import code, fenced, prose, table
from trailwarden.model import Evidence, Report

ABSENT = "Not recorded in the result:"


def coded(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return names and values as the cells of a table."""
    return [(prose(name), code(value)) for name, value in pairs]


def history(report: Report, evidence: Evidence) -> Iterator[str]:
    """Yield the verdicts over the packs that were given."""
    if evidence.history:
        moments = (*(moment.at for moment in evidence.history), report.run.started_at)
        yield "Over time, one column for each pack:"
        yield table(
            ("Policy", "Account", *(code(at) for at in moments), "Failing since"),
            (
                (code(policy), code(account), *(status.value if status else "" for status in statuses), code(since))
                for policy, account, statuses, since in dossier.history(report, evidence)
            ),
        )
        if evidence.remarks:
            yield "\n".join(f"- {code(remark)}" for remark in evidence.remarks)


def scope(report: Report, evidence: Evidence | None) -> Iterator[str]:
    """Yield the completeness statement: each population, where it came from, what was judged, left out and not reached."""
    populations = dossier.populations(report)
    yield "## 4 Scope and completeness"
    if populations:
        yield table(
            ("Account", "Population", "Source", "Pages", "Returned", "With a result", "Excluded", "Reads that failed"),
            (
                (
                    *(code(text) for text in (item.account, item.name, item.source)),
                    *(str(number) for number in (item.pages, item.items, judged)),
                    *(str(len(what)) for what in (item.excluded, item.not_reached)),
                )
                for item, judged in populations
            ),
        )
    else:
        yield f"{ABSENT} the size and the source of each population."
    yield dossier.sampling(report)
    if evidence and evidence.counts:
        yield from counts(evidence)
    else:
        yield f"{ABSENT} a count from a second, independent source."
    left_out = [(code(item.account), code(name), code(why)) for item, _ in populations for name, why in item.excluded]
    left_out += [("all", f"policy {code(item.policy)}", code(item.reason)) for item in report.exclusions]
    if left_out:
        yield "Excluded:"
        yield table(("Account", "What", "Reason"), left_out)
    missed = [(item, reason) for item, _ in populations for reason in item.not_reached]
    if missed:
        yield "Not reached:"
        yield table(
            ("Account", "Population", "Region", "Reason"),
            ((code(item.account), code(item.name), code(why.region), code(why.sentence())) for item, why in missed),
        )


def counts(evidence: Evidence) -> Iterator[str]:
    """Yield populations that were counted twice."""
    yield "Counted twice, from answers that do not depend on each other:"
    head = ("Account", "What", "Count", "Source", "Other count", "Other source", "Outcome")
    yield table(head, (tuple(code(cell) for cell in line) for line in dossier.counts(evidence)))


def rights(evidence: Evidence) -> Iterator[str]:
    """Yield which permissions were used, and which were refused."""
    yield dossier.RIGHTS
    yield table(
        ("IAM action", "Operation", "Calls", "Refused"),
        (
            (
                code(item.action) if item.action else "none needed",
                code(item.operation),
                str(item.calls),
                str(item.refused),
            )
            for item in evidence.rights
        ),
    )


def calls(evidence: Evidence) -> Iterator[str]:
    """Yield every call, or where they are when they are too many."""
    if evidence.entries and not dossier.listed(evidence, dossier.MOST_CALLS):
        yield dossier.TOO_MANY
        return
    yield "Every call, with the file that holds the reply as it was received:"
    head = ("Ledger entry", "Operation", "Account", "Region", "AWS's date", "Request id", "Outcome", "File")
    yield table(head, (tuple(code(cell) for cell in line) for line in dossier.calls(evidence)))


def integrity(evidence: Evidence) -> Iterator[str]:
    """Yield what protects the pack, and how to verify it with the tool and without."""
    yield "Files that the run read, as they were:"
    yield table(
        ("File", "Kind", "SHA-256"), ((code(path), kind, code(digest)) for path, kind, digest in evidence.files)
    )
    yield (
        "`SHA256SUMS` covers every file of the pack, `statement.json` covers `SHA256SUMS`, and the signature covers `statement.json`. All but "
        "the replies and the files above follows from them, so that whoever has the tool can compute it again, each verdict included:"
    )
    yield fenced(f"trailwarden evidence verify{' --key PUBLIC-KEY.pem' if evidence.signer else ''} FOLDER", "sh")
    if evidence.signer:
        yield "Take the public key from whoever signs, not from the pack."
    yield "Without the tool, in the pack's folder, digests and signature alone:"
    yield fenced(dossier.script(evidence), "sh")
