"""The narrow waist: a Call, its Reply, and the Reader that answers. Nothing above this line knows boto3."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from trailwarden.model import Json

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Json) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, no escapes beyond JSON's own."""
    return _CANONICAL.encode(value)


@dataclass(frozen=True, order=True)
class Call:
    """One question to AWS. ``service`` and ``operation`` are botocore's names; ``params`` is canonical JSON."""

    account: str
    region: str
    service: str
    operation: str
    params: str = "{}"

    @classmethod
    def of(cls, account: str, region: str, service: str, operation: str, **params: Json) -> Call:
        """Build a call from keyword parameters."""
        return cls(account, region, service, operation, canonical(params))

    @property
    def name(self) -> str:
        """Return ``service.Operation``."""
        return f"{self.service}.{self.operation}"

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the parameters as a new dict."""
        parsed: dict[str, Any] = json.loads(self.params)
        return parsed

    @cached_property
    def id(self) -> str:
        """Return 16 hex digits that depend on the question only, so that two ledgers can be compared."""
        text = canonical([self.account, self.region, self.service, self.operation, self.params])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class ReplyError:
    """An error answer. ``code`` is AWS's, or the class name of a local failure (then ``status`` is 0)."""

    code: str
    message: str = ""
    status: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a body (without ResponseMetadata, times as ISO 8601 UTC text) or an error."""

    body: dict[str, Json] | None = None
    error: ReplyError | None = None
    request_id: str = ""
    date: str = ""
    """The server's Date header as ISO 8601 UTC, empty when it sent none."""
    pages: int = 1
    bucket_region: str = ""
    """S3's x-amz-bucket-region header, which also comes with 301 and 403."""
    retries: int = 0
    """How often the request had been sent before this answer came: throttled, or failed on the way. Of the first page."""


OnReply = Callable[[Call, Reply], None]


class Reader(Protocol):
    """Answers calls. An implementation never raises for an AWS error: that is a Reply too."""

    def ask(self, call: Call) -> Reply:
        """Answer one call."""
        ...

    def ask_all(self, calls: Sequence[Call], on_reply: OnReply | None = None) -> list[Reply]:
        """Answer several independent calls, in their order, perhaps concurrently; tell ``on_reply`` of each as it arrives."""
        ...


class Recorder:
    """Asks an inner reader each call once, also when threads ask at the same moment, and keeps every reply.

    A reply is kept as soon as it arrives, so that an interrupted batch loses only what was still on its way.
    """

    def __init__(self, inner: Reader, on_reply: OnReply | None = None) -> None:
        self._inner = inner
        self._on_reply = on_reply
        self._lock = threading.Lock()
        self._futures: dict[Call, Future[Reply]] = {}

    def ask(self, call: Call) -> Reply:
        """Answer from memory, wait for a thread that is already asking, or ask."""
        return self.ask_all([call])[0]

    def ask_all(self, calls: Sequence[Call], on_reply: OnReply | None = None) -> list[Reply]:
        """Answer several calls; those not asked before go to the inner reader together."""
        mine: list[Call] = []
        with self._lock:
            for call in calls:
                if call not in self._futures:
                    self._futures[call] = Future()
                    mine.append(call)
        if mine:
            try:
                if len(mine) == 1:
                    self._keep(mine[0], self._inner.ask(mine[0]))
                else:
                    self._inner.ask_all(mine, self._keep)
            except BaseException as error:
                for call in mine:
                    if not self._futures[call].done():
                        self._futures[call].set_exception(error)
                raise
        replies = [self._futures[call].result() for call in calls]
        if on_reply is not None:
            for call, reply in zip(calls, replies, strict=True):
                on_reply(call, reply)
        return replies

    def _keep(self, call: Call, reply: Reply) -> None:
        if self._on_reply is not None:
            self._on_reply(call, reply)
        self._futures[call].set_result(reply)

    def entries(self) -> Iterable[tuple[Call, Reply]]:
        """Yield every finished call with its reply, sorted by call so that threads leave no trace."""
        with self._lock:
            items = sorted(self._futures.items())
        for call, future in items:
            if future.done() and future.exception() is None:
                yield call, future.result()


def ask_each(reader: Reader, calls: Sequence[Call], on_reply: OnReply | None) -> list[Reply]:
    """Answer several calls one after the other: ``ask_all`` for a reader that has nothing to gain from more."""
    replies = []
    for call in calls:
        reply = reader.ask(call)
        if on_reply is not None:
            on_reply(call, reply)
        replies.append(reply)
    return replies
