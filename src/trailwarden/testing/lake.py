"""Builds the event data stores of a World, as CloudTrail Lake describes them."""

from __future__ import annotations

from collections.abc import Mapping

from trailwarden.calls import canonical
from trailwarden.model import Json
from trailwarden.testing.world import World, ago

MANAGEMENT_EVENTS: Mapping[str, Json] = {
    "Name": "management events",
    "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
}


class Lake:
    """The event data stores of an account; none at first. Later overrides with ``world.reply`` win.

    Args:
        world: to extend.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._stores: dict[str, list[Json]] = {region: [] for region in world.regions}
        for region in world.regions:
            self._answer(region)

    def add(self, name: str = "main", *, region: str = "us-east-1", owner: str = "", **fields: Json) -> str:
        """Add a store that takes in all management events of all regions for seven years, and return its ARN.

        Args:
            name: of the store.
            region: where it is.
            owner: account in its ARN (default: the account under audit).
            fields: of GetEventDataStore, by AWS's names; None as a value removes one.
        """
        owner = owner or self.world.account_id
        arn = f"arn:{self.world.partition}:cloudtrail:{region}:{owner}:eventdatastore/{name}"
        answer: dict[str, Json] = {
            "EventDataStoreArn": arn,
            "Name": name,
            "Status": "ENABLED",
            "AdvancedEventSelectors": [dict(MANAGEMENT_EVENTS)],
            "MultiRegionEnabled": True,
            "OrganizationEnabled": False,
            "RetentionPeriod": 2557,
            "TerminationProtectionEnabled": True,
            "CreatedTimestamp": ago(self.world.now, days=900),
            "BillingMode": "EXTENDABLE_RETENTION_PRICING",
            "FederationStatus": "DISABLED",
            "KmsKeyId": f"arn:{self.world.partition}:kms:{region}:{owner}:key/lake",
            **fields,
        }
        present = {key: value for key, value in answer.items() if value is not None}
        self.world.reply("cloudtrail.GetEventDataStore", present, EventDataStore=arn)
        self.world.error("cloudtrail.GetResourcePolicy", "ResourcePolicyNotFoundException", ResourceArn=arn)
        self._stores[region].append({"EventDataStoreArn": arn, "Name": name})
        self._answer(region)
        return arn

    def narrow(self, arn: str, *fields: Mapping[str, Json], **more: Json) -> None:
        """State a store anew with one selector of management events that has these further fields."""
        rules = [{"Field": "eventCategory", "Equals": ["Management"]}, *map(dict, fields)]
        self.select(arn, {"FieldSelectors": rules}, **more)

    def select(self, arn: str, *selectors: Mapping[str, Json], **more: Json) -> None:
        """State a store anew with these advanced event selectors."""
        region, owner, name = arn.split(":")[3], arn.split(":")[4], arn.rsplit("/", 1)[-1]
        self._stores[region] = [row for row in self._stores[region] if row["EventDataStoreArn"] != arn]
        self.add(name, region=region, owner=owner, AdvancedEventSelectors=[dict(item) for item in selectors], **more)

    def policy(self, arn: str, *statements: Mapping[str, Json]) -> None:
        """Give a store a resource policy of these statements."""
        text = canonical({"Version": "2012-10-17", "Statement": list(statements)})
        self.world.reply("cloudtrail.GetResourcePolicy", {"ResourceArn": arn, "ResourcePolicy": text}, ResourceArn=arn)

    def _answer(self, region: str) -> None:
        self.world.reply(
            "cloudtrail.ListEventDataStores", {"EventDataStores": list(self._stores[region])}, region=region
        )
