"""Judges one part of a policy on one subject, in three-valued logic.

A part is PASS, FAIL, NOT_APPLICABLE or ERROR (unknown), and no combination turns an unknown into a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from trailwarden.errors import Unreadable
from trailwarden.facts.base import Subject, Trace, tracing
from trailwarden.model import Finding, Json, Reason, ReasonCode, Status
from trailwarden.params import to_json
from trailwarden.plan import LINKS, allowed_facts
from trailwarden.policy.model import AllOf, AnyOf, CheckNode, Node, Not


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one node of a policy concluded about one subject."""

    status: Status
    check: str
    message: str = ""
    observed: Mapping[str, Json] = field(default_factory=dict)
    expected: Mapping[str, Json] = field(default_factory=dict)
    reason: Reason | None = None
    params: Mapping[str, Json] = field(default_factory=dict)
    calls: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    version: int = 1


def conjunction(statuses: Sequence[Status]) -> Status:
    """Return the status of "all of these": FAIL beats ERROR beats PASS; what does not apply is left out."""
    for status in (Status.FAIL, Status.ERROR, Status.PASS):
        if status in statuses:
            return status
    return Status.NOT_APPLICABLE


def disjunction(statuses: Sequence[Status]) -> Status:
    """Return the status of "one of these": PASS beats ERROR beats FAIL; what does not apply is left out."""
    for status in (Status.PASS, Status.ERROR, Status.FAIL):
        if status in statuses:
            return status
    return Status.NOT_APPLICABLE


def negation(status: Status) -> Status:
    """Return the opposite; an unknown stays unknown."""
    return {Status.PASS: Status.FAIL, Status.FAIL: Status.PASS}.get(status, status)


def judge(node: Node, subject: Subject) -> Outcome:
    """Judge one node on one subject."""
    if isinstance(node, CheckNode):
        return _judge_check(node, subject)
    if isinstance(node, Not):
        inner = judge(node.part, subject)
        return replace(
            inner, status=negation(inner.status), check=f"not {inner.check}", message=f"must not hold: {inner.message}"
        )
    parts = [judge(part, subject) for part in node.parts]
    if isinstance(node, AllOf):
        return _combine(parts, conjunction([item.status for item in parts]), "+")
    assert isinstance(node, AnyOf)
    return _combine(parts, disjunction([item.status for item in parts]), "|")


def _combine(parts: Sequence[Outcome], status: Status, joint: str) -> Outcome:
    """Make one outcome of several; those that decided the status give it its message."""
    decisive = [item for item in parts if item.status is status] or list(parts)
    return Outcome(
        status=status,
        check=joint.join(item.check for item in parts),
        message="; ".join(item.message for item in decisive),
        observed={"parts": [part_to_json(item) for item in parts]},
        expected={"parts": [{"check": item.check, "expected": dict(item.expected)} for item in parts if item.expected]},
        reason=next((item.reason for item in decisive if item.reason is not None), None)
        if status is Status.ERROR
        else None,
        calls=merge_calls(item.calls for item in parts),
        notes=tuple(note for item in parts for note in item.notes),
    )


def part_to_json(outcome: Outcome) -> dict[str, Json]:
    """Return an outcome as ``observed`` shows it among its siblings."""
    return {
        "check": outcome.check,
        "status": outcome.status.value,
        "message": outcome.message,
        "observed": dict(outcome.observed),
    }


def merge_calls(several: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return the ids of several outcomes' calls, each once, in a stable order."""
    return tuple(sorted({call for calls in several for call in calls}))


def _judge_check(node: CheckNode, subject: Subject) -> Outcome:
    """Judge a check once per subject and parameters, however many policies ask for it: facts and clock stand still in a run."""
    kind = node.subject
    target = subject if type(subject) is kind else LINKS[type(subject), kind](subject)
    if target is None:
        text = f"{subject.name} has no {kind.kind}"
        return Outcome(
            Status.NOT_APPLICABLE, node.check.id, text, params=_shown(node.params), version=node.check.version
        )
    key = (node.check, node.params, target is subject)
    outcome: Outcome | None = target.verdicts.get(key)
    if outcome is None:
        outcome = target.verdicts[key] = _ask(node, target, {} if target is subject else {"judged": target.id})
    return outcome


@lru_cache(maxsize=4096)
def _shown(params: object) -> Mapping[str, Json]:
    """Return the parameters as results show them; the same for every subject."""
    shown: Mapping[str, Json] = to_json(params)
    return shown


def _ask(node: CheckNode, target: Subject, observed: Mapping[str, Json]) -> Outcome:
    """Run the check's function; ``observed`` comes before what it observes."""
    check, params = node.check, node.params
    trace = Trace(allowed=allowed_facts(check, params), who=f"check {check.id}")
    reason: Reason | None = None
    with tracing(trace):
        try:
            finding = check.judges[node.subject](target, params)
        except Unreadable as error:
            reason = error.reason
            finding = Finding(Status.ERROR, f"could not be evaluated: {reason.sentence()}")
        except Exception as error:  # noqa: BLE001 - a check that crashes must not take the other verdicts with it
            text = f"{type(error).__name__}: {error}"
            reason = Reason(ReasonCode.INTERNAL, region=target.region, account=target.account_id, aws_message=text)
            finding = Finding(Status.ERROR, f"the check crashed: {text}")
    return Outcome(
        finding.status,
        check.id,
        finding.message,
        finding.observed if reason is not None else {**observed, **finding.observed},
        finding.expected,
        reason,
        _shown(params),
        tuple(sorted(trace.calls)),
        finding.notes,
        check.version,
    )
