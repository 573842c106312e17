"""Whether an alarm fires on one event, and whether anybody hears it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from trailwarden.contract import undecidable
from trailwarden.errors import Unreadable
from trailwarden.facts import Account, AlarmInput, CompositeAlarm, LogGroup, MetricAlarm, MetricTransformation, topic_of
from trailwarden.judgements.alarmrule import AlarmRuleError, rule_holds
from trailwarden.judgements.metricmath import ExpressionError, Number, value_of
from trailwarden.judgements.ways import Way, furthest, holds, in_turn, missing
from trailwarden.model import ReasonCode

_ALARMS = "cloudwatch.DescribeAlarms"
_COUNTING = ("Sum", "SampleCount", "Maximum")
_CROSSES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
}

FIRES, ACTS, REACHES = 6, 7, 8
"""How far along the way from a trail to a person these links are."""


@dataclass(frozen=True, slots=True)
class Datum:
    """What one event adds to a metric: the transformation that emits it, its value, and the values of the dimensions.

    A dimension is missing from ``dimensions`` when the events that matter do not agree on its value.
    """

    transformation: MetricTransformation
    value: float
    dimensions: Mapping[str, str]


def positive(text: str) -> float | None:
    """Return the number that a metricValue is, None when it is no positive number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def fires(group: LogGroup, alarm: MetricAlarm, datum: Datum, max_period: int) -> Way:
    """Return whether one datum, and nothing less, brings an alarm into ALARM.

    Raises:
        Unreadable: UNPARSEABLE for a metric-math expression whose value can't be told.
    """
    metric = datum.transformation
    inputs = [item for item in alarm.inputs if (item.namespace, item.name) == (metric.namespace, metric.name)]
    fed = [item for item in inputs if item.account in ("", group.owner) and not _strange(item, datum)]
    if not fed:
        return missing(f"alarm {alarm.name} {_strange(inputs[0], datum) or 'watches another account'}", FIRES, 0)
    fault = next((text for item in fed if (text := _unfit(item, max_period))), "") or _insensitive(alarm)
    if fault:
        return missing(f"alarm {alarm.name} {fault}", FIRES, 1)
    crosses = _CROSSES[alarm.operator]

    def in_alarm(data: Mapping[str, Number], others: Number) -> bool:
        lines = {item.id: item for item in alarm.inputs}
        rest = {item.id: others for item in alarm.inputs if not item.expression}
        value = value_of(alarm.watched, lines, {**rest, **data})
        return value is not None and alarm.threshold is not None and crosses(value, alarm.threshold)

    def settled(data: Mapping[str, Number]) -> bool:
        """Return the answer if it is the same whether other metrics have no data point or a zero."""
        try:
            answers = {in_alarm(data, others) for others in (None, 0.0)}
        except ExpressionError as error:
            undecidable(group, ReasonCode.UNPARSEABLE, f"metric math of alarm {alarm.name}: {error}", operation=_ALARMS)
        if len(answers) > 1:
            text = f"whether alarm {alarm.name} fires depends on other metrics"
            undecidable(group, ReasonCode.UNPARSEABLE, text, operation=_ALARMS)
        return answers.pop()

    if settled({item.id: _quiet(item, metric) for item in fed}) or _always(alarm, metric):
        return missing(f"alarm {alarm.name} is in ALARM without any event, so none makes it fire", FIRES, 2)
    if not settled({item.id: 1.0 if item.statistic == "SampleCount" else datum.value for item in fed}):
        return missing(f"alarm {alarm.name} does not fire on one event (threshold {alarm.threshold:g})", FIRES, 2)
    return holds(alarm=alarm.name)


def _quiet(item: AlarmInput, metric: MetricTransformation) -> Number:
    """Return the data point of a minute whose events do not match: a default value counts as a sample, too."""
    if metric.default is None:
        return None
    return 1.0 if item.statistic == "SampleCount" else metric.default


def _always(alarm: MetricAlarm, metric: MetricTransformation) -> bool:
    return alarm.missing_data == "breaching" and metric.default is None


def _strange(item: AlarmInput, datum: Datum) -> str:
    """Return why an input is not the metric that the datum goes into, although the names agree."""
    watched, emitted = dict(item.dimensions), [name for name, _ in datum.transformation.dimensions]
    if sorted(watched) != emitted:
        return (
            f"watches the metric with dimensions {sorted(watched) or 'none'}, and the filter emits {emitted or 'none'}"
        )
    for name, value in watched.items():
        if datum.dimensions.get(name) != value:
            return f"watches {name} {value} only"
    if item.unit not in ("", datum.transformation.unit):
        return f"watches data in unit {item.unit}, and the filter emits {datum.transformation.unit}"
    return ""


def _unfit(item: AlarmInput, max_period: int) -> str:
    if item.statistic not in _COUNTING:
        return f"uses the statistic {item.statistic or 'none'}, which one event need not move"
    if item.period > max_period:
        return f"looks at {item.period} seconds at a time, more than {max_period}"
    return ""


def _insensitive(alarm: MetricAlarm) -> str:
    if alarm.is_band or alarm.threshold is None:
        return "compares with an anomaly band"
    if alarm.operator not in _CROSSES:
        return f"compares by {alarm.operator}"
    if alarm.datapoints != 1:
        return f"needs {alarm.datapoints} data points"
    return ""


def is_heard(account: Account, group: LogGroup, alarm: MetricAlarm) -> Way:
    """Return whether somebody hears of an alarm: by an action of its own, or of a composite alarm over it."""

    def hears(acting: MetricAlarm | CompositeAlarm) -> Way:
        return in_turn(
            lambda: sets_off(group, alarm, acting),
            lambda: has_action(group, acting),
            lambda: reaches(account, acting.actions, f"alarm {acting.name}"),
        )

    acting: list[MetricAlarm | CompositeAlarm] = [alarm, *above(group, alarm)]
    return furthest(acting, hears, missing(f"alarm {alarm.name} has no action", ACTS))


def sets_off(group: LogGroup, alarm: MetricAlarm, acting: MetricAlarm | CompositeAlarm) -> Way:
    """Return whether ``acting``, which is the alarm itself or a composite one, fires when the alarm does."""
    if isinstance(acting, MetricAlarm) or is_over(group, acting, alarm):
        return holds()
    return missing(f"alarm {acting.name} does not fire on alarm {alarm.name} alone", ACTS, 0)


def has_action(group: LogGroup, alarm: MetricAlarm | CompositeAlarm, *, know_mutes: bool = False) -> Way:
    """Return whether an alarm does anything when it fires: actions that are there, switched on, and not silenced.

    Args:
        group: tells of mute rules.
        alarm: in question.
        know_mutes: whether it is a matter of its own that nobody knows mute rules where ListAlarmMuteRules is unsupported.
    """
    shown = {"alarm": alarm.name}
    if not alarm.actions:
        return missing(f"alarm {alarm.name} has no action for ALARM", ACTS, 0, **shown)
    if not alarm.actions_enabled:
        return missing(f"actions of alarm {alarm.name} are switched off", ACTS, 1, **shown)
    if isinstance(alarm, CompositeAlarm) and alarm.suppressed_by:
        return missing(f"actions of alarm {alarm.name} are suppressed by {alarm.suppressor}", ACTS, 1, **shown)
    try:
        muted = group.muted
    except Unreadable as error:
        if know_mutes or error.reason.code is not ReasonCode.UNSUPPORTED:
            raise
        return holds(
            "whether a mute rule silences alarms is not known: ListAlarmMuteRules is not supported here", **shown
        )
    if alarm.name in muted:
        return missing(f"alarm {alarm.name} is silenced by a mute rule", ACTS, 1, **shown)
    return holds(**shown)


def is_over(group: LogGroup, parent: CompositeAlarm, alarm: MetricAlarm) -> bool:
    """Return whether a composite alarm fires when this alarm does and all others are quiet, directly or through others.

    Raises:
        Unreadable: UNPARSEABLE for a rule that is not understood.
    """
    alarming = {alarm.name}
    while True:
        more = {
            item.name for item in group.alarms.composite if item.name not in alarming and _fired(group, item, alarming)
        }
        if not more:
            return parent.name in alarming
        alarming |= more


def _fired(group: LogGroup, parent: CompositeAlarm, alarming: set[str]) -> bool:
    if not any(name in parent.rule for name in alarming):
        return False
    try:
        return rule_holds(parent.rule, alarming) and not rule_holds(parent.rule, ())
    except AlarmRuleError as error:
        undecidable(group, ReasonCode.UNPARSEABLE, f"rule of alarm {parent.name}: {error}", operation=_ALARMS)


def above(group: LogGroup, alarm: MetricAlarm) -> list[CompositeAlarm]:
    """Return the composite alarms whose rules may depend on an alarm, directly or through others."""
    names, found = {alarm.name}, list[CompositeAlarm]()
    while more := [
        item for item in group.alarms.composite if item.name not in names and any(name in item.rule for name in names)
    ]:
        names |= {item.name for item in more}
        found += more
    return found


def reaches(account: Account, actions: Iterable[str], who: str) -> Way:
    """Return whether one of the actions, or targets, gets to a person or a system."""
    return furthest(actions, lambda action: _reaches(account, action, who), missing(f"{who} has no action", ACTS, 0))


def _reaches(account: Account, action: str, who: str) -> Way:
    topic = topic_of(account, action)
    if topic is None:
        if _is_system(action):
            return holds(action=action)
        return missing(f"{who} does {action}, which tells nobody", REACHES, 0, action=action)
    subscriptions = topic.subscriptions
    if subscriptions is None:
        return missing(f"{who} notifies topic {topic.name}, which does not exist", REACHES, 0, action=action)
    if any(item.confirmed for item in subscriptions):
        return holds(action=action)
    return missing(f"topic {topic.name}, notified by {who}, has no confirmed subscription", REACHES, 1, action=action)


def _is_system(arn: str) -> bool:
    """Return whether an action starts something that looks into the matter: Lambda, Incident Manager or an OpsItem."""
    parts = arn.split(":", 5)
    service, resource = (parts[2], parts[5]) if len(parts) == 6 else ("", "")
    return service in ("lambda", "ssm-incidents") or (service == "ssm" and resource.startswith("opsitem"))
