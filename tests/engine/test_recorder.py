"""Each call is asked once per run, and threads leave no trace."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from trailwarden.calls import Call, Recorder, Reply, ask_each


class Slow:
    """Answers after all threads had time to ask, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Call] = []
        self.gate = threading.Event()

    def ask(self, call: Call) -> Reply:
        self.asked.append(call)
        self.gate.wait(5)
        return Reply(body={"n": call.arguments["n"]})

    def ask_all(self, calls, on_reply=None):
        return ask_each(self, calls, on_reply)


def call(n: int) -> Call:
    return Call.of("111122223333", "us-east-1", "kms", "DescribeKey", n=n)


def test_threads_that_ask_the_same_share_one_call():
    inner = Slow()
    recorder = Recorder(inner)
    with ThreadPoolExecutor(16) as pool:
        futures = [pool.submit(recorder.ask, call(index % 2)) for index in range(16)]
        inner.gate.set()
        replies = [future.result() for future in futures]
    assert len(inner.asked) == 2
    assert [reply.body for reply in replies] == [{"n": index % 2} for index in range(16)]


def test_a_batch_asks_only_what_is_new_and_keeps_the_order():
    inner = Slow()
    inner.gate.set()
    recorder = Recorder(inner)
    recorder.ask(call(2))
    replies = recorder.ask_all([call(3), call(2), call(1), call(3)])
    assert [reply.body for reply in replies] == [{"n": 3}, {"n": 2}, {"n": 1}, {"n": 3}]
    assert [item.arguments["n"] for item in inner.asked] == [2, 3, 1]


def test_entries_are_sorted_by_call_not_by_arrival():
    inner = Slow()
    inner.gate.set()
    recorder = Recorder(inner)
    for number in (3, 1, 2):
        recorder.ask(call(number))
    assert [item.arguments["n"] for item, _ in recorder.entries()] == [1, 2, 3]


def test_an_inner_crash_reaches_everybody_who_waits_and_leaves_no_entry():
    class Broken(Slow):
        def ask(self, call):
            raise RuntimeError("gone")

    recorder = Recorder(Broken())
    for _ in range(2):
        with pytest.raises(RuntimeError, match="gone"):
            recorder.ask(call(1))
    assert list(recorder.entries()) == []


def test_an_interrupted_batch_keeps_what_had_arrived():
    class Interrupted(Slow):
        def ask(self, call):
            if call.arguments["n"] == 3:
                raise KeyboardInterrupt
            return Reply(body={})

    recorder = Recorder(Interrupted())
    with pytest.raises(KeyboardInterrupt):
        recorder.ask_all([call(1), call(2), call(3), call(4)])
    assert [item.arguments["n"] for item, _ in recorder.entries()] == [1, 2]


def test_a_call_id_depends_on_the_question_alone():
    first = Call.of("1", "r", "s3", "GetBucketAcl", Bucket="b", ExpectedBucketOwner="1")
    second = Call.of("1", "r", "s3", "GetBucketAcl", ExpectedBucketOwner="1", Bucket="b")
    assert first == second
    assert first.id == second.id
    assert len({first.id, Call.of("2", "r", "s3", "GetBucketAcl", Bucket="b", ExpectedBucketOwner="1").id}) == 2
