"""Judges one part of a policy on one subject, in three-valued logic.

A part is PASS, FAIL, NOT_APPLICABLE or ERROR (unknown), and no combination turns an unknown into a pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from json.encoder import encode_basestring

from trailwarden.calls import canonical
from trailwarden.contract import Check
from trailwarden.errors import Unreadable
from trailwarden.facts.base import Subject, Trace, tracing
from trailwarden.model import Finding, Json, Reason, ReasonCode, Status
from trailwarden.params import to_json
from trailwarden.plan import LINKS, allowed_facts
from trailwarden.policy.model import AllOf, CheckNode, Node, Not


@dataclass(slots=True, eq=False)
class Outcome:
    """What one node of a policy concluded about one subject. Many policies share one, and nobody changes it.

    Not frozen and without cached properties: a large run makes hundreds of thousands, and these take longer than all that is in them.
    """

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
    parts: tuple[Outcome, ...] = ()
    """What ``observed`` consists of, where it consists of parts."""
    text: str = ""
    """``observed`` as canonical JSON, where it was put together already."""
    _state: str = ""
    _part: str = ""

    @property
    def observed_text(self) -> str:
        """Return ``observed`` as canonical JSON. Texts of parts are used again: they are most of what a run would write twice."""
        if not self.text:
            parts = ",".join([part.part_text for part in self.parts])
            self.text = f'{{"parts":[{parts}]}}' if parts else canonical(self.observed)
        return self.text

    @property
    def state(self) -> str:
        """Return the hash of what was observed, 16 hexadecimal digits."""
        if not self._state:
            self._state = hashlib.sha256(self.observed_text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return self._state

    @property
    def part_text(self) -> str:
        """Return ``as_part`` as canonical JSON."""
        if not self._part:
            check, message = encode_basestring(self.check), encode_basestring(self.message)
            status = self.status.value
            self._part = f'{{"check":{check},"message":{message},"observed":{self.observed_text},"status":"{status}"}}'
        return self._part

    def as_part(self) -> dict[str, Json]:
        """Return the outcome as ``observed`` shows it among its siblings."""
        return {
            "check": self.check,
            "status": self.status.value,
            "message": self.message,
            "observed": self.observed,
        }


Judge = Callable[[Subject], Outcome]


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


def prepare(node: Node) -> Judge:
    """Return what judges a node on one subject after another; whatever does not depend on the subject is settled here."""
    if isinstance(node, CheckNode):
        return _prepare_check(node)
    if isinstance(node, Not):
        inner = prepare(node.part)
        return lambda subject: _negated(inner(subject))
    parts = [prepare(part) for part in node.parts]
    rule, joint = (conjunction, "+") if isinstance(node, AllOf) else (disjunction, "|")

    def judge(subject: Subject) -> Outcome:
        found = tuple([part(subject) for part in parts])
        outcome: Outcome | None = subject.verdicts.get((joint, found))  # many policies combine what they share
        if outcome is None:
            outcome = subject.verdicts[joint, found] = _combine(found, rule, joint)
        return outcome

    return judge


def _negated(inner: Outcome) -> Outcome:
    return replace(
        inner,
        status=negation(inner.status),
        check=f"not {inner.check}",
        message=f"must not hold: {inner.message}",
        _part="",
    )


def _combine(parts: Sequence[Outcome], rule: Callable[[Sequence[Status]], Status], joint: str) -> Outcome:
    """Make one outcome of several; those that decided the status give it its message."""
    status = rule([item.status for item in parts])
    decisive = [item for item in parts if item.status is status] or list(parts)
    return Outcome(
        status=status,
        check=joint.join([item.check for item in parts]),
        message="; ".join([item.message for item in decisive]),
        observed={"parts": [item.as_part() for item in parts]},
        expected={"parts": [{"check": item.check, "expected": dict(item.expected)} for item in parts if item.expected]},
        reason=next((item.reason for item in decisive if item.reason is not None), None)
        if status is Status.ERROR
        else None,
        calls=merge_calls(item.calls for item in parts),
        notes=tuple([note for item in parts for note in item.notes]),
        parts=tuple(parts),
    )


def merge_calls(several: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return the ids of several outcomes' calls, each once, in a stable order."""
    return tuple(sorted(set().union(*several)))


def _prepare_check(node: CheckNode) -> Judge:
    """Judge a check once per subject and parameters, however many policies ask for it: facts and clock stand still in a run."""
    kind = node.subject
    direct, linked = _memo(node.check, node.params, False), _memo(node.check, node.params, True)
    shown = _shown(node.params)
    allowed, who = allowed_facts(node.check, node.params), f"check {node.check.id}"

    def judge(subject: Subject) -> Outcome:
        own = type(subject) is kind
        target = subject if own else LINKS[type(subject), kind](subject)
        if target is None:
            text = f"{subject.name} has no {kind.kind}"
            return Outcome(Status.NOT_APPLICABLE, node.check.id, text, params=shown, version=node.check.version)
        memo = direct if own else linked
        outcome: Outcome | None = target.verdicts.get(memo)
        if outcome is None:
            trace = Trace(allowed, who)
            outcome = target.verdicts[memo] = _ask(node, target, trace, shown, {} if own else {"judged": target.id})
        return outcome

    return judge


@lru_cache(maxsize=65536)
def _memo(check: Check, params: object, linked: bool) -> object:
    """Return what stands for a check with its parameters among a subject's verdicts: found by identity, hashed once a policy."""
    return object()


@lru_cache(maxsize=4096)
def _shown(params: object) -> Mapping[str, Json]:
    """Return the parameters as results show them; the same for every subject."""
    shown: Mapping[str, Json] = to_json(params)
    return shown


def _ask(
    node: CheckNode, target: Subject, trace: Trace, shown: Mapping[str, Json], observed: Mapping[str, Json]
) -> Outcome:
    """Run the check's function; ``observed`` comes before what it observes."""
    check = node.check
    reason: Reason | None = None
    with tracing(trace):
        try:
            finding = check.judges[node.subject](target, node.params)
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
        {**observed, **finding.observed} if observed and reason is None else finding.observed,
        finding.expected,
        reason,
        shown,
        tuple(sorted(trace.calls)),
        finding.notes,
        check.version,
    )
