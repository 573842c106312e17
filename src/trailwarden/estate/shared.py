"""One reader for all accounts of a run: whatever one of them has asked, no other asks again, in whichever process it runs."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from trailwarden.calls import Call, OnReply, Reader, Reply
from trailwarden.estate.journal import Journal
from trailwarden.estate.locks import Locks

_WAIT = 0.01
"""Seconds between two looks at a call that another process is asking."""
_OPEN = 64
"""Journals kept open that no account at hand uses."""


class SharedReplies:
    """Answers from the journals of a run, and asks what nobody has asked yet. Safe under threads and processes.

    A bucket of the log archive, say, is read once however many trails deliver to it: the calls about it are those of its owner. An error is
    a reply like any other and is not asked again either.

    Args:
        inner: asks.
        folder: the journals, one for each account that is asked.
        locks: keeps other processes from asking the same; None where there are none.
    """

    def __init__(self, inner: Reader, folder: Path, locks: Locks | None = None) -> None:
        self._inner = inner
        self._folder = folder
        self._locks = locks
        self._lock = threading.Lock()
        self._flying: dict[Call, Future[Reply]] = {}
        self._journals: OrderedDict[str, Journal] = OrderedDict()

    def ask(self, call: Call) -> Reply:
        """Answer one call."""
        return self.ask_all([call])[0]

    def ask_all(self, calls: Sequence[Call], on_reply: OnReply | None = None) -> list[Reply]:
        """Answer several calls; those that nobody has asked go to the inner reader together.

        Raises:
            TrailwardenError: what the inner reader raises ends the run, for all who wait for the same call too.
        """
        answers: dict[Call, Reply] = {}
        waiting: dict[Call, Future[Reply]] = {}
        mine: list[Call] = []
        for call in dict.fromkeys(calls):
            with self._lock:
                if call in self._flying:
                    waiting[call] = self._flying[call]
                    continue
                known = self.journal(call.account).get(call)
                if known is not None:
                    answers[call] = known
                    continue
                self._flying[call] = Future()
                mine.append(call)
        if mine:
            answers |= self._ask_mine(mine)
        answers |= {call: future.result() for call, future in waiting.items()}
        if on_reply is not None:
            for call in calls:
                on_reply(call, answers[call])
        return [answers[call] for call in calls]

    def journal(self, account: str) -> Journal:
        """Return the journal of an account. For use under the lock."""
        journal = self._journals.get(account)
        if journal is None:
            journal = self._journals[account] = Journal(self._folder / f"{account or 'none'}.jsonl")
            if len(self._journals) > _OPEN:
                # Whoever still uses it has it open again by the next use; what it knew is on the disk.
                self._journals.popitem(last=False)[1].close()
        self._journals.move_to_end(account)
        return journal

    def sync(self, account: str) -> None:
        """Wait until the replies of an account are on the disk itself."""
        with self._lock:
            journal = self.journal(account)
        journal.sync()

    def _ask_mine(self, mine: list[Call]) -> dict[Call, Reply]:
        """Ask calls that this thread has taken for this process."""
        answers: dict[Call, Reply] = {}

        def keep(call: Call, reply: Reply) -> None:
            with self._lock:
                journal = self.journal(call.account)
            journal.append(call, reply)
            if self._locks:
                self._locks.free(call)
            self._settle(call, reply)
            answers[call] = reply

        try:
            left = mine
            while left:
                free = {call: None for call in left if self._locks is None or self._locks.take(call)}
                left = [call for call in left if call not in free]
                self._ask_free([call for call in free if not self._found(call, answers)], keep)
                if left:
                    time.sleep(_WAIT)
        except BaseException as error:
            for call in mine:
                if call not in answers:
                    if self._locks:
                        self._locks.free(call)
                    self._settle(call, error)
            raise
        return answers

    def _ask_free(self, calls: list[Call], keep: OnReply) -> None:
        if len(calls) == 1:
            keep(calls[0], self._inner.ask(calls[0]))
        elif calls:
            self._inner.ask_all(calls, keep)

    def _found(self, call: Call, answers: dict[Call, Reply]) -> bool:
        """Return whether another process has answered a call just before this one locked it."""
        if self._locks is None:
            return False
        with self._lock:
            known = self.journal(call.account).get(call)
        if known is None:
            return False
        self._locks.free(call)
        self._settle(call, known)
        answers[call] = known
        return True

    def _settle(self, call: Call, outcome: Reply | BaseException) -> None:
        with self._lock:
            future = self._flying.pop(call)
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
