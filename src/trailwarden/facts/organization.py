"""The organization of an account: who manages it, who may act for it, and which policies reach an account."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trailwarden.calls import Call
from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect, reason_for_call
from trailwarden.facts.base import Subject, fact
from trailwarden.facts.deliveries import all_digests, home_digests
from trailwarden.facts.times import optional_time
from trailwarden.model import Json, Reason, ReasonCode
from trailwarden.policydoc import PolicyDocument, PolicyTextError, parse

if TYPE_CHECKING:
    from trailwarden.facts.account import Account

CLOUDTRAIL = "cloudtrail.amazonaws.com"
SCP = "SERVICE_CONTROL_POLICY"
RCP = "RESOURCE_CONTROL_POLICY"
_ROOT = "ROOT"
_DEEPEST = 16
"""Parents of an account at most; AWS allows five levels of units below the root, so a longer chain is no tree."""


@dataclass(frozen=True, slots=True)
class Membership:
    """What DescribeOrganization says; everything empty for an account in no organization."""

    organization_id: str = ""
    management_account: str = ""
    feature_set: str = ""

    @property
    def exists(self) -> bool:
        """Return whether the account is in an organization."""
        return bool(self.organization_id)

    @property
    def all_features(self) -> bool:
        """Return whether the organization can have trails and policies, not only a common bill."""
        return self.feature_set == "ALL"


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """An account of the organization. ``joined`` is None where AWS leaves the time out."""

    id: str
    state: str
    joined: datetime | None

    @property
    def active(self) -> bool:
        """Return whether the account is in use; suspended and closed ones produce nothing."""
        return self.state == "ACTIVE"


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """A policy that reaches an account. ``target`` is the account, unit or root that it is attached to."""

    id: str
    target: str
    document: PolicyDocument


@dataclass(frozen=True, slots=True)
class Guardrails:
    """The policies of one type that reach an account, from its own up to the root's."""

    type: str
    enabled: bool
    """Whether the root has the type enabled; policies of a type that is not enabled do nothing."""
    policies: tuple[AttachedPolicy, ...] = ()

    @property
    def documents(self) -> tuple[PolicyDocument, ...]:
        """Return what is in force."""
        return tuple(item.document for item in self.policies) if self.enabled else ()

    def to_json(self) -> Json:
        """Return the row that a finding shows."""
        attached: list[Json] = [{"Id": item.id, "target": item.target} for item in self.policies]
        return {"Type": self.type, "enabled": self.enabled, "policies": attached}


class Organization(Subject):
    """The organization of an account, asked as its management account where the run can be that, else as the account."""

    kind = "organization"

    def __init__(self, account: Account) -> None:
        super().__init__(
            id=f"arn:{account.partition}:organizations::{account.account_id}:organization",
            name=account.account_id,
            account_id=account.account_id,
            region=account.global_region,
        )
        self.account = account

    def _call(self, operation: str, *, asker: str = "", **params: Json) -> Call:
        return self.account.call(f"organizations.{operation}", self.region, asker=asker, **params)

    @property
    def _asker(self) -> str:
        """Return who asks what a member may not: the management account if the run has its credentials."""
        management = self.membership.management_account
        return management if management in self.account.peers else self.account_id

    def _rows(self, operation: str, key: str, **params: Json) -> list[dict[str, Any]]:
        return listing(self.account, self._call(operation, asker=self._asker, **params), key)

    @fact("organizations.DescribeOrganization")
    def membership(self) -> Membership:
        """The organization's id, management account and feature set; not being in one is an answer."""
        call = self._call("DescribeOrganization")
        reply = self.account.reply(call)
        if reply.error is not None and reply.error.code == "AWSOrganizationsNotInUseException":
            return Membership()
        row = expect(call, body_of(call, reply), "Organization")
        return Membership(
            str(expect(call, row, "Id")),
            str(expect(call, row, "MasterAccountId")),
            str(expect(call, row, "FeatureSet")),
        )

    @fact("organizations.ListAccounts", needs=["Organization.membership"])
    def members(self) -> tuple[MemberAccount, ...]:
        """Every account of the organization by id, the management account among them, suspended ones too."""
        rows = self._rows("ListAccounts", "Accounts")
        found = (
            MemberAccount(
                str(row["Id"]),
                str(row.get("State") or row.get("Status") or ""),
                optional_time(row.get("JoinedTimestamp")),
            )
            for row in rows
        )
        return tuple(sorted(found, key=lambda item: item.id))

    @fact("organizations.ListAWSServiceAccessForOrganization", needs=["Organization.membership"])
    def trusted_services(self) -> tuple[str, ...]:
        """The service principals with trusted access, sorted."""
        rows = self._rows("ListAWSServiceAccessForOrganization", "EnabledServicePrincipals")
        return tuple(sorted(str(row["ServicePrincipal"]) for row in rows))

    @fact("organizations.ListDelegatedAdministrators", needs=["Organization.membership"])
    def trail_administrators(self) -> tuple[str, ...]:
        """The accounts that may administer CloudTrail for the organization, beside the management account, sorted."""
        rows = self._rows("ListDelegatedAdministrators", "DelegatedAdministrators", ServicePrincipal=CLOUDTRAIL)
        return tuple(sorted(str(row["Id"]) for row in rows))

    @fact("organizations.DescribeEffectivePolicy")
    def effective_s3_policy(self) -> Mapping[str, Json] | None:
        """The S3 policy in force for the account, or None when there is none; every account may ask for its own.

        Raises:
            Unreadable: refused; UNPARSEABLE for a text that is no JSON object.
        """
        call = self._call("DescribeEffectivePolicy", PolicyType="S3_POLICY")
        reply = self.account.reply(call)
        if reply.error is not None and reply.error.code == "EffectivePolicyNotFoundException":
            return None
        text = str(expect(call, expect(call, body_of(call, reply), "EffectivePolicy"), "PolicyContent"))
        try:
            content = json.loads(text)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message="the policy is no JSON object"))
        return content

    @fact("organizations.ListRoots", needs=["Organization.membership"])
    def policy_types(self) -> tuple[str, ...]:
        """The types of policies that the root has enabled."""
        rows = self._rows("ListRoots", "Roots")
        types = (item for row in rows for item in row.get("PolicyTypes") or ())
        return tuple(sorted(str(item["Type"]) for item in types if item.get("Status") == "ENABLED"))

    @fact(
        "organizations.ListParents",
        "organizations.ListPoliciesForTarget",
        "organizations.DescribePolicy",
        needs=["Organization.membership", "Organization.policy_types"],
    )
    def service_control_policies(self) -> Guardrails:
        """The SCPs that reach the account: AWS lists direct attachments only, so every ancestor is asked."""
        return self._guardrails(SCP, self.account_id)

    @fact(
        "organizations.ListParents",
        "organizations.ListPoliciesForTarget",
        "organizations.DescribePolicy",
        needs=["Organization.membership", "Organization.policy_types", "Account.buckets", "LogBucket.location"],
    )
    def archive_guardrails(self) -> Mapping[str, tuple[Guardrails, Guardrails] | Reason]:
        """By account that owns a log bucket: the SCPs and RCPs that reach it, or why they can't be read."""
        owners = {bucket.location.owner for bucket in _readable(self.account)} - {""}
        found: dict[str, tuple[Guardrails, Guardrails] | Reason] = {}
        for owner in sorted(owners):
            try:
                found[owner] = (self._guardrails(SCP, owner), self._guardrails(RCP, owner))
            except Unreadable as error:
                found[owner] = error.reason
        return found

    @fact("ec2.DescribeRegions", needs=["Organization.members", "Organization.membership"])
    def enabled_regions(self) -> Mapping[str, frozenset[str] | Reason]:
        """By active account: the names of its enabled regions, or why they are not known.

        Read only in the account itself and where the run has credentials: no call tells it of another account. In a run over several
        accounts it is read for the management account; the others learn nothing here.
        """
        if self._asker != self.account_id:
            return {}
        return {item.id: self._regions_of(item.id) for item in self.members if item.active}

    home_digests = home_digests
    all_digests = all_digests

    def _regions_of(self, account_id: str) -> frozenset[str] | Reason:
        call = self.account.call("ec2.DescribeRegions", self.region, asker=account_id, AllRegions=True)
        if account_id not in self.account.peers:
            text = f"which regions account {account_id} has enabled is readable with its own credentials only"
            reason = reason_for_call(call, ReasonCode.CROSS_ACCOUNT, message=text)
            return self.account.out_of_reach(reason, account_id).reason
        try:
            rows = expect(call, body_of(call, self.account.reply(call)), "Regions")
        except Unreadable as error:
            return error.reason
        return frozenset(str(row["RegionName"]) for row in rows if row.get("OptInStatus") != "not-opted-in")

    def _guardrails(self, kind: str, target: str) -> Guardrails:
        if kind not in self.policy_types:
            return Guardrails(kind, enabled=False)
        found = [policy for level in self._lineage(target) for policy in self._attached(kind, level)]
        return Guardrails(kind, enabled=True, policies=tuple(found))

    def _lineage(self, target: str) -> Sequence[str]:
        """Return an account with its ancestors, up to the root."""
        line = [target]
        while len(line) <= _DEEPEST:
            call = self._call("ListParents", asker=self._asker, ChildId=line[-1])
            parents = listing(self.account, call, "Parents")
            if len(parents) != 1:
                text = f"{line[-1]} has {len(parents)} parents"
                raise Unreadable(reason_for_call(call, ReasonCode.UNEXPECTED, message=text))
            line.append(str(parents[0]["Id"]))
            if parents[0].get("Type") == _ROOT:
                return line
        raise Unreadable(reason_for_call(call, ReasonCode.UNEXPECTED, message=f"no root above {target}"))

    def _attached(self, kind: str, target: str) -> list[AttachedPolicy]:
        rows = self._rows("ListPoliciesForTarget", "Policies", TargetId=target, Filter=kind)
        return [AttachedPolicy(str(row["Id"]), target, self._document(str(row["Id"]), kind)) for row in rows]

    def _document(self, policy_id: str, kind: str) -> PolicyDocument:
        call = self._call("DescribePolicy", asker=self._asker, PolicyId=policy_id)
        policy = expect(call, body_of(call, self.account.reply(call)), "Policy")
        try:
            return parse(str(expect(call, policy, "Content")), principals=kind == RCP)
        except PolicyTextError as error:
            raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=str(error))) from None


def _readable(account: Account) -> list[Any]:
    """Return the log buckets that could be found; a bucket that could not is for its own checks to report."""
    found = []
    for bucket in account.buckets:
        try:
            _ = bucket.location
        except Unreadable:
            continue
        found.append(bucket)
    return found


def listing(account: Account, call: Call, key: str) -> list[dict[str, Any]]:
    """Return the rows of every page of a listing, also of one that botocore can't page through by itself.

    Raises:
        Unreadable: a page failed; TRUNCATED when a page repeats an earlier one's token: part of a listing is not the listing.
    """
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    page = call
    while True:
        body = body_of(page, account.reply(page))
        rows.extend(expect(page, body, key))
        token = str(body.get("NextToken") or "")
        if not token:
            return rows
        if token in seen:
            raise Unreadable(reason_for_call(call, ReasonCode.TRUNCATED, message="a page leads back to an earlier one"))
        seen.add(token)
        page = account.call(call.name, call.region, asker=call.account, **{**call.arguments, "NextToken": token})
