"""The alert controls: from a trail over a log group, a metric filter, an alarm and its action to somebody who hears of an event.

All fifteen differ only in the events that the filter must match; those are data of ``trailwarden.patterns``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from trailwarden import patterns
from trailwarden.contract import failed, not_applicable, param, passed, undecidable
from trailwarden.errors import Unreadable
from trailwarden.facts import Account, LogGroup, MetricFilter, MetricTransformation, Topic, Trail
from trailwarden.judgements.alarming import Datum, fires, is_heard, positive
from trailwarden.judgements.delivery import CLOUDWATCH, judge_delivery
from trailwarden.judgements.traits import COMPLETE, LOG_GROUP, judge_traits
from trailwarden.judgements.ways import Way, decided, furthest, holds, in_turn, missing
from trailwarden.model import Finding, Json, ReasonCode, Status

_TRAIL, _GROUP, _FILTER, _METRIC, _ALARM = range(1, 6)
_ELSEWHERE = (99,)
"""Beyond every link of this account: the rest of the way is another account's."""
_MAX_AGE_HOURS, _WARMUP_HOURS = 24, 2
"""What "recent" means for the stream to CloudWatch Logs; the same as the defaults of trail-cloudwatch-delivery-recent."""

ALERT_READS = (
    Account.trails,
    Trail.status,
    Trail.selectors,
    LogGroup.description,
    LogGroup.metric_filters,
    LogGroup.alarms,
    LogGroup.muted,
    Topic.subscriptions,
)


@dataclass(frozen=True)
class AlertParams:
    """Parameters of the alert checks."""

    alternative_accepted: tuple[str, ...] = param(
        (),
        "What alerts on events where no trail streams to a log group; naming it here attests that it works.",
        choices=("eventbridge", "siem"),
    )
    max_period_seconds: int = param(3600, "The longest period of the alarm; CIS's examples use 300.", minimum=1)
    extra_events: tuple[str, ...] = param(
        (),
        "Further events that the filter must match: names, or SOURCE:NAME such as s3.amazonaws.com:PutBucketVersioning.",
    )
    match: str = param(
        "semantic",
        "semantic: the filter must match every event; cis_literal: it must be the text of the CIS benchmark, spelling and order aside.",
        choices=("semantic", "cis_literal"),
    )


def judge_alert(account: Account, alert_id: str, params: AlertParams) -> Finding:
    """Judge one alert control of an account.

    Raises:
        Unreadable: no way is known to work, and one could not be read to its end; or it ends in an account that the run does not judge.
    """
    asked = (*patterns.probes(alert_id), *patterns.extra_probes(alert_id, params.extra_events))
    expected: dict[str, Json] = {
        "events": list(dict.fromkeys(probe.event for probe in asked)),
        "match": params.match,
        "fires": f"on one event, within {params.max_period_seconds} seconds",
    }
    question = _Question(alert_id, params, asked)
    trails = account.trails
    best = furthest(
        trails, lambda trail: _from_trail(trail, question), missing(f"account {account.account_id} has no trail", 0)
    )
    if best.works:
        text = f"an event sets off alarm {best.observed['alarm']} by way of trail {best.observed['trail']}"
        return passed(text, best.observed, expected, *best.notes)
    decided(best)
    if trails.gaps:
        raise Unreadable(trails.gaps[0])
    if best.rank == _ELSEWHERE:
        return not_applicable(best.text)
    if params.alternative_accepted and not any(trail.log_group_arn for trail in trails):
        named = " and ".join(params.alternative_accepted)
        return not_applicable(f"the policy attests {named} in place of CloudWatch Logs; {best.text}", best.observed)
    return failed(best.text, best.observed, expected)


@dataclass(frozen=True, slots=True)
class _Question:
    alert_id: str
    params: AlertParams
    asked: tuple[patterns.Probe, ...]


def _from_trail(trail: Trail, question: _Question) -> Way:
    group = trail.log_group

    def counted() -> Way:
        found = judge_traits(trail, [*COMPLETE, LOG_GROUP], "")
        if found.status is Status.PASS:
            return holds(trail=trail.name)
        return missing(found.message, _TRAIL, trail=trail.name)

    if group is None:
        return counted()
    if group.owner != trail.account_id:
        way = counted()
        return _elsewhere(trail, group) if way.works else way
    chain = _Chain(question, trail, group)
    return in_turn(counted, chain.usable, chain.delivering, chain.from_group)


def _elsewhere(trail: Trail, group: LogGroup) -> Way:
    """Return where a counted trail's alarms are judged; undecidable when this run doesn't."""
    if group.owner not in trail.account.peers:
        text = f"trail {trail.name} streams to account {group.owner}, which this run does not judge"
        undecidable(trail, ReasonCode.CROSS_ACCOUNT, text, operation="logs.DescribeMetricFilters")
    return missing(f"trail {trail.name} streams to account {group.owner}: its alarms are judged there", *_ELSEWHERE)


@dataclass(frozen=True, slots=True)
class _Chain:
    """The links that begin at a trail's log group."""

    question: _Question
    trail: Trail
    group: LogGroup

    def usable(self) -> Way:
        """Return whether the log group is there and takes metric filters."""
        group, description = self.group, self.group.description
        if not description.exists:
            return missing(f"log group {group.name} does not exist", _GROUP, 0, log_group=group.name)
        if (description.log_class or "STANDARD") != "STANDARD":
            text = f"log group {group.name} is of class {description.log_class}, which takes no metric filters"
            return missing(text, _GROUP, 0, log_group=group.name)
        return holds(log_group=group.name)

    def delivering(self) -> Way:
        """Return whether the trail's events arrive in the log group."""
        found = judge_delivery(
            self.trail,
            CLOUDWATCH,
            {self.trail.home_region: self.trail.status},
            heartbeat=lambda _: True,
            max_age_hours=_MAX_AGE_HOURS,
            warmup_hours=_WARMUP_HOURS,
        )
        return holds() if found.status is Status.PASS else missing(found.message, _GROUP, 1)

    def from_group(self) -> Way:
        """Return whether one of the metric filters leads to somebody."""
        return furthest(
            self.group.metric_filters,
            lambda item: in_turn(lambda: self._matches(item), lambda: self._from_filter(item)),
            missing(f"log group {self.group.name} has no metric filter", _FILTER, -1),
        )

    def _matches(self, item: MetricFilter) -> Way:
        """Return whether a filter sees every event that the control asks for."""
        question, group = self.question, self.group.name
        try:
            verdict = patterns.judge(
                item.pattern,
                question.alert_id,
                question.params.extra_events,
                cast("patterns.Mode", question.params.match),
            )
        except patterns.PatternError as error:
            self._give_up(f"pattern of metric filter {item.name}: {error}")
        seen = len(question.asked) - len(verdict.missed)
        if verdict.missed and not seen:
            return missing(f"no metric filter of log group {group} matches the events", _FILTER, 0)
        if verdict.missed:
            text = f"metric filter {item.name} of log group {group} misses {_names(verdict.missed, question.asked)}"
            return missing(text, _FILTER, seen, filter=item.name, filterPattern=item.pattern)
        if not verdict.good:
            text = f"metric filter {item.name} of log group {group} {verdict.reason}"
            return missing(text, _FILTER, 0, filter=item.name, filterPattern=item.pattern)
        if item.criteria:
            text = f"metric filter {item.name} looks only at events where {item.criteria}"
            return missing(text, _FILTER, seen, filter=item.name, fieldSelectionCriteria=item.criteria)
        if item.on_transformed:
            self._give_up(f"metric filter {item.name} looks at transformed events, whose form is not known")
        return holds(filter=item.name)

    def _give_up(self, text: str) -> NoReturn:
        undecidable(self.group, ReasonCode.UNPARSEABLE, text, operation="logs.DescribeMetricFilters")

    def _from_filter(self, item: MetricFilter) -> Way:
        return furthest(
            item.transformations,
            lambda emitted: self._from_metric(item, emitted),
            missing(f"metric filter {item.name} emits no metric", _METRIC),
        )

    def _from_metric(self, item: MetricFilter, emitted: MetricTransformation) -> Way:
        metric, group = f"{emitted.namespace}/{emitted.name}", self.group
        value = positive(emitted.value)
        if value is None:
            text = f"metric filter {item.name} emits {emitted.value!r}, not a positive number"
            return missing(text, _METRIC, metric=metric)
        datum = Datum(emitted, value, _dimensions(self.trail, emitted, self.question.asked))

        def from_alarms() -> Way:
            return furthest(
                [alarm for alarm in group.alarms.metric if alarm.watches(emitted.namespace, emitted.name)],
                lambda alarm: in_turn(
                    lambda: fires(group, alarm, datum, self.question.params.max_period_seconds),
                    lambda: is_heard(self.trail.account, group, alarm),
                ),
                missing(f"no alarm in {group.region} watches metric {metric} of metric filter {item.name}", _ALARM),
            )

        return in_turn(lambda: holds(metric=metric), from_alarms)


def _names(missed: tuple[patterns.Probe, ...], asked: tuple[patterns.Probe, ...]) -> str:
    """Return the missed events; the variant is told where another variant of the same event is seen."""
    seen = {probe.event for probe in asked if probe not in missed}
    return ", ".join(dict.fromkeys(str(probe) if probe.event in seen else probe.event for probe in missed))


def _dimensions(trail: Trail, emitted: MetricTransformation, asked: tuple[patterns.Probe, ...]) -> Mapping[str, str]:
    """Return the values of the metric's dimensions that all events have in common."""
    found: dict[str, str] = {}
    for name, selector in emitted.dimensions:
        values = {_value(trail, probe.record, selector) for probe in asked}
        if len(values) == 1:
            found[name] = values.pop()
    return {name: value for name, value in found.items() if value}


def _value(trail: Trail, record: Mapping[str, Any], selector: str) -> str:
    """Return the value that an event of the trail has where a selector points to, empty where it has none."""
    path = {"@aws.account": "$.recipientAccountId", "@aws.region": "$.awsRegion"}.get(selector, selector)
    if path == "$.recipientAccountId":
        return "" if trail.is_organization_trail else trail.owner
    value: Any = record
    for part in path.removeprefix("$.").split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""
