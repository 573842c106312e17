"""From the judgements of accounts to the report that every format is made of, and from its results to the exit code."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trailwarden import __version__
from trailwarden.acceptance import Accepted, accept
from trailwarden.contract import Check
from trailwarden.errors import EXIT_FAILED, EXIT_OK, EXIT_UNDECIDED
from trailwarden.ledger import Ledger
from trailwarden.model import CheckText, Exclusion, Report, Rule, Run, Severity, Status
from trailwarden.plan import Plan
from trailwarden.policy.model import Policy
from trailwarden.presentation import is_old, rows
from trailwarden.results import with_run_id
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


def assemble(
    accounts: Sequence[AccountResult],
    plan: Plan,
    ledger: Ledger,
    *,
    gate: Gate,
    source: str,
    accepted: Accepted = NOTHING,
) -> Report:
    """Return the report of a run. It depends on its arguments only: no clock, no environment.

    Args:
        accounts: the judgements, in the order of the ledger's header.
        plan: what was judged.
        ledger: what the verdicts rest on.
        gate: what the exit code depends on.
        source: ``live``, ``replay`` or ``demo``; the one field in which a replay differs from the run that it repeats.
        accepted: waivers, in force at the ledger's clock, and a baseline.
    """
    header = ledger.header
    selection = plan.selection
    report = Report(
        run=Run(
            id="",
            started_at=header.clock,
            finished_at=_finished(ledger),
            tool_version=__version__,
            exit_code=EXIT_OK,
            caller=dict(header.caller),
            regions=header.regions or _regions(ledger),
            accounts=tuple(item.account for item in accounts),
            partition=header.partition,
            versions=dict(header.versions),
            fail_on=gate.fail_on.value,
            on_error=gate.on_error,
            soft_fail=gate.soft_fail,
            strict=gate.strict,
            source=source,
            calls=len(ledger.replies),
            synthetic=header.synthetic,
            ledger_sha256=ledger.digest(),
        ),
        policies=tuple(verdict for item in accounts for verdict in item.policies),
        results=tuple(result for item in accounts for result in item.results),
        rules=tuple(rule_of(policy) for policy in selection.policies),
        checks=tuple(_texts(selection.policies)),
        populations=tuple(statement for item in accounts for statement in item.populations),
        exclusions=tuple(Exclusion(policy, reason) for policy, reason in selection.excluded),
    )
    report = accept(report, accepted, selection.known)
    report = dataclasses.replace(report, run=dataclasses.replace(report.run, exit_code=exit_code(report, gate)))
    return with_run_id(report)


def exit_code(report: Report, gate: Gate) -> int:
    """Return 0, 1 or 3 for a report: a failure at or above the gate wins over what could not be evaluated.

    A run that evaluated nothing is undecided, not a success. Beside a baseline, only what is new or worse counts.
    """
    counted = [row for row in rows(report) if not is_old(row)]
    failed = any(row.status is Status.FAIL and row.severity.rank >= gate.fail_on.rank for row in counted)
    if failed or (gate.strict and report.notices):
        code = EXIT_FAILED
    elif not rows(report) or (gate.on_error == "fail" and any(row.status is Status.ERROR for row in counted)):
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


def _finished(ledger: Ledger) -> str:
    """Return the latest date that AWS put on a reply, so that a replay says the same as the run that it repeats."""
    return max([ledger.header.clock, *(reply.date for reply in ledger.replies.values())])


def _regions(ledger: Ledger) -> tuple[str, ...]:
    """Return the regions that were asked."""
    return tuple(sorted({call.region for call in ledger.replies} - {""}))
