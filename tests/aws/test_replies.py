"""Parsed answers as JSON, errors as text that can be shown."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.aws.replies import LONGEST_MESSAGE, botocore_answer, iso, plain, reply_from_exception, scrub
from trailwarden.calls import Reply, ReplyError


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 31, 8, tzinfo=UTC), "2026-01-31T08:00:00Z"),
        (datetime(2026, 1, 31, 8, 0, 0, 250000, tzinfo=UTC), "2026-01-31T08:00:00.250000Z"),
        (datetime(2026, 1, 31, 8, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-01-31T02:30:00Z"),
        (datetime(2026, 1, 31, 8), "2026-01-31T08:00:00Z"),  # noqa: DTZ001 - botocore gives some times without a zone
    ],
)
def test_times_are_utc_text(moment: datetime, text: str) -> None:
    assert iso(moment) == text


def test_a_body_becomes_json() -> None:
    body = {
        "At": datetime(2026, 1, 31, tzinfo=UTC),
        "Blob": b"\x00\xff",
        "List": [{"At": datetime(2026, 2, 1, tzinfo=UTC)}],
        "No": None,
    }
    assert plain(body) == {
        "At": "2026-01-31T00:00:00Z",
        "Blob": "AP8=",
        "List": [{"At": "2026-02-01T00:00:00Z"}],
        "No": None,
    }
    json.dumps(plain(body))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("key AKIAIOSFODNN7EXAMPLE is wrong", "key *** is wrong"),
        ("arn:aws:iam::111122223333:user/audit", "arn:aws:iam::111122223333:user/audit"),
        (
            "principal AIDAIOSFODNN7EXAMPLE, role AROAIOSFODNN7EXAMPLE",
            "principal AIDAIOSFODNN7EXAMPLE, role AROAIOSFODNN7EXAMPLE",
        ),
        ("x-amz-security-token:abc/def+== next", "x-amz-security-token:*** next"),
        ("X-Amz-Security-Token=abc&X=1", "X-Amz-Security-Token=***&X=1"),
        ("Credential=AKIAX/2026/us-east-1, Signature=00ff", "Credential=***, Signature=***"),
        ("https://user:pass@proxy.example:3128/x", "https://***@proxy.example:3128/x"),
    ],
)
def test_secrets_are_removed(text: str, kept: str) -> None:
    assert scrub(text) == kept


def test_the_credentials_in_use_are_removed_wherever_they_stand() -> None:
    secret = "wJalrXUtnFEMI/K7MDENG"
    assert scrub(f"a{secret}b", [secret, ""]) == "a***b"


def test_a_short_key_of_an_emulator_does_not_eat_the_words_around_it() -> None:
    assert scrub("a test of the test user", ["test"]) == "a test of the test user"


def test_a_web_page_is_cut_short() -> None:
    assert len(scrub("<html>" * 10_000)) == LONGEST_MESSAGE + 1


def test_an_error_without_code_has_its_status() -> None:
    error = ClientError({"Error": {}, "ResponseMetadata": {"HTTPStatusCode": 503}}, "DescribeTrails")  # type: ignore[typeddict-item]  # so it comes
    assert reply_from_exception(error).error == ReplyError("503", "", 503)


def test_a_failure_that_is_not_botocores_keeps_its_name() -> None:
    """An emulator inside the process raises plain Python errors."""
    assert reply_from_exception(NotImplementedError("no")).error == ReplyError("NotImplementedError", "no", 0)


@given(st.text(min_size=1), st.text(), st.integers(0, 599))
def test_a_recorded_error_is_raised_as_it_was(code: str, message: str, status: int) -> None:
    """Whatever an error's HTTP status was, none at all included, it is an error again when it is played."""
    response, parsed = botocore_answer(Reply(error=ReplyError(code, message, status)))
    assert response.status_code >= 300
    assert (parsed["Error"], parsed["ResponseMetadata"]["HTTPStatusCode"]) == (
        {"Code": code, "Message": message},
        status,
    )
