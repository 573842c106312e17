"""Insights, tags and delivery notifications of a trail."""

from typing import Any

import pytest

from trailwarden.model import ReasonCode, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, World, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
INSIGHTS, TAGGED, SNS = "trail-insights-enabled", "trail-tagged", "trail-sns-notification"
CALLS, ERRORS = {"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:deliveries"
REQUIRED = {"require": True}


# --- trail-insights-enabled -----------------------------------------------------------------------------------------


def with_insights(*selectors: dict[str, Any], **row: Any) -> World:
    world = World()
    arn = world.add_trail("main", **{"HasInsightSelectors": True, **row})
    world.reply("cloudtrail.GetInsightSelectors", {"InsightSelectors": list(selectors)}, TrailName=arn)
    return world


def test_both_rates_pass() -> None:
    [row] = run_check(INSIGHTS, with_insights(CALLS, ERRORS))
    assert row.status is PASS
    assert row.message == "trail main watches management events for ApiCallRateInsight, ApiErrorRateInsight"
    assert row.observed == {
        "InsightSelectors": [{**CALLS, "EventCategories": []}, {**ERRORS, "EventCategories": []}],
    }
    assert row.expected == {
        "InsightType": ["ApiCallRateInsight", "ApiErrorRateInsight"],
        "EventCategories": "Management",
    }


@pytest.mark.parametrize(
    ("selectors", "params", "missing"),
    [
        ([], {}, "ApiCallRateInsight, ApiErrorRateInsight"),
        ([CALLS], {}, "ApiErrorRateInsight"),
        ([CALLS, {**ERRORS, "EventCategories": ["Data"]}], {}, "ApiErrorRateInsight"),
        ([CALLS, {**ERRORS, "EventCategories": ["Data", "Management"]}], {}, ""),
        ([CALLS], {"required_types": ["ApiCallRateInsight"]}, ""),
        ([CALLS], {"required_types": []}, ""),
        ([], {"required_types": []}, "any Insights"),
    ],
)
def test_which_types_watch_management_events(
    selectors: list[dict[str, Any]], params: dict[str, Any], missing: str
) -> None:
    """A selector for data events alone turns the watch over management events off."""
    [row] = run_check(INSIGHTS, with_insights(*selectors), params)
    assert row.status is (FAIL if missing else PASS)
    if missing:
        assert row.message == f"trail main does not watch management events for {missing}"


def test_a_trail_without_insights_is_not_asked_for_them() -> None:
    world = with_insights(CALLS, ERRORS, HasInsightSelectors=False)
    assert status_of(INSIGHTS, world) is FAIL
    assert "cloudtrail.GetInsightSelectors" not in {call.name for call in world.calls}


@pytest.mark.parametrize("flag", [True, None])
def test_not_enabled_is_a_fact_and_no_error(flag: bool | None) -> None:
    world = with_insights(HasInsightSelectors=flag)
    world.error("cloudtrail.GetInsightSelectors", "InsightNotEnabledException")
    assert status_of(INSIGHTS, world) is FAIL


def test_insights_need_management_events() -> None:
    world = with_insights(CALLS, ERRORS)
    world.selectors(f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main", basic=[{"IncludeManagementEvents": False}])
    [row] = run_check(INSIGHTS, world)
    assert (row.status, row.message) == (NA, "trail main records no management events, which Insights would watch")


@pytest.mark.parametrize(
    ("row", "code", "expected"),
    [
        ({}, "AccessDeniedException", ReasonCode.ACCESS_DENIED),
        ({"owner": MANAGEMENT, "IsOrganizationTrail": True}, "CloudTrailARNInvalidException", ReasonCode.NOT_VISIBLE_FROM_MEMBER),
    ],
)  # fmt: skip
def test_refused_insights_are_an_error(row: dict[str, Any], code: str, expected: ReasonCode) -> None:
    world = with_insights(**row)
    world.error("cloudtrail.GetInsightSelectors", code)
    assert reason_of(run_check(INSIGHTS, world)[0]).code is expected


def test_an_answer_without_insight_selectors_is_no_answer() -> None:
    world = with_insights()
    world.reply("cloudtrail.GetInsightSelectors", {})
    assert reason_of(run_check(INSIGHTS, world)[0]).code is ReasonCode.UNEXPECTED


def test_insights_are_asked_by_arn_at_home() -> None:
    world = with_insights(CALLS, ERRORS, home="eu-west-1")
    run_check(INSIGHTS, world)
    [call] = [call for call in world.calls if call.name == "cloudtrail.GetInsightSelectors"]
    assert (call.region, call.arguments) == (
        "eu-west-1",
        {"TrailName": f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/main"},
    )


# --- trail-tagged ---------------------------------------------------------------------------------------------------


def with_tags(*keys: str) -> World:
    world = World()
    arn = world.add_trail("main", home="eu-west-1")
    tags = [{"Key": key, "Value": "x"} for key in keys]
    world.reply(
        "cloudtrail.ListTags",
        {"ResourceTagList": [{"ResourceId": arn, "TagsList": tags}]},
        region="eu-west-1",
        ResourceIdList=[arn],
    )
    return world


@pytest.mark.parametrize(
    ("keys", "required", "message"),
    [
        (["Owner", "Stage"], [], ""),
        (["Owner", "Stage"], ["Stage", "Owner"], ""),
        ([], [], "trail main has no tag"),
        ([], ["Owner"], "trail main lacks the tags Owner"),
        (["owner"], ["Owner", "Stage"], "trail main lacks the tags Owner, Stage"),
        (["aws:cloudformation:stack-name"], [], "trail main has no tag"),
        (["aws:owner"], ["aws:owner"], "trail main lacks the tags aws:owner"),
    ],
)
def test_which_tags_are_there(keys: list[str], required: list[str], message: str) -> None:
    [row] = run_check(TAGGED, with_tags(*keys), {"required_tag_keys": required})
    assert (row.status, row.message) == ((FAIL, message) if message else (PASS, "trail main is tagged"))
    assert row.observed == {"TagsList": sorted(key for key in keys if not key.startswith("aws:"))}
    assert row.expected == {"TagsList": required or "at least one"}


def test_a_shadows_tags_are_not_asked_for() -> None:
    world = World()
    world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True)
    [row] = run_check(TAGGED, world)
    assert (row.status, row.message) == (NA, f"the tags of trail org are readable in account {MANAGEMENT} only")
    assert "cloudtrail.ListTags" not in {call.name for call in world.calls}


def test_refused_tags_are_an_error() -> None:
    world = with_tags("Owner")
    world.deny("cloudtrail.ListTags")
    assert reason_of(run_check(TAGGED, world)[0]).missing_action == "cloudtrail:ListTags"
    world.reply("cloudtrail.ListTags", {})
    assert reason_of(run_check(TAGGED, world)[0]).code is ReasonCode.UNEXPECTED


# --- trail-sns-notification -----------------------------------------------------------------------------------------


def notifying(*subscriptions: str, topic: str = TOPIC, **status: Any) -> World:
    world = World()
    world.add_trail("main", SnsTopicARN=topic, status=status)
    rows = [{"SubscriptionArn": item} for item in subscriptions]
    world.reply("sns.ListSubscriptionsByTopic", {"Subscriptions": rows}, region="us-east-1", TopicArn=topic)
    return world


def test_notifications_are_not_required_by_default() -> None:
    world = notifying()
    [row] = run_check(SNS, world)
    assert (row.status, row.message, row.calls) == (NA, "the policy does not require notifications of deliveries", ())


def test_a_confirmed_subscription_passes() -> None:
    world = notifying("PendingConfirmation", f"{TOPIC}:1", LatestNotificationTime="2026-06-01T11:00:00Z")
    [row] = run_check(SNS, world, REQUIRED)
    assert (row.status, row.message) == (PASS, f"trail main notifies {TOPIC}")
    assert row.observed == {
        "SnsTopicARN": TOPIC,
        "LatestNotificationError": None,
        "LatestNotificationTime": "2026-06-01T11:00:00Z",
        "confirmed subscriptions": 1,
    }
    assert row.expected == {
        "SnsTopicARN": "set",
        "LatestNotificationError": None,
        "confirmed subscriptions": "at least one",
    }


def test_no_topic_fails_and_needs_no_call() -> None:
    world = World()
    world.add_trail("main", SnsTopicName="an-old-field")
    world.deny("cloudtrail.GetTrailStatus")
    [row] = run_check(SNS, world, REQUIRED)
    assert (row.status, row.message, row.observed) == (FAIL, "trail main notifies no topic", {"SnsTopicARN": None})
    assert "sns.ListSubscriptionsByTopic" not in {call.name for call in world.calls}


@pytest.mark.parametrize("subscriptions", [[], ["PendingConfirmation"], ["Deleted"], ["", "PendingConfirmation"]])
def test_an_unconfirmed_subscription_is_none(subscriptions: list[str]) -> None:
    [row] = run_check(SNS, notifying(*subscriptions), REQUIRED)
    assert row.status is FAIL
    assert row.message == f"nobody has confirmed a subscription to {TOPIC}, which trail main notifies"
    assert row.observed["confirmed subscriptions"] == 0


def test_an_error_fails_whatever_the_subscriptions_are() -> None:
    world = notifying(LatestNotificationError="AuthorizationError")
    world.deny("sns.ListSubscriptionsByTopic")
    [row] = run_check(SNS, world, REQUIRED)
    assert (row.status, row.message) == (FAIL, f"trail main can't notify {TOPIC}: AuthorizationError")
    assert row.observed["LatestNotificationError"] == "AuthorizationError"


@pytest.mark.parametrize("operation", ["cloudtrail.GetTrailStatus", "sns.ListSubscriptionsByTopic"])
def test_what_cannot_be_read_is_an_error(operation: str) -> None:
    world = notifying(f"{TOPIC}:1")
    world.deny(operation)
    reason = reason_of(run_check(SNS, world, REQUIRED)[0])
    assert (reason.code, reason.operation) == (ReasonCode.ACCESS_DENIED, operation)


@pytest.mark.parametrize("code", ["AuthorizationErrorException", "NotFoundException"])
def test_another_accounts_topic_is_out_of_reach(code: str) -> None:
    topic = f"arn:aws:sns:us-east-1:{MANAGEMENT}:deliveries"
    world = notifying(f"{topic}:1", topic=topic)
    world.error("sns.ListSubscriptionsByTopic", code, account=ACCOUNT)
    assert reason_of(run_check(SNS, world, REQUIRED)[0]).code is ReasonCode.CROSS_ACCOUNT
    assert status_of(SNS, world, REQUIRED, peers=[MANAGEMENT]) is PASS
    world.error("sns.ListSubscriptionsByTopic", "ThrottlingException", account=ACCOUNT)
    assert reason_of(run_check(SNS, world, REQUIRED)[0]).code is ReasonCode.THROTTLED
