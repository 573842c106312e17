"""How the accounts of an organization stand, as Markdown tables: by unit, by account, by control, and with one policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from trailwarden.grouping import (
    FINE,
    Standing,
    account_titles,
    by_account,
    by_control_and_account,
    by_unit,
    is_large,
)
from trailwarden.markdown import code, prose, table
from trailwarden.model import PolicyResult, Report, Status
from trailwarden.presentation import ORDER

_COLUMNS = tuple(status.value for status in ORDER)


def accounts(report: Report) -> Iterator[str]:
    """Yield the accounts that have something to do, and the units that they are in; nothing for a run over one account."""
    if len(report.run.accounts) < 2:
        return
    if any(item.path for item in report.members):
        yield "Accounts by organizational unit, each by its worst verdict:"
        yield _table(("Unit", "Accounts"), by_unit(report), number=True)
    if is_large(report):
        yield "Accounts by control, each by the worst verdict of the policies behind it:"
        yield _table(("Framework", "Control"), by_control_and_account(report))
    titles, standing = account_titles(report), by_account(report)
    shown = [(account, counts) for account, counts in standing if any(status not in FINE for status in counts)]
    yield "Verdicts by account:"
    lines = ((prose(titles[account]), *(str(counts[status]) for status in ORDER)) for account, counts in shown)
    yield table(("Account", *_COLUMNS), lines)
    if len(shown) < len(standing):
        yield f"{len(standing) - len(shown)} of {len(standing)} accounts have nothing to do and are not listed here."


def _table(head: tuple[str, ...], found: Iterable[Standing], *, number: bool = False) -> str:
    return table(
        (*head, *_COLUMNS),
        (
            (
                *(prose(part) for part in item.title),
                *([str(item.accounts)] if number else []),
                *(str(item.by_status.get(status, 0)) for status in ORDER),
            )
            for item in found
        ),
    )


def verdicts(found: list[PolicyResult], *, large: bool) -> Iterator[str]:
    """Yield the verdicts of one policy by account; in a large report those that need work, and the number of the others."""
    shown = [item for item in found if not large or item.status not in FINE]
    if shown:
        yield table(
            ("Account", "Status", "Candidates", "Applicable", "Satisfying"),
            (
                (
                    code(item.account),
                    f"**{item.status.value}**",
                    *(str(number) for number in (item.candidates, item.applicable, item.satisfying)),
                )
                for item in shown
            ),
        )
    if len(shown) < len(found):
        counts: Counter[Status] = Counter(item.status for item in found if item.status in FINE)
        words = " and ".join(f"{counts[status]} {status.value}" for status in FINE if counts[status])
        yield f"Of {len(found)} accounts: {words}."
