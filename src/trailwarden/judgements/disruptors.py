"""Who in an account may do what must not happen to trails, log buckets and keys."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trailwarden.contract import failed, passed, undecidable
from trailwarden.facts import Account, IamPrincipal, format_time
from trailwarden.model import Finding, Json, ReasonCode
from trailwarden.policydoc import (
    Answer,
    Caller,
    Context,
    Match,
    PolicyDocument,
    PolicyTextError,
    Principal,
    about,
    may,
)
from trailwarden.policydoc.glob import Glob, compile_glob

_DETAILS = "iam.GetAccountAuthorizationDetails"
_ESCALATION = (
    "iam:PutUserPolicy",
    "iam:PutRolePolicy",
    "iam:PutGroupPolicy",
    "iam:AttachUserPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachGroupPolicy",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:PassRole",
)
"""What lets somebody come by the rights of others."""


@dataclass(frozen=True, slots=True)
class Target:
    """Actions that must not happen to a resource (an ARN or pattern); ``delegates`` as for ``policydoc.may``."""

    resource: str
    actions: tuple[str, ...]
    policy: PolicyDocument | None = None
    delegates: bool = True


@dataclass(slots=True)
class _Holder:
    """One principal, the actions that it may take, and the statements that allow them."""

    principal: IamPrincipal
    certain: dict[str, None] = field(default_factory=dict)
    possible: dict[str, None] = field(default_factory=dict)
    grounds: dict[str, None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Return the row of the table of principals and actions."""
        return {
            "principal": self.principal.arn,
            "actions": list(self.certain),
            "possibly": list(self.possible),
            "by": list(self.grounds),
        }


Confirm = Callable[[IamPrincipal, str, Sequence[str]], Mapping[str, Match]]
"""Asks the simulator about a principal's actions on a resource."""


def judge_disruptors(
    account: Account,
    targets: Sequence[Target],
    what: str,
    *,
    allowed: Collection[str],
    most: int,
    confirm: Confirm | None = None,
) -> Finding:
    """Judge whether only expected principals, and not too many, may take an action.

    Args:
        account: whose users and roles.
        targets: what must not happen.
        what: that in words, to follow "may".
        allowed: patterns of the ARNs of those who are expected.
        most: how many there may be.
        confirm: asked about each who may, by the policies; its answer counts.

    Raises:
        Unreadable: users and roles could not be listed; UNPARSEABLE when only conditions that nobody can know now, or policies that are
            not known, stand between an unexpected principal and an action.
    """
    patterns = [compile_glob(item, variables=False) for item in allowed]
    people = _concerned(account, [*(action for item in targets for action in item.actions), *_ESCALATION])
    holders = [_holder(account, item, targets, confirm) for item in people]
    certain = [item for item in holders if item.certain]
    possible = [item for item in holders if item.possible and not item.certain]
    strangers = [item for item in certain if not _expected(item, patterns)]
    observed: dict[str, Json] = {
        "principals": [item.to_json() for item in certain],
        "potential": [item.to_json() for item in possible],
        "may become one": [*_escalators(account, people, {item.principal.arn for item in certain})],
    }
    expected: dict[str, Json] = {"allowed_principals": list(allowed), "max_principals": most}
    if strangers:
        return failed(f"others than expected may {what}: {_names(strangers)}", observed, expected)
    if len(certain) > most:
        return failed(f"{len(certain)} principals may {what}, more than {most}", observed, expected)
    doubtful = [item for item in possible if not _expected(item, patterns)]
    if doubtful or len(certain) + len(possible) > most:
        text = f"whether these may {what} depends on what is not known here: {_names(doubtful or possible)}"
        problem = next((item.principal.problem for item in doubtful or possible if item.principal.problem), None)
        code = problem.code if problem is not None else ReasonCode.UNPARSEABLE
        undecidable(account, code, text, operation=_DETAILS)
    notes = []
    if observed["may become one"]:
        notes.append("principals with iam:PassRole or rights to change policies may come by these rights, see observed")
    return passed(f"{len(certain)} principals may {what}, all of them expected", observed, expected, *notes)


def _expected(holder: _Holder, patterns: Iterable[Glob]) -> bool:
    return any(item.matches(holder.principal.arn) for item in patterns)


def _names(holders: Sequence[_Holder]) -> str:
    shown = [f"{item.principal.arn} ({', '.join([*item.certain, *item.possible])})" for item in holders[:10]]
    return "; ".join(shown) + (f" and {len(holders) - 10} more" if len(holders) > 10 else "")


def _holder(account: Account, principal: IamPrincipal, targets: Sequence[Target], confirm: Confirm | None) -> _Holder:
    holder = _Holder(principal)
    caller = _caller(account, principal, [item.policy for item in targets if item.policy is not None])
    for target in targets:
        answers = {action: _ask(caller, action, target, principal) for action in target.actions}
        held = [action for action, answer in answers.items() if answer.match is not Match.NO_MATCH]
        confirmed = confirm(principal, target.resource, held) if confirm is not None and held else {}
        for action in held:
            match = confirmed.get(action, answers[action].match)
            if match is Match.NO_MATCH:
                continue
            (holder.certain if match is Match.MATCH else holder.possible)[action] = None
            holder.grounds.update(dict.fromkeys(answers[action].grounds))
    return holder


def _ask(caller: Caller, action: str, target: Target, principal: IamPrincipal) -> Answer:
    try:
        answer = may(caller, action, target.resource, policy=target.policy, delegates=target.delegates)
    except PolicyTextError:
        return Answer(Match.UNKNOWN)
    # A policy that is not known may allow, and it may deny.
    return Answer(Match.UNKNOWN, answer.grounds) if principal.problem is not None else answer


def _caller(account: Account, principal: IamPrincipal, policies: Sequence[PolicyDocument]) -> Caller:
    """Return the principal with what a request of its own looks like: keys that depend on where it comes from are not known."""
    user = principal.kind == "user"
    known: dict[str, tuple[str, ...]] = {
        "aws:currenttime": (format_time(account.now),),
        "aws:epochtime": (str(int(account.now.timestamp())),),
        "aws:principalaccount": (account.account_id,),
        "aws:principalarn": (principal.arn,),
        "aws:principalisawsservice": ("false",),
        "aws:principaltype": ("User" if user else "AssumedRole",),
        "aws:resourceaccount": (account.account_id,),
        "aws:securetransport": ("true",),
        "aws:viaawsservice": ("false",),
    }
    if user:
        # A role's session may bring tags of its own.
        known |= {f"aws:principaltag/{name.lower()}": (value,) for name, value in principal.tags.items()}
        known |= {"aws:username": (principal.name,)}
    documents = [*principal.policies.values(), *policies]
    contexts = tuple(Context({**known, "aws:userid": (item,)}) for item in _user_ids(principal, documents))
    return Caller(Principal("AWS", principal.arn), principal.policies, principal.boundary, contexts)


def _user_ids(principal: IamPrincipal, documents: Sequence[PolicyDocument]) -> list[str]:
    """Return aws:userid of a user, or samples of it for a role, whose sessions name themselves: any name, and those that policies mention."""
    if principal.kind == "user":
        return [principal.unique_id]
    values = (
        value
        for document in documents
        for statement in document.statements
        for condition in statement.conditions
        if condition.key == "aws:userid"
        for value in condition.values
    )
    mentioned = [value.replace("*", "").replace("?", "x") for value in values if value.startswith(principal.unique_id)]
    return list(dict.fromkeys([f"{principal.unique_id}:\uffff", *(item for item in mentioned if ":" in item)]))


def _concerned(account: Account, actions: Iterable[str]) -> list[IamPrincipal]:
    """Return users and roles with those statements only that may touch the actions; a managed policy is looked through once."""
    services = {action.partition(":")[0].lower() for action in actions}
    known: dict[int, PolicyDocument] = {}

    def narrowed(document: PolicyDocument) -> PolicyDocument:
        if id(document) not in known:
            known[id(document)] = about(document, services)
        return known[id(document)]

    found = []
    for item in account.principals:
        policies = {name: kept for name, document in item.policies.items() if (kept := narrowed(document)).statements}
        boundary = narrowed(item.boundary) if item.boundary is not None else None
        found.append(replace(item, policies=policies, boundary=boundary))
    return found


def _escalators(account: Account, people: Iterable[IamPrincipal], already: Collection[str]) -> Iterable[str]:
    anything = Target(f"arn:{account.partition}:iam::{account.account_id}:*", _ESCALATION)
    for principal in people:
        if principal.arn in already:
            continue
        caller = _caller(account, principal, [])
        if any(_ask(caller, action, anything, principal).match is Match.MATCH for action in _ESCALATION):
            yield principal.arn
