"""The users and roles of an account with all their policies, from GetAccountAuthorizationDetails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from trailwarden.calls import Call
from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect, reason_for_call
from trailwarden.model import Json, Reason, ReasonCode
from trailwarden.policydoc import Match, PolicyDocument, PolicyTextError, parse

if TYPE_CHECKING:
    from trailwarden.facts.account import Account

SERVICE_ROLES = "/aws-service-role/"
"""The path of roles that only the AWS service they belong to can assume or change."""


@dataclass(frozen=True, slots=True)
class IamPrincipal:
    """A user or a role. ``problem`` is why some of its policies are not known; those that are stand in ``policies``, by name."""

    arn: str
    kind: str
    """user or role."""
    name: str
    unique_id: str
    """AIDA… or AROA…, as aws:userid begins."""
    tags: Mapping[str, str]
    policies: Mapping[str, PolicyDocument]
    boundary: PolicyDocument | None
    problem: Reason | None


def list_principals(account: Account) -> tuple[IamPrincipal, ...]:
    """Return users and roles by ARN, service-linked roles left out: only their service can use them.

    Raises:
        Unreadable: refused; TRUNCATED for an answer that says itself that there is more.
    """
    call = account.call("iam.GetAccountAuthorizationDetails", account.global_region)
    body = body_of(call, account.reply(call))
    if body.get("IsTruncated") is True:
        raise Unreadable(reason_for_call(call, ReasonCode.TRUNCATED, message="the answer goes on"))
    users, groups, roles, managed = (
        expect(call, body, name) for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    )
    reader = _Details(call, {str(row["Arn"]): row for row in managed}, {str(row["GroupName"]): row for row in groups})
    found = [reader.principal(row, "user") for row in users]
    found += [reader.principal(row, "role") for row in roles if not str(row["Path"]).startswith(SERVICE_ROLES)]
    return tuple(sorted(found, key=lambda item: item.arn))


class _Details:
    """One answer, while it is read; a managed policy is parsed once for all that it is attached to."""

    def __init__(self, call: Call, managed: Mapping[str, Any], groups: Mapping[str, Any]) -> None:
        self._call = call
        self._managed = managed
        self._groups = groups
        self._parsed: dict[str, PolicyDocument] = {}

    def principal(self, row: Mapping[str, Any], kind: str) -> IamPrincipal:
        """Read one row."""
        name = str(row[f"{kind.title()}Name"])
        holders = [(row, kind.title()), *((self._groups.get(item), "Group") for item in row.get("GroupList") or ())]
        policies: dict[str, PolicyDocument] = {}
        boundary: PolicyDocument | None = None
        problem: Reason | None = None
        try:
            for holder, word in holders:
                policies.update(self._held(holder, word))
            arn = str((row.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or "")
            boundary = self._of(arn) if arn else None
        except Unreadable as error:
            problem = error.reason
        tags = {str(item["Key"]): str(item["Value"]) for item in row.get("Tags") or ()}
        identity = str(row.get(f"{kind.title()}Id") or "")
        return IamPrincipal(str(row["Arn"]), kind, name, identity, tags, policies, boundary, problem)

    def _held(self, holder: Mapping[str, Any] | None, word: str) -> Iterable[tuple[str, PolicyDocument]]:
        if holder is None:
            raise self._unknown("a group of a user is not in the answer")
        owner = str(holder[f"{word}Name"])
        for item in holder.get(f"{word}PolicyList") or ():
            name = f"{word.lower()} policy {owner}/{item['PolicyName']}"
            yield name, self._parse(item.get("PolicyDocument"), name)
        for item in holder.get("AttachedManagedPolicies") or ():
            yield str(item["PolicyArn"]), self._of(str(item["PolicyArn"]))

    def _of(self, arn: str) -> PolicyDocument:
        """Return the default version of a managed policy."""
        found = self._parsed.get(arn)
        if found is None:
            row = self._managed.get(arn)
            if row is None:
                raise self._unknown(f"policy {arn} is attached and not in the answer")
            versions = row.get("PolicyVersionList") or ()
            text = next((item.get("Document") for item in versions if item.get("IsDefaultVersion")), None)
            found = self._parsed[arn] = self._parse(text, arn)
        return found

    def _parse(self, text: Any, name: str) -> PolicyDocument:
        return identity_policy(self._call, text, name)

    def _unknown(self, text: str) -> Unreadable:
        return Unreadable(reason_for_call(self._call, ReasonCode.UNEXPECTED, message=text))


def identity_policy(call: Call, text: Any, name: str) -> PolicyDocument:
    """Return the policy of a user, group or role; the SDK hands it over as an object, AWS itself as URL-encoded JSON.

    Raises:
        Unreadable: UNPARSEABLE for a text that is no policy.
    """
    try:
        source = text if isinstance(text, Mapping) else unquote(str(text or ""))
        return parse(source, principals=False)
    except PolicyTextError as error:
        raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=f"{name}: {error}")) from None


class Simulator:
    """IAM's own policy simulator. Asking raises Unreadable when a call is refused."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def ask(self, principal: str, actions: Sequence[str], resource: str) -> Mapping[str, Match]:
        """Return for each action whether IAM lets the principal do it to the resource; UNKNOWN where context values are missing."""
        account = self._account
        names: list[Json] = sorted(actions)
        call = account.call(
            "iam.SimulatePrincipalPolicy",
            account.global_region,
            PolicySourceArn=principal,
            ActionNames=names,
            ResourceArns=[resource],
        )
        rows = expect(call, body_of(call, account.reply(call)), "EvaluationResults")
        found = {str(row["EvalActionName"]): _decision(row) for row in rows}
        return {action: found.get(action, Match.UNKNOWN) for action in actions}


def _decision(row: Mapping[str, Any]) -> Match:
    organization = row.get("OrganizationsDecisionDetail") or {}
    if organization.get("AllowedByOrganizations") is False or row.get("EvalDecision") == "explicitDeny":
        return Match.NO_MATCH
    if row.get("MissingContextValues"):
        return Match.UNKNOWN
    return Match.of(row.get("EvalDecision") == "allowed")
