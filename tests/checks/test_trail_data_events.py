"""Whether the data events of objects, functions and other resources are recorded, all of them."""

from typing import Any

import pytest

from trailwarden.facts import Trail
from trailwarden.model import ReasonCode, Status
from trailwarden.plan import allowed_facts
from trailwarden.registry import get_check
from trailwarden.testing import ACCOUNT, MANAGEMENT, World, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
WRITES, READS = "trail-data-events-s3-write", "trail-data-events-s3-read"
LAMBDA, TYPES = "trail-data-events-lambda", "trail-data-events-required-types"
ACCESS, NETWORK = "trail-log-bucket-access-recorded", "trail-network-activity-events"
S3 = "AWS::S3::Object"


def advanced(resource_type: str, *fields: tuple[str, str, list[str]], category: str = "Data") -> dict[str, Any]:
    rows = [("eventCategory", "Equals", [category]), ("resources.type", "Equals", [resource_type]), *fields]
    return {"FieldSelectors": [{"Field": field, operator: values} for field, operator, values in rows]}


def basic(resource_type: str, *values: str, kind: str = "All") -> dict[str, Any]:
    return {"ReadWriteType": kind, "DataResources": [{"Type": resource_type, "Values": list(values)}]}


def with_selectors(*selectors: dict[str, Any], name: str = "main", world: World | None = None, **row: Any) -> World:
    world = world or World()
    arn = world.add_trail(name, **row)
    world.selectors(arn, **{"advanced" if "FieldSelectors" in selectors[0] else "basic": selectors})
    return world


def not_below(*arns: str) -> tuple[str, str, list[str]]:
    return ("resources.ARN", "NotStartsWith", list(arns))


# --- S3 objects -----------------------------------------------------------------------------------------------------

LOGS, TMP = "arn:aws:s3:::logs/", "arn:aws:s3:::tmp/"
WHOLE = {
    "basic": [basic(S3, "arn:aws:s3")],
    "basic with colons": [basic(S3, "arn:aws:s3:::")],
    "basic among others": [basic(S3, "arn:aws:s3:::one/"), basic(S3, "arn:aws:s3")],
    "advanced": [advanced(S3)],
    "advanced among others": [advanced("AWS::Lambda::Function"), advanced(S3)],
    "advanced in two kinds": [advanced(S3, ("readOnly", "Equals", ["true"])), advanced(S3, ("readOnly", "Equals", ["false"]))],
    "advanced in two halves": [advanced(S3, not_below(LOGS)), advanced(S3, ("resources.ARN", "StartsWith", [LOGS]))],
}  # fmt: skip
NARROWED = {
    "one bucket": [basic(S3, LOGS)],
    "no value": [basic(S3)],
    "another type": [basic("AWS::Lambda::Function", "arn:aws:s3")],
    "advanced, one bucket": [advanced(S3, ("resources.ARN", "StartsWith", [LOGS]))],
    "advanced, one object": [advanced(S3, ("resources.ARN", "Equals", [f"{LOGS}a"]))],
    "advanced, but one bucket": [advanced(S3, not_below(LOGS))],
    "advanced, but one object": [advanced(S3, ("resources.ARN", "NotEquals", [f"{LOGS}a"]))],
    "advanced, but one ending": [advanced(S3, ("resources.ARN", "NotEndsWith", [".tmp"]))],
    "some names": [advanced(S3, ("eventName", "Equals", ["PutObject", "GetObject"]))],
    "some identities": [advanced(S3, ("userIdentity.arn", "NotStartsWith", ["arn:aws:sts::1"]))],
    "some sources": [advanced(S3, ("eventSource", "Equals", ["s3.amazonaws.com"]))],
    "express buckets are a type of their own": [advanced("AWS::S3Express::Object")],
    "network activity is none": [advanced(S3, category="NetworkActivity")],
    "no type": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}],
    "two halves that miss an ending": [
        advanced(S3, not_below(LOGS)),
        advanced(S3, ("resources.ARN", "StartsWith", [LOGS]), ("resources.ARN", "NotEndsWith", [".tmp"])),
    ],
}


@pytest.mark.parametrize("check", [WRITES, READS])
@pytest.mark.parametrize("name", WHOLE)
def test_selectors_that_record_every_object(check: str, name: str) -> None:
    assert status_of(check, with_selectors(*WHOLE[name])) is PASS


@pytest.mark.parametrize("check", [WRITES, READS])
@pytest.mark.parametrize("name", NARROWED)
def test_selectors_that_record_some_objects(check: str, name: str) -> None:
    assert status_of(check, with_selectors(*NARROWED[name])) is FAIL


@pytest.mark.parametrize(("kind", "passing"), [("ReadOnly", READS), ("WriteOnly", WRITES)])
def test_reads_are_no_writes(kind: str, passing: str) -> None:
    flag = {"ReadOnly": "true", "WriteOnly": "false"}[kind]
    for selector in (basic(S3, "arn:aws:s3", kind=kind), advanced(S3, ("readOnly", "Equals", [flag]))):
        world = with_selectors(selector)
        assert {check: status_of(check, world) for check in (READS, WRITES)} == {
            check: PASS if check == passing else FAIL for check in (READS, WRITES)
        }


def test_what_is_seen_and_what_is_missing() -> None:
    [row] = run_check(WRITES, with_selectors(advanced(S3)))
    assert (row.status, row.message) == (PASS, "trail main records every write of S3 objects")
    assert row.observed == {
        "satisfying": [f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"],
        "IsMultiRegionTrail": True,
        "HomeRegion": "us-east-1",
        "IsLogging": True,
        "selectors": "advanced",
        "AWS::S3::Object events": ["write"],
    }
    assert row.expected == {"IsMultiRegionTrail": True, "IsLogging": True, "AWS::S3::Object events": ["write"]}
    [row] = run_check(READS, with_selectors(advanced(S3, not_below(LOGS))))
    assert (row.status, row.message) == (FAIL, "no logging multi-Region trail records every read of S3 objects")
    assert row.observed["candidates"][0]["message"] == "trail main does not record every read event of AWS::S3::Object"


def test_a_trail_without_custom_selectors_fails_without_further_calls() -> None:
    world = World()
    world.add_trail("main")
    [row] = run_check(READS, world)
    assert row.status is FAIL
    assert "cloudtrail.GetEventSelectors" not in {call.name for call in world.calls}


@pytest.mark.parametrize("row", [{"IsMultiRegionTrail": False}, {"status": {"IsLogging": False}}])
@pytest.mark.parametrize("subject", [None, Trail])
def test_a_trail_that_is_stopped_or_of_one_region_does_not_count(row: dict[str, Any], subject: Any) -> None:
    assert status_of(WRITES, with_selectors(advanced(S3), **row), subject=subject) is FAIL
    assert status_of(READS, with_selectors(advanced(S3), **row), subject=subject) is FAIL


@pytest.mark.parametrize(
    ("partition", "value", "status"),
    [("aws-cn", "arn:aws-cn:s3", PASS), ("aws-cn", "arn:aws:s3", FAIL), ("aws-us-gov", "arn:aws-us-gov:s3:::", PASS)],
)
def test_all_buckets_are_those_of_the_partition(partition: str, value: str, status: Status) -> None:
    world = World(regions=["cn-north-1", "cn-northwest-1"], partition=partition)
    with_selectors(basic(S3, value), world=world, home="cn-north-1")
    assert status_of(WRITES, world) is status


@pytest.mark.parametrize(
    ("filters", "allowed", "status"),
    [
        ([LOGS], ["arn:aws:s3:::logs"], PASS),
        ([LOGS], [LOGS], PASS),
        (["arn:aws:s3:::logs"], ["arn:aws:s3:::logs"], PASS),
        ([f"{LOGS}AWSLogs/"], ["arn:aws:s3:::logs"], PASS),
        ([LOGS, TMP], ["arn:aws:s3:::logs"], FAIL),
        ([LOGS, TMP], ["arn:aws:s3:::logs", "arn:aws:s3:::tmp"], PASS),
        (["arn:aws:s3:::logs2/"], ["arn:aws:s3:::logs"], FAIL),
    ],
)
def test_which_exclusions_are_tolerated(filters: list[str], allowed: list[str], status: Status) -> None:
    world = with_selectors(advanced(S3, not_below(*filters)))
    assert status_of(WRITES, world, {"allowed_excluded_arns": allowed}) is status
    world = with_selectors(advanced(S3, ("resources.ARN", "NotEquals", filters)))
    assert status_of(READS, world, {"allowed_excluded_arns": allowed}) is status


@pytest.mark.parametrize(
    ("selector", "scope", "status"),
    [
        (basic(S3, LOGS), ["arn:aws:s3:::logs"], PASS),
        (basic(S3, LOGS), ["arn:aws:s3:::logs/*"], PASS),
        (basic(S3, LOGS), ["arn:aws:s3:::logs", "arn:aws:s3:::tmp"], FAIL),
        (basic(S3, LOGS, TMP), ["arn:aws:s3:::logs", "arn:aws:s3:::tmp"], PASS),
        (basic(S3, f"{LOGS}AWSLogs/"), ["arn:aws:s3:::logs"], FAIL),
        (advanced(S3, not_below(TMP)), ["arn:aws:s3:::logs"], PASS),
        (advanced(S3, not_below(TMP)), ["arn:aws:s3:::tmp"], FAIL),
        (advanced(S3, not_below(f"{LOGS}a")), ["arn:aws:s3:::logs"], FAIL),
        (basic(S3, "arn:aws:s3:::logs2/"), ["arn:aws:s3:::logs"], FAIL),
    ],
)
def test_a_scope_of_buckets_is_judged_alone(selector: dict[str, Any], scope: list[str], status: Status) -> None:
    assert status_of(WRITES, with_selectors(selector), {"scope_buckets": scope}) is status


def test_an_account_without_buckets_may_be_left_out() -> None:
    world = with_selectors(basic("AWS::S3::Object", LOGS))
    for check in (WRITES, READS):
        assert status_of(check, world) is FAIL
        [row] = run_check(check, world, {"na_without_buckets": True})
        assert (row.status, row.message, row.observed) == (NA, f"account {ACCOUNT} has no bucket", {"Buckets": []})
    world.reply("s3.ListBuckets", {"Buckets": [{"Name": "one"}]})
    assert status_of(READS, world, {"na_without_buckets": True}) is FAIL
    world.deny("s3.ListBuckets")
    [row] = run_check(READS, world, {"na_without_buckets": True})
    assert reason_of(row).operation == "s3.ListBuckets"
    assert status_of(READS, with_selectors(advanced(S3)), {"na_without_buckets": True}) is PASS


@pytest.mark.parametrize("check", [WRITES, READS])
def test_unreadable_selectors_are_an_error_unless_another_trail_records_all(check: str) -> None:
    world = World()
    arn = world.add_trail("a", HasCustomEventSelectors=True)
    world.deny("cloudtrail.GetEventSelectors", TrailName=arn)
    [row] = run_check(check, world)
    assert reason_of(row).missing_action == "cloudtrail:GetEventSelectors"
    with_selectors(advanced(S3), name="b", world=world)
    assert status_of(check, world) is PASS


# --- Lambda functions -----------------------------------------------------------------------------------------------

FUNCTION = "AWS::Lambda::Function"
REQUIRED = {"require": True, "na_without_functions": False}
ONE = "arn:aws:lambda:us-east-1:111122223333:function:f"


@pytest.mark.parametrize("subject", [None, Trail])
def test_lambda_is_not_required_by_default(subject: Any) -> None:
    world = World()
    world.add_trail("main")
    [row] = run_check(LAMBDA, world, subject=subject)
    assert (row.status, row.message) == (NA, "the policy does not require Lambda invocations to be recorded")
    assert row.calls == ()


@pytest.mark.parametrize(
    ("selector", "status"),
    [
        (basic(FUNCTION, "arn:aws:lambda"), PASS),
        (basic(FUNCTION, "arn:aws:lambda", kind="WriteOnly"), PASS),
        (basic(FUNCTION, "arn:aws:lambda", kind="ReadOnly"), FAIL),
        (basic(FUNCTION, ONE), FAIL),
        (basic(FUNCTION, "arn:aws:lambda:us-east-1"), FAIL),
        (basic(FUNCTION, ONE, "arn:aws:lambda"), PASS),
        (basic(S3, "arn:aws:lambda"), FAIL),
        (advanced(FUNCTION), PASS),
        (advanced(FUNCTION, ("resources.ARN", "Equals", [ONE])), FAIL),
    ],
)
def test_which_selectors_record_every_invocation(selector: dict[str, Any], status: Status) -> None:
    """Values of basic selectors are whole ARNs here; only the bare service stands for all functions."""
    world = with_selectors(selector)
    [row] = run_check(LAMBDA, world, REQUIRED)
    assert row.status is status
    if status is FAIL:
        assert row.message == "no logging multi-Region trail records every invocation of Lambda functions"
        assert row.observed["candidates"][0]["message"].endswith(f"does not record every write event of {FUNCTION}")
    else:
        assert row.message == "trail main records every invocation of Lambda functions"
    assert status_of(LAMBDA, world, REQUIRED, subject=Trail) is status


@pytest.mark.parametrize("row", [{"IsMultiRegionTrail": False}, {"status": {"IsLogging": False}}])
def test_invocations_need_a_trail_that_counts(row: dict[str, Any]) -> None:
    assert status_of(LAMBDA, with_selectors(advanced(FUNCTION), **row), REQUIRED) is FAIL


def test_an_account_without_functions_is_left_out() -> None:
    world = World()
    world.add_trail("main")
    world.reply("lambda.ListFunctions", {"Functions": []})
    [row] = run_check(LAMBDA, world, {"require": True})
    assert (row.status, row.message, row.observed) == (
        NA,
        f"account {ACCOUNT} has no Lambda function",
        {"Functions": []},
    )
    assert status_of(LAMBDA, world, REQUIRED) is FAIL
    world.deny("lambda.ListFunctions", region="eu-west-1")
    assert reason_of(run_check(LAMBDA, world, {"require": True})[0]).region == "eu-west-1"
    world.reply("lambda.ListFunctions", {"Functions": [{"FunctionName": "f"}]}, region="us-east-1")
    assert status_of(LAMBDA, world, {"require": True}) is FAIL


def test_a_record_is_a_record_also_where_there_is_nothing_to_invoke() -> None:
    world = with_selectors(advanced(FUNCTION))
    world.reply("lambda.ListFunctions", {"Functions": []})
    assert status_of(LAMBDA, world, {"require": True}) is PASS


def test_the_search_for_functions_ends_with_the_first() -> None:
    world = World()
    world.reply("lambda.ListFunctions", {"Functions": [{"FunctionName": "f"}]})
    assert world.account().has_functions
    assert [call.region for call in world.calls if call.name == "lambda.ListFunctions"] == ["eu-west-1"]


# --- required types -------------------------------------------------------------------------------------------------

TABLE = "AWS::DynamoDB::Table"


def types(*items: dict[str, str]) -> dict[str, Any]:
    return {"resource_types": list(items)}


@pytest.mark.parametrize("subject", [None, Trail])
def test_no_type_is_required_by_default(subject: Any) -> None:
    world = World()
    world.add_trail("main")
    [row] = run_check(TYPES, world, subject=subject)
    assert (row.status, row.message) == (NA, "the policy names no resource type")


@pytest.mark.parametrize(
    ("selector", "item", "status"),
    [
        (advanced(TABLE), {"type": TABLE}, PASS),
        (basic(TABLE, "arn:aws:dynamodb"), {"type": TABLE}, PASS),
        (basic(TABLE, "arn:aws:dynamodb:us-east-1:1:table/t"), {"type": TABLE}, FAIL),
        (advanced(TABLE), {"type": "AWS::SNS::Topic"}, FAIL),
        (advanced("AWS::SNS::Topic"), {"type": "AWS::SNS::Topic"}, PASS),
        (advanced("AWS::SNS::Topic", ("resources.ARN", "EndsWith", [":t"])), {"type": "AWS::SNS::Topic"}, FAIL),
        (advanced("AWS::SNS::Topic", ("resources.ARN", "NotEndsWith", [":t"])), {"type": "AWS::SNS::Topic"}, FAIL),
        (advanced(TABLE, ("readOnly", "Equals", ["true"])), {"type": TABLE}, FAIL),
        (advanced(TABLE, ("readOnly", "Equals", ["true"])), {"type": TABLE, "access": "read"}, PASS),
        (advanced(TABLE, ("readOnly", "Equals", ["true"])), {"type": TABLE, "access": "write"}, FAIL),
        (advanced(TABLE, ("readOnly", "Equals", ["false"])), {"type": TABLE, "access": "write"}, PASS),
    ],
)
def test_which_types_are_recorded(selector: dict[str, Any], item: dict[str, str], status: Status) -> None:
    world = with_selectors(selector)
    assert status_of(TYPES, world, types(item)) is status
    assert status_of(TYPES, world, types(item), subject=Trail) is status


def test_every_type_must_be_recorded_and_the_row_says_which_is_not() -> None:
    world = with_selectors(advanced(TABLE))
    [row] = run_check(TYPES, world, types({"type": TABLE, "access": "read"}, {"type": "AWS::SQS::Queue"}))
    assert (row.status, row.message) == (FAIL, "no trail records every read and write event of AWS::SQS::Queue")
    assert row.observed == {
        "types": [
            {"status": "PASS", "message": f"trail main records every read event of {TABLE}"},
            {"status": "FAIL", "message": "no trail records every read and write event of AWS::SQS::Queue"},
        ]
    }
    with_selectors(advanced("AWS::SQS::Queue"), name="second", world=world)
    [row] = run_check(TYPES, world, types({"type": TABLE, "access": "read"}, {"type": "AWS::SQS::Queue"}))
    assert (row.status, row.message) == (
        PASS,
        f"trail main records every read event of {TABLE}; trail second records every read and write event of AWS::SQS::Queue",
    )


def test_all_missing_types_are_named() -> None:
    world = with_selectors(advanced(TABLE))
    [row] = run_check(TYPES, world, types({"type": "A", "access": "read"}, {"type": "B", "access": "write"}))
    assert row.message == "no trail records every read event of A; no trail records every write event of B"


@pytest.mark.parametrize(("scope", "status"), [("multi_region", FAIL), ("home", PASS)])
def test_a_trail_of_one_region_is_enough_where_the_policy_says_so(scope: str, status: Status) -> None:
    world = with_selectors(advanced(TABLE), IsMultiRegionTrail=False)
    assert status_of(TYPES, world, types({"type": TABLE, "scope": scope})) is status
    stopped = with_selectors(advanced(TABLE), status={"IsLogging": False})
    assert status_of(TYPES, stopped, types({"type": TABLE, "scope": scope})) is FAIL


def test_a_type_that_is_surely_missing_decides_beside_an_unknown_one() -> None:
    world = with_selectors(advanced(TABLE), IsMultiRegionTrail=False)
    world.deny("cloudtrail.GetTrailStatus")
    [row] = run_check(TYPES, world, types({"type": TABLE, "scope": "home"}))
    assert reason_of(row).code is ReasonCode.ACCESS_DENIED
    assert status_of(TYPES, world, types({"type": TABLE, "scope": "home"}, {"type": TABLE})) is FAIL
    assert status_of(TYPES, world, types({"type": TABLE}, {"type": TABLE, "scope": "home"}), subject=Trail) is FAIL


# --- network activity -----------------------------------------------------------------------------------------------


def network(*fields: tuple[str, str, list[str]], category: str = "NetworkActivity") -> dict[str, Any]:
    rows = [("eventCategory", "Equals", [category]), *fields]
    return {"FieldSelectors": [{"Field": field, operator: values} for field, operator, values in rows]}


OF_S3 = ("eventSource", "Equals", ["s3.amazonaws.com"])
OF_KMS = ("eventSource", "Equals", ["kms.amazonaws.com"])
DENIED = ("errorCode", "Equals", ["VpceAccessDenied"])
SOURCE = {"event_sources": ["s3.amazonaws.com"]}
EVERY_CALL = {**SOURCE, "denied_only": False}


@pytest.mark.parametrize("subject", [None, Trail])
def test_no_network_activity_is_required_by_default(subject: Any) -> None:
    world = World()
    world.add_trail("main")
    [row] = run_check(NETWORK, world, subject=subject)
    assert (row.status, row.message) == (NA, "the policy names no event source")


@pytest.mark.parametrize(
    ("selector", "params", "status"),
    [
        (network(OF_S3), SOURCE, PASS),
        (network(OF_S3), EVERY_CALL, PASS),
        (network(OF_S3, DENIED), SOURCE, PASS),
        (network(OF_S3, DENIED), EVERY_CALL, FAIL),
        (network(OF_S3, ("errorCode", "NotEquals", ["VpceAccessDenied"])), SOURCE, FAIL),
        (network(OF_S3, ("vpcEndpointId", "Equals", ["vpce-1"])), SOURCE, FAIL),
        (network(OF_S3, ("eventName", "Equals", ["GetObject"])), SOURCE, FAIL),
        (network(OF_KMS), SOURCE, FAIL),
        (network(), SOURCE, FAIL),
        (network(OF_S3, category="Data"), SOURCE, FAIL),
    ],
)
def test_which_selectors_record_network_activity(
    selector: dict[str, Any], params: dict[str, Any], status: Status
) -> None:
    world = with_selectors(selector)
    assert status_of(NETWORK, world, params) is status
    assert status_of(NETWORK, world, params, subject=Trail) is status


def test_every_source_must_be_recorded_by_one_trail() -> None:
    params = {"event_sources": ["s3.amazonaws.com", "kms.amazonaws.com"]}
    [row] = run_check(NETWORK, with_selectors(network(OF_S3)), params)
    assert (row.status, row.message) == (
        FAIL,
        "no logging multi-Region trail records network activity of s3.amazonaws.com, kms.amazonaws.com",
    )
    assert row.observed["candidates"][0]["message"] == "trail main records no network activity of kms.amazonaws.com"
    [row] = run_check(NETWORK, with_selectors(network(OF_S3), network(OF_KMS)), params)
    assert (row.status, row.message) == (
        PASS,
        "trail main records network activity of s3.amazonaws.com, kms.amazonaws.com",
    )
    assert row.observed["network_activity"] == row.expected["network_activity"] == params["event_sources"]


@pytest.mark.parametrize("row", [{"IsMultiRegionTrail": False}, {"status": {"IsLogging": False}}])
def test_network_activity_needs_a_trail_that_counts(row: dict[str, Any]) -> None:
    assert status_of(NETWORK, with_selectors(network(OF_S3), **row), SOURCE) is FAIL


def test_network_activity_behind_unreadable_selectors_is_an_error() -> None:
    world = World()
    world.deny("cloudtrail.GetEventSelectors", TrailName=world.add_trail("main", HasCustomEventSelectors=True))
    [row] = run_check(NETWORK, world, SOURCE)
    assert reason_of(row).missing_action == "cloudtrail:GetEventSelectors"


# --- the log bucket itself ------------------------------------------------------------------------------------------

OWN = "arn:aws:s3:::main-logs/"


def without_access_logs(world: World) -> World:
    world.reply("s3.GetBucketLogging", {})
    return world


def test_server_access_logging_is_a_record() -> None:
    world = World()
    world.add_trail("main")
    [row] = run_check(ACCESS, world)
    assert (row.status, row.subject_type) == (PASS, "bucket")
    assert row.message == "access to bucket main-logs is recorded by server_access_logging"
    assert row.observed == {"recorded_by": ["server_access_logging"]}
    assert row.expected == {"recorded_by": ["server_access_logging", "data_events"]}


@pytest.mark.parametrize(
    ("selectors", "status"),
    [
        ([advanced(S3)], PASS),
        ([basic(S3, OWN)], PASS),
        ([basic(S3, "arn:aws:s3:::other/")], FAIL),
        ([basic(S3, "arn:aws:s3", kind="ReadOnly")], FAIL),
        ([basic(S3, "arn:aws:s3", kind="WriteOnly")], FAIL),
        ([advanced(S3, not_below(OWN))], FAIL),
    ],
)
def test_data_events_of_the_bucket_are_a_record(selectors: list[dict[str, Any]], status: Status) -> None:
    """The saving filter that spares the log bucket passes other controls and fails this one."""
    world = without_access_logs(with_selectors(*selectors))
    [row] = run_check(ACCESS, world)
    assert row.status is status
    expected = "access to bucket main-logs is recorded by data_events"
    assert row.message == (expected if status is PASS else "nothing records who reads or changes bucket main-logs")


def test_a_bucket_that_logs_into_itself_has_no_record() -> None:
    world = World()
    world.add_trail("main")
    world.reply("s3.GetBucketLogging", {"LoggingEnabled": {"TargetBucket": "main-logs", "TargetPrefix": "a"}})
    assert status_of(ACCESS, world) is FAIL


@pytest.mark.parametrize(
    ("accept", "status"),
    [(["server_access_logging"], FAIL), (["data_events"], PASS), ([], PASS), ("data_events", PASS)],
)
def test_which_record_will_do(accept: Any, status: Status) -> None:
    world = without_access_logs(with_selectors(advanced(S3)))
    assert status_of(ACCESS, world, {"accept": accept}) is status
    check = get_check(ACCESS)
    params = check.params_type(accept=(accept,) if isinstance(accept, str) else tuple(accept))
    names = {item.qualified for item in allowed_facts(check, params)}
    assert ("LogBucket.access_logging" in names) is (accept not in ("data_events", ["data_events"]))
    assert ("Trail.selectors" in names) is (accept != ["server_access_logging"])


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"IsMultiRegionTrail": False}, PASS),
        ({"IsMultiRegionTrail": False, "home": "eu-west-1"}, FAIL),
        ({"status": {"IsLogging": False}}, FAIL),
    ],
)
def test_the_recording_trail_must_log_where_the_bucket_is(row: dict[str, Any], status: Status) -> None:
    world = World()
    world.add_bucket("main-logs", region="us-east-1")
    with_selectors(advanced(S3), world=world, bucket="main-logs", **row)
    assert status_of(ACCESS, without_access_logs(world)) is status


def test_of_another_accounts_bucket_own_data_events_prove_nothing() -> None:
    world = World()
    world.add_bucket("central", owner=MANAGEMENT)
    with_selectors(advanced(S3), world=world, bucket="central")
    world.reply("s3.GetBucketLogging", {}, Bucket="central")
    [row] = run_check(ACCESS, world)
    assert (reason_of(row).code, reason_of(row).operation) == (ReasonCode.CROSS_ACCOUNT, "cloudtrail.GetEventSelectors")
    assert reason_of(row).aws_message == (
        "data events that this account records do not prove that the bucket's owner records foreign readers"
    )
    [row] = run_check(ACCESS, world, {"accept": ["data_events"]}, peers=[MANAGEMENT], log_accounts=[MANAGEMENT])
    assert reason_of(row).code is ReasonCode.CROSS_ACCOUNT
    logging = {"LoggingEnabled": {"TargetBucket": "access", "TargetPrefix": ""}}
    world.reply("s3.GetBucketLogging", logging, Bucket="central")
    assert status_of(ACCESS, world, peers=[MANAGEMENT], log_accounts=[MANAGEMENT]) is PASS


def test_one_unreadable_way_is_an_error_unless_the_other_is_proven() -> None:
    world = World()
    world.add_trail("main")
    world.deny("s3.GetBucketLogging")
    [row] = run_check(ACCESS, world)
    assert reason_of(row).missing_action == "s3:GetBucketLogging"
    world = with_selectors(advanced(S3))
    world.deny("s3.GetBucketLogging")
    assert status_of(ACCESS, world) is PASS
    world = without_access_logs(with_selectors(advanced(S3)))
    world.deny("cloudtrail.GetEventSelectors")
    assert reason_of(run_check(ACCESS, world)[0]).operation == "cloudtrail.GetEventSelectors"
