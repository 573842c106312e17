"""What happened in the past: gaps in logging, weakened settings, touched buckets and keys, and periods that nothing proves."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from trailwarden.calls import Call, Reply
from trailwarden.facts.history import EVENTS
from trailwarden.model import ReasonCode, Result, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, NOW, Organizing, Past, World, ago, reason_of, run_check

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
STOPPED, WEAKENED = "history-logging-never-stopped", "history-trail-config-not-weakened"
BUCKET, KEY = "history-log-bucket-untouched", "history-key-untouched"
ARN = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
MAIN = {"name": "main"}
LOOKUP = "cloudtrail.LookupEvents"


def before(**delta: float) -> datetime:
    return NOW - timedelta(**delta)


def lived(**trail: Any) -> tuple[World, Past]:
    """An account with a trail, a key and nothing in its history."""
    world = World()
    world.add_trail("main", key="k", **trail)
    return world, Past(world)


def judged(check: str, world: World, params: dict[str, Any] | None = None, **options: Any) -> Result:
    [row] = run_check(check, world, params, **options)
    return row


def fault(check: str, world: World, **params: Any) -> str:
    """The message of a row that must be a FAIL."""
    row = judged(check, world, params)
    assert row.status is FAIL, row.message
    return row.message


def gap(world: World, check: str = STOPPED, **params: Any) -> str:
    """The message of a row that must be an ERROR for want of evidence."""
    reason = reason_of(judged(check, world, params))
    assert reason.code is ReasonCode.COVERAGE_GAP
    return reason.aws_message


# --- reading the history --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("check", "source"), [(STOPPED, 0), (WEAKENED, 0), (BUCKET, 1), (KEY, 2)])
def test_each_kind_of_event_is_asked_for_once_in_one_region(check: str, source: int) -> None:
    world, _ = lived()
    row = judged(check, world)
    assert row.status is PASS, row.message
    asked = [call for call in world.calls if call.name == LOOKUP]
    names = [call.arguments["LookupAttributes"][0]["AttributeValue"] for call in asked]
    assert sorted(names) == sorted(list(EVENTS.values())[source])
    assert {(call.account, call.region) for call in asked} == {(ACCOUNT, "us-east-1")}


def test_the_lists_are_those_of_the_catalogue() -> None:
    assert [len(names) for names in EVENTS.values()] == [14, 20, 5]


@pytest.mark.parametrize("check", [STOPPED, WEAKENED, BUCKET, KEY])
def test_a_refused_throttled_or_unfinished_look_up_is_an_error(check: str) -> None:
    world, _ = lived()
    world.deny(LOOKUP)
    assert reason_of(judged(check, world)).missing_action == "cloudtrail:LookupEvents"
    world.error(LOOKUP, "ThrottlingException")
    assert reason_of(judged(check, world)).code is ReasonCode.THROTTLED
    world.reply(LOOKUP, {"Events": [], "NextToken": "more"})
    assert reason_of(judged(check, world)).code is ReasonCode.TRUNCATED
    world.reply(LOOKUP, {"Events": [{"EventId": "1", "EventName": "StopLogging", "CloudTrailEvent": "{"}]})
    assert reason_of(judged(check, world)).code is ReasonCode.UNPARSEABLE
    world.reply(LOOKUP, {})
    assert reason_of(judged(check, world)).code is ReasonCode.UNEXPECTED


@pytest.mark.parametrize("check", [STOPPED, WEAKENED, BUCKET])
def test_a_known_fault_decides_whatever_else_was_refused(check: str) -> None:
    world, past = lived()
    past.add("StopLogging", before(days=3), MAIN)
    past.add("UpdateTrail", before(days=3), {**MAIN, "isMultiRegionTrail": False})
    past.add("DeleteBucketPolicy", before(days=3), {"bucketName": "main-logs"}, source="s3")
    refused = {"StartLogging", "CreateTrail", "PutBucketPolicy"}
    kept = past._look_up

    def answer(call: Call) -> Reply:
        name = call.arguments["LookupAttributes"][0]["AttributeValue"]
        if name not in refused:
            return kept(call)
        other = World()
        other.deny(LOOKUP)
        return other.ask(call)

    world.answer(LOOKUP, answer)
    assert judged(check, world).status is FAIL


@pytest.mark.parametrize(
    ("check", "name", "source", "request_"),
    [
        (STOPPED, "StopLogging", "cloudtrail", MAIN),
        (WEAKENED, "UpdateTrail", "cloudtrail", {**MAIN, "kmsKeyId": ""}),
        (BUCKET, "DeleteBucketPolicy", "s3", {"bucketName": "main-logs"}),
        (KEY, "DisableKey", "kms", {"keyId": "k"}),
    ],
)
def test_an_attempt_is_a_warning_and_no_fault(check: str, name: str, source: str, request_: dict[str, Any]) -> None:
    world, past = lived()
    past.add(name, before(days=3), request_, source=source, error="AccessDenied")
    row = judged(check, world)
    assert row.status is PASS
    assert row.notes == (
        f"attempt only (AccessDenied): {name} at 2026-05-29T12:00:00Z by arn:aws:iam::{ACCOUNT}:user/alice",
    )
    past.add(name, before(days=2), request_, source=source)
    assert judged(check, world).status is FAIL


@pytest.mark.parametrize(
    ("check", "name", "source", "request_"),
    [
        (STOPPED, "StopLogging", "cloudtrail", {"name": "other"}),
        (STOPPED, "StopLogging", "cloudtrail", {"name": ARN.replace("us-east-1", "eu-west-1")}),
        (STOPPED, "StopLogging", "lookalike", MAIN),
        (WEAKENED, "UpdateTrail", "cloudtrail", {"name": "other", "isMultiRegionTrail": False}),
        (BUCKET, "DeleteBucketPolicy", "s3", {"bucketName": "main-logs-2"}),
        (BUCKET, "DeleteBucket", "glue", {"bucketName": "main-logs"}),
        (KEY, "DisableKey", "kms", {"keyId": "another"}),
    ],
)
def test_what_was_done_to_others_does_not_matter(check: str, name: str, source: str, request_: dict[str, Any]) -> None:
    """Whatever Resources may list: the request decides."""
    world, past = lived()
    past.add(name, before(days=3), request_, source=source, resources=("main", "main-logs"))
    assert judged(check, world).status is PASS


@pytest.mark.parametrize(
    ("check", "name", "source", "resource"),
    [
        (STOPPED, "StopLogging", "cloudtrail", "main"),
        (WEAKENED, "UpdateTrail", "cloudtrail", ARN),
        (BUCKET, "PutBucketPolicy", "s3", "main-logs"),
    ],
)
@pytest.mark.parametrize("request_", [None, {"omitted": True, "originalSize": 300000}])
def test_an_event_without_its_parameters_may_be_about_the_subject(
    check: str, name: str, source: str, resource: str, request_: dict[str, Any] | None
) -> None:
    world, past = lived()
    past.add(name, before(days=3), request_, source=source, resources=("other",))
    assert judged(check, world).status is PASS
    past.add(name, before(days=3), request_, source=source, resources=(resource,))
    reason = reason_of(judged(check, world))
    assert reason.code is ReasonCode.UNPARSEABLE
    assert "without its parameters" in reason.aws_message


# --- the period -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        ("now-90d", "now", FAIL),
        ("now-72h", "now", FAIL),
        ("now-71h", "now", PASS),
        ("2026-05-29", "2026-05-30", FAIL),
        ("2026-05-29T12:00:00Z", "2026-05-29T12:30Z", FAIL),
        ("2026-05-29T12:00:01Z", "now", PASS),
        ("now-90d", "2026-05-29", PASS),
        ("now-90d", "2027-01-01", FAIL),
        ("now", "now", ERROR),
        ("now-1d", "now-2d", ERROR),
        ("2026-02-30", "now", ERROR),
    ],
)
def test_only_what_happened_in_the_period_counts(start: str, end: str, status: Status) -> None:
    world, past = lived()
    past.add("StopLogging", before(days=3), MAIN)
    past.add("StartLogging", before(days=3, minutes=-1), MAIN)
    row = judged(STOPPED, world, {"period_start": start, "period_end": end})
    assert row.status is status, row.message
    if status is ERROR:
        assert reason_of(row).code is ReasonCode.UNPARSEABLE


def test_the_latest_quarter_of_an_hour_is_not_claimed() -> None:
    """Events take a while to show; one that shows already counts."""
    world, past = lived()
    assert judged(STOPPED, world).message.endswith("to 2026-06-01T11:45:00Z")
    assert reason_of(judged(STOPPED, world, {"period_start": "2026-06-01T11:50Z"})).code is ReasonCode.EVENTUAL
    past.add("StopLogging", before(minutes=5), MAIN)
    assert judged(STOPPED, world).status is FAIL


def test_what_the_history_does_not_reach_needs_other_evidence() -> None:
    world, _ = lived()
    for check in (STOPPED, WEAKENED, BUCKET):
        message = gap(world, check, period_start="now-91d")
        assert "from 2026-03-02T12:00:00Z to 2026-03-03T12:00:00Z" in message
    assert "from 2026-01-01T00:00:00Z to 2026-02-01T00:00:00Z" in gap(
        world, period_start="2026-01-01", period_end="2026-02-01"
    )


def digests(since: str, until: str, status: str = "PASS") -> dict[str, Any]:
    """A report of ``logs verify`` on the chains of both regions."""
    places = ("us-east-1", "eu-west-1")
    rows = [
        {"check": "history-digest-continuity", "account": ACCOUNT, "region": region, "status": status, "message": "m"}
        for region in places
    ]
    chains = [
        {
            "account": ACCOUNT,
            "region": region,
            "backfill": False,
            "digests": {"verified": 9},
            "coverage": [{"start": since, "end": until, "state": "verified"}],
        }
        for region in places
    ]
    options: dict[str, Any] = {"accounts": [], "regions": [], "trails": [], "sample": 1.0}
    options |= {"digests_only": False, "content_check": False}
    window = {"since": since, "until": until, "now": ago()}
    about = {"window": window, "options": options, "checks": rows, "chains": chains}
    return {"sha256": "0" * 64, "findings": [], **about}


@pytest.mark.parametrize(
    ("report", "proven"),
    [
        (digests("2025-12-01T00:00:00Z", "2026-05-01T00:00:00Z"), True),
        (digests("2026-01-01T00:00:00Z", "2026-03-03T12:00:00Z"), True),
        (digests("2026-01-02T00:00:00Z", "2026-05-01T00:00:00Z"), False),
        (digests("2025-12-01T00:00:00Z", "2026-03-03T11:00:00Z"), False),
        (digests("2025-12-01T00:00:00Z", "2026-05-01T00:00:00Z", "FAIL"), False),
        (digests("2025-12-01T00:00:00Z", "2026-05-01T00:00:00Z", "ERROR"), False),
    ],
)
def test_digests_prove_what_is_older_than_the_history(report: dict[str, Any], proven: bool) -> None:
    world, _ = lived()
    world.reply("trailwarden.VerifyLogs", {"reports": [report]})
    if proven:
        row = judged(STOPPED, world, {"period_start": "2026-01-01"})
        assert row.status is PASS, row.message
        assert "proven by digests from 2026-01-01T00:00:00Z to 2026-03-03T12:00:00Z" in row.notes
    else:
        gap(world, period_start="2026-01-01")


# --- history-logging-never-stopped ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["StopLogging", "DeleteTrail"])
@pytest.mark.parametrize("request_", [MAIN, {"name": ARN}])
def test_a_stop_is_a_gap_until_the_next_start(name: str, request_: dict[str, Any]) -> None:
    world, past = lived()
    past.add(name, before(days=3), request_)
    assert "and not started since" in fault(STOPPED, world)
    past.add("CreateTrail", before(days=2, hours=1), MAIN)
    past.add("StartLogging", before(days=2), MAIN)
    row = judged(STOPPED, world)
    assert row.observed["gaps"] == [{"from": "2026-05-29T12:00:00Z", "to": "2026-05-30T12:00:00Z"}]
    assert f"{name} at 2026-05-29T12:00:00Z" in row.message
    assert "until 2026-05-30T12:00:00Z" in row.message


def test_a_second_stop_opens_no_second_gap() -> None:
    world, past = lived()
    for days in (5, 4):
        past.add("StopLogging", before(days=days), MAIN)
    past.add("StartLogging", before(days=3), MAIN)
    past.add("StopLogging", before(days=2), MAIN)
    past.add("StartLogging", before(days=1), MAIN)
    gaps = judged(STOPPED, world).observed["gaps"]
    assert [item["from"][:10] for item in gaps] == ["2026-05-27", "2026-05-30"]


def test_a_trail_made_anew_that_logs_ends_the_gap_though_nobody_was_seen_to_start_it() -> None:
    world, past = lived()
    past.add("DeleteTrail", before(days=3), MAIN)
    past.add("CreateTrail", before(days=2), MAIN)
    assert judged(STOPPED, world).observed["gaps"][0]["to"] == "2026-05-30T12:00:00Z"
    world.status(ARN, IsLogging=False)
    assert judged(STOPPED, world).observed["gaps"][0]["to"] is None


@pytest.mark.parametrize(("minutes", "status"), [(0, FAIL), (9, FAIL), (10, PASS)])
def test_how_long_a_gap_may_be_is_a_parameter(minutes: int, status: Status) -> None:
    world, past = lived()
    past.add("StopLogging", before(days=3), MAIN)
    past.add("StartLogging", before(days=3, minutes=-10), MAIN)
    row = judged(STOPPED, world, {"max_gap_minutes": minutes})
    assert row.status is status
    assert (status is FAIL) is not any("within max_gap_minutes" in note for note in row.notes)


def test_the_status_alone_tells_of_a_stop() -> None:
    world, past = lived(status={"StopLoggingTime": ago(days=10), "StartLoggingTime": ago(days=9)})
    assert "StopLoggingTime 2026-05-22T12:00:00Z, until 2026-05-23T12:00:00Z" in fault(STOPPED, world)
    assert judged(STOPPED, world, {"period_start": "now-9d"}).status is PASS
    world.deny(LOOKUP)
    assert judged(STOPPED, world).status is FAIL
    world, past = lived(status={"StopLoggingTime": ago(days=10), "StartLoggingTime": ago(days=11), "IsLogging": False})
    past.add("StopLogging", before(days=10, seconds=2), MAIN)
    assert len(judged(STOPPED, world).observed["gaps"]) == 1
    assert "and not started since" in fault(STOPPED, world)


def test_a_status_that_is_refused_may_hide_a_stop() -> None:
    world, past = lived()
    world.deny("cloudtrail.GetTrailStatus")
    assert reason_of(judged(STOPPED, world)).missing_action == "cloudtrail:GetTrailStatus"
    past.add("StopLogging", before(days=3), MAIN)
    assert judged(STOPPED, world).status is FAIL


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({}, PASS),
        ({"status": {"StartLoggingTime": ago(days=2)}}, FAIL),
        ({"status": {"IsLogging": False}}, FAIL),
        ({"IsMultiRegionTrail": False}, FAIL),
    ],
)
def test_another_trail_that_recorded_the_same_makes_a_note_of_a_gap(other: dict[str, Any], status: Status) -> None:
    world, past = lived()
    world.add_trail("second", bucket="main-logs", **other)
    past.add("StopLogging", before(days=3), MAIN)
    rows = {row.subject_name: row for row in run_check(STOPPED, world)}
    assert rows["main"].status is status
    if status is PASS:
        assert rows["main"].notes[0].startswith("another trail recorded it meanwhile: StopLogging")


def test_whether_another_trail_recorded_it_may_be_unknown() -> None:
    world, past = lived()
    second = world.add_trail("second", bucket="main-logs")
    past.add("StopLogging", before(days=3), MAIN)
    world.deny("cloudtrail.GetTrailStatus", Name=second)
    rows = {row.subject_name: row for row in run_check(STOPPED, world)}
    assert reason_of(rows["main"]).operation == "cloudtrail.GetTrailStatus"


def test_a_trail_is_judged_from_its_creation_on() -> None:
    world, past = lived()
    past.add("CreateTrail", before(days=20), MAIN)
    past.add("StartLogging", before(days=20), MAIN)
    row = judged(STOPPED, world)
    assert row.status is PASS
    assert "created on 2026-05-12T12:00:00Z, within the period" in row.notes
    assert "from 2026-05-12T12:00:00Z" in row.message
    assert judged(STOPPED, world, {"period_start": "now-200d"}).status is PASS
    for end in ("2026-05-02", "2026-05-12T12:00:00Z"):
        assert judged(STOPPED, world, {"period_start": "2026-05-01", "period_end": end}).status is NA
    assert judged(STOPPED, world, {"period_start": "2026-05-01", "period_end": "2026-05-12T12:00:01Z"}).status is PASS


def test_trails_that_are_gone_are_found_in_every_region_when_asked() -> None:
    world, past = lived()
    past.add("DeleteTrail", before(days=3), {"name": "ghost"}, region="eu-west-1")
    assert judged(STOPPED, world).status is PASS
    everywhere = {"region_mode": "all"}
    row = judged(STOPPED, world, everywhere)
    assert row.status is PASS  # the trail that is judged recorded every region meanwhile
    assert "trail ghost is gone" in row.notes[0]
    world.status(ARN, StartLoggingTime=ago(days=2))
    assert "trail ghost is gone" in judged(STOPPED, world, everywhere).message
    asked = [call for call in world.calls if call.name == LOOKUP]
    assert {call.region for call in asked} == {"us-east-1", "eu-west-1"}
    world.deny(LOOKUP, region="eu-west-1")
    assert reason_of(judged(STOPPED, world, everywhere)).region == "eu-west-1"
    assert judged(STOPPED, world).status is PASS


def test_a_trail_without_a_trail_is_not_applicable() -> None:
    for check in (STOPPED, WEAKENED, BUCKET, KEY):
        world = World()
        Past(world)
        assert judged(check, world).status is NA


# --- organizations --------------------------------------------------------------------------------------------------

ORG_ARN = f"arn:aws:cloudtrail:us-east-1:{MANAGEMENT}:trail/org"


def member() -> tuple[World, Past]:
    world = World()
    Organizing(world)
    world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True)
    return world, Past(world)


@pytest.mark.parametrize("check", [STOPPED, WEAKENED])
def test_a_member_cannot_tell_what_was_done_to_the_organizations_trail(check: str) -> None:
    world, past = member()
    assert reason_of(judged(check, world)).code is ReasonCode.NOT_VISIBLE_FROM_MEMBER
    assert judged(check, world, peers=[MANAGEMENT]).status is PASS
    request = {"name": ORG_ARN, "isOrganizationTrail": False}
    past.add("StopLogging", before(days=3), request, account=MANAGEMENT)
    past.add("UpdateTrail", before(days=3), request, account=MANAGEMENT)
    assert judged(check, world, peers=[MANAGEMENT]).status is FAIL


def test_delegated_administrators_may_change_it_too() -> None:
    """A call is recorded in the account that makes it."""
    security = "444455556666"
    world = World(account=MANAGEMENT)
    organization = Organizing(world)
    world.add_trail("org", IsOrganizationTrail=True)
    past = Past(world)
    organization.delegate(security)
    assert reason_of(judged(STOPPED, world)).code is ReasonCode.CROSS_ACCOUNT
    assert judged(STOPPED, world, peers=[security]).status is PASS
    past.add("StopLogging", before(days=3), {"name": "org"}, account=security)
    assert judged(STOPPED, world, peers=[security]).status is PASS  # a name alone is a trail of its own
    past.add("StopLogging", before(days=2), {"name": ORG_ARN}, account=security)
    assert judged(STOPPED, world, peers=[security]).status is FAIL
    world.deny("organizations.ListDelegatedAdministrators")
    assert reason_of(judged(STOPPED, world)).missing_action == "organizations:ListDelegatedAdministrators"


# --- history-trail-config-not-weakened ------------------------------------------------------------------------------


def selecting(**selector: Any) -> dict[str, Any]:
    return {
        "trailName": "main",
        "eventSelectors": [{"readWriteType": "All", "includeManagementEvents": True, **selector}],
    }


ADVANCED: Any = {
    "trailName": ARN,
    "advancedEventSelectors": [{"fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}]}],
}
ONLY_READS: Any = {
    "trailName": ARN,
    "advancedEventSelectors": [
        {
            "fieldSelectors": [
                *ADVANCED["advancedEventSelectors"][0]["fieldSelectors"],
                {"field": "readOnly", "equals": ["true"]},
            ]
        }
    ],
}
STORE = "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/e"


@pytest.mark.parametrize(
    ("name", "request_", "words"),
    [
        ("UpdateTrail", {**MAIN, "isMultiRegionTrail": False}, "all regions but the home Region"),
        ("UpdateTrail", {**MAIN, "enableLogFileValidation": False}, "log file validation was turned off"),
        ("UpdateTrail", {**MAIN, "includeGlobalServiceEvents": False}, "global service events"),
        ("UpdateTrail", {**MAIN, "isOrganizationTrail": False}, "the organization's other accounts"),
        ("UpdateTrail", {**MAIN, "kmsKeyId": ""}, "the KMS key was removed"),
        ("UpdateTrail", {**MAIN, "cloudWatchLogsLogGroupArn": ""}, "the log group was removed"),
        ("UpdateTrail", {**MAIN, "s3BucketName": "elsewhere"}, "files went to bucket elsewhere"),
        ("UpdateTrail", {**MAIN, "s3KeyPrefix": "hidden"}, "files went to prefix hidden"),
        ("UpdateTrail", {**MAIN, "s3BucketName": "main-logs", "isMultiRegionTrail": True, "snsTopicName": ""}, ""),
        ("UpdateTrail", MAIN, ""),
        ("PutEventSelectors", selecting(), ""),
        ("PutEventSelectors", selecting(readWriteType="ReadOnly"), "write management events were left out"),
        ("PutEventSelectors", selecting(includeManagementEvents=False), "read and write management events"),
        (
            "PutEventSelectors",
            selecting(excludeManagementEventSources=["kms.amazonaws.com"]),
            "events of kms.amazonaws.com",
        ),
        ("PutEventSelectors", ADVANCED, ""),
        ("PutEventSelectors", ONLY_READS, "write management events were left out"),
        ("PutInsightSelectors", {"trailName": "main", "insightSelectors": []}, "Insights events were turned off"),
        ("PutInsightSelectors", {"trailName": "main", "insightSelectors": [{"insightType": "ApiCallRateInsight"}]}, ""),
        ("PutEventConfiguration", {"trailName": "main", "maxEventSize": "Standard"}, ""),
        ("DeleteEventDataStore", {"eventDataStore": STORE}, "was deleted"),
        ("StopEventDataStoreIngestion", {"eventDataStore": STORE}, "stopped ingesting"),
        ("StopEventDataStoreIngestion", None, "event data store (unknown) stopped ingesting"),
        (
            "UpdateEventDataStore",
            {"eventDataStore": STORE, "terminationProtectionEnabled": False},
            "termination protection",
        ),
        ("UpdateEventDataStore", {"eventDataStore": STORE, "multiRegionEnabled": False}, "all regions but one"),
        ("UpdateEventDataStore", {"eventDataStore": STORE, "organizationEnabled": False}, "the organization's other"),
        ("UpdateEventDataStore", {"eventDataStore": STORE, **ONLY_READS}, "some management events only"),
        ("UpdateEventDataStore", {"eventDataStore": STORE, **ADVANCED, "retentionPeriod": 2557}, ""),
        ("RegisterOrganizationDelegatedAdmin", {"delegatedAdminAccountId": MANAGEMENT}, ""),
    ],
)
def test_what_a_change_takes_away(name: str, request_: dict[str, Any] | None, words: str) -> None:
    world, past = lived()
    past.add(name, before(days=3), request_)
    row = judged(WEAKENED, world)
    assert row.status is (FAIL if words else PASS), row.message
    assert words in row.message


@pytest.mark.parametrize(
    "request_",
    [selecting(readWriteType="Sometimes"), {"trailName": "main"}, {"trailName": "main", "eventSelectors": "x"}],
)
def test_selectors_that_are_not_understood_are_an_error(request_: dict[str, Any]) -> None:
    world, past = lived()
    past.add("PutEventSelectors", before(days=3), request_)
    assert reason_of(judged(WEAKENED, world)).code is ReasonCode.UNPARSEABLE


def test_what_was_so_before_was_not_taken_away() -> None:
    """Known from earlier events, the one that made the trail among them."""
    world, past = lived()
    past.add("CreateTrail", before(days=80), {**MAIN, "s3BucketName": "main-logs", "isMultiRegionTrail": True})
    past.add("UpdateTrail", before(days=70), {**MAIN, "kmsKeyId": "", "enableLogFileValidation": False})
    past.add("PutEventSelectors", before(days=60), selecting(readWriteType="WriteOnly"))
    past.add("PutEventSelectors", before(days=50), selecting(readWriteType="WriteOnly"))
    past.add("UpdateTrail", before(days=40), {**MAIN, "s3BucketName": "elsewhere"})
    past.add("UpdateTrail", before(days=30), {**MAIN, "s3BucketName": "elsewhere"})
    past.add("UpdateTrail", before(days=20), {**MAIN, "isMultiRegionTrail": False})
    rows = judged(WEAKENED, world).observed["events"]
    assert [bool(row["lost"]) for row in rows] == [False, False, True, False, True, False, True]
    assert judged(WEAKENED, world, {"period_start": "now-35d"}).observed["events"][0]["lost"] == []


def test_only_a_new_exclusion_takes_something_away() -> None:
    world, past = lived()
    past.add("CreateTrail", before(days=80), MAIN)
    past.add("PutEventSelectors", before(days=70), selecting(excludeManagementEventSources=["kms.amazonaws.com"]))
    past.add("PutEventSelectors", before(days=60), selecting(excludeManagementEventSources=["kms.amazonaws.com"]))
    both = ["kms.amazonaws.com", "rdsdata.amazonaws.com"]
    past.add("PutEventSelectors", before(days=50), selecting(excludeManagementEventSources=both))
    lost = [row["lost"] for row in judged(WEAKENED, world).observed["events"]]
    assert lost == [
        [],
        ["events of kms.amazonaws.com were left out"],
        [],
        ["events of rdsdata.amazonaws.com were left out"],
    ]


def test_changes_by_approved_principals_are_notes() -> None:
    world, past = lived()
    past.add("UpdateTrail", before(days=3), {**MAIN, "kmsKeyId": ""}, by="assumed-role/Deploy/run-7")
    assert judged(WEAKENED, world).status is FAIL
    assert judged(WEAKENED, world, {"approved_principals": [f"arn:aws:iam::{ACCOUNT}:role/Other"]}).status is FAIL
    for pattern in (f"arn:aws:iam::{ACCOUNT}:role/Deploy", "arn:aws:sts::*:assumed-role/Deploy/*"):
        row = judged(WEAKENED, world, {"approved_principals": [pattern]})
        assert row.status is PASS
        assert row.notes[0].startswith("approved: UpdateTrail at 2026-05-29")
        assert row.observed["events"][0]["lost"] == ["the KMS key was removed"]


# --- history-log-bucket-untouched, history-key-untouched -------------------------------------------------------------


@pytest.mark.parametrize("name", EVENTS["s3.amazonaws.com"])
def test_every_change_of_the_bucket_counts(name: str) -> None:
    world, past = lived()
    past.add(name, before(days=3), {"bucketName": "main-logs"}, source="s3")
    assert name in fault(BUCKET, world)
    assert judged(BUCKET, world, {"approved_principals": ["*:user/alice"]}).status is PASS
    assert judged(BUCKET, world, {"period_start": "now-2d"}).status is PASS


@pytest.mark.parametrize(("start", "status"), [("2026-05-29T12:00:00Z", FAIL), ("2026-05-29T12:00:01Z", PASS)])
def test_a_change_at_the_first_moment_of_the_period_counts(start: str, status: Status) -> None:
    world, past = lived()
    past.add("PutBucketPolicy", before(days=3), {"bucketName": "main-logs"}, source="s3")
    past.add("UpdateTrail", before(days=3), {**MAIN, "kmsKeyId": ""})
    for check in (BUCKET, WEAKENED):
        assert judged(check, world, {"period_start": start}).status is status


@pytest.mark.parametrize(
    ("name", "more", "critical"),
    [
        ("DeleteBucketPolicy", {}, True),
        ("DeleteBucketPublicAccessBlock", {}, True),
        ("PutBucketLifecycle", {}, True),
        ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "Suspended"}}, True),
        ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "Enabled"}}, False),
        ("PutBucketLogging", {}, False),
    ],
)
def test_the_worst_changes_are_marked(name: str, more: dict[str, Any], critical: bool) -> None:
    world, past = lived()
    past.add(name, before(days=3), {"bucketName": "main-logs", **more}, source="s3")
    assert judged(BUCKET, world).observed["events"][0]["critical"] is critical


def test_the_settings_of_the_account_are_the_buckets_too() -> None:
    world, past = lived()
    past.add("DeleteAccountPublicAccessBlock", before(days=3), {"accountId": ACCOUNT}, source="s3")
    assert "DeleteAccountPublicAccessBlock" in fault(BUCKET, world)


def test_the_bucket_is_looked_for_where_it_is_and_where_it_belongs() -> None:
    world = World()
    world.add_bucket("archive", region="eu-west-1", owner=MANAGEMENT)
    world.add_trail("main", bucket="archive")
    past = Past(world)
    assert reason_of(judged(BUCKET, world)).code is ReasonCode.CROSS_ACCOUNT
    past.add(
        "DeleteBucketPolicy",
        before(days=3),
        {"bucketName": "archive"},
        source="s3",
        region="eu-west-1",
        account=MANAGEMENT,
    )
    row = judged(BUCKET, world, peers=[MANAGEMENT], log_accounts=[MANAGEMENT])
    assert row.status is FAIL
    asked = [call for call in world.calls if call.name == LOOKUP]
    assert {(call.account, call.region) for call in asked} == {(MANAGEMENT, "eu-west-1")}


KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"


@pytest.mark.parametrize("name", EVENTS["kms.amazonaws.com"])
@pytest.mark.parametrize("request_", [{"keyId": "k"}, {"keyId": KEY_ARN}])
def test_every_change_of_the_key_counts(name: str, request_: dict[str, Any]) -> None:
    world, past = lived()
    past.add(name, before(days=3), request_, source="kms")
    assert name in fault(KEY, world)
    assert judged(KEY, world, {"approved_principals": ["*:user/alice"]}).status is PASS


def test_a_key_named_by_alias_is_known_by_the_records_resources() -> None:
    world, past = lived()
    past.add("DisableKey", before(days=3), {"keyId": "alias/logs"}, source="kms")
    assert judged(KEY, world).status is PASS
    past.add("DisableKey", before(days=2), {"keyId": "alias/logs"}, source="kms", resources=(KEY_ARN,))
    assert judged(KEY, world).status is FAIL


def test_another_accounts_key_is_looked_for_there_or_not_at_all() -> None:
    world = World()
    world.add_trail("main", KmsKeyId=world.add_key("theirs", owner=MANAGEMENT))
    Past(world)
    assert reason_of(judged(KEY, world)).code is ReasonCode.CROSS_ACCOUNT
    assert judged(KEY, world, peers=[MANAGEMENT]).status is PASS
