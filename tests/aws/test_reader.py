"""The reader over a real socket: what is asked, how often, and what becomes of every kind of answer."""

import functools
import json
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from tests.conftest import SECRET_KEY, Answer, Seen, Wire

from trailwarden.aws.reader import LiveReader
from trailwarden.aws.session import Connection, Tuning, connect
from trailwarden.calls import Call, Recorder, Reply
from trailwarden.errors import CredentialsError
from trailwarden.ledger import Header, Ledger
from trailwarden.model import ReasonCode
from trailwarden.reasons import reason_code

ACCOUNT = "111122223333"
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
ONCE = Tuning(max_attempts=1, connect_timeout=1, read_timeout=0.2)

pytestmark = pytest.mark.usefixtures("aws_environment")


def connected(wire: Wire, tuning: Tuning = ONCE) -> Connection:
    """A connection that is made once; most of these tests take longer to connect than to run."""
    connection = connect_once(wire.url, tuning)
    wire.seen.clear()
    return connection


@functools.cache
def connect_once(url: str, tuning: Tuning) -> Connection:
    return connect(endpoint_url=url, tuning=tuning)


def trails(region: str = "eu-west-1") -> Call:
    return Call.of(ACCOUNT, region, "cloudtrail", "DescribeTrails")


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return status, {"content-type": "application/x-amz-json-1.1", **(headers or {})}, json.dumps(body).encode()


def aws_error(code: str, status: int = 400, message: str = "") -> Answer:
    return json_answer({"__type": code, "message": message}, status)


def reason(call: Call, reply: Reply) -> ReasonCode:
    assert reply.error is not None
    return reason_code(call.service, call.operation, reply.error.code, reply.error.message, reply.error.status)


def only(operation: str, answer: Answer | None) -> Any:
    """Answer one operation; STS is the fixture's business."""
    return lambda seen: answer if seen.operation == operation else None


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_each_region_is_asked_with_its_own_signature(wire: Wire) -> None:
    wire.answer = only("DescribeTrails", json_answer({"trailList": []}))
    replies = LiveReader(connected(wire)).ask_all([trails(region) for region in REGIONS])
    assert [reply.body for reply in replies] == [{"trailList": []}] * 3
    assert sorted(seen.region for seen in wire.sent("DescribeTrails")) == sorted(REGIONS)


def test_each_question_is_sent_once_however_many_threads_ask(wire: Wire) -> None:
    """The recorder and the reader together: no request twice, no reply lost or mixed up."""
    wire.answer = lambda seen: (
        json_answer({"trailList": [{"Name": seen.region}]}) if seen.operation == "DescribeTrails" else None
    )
    recorder = Recorder(LiveReader(connected(wire), jobs=4))
    calls = [trails(region) for region in REGIONS]
    answers: list[list[Reply]] = []
    start = threading.Barrier(6)

    def ask() -> None:
        start.wait()
        answers.append(recorder.ask_all(calls))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(seen.region for seen in wire.sent("DescribeTrails")) == dict.fromkeys(REGIONS, 1)
    assert all(
        [reply.body for reply in replies] == [{"trailList": [{"Name": region}]} for region in REGIONS]
        for replies in answers
    )
    assert len(answers) == 6


def test_who_is_calling_is_asked_once_in_the_whole_run(wire: Wire) -> None:
    connection = connect(endpoint_url=wire.url)
    reply = LiveReader(connection).ask(Call.of(ACCOUNT, connection.region, "sts", "GetCallerIdentity"))
    assert reply.body is not None
    assert reply.body["Account"] == ACCOUNT
    assert len(wire.seen) == 1


def test_pages_are_followed_and_merged(wire: Wire) -> None:
    def answer(seen: Seen) -> Answer | None:
        if seen.operation != "DescribeLogGroups":
            return None
        token = json.loads(seen.body).get("nextToken", "0")
        body: dict[str, Any] = {"logGroups": [{"logGroupName": f"group-{token}"}]}
        if token != "2":
            body["nextToken"] = str(int(token) + 1)
        return json_answer(body, headers={"x-amzn-requestid": f"request-{token}"})

    wire.answer = answer
    reply = LiveReader(connected(wire)).ask(Call.of(ACCOUNT, "eu-west-1", "logs", "DescribeLogGroups"))
    assert reply.body == {"logGroups": [{"logGroupName": f"group-{number}"} for number in range(3)]}
    assert (reply.pages, reply.request_id) == (3, "request-0")


def test_an_endless_listing_is_truncated_not_believed(wire: Wire) -> None:
    """The same page token twice: botocore gives up, and so must the verdict."""
    wire.answer = only("DescribeLogGroups", json_answer({"logGroups": [], "nextToken": "again"}))
    call = Call.of(ACCOUNT, "eu-west-1", "logs", "DescribeLogGroups")
    assert reason(call, LiveReader(connected(wire)).ask(call)) is ReasonCode.TRUNCATED


def test_a_listing_without_end_stops_at_the_page_limit(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailwarden.aws.clients.MAX_PAGES", 5)
    pages = iter(range(100))
    wire.answer = lambda seen: (
        json_answer({"logGroups": [], "nextToken": f"page-{next(pages)}"})
        if seen.operation == "DescribeLogGroups"
        else None
    )
    call = Call.of(ACCOUNT, "eu-west-1", "logs", "DescribeLogGroups")
    reply = LiveReader(connected(wire)).ask(call)
    assert reason(call, reply) is ReasonCode.TRUNCATED
    assert reply.body is None


# --- what comes back ------------------------------------------------------------------------------------------------


def test_a_body_is_plain_json_with_times_in_utc(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a zone whose clocks go back at that very hour."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    status = {"IsLogging": True, "LatestDeliveryTime": 1761440400.0, "StartLoggingTime": 1761436800.25}
    wire.answer = only("GetTrailStatus", json_answer(status, headers={"date": "Sun, 26 Oct 2025 01:00:05 GMT"}))
    reply = LiveReader(connected(wire)).ask(Call.of(ACCOUNT, "eu-west-1", "cloudtrail", "GetTrailStatus", Name="arn"))
    assert reply.body == {
        "IsLogging": True,
        "LatestDeliveryTime": "2025-10-26T01:00:00Z",
        "StartLoggingTime": "2025-10-26T00:00:00.250000Z",
    }
    json.dumps(reply.body)


def test_the_servers_date_is_kept(wire: Wire) -> None:
    """What the answering server took for the time is evidence, whatever this machine's clock says."""
    connection = connected(wire)
    assert connection.identity[1].date.endswith("Z")
    assert len(connection.identity[1].date) == len("2026-01-31T08:00:00Z")


def test_a_buckets_region_comes_with_a_refusal_too(wire: Wire) -> None:
    wire.answer = lambda seen: (403, {"x-amz-bucket-region": "eu-west-1"}, b"") if seen.method == "HEAD" else None
    call = Call.of(ACCOUNT, "eu-west-1", "s3", "HeadBucket", Bucket="trail-logs")
    reply = LiveReader(connected(wire)).ask(call)
    assert reply.bucket_region == "eu-west-1"
    assert reason(call, reply) is ReasonCode.ACCESS_DENIED


def test_a_bucket_elsewhere_is_followed_to_its_region(wire: Wire) -> None:
    """S3 answers 301 with the right region; the second request is signed for it."""

    def answer(seen: Seen) -> Answer | None:
        if seen.method != "HEAD":
            return None
        return (200 if seen.region == "eu-west-1" else 301, {"x-amz-bucket-region": "eu-west-1"}, b"")

    wire.answer = answer
    reply = LiveReader(connected(wire)).ask(Call.of(ACCOUNT, "us-east-1", "s3", "HeadBucket", Bucket="trail-logs"))
    assert reply.error is None
    assert reply.pages == 1
    assert [seen.region for seen in wire.seen if seen.method == "HEAD"] == ["us-east-1", "eu-west-1"]


def test_the_account_in_s3controls_host_is_left_out_on_loopback(wire: Wire) -> None:
    block = b"<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>"
    wire.answer = lambda seen: (200, {}, block) if seen.path.startswith("/v20180820/") else None
    call = Call.of(ACCOUNT, "eu-west-1", "s3control", "GetPublicAccessBlock", AccountId=ACCOUNT)
    reply = LiveReader(connected(wire)).ask(call)
    assert reply.body == {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}
    (sent,) = (seen for seen in wire.seen if seen.path.startswith("/v20180820/"))
    assert sent.headers["x-amz-account-id"] == ACCOUNT


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            aws_error("AccessDeniedException", message="User: u is not authorized to perform: x"),
            ReasonCode.ACCESS_DENIED,
        ),
        (
            aws_error("AccessDeniedException", message="... with an explicit deny in a service control policy"),
            ReasonCode.ACCESS_DENIED_SCP,
        ),
        (aws_error("ThrottlingException", message="Rate exceeded"), ReasonCode.THROTTLED),
        (aws_error("UnrecognizedClientException"), ReasonCode.REGION_DISABLED),
        (aws_error("OptInRequired", 403), ReasonCode.REGION_DISABLED),
        (aws_error("UnknownOperationException"), ReasonCode.UNSUPPORTED),
        (aws_error("InternalFailure", 500), ReasonCode.UNREACHABLE),
        ((503, {}, b"<html>busy</html>"), ReasonCode.UNREACHABLE),
        ((403, {"content-type": "text/html"}, b"<html>no</html>"), ReasonCode.ACCESS_DENIED),
        ((404, {"content-type": "text/html"}, b"<html>what?</html>"), ReasonCode.UNSUPPORTED),
        (aws_error("SomethingNewException"), ReasonCode.UNEXPECTED),
        (None, ReasonCode.UNREACHABLE),
    ],
)
def test_every_failure_is_a_reply_with_a_reason(wire: Wire, answer: Answer | None, expected: ReasonCode) -> None:
    wire.answer = only("DescribeTrails", answer)
    assert reason(trails(), LiveReader(connected(wire)).ask(trails())) is expected


@pytest.mark.parametrize("payload", [b"", b"\x00\xff\xfe", b"<html>", b'{"trailList": ', b"[]"], ids=repr)
def test_garbage_is_never_an_empty_list_of_trails(wire: Wire, payload: bytes) -> None:
    """An unreadable 200 either is an error or lacks the key; it must not look like an account without trails."""
    wire.answer = only("DescribeTrails", (200, {"content-type": "application/x-amz-json-1.1"}, payload))
    reply = LiveReader(connected(wire)).ask(trails())
    assert reply.error is not None or "trailList" not in (reply.body or {})


def test_garbage_in_xml_is_unparseable(wire: Wire) -> None:
    wire.answer = only("DescribeRegions", (200, {"content-type": "text/xml"}, b"<DescribeRegionsResponse><regionInfo>"))
    call = Call.of(ACCOUNT, "us-east-1", "ec2", "DescribeRegions", AllRegions=True)
    assert reason(call, LiveReader(connected(wire)).ask(call)) is ReasonCode.UNPARSEABLE


def test_a_server_that_does_not_answer_is_unreachable(wire: Wire) -> None:
    release = threading.Event()

    def hang(seen: Seen) -> Answer | None:
        if seen.operation == "DescribeTrails":
            release.wait(10)
        return None

    wire.answer = hang
    connection = connected(wire)
    reply = LiveReader(connection).ask(trails())
    release.set()
    assert reply.error is not None
    assert (reply.error.code, reply.error.status) == ("ReadTimeoutError", 0)
    assert reason(trails(), reply) is ReasonCode.UNREACHABLE


def test_throttling_is_waited_out(wire: Wire) -> None:
    """Two refusals, then the answer; each attempt is a request, the call is one."""
    refusals = iter([aws_error("ThrottlingException")] * 2)
    wire.answer = lambda seen: (
        next(refusals, json_answer({"trailList": []})) if seen.operation == "DescribeTrails" else None
    )
    reply = LiveReader(connected(wire, Tuning(max_attempts=3))).ask(trails())
    assert reply.body == {"trailList": []}
    assert (reply.pages, reply.retries) == (1, 2)
    assert len(wire.sent("DescribeTrails")) == 3


@pytest.mark.parametrize(("variable", "tuning", "requests"), [("2", Tuning(), 2), ("2", Tuning(max_attempts=1), 1)])
def test_how_often_to_try_is_the_environments_where_nobody_says(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, variable: str, tuning: Tuning, requests: int
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", variable)
    wire.answer = lambda seen: aws_error("ThrottlingException") if seen.operation == "DescribeTrails" else None
    assert LiveReader(connected(wire, tuning)).ask(trails()).error is not None
    assert len(wire.sent("DescribeTrails")) == requests


def test_adaptive_retries_work_too(wire: Wire) -> None:
    refusals = iter([aws_error("ThrottlingException")])
    wire.answer = lambda seen: (
        next(refusals, json_answer({"trailList": []})) if seen.operation == "DescribeTrails" else None
    )
    reply = LiveReader(connected(wire, Tuning(retry_mode="adaptive", max_attempts=3))).ask(trails())
    assert reply.body == {"trailList": []}


def test_a_parameter_that_botocore_does_not_know_is_unsupported(wire: Wire) -> None:
    """Silently dropping it would ask another question than the one recorded."""
    call = Call.of(ACCOUNT, "eu-west-1", "cloudtrail", "DescribeTrails", newParameter=True)
    assert reason(call, LiveReader(connected(wire)).ask(call)) is ReasonCode.UNSUPPORTED
    assert wire.sent("DescribeTrails") == []


def test_an_account_without_credentials_is_another_account(wire: Wire) -> None:
    call = Call.of("999988887777", "eu-west-1", "cloudtrail", "DescribeTrails")
    assert reason(call, LiveReader(connected(wire)).ask(call)) is ReasonCode.CROSS_ACCOUNT
    assert wire.sent("DescribeTrails") == []


@pytest.mark.parametrize("code", ["ExpiredTokenException", "ExpiredToken", "RequestExpired"])
def test_expired_credentials_end_the_run(wire: Wire, code: str) -> None:
    """Every further call would fail the same way; a report full of errors would only hide why."""
    wire.answer = only("DescribeTrails", aws_error(code, 403, "The security token included in the request is expired"))
    reader = LiveReader(connected(wire), jobs=2)
    with pytest.raises(CredentialsError, match="expired"):
        reader.ask_all([trails(region) for region in REGIONS])


def test_no_secret_reaches_a_ledger(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS quotes the request it got when a signature is wrong: key, token and all."""
    token = "FwoGZXIvYXdzEXAMPLETOKEN//////////wEaDExample=="
    monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    message = (
        f"The Canonical String should have been 'POST / host:x x-amz-security-token:{token} {SECRET_KEY}' "
        "Credential=AKIAIOSFODNN7EXAMPLE/20260131/us-east-1/cloudtrail/aws4_request, Signature=5d672d79c15b13162d9279b0855cfba"
    )
    wire.answer = only("DescribeTrails", aws_error("SignatureDoesNotMatch", 403, message))
    recorder = Recorder(LiveReader(connect(endpoint_url=wire.url)))
    recorder.ask(trails())
    recorder.ask(Call.of(ACCOUNT, "us-east-1", "sts", "GetCallerIdentity"))
    ledger = Ledger(Header(clock="2026-01-31T08:00:00Z"), recorder.entries()).to_bytes().decode()
    assert "Canonical String" in ledger
    for secret in (SECRET_KEY, token, "AKIAIOSFODNN7EXAMPLE", "5d672d79c15b"):
        assert secret not in ledger


def test_a_closed_reader_leaves_no_thread_behind(wire: Wire) -> None:
    wire.answer = only("DescribeTrails", json_answer({"trailList": []}))
    before = set(threading.enumerate())
    reader = LiveReader(connect(endpoint_url=wire.url), jobs=3)
    reader.ask_all([trails(region) for region in REGIONS])
    begun = set(threading.enumerate()) - before
    workers = [thread for thread in begun if thread.name.startswith("trailwarden-aws")]
    assert workers
    reader.close()
    for thread in workers:
        thread.join(5)
    assert not any(thread.is_alive() for thread in workers)
