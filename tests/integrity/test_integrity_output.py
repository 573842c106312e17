"""What people and programs see: table, timeline, JSON, JSON lines, HTML, exit codes of the command."""

import gzip
import io
import json
import os
import re
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from benchmarks.integrity.chains import HOUR
from benchmarks.integrity.endpoint import World, running
from isal import isal_zlib
from tests.integrity.integrity_kit import SINCE, UNTIL, Case, audit, base, make
from tests.integrity.tamperings import TAMPERINGS

from trailwarden import coverage
from trailwarden.cli import main
from trailwarden.integrity import content, render, times
from trailwarden.integrity.conclusions import CHECKS, conclusions
from trailwarden.integrity.verdicts import MEANING, Finding, Verdict

WINDOW = ["--since", times.extended(SINCE), "--until", times.extended(UNTIL)]


def world(case: Case) -> World:
    return World({case.bucket.name: case.objects}, {"eu-west-1": [period.entry() for period in case.periods]})


def command(url: str, *more: str) -> list[str]:
    return [
        "logs",
        "verify",
        "audit-logs",
        "--endpoint-url",
        url,
        "--executor",
        "threads",
        "--no-corroborate",
        *WINDOW,
        *more,
    ]


def test_timeline_has_a_character_for_every_hour() -> None:
    case = make(logs=lambda hour: 0 if hour == 3 else 2, skipped=(18, 19), restarts=(0, 20), start=SINCE - HOUR)
    del case.objects[case.links[8].key]
    case.put(case.links[12].logs[0], gzip.compress(b"{}"))
    case.faults[case.links[14].key] = "denied"
    (line,) = [line for line in render.as_timeline(audit(case)).splitlines() if line.startswith("  2026-03-10")]
    assert line == "  2026-03-10  ##.####x###!#?###--#####"


def test_html_is_a_fragment_without_scripts() -> None:
    text = render.as_html(audit(make(trail="a<b", start=SINCE - HOUR)))
    assert "a&lt;b" in text
    assert "<script" not in text
    assert "########################" in text


def test_table_names_findings_places_and_conclusion() -> None:
    case = base()
    TAMPERINGS["digest: three in a row deleted"].apply(case, 9)
    TAMPERINGS["log: an event renamed"].apply(case, 15)
    text = render.as_table(audit(case))
    assert "missing (digest-deleted): 3 digest(s) are gone" in text
    assert f"audit-logs/{case.links[15].logs[0]}" in text
    assert "nobody vouches for" in text
    assert text.splitlines()[-1] == "FAIL: 2 failing, 0 undecided"


def test_findings_survive_json() -> None:
    case = base()
    TAMPERINGS["log: injected"].apply(case, 9)
    TAMPERINGS["digest: deleted"].apply(case, 14)
    for finding in audit(case).findings:
        assert Finding.from_json(json.loads(json.dumps(finding.to_json()))) == finding


def test_every_verdict_is_explained_and_has_a_symbol() -> None:
    assert set(MEANING) == set(Verdict)
    assert set(coverage.SYMBOLS) >= {str(verdict) for verdict in Verdict} - {"unreferenced"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("log: recompressed, same content", 0),
        ("log: an event renamed", 1),
        ("log: access refused", 0),
        ("digest: re-signed, forger's key named", 1),
    ],
)
def test_command_prints_the_table_and_returns_the_exit_code(
    name: str, code: int, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    case = base()
    TAMPERINGS[name].apply(case, 9)
    with running(world(case)) as url:
        assert main(command(url)) == code
    assert ("PASS" if code == 0 else "FAIL") in capsysbinary.readouterr().out.decode().splitlines()[-1]


def test_command_writes_every_output_and_a_line_for_each_file(tmp_path: Path) -> None:
    case = base()
    TAMPERINGS["log: deleted"].apply(case, 9)
    outputs = [f"-o{name}={tmp_path / 'out' / name}" for name in ("json", "jsonl", "timeline", "html", "table")]
    with running(world(case)) as url:
        assert main(command(url, *outputs)) == 1
        assert main(command(url, *outputs, "--soft-fail")) == 0
    data = json.loads((tmp_path / "out" / "json").read_text())
    assert data["summary"]["verdicts"] == {"missing": 1, "verified": 99}
    lines = [json.loads(line) for line in (tmp_path / "out" / "jsonl").read_text().splitlines()]
    assert len(lines) == 100
    assert [line["reason"] for line in lines if line["verdict"] != "verified"] == ["log-deleted"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["html", "json", "jsonl", "table", "timeline"]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """How far, how many files, how fast, how long still; nothing of it where nobody watches, and nothing stays."""
    with running(world(base())) as url:
        assert main(command(url, "-o", f"json={os.devnull}")) == 0
        assert "files" not in capsys.readouterr().err
        monkeypatch.setenv("TERM", "xterm")
        terminal = _Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        assert main(command(url, "-o", f"json={os.devnull}")) == 0
    shown = terminal.getvalue()
    last = shown.split("\r\x1b[K")[-2]
    assert re.fullmatch(r"█{20} 100 %  100 files  \d+/s  0:00 left", last)
    assert shown.endswith("\r\x1b[K")


def test_lines_for_each_file_appear_whole_or_go_to_a_device(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A device is written to, not replaced; a run that ends without a verdict leaves neither file nor remains."""
    with running(world(base())) as url:
        assert main(command(url, "-o", f"jsonl={os.devnull}", "-o", "json")) == 0
        assert json.loads(capsysbinary.readouterr().out)["status"] == "PASS"
        assert main(command(url, "-o", "jsonl")) == 0
        assert len(capsysbinary.readouterr().out.splitlines()) == 100
        assert Path(os.devnull).is_char_device()
        bad = ("-o", f"jsonl={tmp_path / 'lines'}", "--executor", "fibres")
        assert main(command(url, *bad)) == 2
    assert list(tmp_path.iterdir()) == []


def test_command_undecided_is_three(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    case = base()
    served = world(case)
    served.faults[case.links[9].logs[0]] = "denied"
    with running(served) as url:
        assert main(command(url)) == 3
    assert b"unreadable (access-denied)" in capsysbinary.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a bucket"),
        (["b", "-o", "jsn"], "did you mean"),
        (["b", "-o", "json", "-o", "table"], "more than one output"),
        (["b", "--sample", "0%"], "sample"),
        (["b", "--sample", "many"], "many"),
        (["b", "--since", "yesterday"], "yesterday"),
        (["b", "--folder", "/nonexistent"], "not a folder"),
        (["b", "--sinse", "2026-01-01"], "--since"),
    ],
)
def test_command_refuses_nonsense(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "verify", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_bad_ledger_and_missing_credentials_are_no_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ledger").write_text("no ledger " * 500)
    assert main(command("http://127.0.0.1:9", "--ledger", str(tmp_path / "ledger"))) == 2
    assert "is no ledger" in capsys.readouterr().err
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert main(command("http://127.0.0.1:9")) == 2
    assert "no AWS credentials" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("log: recompressed, same content", ("PASS", "PASS", "PASS")),
        ("log: an event renamed", ("PASS", "FAIL", "PASS")),
        ("log: injected", ("PASS", "FAIL", "PASS")),
        ("log: throttled", ("PASS", "ERROR", "PASS")),
        ("digest: a log taken out", ("FAIL", "PASS", "PASS")),
        ("digest: access refused", ("ERROR", "PASS", "PASS")),
        ("digest: deleted", ("PASS", "PASS", "FAIL")),
    ],
)
def test_checks_over_a_report(name: str, expected: tuple[str, ...]) -> None:
    """Digests, logs and continuity are answered apart."""
    case = base()
    TAMPERINGS[name].apply(case, 9)
    found = list(conclusions(audit(case)))
    assert [c.check for c in found] == list(CHECKS)
    assert tuple(c.status for c in found) == expected


def test_checks_where_there_is_nothing_or_an_interruption() -> None:
    silent = {c.check: c.status for c in conclusions(audit(make(logs=lambda _: 0)))}
    assert silent["integrity-log-files-valid"] == "NOT_APPLICABLE"
    stopped = {c.check: c.status for c in conclusions(audit(make(skipped=(9, 10), restarts=(0, 11))))}
    assert stopped == {
        "integrity-digest-chain-valid": "PASS",
        "integrity-log-files-valid": "PASS",
        "history-digest-continuity": "FAIL",
    }
    begun = {c.check: c.status for c in conclusions(audit(make(start=SINCE + 5 * HOUR, hours=20)))}
    assert begun["history-digest-continuity"] == "PASS"
    case = base()
    for link in case.links:
        del case.objects[link.key]
    assert {c.status for c in conclusions(audit(case)) if c.check != "integrity-log-files-valid"} == {"FAIL"}


LIBRARIES: dict[str, Any] = {
    "zlib": (zlib.decompressobj, zlib.error),
    "isal": (isal_zlib.decompressobj, isal_zlib.error),
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 131072, 1 << 20])
def test_inflate_is_exact_at_slice_borders(library: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "_new", LIBRARIES[library][0])
    monkeypatch.setattr(content, "_broken", LIBRARIES[library][1])
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    for level in (0, 1, 9):
        body = gzip.compress(data, level, mtime=0)
        held = content.inspect(body, size, keep=True)
        assert (held.data, held.anomaly, held.sound) == (data, "", True)
        assert not size or content.inspect(body, size - 1).anomaly == "inflates-beyond-limit"
        assert content.inspect(body + b"x", size).anomaly == "trailing-data"
        assert content.inspect(body[:-1], size).anomaly == "trailer"
        assert content.inspect(body[:-1], size).sha256 == held.sha256
