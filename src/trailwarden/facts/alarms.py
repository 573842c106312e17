"""CloudWatch alarms: what they watch, when they fire and what they do then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trailwarden.facts.base import Subject, record_call

if TYPE_CHECKING:
    from trailwarden.facts.account import Account
    from trailwarden.facts.loggroup import LogGroup
    from trailwarden.facts.metricfilter import MetricFilter

_ARRIVALS = (("AWS/Logs", "IncomingLogEvents"), ("AWS/Logs", "IncomingBytes"))

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AlarmInput:
    """One line of what an alarm computes: a metric with its statistic, or a metric-math expression over other lines.

    ``dimensions`` are pairs of name and value, sorted by name. ``unit`` is empty for any. ``account`` is empty for the alarm's own.
    """

    id: str
    namespace: str = ""
    name: str = ""
    dimensions: Dimensions = ()
    statistic: str = ""
    period: int = 0
    unit: str = ""
    expression: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class MetricAlarm:
    """One row of MetricAlarms. ``watched`` is the id of the input that is compared with the threshold."""

    arn: str
    name: str
    actions_enabled: bool
    actions: tuple[str, ...]
    inputs: tuple[AlarmInput, ...]
    watched: str
    is_band: bool
    """Whether the threshold is an anomaly detection band, which no single number crosses for certain."""
    operator: str
    threshold: float | None
    datapoints: int
    """How many data points must breach before the alarm fires."""
    missing_data: str
    state: str

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> MetricAlarm:
        """Read a row, of one metric or of metric math."""
        queries = row.get("Metrics") or ()
        inputs = tuple(_query(item) for item in queries) if queries else (_metric("metric", row, row, "Statistic"),)
        shown = [str(item["Id"]) for item in queries if item.get("ReturnData", True)]
        threshold = row.get("Threshold")
        return cls(
            arn=str(row["AlarmArn"]),
            name=str(row.get("AlarmName") or ""),
            actions_enabled=row.get("ActionsEnabled") is True,
            actions=tuple(str(item) for item in row.get("AlarmActions") or ()),
            inputs=inputs,
            watched=shown[0] if shown else inputs[0].id,
            is_band=bool(row.get("ThresholdMetricId")),
            operator=str(row.get("ComparisonOperator") or ""),
            threshold=None if threshold is None else float(threshold),
            datapoints=int(row.get("DatapointsToAlarm") or row.get("EvaluationPeriods") or 0),
            missing_data=str(row.get("TreatMissingData") or "missing"),
            state=str(row.get("StateValue") or ""),
        )

    def watches(self, namespace: str, name: str) -> bool:
        """Return whether a metric, with whatever dimensions, is among the inputs."""
        return any((item.namespace, item.name) == (namespace, name) for item in self.inputs)

    def is_heartbeat_of(self, log_group: str) -> bool:
        """Return whether the alarm watches, by itself, how much arrives in a log group."""
        watched = next((item for item in self.inputs if item.id == self.watched), None)
        return (
            watched is not None
            and (watched.namespace, watched.name) in _ARRIVALS
            and watched.dimensions == (("LogGroupName", log_group),)
        )


@dataclass(frozen=True, slots=True)
class CompositeAlarm:
    """One row of CompositeAlarms. ``suppressor`` is the alarm that silences it, ``suppressed_by`` why it is silent now."""

    arn: str
    name: str
    rule: str
    actions_enabled: bool
    actions: tuple[str, ...]
    suppressor: str
    suppressed_by: str

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> CompositeAlarm:
        """Read a row."""
        return cls(
            arn=str(row["AlarmArn"]),
            name=str(row.get("AlarmName") or ""),
            rule=str(row.get("AlarmRule") or ""),
            actions_enabled=row.get("ActionsEnabled") is True,
            actions=tuple(str(item) for item in row.get("AlarmActions") or ()),
            suppressor=str(row.get("ActionsSuppressor") or ""),
            suppressed_by=str(row.get("ActionsSuppressedBy") or ""),
        )


@dataclass(frozen=True, slots=True)
class Alarms:
    """All alarms of one region of an account, each kind by name."""

    metric: tuple[MetricAlarm, ...]
    composite: tuple[CompositeAlarm, ...]


class Alarm(Subject):
    """An alarm on a metric that a filter on a trail's log group feeds."""

    kind = "alarm"

    def __init__(self, account: Account, group: LogGroup, settings: MetricAlarm) -> None:
        super().__init__(
            id=settings.arn, name=settings.name, account_id=account.account_id, region=settings.arn.split(":")[3]
        )
        self.account = account
        self.group = group
        self._settings = settings
        self._listing = group.alarms_call

    @property
    def settings(self) -> MetricAlarm:
        """Return the alarm's row, and note the listing that holds it."""
        record_call(self._listing.id)
        return self._settings


def alarms_on(filters: Iterable[MetricFilter], alarms: Alarms) -> list[MetricAlarm]:
    """Return the metric alarms that have a metric of one of the filters among their inputs, by name."""
    fed = {(item.namespace, item.name) for row in filters for item in row.transformations}
    return [alarm for alarm in alarms.metric if any(alarm.watches(*metric) for metric in sorted(fed))]


def _metric(identity: str, metric: Mapping[str, Any], stat: Mapping[str, Any], statistic: str) -> AlarmInput:
    pairs = ((str(item["Name"]), str(item["Value"])) for item in metric.get("Dimensions") or ())
    return AlarmInput(
        id=identity,
        namespace=str(metric.get("Namespace") or ""),
        name=str(metric.get("MetricName") or ""),
        dimensions=tuple(sorted(pairs)),
        statistic=str(stat.get(statistic) or stat.get("ExtendedStatistic") or ""),
        period=int(stat.get("Period") or 0),
        unit=str(stat.get("Unit") or ""),
    )


def _query(item: Mapping[str, Any]) -> AlarmInput:
    identity, account = str(item["Id"]), str(item.get("AccountId") or "")
    stat = item.get("MetricStat")
    if not stat:
        return AlarmInput(identity, expression=str(item.get("Expression") or ""), period=int(item.get("Period") or 0))
    found = _metric(identity, stat.get("Metric") or {}, stat, "Stat")
    return AlarmInput(
        identity, found.namespace, found.name, found.dimensions, found.statistic, found.period, found.unit, "", account
    )
