"""Trails, their status and selectors: what is asked, where, by which name, and as whom."""

from datetime import UTC, datetime
from typing import Any

import pytest

from trailwarden.errors import Unreadable
from trailwarden.facts import Trail, TrailStatus
from trailwarden.model import Reason, ReasonCode
from trailwarden.testing import ACCOUNT, MANAGEMENT, World


def only_trail(world: World, **options: Any) -> Trail:
    [trail] = world.account(**options).trails
    return trail


def asked(world: World, operation: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [(call.account, call.region, call.arguments) for call in world.calls if call.name == operation]


def test_a_trail_listed_in_many_regions_is_one_trail() -> None:
    world = World(opted_in=["af-south-1"])
    arn = world.add_trail("main", home="eu-west-1")
    trail = only_trail(world)
    assert trail.arn == trail.id == arn
    assert trail.seen_in == ("af-south-1", "eu-west-1", "us-east-1")
    assert (trail.name, trail.home_region, trail.owner, trail.is_shadow) == ("main", "eu-west-1", ACCOUNT, False)


def test_the_row_of_the_home_region_wins() -> None:
    """Wherever two listings differ for a moment, the choice does not depend on which answered first."""
    world = World()
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
    row = {"TrailARN": arn, "HomeRegion": "us-east-1", "S3BucketName": "logs", "IsMultiRegionTrail": True}
    world.reply("cloudtrail.DescribeTrails", {"trailList": [row]}, region="eu-west-1")
    world.reply("cloudtrail.DescribeTrails", {"trailList": [{**row, "KmsKeyId": "k"}]}, region="us-east-1")
    assert only_trail(world).kms_key_id == "k"


def test_what_a_listing_leaves_out_is_unset() -> None:
    world = World()
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/bare"
    world.reply("cloudtrail.DescribeTrails", {"trailList": [{"TrailARN": arn}]})
    trail = only_trail(world)
    flags = (
        trail.is_multi_region,
        trail.is_organization_trail,
        trail.includes_global_service_events,
        trail.log_file_validation,
    )
    assert flags == (False, False, False, False)
    assert (trail.has_custom_event_selectors, trail.has_insight_selectors) == (None, None)
    texts = (
        trail.bucket_name,
        trail.key_prefix,
        trail.kms_key_id,
        trail.sns_topic_arn,
        trail.log_group_arn,
        trail.log_role_arn,
    )
    assert texts == ("",) * 6
    assert (trail.bucket, trail.key, trail.log_group) == (None, None, None)
    assert (trail.name, trail.home_region) == ("bare", "us-east-1")


def test_a_listing_says_all_settings() -> None:
    world = World()
    world.add_trail(
        "main",
        bucket="logs",
        key="k",
        log_group="g",
        S3KeyPrefix="audit",
        SnsTopicARN="arn:aws:sns:us-east-1:111122223333:t",
        HasCustomEventSelectors=True,
        HasInsightSelectors=True,
    )
    trail = only_trail(world)
    assert (trail.bucket_name, trail.key_prefix) == ("logs", "audit")
    assert trail.sns_topic_arn == "arn:aws:sns:us-east-1:111122223333:t"
    assert (trail.has_custom_event_selectors, trail.has_insight_selectors) == (True, True)
    assert trail.bucket is not None
    assert trail.bucket.name == "logs"
    assert trail.key is not None
    assert trail.key.trails == (trail,)
    assert trail.log_group is not None
    assert trail.log_group.name == "g"


def test_trails_share_what_they_share() -> None:
    world = World()
    world.add_trail("a", bucket="logs", key="k", log_group="g")
    world.add_trail("b", bucket="logs", key="k", log_group="g")
    account = world.account()
    first, second = account.trails
    assert first.bucket is second.bucket
    assert first.key is second.key
    assert first.log_group is second.log_group
    assert (len(account.buckets), len(account.keys), len(account.log_groups)) == (1, 1, 1)


def test_the_status_is_asked_by_arn_at_home() -> None:
    """A name resolves in the home region only, and there to the account's own trail only."""
    world = World()
    arn = world.add_trail("main", home="eu-west-1")
    trail = only_trail(world)
    assert trail.status is trail.status
    assert asked(world, "cloudtrail.GetTrailStatus") == [(ACCOUNT, "eu-west-1", {"Name": arn})]


def test_a_status_is_read_whole() -> None:
    world = World()
    times = {
        "StartLoggingTime": "2026-01-01T00:00:00Z",
        "StopLoggingTime": "2026-01-02T00:00:00Z",
        "LatestDeliveryTime": "2026-01-03T00:00:00Z",
        "LatestDigestDeliveryTime": "2026-01-04T00:00:00Z",
        "LatestCloudWatchLogsDeliveryTime": "2026-01-05T00:00:00+00:00",
        "LatestNotificationTime": "2026-01-06T00:00:00Z",
    }
    errors = {
        "LatestDeliveryError": "a",
        "LatestDigestDeliveryError": "b",
        "LatestCloudWatchLogsDeliveryError": "c",
        "LatestNotificationError": "d",
    }
    world.add_trail("main", status={"IsLogging": False, **times, **errors})
    assert only_trail(world).status == TrailStatus(
        region="us-east-1",
        is_logging=False,
        start_logging_time=datetime(2026, 1, 1, tzinfo=UTC),
        stop_logging_time=datetime(2026, 1, 2, tzinfo=UTC),
        latest_delivery_time=datetime(2026, 1, 3, tzinfo=UTC),
        latest_delivery_error="a",
        latest_digest_delivery_time=datetime(2026, 1, 4, tzinfo=UTC),
        latest_digest_delivery_error="b",
        latest_cloudwatch_delivery_time=datetime(2026, 1, 5, tzinfo=UTC),
        latest_cloudwatch_delivery_error="c",
        latest_notification_time=datetime(2026, 1, 6, tzinfo=UTC),
        latest_notification_error="d",
    )


def test_each_region_of_a_multi_region_trail_is_asked_once() -> None:
    world = World(opted_in=["af-south-1"])
    arn = world.add_trail("main", home="eu-west-1")
    world.deny("cloudtrail.GetTrailStatus", region="af-south-1")
    trail = only_trail(world)
    statuses = trail.status_by_region
    assert trail.status is not None
    assert list(statuses) == ["af-south-1", "eu-west-1", "us-east-1"]
    assert [isinstance(status, Reason) for status in statuses.values()] == [True, False, False]
    assert sorted(asked(world, "cloudtrail.GetTrailStatus")) == [
        (ACCOUNT, region, {"Name": arn}) for region in statuses
    ]


@pytest.mark.parametrize(("multi", "regions"), [(True, ["eu-west-1", "us-east-1"]), (False, ["us-east-1"])])
def test_the_home_region_is_always_among_them(multi: bool, regions: list[str]) -> None:
    world = World()
    world.add_trail("main", IsMultiRegionTrail=multi)
    assert list(only_trail(world, only_regions=["eu-west-1"] if multi else []).status_by_region) == regions


def shadow(world: World, **row: Any) -> str:
    return world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True, HasCustomEventSelectors=True, **row)


def reason_of(read: Any) -> Reason:
    with pytest.raises(Unreadable) as caught:
        read()
    return caught.value.reason


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("CloudTrailARNInvalidException", ReasonCode.NOT_VISIBLE_FROM_MEMBER),
        ("TrailNotFoundException", ReasonCode.NOT_VISIBLE_FROM_MEMBER),
        ("AccessDeniedException", ReasonCode.NOT_VISIBLE_FROM_MEMBER),
        ("ResourceNotFoundException", ReasonCode.NOT_VISIBLE_FROM_MEMBER),
        ("ThrottlingException", ReasonCode.THROTTLED),
        ("ExpiredTokenException", ReasonCode.CREDENTIALS_EXPIRED),
    ],
)
def test_why_a_member_cannot_look_into_a_shadow(code: str, expected: ReasonCode) -> None:
    world = World()
    shadow(world)
    world.error("cloudtrail.GetTrailStatus", code)
    world.error("cloudtrail.GetEventSelectors", code)
    trail = only_trail(world)
    assert trail.is_shadow
    for reason in (reason_of(lambda: trail.status), reason_of(lambda: trail.selectors)):
        assert (reason.code, reason.aws_code, reason.account) == (expected, code, ACCOUNT)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("TrailNotFoundException", ReasonCode.NOT_FOUND),
        ("AccessDeniedException", ReasonCode.ACCESS_DENIED),
        ("ThrottlingException", ReasonCode.THROTTLED),
    ],
)
def test_why_an_own_trail_is_unreadable(code: str, expected: ReasonCode) -> None:
    world = World()
    world.add_trail("main")
    world.error("cloudtrail.GetTrailStatus", code)
    assert reason_of(lambda: only_trail(world).status).code is expected


def test_the_owner_is_asked_only_after_the_member_was_refused() -> None:
    world = World()
    arn = shadow(world)
    world.selectors(arn, basic=[{"ReadWriteType": "ReadOnly"}])
    trail = only_trail(world, peers=[MANAGEMENT])
    assert trail.status.is_logging
    assert [who for who, _, _ in asked(world, "cloudtrail.GetTrailStatus")] == [ACCOUNT]
    world.error("cloudtrail.GetEventSelectors", "CloudTrailARNInvalidException", account=ACCOUNT)
    assert trail.selectors.management_kinds() == ("read",)
    assert [who for who, _, _ in asked(world, "cloudtrail.GetEventSelectors")] == [ACCOUNT, MANAGEMENT]


def test_the_owners_own_refusal_is_reported_as_such() -> None:
    world = World()
    shadow(world)
    world.error("cloudtrail.GetTrailStatus", "CloudTrailARNInvalidException", account=ACCOUNT)
    world.deny("cloudtrail.GetTrailStatus", account=MANAGEMENT)
    reason = reason_of(lambda: only_trail(world, peers=[MANAGEMENT]).status)
    assert (reason.code, reason.account) == (ReasonCode.ACCESS_DENIED, MANAGEMENT)


def test_selectors_are_asked_by_arn_at_home() -> None:
    world = World()
    arn = world.add_trail("main", home="eu-west-1")
    world.selectors(arn, advanced=[{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}])
    assert only_trail(world).selectors.kind == "advanced"
    assert asked(world, "cloudtrail.GetEventSelectors") == [(ACCOUNT, "eu-west-1", {"TrailName": arn})]


@pytest.mark.parametrize(("flag", "calls"), [(False, 0), (True, 1), (None, 1)])
def test_a_trail_without_custom_selectors_is_not_asked_for_them(flag: bool | None, calls: int) -> None:
    world = World()
    world.add_trail("main", HasCustomEventSelectors=flag)
    world.reply("cloudtrail.GetEventSelectors", {"EventSelectors": [{"ReadWriteType": "All"}]})
    assert only_trail(world).selectors.management_kinds() == ("read", "write")
    assert len(asked(world, "cloudtrail.GetEventSelectors")) == calls
