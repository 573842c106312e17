"""What a user or role may do: identity policies, a permissions boundary and the resource's own policy, weighed together.

The question is whether there is a request that gets through, so an action or resource may be a pattern: an Allow counts
when it touches it, a Deny when it covers all that the Allow gives. Source: IAM user guide, "Policy evaluation logic".
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from trailwarden.policydoc.conditions import Context
from trailwarden.policydoc.document import PolicyDocument, Principal, Statement
from trailwarden.policydoc.glob import Glob, compile_glob, covered
from trailwarden.policydoc.request import conditions_hold, principal_matches
from trailwarden.policydoc.scope import action_glob, actions_of, resource_glob, resources_of, union_covers
from trailwarden.policydoc.truth import Match, all_of, any_of

Addressed = tuple[Statement, Match]
"""A statement, and whether it speaks of the caller."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``policies`` are the identity policies by name; ``contexts`` what the caller can make the request look like."""

    principal: Principal
    policies: Mapping[str, PolicyDocument]
    boundary: PolicyDocument | None
    contexts: tuple[Context, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the caller gets through, and by which statements (``POLICY: statement 0 (Sid)``)."""

    match: Match
    grounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one Allow gives of that which is asked about."""

    ground: str
    resource: Glob
    match: Match


def may(
    caller: Caller,
    action: str,
    resource: str,
    *,
    policy: PolicyDocument | None = None,
    delegates: bool = True,
) -> Answer:
    """Whether a caller may do something to a resource of its own account, under at least one context.

    Args:
        caller: who.
        action: name or pattern.
        resource: ARN or pattern.
        policy: the resource's own policy.
        delegates: whether identity policies count without being asked in by the resource's policy; not so for KMS keys.

    Raises:
        PolicyTextError: patterns that are too complex to compare.
    """
    answers = [
        _under(context, caller, action, resource, policy=policy, delegates=delegates) for context in caller.contexts
    ]
    match = any_of(answer.match for answer in answers)
    return Answer(match, tuple(dict.fromkeys(ground for answer in answers for ground in answer.grounds)))


def _under(
    context: Context, caller: Caller, action: str, resource: str, *, policy: PolicyDocument | None, delegates: bool
) -> Answer:
    goal = resource_glob(resource)
    pieces: list[_Piece] = []
    for name, document in caller.policies.items():
        pieces += _pieces(name, _everybodys(document.allows()), action, goal, context)
    limits = [] if caller.boundary is None else [_everybodys(caller.boundary.allows())]
    if policy is not None and not delegates:
        limits.append(_of(policy.allows(), caller.principal, roots=True))
    pieces = [
        replace(
            piece, match=all_of([piece.match, *(_touches(item, action, piece.resource, context) for item in limits)])
        )
        for piece in pieces
    ]
    if policy is not None:
        named = _of(policy.allows(), caller.principal, roots=False)
        pieces += _pieces("resource policy", named, action, goal, context)
    denies = [item for document in caller.policies.values() for item in _everybodys(document.denies())]
    denies += _everybodys(caller.boundary.denies()) if caller.boundary is not None else ()
    denies += [(item, principal_matches(item, caller.principal)) for item in (policy.denies() if policy else ())]
    outcomes = [
        replace(piece, match=all_of((piece.match, ~_denied(denies, action, piece.resource, context))))
        for piece in pieces
    ]
    through = [item for item in outcomes if item.match is not Match.NO_MATCH]
    return Answer(any_of(item.match for item in outcomes), tuple(item.ground for item in through))


def _everybodys(statements: Iterable[Statement]) -> list[Addressed]:
    """The statements of a policy that names no principal, because it belongs to the caller."""
    return [(item, Match.MATCH) for item in statements]


def _of(statements: Iterable[Statement], principal: Principal, *, roots: bool) -> list[Addressed]:
    """The Allow statements that speak of the caller: by asking its account's IAM in (``roots``), or by name.

    A whole account as principal of its own resource only lets identity policies decide.
    """
    found = []
    for statement in statements:
        kept = tuple(item for item in statement.principals if item.everyone or bool(item.account_root) is roots)
        if kept or (statement.not_principals and not roots):
            candidate = replace(statement, principals=kept)
            found.append((candidate, principal_matches(candidate, principal)))
    return found


def _pieces(name: str, statements: Iterable[Addressed], action: str, goal: Glob, context: Context) -> Iterable[_Piece]:
    for statement, speaks in statements:
        if not _speaks_of(statement, action):
            continue
        holds = all_of((speaks, conditions_hold(statement, context)))
        if holds is not Match.NO_MATCH:
            yield from (_Piece(f"{name}: {statement}", part, holds) for part in _parts(statement, goal))


@lru_cache(maxsize=4096)
def _parts(statement: Statement, goal: Glob) -> tuple[Glob, ...]:
    """What of the goal a statement reaches: nothing, its own narrower patterns, or the whole."""
    if not resources_of(statement).touches(goal):
        return ()
    patterns = [compile_glob(item, variables=statement.variables) for item in statement.resources]
    inside = [item.widest() for item in patterns if covered(item, [goal])]
    wider = len(inside) < len(patterns) and any(
        resources_of(replace(statement, resources=(item,))).touches(goal)
        for item, pattern in zip(statement.resources, patterns, strict=True)
        if pattern.widest() not in inside
    )
    return tuple(inside) if inside and not wider else (goal,)


def _touches(statements: Iterable[Addressed], action: str, resource: Glob, context: Context) -> Match:
    return any_of(
        all_of((speaks, conditions_hold(item, context)))
        for item, speaks in statements
        if _speaks_of(item, action) and resources_of(item).touches(resource)
    )


def _denied(denies: Iterable[Addressed], action: str, resource: Glob, context: Context) -> Match:
    """Whether Denies together cover all of a resource."""
    certain, possible = [], []
    for item, named in denies:
        if not _speaks_of(item, action) or not actions_of(item).covers(action_glob(action)):
            continue
        holds = all_of((named, conditions_hold(item, context)))
        if holds is Match.MATCH:
            certain.append(resources_of(item))
        if holds is not Match.NO_MATCH:
            possible.append(resources_of(item))
    if union_covers(resource, certain):
        return Match.MATCH
    return Match.UNKNOWN if union_covers(resource, possible) else Match.NO_MATCH


def about(document: PolicyDocument, services: Collection[str]) -> PolicyDocument:
    """The statements of a policy that may touch actions of some services (``s3``, in lower case); most touch others."""
    if any(not compile_glob(item).fixed for item in services):
        return document

    def concerns(action: str) -> bool:
        prefix = action.partition(":")[0].lower()
        return prefix in services or "*" in prefix or "?" in prefix

    kept = (item for item in document.statements if item.not_actions or any(map(concerns, item.actions)))
    return replace(document, statements=tuple(kept))


@lru_cache(maxsize=4096)
def _speaks_of(statement: Statement, action: str) -> bool:
    return actions_of(statement).touches(action_glob(action))
