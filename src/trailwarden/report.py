"""From the judgements of accounts to the report that every format is made of, and from its results to the exit code."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trailwarden import __version__
from trailwarden.acceptance import Accepted, accept
from trailwarden.contract import Check
from trailwarden.errors import EXIT_FAILED, EXIT_OK, EXIT_UNDECIDED
from trailwarden.ledger import Estate, Header, Ledger
from trailwarden.model import (
    CheckText,
    Exclusion,
    PolicyResult,
    Population,
    Report,
    Result,
    Rule,
    Run,
    Severity,
    Status,
)
from trailwarden.plan import Plan
from trailwarden.policy.model import Policy
from trailwarden.presentation import is_old
from trailwarden.results import with_run_id
from trailwarden.rows import each_row
from trailwarden.scan import AccountResult


@dataclass(frozen=True, slots=True)
class Gate:
    """What turns results into an exit code. ``on_error`` is ``fail`` or ``pass``."""

    fail_on: Severity = Severity.LOW
    on_error: str = "fail"
    soft_fail: bool = False
    strict: bool = False
    """Whether a notice about a waiver counts as a failure."""

    @classmethod
    def of(cls, run: Run) -> Gate:
        """Return the gate of a run that was made."""
        return cls(Severity(run.fail_on), run.on_error, run.soft_fail, run.strict)


NOTHING = Accepted()


@dataclass(frozen=True, slots=True)
class Basis:
    """What the verdicts rest on, without the replies themselves: those of an organization need not fit into memory.

    ``calls`` counts the replies, ``sha256`` is the digest of the ledger that holds them, ``regions`` are those that were asked, and
    ``finished`` is the latest date that AWS put on a reply, so that a replay says the same as the run that it repeats.
    """

    header: Header
    calls: int
    sha256: str
    regions: tuple[str, ...]
    finished: str

    @classmethod
    def of(cls, ledger: Ledger) -> Basis:
        """Return the basis that a whole ledger is."""
        return cls(
            header=ledger.header,
            calls=len(ledger.replies),
            sha256=ledger.digest(),
            regions=tuple(sorted({call.region for call in ledger.replies} - {""})),
            finished=max([ledger.header.clock, *(reply.date for reply in ledger.replies.values())]),
        )


@dataclass(frozen=True, slots=True)
class Judgements:
    """The judgements of all accounts, one after the other in the order of the ledger's header."""

    accounts: tuple[str, ...]
    policies: Sequence[PolicyResult]
    results: Sequence[Result]
    populations: Sequence[Population]
    complete: bool = True
    """False where accounts of the header were not judged."""

    @classmethod
    def of(cls, accounts: Sequence[AccountResult]) -> Judgements:
        """Return the judgements of accounts that fit into memory."""
        return cls(
            accounts=tuple(item.account for item in accounts),
            policies=tuple(verdict for item in accounts for verdict in item.policies),
            results=tuple(result for item in accounts for result in item.results),
            populations=tuple(statement for item in accounts for statement in item.populations),
        )


def assemble(
    accounts: Sequence[AccountResult],
    plan: Plan,
    ledger: Ledger,
    *,
    gate: Gate,
    source: str,
    accepted: Accepted = NOTHING,
) -> Report:
    """Return the report of a run whose judgements and ledger are in memory; arguments as for ``compose``."""
    return compose(Judgements.of(accounts), plan, Basis.of(ledger), gate=gate, source=source, accepted=accepted)


def compose(
    judged: Judgements, plan: Plan, basis: Basis, *, gate: Gate, source: str, accepted: Accepted = NOTHING
) -> Report:
    """Return the report of a run. It depends on its arguments only: no clock, no environment.

    Args:
        judged: the judgements of its accounts.
        plan: what was judged.
        basis: what the verdicts rest on.
        gate: what the exit code depends on.
        source: ``live``, ``replay`` or ``demo``; the one field in which a replay differs from the run that it repeats.
        accepted: waivers, in force at the ledger's clock, and a baseline.
    """
    header = basis.header
    selection = plan.selection
    report = Report(
        run=Run(
            id="",
            started_at=header.clock,
            finished_at=basis.finished,
            tool_version=__version__,
            exit_code=EXIT_OK,
            caller=dict(header.caller),
            regions=header.regions or basis.regions,
            accounts=judged.accounts,
            partition=header.partition,
            versions=dict(header.versions),
            fail_on=gate.fail_on.value,
            on_error=gate.on_error,
            soft_fail=gate.soft_fail,
            strict=gate.strict,
            source=source,
            calls=basis.calls,
            synthetic=header.synthetic,
            ledger_sha256=basis.sha256,
            complete=judged.complete,
        ),
        policies=judged.policies,
        results=judged.results,
        rules=tuple(rule_of(policy) for policy in selection.policies),
        checks=tuple(_texts(selection.policies)),
        populations=judged.populations if header.estate is None else (_population(header.estate), *judged.populations),
        exclusions=tuple(Exclusion(policy, reason) for policy, reason in selection.excluded),
        members=header.estate.members if header.estate else (),
    )
    report = accept(report, accepted, selection.known)
    report = dataclasses.replace(report, run=dataclasses.replace(report.run, exit_code=exit_code(report, gate)))
    return with_run_id(report)


def exit_code(report: Report, gate: Gate) -> int:
    """Return 0, 1 or 3 for a report: a failure at or above the gate wins over what could not be evaluated.

    A run that evaluated nothing is undecided, not a success. Beside a baseline, only what is new or worse counts.
    """
    anything = failed = unknown = False
    for row in each_row(report):
        anything = True
        if not is_old(row):
            failed = failed or (row.status is Status.FAIL and row.severity.rank >= gate.fail_on.rank)
            unknown = unknown or row.status is Status.ERROR
    if failed or (gate.strict and report.notices):
        code = EXIT_FAILED
    elif not anything or (gate.on_error == "fail" and unknown):
        code = EXIT_UNDECIDED
    else:
        code = EXIT_OK
    return EXIT_OK if gate.soft_fail else code


def rule_of(policy: Policy) -> Rule:
    """Return a policy as reports know it: at its own lines, or for a built-in one at the user's line that selects it."""
    place = policy.anchor if policy.builtin else policy.place
    return Rule(
        id=policy.id,
        title=policy.title,
        description=policy.description,
        severity=policy.severity,
        tags=policy.tags,
        owner=policy.owner,
        pack=policy.pack,
        quantifier=str(policy.quantifier),
        subject=policy.subject.kind,
        checks=tuple(dict.fromkeys(node.check.id for node in policy.check_nodes())),
        controls=policy.controls,
        basis=policy.basis,
        remediation=policy.remediation,
        file=place.file if place else "",
        line=place.line if place else 0,
        column=place.column if place else 0,
        end_line=place.end_line if place else 0,
        end_column=place.end_column if place else 0,
        snippet="" if policy.builtin else policy.snippet,
        sha256=policy.sha256,
    )


def _texts(policies: Iterable[Policy]) -> list[CheckText]:
    used: dict[str, Check] = {node.check.id: node.check for policy in policies for node in policy.check_nodes()}
    return [CheckText(item.id, item.title, item.why, item.fix, item.version) for _, item in sorted(used.items())]


def _population(estate: Estate) -> Population:
    """Return the statement about the accounts themselves: which were left out, and why."""
    return Population(estate.asked, "account", estate.source, len(estate.members), 1, estate.excluded)
