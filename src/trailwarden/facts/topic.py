"""An SNS topic that alarms or rules notify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trailwarden.calls import Call
from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect, reason_for_call
from trailwarden.facts.base import Subject, fact
from trailwarden.model import ReasonCode
from trailwarden.policydoc import PolicyDocument, PolicyTextError, parse

if TYPE_CHECKING:
    from trailwarden.facts.account import Account

_GONE = ("NotFound", "NotFoundException")


@dataclass(frozen=True, slots=True)
class Subscription:
    """One row of ListSubscriptionsByTopic. A word in place of the ARN says that the subscription is not confirmed, or deleted."""

    arn: str
    protocol: str

    @property
    def confirmed(self) -> bool:
        """Return whether messages arrive."""
        return self.arn.startswith("arn:")


@dataclass(frozen=True, slots=True)
class TopicAttributes:
    """The attributes that protect a topic; ``key_id`` is empty for a topic without encryption of its own."""

    policy: PolicyDocument
    key_id: str


class Topic(Subject):
    """A topic named by an action, asked about in its own account where the run has credentials for that."""

    kind = "topic"

    def __init__(self, account: Account, arn: str) -> None:
        parts = arn.split(":", 5)
        super().__init__(id=arn, name=parts[5], account_id=account.account_id, region=parts[3])
        self.account = account
        self.owner = parts[4]

    @fact("sns.ListSubscriptionsByTopic")
    def subscriptions(self) -> tuple[Subscription, ...] | None:
        """The subscriptions, or None for a topic that does not exist.

        Raises:
            Unreadable: refused; CROSS_ACCOUNT for another account's topic.
        """
        call, body = self._ask("sns.ListSubscriptionsByTopic")
        if body is None:
            return None
        rows = expect(call, body, "Subscriptions")
        return tuple(
            Subscription(str(row.get("SubscriptionArn") or ""), str(row.get("Protocol") or "")) for row in rows
        )

    @fact("sns.GetTopicAttributes")
    def attributes(self) -> TopicAttributes | None:
        """The policy and the key, or None for a topic that does not exist.

        Raises:
            Unreadable: refused; CROSS_ACCOUNT for another account's topic; UNEXPECTED when the answer holds no policy, which SNS leaves
                out for callers with few rights; UNPARSEABLE for a text that is no policy.
        """
        call, body = self._ask("sns.GetTopicAttributes")
        if body is None:
            return None
        attributes = expect(call, body, "Attributes")
        try:
            policy = parse(str(expect(call, attributes, "Policy")))
        except PolicyTextError as error:
            raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=str(error))) from None
        return TopicAttributes(policy, str(attributes.get("KmsMasterKeyId") or ""))

    def _ask(self, operation: str) -> tuple[Call, dict[str, Any] | None]:
        asker = self.owner if self.owner in self.account.peers else self.account_id
        call = self.account.call(operation, self.region, asker=asker, TopicArn=self.id)
        reply = self.account.reply(call)
        if reply.error is not None and reply.error.code in _GONE and asker == self.owner:
            return call, None
        try:
            return call, body_of(call, reply)
        except Unreadable as error:
            refused = error.reason.code in (ReasonCode.ACCESS_DENIED, ReasonCode.NOT_FOUND)
            if asker != self.owner and refused:
                raise self.account.out_of_reach(error.reason, self.owner) from None
            raise


def topic_of(account: Account, arn: str) -> Topic | None:
    """Return the topic that an action's ARN names, or None for an action of another kind; naming reads nothing."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "sns":
        return None
    return account.link(Topic, arn, lambda: Topic(account, arn))
