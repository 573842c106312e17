"""A local S3 and CloudTrail endpoint with settable latency: the few operations that verifiers use, and injected faults.

Answers are prepared, requests are parsed by hand and nothing is checked but the path, so that the server takes as little
as possible of the cores it shares with the client being measured.
"""

import argparse
import asyncio
import json
import pickle
import ssl
import sys
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

from benchmarks.integrity.chains import StoredObject

_ERRORS = {
    "denied": (403, "AccessDenied", "Access Denied"),
    "kms": (400, "KMS.DisabledException", "the kms key is disabled"),
    "archived": (403, "InvalidObjectState", "The operation is not valid for the object's storage class"),
    "slow-down": (503, "SlowDown", "Please reduce your request rate."),
    "broken": (500, "InternalError", "We encountered an internal error. Please try again."),
}


@dataclass
class World:
    """What the endpoint serves. `faults` maps a key to a fault name; `key*N` in a name means: only the first N times."""

    buckets: dict[str, dict[str, StoredObject]] = field(default_factory=dict)
    keys: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    trails: list[dict[str, Any]] = field(default_factory=list)
    status: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    latency: float = 0.0
    region: str = ""
    requests: list[str] = field(default_factory=list)
    count: int = 0
    record: bool = False
    key_page: int = 1000


def _message(status: int, body: bytes, extra: str = "", kind: str = "application/xml") -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _error(status: int, code: str, message: str) -> bytes:
    return _message(
        status, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    )


class Answers:
    """Requests to answers, without any networking."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._sorted: dict[str, list[str]] = {}
        self._used: dict[str, int] = {}

    def answer(self, method: bytes, target: bytes, head: bytes, payload: bytes) -> tuple[bytes, bool]:
        """The raw response, and whether to cut the connection after half of it."""
        self.world.count += 1
        if method == b"POST":
            return self._cloudtrail(head, payload), False
        path, _, query = target.decode().partition("?")
        bucket, _, key = unquote(path)[1:].partition("/")
        if self.world.record:
            self.world.requests.append(f"{method.decode()} {bucket} {key} {query}")
        if self.world.region and f"/{self.world.region}/s3/".encode() not in head:
            body = (
                b""
                if method == b"HEAD"
                else b"<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>"
            )
            return _message(301, body, f"x-amz-bucket-region: {self.world.region}\r\n"), False
        objects = self.world.buckets.get(bucket)
        if objects is None:
            return _error(404, "NoSuchBucket", "The specified bucket does not exist"), False
        if not key:
            return self._bucket(method, bucket, dict(parse_qsl(query, keep_blank_values=True))), False
        fault = self._fault(key)
        if fault in _ERRORS:
            return _error(*_ERRORS[fault]), False
        found = objects.get(key)
        if found is None:
            return _error(404, "NoSuchKey", "The specified key does not exist."), False
        meta = "".join([f"x-amz-meta-{name}: {value}\r\n" for name, value in found.metadata])
        head_lines = (
            f'HTTP/1.1 200 OK\r\nETag: "{found.etag}"\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n'
            f"{meta}Content-Length: {len(found.body)}\r\n\r\n"
        )
        return head_lines.encode() + found.body, fault == "cut"

    def _fault(self, key: str) -> str:
        name, _, times_ = self.world.faults.get(key, "").partition("*")
        if times_:
            self._used[key] = self._used.get(key, 0) + 1
            if self._used[key] > int(times_):
                return ""
        return name

    def _bucket(self, method: bytes, bucket: str, query: dict[str, str]) -> bytes:
        if method == b"HEAD":
            region = self.world.region or "us-east-1"
            return _message(200, b"", f"x-amz-bucket-region: {region}\r\n")
        if "location" in query:
            return _message(200, b"<LocationConstraint xmlns='http://s3.amazonaws.com/doc/2006-03-01/'/>")
        fault = self._fault(query.get("prefix", ""))
        if fault in _ERRORS:
            return _error(*_ERRORS[fault])
        return _message(200, self._listing(bucket, query).encode())

    def _listing(self, bucket: str, query: dict[str, str]) -> str:
        objects = self.world.buckets[bucket]
        keys = self._sorted.get(bucket)
        if keys is None or len(keys) != len(objects):
            keys = self._sorted[bucket] = sorted(objects)
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = query.get("continuation-token") or query.get("start-after") or query.get("marker") or ""
        at = max(bisect_left(keys, prefix), bisect_right(keys, after))
        limit = int(query.get("max-keys", self.world.key_page))
        parts: list[str] = []
        last = ""
        while at < len(keys) and keys[at].startswith(prefix) and len(parts) < limit:
            key = keys[at]
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            if cut >= 0:
                last = key[: cut + 1] + "\U0010ffff"
                parts.append(f"<CommonPrefixes><Prefix>{quote(key[: cut + 1])}</Prefix></CommonPrefixes>")
                at = bisect_left(keys, last)
                continue
            o = objects[key]
            last = key
            parts.append(
                f"<Contents><Key>{quote(key)}</Key><LastModified>{o.modified}</LastModified><ETag>&quot;{o.etag}&quot;</ETag>"
                f"<Size>{len(o.body)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            )
            at += 1
        more = at < len(keys) and keys[at].startswith(prefix)
        token = (
            f"<NextContinuationToken>{escape(last)}</NextContinuationToken><NextMarker>{quote(last)}</NextMarker>"
            if more
            else ""
        )
        return (
            "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
            f"<Name>{bucket}</Name><Prefix>{quote(prefix)}</Prefix><MaxKeys>{limit}</MaxKeys><EncodingType>url</EncodingType>"
            f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}{''.join(parts)}</ListBucketResult>"
        )

    def _cloudtrail(self, head: bytes, payload: bytes) -> bytes:
        lower = head.lower()
        operation = lower.split(b"x-amz-target:")[1].split(b"\r\n")[0].rsplit(b".", 1)[1].decode().strip()
        region = lower.split(b"credential=")[1].split(b"/")[2].decode()
        asked = json.loads(payload or b"{}")
        if self.world.record:
            self.world.requests.append(f"{operation} {region}")
        fault = self._fault(operation)
        if fault == "denied":
            body = json.dumps({"__type": "AccessDeniedException", "Message": "not authorized"}).encode()
            return _message(400, body, kind="application/x-amz-json-1.1")
        answer: dict[str, Any]
        if operation == "listpublickeys":
            low, high = float(asked.get("StartTime", 0)), float(asked.get("EndTime", 9e9))
            entries = self.world.keys.get(region, [])
            found = [k for k in entries if k["ValidityStartTime"] <= high and k["ValidityEndTime"] >= low]
            at = int(asked.get("NextToken") or 0)
            answer = {"PublicKeyList": found[at : at + 2]}
            if at + 2 < len(found):
                answer["NextToken"] = str(at + 2)
            if "NextToken" in answer and self.world.key_page >= 1000 and len(found) <= 50:
                answer = {"PublicKeyList": found}
        elif operation == "describetrails":
            answer = {"trailList": self.world.trails}
        elif operation == "gettrailstatus":
            answer = self.world.status.get(asked["Name"].rsplit("/", 1)[-1], {"IsLogging": True})
        elif operation == "lookupevents":
            wanted = asked["LookupAttributes"][0]["AttributeValue"]
            answer = {"Events": [event for event in self.world.events if event["EventName"] == wanted]}
        else:
            return _message(400, b'{"__type":"UnknownOperationException"}', kind="application/x-amz-json-1.1")
        return _message(200, json.dumps(answer).encode(), kind="application/x-amz-json-1.1")


class _Connection(asyncio.Protocol):
    def __init__(self, answers: Answers, opened: set[Any]) -> None:
        self._answers, self._data, self._opened = answers, b"", opened
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._opened.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._opened.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[: end + 2]
            length = 0
            at = head.lower().find(b"\r\ncontent-length:")
            if at >= 0:
                length = int(head[at + 17 : head.find(b"\r\n", at + 2)])
            if len(self._data) < end + 4 + length:
                return
            payload = self._data[end + 4 : end + 4 + length]
            self._data = self._data[end + 4 + length :]
            method, target, _ = head.split(b" ", 2)
            response, cut = self._answers.answer(method, target, head, payload)
            latency = self._answers.world.latency
            if latency:
                asyncio.get_running_loop().call_later(latency, self._send, response, cut)
            else:
                self._send(response, cut)

    def _send(self, response: bytes, cut: bool) -> None:
        if self._transport.is_closing():
            return
        if cut:
            self._transport.write(response[: len(response) - 20])
            self._transport.close()
        else:
            self._transport.write(response)


async def _serve(
    world: World, ready: Callable[[int], None], stop: asyncio.Event, tls: ssl.SSLContext | None = None
) -> None:
    loop = asyncio.get_running_loop()
    answers = Answers(world)
    opened: set[Any] = set()
    server = await loop.create_server(lambda: _Connection(answers, opened), "127.0.0.1", 0, backlog=512, ssl=tls)
    ready(server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()
    while opened:
        for transport in list(opened):
            transport.abort()
        await asyncio.sleep(0)


@contextmanager
def running(world: World, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve `world` in a thread of this process; gives the endpoint's URL."""
    ports: list[int] = []
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def ready(port: int) -> None:
        ports.append(port)
        started.set()

    thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(world, ready, stop, tls)), daemon=True)
    thread.start()
    started.wait()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def main() -> None:
    """Serve a pickled World; prints the port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", type=Path)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds per request")
    arguments = parser.parse_args()
    world: World = pickle.loads(arguments.world.read_bytes())
    world.latency = arguments.latency

    def ready(port: int) -> None:
        print(port, flush=True)

    async def serve() -> None:
        await _serve(world, ready, asyncio.Event())

    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
