"""Builds the alerting of a World: metric filters, alarms, composite alarms, topics and mute rules, as AWS describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trailwarden.model import Json
from trailwarden.testing.world import World

NAMESPACE = "Trail"


class Alerting:
    """What hangs off one log group. Every ``add`` states the answer anew, so later overrides with ``world.reply`` win.

    Args:
        world: to extend.
        log_group: name of a log group of the world.
        region: of the log group.
        owner: account of the log group (default: the account under audit).
    """

    def __init__(self, world: World, log_group: str, *, region: str = "us-east-1", owner: str = "") -> None:
        self.world = world
        self.log_group = log_group
        self.region = region
        self.owner = owner or world.account_id
        self.filters: list[dict[str, Json]] = []
        self.alarms: list[dict[str, Json]] = []
        self.composites: list[dict[str, Json]] = []
        self._answer()
        self.mute()

    def add_metric_filter(
        self, name: str, pattern: str, *, transformation: Mapping[str, Json] | None = None, **row: Json
    ) -> None:
        """Add a filter that counts 1 for each match into the metric of its name; ``row`` overrides fields by AWS's names."""
        metric = {"metricName": name, "metricNamespace": NAMESPACE, "metricValue": "1", **(transformation or {})}
        fields = {
            "filterName": name,
            "filterPattern": pattern,
            "metricTransformations": [metric],
            "logGroupName": self.log_group,
            "applyOnTransformedLogs": False,
        }
        self.filters.append({**fields, **row})
        self._answer()

    def add_alarm(self, name: str, actions: Sequence[str] = (), **row: Json) -> str:
        """Add an alarm on the metric of the same name that fires on one event within five minutes; return its ARN.

        A None among ``row`` removes a field.
        """
        arn = self._arn(name)
        fields = {
            "AlarmName": name,
            "AlarmArn": arn,
            "ActionsEnabled": True,
            "AlarmActions": list(actions),
            "OKActions": [],
            "StateValue": "OK",
            "Namespace": NAMESPACE,
            "MetricName": name,
            "Dimensions": [],
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
        }
        fields.update(row)
        self.alarms.append({key: value for key, value in fields.items() if value is not None})
        self._answer()
        return arn

    def add_math_alarm(
        self, name: str, actions: Sequence[str], expression: str, metrics: Mapping[str, str], **row: Json
    ) -> str:
        """Add an alarm on an expression over metrics, given as id and name of each; return its ARN."""
        queries: list[Json] = [{"Id": "result", "Expression": expression, "ReturnData": True}]
        queries += [
            {
                "Id": identity,
                "MetricStat": {
                    "Metric": {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": []},
                    "Period": 300,
                    "Stat": "Sum",
                },
                "ReturnData": False,
            }
            for identity, metric in metrics.items()
        ]
        single = dict.fromkeys(("Namespace", "MetricName", "Dimensions", "Statistic", "Period"))
        return self.add_alarm(name, actions, **{**single, "Metrics": queries, **row})

    def add_composite(self, name: str, rule: str, actions: Sequence[str] = (), **row: Json) -> str:
        """Add a composite alarm and return its ARN."""
        arn = self._arn(name)
        fields = {
            "AlarmName": name,
            "AlarmArn": arn,
            "AlarmRule": rule,
            "ActionsEnabled": True,
            "AlarmActions": list(actions),
        }
        self.composites.append({**fields, **row})
        self._answer()
        return arn

    def add_topic(self, name: str = "alerts", *, subscriptions: Sequence[str] | None = None, owner: str = "") -> str:
        """Add a topic with one confirmed subscriber, open to its own account, and return its ARN.

        Args:
            name: of the topic.
            subscriptions: the SubscriptionArn of each; by default one that is confirmed.
            owner: its account (default: the log group's).
        """
        owner = owner or self.owner
        arn = f"arn:{self.world.partition}:sns:{self.region}:{owner}:{name}"
        confirmed = f"{arn}:00000000-0000-4000-8000-000000000000"
        rows = [
            {
                "SubscriptionArn": item,
                "Owner": owner,
                "Protocol": "email",
                "Endpoint": "ops@example.com",
                "TopicArn": arn,
            }
            for item in ([confirmed] if subscriptions is None else subscriptions)
        ]
        self.world.reply("sns.ListSubscriptionsByTopic", {"Subscriptions": rows}, TopicArn=arn)
        self.topic_attributes(arn)
        return arn

    def topic_attributes(self, arn: str, policy: str = "", **attributes: Json) -> None:
        """State a topic's attributes; by default with the policy that SNS gives a new topic. None removes an attribute."""
        owner = arn.split(":")[4]
        default = (
            '{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow",'
            '"Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission",'
            '"SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],'
            f'"Resource":"{arn}","Condition":{{"StringEquals":{{"AWS:SourceOwner":"{owner}"}}}}}}]}}'
        )
        fields = {"TopicArn": arn, "Owner": owner, "Policy": policy or default, **attributes}
        present = {name: value for name, value in fields.items() if value is not None}
        self.world.reply("sns.GetTopicAttributes", {"Attributes": present}, TopicArn=arn)

    def add_alert(self, name: str, pattern: str) -> None:
        """Add a filter, an alarm on it, and a topic that the alarm notifies."""
        self.add_metric_filter(name, pattern)
        self.add_alarm(name, [self.add_topic()])

    def mute(self, *alarms: str) -> None:
        """Let mute rules silence these alarms now, and no others."""
        rule = {"AlarmMuteRuleArn": self._arn("quiet").replace(":alarm:", ":alarm-mute-rule:"), "Status": "ACTIVE"}
        operation = "cloudwatch.ListAlarmMuteRules"
        rows = [rule] if alarms else []
        self.world.reply(operation, {"AlarmMuteRuleSummaries": rows}, region=self.region, account=self.owner)
        for item in [*self.alarms, *self.composites]:
            name = item["AlarmName"]
            found = [rule] if name in alarms else []
            self.world.reply(operation, {"AlarmMuteRuleSummaries": found}, region=self.region, AlarmName=name)

    def _arn(self, alarm: str) -> str:
        return f"arn:{self.world.partition}:cloudwatch:{self.region}:{self.owner}:alarm:{alarm}"

    def _answer(self) -> None:
        self.world.reply(
            "logs.DescribeMetricFilters",
            {"metricFilters": list(self.filters)},
            region=self.region,
            account=self.owner,
            logGroupName=self.log_group,
        )
        self.world.reply(
            "cloudwatch.DescribeAlarms",
            {"MetricAlarms": list(self.alarms), "CompositeAlarms": list(self.composites)},
            region=self.region,
            account=self.owner,
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        )
