"""Whether a statement applies to a request, and what a whole policy says to it.

Source: IAM user guide, "Policy evaluation logic".
"""

from dataclasses import dataclass, field

from trailwarden.policydoc.conditions import Context, condition_holds, glob_holds
from trailwarden.policydoc.document import PolicyDocument, Principal, Statement
from trailwarden.policydoc.glob import compile_glob
from trailwarden.policydoc.truth import Match, all_of, any_of


@dataclass(frozen=True, slots=True)
class Request:
    """One call: action (``s3:PutObject``), resource ARN, who calls, and the condition keys that are known."""

    action: str
    resource: str
    principal: Principal
    context: Context = field(default_factory=Context)


def statement_matches(statement: Statement, request: Request) -> Match:
    """Whether the statement applies to the request."""
    return all_of(
        (
            principal_matches(statement, request.principal),
            action_matches(statement, request.action),
            resource_matches(statement, request.resource, request.context),
            conditions_hold(statement, request.context),
        )
    )


def decide(document: PolicyDocument, request: Request) -> Match:
    """Whether the policy allows the request: MATCH = allowed, NO_MATCH = denied or not allowed at all."""
    allowed = any_of(statement_matches(item, request) for item in document.allows())
    denied = any_of(statement_matches(item, request) for item in document.denies())
    return all_of((allowed, ~denied))


def principal_matches(statement: Statement, principal: Principal) -> Match:
    """Whether the statement speaks of the principal; a statement without principals (SCP) speaks of everybody.

    An account entry stands for all principals of the account. As an exception of NotPrincipal it does not: AWS wants
    the role and its account listed, so for either alone the answer is UNKNOWN.
    """
    if statement.not_principals:
        if any(_is(entry, principal) for entry in statement.not_principals):
            return Match.NO_MATCH
        account = principal.account
        related = account and any(entry.account == account for entry in statement.not_principals)
        return Match.UNKNOWN if related else Match.MATCH
    if not statement.principals:
        return Match.MATCH
    return Match.of(any(_includes(entry, principal) for entry in statement.principals))


def _is(entry: Principal, principal: Principal) -> bool:
    if entry.everyone:
        return True
    if entry.account_root:
        return entry.account_root == principal.account_root
    return entry.type == principal.type and compile_glob(entry.value, variables=False).matches(principal.value)


def _includes(entry: Principal, principal: Principal) -> bool:
    return _is(entry, principal) or bool(entry.account_root and entry.account_root == principal.account)


def action_matches(statement: Statement, action: str) -> Match:
    """Whether the statement speaks of the action; case does not count."""
    patterns = statement.actions or statement.not_actions
    found = any(compile_glob(item.lower(), variables=False).matches(action.lower()) for item in patterns)
    return Match.of(found == bool(statement.actions))


def resource_matches(statement: Statement, resource: str, context: Context) -> Match:
    """Whether the statement speaks of the resource; case counts, variables are read from the request."""
    patterns = statement.resources or statement.not_resources
    found = any_of(
        glob_holds(compile_glob(item, variables=statement.variables), resource, context) for item in patterns
    )
    return found if statement.resources else ~found


def conditions_hold(statement: Statement, context: Context) -> Match:
    """Whether all conditions of the statement hold."""
    return all_of(condition_holds(item, context, variables=statement.variables) for item in statement.conditions)
