"""What keeps alarms alive: actions that are on, topics that nobody can silence, an alarm on silence, and EventBridge rules."""

from typing import Any

import pytest

from trailwarden import patterns
from trailwarden.model import ReasonCode, Result, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, Alerting, EventRules, World, reason_of, run_check

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
ACTIONS, TOPIC = "alert-alarm-actions-enabled", "alert-topic-protected"
HEARTBEAT, RULES = "alert-log-delivery-heartbeat", "alert-tampering-eventbridge"
GROUP = "trail-events"
PATTERN = patterns.cis_texts("alert-cloudtrail-changes", "5.0")[0]
ELSEWHERE = f"arn:aws:sns:us-east-1:{MANAGEMENT}:alerts"


def streaming() -> tuple[World, Alerting]:
    """An account whose trail streams to a log group with nothing on it yet."""
    world = World()
    world.add_trail("main", log_group=GROUP)
    return world, Alerting(world, GROUP)


def judged(check: str, world: World, params: dict[str, Any] | None = None, **options: Any) -> Result:
    [row] = run_check(check, world, params, **options)
    return row


def fault(check: str, world: World, **params: Any) -> str:
    """The message of a row that must be a FAIL."""
    row = judged(check, world, params)
    assert row.status is FAIL, row.message
    return row.message


# --- alert-alarm-actions-enabled ------------------------------------------------------------------------------------


def test_every_alarm_on_a_trail_metric_is_judged_and_no_other() -> None:
    world, alerting = streaming()
    alerting.add_alert("good", PATTERN)
    alerting.add_metric_filter("bad", PATTERN)
    alerting.add_alarm("bad")
    alerting.add_alarm("unrelated", Namespace="AWS/EC2")
    rows = {row.subject_name: row for row in run_check(ACTIONS, world)}
    assert {name: row.status for name, row in rows.items()} == {"good": PASS, "bad": FAIL}
    assert rows["bad"].subject_type == "alarm"
    assert "has no action for ALARM" in rows["bad"].message


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"ActionsEnabled": False}, "switched off"),
        ({"AlarmActions": [], "OKActions": [ELSEWHERE]}, "has no action for ALARM"),
        ({"AlarmActions": [], "InsufficientDataActions": [ELSEWHERE]}, "has no action for ALARM"),
    ],
)
def test_an_alarm_must_act_when_it_fires(row: dict[str, Any], words: str) -> None:
    world, alerting = streaming()
    alerting.add_metric_filter("watch", PATTERN)
    alerting.add_alarm("watch", **{"AlarmActions": [alerting.add_topic()], **row})
    assert words in fault(ACTIONS, world)


def test_a_composite_parent_may_carry_the_action() -> None:
    world, alerting = streaming()
    alerting.add_metric_filter("watch", PATTERN)
    alerting.add_alarm("watch")
    alerting.add_composite("parent", "ALARM(watch)", [alerting.add_topic()])
    assert "alarm parent acts" in judged(ACTIONS, world).message
    alerting.composites[0].update({"ActionsSuppressor": "quiet", "ActionsSuppressedBy": "Alarm"})
    alerting.add_composite("other", "ALARM(elsewhere)", [alerting.add_topic()])
    assert "suppressed by quiet" in fault(ACTIONS, world)


def test_a_muted_alarm_fails_and_unknown_mute_rules_are_as_strict_as_the_policy() -> None:
    world, alerting = streaming()
    alerting.add_alert("watch", PATTERN)
    alerting.mute("watch")
    assert "silenced by a mute rule" in fault(ACTIONS, world)
    world.error("cloudwatch.ListAlarmMuteRules", "UnknownOperationException")
    row = judged(ACTIONS, world)
    assert (row.status, len(row.notes)) == (PASS, 1)
    assert reason_of(judged(ACTIONS, world, {"require_mute_check": True})).code is ReasonCode.UNSUPPORTED


def test_no_alarm_on_a_trail_metric_is_not_applicable_and_refused_alarms_are_an_error() -> None:
    world, alerting = streaming()
    assert judged(ACTIONS, world).status is NA
    alerting.add_alert("watch", PATTERN)
    world.deny("cloudwatch.ListAlarmMuteRules")
    assert reason_of(judged(ACTIONS, world)).missing_action == "cloudwatch:ListAlarmMuteRules"
    world.deny("cloudwatch.DescribeAlarms")
    assert reason_of(judged(ACTIONS, world)).missing_action == "cloudwatch:DescribeAlarms"


# --- alert-log-delivery-heartbeat -----------------------------------------------------------------------------------

SILENCE: dict[str, Any] = {
    "Namespace": "AWS/Logs",
    "MetricName": "IncomingLogEvents",
    "Dimensions": [{"Name": "LogGroupName", "Value": GROUP}],
    "ComparisonOperator": "LessThanThreshold",
    "TreatMissingData": "breaching",
}


def listened(**row: Any) -> tuple[World, Alerting]:
    """A log group with an alarm on its silence."""
    world, alerting = streaming()
    alerting.add_alarm("silent", [alerting.add_topic()], **{**SILENCE, **row})
    return world, alerting


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({}, PASS),
        ({"MetricName": "IncomingBytes"}, PASS),
        ({"ComparisonOperator": "LessThanOrEqualToThreshold", "Threshold": 0.0}, PASS),
        ({"ComparisonOperator": "LessThanThreshold", "Threshold": 0.0}, FAIL),
        ({"ComparisonOperator": "LessThanOrEqualToThreshold", "Threshold": -1.0}, FAIL),
        ({"ComparisonOperator": "GreaterThanThreshold"}, FAIL),
        ({"Threshold": None, "ThresholdMetricId": "band", "ComparisonOperator": "LessThanLowerThreshold"}, FAIL),
        ({"TreatMissingData": "missing"}, FAIL),
        ({"TreatMissingData": "notBreaching"}, FAIL),
        ({"TreatMissingData": None}, FAIL),
        ({"Dimensions": [{"Name": "LogGroupName", "Value": "another"}]}, FAIL),
        ({"Dimensions": []}, FAIL),
        ({"Namespace": "Trail"}, FAIL),
        ({"MetricName": "ForwardedBytes"}, FAIL),
        ({"ActionsEnabled": False}, FAIL),
        ({"AlarmActions": []}, FAIL),
    ],
)
def test_an_alarm_on_silence(row: dict[str, Any], status: Status) -> None:
    world, _ = listened(**row)
    found = judged(HEARTBEAT, world)
    assert (found.status, found.subject_type) == (status, "log-group"), found.message


def test_missing_data_is_silence() -> None:
    """The default leaves such an alarm in INSUFFICIENT_DATA for ever; the message says so."""
    assert "treats missing data as missing" in fault(HEARTBEAT, listened(TreatMissingData=None)[0])


def test_the_alarm_on_silence_must_be_heard() -> None:
    world, alerting = listened()
    alerting.add_topic(subscriptions=["PendingConfirmation"])
    assert "no confirmed subscription" in fault(HEARTBEAT, world)
    alerting.add_topic()
    alerting.mute("silent")
    assert "silenced by a mute rule" in fault(HEARTBEAT, world)


def test_an_attested_alternative_stands_in_for_it() -> None:
    world, _ = streaming()
    assert "no alarm watches how much arrives" in fault(HEARTBEAT, world)
    row = judged(HEARTBEAT, world, {"alternative_accepted": ["siem"]})
    assert row.status is NA
    assert "attests siem" in row.message
    assert judged(HEARTBEAT, listened()[0], {"alternative_accepted": ["siem"]}).status is PASS


def test_a_trail_without_log_group_is_not_applicable_and_refused_alarms_are_an_error() -> None:
    world = World()
    world.add_trail("main")
    assert judged(HEARTBEAT, world).status is NA
    world, _ = listened()
    world.deny("cloudwatch.DescribeAlarms")
    assert reason_of(judged(HEARTBEAT, world)).missing_action == "cloudwatch:DescribeAlarms"


# --- alert-topic-protected ------------------------------------------------------------------------------------------


def notified() -> tuple[World, Alerting, str]:
    world, alerting = streaming()
    alerting.add_alert("watch", PATTERN)
    return world, alerting, f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"


def allow(action: str, principal: str = '"*"', condition: str = "") -> str:
    more = f',"Condition":{condition}' if condition else ""
    return (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":'
        f'{principal},"Action":"{action}","Resource":"*"{more}}}]}}'
    )


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        ("", PASS),
        (allow("sns:Publish"), FAIL),
        (allow("SNS:Subscribe"), FAIL),
        (allow("sns:SetTopicAttributes"), FAIL),
        (allow("sns:*"), FAIL),
        (allow("sns:GetTopicAttributes"), PASS),
        (allow("sns:Publish", f'{{"AWS":"{MANAGEMENT}"}}'), PASS),
        (allow("sns:Publish", '{"Service":"cloudwatch.amazonaws.com"}'), PASS),
        (allow("sns:Publish", condition=f'{{"StringEquals":{{"AWS:SourceOwner":"{ACCOUNT}"}}}}'), PASS),
        (allow("sns:Publish", condition='{"StringLike":{"AWS:SourceOwner":"*"}}'), FAIL),
        (allow("sns:Publish", condition='{"StringNotEquals":{"AWS:SourceOwner":"1"}}'), FAIL),
        (allow("sns:Publish", condition='{"StringFuzzy":{"AWS:SourceOwner":"1"}}'), ERROR),
        ("no policy", ERROR),
    ],
)
def test_who_may_tamper_with_the_topic(policy: str, status: Status) -> None:
    world, alerting, topic = notified()
    alerting.topic_attributes(topic, policy)
    row = judged(TOPIC, world)
    assert (row.status, row.subject) == (status, topic), row.message
    if status is ERROR:
        assert reason_of(row).code is ReasonCode.UNPARSEABLE


def test_attributes_without_a_policy_prove_nothing() -> None:
    """SNS leaves the policy out for callers with few rights."""
    world, alerting, topic = notified()
    alerting.topic_attributes(topic, Policy=None)
    assert reason_of(judged(TOPIC, world)).code is ReasonCode.UNEXPECTED


@pytest.mark.parametrize(
    ("key", "status"),
    [
        (None, FAIL),
        ("alias/aws/sns", FAIL),
        (f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/aws/sns", FAIL),
        ("alias/alerts", PASS),
    ],
)
def test_the_key_matters_when_it_is_asked_for(key: str | None, status: Status) -> None:
    world, alerting, topic = notified()
    alerting.topic_attributes(topic, KmsMasterKeyId=key)
    assert judged(TOPIC, world).status is PASS
    assert judged(TOPIC, world, {"require_kms": True}).status is status


@pytest.mark.parametrize(("least", "status"), [(0, PASS), (1, PASS), (2, FAIL)])
def test_only_confirmed_subscriptions_count(least: int, status: Status) -> None:
    world, alerting, topic = notified()
    alerting.add_topic(subscriptions=[f"{topic}:1", "PendingConfirmation", "Deleted"])
    assert judged(TOPIC, world, {"min_confirmed": least}).status is status


def test_a_deleted_topic_fails_and_a_refused_one_is_an_error() -> None:
    world, _, _ = notified()
    world.deny("sns.ListSubscriptionsByTopic")
    assert reason_of(judged(TOPIC, world)).missing_action == "sns:ListSubscriptionsByTopic"
    world.deny("sns.GetTopicAttributes")
    assert reason_of(judged(TOPIC, world)).missing_action == "sns:GetTopicAttributes"
    for operation in ("GetTopicAttributes", "ListSubscriptionsByTopic"):
        world.error(f"sns.{operation}", "NotFound", status=404)
    assert fault(TOPIC, world).endswith("does not exist")


def test_no_alerting_is_not_applicable() -> None:
    assert judged(TOPIC, streaming()[0]).status is NA


def test_topics_of_heartbeats_and_composite_alarms_are_judged_too() -> None:
    world, alerting = listened()
    alerting.add_metric_filter("watch", PATTERN)
    alerting.add_alarm("watch")
    alerting.add_composite("parent", "ALARM(watch)", [alerting.add_topic("above")])
    alerting.add_composite("other", "ALARM(unrelated)", [alerting.add_topic("unrelated")])
    assert [row.subject_name for row in run_check(TOPIC, world)] == ["above", "alerts"]


# --- alert-tampering-eventbridge ------------------------------------------------------------------------------------

REQUIRE = {"require": True}
ALL = {"detail-type": ["AWS API Call via CloudTrail"]}


def ruled(pattern: Any = None, **row: Any) -> tuple[World, EventRules]:
    """An account whose rule hands every recorded call to a topic that is read."""
    world, alerting = streaming()
    rules = EventRules(world)
    rules.add("watch", ALL if pattern is None else pattern, [alerting.add_topic()], **row)
    return world, rules


def test_rules_are_asked_for_only_when_the_policy_says_so() -> None:
    world, _ = streaming()
    assert judged(RULES, world).status is NA
    assert judged(RULES, world, {"accept_metric_filter": True}).status is NA
    assert not [call for call in world.calls if call.service == "events"]


@pytest.mark.parametrize(
    ("pattern", "row", "status"),
    [
        (None, {}, PASS),
        (None, {"State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}, PASS),
        (None, {"State": "DISABLED"}, FAIL),
        (None, {"EventBusName": "audit"}, FAIL),
        (None, {"EventPattern": None, "ScheduleExpression": "rate(1 day)"}, FAIL),
        ({"source": ["aws.cloudtrail", "aws.s3"]}, {}, PASS),
        ({"source": ["aws.cloudtrail"]}, {}, FAIL),
        ({"detail": {"eventName": [{"prefix": "Stop"}]}}, {}, FAIL),
        ({"region": ["eu-west-1"]}, {}, FAIL),
        ({"account": [ACCOUNT]}, {}, PASS),
        ({"detail": {"errorCode": [{"exists": True}]}}, {}, FAIL),
        ({"detail": {"eventName": [{"sounds-like": "stop"}]}}, {}, ERROR),
    ],
)
def test_a_rule_on_the_default_bus_must_see_every_call(pattern: Any, row: dict[str, Any], status: Status) -> None:
    world, _ = ruled(pattern, **row)
    found = judged(RULES, world, REQUIRE)
    assert (found.status, found.subject_type) == (status, "account"), found.message
    if status is ERROR:
        assert reason_of(found).code is ReasonCode.UNPARSEABLE


def test_the_unnoticed_call_is_named_with_its_region() -> None:
    names = [{"anything-but": ["DeleteTrail"]}]
    message = fault(RULES, ruled({"detail": {"eventName": names}})[0], require=True)
    assert "DeleteTrail in us-east-1: no rule in us-east-1 matches" in message
    assert "StopLogging" not in message


def test_each_call_is_looked_for_where_it_is_recorded() -> None:
    """CloudTrail's in the trail's home, S3's with the bucket, KMS's with the key, IAM's in the global Region."""
    world = World()
    world.add_bucket("logs", region="eu-west-1")
    world.add_trail("main", home="us-east-1", bucket="logs", key="k", log_group=GROUP)
    topic = Alerting(world, GROUP).add_topic()
    east, west = EventRules(world), EventRules(world, "eu-west-1")
    east.add("watch", ALL, [topic])
    message = fault(RULES, world, require=True)
    assert "PutBucketVersioning in eu-west-1: no rule in eu-west-1 matches" in message
    assert "StopLogging" not in message
    assert "DisableKey" not in message
    west.add("watch", {"source": ["aws.s3"]}, [topic])
    assert judged(RULES, world, REQUIRE).observed == {"regions": ["eu-west-1", "us-east-1"]}
    home = World()
    home.add_trail("main", home="eu-west-1")
    for region in home.regions:
        EventRules(home, region)
    asked = {**REQUIRE, "required_events": ["iam.amazonaws.com:DeleteRole"]}
    assert "DeleteRole in us-east-1" in judged(RULES, home, asked).message


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:page", PASS),
        (f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue", PASS),
        (f"arn:aws:events:us-east-1:{ACCOUNT}:api-destination/siem/1", PASS),
        (f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/events/x", FAIL),
        (f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/custom", FAIL),
        (f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default", FAIL),
        (f"arn:aws:events:us-east-1:{MANAGEMENT}:event-bus/audit", PASS),
        ("", FAIL),
    ],
)
def test_kinds_of_targets(target: str, status: Status) -> None:
    world, _ = streaming()
    EventRules(world).add("watch", ALL, [target] if target else [])
    row = judged(RULES, world, REQUIRE)
    assert row.status is status, row.message


def test_a_bus_of_another_region_goes_on_there() -> None:
    world, alerting = streaming()
    bus = f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/default"
    EventRules(world).add("forward", ALL, [bus])
    west = EventRules(world, "eu-west-1")
    assert "no rule in eu-west-1 matches" in fault(RULES, world, require=True)
    west.add("watch", ALL, [alerting.add_topic()])
    assert judged(RULES, world, REQUIRE).status is PASS


def test_a_target_needs_a_confirmed_subscriber() -> None:
    world, alerting = streaming()
    EventRules(world).add("watch", ALL, [alerting.add_topic(subscriptions=["PendingConfirmation"])])
    assert "no confirmed subscription" in fault(RULES, world, require=True)


def test_a_target_of_another_account_is_taken_on_trust_with_a_note_or_not_at_all() -> None:
    world, _ = streaming()
    EventRules(world).add("watch", ALL, [ELSEWHERE])
    world.deny("sns.ListSubscriptionsByTopic")
    row = judged(RULES, world, REQUIRE)
    assert (row.status, len(row.notes)) == (PASS, 1)
    assert "can't be looked at from here" in row.notes[0]
    strict = judged(RULES, world, {**REQUIRE, "cross_account_targets": False})
    assert reason_of(strict).code is ReasonCode.CROSS_ACCOUNT


def test_eventbridge_hears_only_what_a_trail_records() -> None:
    world, _ = ruled()
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
    world.status(arn, IsLogging=False)
    assert "EventBridge hears nothing: trail main is not logging" in fault(RULES, world, require=True)
    world.status(arn, IsLogging=True)
    world.selectors(arn, basic=[{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}])
    assert "records no write management events" in fault(RULES, world, require=True)
    world.deny("cloudtrail.GetEventSelectors")
    assert reason_of(judged(RULES, world, REQUIRE)).operation == "cloudtrail.GetEventSelectors"
    assert "has no trail" in fault(RULES, World(), require=True)


def test_calls_that_another_account_records_are_its_own_matter() -> None:
    """A member sees the organization's trail; stopping it is recorded where it belongs."""
    world = World()
    world.add_bucket("archive", owner=MANAGEMENT)
    world.add_trail("org", owner=MANAGEMENT, bucket="archive", IsOrganizationTrail=True)
    EventRules(world)
    reason = reason_of(judged(RULES, world, REQUIRE))
    assert reason.code is ReasonCode.CROSS_ACCOUNT
    assert "is not judged in this run" in reason.aws_message
    row = judged(RULES, world, REQUIRE, peers=[MANAGEMENT], log_accounts=[MANAGEMENT])
    assert row.status is NA
    assert row.message == "no call to be noticed is recorded in this account"


def test_a_metric_filter_may_do_it_instead() -> None:
    world, alerting = streaming()
    EventRules(world)
    params = {**REQUIRE, "required_events": ["StopLogging", "PutEventSelectors"]}
    accepting = {**params, "accept_metric_filter": True}
    alerting.add_alert("watch", PATTERN)
    assert judged(RULES, world, accepting).status is FAIL
    names = ["CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging", "PutEventSelectors"]
    alerting.add_alert("more", "{" + "||".join(f"$.eventName = {name}" for name in names) + "}")
    row = judged(RULES, world, accepting)
    assert row.status is NA
    assert "a metric filter does it" in row.message
    assert judged(RULES, world, params).status is FAIL
    world.deny("logs.DescribeMetricFilters")
    assert reason_of(judged(RULES, world, accepting)).missing_action == "logs:DescribeMetricFilters"
    world, _ = ruled()
    world.deny("logs.DescribeMetricFilters")
    assert judged(RULES, world, accepting).status is PASS, "rules that notice everything need no filter"
    world.deny("cloudtrail.DescribeTrails")
    assert judged(RULES, world, REQUIRE).status is ERROR, "no trail that could be listed is not no trail"


@pytest.mark.parametrize("operation", ["ListRules", "ListTargetsByRule"])
def test_refused_rules_are_an_error(operation: str) -> None:
    world, _ = ruled()
    world.deny(f"events.{operation}")
    assert reason_of(judged(RULES, world, REQUIRE)).missing_action == f"events:{operation}"
