"""Where results go: every output is tried, stdout carries only what was asked for, and colours know where they are."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from tests.cli.cli_kit import SCRIPT, environment, run

from trailwarden.cli.console import wants_colour
from trailwarden.cli.options import outputs_of
from trailwarden.errors import UsageError
from trailwarden.evidence.inputs import pack_files

BAD = ("check", "--policy", "policy.yaml", "--replay", "bad.jsonl")


def test_every_format_goes_where_it_is_sent(here: Path) -> None:
    """Folders are made, files are whole, stdout holds one pure document, and what is said goes to stderr."""
    outputs = [f"{name}=deep/er/{name}.out" for name in ("junit", "sarif", "markdown", "table")]
    found = run(*BAD, *(word for output in outputs for word in ("-o", output)), "-o", "json", cwd=here)
    assert found.returncode == 1
    assert json.loads(found.stdout)["run"]["exit_code"] == 1
    assert found.stderr == "trailwarden: exit code 1: 1 failed at or above low\n"
    written = sorted(path.name for path in (here / "deep" / "er").iterdir())
    assert written == ["junit.out", "markdown.out", "sarif.out", "table.out"]
    assert all((here / "deep" / "er" / name).stat().st_size > 100 for name in written)


def test_one_output_that_fails_does_not_lose_the_others(here: Path) -> None:
    """The failure is named, the verdict is told, the code is 2, and all else is there."""
    (here / "file").write_text("in the way")
    found = run(
        *BAD, "-o", "sarif=file/x.sarif", "-o", "junit=ok.xml", "-o", "json=/proc/x.json", "-o", "table", cwd=here
    )
    assert found.returncode == 2
    assert "file/x.sarif: can't be written" in found.stderr
    assert "/proc/x.json: can't be written" in found.stderr
    assert "the verdict was exit code 1" in found.stderr
    assert (here / "ok.xml").read_text(encoding="utf-8").startswith("<?xml")
    assert "exit code 1: " in found.stdout


def test_the_evidence_pack(here: Path) -> None:
    """Ledger, results, reports and the exact bytes of the policies; the pack can be judged again, and says the same."""
    (here / "policy.yaml").write_bytes(b"# kept as it is \xc3\xa9\r\n" + (here / "policy.yaml").read_bytes())
    found = run(*BAD, "--policy", "bucket-exists", "--evidence", "pack", "-o", "json=first.json", cwd=here)
    assert found.returncode == 1, found.stderr
    pack = here / "pack"
    files = sorted(str(path.relative_to(pack)) for path in pack.rglob("*") if path.is_file())
    assert {name for name in files if not name.startswith(("policies/builtin/", "raw/"))} == {
        *("SHA256SUMS", "statement.json", "predicate.json", "pack.json", "ledger.jsonl", "policies/policy.yaml"),
        *("junit.xml", "oscal.json", "report.html", "report.md", "results.json", "results.sarif"),
    }
    assert "policies/builtin/bucket.yaml" in files
    assert (pack / "policies" / "policy.yaml").read_bytes() == (here / "policy.yaml").read_bytes()
    assert (pack / "ledger.jsonl").read_bytes() == (here / "bad.jsonl").read_bytes()
    assert (pack / "results.json").read_bytes() == (here / "first.json").read_bytes()
    again = run(
        *("check", "--policy", "policy.yaml", "--policy", "bucket-exists", "--replay", "pack", "-o", "json"), cwd=here
    )
    assert again.stdout == (here / "first.json").read_text(encoding="utf-8")


def test_policies_stay_inside_the_pack() -> None:
    """A policy from elsewhere gets a name of its own below ``policies/``."""
    names = ("../a.yaml", "/etc/a.yaml", "sub/a.yaml", "./../a.yaml", "builtin/b.yaml")
    paths = {item.path: item.name for item in pack_files("policies", ((name, b"", False) for name in names))}
    assert paths == {
        "policies/a.yaml": "../a.yaml",
        "policies/etc/a.yaml": "/etc/a.yaml",
        "policies/sub/a.yaml": "sub/a.yaml",
        "policies/2-a.yaml": "./../a.yaml",
        "policies/builtin/b.yaml": "builtin/b.yaml",
    }


def test_stdout_can_be_asked_for_once() -> None:
    assert [item.path for item in outputs_of(("json=-", "junit=a"))] == [None, Path("a")]
    with pytest.raises(UsageError, match="not json and table"):
        outputs_of(("json=-", "table"))


@pytest.mark.parametrize("arguments", [(*BAD, "-o", "json"), ("checks", "list"), ("policy", "schema"), ("--help",)])
def test_a_reader_who_goes_away_is_no_error(here: Path, arguments: tuple[str, ...]) -> None:
    """A broken pipe is quiet, files are written before it, and a verdict keeps its code."""
    reading, writing = os.pipe()
    os.close(reading)
    found = subprocess.run(
        [str(SCRIPT), *arguments, *(["-o", "junit=kept.xml"] if "check" in arguments else [])],
        cwd=here,
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert "rror" not in found.stderr.replace("could not", "")
    assert "ipe" not in found.stderr
    assert found.returncode == (1 if "check" in arguments else 0)
    assert (here / "kept.xml").exists() == ("check" in arguments)


@pytest.mark.parametrize("arguments", [(*BAD, "-o", "json"), ("checks", "list")])
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_a_stdout_that_takes_nothing(here: Path, arguments: tuple[str, ...], redirection: str) -> None:
    """A full disk or a closed stdout is an error with a name; files are written all the same."""
    words = [str(SCRIPT), *arguments, *(["-o", "junit=kept.xml"] if "check" in arguments else [])]
    found = subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *words],
        cwd=here,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == 2
    assert "trailwarden: stdout " in found.stderr
    assert "Exception" not in found.stderr
    assert (here / "kept.xml").exists() == ("check" in arguments)


@pytest.mark.parametrize(
    ("terminal", "variables", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "0"}, False),
    ],
)
def test_when_to_colour(terminal: bool, variables: dict[str, str], coloured: bool) -> None:
    """The conventions of no-color.org and force-color.org, on a real terminal and on a real file."""
    master, slave = pty.openpty() if terminal else os.pipe()[::-1]
    with os.fdopen(slave, "w") as stream:
        assert wants_colour(stream, variables) is coloured
    os.close(master)


def test_colours_and_progress_on_a_terminal_only(here: Path) -> None:
    """On a terminal the table is coloured; in a file never, whatever the environment says."""
    master, slave = pty.openpty()
    command = [str(SCRIPT), *BAD, "-o", "table", "-o", "table=copy.txt"]
    done = subprocess.run(
        command, cwd=here, env=environment({"TERM": "xterm"}), stdout=slave, stderr=slave, check=False, timeout=60
    )
    os.close(slave)
    shown = b""
    while b"exit code" not in shown:
        shown += os.read(master, 65536)
    os.close(master)
    assert done.returncode == 1
    assert b"\x1b[1;31mFAIL" in shown
    assert b"\r\x1b[K" in shown
    assert "\x1b" not in (here / "copy.txt").read_text(encoding="utf-8")
    piped = run(*BAD, cwd=here, env={"TERM": "xterm"})
    assert "\x1b" not in piped.stdout + piped.stderr


def test_text_is_utf_8_whatever_the_locale(here: Path) -> None:
    """A report must not depend on the machine's encoding."""
    given = ("check", "--policy", "policy.yaml", "--replay", "bad.jsonl", "-o", "junit")
    (here / "policy.yaml").write_text("id: x\ntitle: Prüfung — ✓\ncheck: trail-log-file-validation\n", encoding="utf-8")
    plain = run(*given, cwd=here, env={"PYTHONUTF8": "1"})
    other = run(*given, cwd=here, env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"})
    assert "Prüfung — ✓" in plain.stdout
    assert other.stdout == plain.stdout


def test_a_reporter_that_crashes_costs_only_its_own_output(here: Path, broken_plugin: Path) -> None:
    """Anyone may write a reporter; the others' files do not depend on it."""
    given = (*BAD, "-o", "broken-reporter=a.txt", "-o", "junit=b.xml", "-o", "table")
    found = run(*given, cwd=here, env={"PYTHONPATH": str(broken_plugin)})
    assert found.returncode == 2
    assert "broken-reporter: the reporter crashed: ZeroDivisionError: " in found.stderr
    assert (here / "b.xml").exists()
    assert not (here / "a.txt").exists()
    assert "exit code 1: " in found.stdout
