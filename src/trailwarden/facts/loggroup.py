"""The CloudWatch Logs log group a trail streams to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect, reason_for_call
from trailwarden.facts.base import Subject, fact
from trailwarden.model import ReasonCode

if TYPE_CHECKING:
    from trailwarden.facts.account import Account


@dataclass(frozen=True, slots=True)
class LogGroupDescription:
    """One row of DescribeLogGroups. ``retention_days`` None means that events never expire."""

    exists: bool
    log_class: str = ""
    retention_days: int | None = None
    kms_key_id: str = ""
    deletion_protection: bool | None = None

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> LogGroupDescription:
        """Read a row."""
        days = row.get("retentionInDays")
        return cls(
            exists=True,
            log_class=str(row.get("logGroupClass") or ""),
            retention_days=None if days is None else int(days),
            kms_key_id=str(row.get("kmsKeyId") or ""),
            deletion_protection=row.get("deletionProtectionEnabled"),
        )


class LogGroup(Subject):
    """A log group named by one or more trails, by the ARN in the trail (which ends in ``:*``)."""

    kind = "log-group"

    def __init__(self, account: Account, arn: str) -> None:
        parts = arn.removesuffix(":*").split(":", 6)
        super().__init__(id=arn.removesuffix(":*"), name=parts[6], account_id=account.account_id, region=parts[3])
        self.account = account
        self.owner = parts[4]

    @property
    def asker(self) -> str:
        """Return the account whose credentials read the log group: its owner's where the run has them."""
        return self.owner if self.owner in self.account.peers else self.account_id

    @fact("logs.DescribeLogGroups")
    def description(self) -> LogGroupDescription:
        """The log group of exactly this name; the API matches by prefix and returns neighbours too.

        Raises:
            Unreadable: refused; CROSS_ACCOUNT for a log group of an account that the run does not reach. Nothing is asked then: a log group
                of the same name in this account would be another one.
        """
        call = self.account.call("logs.DescribeLogGroups", self.region, asker=self.asker, logGroupNamePrefix=self.name)
        if self.asker != self.owner:
            text = f"the log group belongs to account {self.owner}"
            raise Unreadable(reason_for_call(call, ReasonCode.CROSS_ACCOUNT, message=text))
        for row in expect(call, body_of(call, self.account.reply(call)), "logGroups"):
            if row.get("logGroupName") == self.name:
                return LogGroupDescription.parse(row)
        return LogGroupDescription(exists=False)
