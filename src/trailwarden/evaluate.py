"""Judges one policy on one account: pure, from facts and a clock to results. Nothing here asks AWS anything new.

Three-valued throughout: a part is PASS, FAIL, NOT_APPLICABLE or ERROR (unknown), and no combination turns an unknown into a pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from json.encoder import encode_basestring
from typing import Any

from trailwarden.errors import Unreadable
from trailwarden.facts import Account
from trailwarden.facts.base import Population, Subject, Trace, tracing
from trailwarden.judge import Judge, Outcome, conjunction, merge_calls, negation, prepare
from trailwarden.model import Json, PolicyResult, Reason, Result, Status
from trailwarden.params import to_json
from trailwarden.plan import population
from trailwarden.policy.model import Policy
from trailwarden.policy.templates import render_message
from trailwarden.results import fingerprint

GLOBAL = "global"
"""What reports show as the region of an account-wide verdict."""


@dataclass(frozen=True, slots=True)
class SubjectOutcome:
    """One subject of a policy: whether it is spoken about, and what each requirement concluded."""

    subject: Subject
    status: Status
    """The subject's own status; NOT_APPLICABLE when the policy does not speak about it."""
    where: Outcome | None
    """The decisive part of ``where`` when it is not met or not known; None when the policy speaks about the subject."""
    requirements: tuple[Outcome, ...]

    @property
    def parts(self) -> tuple[Outcome, ...]:
        """Return the outcomes that make up the status."""
        return self.requirements if self.where is None else (self.where,)


def evaluate(policy: Policy, account: Account) -> tuple[PolicyResult, list[Result]]:
    """Judge one policy on one account.

    Returns:
        The policy's verdict and its rows: for ``all`` one per subject and requirement, otherwise one for the account.
    """
    if not any(fnmatchcase(account.account_id, pattern) for pattern in policy.scope.accounts):
        text = "the account is outside the policy's scope"
        return _verdict(policy, account, Status.NOT_APPLICABLE, []), [
            _account_row(policy, account, Status.NOT_APPLICABLE, text)
        ]
    trace = Trace(who=f"policy {policy.id}")
    with tracing(trace):
        try:
            found = population(account, policy.subject)
        except Unreadable as error:
            found = Population([], [error.reason])
    listed = tuple(sorted(trace.calls))
    where, require = ([prepare(node) for node in nodes] for nodes in (policy.where, policy.require))
    outcomes = [_judge_subject(where, require, item) for item in found if _in_regions(policy, item)]
    if policy.quantifier.kind == "all":
        rows = _rows_of_all(policy, account, found, outcomes, listed)
    else:
        rows = [_quantified_row(policy, account, found, outcomes, listed)]
    status = conjunction([row.status for row in rows])
    return _verdict(policy, account, status, outcomes), rows


def unevaluated(policy: Policy, account: Account, reason: Reason) -> tuple[PolicyResult, list[Result]]:
    """Return ERROR for a policy on an account that nobody got to judge; nothing is asked."""
    row = _account_row(policy, account, Status.ERROR, f"could not be evaluated: {reason.sentence()}", reason=reason)
    return _verdict(policy, account, Status.ERROR, []), [row]


def _in_regions(policy: Policy, subject: Subject) -> bool:
    return isinstance(subject, Account) or "all" in policy.scope.regions or subject.region in policy.scope.regions


def _judge_subject(where: Sequence[Judge], require: Sequence[Judge], subject: Subject) -> SubjectOutcome:
    condition = [judge(subject) for judge in where]
    status = conjunction([item.status for item in condition]) if condition else Status.PASS
    if status is not Status.PASS:
        decisive = next(item for item in condition if item.status is status)
        own = Status.ERROR if status is Status.ERROR else Status.NOT_APPLICABLE
        return SubjectOutcome(subject, own, decisive, ())
    requirements = tuple([judge(subject) for judge in require])
    return SubjectOutcome(subject, conjunction([item.status for item in requirements]), None, requirements)


def _spoken_about(outcomes: Sequence[SubjectOutcome]) -> list[SubjectOutcome]:
    """Return the subjects that the policy speaks about or may speak about (``where`` unknown)."""
    return [item for item in outcomes if item.where is None or item.where.status is Status.ERROR]


def _rows_of_all(
    policy: Policy,
    account: Account,
    found: Population[Any],
    outcomes: Sequence[SubjectOutcome],
    listed: tuple[str, ...],
) -> list[Result]:
    rows = [
        _row(policy, account, item.subject, part, number)
        for item in _spoken_about(outcomes)
        for part, number in zip(item.parts, _numbers(item.parts), strict=True)
    ]
    if found.gaps:
        rows.append(_gap_row(policy, account, found, listed))
    if not rows or (policy.on_empty == "fail" and all(row.status is Status.NOT_APPLICABLE for row in rows)):
        rows.append(_empty_row(policy, account, outcomes, listed))
    return rows


def _numbers(parts: Sequence[Outcome]) -> list[int]:
    """Return for each part how many of the same name there are up to it: a check may be required twice, with other parameters."""
    if len(parts) == 1:
        return [1]
    names = [part.check for part in parts]
    return [names[: index + 1].count(name) for index, name in enumerate(names)]


def _gap_row(policy: Policy, account: Account, found: Population[Any], listed: tuple[str, ...]) -> Result:
    """Return the row that says that there may be subjects nobody has seen."""
    first = found.gaps[0]
    regions: list[Json] = [reason.region for reason in found.gaps]
    more = f" (and {len(found.gaps) - 1} more regions)" if len(found.gaps) > 1 else ""
    text = f"there may be more subjects of type {policy.subject.kind} than could be listed: {first.sentence()}{more}"
    return _account_row(
        policy, account, Status.ERROR, text, reason=first, observed={"unread_regions": regions}, calls=listed
    )


def _empty_row(policy: Policy, account: Account, outcomes: Sequence[SubjectOutcome], listed: tuple[str, ...]) -> Result:
    what = f"the account has no {policy.subject.kind}"
    if any(item.where is None for item in outcomes):
        what = "`require` applies to no subject"
    elif outcomes:
        what = "no subject meets `where`"
    status = Status.FAIL if policy.on_empty == "fail" else Status.NOT_APPLICABLE
    return _account_row(
        policy,
        account,
        status,
        f"{what} (on.empty: {policy.on_empty})",
        observed={"candidates": len(outcomes)},
        calls=listed,
    )


def _quantified_row(
    policy: Policy,
    account: Account,
    found: Population[Any],
    outcomes: Sequence[SubjectOutcome],
    listed: tuple[str, ...],
) -> Result:
    """Return the one row of an ``any``, ``none`` or ``at_least`` policy."""
    speaking = [item for item in _spoken_about(outcomes) if item.status is not Status.NOT_APPLICABLE]
    passing = sum(item.status is Status.PASS for item in speaking)
    unknown = sum(item.status is Status.ERROR for item in speaking)
    open_ended = bool(found.gaps)
    if not speaking and not open_ended:
        return _empty_row(policy, account, outcomes, listed)
    wanted = policy.quantifier.number if policy.quantifier.kind == "at_least" else 1
    if passing >= wanted:
        reached = Status.PASS
    elif open_ended or passing + unknown >= wanted or (unknown == len(speaking) and policy.on_empty != "fail"):
        reached = Status.ERROR  # the last: all that is unknown may turn out not to apply, and then nothing fails
    else:
        reached = Status.FAIL
    status = negation(reached) if policy.quantifier.kind == "none" else reached
    reason = None
    if status is Status.ERROR:
        reasons = [part.reason for item in speaking for part in item.parts if part.reason is not None]
        reason = [*reasons, *found.gaps][0]
    noun = policy.subject.kind
    text = f"{passing} of {len(speaking)} {noun} subject{'s' if len(speaking) != 1 else ''} satisfy it, wanted {policy.quantifier}"
    if status is not Status.PASS:
        details = [_lacking(item, policy.quantifier.kind == "none") for item in speaking]
        text = "; ".join([text, *(detail for detail in details if detail)])
        text += "".join(f"; not listed: {gap.sentence()}" for gap in found.gaps[:1])
    candidates: list[Json] = [
        {
            "subject": item.subject.id,
            "region": item.subject.region,
            "status": item.status.value,
            "checks": [part.as_part() for part in item.parts],
        }
        for item in outcomes
    ]
    return _account_row(
        policy,
        account,
        status,
        text,
        reason=reason,
        observed={"candidates": candidates},
        observed_text=f'{{"candidates":[{",".join([_candidate_text(item) for item in outcomes])}]}}',
        expected={"quantifier": str(policy.quantifier), "checks": [node.check.id for node in policy.check_nodes()]},
        calls=merge_calls([listed, *(part.calls for item in outcomes for part in item.parts)]),
    )


def _candidate_text(item: SubjectOutcome) -> str:
    """Return a candidate of the observed values as canonical JSON."""
    region, subject = encode_basestring(item.subject.region), encode_basestring(item.subject.id)
    parts = ",".join([part.part_text for part in item.parts])
    return f'{{"checks":[{parts}],"region":{region},"status":"{item.status.value}","subject":{subject}}}'


def _lacking(item: SubjectOutcome, wanted_none: bool) -> str:
    """Return what keeps one candidate from satisfying the policy, or for ``none`` that it does."""
    if wanted_none:
        return f"{item.subject.name}: satisfies it" if item.status is Status.PASS else ""
    texts = [part.message for part in item.parts if part.status is item.status]
    return f"{item.subject.name}: {', '.join(texts)}" if item.status is not Status.PASS else ""


def _verdict(policy: Policy, account: Account, status: Status, outcomes: Sequence[SubjectOutcome]) -> PolicyResult:
    place = policy.anchor or policy.place
    return PolicyResult(
        id=policy.id,
        account=account.account_id,
        status=status,
        severity=policy.severity,
        candidates=len(outcomes),
        applicable=sum(item.where is None and item.status is not Status.NOT_APPLICABLE for item in outcomes),
        satisfying=sum(item.status is Status.PASS for item in outcomes),
        file=place.file,
        line=place.line,
        sha256=policy.sha256,
        controls=policy.controls,
    )


def _account_row(
    policy: Policy,
    account: Account,
    status: Status,
    text: str,
    *,
    reason: Reason | None = None,
    observed: Mapping[str, Json] | None = None,
    observed_text: str = "",
    expected: Mapping[str, Json] | None = None,
    calls: tuple[str, ...] = (),
) -> Result:
    nodes = policy.check_nodes()
    names = "+".join(dict.fromkeys(node.check.id for node in nodes))
    shown = to_json(nodes[0].params) if len(nodes) == 1 else {}
    outcome = Outcome(status, names, text, observed or {}, expected or {}, reason, shown, calls, text=observed_text)
    return _row(policy, account, account, outcome)


def _row(policy: Policy, account: Account, subject: Subject, outcome: Outcome, number: int = 1) -> Result:
    region = GLOBAL if isinstance(subject, Account) else subject.region
    message = outcome.message
    if policy.message and outcome.status is Status.FAIL:
        message = _message(policy, subject, outcome)
    return Result(
        policy=policy.id,
        check=outcome.check,
        account=account.account_id,
        region=region,
        subject=subject.id,
        subject_type=subject.kind,
        status=outcome.status,
        severity=policy.severity,
        message=message,
        observed=outcome.observed,
        expected=outcome.expected,
        reason=outcome.reason,
        params=outcome.params,
        calls=outcome.calls,
        fingerprint=fingerprint(policy.id, outcome.check, account.account_id, region, subject.id, number=number),
        subject_name=subject.name,
        notes=outcome.notes,
        check_version=outcome.version,
        state=outcome.state,
    )


def _message(policy: Policy, subject: Subject, outcome: Outcome) -> str:
    """Return the policy's own words for a failure; the loader has refused placeholders that are not given here."""
    values: dict[str, Json] = {
        "check": outcome.check,
        "message": outcome.message,
        "policy.id": policy.id,
        "policy.severity": policy.severity.value,
        "policy.title": policy.title,
        "status": outcome.status.value,
        "subject.account": subject.account_id,
        "subject.id": subject.id,
        "subject.kind": subject.kind,
        "subject.name": subject.name,
        "subject.region": subject.region,
        **{f"params.{name}": value for name, value in policy.params.items()},
    }
    return render_message(policy.message, values)
