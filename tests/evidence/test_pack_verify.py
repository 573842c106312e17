"""A pack is verified by its digests and by being made again; whatever is done to it shows, and is named."""

import dataclasses
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from tests.evidence.evidence_kit import (
    POLICY,
    WAIVERS,
    checked,
    forged,
    inputs,
    judged,
    names,
    pack,
    put,
    there,
    world,
)
from tests.reporters.report_builder import HOSTILE
from tests.reporters.test_markdown_report import assert_literal, assert_rectangular

from trailwarden.errors import OutputError, UsageError
from trailwarden.evidence.build import REPORTS
from trailwarden.evidence.folder import write_folder
from trailwarden.evidence.inputs import LEDGER, PACK, Inputs, pack_files, read_inputs
from trailwarden.evidence.load import load
from trailwarden.evidence.manifest import MANIFEST, OUTSIDE, STATEMENT, parse_manifest
from trailwarden.evidence.pack import PackOptions, make_pack
from trailwarden.results import report_from_json
from trailwarden.testing import World

Files = Mapping[str, bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return inputs(tmp_path_factory.mktemp("inputs"), world())


@pytest.fixture(scope="module")
def whole(made: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of an unsigned pack."""
    return pack(tmp_path_factory.mktemp("packs") / "pack", made)


def test_a_pack_verifies(whole: Files, tmp_path: Path) -> None:
    """Everything listed is there, everything there is listed, and all of it follows from the inputs."""
    outcome = checked(put(tmp_path, whole))
    assert outcome.findings == []
    assert set(outcome.done) == {"files", "derived files", "verdicts"}
    assert set(whole) == {*parse_manifest(whole[MANIFEST]), MANIFEST, STATEMENT, "predicate.json"}
    assert {*REPORTS, PACK, LEDGER} < set(whole)
    assert any("not signed" in note for note in outcome.notes)


def test_inputs_survive_the_disk(whole: Files) -> None:
    """What is read from a pack gives the same files again."""
    again = read_inputs(whole)
    assert {name: whole[name] for name in again.to_files()} == again.to_files()


def test_the_same_inputs_give_the_same_bytes(made: Inputs, whole: Files, tmp_path: Path) -> None:
    assert make_pack(tmp_path / "pack", made, judged(made), PackOptions()) == whole


def test_every_file_is_guarded(whole: Files, tmp_path: Path) -> None:
    """The first, a middle and the last byte of every file; every file gone, under another name, and one too many."""
    folder = put(tmp_path / "pack", whole)
    for name, data in whole.items():
        path = folder / name
        for offset in {0, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :])
            assert name in names(checked(folder)), (name, offset)
        path.unlink()
        assert name in names(checked(folder))
        path.with_name("other.txt").write_bytes(data)
        assert {name, str(path.with_name("other.txt").relative_to(folder))} <= names(checked(folder))
        path.with_name("other.txt").unlink()
        path.write_bytes(data)
    assert checked(folder).ok


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["flip", "cut", "grow", "remove", "rename", "add", "swap"]),
    pick=st.integers(0, 9999),
    place=st.integers(0, 1 << 30),
    more=st.binary(min_size=1, max_size=5),
    extra=st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,2}\.x", fullmatch=True),
)
def test_whatever_is_done_shows(
    whole: Files, tmp_path: Path, kind: str, pick: int, place: int, more: bytes, extra: str
) -> None:
    """At random: a bit, bytes less or more, a file removed, renamed, added, swapped with another."""
    files = dict(whole)
    name = sorted(files)[pick % len(files)]
    content = files[name]
    at = place % len(content)
    guilty = {name}
    match kind:
        case "flip":
            files[name] = content[:at] + bytes([content[at] ^ (1 << place % 8)]) + content[at + 1 :]
        case "cut":
            files[name] = content[:at]
        case "grow":
            files[name] = content + more
        case "remove":
            del files[name]
        case "rename":
            files[extra] = files.pop(name)
            guilty = {name, extra}
        case "add":
            files[extra] = more
            guilty = {extra}
        case _:
            others = [item for item in sorted(files) if files[item] != content]
            other = others[place % len(others)]
            files[name], files[other] = files[other], content
            guilty = {name, other}
    folder = tmp_path / "pack"
    shutil.rmtree(folder, ignore_errors=True)
    assert guilty <= names(checked(put(folder, files))), (kind, name)


def test_an_edited_status_is_named(whole: Files, tmp_path: Path) -> None:
    """Also when manifest and statement were written anew: the verdict does not come out again."""
    results = json.loads(whole["results.json"])
    [row] = [item for item in results["results"] if item["policy"] == "validation"]
    row["status"] = "PASS"
    results["summary"] = {
        **results["summary"],
        "PASS": results["summary"]["PASS"] + 1,
        "FAIL": results["summary"]["FAIL"] - 1,
    }
    edited = json.dumps(results, indent=1).encode()
    folder = put(tmp_path, forged(whole, {"results.json": edited}, lambda: report_from_json(results)))
    found = [item for item in checked(folder).findings if item.step == "verdicts"]
    assert [(item.name, item.message) for item in found] == [
        ("validation on main in 111122223333/us-east-1", "status is recorded as PASS, judging again gives FAIL")
    ]


def test_an_edited_report_is_named(whole: Files, made: Inputs, tmp_path: Path) -> None:
    """A report that follows from nothing, however well its digests agree."""
    edited = whole["report.md"].replace(b"**FAIL**", b"**PASS**")
    assert edited != whole["report.md"]
    folder = put(tmp_path, forged(whole, {"report.md": edited}, lambda: judged(made)))
    assert names(checked(folder)) == {"report.md"}


def test_a_swapped_policy_is_named(whole: Files, made: Inputs, tmp_path: Path) -> None:
    """By its file where nothing else was touched; by the verdict where all the digests were made to fit."""
    weaker = POLICY.replace("severity: high", "severity: info").encode()
    plain = checked(put(tmp_path / "plain", {**whole, "policies/policy.yaml": weaker}))
    assert "policies/policy.yaml" in names(plain)
    item = dataclasses.replace(made.files[0], data=weaker)
    described = dataclasses.replace(made, files=(item,)).to_files()
    folder = put(tmp_path / "forged", forged(whole, described, lambda: judged(made)))
    found = {item.name: item.message for item in checked(folder).findings}
    assert (
        "severity is recorded as high, judging again gives info"
        in found["validation on main in 111122223333/us-east-1"]
    )


def test_an_edited_reply_is_named(whole: Files, made: Inputs, tmp_path: Path) -> None:
    """Evidence that was made better than it was gives another verdict."""
    better = whole[LEDGER].replace(b'"LogFileValidationEnabled":false', b'"LogFileValidationEnabled":true')
    folder = put(tmp_path, forged(whole, {LEDGER: better}, lambda: judged(made)))
    found = {item.name for item in checked(folder).findings}
    assert "validation on main in 111122223333/us-east-1" in found
    assert any(name.startswith("raw/") for name in found)


def test_a_file_that_nothing_gives(whole: Files, made: Inputs, tmp_path: Path) -> None:
    """An addition is seen even where the manifest lists it."""
    folder = put(tmp_path, forged(whole, {"extra.txt": b"hello"}, lambda: judged(made)))
    assert names(checked(folder)) == {"extra.txt"}


def test_links_are_not_followed(whole: Files, tmp_path: Path) -> None:
    folder = put(tmp_path / "pack", whole)
    (tmp_path / "elsewhere").write_bytes(whole["junit.xml"])
    (folder / "junit.xml").unlink()
    (folder / "junit.xml").symlink_to(tmp_path / "elsewhere")
    assert names(checked(folder)) == {"junit.xml"}


def test_what_is_no_pack(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match="not an evidence pack"):
            checked(folder)


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"trailwarden_pack": 2}', b'{"trailwarden_pack": 1}', b"\xff\xfe"],
)
@pytest.mark.parametrize("name", [PACK, LEDGER, "results.json", STATEMENT, MANIFEST])
def test_damaged_files_are_findings(whole: Files, tmp_path: Path, name: str, damage: bytes) -> None:
    """Nothing that a file could hold ends in a crash."""
    assert name in names(checked(put(tmp_path, {**whole, name: damage})))


def test_waivers_are_judged_again(tmp_path: Path) -> None:
    """A waiver is part of the evidence; its file is an input, and an expired one is not honoured by editing the verdict."""
    text = WAIVERS.format(approved="2026-05-01", expires="2026-07-01")
    account = world()
    assert account.now.date().isoformat() <= "2026-07-01"
    files = pack(tmp_path / "pack", inputs(tmp_path / "in", account, waivers=text))
    assert b'"WAIVED": 1' in files["results.json"]
    assert checked(tmp_path / "pack").ok
    assert json.loads(files["predicate.json"])["warnedTests"] == ["validation"]
    (tmp_path / "pack" / "waivers" / "waivers.yaml").write_text(text.replace("2026-07-01", "2026-05-02"))
    found = names(checked(tmp_path / "pack"))
    assert {"waivers/waivers.yaml", "validation on main in 111122223333/us-east-1"} <= found


def test_another_run_is_not_overwritten(whole: Files, made: Inputs, tmp_path: Path) -> None:
    """The same pack may be written again; another one, and files of somebody else, stay as they are."""
    folder = tmp_path / "pack"
    write_folder(folder, whole)
    write_folder(folder, whole)
    assert there(folder) == whole
    other = make_pack(folder, inputs(tmp_path / "in", world("other")), judged(made), PackOptions())
    with pytest.raises(OutputError, match="another run"):
        write_folder(folder, other)
    assert there(folder) == whole
    write_folder(folder, other, replace=True)
    assert there(folder) == other
    (folder / "mine.txt").write_text("keep")
    for replace in (False, True):
        with pytest.raises(OutputError, match="no evidence pack"):
            write_folder(folder, whole, replace=replace)
    assert (folder / "mine.txt").read_text() == "keep"
    assert {item.name for item in tmp_path.iterdir()} == {"pack", "in"}


def test_a_folder_that_can_not_be_written_is_left_alone(whole: Files, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError):
            write_folder(folder, whole)
    assert there(tmp_path) == {"file": b"in the way"}


def test_names_of_files_are_tame() -> None:
    """No name leaves its folder, upsets a shell or ``sha256sum``, or meets another on a file system that ignores case."""
    given = [
        "../../etc/passwd",
        "a\nb.yaml",
        "A.yaml",
        "a.yaml",
        "-rf",
        ".hidden",
        "é\u202e.yaml",
        "x" * 300,
        "//",
        "\\\\host\\c$",
    ]
    paths = [item.path for item in pack_files("policies", ((name, b"", False) for name in given))]
    assert len({path.lower() for path in paths}) == len(given)
    for path in paths:
        assert path.startswith("policies/")
        assert all(part and part[0] not in ".-" and part.isascii() and len(part) <= 110 for part in path.split("/"))
        assert not set(path) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/")


def test_a_manifest_is_read_strictly(whole: Files) -> None:
    """Anything but what is written by the tool is damage."""
    good = whole[MANIFEST]
    lines = good.decode().splitlines(keepends=True)
    for bad in (
        good[:-1],
        good + b"\n",
        "".join(reversed(lines)).encode(),
        good + lines[-1].encode(),
        good.upper(),
        good.replace(b"  ", b" *"),
    ):
        with pytest.raises(ValueError, match=r"it|line"):
            parse_manifest(bad)
    assert set(whole) - set(parse_manifest(good)) <= set(OUTSIDE)


def test_a_hostile_account_gives_a_pack_like_any_other(tmp_path: Path) -> None:
    """Names that try to break out of a format end up in every file, and in none as more than a name."""
    account = World()
    for number, text in enumerate(HOSTILE):
        account.add_trail(f"t{number} {text}", S3BucketName=text, S3KeyPrefix=text, LogFileValidationEnabled=False)
    files = pack(tmp_path / "pack", inputs(tmp_path / "in", account))
    assert checked(tmp_path / "pack").findings == []
    for name, data in files.items():
        if name.endswith((".md", ".html", ".xml", ".sarif", "results.json", "oscal.json")):
            text = data.decode("utf-8")
            assert re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text) == [], name
        if name.endswith((".json", ".sarif")):
            json.loads(data)
    assert_rectangular(files["report.md"].decode())
    assert_literal(files["report.md"].decode())
    assert b"<script>" not in files["report.html"]
    assert b"\n::error" not in files["report.md"]
    assert len(load(tmp_path / "pack").inputs.ledger.replies) == len(account.ledger().replies)


def test_the_statement_in_another_library(tmp_path: Path) -> None:
    """in-toto's own bindings take it for a statement, and its predicate for a test result with one extension."""
    text = WAIVERS.format(approved="2026-05-01", expires="2026-07-01")
    files = pack(tmp_path / "pack", inputs(tmp_path / "in", world(), waivers=text))
    statement = json.loads(files[STATEMENT])
    Statement.copy_from_pb(json_format.ParseDict(statement, statement_pb2.Statement())).validate()
    predicate = statement["predicate"]
    assert json.loads(files["predicate.json"]) == predicate
    extension = predicate.pop("trailwarden")
    assert extension["evidenceId"].startswith("TW-20260601T120000Z-111122223333-")
    read = json_format.MessageToDict(json_format.ParseDict(predicate, test_result_pb2.TestResult()))
    assert read == {key: value for key, value in predicate.items() if value}
    assert (read["result"], read["warnedTests"], read["failedTests"]) == ("FAILED", ["validation"], ["encrypted"])
