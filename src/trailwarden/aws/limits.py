"""How much is asked of AWS at a time: of one account, of one region of it, and of the one operation that has a quota of its own."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from trailwarden.aws.aim import current

PLACES = 4096
"""Pairs of account and region whose last requests are remembered."""

LOOKUPS = 2
"""LookupEvents answers so many requests a second in each region of an account, pages and retries counted."""


class Limits:
    """Bounds the calls in flight. Safe under threads; what is idle takes no memory.

    Args:
        per_account: calls in flight for one account at most.
        per_region: the same for one region of an account.
    """

    def __init__(self, per_account: int, per_region: int) -> None:
        self._per_account = per_account
        self._per_region = per_region
        self._flying: Counter[tuple[str, ...]] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def place(self, account: str, region: str) -> Iterator[None]:
        """Wait until the account and the region take one more call, and hold its place."""
        places = ((account,), (account, region))
        with self._changed:
            self._changed.wait_for(lambda: self._free(*places))
            self._flying.update(places)
        try:
            yield
        finally:
            with self._changed:
                for place in places:
                    self._flying[place] -= 1
                    if not self._flying[place]:
                        del self._flying[place]
                self._changed.notify_all()

    def _free(self, account: tuple[str, ...], region: tuple[str, ...]) -> bool:
        return self._flying[account] < self._per_account and self._flying[region] < self._per_region


class Pace:
    """Spaces requests so that each account and region sees at most a number of them in any second.

    Args:
        rate: requests per second.
        clock: seconds, monotonic.
        sleep: waits for seconds.
    """

    def __init__(
        self, rate: int, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._sent: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def wait(self, account: str, region: str) -> None:
        """Take the next free moment of an account and region, and wait for it."""
        with self._lock:
            now = self._clock()
            sent = self._sent.setdefault((account, region), deque(maxlen=self._rate))
            self._sent.move_to_end((account, region))
            moment = max(now, sent[0] + 1.0) if len(sent) == self._rate else now
            sent.append(moment)
            if len(self._sent) > PLACES:
                self._sent.popitem(last=False)
        if moment > now:
            self._sleep(moment - now)

    def request(self, **_: Any) -> None:
        """Wait before a request of the call in hand; a handler for botocore's ``request-created``."""
        aim = current()
        if aim is not None:
            self.wait(aim.call.account, aim.call.region)
