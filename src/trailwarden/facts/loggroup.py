"""The CloudWatch Logs log group a trail streams to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trailwarden.calls import Call
from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect, reason_for_call
from trailwarden.facts.alarms import Alarms, CompositeAlarm, MetricAlarm, alarms_on
from trailwarden.facts.base import Subject, fact
from trailwarden.facts.key import KeyMetadata, KmsKey
from trailwarden.facts.metricfilter import MetricFilter
from trailwarden.model import Json, ReasonCode
from trailwarden.policydoc import PolicyDocument, PolicyTextError, parse

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
            Unreadable: refused, or CROSS_ACCOUNT.
        """
        call = self._call("logs.DescribeLogGroups", logGroupNamePrefix=self.name)
        for row in expect(call, body_of(call, self.account.reply(call)), "logGroups"):
            if row.get("logGroupName") == self.name:
                return LogGroupDescription.parse(row)
        return LogGroupDescription(exists=False)

    @fact("kms.DescribeKey", needs=["LogGroup.description", "KmsKey.metadata"])
    def key_metadata(self) -> KeyMetadata | None:
        """The key that the log group is encrypted with, or None."""
        key_id = self.description.kms_key_id
        if not key_id:
            return None
        return self.account.link(KmsKey, key_id, lambda: KmsKey(self.account, key_id, self.region)).metadata

    @fact("logs.DescribeResourcePolicies")
    def resource_policies(self) -> tuple[tuple[str, PolicyDocument], ...]:
        """The resource policies of CloudWatch Logs in the log group's region, which may speak of any log group there, by name.

        Raises:
            Unreadable: refused; UNPARSEABLE for a text that is no policy.
        """
        call = self._call("logs.DescribeResourcePolicies")
        rows = expect(call, body_of(call, self.account.reply(call)), "resourcePolicies")
        try:
            found = [(str(row.get("policyName") or ""), parse(str(row["policyDocument"]))) for row in rows]
        except PolicyTextError as error:
            raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=str(error))) from None
        return tuple(sorted(found, key=lambda item: item[0]))

    @fact("logs.DescribeSubscriptionFilters")
    def destinations(self) -> tuple[str, ...]:
        """The destinationArn of each subscription filter, sorted."""
        call = self._call("logs.DescribeSubscriptionFilters", logGroupName=self.name)
        rows = expect(call, body_of(call, self.account.reply(call)), "subscriptionFilters")
        return tuple(sorted(str(row.get("destinationArn") or "") for row in rows))

    @fact("logs.DescribeMetricFilters")
    def metric_filters(self) -> tuple[MetricFilter, ...]:
        """The metric filters of exactly this log group, by name."""
        call = self._call("logs.DescribeMetricFilters", logGroupName=self.name)
        rows = expect(call, body_of(call, self.account.reply(call)), "metricFilters")
        found = (MetricFilter.parse(row) for row in rows if row.get("logGroupName", self.name) == self.name)
        return tuple(sorted(found, key=lambda item: item.name))

    @property
    def alarms_call(self) -> Call:
        """Return the listing of the region's alarms, composite ones included; without AlarmTypes CloudWatch leaves those out."""
        return self._call("cloudwatch.DescribeAlarms", AlarmTypes=["MetricAlarm", "CompositeAlarm"])

    @fact("cloudwatch.DescribeAlarms")
    def alarms(self) -> Alarms:
        """Every alarm of the log group's account and region, whatever it watches."""
        call = self.alarms_call
        body = body_of(call, self.account.reply(call))
        metric = (MetricAlarm.parse(row) for row in expect(call, body, "MetricAlarms"))
        composite = (CompositeAlarm.parse(row) for row in body.get("CompositeAlarms") or ())
        return Alarms(
            tuple(sorted(metric, key=lambda item: item.name)), tuple(sorted(composite, key=lambda item: item.name))
        )

    @fact("cloudwatch.ListAlarmMuteRules", needs=["LogGroup.metric_filters", "LogGroup.alarms"])
    def muted(self) -> tuple[str, ...]:
        """The names of alarms that a mute rule silences now: those on metrics of this log group or on its silence, and composite ones.

        A summary does not say which alarms its rule silences, so each alarm is asked about; but only when any rule is active at all.

        Raises:
            Unreadable: refused; UNSUPPORTED where nobody knows the operation.
        """
        call = self._call("cloudwatch.ListAlarmMuteRules", Statuses=["ACTIVE"])
        if not expect(call, body_of(call, self.account.reply(call)), "AlarmMuteRuleSummaries"):
            return ()
        composite = {item.name for item in self.alarms.composite}
        heartbeats = {item.name for item in self.alarms.metric if item.is_heartbeat_of(self.name)}
        names = sorted(composite | heartbeats | {item.name for item in alarms_on(self.metric_filters, self.alarms)})
        calls = [self._call("cloudwatch.ListAlarmMuteRules", AlarmName=name, Statuses=["ACTIVE"]) for name in names]
        replies = self.account.replies(calls)
        return tuple(
            name
            for name, call, reply in zip(names, calls, replies, strict=True)
            if expect(call, body_of(call, reply), "AlarmMuteRuleSummaries")
        )

    def _call(self, operation: str, **params: Json) -> Call:
        """Return a call as the log group's owner.

        Raises:
            Unreadable: CROSS_ACCOUNT for a log group of an account that the run does not reach. Nothing is asked then: a log group of
                the same name in this account would be another one.
        """
        call = self.account.call(operation, self.region, asker=self.asker, **params)
        if self.asker != self.owner:
            text = f"the log group belongs to account {self.owner}"
            raise self.account.out_of_reach(reason_for_call(call, ReasonCode.CROSS_ACCOUNT, message=text), self.owner)
        return call
