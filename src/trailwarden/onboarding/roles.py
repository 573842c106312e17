"""Whom to let in, and for what: the roles of an organization, and the documents that every form of them shares."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from trailwarden.errors import UsageError
from trailwarden.model import Json

ROLE = "trailwarden-audit"
LONGEST_SESSION_POLICY = 2048
"""Characters that STS takes of a session policy."""
DISCOVERY = (
    "organizations:DescribeOrganization",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
)
"""What finding the accounts takes."""
ANYWHERE = ("organizations:DescribeEffectivePolicy", "organizations:DescribeOrganization")
"""What AWS Organizations tells every account; the rest it tells the management account and delegated administrators only."""
_TRUSTED = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[\w+=,.@/-]+)", re.ASCII)
_UNIT = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}")
STACK_SET = "trailwarden-audit-roles"
EXTERNAL_ID_LENGTH = (2, 1224)


@dataclass(frozen=True, slots=True)
class Onboarding:
    """Whom to let in, and for what.

    Args:
        actions: IAM actions, such as ``Plan.actions``.
        trusted: ARN of the user, role or account that reads; empty leaves it to a parameter.
        external_id: what the caller has to name; empty leaves it to a parameter. It is always asked for.
        role: the name of the role in each account.
        units: ids of roots and organizational units; empty leaves them to a parameter.
        partition: aws, aws-us-gov or aws-cn.

    Raises:
        UsageError: ``trusted`` is no such ARN, or one of ``units`` no such id.
    """

    actions: tuple[str, ...]
    trusted: str = ""
    external_id: str = ""
    role: str = ROLE
    units: tuple[str, ...] = ()
    partition: str = "aws"

    def __post_init__(self) -> None:
        if self.trusted and not _TRUSTED.fullmatch(self.trusted):
            hint = "such as arn:aws:iam::111122223333:role/ci; a session's ARN is not its role's"
            raise UsageError(f"{self.trusted!r} is not the ARN of a role, a user or an account", hint)
        for unit in self.units:
            if not _UNIT.fullmatch(unit):
                raise UsageError(f"{unit!r} is not the id of a root or organizational unit", "such as ou-ab12-11223344")

    @property
    def member_actions(self) -> tuple[str, ...]:
        """Return what the role in a member account may do."""
        return tuple(
            action
            for action in sorted(set(self.actions))
            if not action.startswith("organizations:") or action in ANYWHERE
        )

    @property
    def management_actions(self) -> tuple[str, ...]:
        """Return what the role in the management account may do."""
        return tuple(sorted({*self.actions, *DISCOVERY}))

    @property
    def role_pattern(self) -> str:
        """Return the ARN that all these roles have."""
        return f"arn:{self.partition}:iam::*:role/{self.role}"


def session_policy(actions: Iterable[str]) -> str:
    """Return a session policy that narrows any role to some actions, as short as it has to be.

    Where the full names exceed what STS takes, those of a service are joined by their common beginnings. What that lets through is still
    limited by the role itself.

    Raises:
        UsageError: not even that is short enough.
    """
    names = sorted(set(actions))
    for wanted in (names, _joined(names, 2), _joined(names, 1)):
        statement = {"Effect": "Allow", "Action": wanted, "Resource": "*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
        if len(text) <= LONGEST_SESSION_POLICY:
            return text
    raise UsageError(f"a session policy for {len(names)} actions exceeds {LONGEST_SESSION_POLICY} characters")


def _joined(names: Iterable[str], words: int) -> list[str]:
    """Return patterns such as ``s3:GetBucket*`` for the actions that begin with the same words."""
    grouped: dict[str, list[str]] = {}
    for name in names:
        service, _, action = name.partition(":")
        beginning = "".join(re.findall(r"[A-Z][a-z0-9]*|[a-z0-9]+", action)[:words])
        grouped.setdefault(f"{service}:{beginning}", []).append(name)
    return [found[0] if len(found) == 1 else f"{beginning}*" for beginning, found in grouped.items()]


def trust_policy(trusted: Json, external_id: Json) -> dict[str, Json]:
    """Return who may assume the role: one principal, that names the external id. Either may be a reference to a parameter."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Auditor",
                "Effect": "Allow",
                "Principal": {"AWS": trusted},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }


def caller_policy(wanted: Onboarding) -> dict[str, Json]:
    """Return what the auditor itself needs: to assume these roles, wherever they are."""
    allowed = {"Sid": "Audit", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": wanted.role_pattern}
    return {"Version": "2012-10-17", "Statement": [allowed]}
