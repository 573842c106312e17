"""The parts under a run over many accounts: journals, locks, limits, and workers that don't see the run's folder."""

import multiprocessing
import os
import pickle
from pathlib import Path
from threading import Barrier, Thread

import pytest
from tests.conftest import Answer, Seen, Wire

from trailwarden.aws.limits import Limits, Pace
from trailwarden.aws.reader import LiveReader
from trailwarden.aws.session import connect
from trailwarden.calls import Call, Reply, ReplyError, ask_each
from trailwarden.estate.journal import Journal, entries
from trailwarden.estate.locks import Locks
from trailwarden.estate.progress import Tally
from trailwarden.estate.shared import SharedReplies
from trailwarden.estate.state import Counted

CALL = Call.of("000000000001", "eu-west-1", "cloudtrail", "DescribeTrails")
CALLS = [Call.of("000000000001", "eu-west-1", "kms", "DescribeKey", KeyId=str(number)) for number in range(40)]


class Asking:
    """A reader that notes each call in a file that all processes append to, and takes its time."""

    def __init__(self, note: Path) -> None:
        self.note = note

    def ask(self, call: Call) -> Reply:
        handle = os.open(self.note, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, f"{call.id}\n".encode())
        os.close(handle)
        return Reply(body={"KeyId": call.arguments.get("KeyId", "")}, request_id=f"{os.getpid()}")

    def ask_all(self, calls, on_reply=None):
        return ask_each(self, calls, on_reply)


def test_half_a_line_is_no_reply_and_spoils_no_other(tmp_path: Path) -> None:
    """A process was killed while it wrote; another one goes on in the same file."""
    path = tmp_path / "j.jsonl"
    Journal(path).append(CALLS[0], Reply(body={"a": 1}))
    whole = len(path.read_bytes())
    Journal(path).append(CALLS[1], Reply(body={"b": {}}))
    data = path.read_bytes()
    for cut in range(whole, len(data) - 1):
        path.write_bytes(data[:cut])
        journal = Journal(path)
        assert journal.get(CALLS[1]) is None
        journal.append(CALLS[2], Reply(error=ReplyError("AccessDenied")))
        assert journal.get(CALLS[0]) == Reply(body={"a": 1})
        assert journal.get(CALLS[2]) == Reply(error=ReplyError("AccessDenied"))
        assert {call for call, _, _ in entries(path)} == {CALLS[0], CALLS[2]}


def race(folder: Path, note: Path) -> None:
    """Ask every call from several threads of this process."""
    shared = SharedReplies(Asking(note), folder, Locks(folder / "locks"))
    barrier = Barrier(4)

    def ask(shift: int) -> None:
        barrier.wait()
        shared.ask_all(CALLS[shift:] + CALLS[:shift])
        for call in CALLS:
            assert shared.ask(call).body == {"KeyId": call.arguments["KeyId"]}

    threads = [Thread(target=ask, args=(number * 7,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_processes_and_threads_ask_each_call_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=race, args=(tmp_path, tmp_path / "note")) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    noted = (tmp_path / "note").read_text().split()
    assert sorted(noted) == sorted(call.id for call in CALLS)
    assert len(list(entries(tmp_path / "000000000001.jsonl"))) == len(CALLS)


def test_whoever_waits_for_a_call_hears_of_its_failure(tmp_path: Path) -> None:
    """The run is over for both; neither waits for ever."""

    class Failing(Asking):
        def ask(self, call: Call) -> Reply:
            raise RuntimeError("no more credentials")

    shared = SharedReplies(Failing(tmp_path / "note"), tmp_path)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no more credentials"):
            shared.ask(CALL)


def test_lookups_are_spaced_by_account_and_region() -> None:
    """Two at once, and the third a second after the first; elsewhere nobody waits."""
    now = [100.0]
    slept: list[float] = []
    pace = Pace(2, clock=lambda: now[0], sleep=slept.append)
    for _ in range(5):
        pace.wait("a", "eu-west-1")
    pace.wait("a", "us-east-1")
    pace.wait("b", "eu-west-1")
    assert slept == [1.0, 1.0, 2.0]
    now[0] = 110.0
    pace.wait("a", "eu-west-1")
    assert slept == [1.0, 1.0, 2.0]


@pytest.mark.usefixtures("aws_environment")
def test_each_request_of_a_lookup_is_paced(wire: Wire, monkeypatch) -> None:
    """Pages count, too: the quota is on requests."""
    moments: list[tuple[str, str]] = []
    monkeypatch.setattr(Pace, "wait", lambda self, account, region: moments.append((account, region)))
    pages = iter(['{"Events": [], "NextToken": "2"}', '{"Events": [], "NextToken": "3"}', '{"Events": []}'])

    def answer(seen: Seen) -> Answer | None:
        return (200, {}, next(pages).encode()) if seen.operation == "LookupEvents" else (200, {}, b'{"trailList": []}')

    connection = connect(endpoint_url=wire.url)
    wire.answer = answer
    reader = LiveReader(connection)
    assert reader.ask(Call.of("111122223333", "eu-west-1", "cloudtrail", "LookupEvents")).pages == 3
    reader.ask(Call.of("111122223333", "eu-west-1", "cloudtrail", "DescribeTrails"))
    assert moments == [("111122223333", "eu-west-1")] * 3


def test_no_more_calls_in_flight_than_an_account_and_a_region_take() -> None:
    limits = Limits(per_account=3, per_region=2)
    flying: dict[str, int] = {}
    highest: dict[str, int] = {}

    def call(account: str, region: str) -> None:
        with limits.place(account, region):
            for key in (account, account + region):
                flying[key] = flying.get(key, 0) + 1
                highest[key] = max(highest.get(key, 0), flying[key])
            os.sched_yield()
            for key in (account, account + region):
                flying[key] -= 1

    threads = [Thread(target=call, args=(f"a{n % 2}", f"r{n % 3}")) for n in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(highest["a0"], highest["a1"]) <= 3
    assert max(number for key, number in highest.items() if "r" in key) <= 2
    assert not limits._flying


def test_progress_says_how_far_how_fast_and_how_long() -> None:
    tally = Tally(total=1200, before=200, started=10.0)
    assert tally.line(10.0) == "200 of 1,200 accounts, 0 failing, 0 with errors"
    for number in range(100):
        tally.add(Counted(str(number), {"FAIL": 1} if number < 7 else {"PASS": 3, "ERROR": int(number == 9)}))
    assert tally.line(35.0) == "300 of 1,200 accounts, 7 failing, 1 with errors, 4.0 accounts/s, 4 min left"


def test_a_role_error_can_be_handed_to_another_process() -> None:
    """What ends a run in a worker is told by its parent."""
    from trailwarden.aws.failures import RoleError

    error = pickle.loads(pickle.dumps(RoleError("throttled", "try later", "Throttling")))
    assert (error.message, error.hint, error.code) == ("throttled", "try later", "Throttling")
