"""Builds the organization of a World: its accounts, units, administrators and policies, as AWS Organizations describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trailwarden.calls import canonical
from trailwarden.model import Json
from trailwarden.testing.world import MANAGEMENT, World, ago

ORGANIZATION = "o-exampleorgid"
ROOT = "r-root"
UNIT = "ou-root-workload"


class Organizing:
    """An organization with the account under audit in one unit below the root. Later overrides with ``world.reply`` win.

    Args:
        world: to extend.
        management: the management account (default: not the account under audit).
        feature_set: ALL or CONSOLIDATED_BILLING.
        policy_types: what the root has enabled.
    """

    def __init__(
        self,
        world: World,
        *,
        management: str = MANAGEMENT,
        feature_set: str = "ALL",
        policy_types: Sequence[str] = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"),
    ) -> None:
        self.world = world
        self.management = management
        self._accounts: list[dict[str, Json]] = []
        self._policies = 0
        organization = {"Id": ORGANIZATION, "MasterAccountId": management, "FeatureSet": feature_set}
        world.reply("organizations.DescribeOrganization", {"Organization": organization})
        world.reply("organizations.ListPoliciesForTarget", {"Policies": []})
        types = [{"Type": item, "Status": "ENABLED"} for item in policy_types]
        world.reply("organizations.ListRoots", {"Roots": [{"Id": ROOT, "PolicyTypes": types}]})
        world.reply("organizations.ListParents", {"Parents": [{"Id": ROOT, "Type": "ROOT"}]}, ChildId=UNIT)
        self.trust("cloudtrail.amazonaws.com")
        self.delegate()
        for account in dict.fromkeys([management, world.account_id]):
            self.add_account(account)

    def add_account(self, account: str, *, parent: str = "", state: str = "ACTIVE", joined: str = "") -> None:
        """Add an account, the management account below the root and others below the unit; it joined long ago unless told otherwise."""
        parent = parent or (ROOT if account == self.management else UNIT)
        self._accounts.append(
            {"Id": account, "Status": state, "JoinedTimestamp": joined or ago(self.world.now, days=900)}
        )
        self.world.reply("organizations.ListAccounts", {"Accounts": list(self._accounts)})
        row = {"Id": parent, "Type": "ROOT" if parent == ROOT else "ORGANIZATIONAL_UNIT"}
        self.world.reply("organizations.ListParents", {"Parents": [row]}, ChildId=account)

    def trust(self, *services: str) -> None:
        """Give exactly these services trusted access."""
        rows = [{"ServicePrincipal": item} for item in services]
        self.world.reply("organizations.ListAWSServiceAccessForOrganization", {"EnabledServicePrincipals": rows})

    def delegate(self, *accounts: str) -> None:
        """Make exactly these accounts CloudTrail's delegated administrators."""
        rows = [{"Id": item, "DelegationEnabledDate": ago(self.world.now, days=100)} for item in accounts]
        self.world.reply("organizations.ListDelegatedAdministrators", {"DelegatedAdministrators": rows})

    def attach(self, target: str, *statements: Mapping[str, Json], kind: str = "SERVICE_CONTROL_POLICY") -> str:
        """Attach a policy of these statements to an account, a unit or the root, in place of others of its type; return its id."""
        self._policies += 1
        identity = f"p-{self._policies:08d}"
        row = {"Id": identity, "Type": kind}
        self.world.reply("organizations.ListPoliciesForTarget", {"Policies": [row]}, TargetId=target, Filter=kind)
        content = canonical({"Version": "2012-10-17", "Statement": list(statements)})
        self.world.reply("organizations.DescribePolicy", {"Policy": {"Content": content}}, PolicyId=identity)
        return identity

    def refuse(self, account: str = "") -> None:
        """Answer everything but DescribeOrganization as Organizations answers an ordinary member."""
        for operation in (
            "ListAccounts",
            "ListAWSServiceAccessForOrganization",
            "ListDelegatedAdministrators",
            "ListParents",
            "ListPoliciesForTarget",
            "ListRoots",
            "DescribePolicy",
        ):
            message = "You don't have permissions to access this resource."
            self.world.error(f"organizations.{operation}", "AccessDeniedException", message, account=account)


def standalone(world: World) -> None:
    """Put the account under audit, and every other, into no organization."""
    message = "Your account is not a member of an organization."
    for operation in ("DescribeOrganization", "DescribeEffectivePolicy"):
        world.error(f"organizations.{operation}", "AWSOrganizationsNotInUseException", message)
