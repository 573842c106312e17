"""Buckets over HTTP: plain answers through the thin client, every odd one asked again through boto3."""

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_plus

from trailwarden.integrity import aws, wire
from trailwarden.integrity.store import AbsentError, Blob, Entry, UnavailableError, within
from trailwarden.integrity.verdicts import Verdict

_ATTEMPTS: Final = 4
_RENEWAL: Final = 300  # seconds before credentials expire
_PAGE_LIMIT: Final = 8 << 20
_CONTENTS: Final = re.compile(rb"<Contents>(.*?)</Contents>", re.DOTALL)
_FIELD: Final = re.compile(rb"<(Key|LastModified|ETag|Size)>([^<]*)</")
_FOLDER: Final = re.compile(rb"<CommonPrefixes>\s*<Prefix>([^<]*)</Prefix>")
_TRUNCATED: Final = re.compile(rb"<IsTruncated>(true|false)</IsTruncated>")
_TOKEN: Final = re.compile(rb"<NextContinuationToken>([^<]+)</NextContinuationToken>")
_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9.]+)</Code>")
_META: Final = "x-amz-meta-"


class _Page(NamedTuple):
    entries: list[Entry]
    folders: list[str]
    token: str


def _parse_page(xml: bytes) -> _Page | None:
    """One page of ListObjectsV2 (`encoding-type=url`), or None if it is not what S3 sends."""
    truncated = _TRUNCATED.search(xml)
    following = _TOKEN.search(xml)
    if truncated is None or (truncated[1] == b"true") != (following is not None):
        return None
    entries = []
    for item in _CONTENTS.findall(xml):
        fields = dict(_FIELD.findall(item))
        if len(fields) != 4:
            return None
        etag = _unescape(fields[b"ETag"].decode()).strip('"')
        size = int(fields[b"Size"])
        entries.append(Entry(_decode(fields[b"Key"]), f"{etag} {size} {fields[b'LastModified'].decode()}", size))
    folders = [_decode(name) for name in _FOLDER.findall(xml)]
    return _Page(entries, folders, _unescape(following[1].decode()) if following else "")


class S3Store:
    """Buckets over HTTP. Plain answers come over `wire`, everything else is asked again through boto3."""

    def __init__(self, access: aws.Access) -> None:
        self._access = access
        self._wires: dict[str, wire.Wire | None] = {}
        self._regions: dict[str, str] = {}
        self._lock = threading.Lock()

    def folders(self, bucket: str, prefix: str) -> list[str]:
        """See `Store.folders`."""
        pages = self._pages(bucket, {"prefix": prefix, "delimiter": "/"})
        return sorted(name[len(prefix) : -1] for page in pages for name in page.folders)

    def entries(self, bucket: str, prefix: str, after: str = "", before: str = "", limit: int = 0) -> list[Entry]:
        """See `Store.entries`."""
        pages = self._pages(bucket, {"prefix": prefix} | ({"start-after": after} if after else {}))
        return within((entry for page in pages for entry in page.entries), before, limit)

    def get(self, bucket: str, key: str, limit: int) -> Blob:
        """See `Store.get`."""
        connection = self._wire(bucket)
        if connection is None:
            return self._slow_get(bucket, key, limit)
        try:
            response = self._patiently(lambda: connection.request("GET", wire.encode_key(key), limit=limit))
        except wire.OddResponseError:
            return self._slow_get(bucket, key, limit)
        except wire.TooLargeError as error:
            raise _too_large(int(error.args[0]), limit) from error
        if response.status == 200:
            head = response.head
            if _META.encode() not in head.lower():
                return Blob(response.body)
            fields = response.headers()
            metadata = {name[len(_META) :]: value for name, value in fields.items() if name.startswith(_META)}
            return Blob(response.body, metadata=metadata)
        code = _CODE.search(response.body)
        if response.status == 404 and code and code[1] == b"NoSuchKey":
            raise AbsentError(key)
        if response.status == 403 and code and code[1] in {b"AccessDenied", b"InvalidObjectState"}:
            message = re.search(rb"<Message>([^<]*)</Message>", response.body)
            raise aws.refusal(code[1].decode(), message[1].decode("utf-8", "replace") if message else "refused")
        return self._slow_get(bucket, key, limit)

    def close(self) -> None:
        """Close every connection that is not in use."""
        for connection in self._wires.values():
            if connection is not None:
                connection.close()

    def region_of(self, bucket: str) -> str | None:
        """Region of the bucket, if it turned out to be another one than expected."""
        return self._regions.get(bucket)

    def _wire(self, bucket: str) -> wire.Wire | None:
        if self._is_stale():
            self._renew()
        try:
            return self._wires[bucket]
        except KeyError:
            with self._lock:
                if bucket not in self._wires:
                    self._wires[bucket] = self._open(bucket)
                return self._wires[bucket]

    def _open(self, bucket: str) -> wire.Wire | None:
        access = self._access
        region = self._regions.get(bucket) or access.bucket_region or access.region or "us-east-1"
        where = aws.endpoint(access, "s3", region, bucket)
        return wire.Wire(where, access.credentials) if where and access.credentials else None

    def _is_stale(self) -> bool:
        credentials = self._access.credentials
        return (
            credentials is not None and credentials.expires is not None and credentials.expires < time.time() + _RENEWAL
        )

    def _renew(self) -> None:
        """Fetch new credentials where the old ones came from; requests under way finish with the old ones."""
        with self._lock:
            if self._is_stale():
                self._access = aws.resolve(replace(self._access, credentials=None))
                self._wires = {}

    def _patiently(self, ask: Callable[[], wire.Response]) -> wire.Response:
        """Repeat after network failures and while the service says it is busy, ever more slowly."""
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            try:
                response = ask()
            except OSError as error:
                if last:
                    raise UnavailableError(
                        Verdict.INCONCLUSIVE, "network", f"{type(error).__name__}: {error}"
                    ) from error
            else:
                if response.status not in {429, 500, 502, 503, 504} or last:
                    return response
            time.sleep(random.uniform(0.5, 1) * 0.1 * 4**attempt)  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    def _pages(self, bucket: str, parameters: dict[str, str]) -> Iterator["_Page"]:
        token = ""
        while True:
            query = {"list-type": "2", "encoding-type": "url", **parameters}
            page = self._quick_page(bucket, query | ({"continuation-token": token} if token else {}))
            page = page or self._slow_page(bucket, parameters, token)
            yield page
            if not page.token:
                return
            token = page.token

    def _quick_page(self, bucket: str, query: dict[str, str]) -> "_Page | None":
        connection = self._wire(bucket)
        if connection is None:
            return None
        text = wire.encode_query(query)
        try:
            response = self._patiently(
                lambda: connection.request("GET", "/" if not connection.base else "", text, limit=_PAGE_LIMIT)
            )
        except (wire.OddResponseError, wire.TooLargeError):
            return None
        return _parse_page(bytes(response.body)) if response.status == 200 else None

    def _slow_page(self, bucket: str, parameters: dict[str, str], token: str) -> "_Page":
        """One page through boto3; on the way the bucket's region is learnt, in case it was wrong."""
        names = {"prefix": "Prefix", "delimiter": "Delimiter", "start-after": "StartAfter"}
        arguments = {names[name]: value for name, value in parameters.items()}
        if token:
            arguments["ContinuationToken"] = token
        self._learn_region(bucket)
        with aws.guarded():
            page = self._boto(bucket).list_objects_v2(Bucket=bucket, **arguments)
        entries = []
        for item in page.get("Contents", ()):
            written = item["LastModified"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
            entries.append(Entry(item["Key"], f"{item['ETag'].strip(chr(34))} {item['Size']} {written}", item["Size"]))
        folders = [folder["Prefix"] for folder in page.get("CommonPrefixes", ())]
        return _Page(entries, folders, page.get("NextContinuationToken", ""))

    def _boto(self, bucket: str) -> Any:
        return aws.client(self._access, "s3", self._regions.get(bucket) or self._access.bucket_region)

    def _learn_region(self, bucket: str) -> None:
        if bucket in self._regions:
            return
        region = aws.bucket_region(self._access, bucket)
        with self._lock:
            self._regions[bucket] = region
            old = self._wires.pop(bucket, None)
        if old is not None:
            old.close()

    def _slow_get(self, bucket: str, key: str, limit: int) -> Blob:
        for attempt in range(_ATTEMPTS):
            try:
                with aws.guarded():
                    answer = self._boto(bucket).get_object(Bucket=bucket, Key=key)
                    if answer["ContentLength"] <= limit:
                        return Blob(
                            answer["Body"].read(), metadata={k.lower(): v for k, v in answer["Metadata"].items()}
                        )
                    answer["Body"].close()
            except UnavailableError as error:
                # botocore repeats requests by itself, but not one whose body broke off.
                if error.reason != "network" or attempt == _ATTEMPTS - 1:
                    raise
                continue
            raise _too_large(answer["ContentLength"], limit)
        raise AssertionError("unreachable")


def _too_large(size: int, limit: int) -> UnavailableError:
    return UnavailableError(Verdict.UNREADABLE, "object-too-large", f"{size} bytes are stored, the limit is {limit}")


def _unescape(text: str) -> str:
    return text.replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _decode(key: bytes) -> str:
    text = key.decode()
    return unquote_plus(text) if "%" in text or "+" in text else text
