"""The same ledger and policies give the same bytes, whatever the threads, the hash seed and the time zone; and live agrees with replay."""

from pathlib import Path

import pytest
from tests.cli.cli_kit import run

from trailwarden.demo import PACKS

POLICIES = [word for pack in PACKS for word in ("--policy", pack)]
REPORTS = ("results.json", "junit.xml", "results.sarif", "report.md")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's pack: a world with three accounts, played through the live reader with ten threads."""
    folder = tmp_path_factory.mktemp("demo")
    done = run("demo", "pack", cwd=folder, env={"PYTHONHASHSEED": "7", "TZ": "America/St_Johns"})
    assert done.returncode == 0, done.stderr
    return folder / "pack"


def replayed(demo: Path, folder: Path, *options: str, **variables: str) -> dict[str, bytes]:
    """The pack of a replay."""
    given = ("check", *POLICIES, "--replay", str(demo), "--evidence", "pack", "-o", "table=table.txt", *options)
    done = run(*given, cwd=folder, env=variables)
    assert done.returncode == 1, done.stderr
    return {name: (folder / "pack" / name).read_bytes() for name in (*REPORTS, "ledger.jsonl")}


def test_threads_hash_seed_and_time_zone_leave_no_trace(demo: Path, tmp_path: Path) -> None:
    """Byte for byte: json, junit, sarif, markdown, and the ledger."""
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    one = replayed(demo, tmp_path / "one", "--jobs", "1", PYTHONHASHSEED="1", TZ="UTC")
    many = replayed(demo, tmp_path / "many", "--jobs", "32", PYTHONHASHSEED="2", TZ="Asia/Kathmandu")
    assert {name for name in one if one[name] != many[name]} == set()


def test_the_live_path_and_the_replay_say_the_same(demo: Path, tmp_path: Path) -> None:
    """But for one word: where the facts came from."""
    again = replayed(demo, tmp_path)
    assert again["ledger.jsonl"] == (demo / "ledger.jsonl").read_bytes()
    for name in REPORTS:
        live = (demo / name).read_bytes()
        live = live.replace(b'"source": "demo"', b'"source": "replay"').replace(b"| `demo` |", b"| `replay` |")
        assert live == again[name], name
