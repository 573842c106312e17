"""A ledger survives the disk byte for byte, and what is not a ledger is refused in words."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailwarden.calls import Call, Reply, ReplyError
from trailwarden.errors import LedgerError
from trailwarden.ledger import Header, Ledger, ReplayReader, parse_ledger, read_ledger

HEADER = Header(clock="2026-06-01T12:00:00Z", accounts=("111122223333",), caller={"arn": "a"}, synthetic=True)

words = st.text(max_size=6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner) | st.dictionaries(words, inner),
    max_leaves=4,
)
replies = st.one_of(
    st.builds(
        Reply,
        body=st.dictionaries(words, json_values),
        request_id=words,
        date=words,
        pages=st.integers(1, 9),
    ),
    st.builds(Reply, error=st.builds(ReplyError, words, words, st.integers(0, 599)), bucket_region=words),
)
calls = st.builds(
    lambda region, params: Call.of("111122223333", region, "s3", "GetBucketAcl", **params),
    words,
    st.dictionaries(words.filter(lambda s: s not in {"account", "region", "service", "operation", "cls"}), words),
)


@settings(max_examples=40)
@given(st.dictionaries(calls, replies, max_size=5))
def test_a_ledger_comes_back_as_it_was_written(entries):
    ledger = Ledger(HEADER, entries.items())
    back = parse_ledger(ledger.to_bytes().decode("utf-8", "surrogatepass"), "x")
    assert back.header == ledger.header
    assert back.replies == ledger.replies
    assert back.to_bytes() == ledger.to_bytes()


def test_plain_and_gzip_files_and_folders_are_read(tmp_path):
    ledger = Ledger(HEADER, [(Call.of("1", "r", "sts", "GetCallerIdentity"), Reply(body={"Account": "1"}))])
    ledger.write(tmp_path / "pack" / "ledger.jsonl")
    ledger.write(tmp_path / "other.jsonl.gz")
    assert gzip.decompress((tmp_path / "other.jsonl.gz").read_bytes()) == ledger.to_bytes()
    for path in (tmp_path / "pack", tmp_path / "pack" / "ledger.jsonl", tmp_path / "other.jsonl.gz"):
        assert read_ledger(path).to_bytes() == ledger.to_bytes()


def test_writing_twice_gives_the_same_gzip_bytes(tmp_path):
    ledger = Ledger(HEADER, [])
    ledger.write(tmp_path / "a.gz")
    ledger.write(tmp_path / "b.gz")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


ENTRY = {"account": "1", "region": "r", "service": "s3", "operation": "GetBucketAcl", "params": {}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty, not a ledger"),
        ("hello", "x:1: not a ledger line"),
        ("[]", "x:1: not a ledger line"),
        ('{"clock": "now"}', "x:1: not a ledger line: 'trailwarden_ledger'"),
        ('{"trailwarden_ledger": 9, "clock": "x"}', "ledger format 9, this release reads 1"),
    ],
)
def test_what_is_not_a_ledger_is_refused(text, says):
    with pytest.raises(LedgerError, match=says):
        parse_ledger(text, "x")


@pytest.mark.parametrize("entry", [{}, {"reply": {}, "error": {"code": "X"}}, {"reply": []}, {"error": {}}])
def test_a_damaged_entry_is_named_by_its_line(entry):
    text = "\n".join(json.dumps(line) for line in (HEADER.to_json(), {**ENTRY, "reply": {}}, {**ENTRY, **entry}))
    with pytest.raises(LedgerError, match="x:3: not a ledger line"):
        parse_ledger(text, "x")


def test_a_folder_without_a_ledger_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(LedgerError, match=r"no ledger\.jsonl in this folder"):
        read_ledger(tmp_path)
    with pytest.raises(LedgerError, match="can't be read as a ledger"):
        read_ledger(tmp_path / "missing")


def test_replay_never_guesses():
    reader = ReplayReader(Ledger(HEADER, []))
    [reply] = reader.ask_all([Call.of("1", "r", "s3", "GetBucketAcl", Bucket="b")])
    assert reply.error is not None
    assert reply.error.code == "NotRecorded"
