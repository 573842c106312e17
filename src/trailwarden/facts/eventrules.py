"""EventBridge rules of an account, asked for region by region as far as a question goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trailwarden.facts.account import body_of, expect

if TYPE_CHECKING:
    from trailwarden.facts.account import Account

DEFAULT_BUS = "default"
_ENABLED = ("ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")


@dataclass(frozen=True, slots=True)
class EventRule:
    """One row of ListRules; ``pattern`` is empty for a rule that only follows a schedule."""

    name: str
    enabled: bool
    pattern: str


class EventRules:
    """The rules on the default bus, where AWS services put their events. Asking raises Unreadable when a call is refused."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def of(self, region: str) -> list[EventRule]:
        """Return a region's rules with a pattern, by name."""
        call = self._account.call("events.ListRules", region)
        rows = expect(call, body_of(call, self._account.reply(call)), "Rules")
        found = (
            EventRule(str(row["Name"]), row.get("State") in _ENABLED, str(row.get("EventPattern") or ""))
            for row in rows
            if row.get("EventBusName", DEFAULT_BUS) == DEFAULT_BUS
        )
        return sorted((rule for rule in found if rule.pattern), key=lambda rule: rule.name)

    def targets(self, region: str, rule: str) -> list[str]:
        """Return the ARNs of a rule's targets, sorted."""
        call = self._account.call("events.ListTargetsByRule", region, Rule=rule)
        rows = expect(call, body_of(call, self._account.reply(call)), "Targets")
        return sorted(str(row.get("Arn") or "") for row in rows)
