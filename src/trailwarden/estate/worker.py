"""What a process does for a run: one account after the other, several at the same time, over one set of clients."""

from __future__ import annotations

import gc
import hashlib
import shutil
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from trailwarden.calls import Recorder
from trailwarden.errors import TrailwardenError, Unreadable, UsageError
from trailwarden.estate.job import Job
from trailwarden.estate.locks import Locks
from trailwarden.estate.shared import SharedReplies
from trailwarden.estate.state import Counted, State, judgement_lines
from trailwarden.facts import Account
from trailwarden.integrity_reader import IntegrityReader
from trailwarden.model import Reason, ReasonCode
from trailwarden.plan import Plan
from trailwarden.registry import did_you_mean
from trailwarden.scan import account_of, scan, unscanned


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an account came out. ``files`` holds what the run's folder lacks where the worker can't see it: path to bytes."""

    counted: Counted
    files: tuple[tuple[str, bytes], ...] = ()


class Runtime:
    """What one process needs for the accounts of a run, made once."""

    def __init__(self, job: Job) -> None:
        from trailwarden.aws.limits import Limits  # noqa: PLC0415 - botocore is imported where AWS is asked
        from trailwarden.aws.reader import LiveReader  # noqa: PLC0415 - as above
        from trailwarden.aws.roles import Role  # noqa: PLC0415 - as above
        from trailwarden.aws.session import connect  # noqa: PLC0415 - as above

        self.job = job
        access = job.access
        connection = connect(
            profile=access.profile,
            region=job.asked.region,
            role_arn=access.role_arn,
            session_name=access.session_name,
            endpoint_url=access.endpoint_url,
            tuning=access.tuning,
            known=(job.caller, job.identity),
        )
        for target in job.asked.targets:
            if target.role:
                role = Role(target.role, target.external_id, access.session_name, access.policy)
                connection.add_role(target.id, role)
        folder = Path(job.folder)
        self.sees_folder = State(folder).token() == job.asked.token
        if not self.sees_folder:
            folder = Path(tempfile.mkdtemp(prefix="trailwarden-"))
            State(folder).begin()
        self.state = State(folder)
        self._sent: dict[str, int] = {}
        self._sent_lock = threading.Lock()
        self._reader = LiveReader(connection, job.jobs, Limits(job.per_account, max(2, job.per_account // 2)))
        locks = Locks(self.state.locks) if job.several else None
        self.shared = SharedReplies(IntegrityReader(self._reader, job.reports), self.state.calls, locks)
        self.pool = ThreadPoolExecutor(job.at_once, thread_name_prefix="trailwarden-account")
        self.running: set[Future[Outcome]] = set()
        self._judged = 0
        gc.freeze()  # what is there by now stays: the collector need not look at it each time

    def judge(self, identity: str) -> Outcome:
        """Read and judge one account, and keep the judgement.

        Raises:
            TrailwardenError: no account can be read any more, or the folder can't be written.
        """
        header = self.job.asked.header
        account = account_of(header, identity, Recorder(self.shared))
        try:
            refuse_unknown_regions(self.job.plan, account)
            found = scan(self.job.plan, account, jobs=1)
        except TrailwardenError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect that one account brings to light must not take the others with it
            reason = Reason(ReasonCode.INTERNAL, account=identity, aws_message=f"{type(error).__name__}: {error}")
            found = unscanned(self.job.plan, account_of(header, identity, Recorder(self.shared)), reason)
        self.shared.sync(identity)
        counted = self.state.keep(found)
        self._tidy()
        return Outcome(counted, () if self.sees_folder else self._unsent(found.account, judgement_lines(found)))

    def _tidy(self) -> None:
        """Collect garbage now and then: an account's subjects point at each other, and the collector by itself waits for too long."""
        with self._sent_lock:
            self._judged += 1
            due = self._judged % self.job.at_once == 0
        if due:
            gc.collect()

    def _unsent(self, account: str, judgement: bytes) -> tuple[tuple[str, bytes], ...]:
        """Return the judgement and the replies that the run's folder does not have yet."""
        files = [(f"results/{account}.jsonl", judgement)]
        with self._sent_lock:
            for path in self.state.journals():
                with path.open("rb") as stream:
                    stream.seek(self._sent.get(path.name, 0))
                    data = stream.read()
                whole = data[: data.rfind(b"\n") + 1]
                self._sent[path.name] = self._sent.get(path.name, 0) + len(whole)
                if whole:
                    files.append((f"calls/{path.name}", whole))
        return tuple(files)

    def close(self) -> None:
        """Give everything back."""
        self.pool.shutdown(cancel_futures=True)
        self._reader.close()
        if not self.sees_folder:
            shutil.rmtree(self.state.folder, ignore_errors=True)


_RUNTIMES: dict[str, Runtime] = {}
_KEPT = 2
_RUNTIMES_LOCK = threading.Lock()


def runtime_of(job: bytes) -> Runtime:
    """Return this process's runtime for a job, making it when first asked for."""
    key = hashlib.sha256(job).hexdigest()
    with _RUNTIMES_LOCK:
        if key not in _RUNTIMES:
            while len(_RUNTIMES) >= _KEPT:  # a worker of a cluster outlives its runs
                _RUNTIMES.pop(next(iter(_RUNTIMES))).close()
            _RUNTIMES[key] = Runtime(Job.unpack(job))
        return _RUNTIMES[key]


def release(job: bytes) -> None:
    """Close what a job has left open in this process; worker processes end with theirs."""
    with _RUNTIMES_LOCK:
        runtime = _RUNTIMES.pop(hashlib.sha256(job).hexdigest(), None)
    if runtime is not None:
        runtime.close()


def work(job: bytes, accounts: Sequence[str]) -> list[Outcome]:
    """Read and judge accounts one after the other: a task for an executor that runs several tasks in a process at a time."""
    runtime = runtime_of(job)
    return [runtime.judge(account) for account in accounts]


def top_up(job: bytes, accounts: Sequence[str]) -> list[Outcome]:
    """Start accounts beside those that still run in this process, and return those that are done: at least half of the room is free then.

    A task for an executor that runs one task in a process at a time. A slow account keeps no other waiting, for the next accounts are
    started beside it. Without accounts it waits for what is left to finish, a little at a time: this may be the wrong process.
    """
    runtime = runtime_of(job)
    runtime.running |= {runtime.pool.submit(runtime.judge, account) for account in accounts}
    done: set[Future[Outcome]] = set()
    while runtime.running:
        finished, runtime.running = wait(
            runtime.running, timeout=None if accounts else 0.2, return_when=FIRST_COMPLETED
        )
        done |= finished
        if not accounts or len(runtime.running) <= runtime.job.at_once // 2:
            break
    else:
        if not accounts:
            threading.Event().wait(0.05)
    return [future.result() for future in done]


def refuse_unknown_regions(plan: Plan, account: Account) -> None:
    """Refuse regions that were asked for and that do not exist; one that this account has not enabled is left out of it, visibly.

    Raises:
        UsageError: there is no such region.
    """
    if not account.only_regions or Account.region_list not in plan.facts:
        return
    try:
        known = {row.name for row in account.region_list}
    except Unreadable:
        return
    for name in account.only_regions:
        if name not in known:
            raise UsageError(f"there is no region {name!r}", did_you_mean(name, known))
