"""Builds the EventBridge rules of a World, as AWS describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trailwarden.calls import canonical
from trailwarden.model import Json
from trailwarden.testing.world import World


class EventRules:
    """The rules of one region; no rule at first. Later overrides with ``world.reply`` win.

    Args:
        world: to extend.
        region: whose rules.
    """

    def __init__(self, world: World, region: str = "us-east-1") -> None:
        self.world = world
        self.region = region
        self.rules: list[dict[str, Json]] = []
        self._answer()

    def add(self, name: str, pattern: Mapping[str, Json] | str, targets: Sequence[str] = (), **row: Json) -> None:
        """Add an enabled rule on the default bus; ``row`` overrides fields by AWS's names, None removes one."""
        fields: dict[str, Json] = {
            "Name": name,
            "State": "ENABLED",
            "EventBusName": "default",
            "EventPattern": pattern if isinstance(pattern, str) else canonical(dict(pattern)),
        }
        fields.update(row)
        self.rules.append({key: value for key, value in fields.items() if value is not None})
        rows = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
        self.world.reply("events.ListTargetsByRule", {"Targets": rows}, region=self.region, Rule=name)
        self._answer()

    def _answer(self) -> None:
        self.world.reply("events.ListRules", {"Rules": list(self.rules)}, region=self.region)
