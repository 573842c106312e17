"""Builds the users, groups, roles and policies of a World, as IAM describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trailwarden.model import Json
from trailwarden.testing.world import World

Statement = Mapping[str, Json]


def allow(*actions: str, on: str | Sequence[str] = "*", **more: Json) -> dict[str, Json]:
    """Return an Allow of an identity policy; ``more`` adds elements such as Condition."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": on if isinstance(on, str) else list(on), **more}


def deny(*actions: str, on: str | Sequence[str] = "*", **more: Json) -> dict[str, Json]:
    """Return a Deny of an identity policy."""
    return {**allow(*actions, on=on, **more), "Effect": "Deny"}


def document(*statements: Statement) -> dict[str, Json]:
    """Return a policy document as the SDK hands it over: an object."""
    return {"Version": "2012-10-17", "Statement": [dict(item) for item in statements]}


class Identities:
    """The IAM of one account; nobody at first. Later overrides with ``world.reply`` win.

    Args:
        world: to extend.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.users: list[dict[str, Json]] = []
        self.groups: list[dict[str, Json]] = []
        self.roles: list[dict[str, Json]] = []
        self.policies: list[dict[str, Json]] = []
        self._answer()

    def add_user(self, name: str, *statements: Statement, groups: Sequence[str] = (), **row: Json) -> str:
        """Add a user with these statements inline, and return its ARN; ``row`` overrides fields by AWS's names."""
        fields = self._row("User", name, statements, **row)
        self.users.append({"GroupList": list(groups), **fields})
        self._answer()
        return str(fields["Arn"])

    def add_role(self, name: str, *statements: Statement, path: str = "/", **row: Json) -> str:
        """Add a role with these statements inline, and return its ARN."""
        fields = self._row("Role", name, statements, path=path, **row)
        self.roles.append(fields)
        self._answer()
        return str(fields["Arn"])

    def add_group(self, name: str, *statements: Statement, **row: Json) -> None:
        """Add a group with these statements inline."""
        self.groups.append(self._row("Group", name, statements, **row))
        self._answer()

    def add_policy(self, name: str, *statements: Statement, **row: Json) -> str:
        """Add a managed policy with an older version that allows everything, and return its ARN."""
        arn = f"arn:{self.world.partition}:iam::{self.world.account_id}:policy/{name}"
        versions = [
            {"VersionId": "v1", "IsDefaultVersion": False, "Document": document(allow("*"))},
            {"VersionId": "v2", "IsDefaultVersion": True, "Document": document(*statements)},
        ]
        self.policies.append({"Arn": arn, "PolicyName": name, "PolicyVersionList": versions, **row})
        self._answer()
        return arn

    def log_role(
        self,
        *statements: Statement,
        trust: Sequence[Statement] = (),
        managed: Mapping[str, Sequence[Statement]] | None = None,
        name: str = "CloudTrail_CloudWatchLogs",
        account: str = "",
    ) -> str:
        """State the role that a World's trails write to their log group with, and return its ARN.

        Args:
            statements: of its inline policy; none without any.
            trust: who may assume it; by default CloudTrail alone.
            managed: statements of each attached policy, by ARN.
            name: of the role.
            account: asked as which (default: whoever asks).
        """
        world = self.world
        service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}
        arn = f"arn:{world.partition}:iam::{account or world.account_id}:role/{name}"
        role = {"Arn": arn, "RoleName": name, "AssumeRolePolicyDocument": document(*(trust or [service]))}
        attached = managed or {}
        names = ["logs"] if statements else []
        rows = [{"PolicyArn": item, "PolicyName": item.rsplit("/", 1)[-1]} for item in attached]
        for operation, body in (
            ("GetRole", {"Role": role}),
            ("ListRolePolicies", {"PolicyNames": names, "IsTruncated": False}),
            ("ListAttachedRolePolicies", {"AttachedPolicies": rows, "IsTruncated": False}),
            ("GetRolePolicy", {"PolicyDocument": document(*statements)}),
        ):
            world.reply(f"iam.{operation}", body, RoleName=name, account=account)
        for item, held in attached.items():
            world.reply("iam.GetPolicy", {"Policy": {"Arn": item, "DefaultVersionId": "v3"}}, PolicyArn=item)
            version = {"VersionId": "v3", "Document": document(*held)}
            world.reply("iam.GetPolicyVersion", {"PolicyVersion": version}, PolicyArn=item, VersionId="v3")
        return arn

    def _row(
        self, kind: str, name: str, statements: Sequence[Statement], *, path: str = "/", **row: Json
    ) -> dict[str, Json]:
        number = len(self.users) + len(self.roles) + len(self.groups)
        prefix = {"User": "AIDA", "Role": "AROA", "Group": "AGPA"}[kind]
        inline = [{"PolicyName": "inline", "PolicyDocument": document(*statements)}] if statements else []
        return {
            "Arn": f"arn:{self.world.partition}:iam::{self.world.account_id}:{kind.lower()}{path}{name}",
            "Path": path,
            f"{kind}Name": name,
            f"{kind}Id": f"{prefix}{number:017d}",
            f"{kind}PolicyList": inline,
            "AttachedManagedPolicies": [],
            **row,
        }

    def _answer(self) -> None:
        body = {
            "UserDetailList": list(self.users),
            "GroupDetailList": list(self.groups),
            "RoleDetailList": list(self.roles),
            "Policies": list(self.policies),
            "IsTruncated": False,
        }
        self.world.reply("iam.GetAccountAuthorizationDetails", body)
