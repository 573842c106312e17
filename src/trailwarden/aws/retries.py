"""Retries that remember each account and region apart.

Botocore's retry logic keeps a budget (and in adaptive mode a sending rate) per client. One client serves every region and account here,
so a single throttled account would spend the budget of all: healthy accounts would get no second attempt, and a verdict would depend on
its neighbours. This keeps botocore's logic and gives each pair of account and region a memory of its own.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, Literal

from botocore.hooks import first_non_none_response
from botocore.retries import adaptive, standard

from trailwarden.aws.aim import current

RetryMode = Literal["standard", "adaptive"]
MEMORIES = 1024
"""Pairs of account and region remembered per service; the longest unused is forgotten, so memory does not grow with an estate."""

WITNESSES = 3
"""Accounts that must have been left without an answer before a region counts as down."""

_EVENTS = ("request-created", "before-send", "needs-retry", "after-call")


class _Memory:
    """Takes the place of a client while botocore registers its retry handlers, and keeps them by event."""

    def __init__(self, service_model: Any, mode: RetryMode, attempts: int) -> None:
        self.meta = SimpleNamespace(events=self, service_model=service_model)
        self.handlers: dict[str, list[Callable[..., Any]]] = {event: [] for event in _EVENTS}
        standard.register_retry_handler(self, max_attempts=attempts)  # type: ignore[arg-type]  # it asks a client for its meta alone
        if mode == "adaptive":
            adaptive.register_retry_handler(self)  # type: ignore[arg-type]  # as above

    def register(self, event: str, handler: Callable[..., Any], **_: Any) -> None:
        self.handlers[event.partition(".")[0]].append(handler)


class _Memories:
    """Memories by account and region. Where nothing has gone wrong yet there is nothing to remember, and most places stay like that."""

    def __init__(self, make: Callable[[], _Memory]) -> None:
        self._make = make
        self._kept: OrderedDict[tuple[str, str], _Memory] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, place: tuple[str, str], *, make: bool) -> _Memory | None:
        """Return the memory of a place, None where there is none and none is to be made."""
        with self._lock:
            found = self._kept.get(place)
            if found is None and make:
                found = self._kept[place] = self._make()
                if len(self._kept) > MEMORIES:
                    self._kept.popitem(last=False)
            elif found is not None:
                self._kept.move_to_end(place)
            return found


class _Outages:
    """Regions in which a service stopped answering. Once several accounts have tried all they may, nobody waits for it any longer.

    A single answer ends an outage. One account alone never makes one: its verdicts depend on nobody's patience but its own.
    """

    def __init__(self) -> None:
        self._given_up: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def has(self, region: str) -> bool:
        return len(self._given_up.get(region, ())) >= WITNESSES

    def answered(self, region: str) -> None:
        if region in self._given_up:
            with self._lock:
                self._given_up.pop(region, None)

    def given_up(self, region: str, account: str) -> None:
        with self._lock:
            witnesses = self._given_up.setdefault(region, set())
            if len(witnesses) < WITNESSES:
                witnesses.add(account)


def separate(client: Any, mode: RetryMode, attempts: int) -> None:
    """Replace a client's retries by ones with a memory per account and region.

    Args:
        client: a botocore client made in mode ``standard``.
        mode: ``standard``, or ``adaptive`` for a sending rate as well.
        attempts: requests per call at most.
    """
    service = client.meta.service_model.service_id.hyphenize()
    memories = _Memories(lambda: _Memory(client.meta.service_model, mode, attempts))

    outages = _Outages()

    def relay(kind: str, **event: Any) -> Any:
        aim = current()
        place = (aim.call.account, aim.call.region) if aim else ("", "")
        if kind == "needs-retry" and not _answered(event) and outages.has(place[1]):
            return None
        memory = memories.get(place, make=kind == "needs-retry" and not _succeeded(event))
        handlers = memory.handlers[kind] if memory else []
        outcome = first_non_none_response([(handler, handler(**event)) for handler in handlers])
        if kind == "needs-retry":
            if _answered(event):
                outages.answered(place[1])
            elif outcome is None:
                outages.given_up(place[1], place[0])
        return outcome

    client.meta.events.unregister(f"needs-retry.{service}", unique_id=f"retry-config-{service}")
    for kind in _EVENTS:
        client.meta.events.register(f"{kind}.{service}", partial(relay, kind))


def _answered(event: Mapping[str, Any]) -> bool:
    """Return whether the service itself spoke, be it to refuse or to throttle; ``event`` is a ``needs-retry``."""
    response = event.get("response")
    return response is not None and response[0].status_code < 500


def _succeeded(event: Mapping[str, Any]) -> bool:
    """Return whether a ``needs-retry`` is about an answer without any error in it; S3 may put one into a 200."""
    response = event.get("response")
    return response is not None and response[0].status_code < 300 and "Error" not in response[1]
