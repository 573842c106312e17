"""Three-valued logic over facts that may be unreadable (controls catalogue, section 1).

An unknown is an ``Unreadable`` on its way up. These helpers catch it only to ask whether the rest decides the matter; if it does not,
they raise it again, so an unknown can become ERROR and never a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from trailwarden.errors import Unreadable
from trailwarden.facts.base import Population, Subject
from trailwarden.model import Finding, Json, Reason, Status

X = TypeVar("X", bound=Subject)
Y = TypeVar("Y")


@dataclass(frozen=True, slots=True)
class Judged(Generic[X]):
    """One subject with what is known of it: a finding, or the reason why there is none."""

    subject: X
    finding: Finding | None
    reason: Reason | None

    @property
    def status(self) -> Status:
        """Return the finding's status, ERROR where there is none."""
        return Status.ERROR if self.finding is None else self.finding.status

    def to_json(self) -> dict[str, Json]:
        """Return the row that an account-wide finding shows for this subject."""
        text = (
            self.finding.message
            if self.finding is not None
            else self.reason.sentence()
            if self.reason is not None
            else ""
        )
        return {"subject": self.subject.id, "status": self.status.value, "message": text}


def judge_each(subjects: Iterable[X], judge: Callable[[X], Finding]) -> list[Judged[X]]:
    """Judge every subject; one that can't be read does not stop the others."""
    judged = []
    for subject in subjects:
        try:
            judged.append(Judged(subject, judge(subject), None))
        except Unreadable as error:
            judged.append(Judged(subject, None, error.reason))
    return judged


def some(population: Population[X], judge: Callable[[X], Finding], missing: str, *, idle: str = "") -> Finding:
    """Return whether at least one subject passes.

    Args:
        population: the candidates; its gaps count as candidates nobody could look at.
        judge: the question.
        missing: the message of a FAIL.
        idle: the message of NOT_APPLICABLE when the question applies to no candidate; empty makes that a FAIL as well.

    Raises:
        Unreadable: none is known to pass, and one could not be judged or not be listed.
    """
    judged = judge_each(population, judge)
    rows = [item.to_json() for item in judged]
    passing = [item for item in judged if item.status is Status.PASS]
    if passing:
        first = passing[0]
        assert first.finding is not None
        satisfying: list[Json] = [item.subject.id for item in passing]
        return Finding(
            Status.PASS,
            first.finding.message,
            {"satisfying": satisfying, **first.finding.observed},
            first.finding.expected,
        )
    unknown = [item.reason for item in judged if item.reason is not None]
    if unknown or population.gaps:
        raise Unreadable([*unknown, *population.gaps][0])
    if idle and all(item.status is Status.NOT_APPLICABLE for item in judged):
        return Finding(Status.NOT_APPLICABLE, idle, {"candidates": rows})
    expected = next(
        (item.finding.expected for item in judged if item.finding is not None and item.finding.expected), {}
    )
    return Finding(Status.FAIL, missing, {"candidates": rows}, expected)


def every(population: Population[X], judge: Callable[[X], Finding], success: str, *, missing: str) -> Finding:
    """Return whether every subject passes that the question applies to, and there is one.

    Args:
        population: the candidates; its gaps count as candidates nobody could look at.
        judge: the question.
        success: the message of a PASS.
        missing: the message of the FAIL when the question applies to no candidate.

    Raises:
        Unreadable: none is known to fail, and one could not be judged or not be listed.
    """
    judged = judge_each(population, judge)
    rows = [item.to_json() for item in judged]
    findings = [item.finding for item in judged if item.finding is not None]
    failing = [item for item in findings if item.status is Status.FAIL]
    if failing:
        return Finding(
            Status.FAIL, "; ".join(item.message for item in failing), {"candidates": rows}, failing[0].expected
        )
    unknown = [item.reason for item in judged if item.reason is not None]
    if unknown or population.gaps:
        raise Unreadable([*unknown, *population.gaps][0])
    passing = [item for item in findings if item.status is Status.PASS]
    if not passing:
        return Finding(Status.FAIL, missing, {"candidates": rows})
    return Finding(Status.PASS, success, {"candidates": rows}, passing[0].expected)


def together(*judges: Callable[[], Finding]) -> list[Finding]:
    """Return the findings of questions that must all hold; beside a FAIL, those that could not be answered are left out.

    Raises:
        Unreadable: none is known to fail, and one could not be answered.
    """
    findings: list[Finding] = []
    unknown: Unreadable | None = None
    for judge in judges:
        try:
            findings.append(judge())
        except Unreadable as error:
            unknown = unknown or error
    if unknown is not None and all(item.status is not Status.FAIL for item in findings):
        raise unknown
    return findings


def answered(value: Y | Reason) -> Y:
    """Return what a fact holds for one of many.

    Raises:
        Unreadable: the fact holds the reason why it is not known.
    """
    if isinstance(value, Reason):
        raise Unreadable(value)
    return value


def known(value: Callable[[], Y]) -> Y | None:
    """Return a value, or None where it can't be read; only for what may soften a failure that is already certain."""
    try:
        return value()
    except Unreadable:
        return None


def which(questions: Mapping[str, Callable[[], bool]]) -> list[str]:
    """Return the labels of the questions answered yes, in order.

    Raises:
        Unreadable: none is known to be yes, and one could not be answered.
    """
    yes: list[str] = []
    unknown: Unreadable | None = None
    for label, question in questions.items():
        try:
            if question():
                yes.append(label)
        except Unreadable as error:
            unknown = unknown or error
    if unknown is not None and not yes:
        raise unknown
    return yes


def any_true(*questions: Callable[[], bool]) -> bool:
    """Return whether one question is answered yes.

    Raises:
        Unreadable: no yes, and one question could not be answered.
    """
    return _decide(questions, decisive=True)


def all_true(*questions: Callable[[], bool]) -> bool:
    """Return whether every question is answered yes; raises Unreadable when there is no known no and one is unanswered."""
    return _decide(questions, decisive=False)


def _decide(questions: Iterable[Callable[[], bool]], *, decisive: bool) -> bool:
    unknown: Unreadable | None = None
    for question in questions:
        try:
            if question() is decisive:
                return decisive
        except Unreadable as error:
            unknown = unknown or error
    if unknown is not None:
        raise unknown
    return not decisive
