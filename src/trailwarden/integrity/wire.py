"""A thin HTTP/1.1 client for one signed endpoint: persistent connections, AWS Signature Version 4, no decoding.

A log file is some 24 KiB, so what a general client spends per request (ten to thirty times this) decides how many can be
read per second. It understands exactly the plain case: a status line, a Content-Length and a body. Anything else
raises `OddResponseError` and its caller asks again through boto3, so correctness never depends on this module.
"""

import hashlib
import hmac
import re
import socket
import ssl
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import quote

_EMPTY: Final = hashlib.sha256(b"").hexdigest()
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_HEADER: Final = re.compile(rb"\r\n([^:\r\n]+):[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)")
_ODD: Final = re.compile(rb"\r\n(?:transfer-encoding|location):", re.IGNORECASE)
_CLOSE: Final = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_CHUNK: Final = 64 * 1024


class OddResponseError(Exception):
    """An answer outside of what this client understands."""


class TooLargeError(Exception):
    """The body is longer than allowed; it was not read."""


@dataclass(frozen=True)
class Credentials:
    """AWS credentials; `expires` in seconds since 1970, None for permanent ones."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)
    expires: float | None = None


@dataclass(frozen=True)
class Endpoint:
    """Where a service answers in a region. `base` precedes every path (`/bucket` in path style)."""

    scheme: str
    host: str
    port: int
    service: str
    region: str
    base: str = ""
    ca_bundle: str | None = None

    @property
    def netloc(self) -> str:
        """Value of the Host header: the port only if it is not the scheme's own."""
        return self.host if self.port == (443 if self.scheme == "https" else 80) else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Response:
    """Status, raw header block and body exactly as sent."""

    status: int
    head: bytes
    body: bytes | bytearray

    def headers(self) -> dict[str, str]:
        """All header fields by lower-case name."""
        return {n.decode("latin-1").lower(): v.decode("latin-1") for n, v in _HEADER.findall(self.head)}

    def header(self, name: bytes) -> str:
        """One header field, or an empty text; `name` in lower case."""
        at = self.head.lower().find(b"\r\n" + name + b":")
        if at < 0:
            return ""
        start = at + len(name) + 3
        return self.head[start : self.head.find(b"\r\n", start)].strip().decode("latin-1")


@lru_cache(maxsize=4)
def _stamp(second: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))


class Signer:
    """AWS Signature Version 4 in the `Authorization` header, with the day's signing key kept."""

    def __init__(self, endpoint: Endpoint, credentials: Credentials) -> None:
        self._endpoint, self._credentials = endpoint, credentials
        self._day, self._key = "", b""

    def headers(
        self,
        method: str,
        path: str,
        query: str,
        *,
        payload_hash: str = _EMPTY,
        extra: Mapping[str, str] | None = None,
        now: float | None = None,
    ) -> dict[str, str]:
        """The header fields of a signed request.

        Args:
            method: HTTP method.
            path: percent-encoded path.
            query: percent-encoded query string with its parameters sorted.
            payload_hash: SHA-256 of the body in hexadecimal.
            extra: further header fields to sign, lower-case names.
            now: seconds since 1970; the present if None.
        """
        credentials = self._credentials
        stamp = _stamp(int(time.time() if now is None else now))
        day = stamp[:8]
        fields = {
            "host": self._endpoint.netloc,
            "x-amz-content-sha256": payload_hash,
            "x-amz-date": stamp,
            **(extra or {}),
        }
        if credentials.token:
            fields["x-amz-security-token"] = credentials.token
        names = sorted(fields)
        signed = ";".join(names)
        lines = "".join([f"{name}:{fields[name]}\n" for name in names])
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{signed}\n{payload_hash}"
        scope = f"{day}/{self._endpoint.region}/{self._endpoint.service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._signing_key(day), text.encode(), "sha256").hex()
        fields["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"
        )
        return fields

    def _signing_key(self, day: str) -> bytes:
        if day != self._day:
            key = f"AWS4{self._credentials.secret_key}".encode()
            for part in (day, self._endpoint.region, self._endpoint.service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key, self._day = key, day
        return self._key


class Wire:
    """Connections to one endpoint, shared by any number of threads; each is used by one request at a time."""

    def __init__(self, endpoint: Endpoint, credentials: Credentials, timeout: float = 60.0) -> None:
        self._endpoint, self._timeout = endpoint, timeout
        self.signer = Signer(endpoint, credentials)
        self._idle: deque[socket.socket] = deque()
        self._tls = ssl.create_default_context(cafile=endpoint.ca_bundle) if endpoint.scheme == "https" else None

    def request(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        limit: int,
        payload: bytes = b"",
        extra: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one signed request; `path` and `query` are already percent-encoded, the base is put in front here.

        Raises:
            OddResponseError: the answer is not a plain one.
            TooLargeError: the body is longer than `limit` bytes.
            OSError: the connection failed, was cut, or nothing came in time.
        """
        path = self._endpoint.base + path
        digest = hashlib.sha256(payload).hexdigest() if payload else _EMPTY
        fields = self.signer.headers(method, path, query, payload_hash=digest, extra=extra)
        target = f"{path}?{query}" if query else path
        lines = "".join([f"{name}:{value}\r\n" for name, value in fields.items()])
        length = f"content-length:{len(payload)}\r\n" if payload else ""
        message = f"{method} {target} HTTP/1.1\r\n{lines}{length}\r\n".encode() + payload
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._exchange(self._connect(), message, limit)
        try:
            return self._exchange(connection, message, limit)
        except ConnectionError:
            # The server closed a kept connection between two requests; a fresh one settles it.
            return self._exchange(self._connect(), message, limit)

    @property
    def base(self) -> str:
        """What precedes every path."""
        return self._endpoint.base

    def close(self) -> None:
        """Close idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _connect(self) -> socket.socket:
        # As bytes: for a text, Python would load the tables of international domain names first.
        address = (
            self._endpoint.host.encode("idna" if not self._endpoint.host.isascii() else "ascii"),
            self._endpoint.port,
        )
        connection = socket.create_connection(address, self._timeout)  # type: ignore[arg-type]  # the stub knows text only
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_hostname=self._endpoint.host)
        return connection

    def _exchange(self, connection: socket.socket, message: bytes, limit: int) -> Response:
        keep = False
        try:
            connection.sendall(message)
            response, keep = self._read(connection, limit)
        finally:
            if keep:
                self._idle.append(connection)
            else:
                connection.close()
        return response

    @staticmethod
    def _read(connection: socket.socket, limit: int) -> tuple[Response, bool]:
        data = connection.recv(_CHUNK)
        while (end := data.find(b"\r\n\r\n")) < 0:
            more = connection.recv(_CHUNK) if data else b""
            if not more:
                raise ConnectionResetError("connection closed before an answer")
            data += more
            if len(data) > 2 * _CHUNK:
                raise OddResponseError("header block too long")
        head = data[: end + 2]
        length = _LENGTH.search(head)
        if length is None or not head.startswith(b"HTTP/1.1 ") or _ODD.search(head):
            raise OddResponseError(head[:80].decode("latin-1"))
        size, have = int(length[1]), len(data) - end - 4
        if size > limit:
            raise TooLargeError(size)
        if have > size:
            raise OddResponseError("more data than announced")
        body: bytes | bytearray = data[end + 4 :]
        if have < size:
            whole = bytearray(size)
            whole[:have] = body
            view = memoryview(whole)
            while have < size:
                count = connection.recv_into(view[have:])
                if not count:
                    raise TimeoutError(f"connection cut after {have} of {size} bytes")
                have += count
            body = whole
        return Response(int(head[9:12]), head, body), _CLOSE.search(head) is None


def encode_key(key: str) -> str:
    """An object key as the path of a request."""
    return "/" + quote(key, safe="/~")


def encode_query(parameters: Mapping[str, str]) -> str:
    """Query parameters in the canonical form that is signed."""
    return "&".join(f"{quote(name, safe='~')}={quote(parameters[name], safe='~')}" for name in sorted(parameters))
