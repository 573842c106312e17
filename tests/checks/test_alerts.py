"""The fifteen alert controls: from a trail to somebody who hears, link by link."""

from typing import Any

import pytest

from trailwarden import patterns
from trailwarden.model import ReasonCode, Result, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, Alerting, World, ago, reason_of, run_check

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
ROOT = "alert-root-usage"
ROOT_PATTERN = patterns.cis_texts(ROOT, "5.0")[0]
STOP = "alert-cloudtrail-changes"
STOP_PATTERN = patterns.cis_texts(STOP, "5.0")[0]
GROUP = "trail-events"


def world_of(**trail: Any) -> tuple[World, Alerting]:
    """An account whose trail streams to a log group with nothing on it yet."""
    world = World()
    world.add_trail("main", log_group=GROUP, **trail)
    return world, Alerting(world, GROUP)


def alerted(pattern: str = ROOT_PATTERN) -> tuple[World, Alerting]:
    """An account with the whole chain."""
    world, alerting = world_of()
    alerting.add_alert("watch", pattern)
    return world, alerting


def judged(world: World, check: str = ROOT, params: dict[str, Any] | None = None, **options: Any) -> Result:
    [row] = run_check(check, world, params, **options)
    return row


def fault(world: World, check: str = ROOT, params: dict[str, Any] | None = None) -> str:
    """The message of a row that must be a FAIL."""
    row = judged(world, check, params)
    assert row.status is FAIL, row.message
    return row.message


# --- the fifteen ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", patterns.ALERT_IDS)
def test_each_alert_passes_with_a_filter_that_sees_its_events_and_fails_with_another(check: str) -> None:
    """Each check asks for its own events: the filter of one does not serve another."""
    mine = patterns.cis_texts(check, "5.0")[-1]
    other = next(item for item in patterns.ALERT_IDS if item != check and patterns.judge(mine, item).missed)
    world, _ = alerted(mine)
    row = judged(world, check)
    assert (row.status, row.subject_type) == (PASS, "account"), row.message
    assert row.observed == {
        "trail": "main",
        "log_group": GROUP,
        "filter": "watch",
        "metric": "Trail/watch",
        "alarm": "watch",
        "action": f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts",
    }
    assert row.expected["events"] == list(dict.fromkeys(probe.event for probe in patterns.probes(check)))
    assert judged(world, other).status is FAIL


@pytest.mark.parametrize("check", patterns.ALERT_IDS)
def test_each_alert_is_an_error_where_alarms_are_refused(check: str) -> None:
    world, _ = alerted(patterns.cis_texts(check, "5.0")[-1])
    world.deny("cloudwatch.DescribeAlarms")
    row = judged(world, check)
    assert reason_of(row).missing_action == "cloudwatch:DescribeAlarms"


@pytest.mark.parametrize("check", patterns.ALERT_IDS)
def test_each_alert_is_not_applicable_with_an_attested_alternative_and_no_integrated_trail(check: str) -> None:
    world = World()
    world.add_trail("main")
    assert judged(world, check).status is FAIL
    row = judged(world, check, {"alternative_accepted": ["siem"]})
    assert row.status is NA
    assert "attests siem" in row.message


# --- link 1: the trail ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trail", "words"),
    [
        ({"IsMultiRegionTrail": False}, "records us-east-1 only"),
        ({"status": {"IsLogging": False}}, "is not logging"),
    ],
)
def test_only_a_counted_trail_carries_an_alert(trail: dict[str, Any], words: str) -> None:
    world, alerting = world_of(**trail)
    alerting.add_alert("watch", ROOT_PATTERN)
    assert words in fault(world)


def test_a_trail_without_write_events_does_not_count() -> None:
    world, _ = alerted()
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
    world.selectors(arn, basic=[{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}])
    assert "records no write management events" in fault(world)


def test_no_trail_is_a_failure() -> None:
    assert "has no trail" in fault(World())


def test_an_alternative_does_not_excuse_a_broken_chain() -> None:
    """It stands in for the integration; a trail that is integrated is judged."""
    world, _ = world_of()
    assert "no metric filter" in fault(world, params={"alternative_accepted": ["siem", "eventbridge"]})


def test_an_unlisted_region_is_an_error_unless_a_chain_works() -> None:
    world, _ = alerted()
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert judged(world).status is PASS
    world, _ = world_of()
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert reason_of(judged(world)).operation == "cloudtrail.DescribeTrails"


def test_a_status_that_is_refused_is_an_error_but_a_missing_filter_behind_it_decides() -> None:
    world, alerting = world_of()
    world.deny("cloudtrail.GetTrailStatus")
    assert "has no metric filter" in fault(world)
    alerting.add_alert("watch", ROOT_PATTERN)
    assert reason_of(judged(world)).operation == "cloudtrail.GetTrailStatus"


def test_one_working_chain_is_enough() -> None:
    """The other trail's log group can't be read, and does not matter."""
    world, _ = alerted()
    world.add_trail("second", log_group="other")
    world.deny("logs.DescribeMetricFilters", logGroupName="other")
    assert judged(world).status is PASS


# --- link 2: the log group ------------------------------------------------------------------------------------------


def test_the_log_group_must_exist() -> None:
    world, _ = alerted()
    world.reply("logs.DescribeLogGroups", {"logGroups": []})
    assert f"log group {GROUP} does not exist" in fault(world)


def test_the_log_group_must_take_metric_filters() -> None:
    world, _ = alerted()
    world.add_log_group(GROUP, logGroupClass="INFREQUENT_ACCESS")
    assert "takes no metric filters" in fault(world)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"LatestCloudWatchLogsDeliveryTime": ago(hours=25)}, "the latest arrived"),
        ({"LatestCloudWatchLogsDeliveryError": "AccessDenied"}, "AccessDenied"),
        ({"LatestCloudWatchLogsDeliveryTime": None}, "none ever arrived"),
    ],
)
def test_events_must_arrive(status: dict[str, Any], words: str) -> None:
    world, alerting = world_of(status=status)
    alerting.add_alert("watch", ROOT_PATTERN)
    assert words in fault(world)


def test_a_trail_that_just_started_is_not_judged_yet() -> None:
    fresh = {"StartLoggingTime": ago(minutes=30), "LatestCloudWatchLogsDeliveryTime": None}
    world, alerting = world_of(status=fresh)
    alerting.add_alert("watch", ROOT_PATTERN)
    assert reason_of(judged(world)).code is ReasonCode.EVENTUAL


# --- link 3: the metric filter --------------------------------------------------------------------------------------


def test_the_missed_event_is_named() -> None:
    pattern = STOP_PATTERN.replace("|| ($.eventName = StopLogging)", "")
    assert pattern != STOP_PATTERN
    world, _ = alerted(pattern)
    assert fault(world, STOP).endswith("misses StopLogging")


def test_a_filter_for_one_kind_of_caller_misses_the_other() -> None:
    narrow = f"{{ ({STOP_PATTERN.strip('{} ')}) && ($.userIdentity.type = IAMUser) }}"
    world, _ = alerted(narrow)
    assert "StopLogging" in fault(world, STOP)


def test_names_joined_by_and_match_nothing() -> None:
    """The names are all there, and yet no event has two of them."""
    world, _ = alerted(STOP_PATTERN.replace("||", "&&"))
    assert "no metric filter of log group" in fault(world, STOP)


def test_the_nearest_filter_is_the_one_that_is_explained() -> None:
    world, alerting = world_of()
    alerting.add_metric_filter("a-root", ROOT_PATTERN)
    alerting.add_metric_filter("b-some", "{ $.eventName = StopLogging || $.eventName = StartLogging }")
    alerting.add_metric_filter("c-one", "{ $.eventName = StopLogging }")
    assert "metric filter b-some" in fault(world, STOP)


def test_order_spelling_and_further_events_do_not_matter() -> None:
    names = ["PutEventSelectors", "StopLogging", "StartLogging", "DeleteTrail", "UpdateTrail", "CreateTrail"]
    world, _ = alerted("{" + "||".join(f'$.eventName="{name}"' for name in names) + "}")
    assert judged(world, STOP).status is PASS
    assert judged(world, STOP, {"extra_events": ["PutEventSelectors"]}).status is PASS
    assert "misses PutInsightSelectors" in fault(world, STOP, {"extra_events": ["PutInsightSelectors"]})


def test_literal_matching_asks_for_the_text_of_cis() -> None:
    world, _ = alerted(STOP_PATTERN)
    assert judged(world, STOP, {"match": "cis_literal"}).status is PASS
    world, _ = alerted("{ $.eventSource = cloudtrail.amazonaws.com }")
    assert judged(world, STOP).status is PASS
    assert "is not the text" in fault(world, STOP, {"match": "cis_literal"})


def test_a_filter_of_another_log_group_does_not_count() -> None:
    """The API's answer is compared by name; a neighbour's filter is no help."""
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN, logGroupName="trail-events-old")
    assert "has no metric filter" in fault(world)


def test_a_selection_by_account_or_region_drops_events() -> None:
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN, fieldSelectionCriteria='@aws.region = "us-east-1"')
    alerting.add_alarm("watch", [alerting.add_topic()])
    assert '@aws.region = "us-east-1"' in fault(world)


@pytest.mark.parametrize("row", [{"filterPattern": "{ $.eventName = }"}, {"applyOnTransformedLogs": True}])
def test_a_filter_that_is_not_understood_is_an_error_unless_another_serves(row: dict[str, Any]) -> None:
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN, **row)
    alerting.add_alarm("watch", [alerting.add_topic()])
    assert reason_of(judged(world)).code is ReasonCode.UNPARSEABLE
    alerting.add_alert("second", ROOT_PATTERN)
    assert judged(world).status is PASS


def test_filters_that_are_refused_are_an_error() -> None:
    world, _ = alerted()
    world.deny("logs.DescribeMetricFilters")
    assert reason_of(judged(world)).missing_action == "logs:DescribeMetricFilters"


@pytest.mark.parametrize("value", ["0", "-1", "$.requestParameters.count", "nan", "inf", ""])
def test_the_metric_value_must_be_a_positive_number(value: str) -> None:
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN, transformation={"metricValue": value})
    alerting.add_alarm("watch", [alerting.add_topic()])
    assert "not a positive number" in fault(world)


def test_a_filter_without_transformation_emits_nothing() -> None:
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN, metricTransformations=[])
    assert "emits no metric" in fault(world)


# --- link 4: the alarm's metric -------------------------------------------------------------------------------------


def with_alarm(transformation: dict[str, Any] | None = None, **alarm: Any) -> World:
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN, transformation=transformation)
    alerting.add_alarm("watch", [alerting.add_topic()], **alarm)
    return world


def test_the_namespace_counts_and_not_the_name_alone() -> None:
    assert "no alarm in us-east-1 watches metric Trail/watch" in fault(with_alarm(Namespace="Elsewhere"))
    assert "no alarm" in fault(with_alarm(MetricName="Watch"))


def test_an_alarm_of_another_region_is_none() -> None:
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN)
    elsewhere = Alerting(world, GROUP, region="eu-west-1")
    elsewhere.add_alarm("watch", [elsewhere.add_topic()])
    assert "no alarm in us-east-1" in fault(world)


def test_a_metric_with_dimensions_does_not_feed_one_without() -> None:
    source = {"dimensions": {"Source": "$.eventSource"}}
    assert "with dimensions none" in fault(with_alarm(source))
    assert "with dimensions ['Source']" in fault(with_alarm(Dimensions=[{"Name": "Source", "Value": "x"}]))


def test_an_alarm_on_one_value_of_a_dimension_must_be_on_the_value_of_every_event() -> None:
    named = {"dimensions": {"Type": "$.userIdentity.type"}}
    assert judged(with_alarm(named, Dimensions=[{"Name": "Type", "Value": "Root"}])).status is PASS
    assert "watches Type IAMUser only" in fault(with_alarm(named, Dimensions=[{"Name": "Type", "Value": "IAMUser"}]))
    event = {"dimensions": {"Event": "$.eventName"}}
    assert "only" in fault(with_alarm(event, Dimensions=[{"Name": "Event", "Value": "StopLogging"}]))


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [("@aws.account", ACCOUNT, PASS), ("@aws.account", MANAGEMENT, FAIL), ("@aws.region", "us-east-1", FAIL)],
)
def test_emitted_system_fields_are_dimensions(field: str, value: str, status: Status) -> None:
    """The account is always the trail's own; Regions are many."""
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN, emitSystemFieldDimensions=[field])
    alerting.add_alarm("watch", [alerting.add_topic()], Dimensions=[{"Name": field, "Value": value}])
    assert judged(world).status is status


def test_a_unit_that_the_filter_does_not_emit_leaves_the_alarm_without_data() -> None:
    assert "unit Count" in fault(with_alarm(Unit="Count"))
    assert judged(with_alarm({"unit": "Count"}, Unit="Count")).status is PASS
    assert judged(with_alarm({"unit": "Count"})).status is PASS


# --- link 5: it fires on one event ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alarm", "status"),
    [
        ({"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0.0}, PASS),
        ({"ComparisonOperator": "GreaterThanThreshold", "Threshold": 1.0}, FAIL),
        ({"Threshold": 3.0}, FAIL),
        ({"ComparisonOperator": "LessThanThreshold"}, FAIL),
        ({"ComparisonOperator": "LessThanOrEqualToThreshold"}, FAIL),
        ({"Statistic": "SampleCount"}, PASS),
        ({"Statistic": "Maximum"}, PASS),
        ({"Statistic": "Average"}, FAIL),
        ({"Statistic": "Minimum"}, FAIL),
        ({"Statistic": None, "ExtendedStatistic": "p99"}, FAIL),
        ({"EvaluationPeriods": 2}, FAIL),
        ({"EvaluationPeriods": 2, "DatapointsToAlarm": 2}, FAIL),
        ({"EvaluationPeriods": 5, "DatapointsToAlarm": 1}, PASS),
        ({"Period": 3600}, PASS),
        ({"Period": 7200}, FAIL),
        ({"TreatMissingData": "breaching"}, FAIL),
        ({"TreatMissingData": "missing"}, PASS),
        ({"TreatMissingData": None}, PASS),
        ({"Threshold": None, "ThresholdMetricId": "band"}, FAIL),
    ],
)
def test_what_fires_on_one_event(alarm: dict[str, Any], status: Status) -> None:
    assert judged(with_alarm(**alarm)).status is status


def test_the_value_that_the_filter_emits_decides_what_one_event_amounts_to() -> None:
    assert judged(with_alarm({"metricValue": "3"}, Threshold=3.0)).status is PASS
    assert judged(with_alarm({"metricValue": "0.5"})).status is FAIL
    assert judged(with_alarm({"metricValue": "0.5"}, Statistic="SampleCount")).status is PASS


def test_the_longest_period_is_a_parameter() -> None:
    assert "more than 60" in fault(with_alarm(), params={"max_period_seconds": 60})


@pytest.mark.parametrize(
    ("default", "alarm", "status"),
    [
        (0.0, {}, PASS),
        (0.0, {"Threshold": 0.0}, FAIL),
        (1.0, {}, FAIL),
        (0.0, {"Statistic": "SampleCount"}, FAIL),
    ],
)
def test_an_alarm_that_is_always_on_never_fires(default: float, alarm: dict[str, Any], status: Status) -> None:
    """A default value makes data points without any match; where they cross, an event changes nothing."""
    assert judged(with_alarm({"defaultValue": default}, **alarm)).status is status


def with_math(expression: str, **row: Any) -> World:
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN)
    alerting.add_math_alarm("sum", [alerting.add_topic()], expression, {"m1": "watch", "m2": "other"}, **row)
    return world


@pytest.mark.parametrize(
    ("expression", "status"),
    [
        ("SUM(METRICS())", PASS),
        ("SUM([m1, m2])", PASS),
        ("MAX(METRICS())", PASS),
        ("FILL(m1, 0) + FILL(m2, 0)", PASS),
        ("IF(m1 > 0, 1, 0)", PASS),
        ("m1", PASS),
        ("m1 - 1", FAIL),
        ("m1 / 10", FAIL),
        ("SUM(METRICS()) / 2", FAIL),
        ("FILL(m1, 1)", FAIL),
        ("MIN([m1, 0])", FAIL),
    ],
)
def test_metric_math_counts_when_one_datum_makes_it_cross(expression: str, status: Status) -> None:
    row = judged(with_math(expression))
    assert row.status is status, row.message


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(m1)", "m1 + m2", "m1 +", "m9", "RATE(m1)", "result"])
def test_metric_math_that_cannot_be_decided_is_an_error(expression: str) -> None:
    assert reason_of(judged(with_math(expression))).code is ReasonCode.UNPARSEABLE


def test_a_metric_of_another_account_is_not_the_filters() -> None:
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN)
    stat = {"Metric": {"Namespace": "Trail", "MetricName": "watch"}, "Period": 300, "Stat": "Sum"}
    query = {"Id": "m1", "MetricStat": stat, "AccountId": MANAGEMENT, "ReturnData": True}
    alerting.add_alarm("watch", [alerting.add_topic()], Metrics=[query])
    assert "watches another account" in fault(world)
    own = {**query, "AccountId": ACCOUNT}
    alerting.add_alarm("own", [alerting.add_topic()], Metrics=[own])
    assert judged(world).status is PASS


# --- link 6: the actions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alarm", "words"),
    [
        ({"ActionsEnabled": False}, "switched off"),
        ({"AlarmActions": []}, "has no action for ALARM"),
        ({"AlarmActions": [], "OKActions": [f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"]}, "has no action for ALARM"),
        ({"AlarmActions": [], "InsufficientDataActions": [f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"]}, "has no action"),
    ],
)
def test_the_alarm_must_do_something(alarm: dict[str, Any], words: str) -> None:
    assert words in fault(with_alarm(**alarm))


def under(rule: str, *, actions_enabled: bool = True, **more: Any) -> World:
    """A mute alarm under a composite one that notifies."""
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN)
    alerting.add_alarm("watch")
    alerting.add_composite("any", rule, [alerting.add_topic()], ActionsEnabled=actions_enabled, **more)
    return world


@pytest.mark.parametrize(
    "rule",
    [
        "ALARM(watch)",
        'ALARM("watch")',
        f"ALARM(arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:watch)",
        "ALARM(other) OR ALARM(watch)",
        "ALARM(watch) AND NOT ALARM(maintenance)",
        "(ALARM(watch) OR FALSE) AND OK(maintenance)",
        "NOT (NOT ALARM(watch))",
        "NOT OK(watch) AND TRUE",
    ],
)
def test_a_composite_alarm_may_act(rule: str) -> None:
    row = judged(under(rule))
    assert row.status is PASS, row.message
    assert row.observed["alarm"] == "any"


@pytest.mark.parametrize(
    "rule",
    [
        "ALARM(watch) AND ALARM(other)",
        "OK(watch)",
        "INSUFFICIENT_DATA(watch)",
        "ALARM(watch) OR TRUE",
        "ALARM(watchdog)",
        "ALARM(watch) AND INSUFFICIENT_DATA(other)",
        "ALARM(other) OR ALARM(watch) AND ALARM(other)",
    ],
)
def test_a_composite_alarm_must_fire_on_this_one_alone(rule: str) -> None:
    assert judged(under(rule)).status is FAIL


@pytest.mark.parametrize(
    "rule", ["AT_LEAST(1, ALARM, (watch, other))", "ALARM(watch", "ALARM(watch) ALARM(x)", "watch"]
)
def test_a_rule_that_is_not_understood_is_an_error(rule: str) -> None:
    assert reason_of(judged(under(rule))).code is ReasonCode.UNPARSEABLE


def test_composite_alarms_may_be_nested() -> None:
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN)
    alerting.add_alarm("watch")
    alerting.add_composite("inner", "ALARM(watch)")
    alerting.add_composite("outer", "ALARM(inner)", [alerting.add_topic()])
    assert judged(world).observed["alarm"] == "outer"


def test_a_composite_alarm_that_is_off_or_suppressed_does_not_act() -> None:
    assert "switched off" in fault(under("ALARM(watch)", actions_enabled=False))
    quiet: dict[str, Any] = {"ActionsSuppressor": "maintenance", "ActionsSuppressedBy": "Alarm"}
    assert "suppressed by maintenance" in fault(under("ALARM(watch)", **quiet))
    assert judged(under("ALARM(watch)", ActionsSuppressor="maintenance")).status is PASS


def test_a_mute_rule_silences() -> None:
    world, alerting = alerted()
    alerting.mute("watch")
    assert "silenced by a mute rule" in fault(world)


def test_a_mute_rule_for_another_alarm_does_not_matter() -> None:
    world, alerting = alerted()
    alerting.add_alarm("other")
    alerting.mute("other")
    assert judged(world).status is PASS


def test_mute_rules_that_are_refused_are_an_error_and_unknown_ones_a_note() -> None:
    world, _ = alerted()
    world.deny("cloudwatch.ListAlarmMuteRules")
    assert reason_of(judged(world)).missing_action == "cloudwatch:ListAlarmMuteRules"
    world.error("cloudwatch.ListAlarmMuteRules", "UnknownOperationException")
    row = judged(world)
    assert row.status is PASS
    assert any("mute rule" in note for note in row.notes)


# --- link 7: somebody hears -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subscriptions", "status"),
    [
        (["PendingConfirmation"], FAIL),
        (["Deleted"], FAIL),
        ([], FAIL),
        (["PendingConfirmation", "arn:aws:sns:us-east-1:111122223333:alerts:1"], PASS),
    ],
)
def test_a_subscription_must_be_confirmed(subscriptions: list[str], status: Status) -> None:
    world, alerting = alerted()
    alerting.add_topic(subscriptions=subscriptions)
    row = judged(world)
    assert row.status is status
    assert status is PASS or "no confirmed subscription" in row.message


def test_a_deleted_topic_tells_nobody() -> None:
    world, _ = alerted()
    world.error("sns.ListSubscriptionsByTopic", "NotFound", status=404)
    assert "does not exist" in fault(world)


@pytest.mark.parametrize(
    ("action", "status"),
    [
        (f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:page", PASS),
        (f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/page", PASS),
        (f"arn:aws:ssm:us-east-1:{ACCOUNT}:opsitem:1#CATEGORY=Security", PASS),
        ("arn:aws:automate:us-east-1:ec2:stop", FAIL),
        (f"arn:aws:autoscaling:us-east-1:{ACCOUNT}:scalingPolicy:x", FAIL),
        (f"arn:aws:ssm:us-east-1:{ACCOUNT}:document/x", FAIL),
        ("not an ARN", FAIL),
    ],
)
def test_kinds_of_actions(action: str, status: Status) -> None:
    assert judged(with_alarm(AlarmActions=[action])).status is status


def test_subscriptions_of_another_accounts_topic_must_be_readable() -> None:
    world, alerting = world_of()
    alerting.add_metric_filter("watch", ROOT_PATTERN)
    topic = alerting.add_topic(owner=MANAGEMENT)
    alerting.add_alarm("watch", [topic])
    assert judged(world).status is PASS
    world.deny("sns.ListSubscriptionsByTopic")
    reason = reason_of(judged(world))
    assert (reason.code, reason.operation) == (ReasonCode.CROSS_ACCOUNT, "sns.ListSubscriptionsByTopic")
    assert {call.account for call in world.calls if call.service == "sns"} == {ACCOUNT}
    world.calls.clear()
    run_check(ROOT, world, peers=[MANAGEMENT])
    assert {call.account for call in world.calls if call.service == "sns"} == {MANAGEMENT}


def test_own_subscriptions_that_are_refused_are_an_error_unless_another_action_reaches() -> None:
    world, alerting = alerted()
    world.deny("sns.ListSubscriptionsByTopic")
    assert reason_of(judged(world)).missing_action == "sns:ListSubscriptionsByTopic"
    alerting.add_alarm("second", [f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:page"], MetricName="watch")
    assert judged(world).status is PASS


# --- organizations --------------------------------------------------------------------------------------------------


def member() -> World:
    """A member account that sees the organization's trail, which streams into the management account."""
    world = World()
    world.add_trail("org", owner=MANAGEMENT, log_group=GROUP, IsOrganizationTrail=True)
    return world


def test_a_member_is_pointed_to_the_account_that_has_the_alarms_when_the_run_judges_it() -> None:
    row = judged(member(), peers=[MANAGEMENT])
    assert row.status is NA
    assert MANAGEMENT in row.message


def test_a_member_is_an_error_when_nobody_judges_that_account() -> None:
    reason = reason_of(judged(member()))
    assert reason.code is ReasonCode.CROSS_ACCOUNT
    assert MANAGEMENT in reason.aws_message


def test_a_pointer_needs_a_trail_that_counts() -> None:
    world = World()
    world.add_trail("org", owner=MANAGEMENT, log_group=GROUP, IsOrganizationTrail=True, status={"IsLogging": False})
    assert "trail org is not logging" in fault(world)
    row = judged(world, peers=[MANAGEMENT])
    assert row.status is FAIL


def test_no_pointer_rests_on_a_trail_whose_status_is_unknown() -> None:
    world = member()
    world.deny("cloudtrail.GetTrailStatus")
    assert reason_of(judged(world, peers=[MANAGEMENT])).operation == "cloudtrail.GetTrailStatus"


def test_a_member_with_alarms_of_its_own_passes() -> None:
    world = member()
    world.add_trail("main", log_group="own")
    Alerting(world, "own").add_alert("watch", ROOT_PATTERN)
    assert judged(world).status is PASS


def test_nothing_is_asked_twice_for_fifteen_alerts() -> None:
    """The plan of the catalogue: filters, alarms and subscriptions once, whatever the number of alerts."""
    world, _ = alerted()
    run_check(ROOT, world)
    names = [call.name for call in world.calls]
    for name in ("logs.DescribeMetricFilters", "cloudwatch.DescribeAlarms", "sns.ListSubscriptionsByTopic"):
        assert names.count(name) == 1
