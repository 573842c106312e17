"""Runs checks and policies over a world with the real engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trailwarden.contract import Check
from trailwarden.evaluate import evaluate
from trailwarden.facts import Subject
from trailwarden.model import Json, Reason, ReasonCode, Result, Severity, Status
from trailwarden.params import build
from trailwarden.policy.model import CheckNode, Place, Policy, Quantifier, Scope, Selection
from trailwarden.registry import get_check
from trailwarden.testing.world import World

_PLACE = Place("test.yaml", 1, 1, 1, 1)

WATCHERS: list[Callable[[Policy, Sequence[Result]], None]] = []
"""Told of every policy that ``run_policy`` judged, with its rows; a test suite learns from it which checks it has seen in which status."""


def policy_of(check: Check, params: Mapping[str, Json] | None = None, **overrides: Any) -> Policy:
    """Return the short policy on one check; overrides are fields of ``Policy``, such as another ``subject`` that the check judges."""
    subject = overrides.get("subject", check.subject)
    judged = subject if subject in check.judges else check.subject
    fields: dict[str, Any] = {
        "id": check.id,
        "title": check.title,
        "description": "",
        "severity": Severity.MEDIUM,
        "owner": "",
        "tags": (),
        "controls": {},
        "basis": {},
        "scope": Scope(),
        "subject": check.subject,
        "quantifier": Quantifier(),
        "where": (),
        "require": (CheckNode(check, build(check.params_type, params or {}), _PLACE, judged),),
        "on_empty": "not-applicable",
        "message": "",
        "remediation": {},
        "place": _PLACE,
        "snippet": "",
        "sha256": "",
    }
    fields.update(overrides)
    return Policy(**fields)


def run_policy(policy: Policy, world: World, **options: Any) -> list[Result]:
    """Judge one policy on a world's account and return its rows.

    Raises:
        AssertionError: a check crashed; an ERROR of that kind is a defect of the check, not a verdict.
    """
    _, rows = evaluate(policy, world.account(**options))
    for row in rows:
        assert row.reason is None or row.reason.code is not ReasonCode.INTERNAL, row.message
    for watcher in WATCHERS:
        watcher(policy, rows)
    return rows


def run_check(
    check_id: str,
    world: World,
    params: Mapping[str, Json] | None = None,
    *,
    subject: type[Subject] | None = None,
    **options: Any,
) -> list[Result]:
    """Judge a world's account by one check, as a short policy would.

    Args:
        check_id: of a built-in check or an installed plugin's.
        world: whose account is judged.
        params: the check's parameters, as a policy gives them.
        subject: another type of subject that the check judges.
        options: as for ``Account``.
    """
    check = get_check(check_id)
    return run_policy(policy_of(check, params, subject=subject or check.subject), world, **options)


def status_of(
    check_id: str,
    world: World,
    params: Mapping[str, Json] | None = None,
    *,
    subject: type[Subject] | None = None,
    **options: Any,
) -> Status:
    """Return the status of the only row that ``run_check`` yields; raises ValueError when there are several."""
    [row] = run_check(check_id, world, params, subject=subject, **options)
    return row.status


def reason_of(row: Result) -> Reason:
    """Return why a row could not be decided.

    Raises:
        AssertionError: the row is a verdict.
    """
    assert row.status is Status.ERROR, f"{row.status}: {row.message}"
    assert row.reason is not None, row.message
    return row.reason


def selection_of(*policies: Policy) -> Selection:
    """Return a selection of policies, for ``make_plan``."""
    return Selection(policies)
