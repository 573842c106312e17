"""What botocore returns or raises, as a Reply: plain JSON, UTC text, no secrets."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from trailwarden.calls import Reply, ReplyError
from trailwarden.model import Json

LONGEST_MESSAGE = 1000
"""Characters kept of an error message; an endpoint that is not AWS answers with whole web pages."""

SHORTEST_SECRET = 16
"""Characters; those that AWS issues have forty and more."""

_SECRETS = (
    # Access key ids. The account and the principal stay readable in ARNs, which have other prefixes.
    re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{8,}\b"),
    # What a signature error quotes from the request: the token, the credential scope and the signature itself.
    re.compile(r"(?i)(?<=x-amz-security-token[:=])[^\s&'\"<>,]+"),
    re.compile(r"(?i)(?<=\bcredential=)[^\s&'\"<>,]+"),
    re.compile(r"(?i)(?<=\bsignature=)[^\s&'\"<>,]+"),
    # The user and password of an URL.
    re.compile(r"(?<=://)[^/\s@]+(?=@)"),
)


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text without access keys, tokens, signatures and passwords.

    Args:
        text: what AWS or botocore said.
        secrets: the credentials in use, removed wherever they stand; a short one, which only an emulator takes, would hit other words.
    """
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    for pattern in _SECRETS:
        text = pattern.sub("***", text)
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}…"


def plain(value: Any) -> Json:
    """Return a parsed answer as JSON: times as ISO 8601 UTC, bytes (an object's content, too) as base64."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, StreamingBody):
        return plain(value.read())
    return value


def iso(moment: datetime) -> str:
    """Return ``2026-01-31T08:00:00Z``, with microseconds only where there are any; a time without zone is taken as UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat() + "Z"


def reply_from_body(parsed: Mapping[str, Any], metadata: Mapping[str, Any], pages: int = 1) -> Reply:
    """Return a successful reply; ``metadata`` is botocore's ResponseMetadata of the first page."""
    # A paginator puts None for what a page did not have.
    body: dict[str, Json] = plain(
        {key: value for key, value in parsed.items() if key != "ResponseMetadata" and value is not None}
    )
    return _reply(metadata, body=body, pages=pages)


def reply_from_exception(error: Exception, secrets: Iterable[str] = ()) -> Reply:
    """Return the error reply for whatever botocore, or an emulator inside it, raised."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        metadata = error.response.get("ResponseMetadata", {})
        status = int(metadata.get("HTTPStatusCode", 0))
        # Emulators answer some operations with a page of HTML, of which botocore makes an error without a code.
        code = str(details.get("Code") or status or "Unknown")
        message = scrub(str(details.get("Message") or ""), secrets)
        return _reply(metadata, error=ReplyError(code, message, status))
    return Reply(error=ReplyError(type(error).__name__, scrub(str(error), secrets)))


def botocore_answer(reply: Reply) -> tuple[AWSResponse, dict[str, Any]]:
    """Return a recorded reply as botocore's transport would have handed it up: the HTTP response and the parsed answer."""
    error = reply.error
    headers = HTTPHeaders()
    if reply.bucket_region:
        headers["x-amz-bucket-region"] = reply.bucket_region
    if reply.date:
        headers["date"] = format_datetime(datetime.fromisoformat(reply.date), usegmt=True)
    parsed: dict[str, Any] = copy.deepcopy(reply.body or {})
    parsed["ResponseMetadata"] = {
        "RequestId": reply.request_id,
        "HTTPStatusCode": error.status if error else 200,
        "HTTPHeaders": headers,
    }
    if error:
        parsed["Error"] = {"Code": error.code, "Message": error.message}
    # Whatever was recorded as an error must be one here too, also a local failure, which has no HTTP status.
    status = max(error.status, 400) if error else 200
    return AWSResponse("", status, headers, None), parsed


def _reply(
    metadata: Mapping[str, Any], *, body: dict[str, Json] | None = None, error: ReplyError | None = None, pages: int = 1
) -> Reply:
    headers = metadata.get("HTTPHeaders", {})
    return Reply(
        body=body,
        error=error,
        request_id=str(metadata.get("RequestId") or ""),
        date=_date(str(headers.get("date", ""))),
        pages=pages,
        bucket_region=str(headers.get("x-amz-bucket-region", "")),
        retries=int(metadata.get("RetryAttempts") or 0),
    )


def _date(header: str) -> str:
    try:
        return iso(parsedate_to_datetime(header)) if header else ""
    except ValueError:
        return ""
