"""The role with which CloudTrail writes into a log group, with all its policies. The function is a fact of ``Trail``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from trailwarden.calls import Call
from trailwarden.errors import Unreadable
from trailwarden.facts.account import Account, body_of, expect, reason_for_call
from trailwarden.facts.base import fact
from trailwarden.facts.iam import identity_policy
from trailwarden.model import Json, ReasonCode
from trailwarden.policydoc import PolicyDocument, PolicyTextError, parse

if TYPE_CHECKING:
    from trailwarden.facts.trail import Trail


@dataclass(frozen=True, slots=True)
class LogRole:
    """A role: who may assume it, and what it may do, by the name of each policy."""

    arn: str
    trust: PolicyDocument
    policies: Mapping[str, PolicyDocument]


@fact(
    "iam.GetRole",
    "iam.ListRolePolicies",
    "iam.GetRolePolicy",
    "iam.ListAttachedRolePolicies",
    "iam.GetPolicy",
    "iam.GetPolicyVersion",
)
def log_role(trail: Trail) -> LogRole | None:
    """The role of CloudWatchLogsRoleArn, None where it does not exist; nothing is asked for a trail that names none.

    Raises:
        Unreadable: refused; CROSS_ACCOUNT for a role of an account that the run does not reach; UNPARSEABLE for a text that is no policy.
    """
    arn = trail.log_role_arn
    if not arn:
        return None
    return _Role(trail.account, arn).read()


class _Role:
    def __init__(self, account: Account, arn: str) -> None:
        self._account = account
        self._arn = arn
        self._owner = arn.split(":")[4]
        self._name = arn.rsplit("/", 1)[-1]

    def read(self) -> LogRole | None:
        """Ask for the role and each of its policies."""
        call = self._call("GetRole", RoleName=self._name)
        reply = self._account.reply(call)
        if reply.error is not None and reply.error.code == "NoSuchEntity":
            return None
        role = expect(call, body_of(call, reply), "Role")
        policies: dict[str, PolicyDocument] = {}
        for name in self._ask("ListRolePolicies", "PolicyNames", RoleName=self._name):
            asked = self._call("GetRolePolicy", RoleName=self._name, PolicyName=str(name))
            text = expect(asked, body_of(asked, self._account.reply(asked)), "PolicyDocument")
            policies[f"policy {name}"] = identity_policy(asked, text, str(name))
        for item in self._ask("ListAttachedRolePolicies", "AttachedPolicies", RoleName=self._name):
            arn = str(item["PolicyArn"])
            policies[arn] = self._managed(arn)
        return LogRole(self._arn, _trust(call, role.get("AssumeRolePolicyDocument")), policies)

    def _managed(self, arn: str) -> PolicyDocument:
        version = self._ask("GetPolicy", "Policy", PolicyArn=arn).get("DefaultVersionId")
        asked = self._call("GetPolicyVersion", PolicyArn=arn, VersionId=str(version))
        found = expect(asked, body_of(asked, self._account.reply(asked)), "PolicyVersion")
        return identity_policy(asked, found.get("Document"), arn)

    def _ask(self, operation: str, key: str, **params: Json) -> Any:
        call = self._call(operation, **params)
        return expect(call, body_of(call, self._account.reply(call)), key)

    def _call(self, operation: str, **params: Json) -> Call:
        """Return a call as the role's owner.

        Raises:
            Unreadable: CROSS_ACCOUNT; a role of the same name in this account would be another one.
        """
        account = self._account
        reached = self._owner in account.peers
        asker = self._owner if reached else account.account_id
        call = account.call(f"iam.{operation}", account.global_region, asker=asker, **params)
        if not reached:
            text = f"the role belongs to account {self._owner}"
            raise Unreadable(reason_for_call(call, ReasonCode.CROSS_ACCOUNT, message=text))
        return call


def _trust(call: Call, text: Any) -> PolicyDocument:
    try:
        return parse(text if isinstance(text, Mapping) else unquote(str(text or "")), resources=False)
    except PolicyTextError as error:
        raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=f"trust policy: {error}")) from None
