"""The demo: no AWS, no credentials, a fixed answer, and the shipped files are what the scripts beside this write."""

import json
from pathlib import Path

import pytest
from tests.cli.cli_kit import environment, run
from tests.demo.make_world import SAMPLE, SHIPPED, make

from trailwarden.demo import world

PROXIES = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


def test_the_shipped_world_is_what_the_script_writes() -> None:
    """No hand has changed it; ``python tests/demo/make_world.py`` writes it anew."""
    assert SHIPPED.read_bytes() == make().to_bytes()


def test_the_world_holds_what_the_demo_is_to_show() -> None:
    """Three accounts, one denied key, one disabled region, nobody's real numbers, a pinned clock."""
    ledger = world()
    assert ledger.header.synthetic
    assert (ledger.header.clock, len(ledger.header.accounts)) == ("2026-06-01T12:00:00Z", 3)
    denied = {call.service for call, reply in ledger.replies.items() if reply.error and "Denied" in reply.error.code}
    assert denied == {"kms"}
    text = SHIPPED.read_text(encoding="utf-8")
    assert '"OptInStatus":"not-opted-in"' in text


def test_the_demo(tmp_path: Path) -> None:
    """Exit code 0, the gate's code told, a complete pack, and the committed sample report; with no network and no credentials."""
    found = run("demo", cwd=tmp_path, env={**PROXIES, "HOME": str(tmp_path)})
    assert found.returncode == 0, found.stderr
    assert found.stderr == ""
    assert found.stdout.startswith("made-up world: nothing here was read from AWS\n")
    assert "A gate would have seen exit code 1; the demo itself exits with 0." in found.stdout
    pack = tmp_path / "trailwarden-demo"
    assert {"junit.xml", "results.sarif", "report.md", "results.json", "ledger.jsonl"} < {
        path.name for path in pack.iterdir()
    }
    results = json.loads((pack / "results.json").read_text(encoding="utf-8"))
    assert results["run"]["exit_code"] == 1
    assert results["run"]["synthetic"] is True
    assert (pack / "report.md").read_text(encoding="utf-8") == SAMPLE.read_text(encoding="utf-8"), (
        "the sample differs: run `python tests/demo/make_world.py`"
    )


def test_what_the_demo_finds(tmp_path: Path) -> None:
    """The management account and its member are clean, the neglected one fails, and what could not be read is said to be unknown."""
    run("demo", tmp_path / "pack", cwd=tmp_path)
    results = json.loads((tmp_path / "pack" / "results.json").read_text(encoding="utf-8"))["results"]
    by_account: dict[str, set[str]] = {}
    for row in results:
        by_account.setdefault(row["account"], set()).add(row["status"])
    assert by_account["999900001111"] == {"PASS"}
    assert by_account["111122223333"] == {"PASS"}
    assert by_account["444455556666"] == {"PASS", "FAIL", "ERROR", "NOT_APPLICABLE"}
    errors = {(row["reason"]["code"], row["reason"]["missing_action"]) for row in results if row["status"] == "ERROR"}
    assert errors == {("ACCESS_DENIED", "kms:DescribeKey")}


def test_a_folder_that_can_not_be_written(tmp_path: Path) -> None:
    """The table is still shown."""
    (tmp_path / "file").write_text("in the way")
    found = run("demo", "file", cwd=tmp_path)
    assert found.returncode == 2
    assert "exit code 1: " in found.stdout
    assert "file: not a folder" in found.stderr


def test_the_live_demo(tmp_path: Path) -> None:
    """A simulated AWS is seeded and read; the user's own profile and endpoint are never asked."""
    pytest.importorskip("moto", reason="the extra demo is not installed")
    found = run("demo", "--live", cwd=tmp_path, env={"AWS_PROFILE": "nope", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert found.returncode == 0, found.stderr
    assert "A gate would have seen exit code 1" in found.stdout
    rows = json.loads((tmp_path / "trailwarden-demo" / "results.json").read_text(encoding="utf-8"))["results"]
    failed = {(row["account"], row["check"]) for row in rows if row["status"] == "FAIL"}
    assert ("444455556666", "bucket-not-public") in failed
    assert ("123456789012", "bucket-not-public") not in failed


def test_the_live_demo_needs_its_extra(tmp_path: Path) -> None:
    """Without moto there is a message and not a traceback."""
    (tmp_path / "moto.py").write_text("raise ImportError('not here')\n", encoding="utf-8")
    found = run("demo", "--live", cwd=tmp_path, env={**environment(), "PYTHONPATH": str(tmp_path)})
    assert (found.returncode, found.stdout) == (2, "")
    assert "pip install 'trailwarden[demo]'" in found.stderr
