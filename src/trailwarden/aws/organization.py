"""The accounts of an organization, and the role that each is read with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trailwarden.aws.roles import Role
from trailwarden.calls import Call, Reader
from trailwarden.errors import UsageError
from trailwarden.facts.account import body_of
from trailwarden.model import Member

_LONGEST_POLICY = 2048
"""Characters that STS takes of a session policy."""
_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_ROLE_ARN = re.compile(r"arn:[a-z0-9-]+:iam::(\d{12}|\{account\}):role/[\w+=,.@/-]+", re.ASCII)


def list_members(reader: Reader, asker: str, region: str, *, units: Sequence[str] = ()) -> tuple[Member, ...]:
    """Return the accounts of an organization by id, suspended ones included, so that leaving them out can be shown.

    Args:
        reader: answers the calls.
        asker: the management account, or a delegated administrator.
        region: where the partition's global services answer.
        units: ids of roots and organizational units; only accounts at or below one of them. Empty for all.

    Raises:
        Unreadable: a refusal, or a listing that broke off: a part of an organization is not the organization.
    """
    rows = _rows(reader, Call.of(asker, region, "organizations", "ListAccounts"), "Accounts")
    paths = _paths(rows) or _walk(reader, asker, region)
    members = (
        Member(row["Id"], row.get("Name", ""), row.get("State") or row.get("Status", ""), paths.get(row["Id"], ()))
        for row in rows
    )
    return tuple(sorted(member for member in members if not units or set(units) & set(member.path)))


def _rows(reader: Reader, call: Call, key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = body_of(call, reader.ask(call)).get(key, [])
    return rows


def _paths(rows: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Read the units from ``o-x/r-x/ou-x/111122223333/``, which newer answers carry; nothing if one lacks it."""
    if not all(row.get("Paths") for row in rows):
        return {}
    return {
        row["Id"]: tuple(part for part in row["Paths"][0].split("/") if part.startswith(("r-", "ou-"))) for row in rows
    }


def _walk(reader: Reader, asker: str, region: str) -> dict[str, tuple[str, ...]]:
    """Find each account's units by going down the tree, a level at a time."""

    def ask(operation: str, parents: list[tuple[str, ...]], key: str) -> list[tuple[tuple[str, ...], str]]:
        calls = [Call.of(asker, region, "organizations", operation, ParentId=path[-1]) for path in parents]
        replies = reader.ask_all(calls)
        pairs = zip(parents, calls, replies, strict=True)
        return [(path, row["Id"]) for path, call, reply in pairs for row in body_of(call, reply).get(key, [])]

    level: list[tuple[str, ...]] = [
        (row["Id"],) for row in _rows(reader, Call.of(asker, region, "organizations", "ListRoots"), "Roots")
    ]
    paths: dict[str, tuple[str, ...]] = {}
    while level:
        paths |= {account: path for path, account in ask("ListAccountsForParent", level, "Accounts")}
        units = ask("ListOrganizationalUnitsForParent", level, "OrganizationalUnits")
        level = [(*path, unit) for path, unit in units]
    return paths


@dataclass(frozen=True, slots=True)
class RoleTemplate:
    """How the role of each account is called.

    Args:
        role: a role's name (with its path, if it has one), or an ARN in which ``{account}`` stands for the account.
        external_id: what the trust policies ask for.
        session_name: how the sessions show up in the accounts' CloudTrail; name the run, so that it can be found.
        policy: JSON of a session policy, which narrows whatever the roles allow.

    Raises:
        UsageError: STS would refuse it for every account.
    """

    role: str
    external_id: str = ""
    session_name: str = "trailwarden"
    policy: str = ""

    def __post_init__(self) -> None:
        if self.role.startswith("arn:") and not _ROLE_ARN.fullmatch(self.role):
            raise UsageError(f"{self.role!r} is not the ARN of a role", "like arn:aws:iam::{account}:role/audit")
        if not self.role.startswith("arn:") and not re.fullmatch(r"[\w+=,.@/-]{1,512}", self.role, re.ASCII):
            raise UsageError(f"{self.role!r} is not the name of a role")
        if not _NAME.fullmatch(self.session_name):
            raise UsageError(f"{self.session_name!r} can't name a session", "2 to 64 letters, digits or any of _+=,.@-")
        if self.external_id and not _EXTERNAL_ID.fullmatch(self.external_id):
            raise UsageError("the external id has characters or a length that STS does not take")
        if len(self.policy) > _LONGEST_POLICY:
            raise UsageError(f"the session policy has {len(self.policy)} characters, STS takes {_LONGEST_POLICY}")

    def for_account(self, account: str, partition: str) -> Role:
        """Return the role of one account."""
        name = self.role.strip("/")
        arn = (
            self.role.replace("{account}", account)
            if name.startswith("arn:")
            else f"arn:{partition}:iam::{account}:role/{name}"
        )
        return Role(arn, self.external_id, self.session_name, self.policy)
