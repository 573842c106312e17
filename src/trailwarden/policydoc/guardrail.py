"""What do an organisation's guardrails (SCPs, RCPs) leave open?

A guardrail stops an action only when its Deny statements cover the action, the resource and everybody. The one
condition accepted is an exemption of principals that are on the list of expected ones; any other condition leaves
requests open under which it does not hold.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from trailwarden.policydoc.conditions import Context, condition_holds
from trailwarden.policydoc.document import Condition, PolicyDocument, Statement
from trailwarden.policydoc.glob import Glob, compile_glob, covered
from trailwarden.policydoc.operators import Quantifier
from trailwarden.policydoc.scope import action_glob, actions_of, resource_glob, resources_of, union_covers
from trailwarden.policydoc.truth import Match

_PRINCIPAL_ARN = "aws:principalarn"
_NAME_TESTS = {"stringequals", "stringlike", "arnequals", "arnlike"}
# A Deny that spares calls by AWS services themselves is accepted: SCPs never reach those, and RCPs have to let the logs in.
_CALLER = Context({"aws:principalisawsservice": ("false",)})


@dataclass(frozen=True, slots=True)
class Gap:
    """An action on a resource that is not denied to everybody, and why not.

    ``undecided`` marks a gap that exists only because of an unknown condition operator.
    """

    action: str
    resource: str
    reason: str
    undecided: bool = False

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}: {self.reason}"


def open_actions(
    documents: Sequence[PolicyDocument],
    actions: Sequence[str],
    resources: Sequence[str],
    *,
    exempt: Collection[str] = (),
) -> tuple[Gap, ...]:
    """The pairs of action and resource that the documents together do not deny to everybody.

    Args:
        documents: the policies that reach one account, from it up to the root.
        actions: names such as ``cloudtrail:StopLogging``; wildcards are allowed.
        resources: ARNs or patterns (``BUCKET/*``, ``*``). Each action is asked of each resource.
        exempt: patterns of aws:PrincipalArn that may be left out of the Deny.
    """
    denies = [statement for document in documents for statement in document.denies()]
    gaps = (_gap(denies, action, resource, exempt) for action in actions for resource in resources)
    return tuple(gap for gap in gaps if gap)


def _gap(denies: list[Statement], action: str, resource: str, exempt: Collection[str]) -> Gap | None:
    goal = resource_glob(resource)
    reaching = [item for item in denies if resources_of(item).covers(goal)]
    openings = [(item, _opening(item, exempt)) for item in reaching]
    if _covered(action, [item for item, opening in openings if not opening]):
        return None
    obscure = [item for item, opening in openings if not opening or opening.undecided]
    if _covered(action, obscure):
        doubt = next(opening for _, opening in openings if opening and opening.undecided)
        return Gap(action, resource, doubt.text, undecided=True)
    about = [opening.text for item, opening in openings if opening and actions_of(item).touches(action_glob(action))]
    return Gap(action, resource, "; ".join(about) or "no Deny covers it")


@dataclass(frozen=True, slots=True)
class _Opening:
    """Why a Deny does not bind everybody."""

    text: str
    undecided: bool = False


def _covered(action: str, statements: list[Statement]) -> bool:
    return union_covers(action_glob(action), [actions_of(item) for item in statements])


def _opening(statement: Statement, exempt: Collection[str]) -> _Opening | None:
    everybody = any(item.everyone for item in statement.principals)
    if statement.not_principals or (statement.principals and not everybody):
        return _Opening(f"{statement} does not bind every principal")
    patterns = [compile_glob(item) for item in sorted(exempt)]
    doubt = None
    for condition in statement.conditions:
        if not condition.operator.known:
            doubt = _Opening(f"{statement} has the unknown operator {condition.operator.name}", undecided=True)
        elif not _binds_all_others(condition, statement, patterns):
            return _Opening(f"{statement} holds only under {condition}")
    return doubt


def _binds_all_others(condition: Condition, statement: Statement, exempt: list[Glob]) -> bool:
    """Whether the condition holds for every caller but the exempt ones."""
    operator = condition.operator
    named = operator.negated and operator.test in _NAME_TESTS and operator.quantifier is not Quantifier.FOR_ANY
    if condition.key == _PRINCIPAL_ARN and named:
        exceptions = [compile_glob(value, variables=statement.variables) for value in condition.values]
        return all(covered(item, exempt) for item in exceptions)
    return condition_holds(condition, _CALLER, variables=statement.variables) is Match.MATCH
