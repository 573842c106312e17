"""Keeps an executor busy with the accounts of a run, and gets over workers that die."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from trailwarden.estate.job import Job
from trailwarden.estate.state import Counted, State
from trailwarden.estate.worker import Outcome, release, top_up, work
from trailwarden.executors import DASK, PROCESSES, THREADS, open_executor
from trailwarden.facts import Account
from trailwarden.files import write_atomic
from trailwarden.ledger import Header, Ledger, ReplayReader
from trailwarden.model import Reason, ReasonCode
from trailwarden.scan import account_of, unscanned

DEATHS = 3
"""Workers that may die over one account; the last time it is alone with its worker, so that it is known who is to blame."""
_TICK = 1.0
"""Seconds after which progress is told even when nothing is done."""

Tell = Callable[[Counted | None], None]
"""Told of each account that is done, and None from time to time."""


@dataclass
class Fleet:
    """Runs the accounts of a job.

    Args:
        job: the run.
        kind: of executor, as for ``open_executor``.
        workers: processes; None for one per core.
        tell: hears of progress, always from the same thread.
    """

    job: Job
    kind: str
    workers: int | None
    tell: Tell
    _stack: ExitStack = field(default_factory=ExitStack)
    _executor: Executor | None = None
    _width: int = 1

    def start(self) -> None:
        """Start the workers; raises ValueError as ``open_executor``. Call it while this process has one thread: starting is cheapest then."""
        jobs = self.job.at_once if self.kind == THREADS else self.workers
        self._executor, self._width = self._stack.enter_context(open_executor(self.kind, jobs))

    def run(self, accounts: Sequence[str]) -> None:
        """Read and judge accounts until all are done.

        Raises:
            TrailwardenError: what ends the run; accounts that are done stay done.
        """
        packed = self.job.pack()
        self._packed = packed
        self._state = State(Path(self.job.folder))
        self._queue = deque(accounts)
        self._alone: deque[str] = deque()
        self._deaths: Counter[str] = Counter()
        self._out: set[str] = set()
        self._tasks: dict[Future[list[Outcome]], tuple[str, ...]] = {}
        try:
            while self._queue or self._alone or self._out:
                self._submit()
                finished, _ = wait(self._tasks, timeout=_TICK, return_when=FIRST_COMPLETED)
                self.tell(None)
                self._collect(finished)
        finally:
            release(packed)

    def close(self) -> None:
        """End the workers, with what they still have to do."""
        self._stack.close()

    # --- handing out ----------------------------------------------------------------------------------------------

    @property
    def _tops_up(self) -> bool:
        """Return whether one worker takes one task at a time, and so has to be given many accounts with it."""
        return self.kind == PROCESSES and not isinstance(self._executor, ThreadPoolExecutor)

    def _submit(self) -> None:
        if not self._tops_up:
            room = self._width if self.kind == THREADS else max(self._width, self._threads())
            while self._queue and len(self._tasks) < 2 * room:
                self._hand(work, (self._queue.popleft(),))
            if not self._queue and not self._tasks and self._alone:
                self._hand(work, (self._alone.popleft(),))
            return
        bundle = max(1, min(self.job.at_once // 2, -(-len(self._queue) // (2 * self._width))))
        while self._queue and len(self._tasks) < self._width:
            self._hand(top_up, tuple(self._queue.popleft() for _ in range(min(bundle, len(self._queue)))))
        if not self._queue and not self._tasks:
            if self._out:
                for _ in range(self._width):
                    self._hand(top_up, ())
            elif self._alone:
                self._hand(top_up, (self._alone.popleft(),))

    def _threads(self) -> int:
        """Return how many tasks a Dask cluster runs at a time."""
        client = getattr(self._executor, "_client", None)
        return sum(client.nthreads().values()) if client is not None else self._width

    def _hand(self, task: Callable[[bytes, Sequence[str]], list[Outcome]], accounts: tuple[str, ...]) -> None:
        assert self._executor is not None
        try:
            future = self._executor.submit(task, self._packed, accounts)
        except BrokenExecutor:
            self._queue.extendleft(reversed(accounts))
            self._mourn()
            return
        self._tasks[future] = accounts
        self._out.update(accounts)

    # --- taking back ----------------------------------------------------------------------------------------------

    def _collect(self, finished: set[Future[list[Outcome]]]) -> None:
        for future in finished:
            accounts = self._tasks.pop(future, ())
            try:
                outcomes = future.result()
            except BrokenExecutor:
                self._mourn()
                return
            except Exception as error:
                if self.kind.startswith(DASK) and type(error).__name__ in (
                    "KilledWorker",
                    "CancelledError",
                    "FutureCancelledError",
                ):
                    self._blame(accounts)
                    continue
                raise
            for outcome in outcomes:
                self._take(outcome)

    def _take(self, outcome: Outcome) -> None:
        for path, data in outcome.files:
            if path.startswith("calls/"):
                with (self._state.folder / path).open("ab") as stream:
                    stream.write(data)
            else:
                write_atomic(self._state.folder / path, data)
        self._out.discard(outcome.counted.account)
        self.tell(outcome.counted)

    def _mourn(self) -> None:
        """Start anew after a worker process was killed: the pool has ended the others with it."""
        lost = sorted(self._out)
        self._tasks.clear()
        self._stack.close()
        self.start()
        self._blame(lost)

    def _blame(self, accounts: Sequence[str]) -> None:
        """Take accounts back whose worker died; what was written before is done."""
        for account in accounts:
            self._out.discard(account)
            if self._state.done(account):
                self.tell(self._state.counted(account))
                continue
            self._deaths[account] += 1
            if self._deaths[account] >= DEATHS:
                text = f"the process that read the account died, {DEATHS} times"
                reason = Reason(ReasonCode.INTERNAL, account=account, aws_message=text)
                self.tell(self._state.keep(unscanned(self.job.plan, nobody(self.job.asked.header, account), reason)))
            elif self._deaths[account] == DEATHS - 1:
                self._alone.append(account)
            else:
                self._queue.append(account)


def nobody(header: Header, account: str) -> Account:
    """Return an account that nothing can be asked about."""
    return account_of(header, account, ReplayReader(Ledger(header, ())))
