"""Retries: as many as asked for, and one account's or region's trouble is not another's."""

import json

import pytest
from tests.conftest import Answer, Seen, Wire

from trailwarden.aws import retries
from trailwarden.aws.reader import LiveReader
from trailwarden.aws.session import Connection, Tuning, connect
from trailwarden.calls import Call, Reply

ACCOUNT = "111122223333"
OTHER = "444455556666"
TROUBLED = "eu-west-1"
THROTTLED: Answer = (400, {"content-type": "application/x-amz-json-1.1"}, b'{"__type": "ThrottlingException"}')
DONE: Answer = (200, {"content-type": "application/x-amz-json-1.1"}, json.dumps({"trailList": []}).encode())


@pytest.fixture
def connection(wire: Wire, aws_environment: pytest.MonkeyPatch) -> Connection:
    """A connection to two accounts, patient in attempts but not in time."""
    aws_environment.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    made = connect(endpoint_url=wire.url, tuning=Tuning(max_attempts=8))
    made.credentials[OTHER] = made.credentials[ACCOUNT]
    wire.seen.clear()
    return made


def ask(connection: Connection, account: str, region: str) -> Reply:
    return LiveReader(connection).ask(Call.of(account, region, "cloudtrail", "DescribeTrails"))


def exhaust(wire: Wire, connection: Connection) -> None:
    """Throttle one account in one region until botocore's budget for retries is spent and it sends each call once."""
    wire.answer = lambda seen: THROTTLED
    for _ in range(30):
        wire.seen.clear()
        assert ask(connection, ACCOUNT, TROUBLED).error is not None
        if len(wire.seen) == 1:
            return
    pytest.fail("the budget is never spent")


def once_throttled() -> object:
    refusals = iter([THROTTLED])

    def answer(seen: Seen) -> Answer:
        return next(refusals, DONE)

    return answer


def test_a_call_is_tried_as_often_as_asked(wire: Wire, connection: Connection) -> None:
    wire.answer = lambda seen: THROTTLED
    reply = ask(connection, ACCOUNT, TROUBLED)
    assert reply.error is not None
    assert reply.error.code == "ThrottlingException"
    assert len(wire.seen) == 8


@pytest.mark.parametrize(("account", "region"), [(ACCOUNT, "us-east-1"), (OTHER, TROUBLED)])
def test_one_troubled_place_does_not_cost_another_its_retries(
    wire: Wire, connection: Connection, account: str, region: str
) -> None:
    """The client is shared; what it remembers of failures is not."""
    exhaust(wire, connection)
    wire.answer = once_throttled()  # type: ignore[assignment]  # a function of one request, as it should be
    assert ask(connection, account, region).error is None


def test_what_is_remembered_does_not_grow_with_the_estate(
    wire: Wire, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longest unused place is forgotten: it starts with a full budget again."""
    monkeypatch.setattr(retries, "MEMORIES", 2)
    exhaust(wire, connection)
    for region in ("us-east-1", "us-west-2"):
        wire.answer = once_throttled()  # type: ignore[assignment]  # as above
        ask(connection, ACCOUNT, region)
    wire.answer = once_throttled()  # type: ignore[assignment]  # as above
    assert ask(connection, ACCOUNT, TROUBLED).error is None
