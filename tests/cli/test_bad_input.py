"""Bad input: one clear message, exit code 2, no traceback, and nothing on stdout."""

import sys
from pathlib import Path

import pytest
from tests.cli.cli_kit import run

from trailwarden.cli import main

# What is wrong -> the file, and what the message must say.
FILES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "unknown check": (b"id: x\ncheck: trail-log-file-validaton\n", ("p.yaml:2:8: ", "'trail-log-file-validation'?")),
    "unknown parameter": (b"id: x\ncheck: bucket-object-lock\nwith: {min_day: 3}\n", ("p.yaml:3:8: ", "'min_days'?")),
    "wrong type": (b"id: x\ncheck: bucket-object-lock\nwith: {min_days: many}\n", ("p.yaml:3:18: ", "integer")),
    "unknown key": (b"id: x\ncheck: trail-log-file-validation\nseverty: high\n", ("p.yaml:3:1: ", "'severity'?")),
    "wrong severity": (b"id: x\ncheck: trail-log-file-validation\nseverity: hihg\n", ("p.yaml:3:11: ", "'high'?")),
    "duplicate id": (
        b"- {id: x, check: bucket-exists}\n- {id: x, check: bucket-versioning}\n",
        ("p.yaml:2:8: ", "'x'"),
    ),
    "duplicate key": (b"id: x\nid: y\ncheck: bucket-exists\n", ("p.yaml:2:1: ", "'id'")),
    "empty": (b"", ("p.yaml: ", "empty")),
    "not YAML": (b"id: [x\ncheck: }\n", ("p.yaml:2:6: ", "not YAML")),
    "not a policy": (b"just text\n", ("p.yaml:1:1: ", "expected a policy")),
    "not UTF-8": (b"id: x\ncheck: \xff\xfe\n", ("p.yaml:2:8: ", "UTF-8")),
    "50 MB": (b"# padding\n" * 5_000_000, ("p.yaml: ", "50.0 MB")),
    "alias bomb": (
        b"a: &a [x, x, x, x, x, x, x, x, x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b", ".join([b"*%c" % (97 + n)] * 9)) for n in range(9)),
        ("p.yaml:", "alias"),
    ),
}


@pytest.mark.parametrize("wrong", FILES)
def test_a_policy_file(here: Path, wrong: str) -> None:
    """Place, problem and suggestion on one line, and nothing of Python."""
    text, expected = FILES[wrong]
    (here / "p.yaml").write_bytes(text)
    found = run("policy", "lint", "p.yaml", cwd=here)
    assert found.returncode == 2
    assert found.stdout == ""
    assert "Traceback" not in found.stderr
    assert found.stderr.startswith("p.yaml:")
    for part in expected:
        assert part in found.stderr


def test_every_problem_is_told_at_once_and_check_refuses_what_lint_refuses(here: Path) -> None:
    (here / "p.yaml").write_text("- {id: a, check: nope}\n- {id: b, check: bucket-exists, with: {x: 1}}\n")
    linted = run("policy", "lint", "p.yaml", cwd=here)
    checked = run("check", "--policy", "p.yaml", "--replay", "good.jsonl", cwd=here)
    assert [line[:9] for line in linted.stderr.splitlines()] == ["p.yaml:1:", "p.yaml:2:"]
    assert (checked.returncode, checked.stderr) == (2, linted.stderr)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("chekc",), "unknown command 'chekc'\n  did you mean 'check'?"),
        (("policy", "lnt", "x"), "unknown command 'lnt'\n  did you mean 'lint'?"),
        (("check", "--polcy", "x"), "unknown option --polcy\n  did you mean --policy?"),
        (("check", "--replay", "good.jsonl", "--policy", "basline"), "'basline'\n  did you mean 'baseline'?"),
        (("check", "--replay", "good.jsonl", "-o", "jsn"), "unknown output format 'jsn'\n  did you mean 'json'?"),
        (
            ("check", "--replay", "good.jsonl", "--fail-on", "hihg"),
            "--fail-on: 'hihg' is not one of its values\n  did you",
        ),
        (("check", "--replay", "good.jsonl", "--jobs", "0"), "--jobs: '0' is not a whole number of at least 1"),
        (("check", "--replay", "good.jsonl", "-o", "json", "-o", "table"), "only one output can go to stdout"),
        (("check", "--replay", "good.jsonl", "-o", "json=a", "-o", "junit=a"), "two outputs would be written to a"),
        (("check", "--replay", "good.jsonl", "--region", "eu-west-1"), "--region asks AWS, --replay does not"),
        (("check", "--replay", "nothing.jsonl"), "nothing.jsonl: can't be read as a ledger"),
        (("check", "--replay", "policy.yaml"), "policy.yaml:1: not a ledger line"),
        (("check", "--replay", "good.jsonl", "--exclude", "nope"), "nothing to exclude"),
        (("check", "--replay", "good.jsonl", "--tag", "nope"), "no selected policy has the tag 'nope'"),
        (("check", "--external-id", "x"), "--external-id is for a role"),
        (("check", "superfluous"), "superfluous argument 'superfluous'"),
        (("checks", "explain", "bucket-object-lok"), "'bucket-object-lok'\n  did you mean 'bucket-object-lock'?"),
        (("convert", "policy.yaml"), "policy.yaml: not JSON"),
        (("convert", "none.json"), "none.json: can't be read"),
        (("policy", "lint", "no-such-folder/"), "no-such-folder: no such file or folder"),
        (("iam-policy", "--format", "yaml"), "unknown FORMAT 'yaml'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_word_on_the_command_line(
    here: Path,
    arguments: tuple[str, ...],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """What is wrong, and what was probably meant."""
    monkeypatch.chdir(here)
    code = main(arguments)
    out, err = capfd.readouterr()
    assert (code, out) == (2, "")
    assert expected in err
    assert "Traceback" not in err


def test_a_crash_is_no_verdict(here: Path, broken_plugin: Path) -> None:
    """Whatever nobody foresaw is exit code 2 in one line; TRAILWARDEN_DEBUG=1 adds the traceback."""
    (here / "policy.yaml").write_text("id: x\ncheck: broken-check\n", encoding="utf-8")
    given = ("check", "--policy", "policy.yaml", "--replay", "good.jsonl")
    quiet = run(*given, cwd=here, env={"PYTHONPATH": str(broken_plugin)})
    loud = run(*given, cwd=here, env={"PYTHONPATH": str(broken_plugin), "TRAILWARDEN_DEBUG": "1"})
    assert (quiet.returncode, loud.returncode) == (2, 2)
    assert quiet.stderr.startswith("trailwarden: internal error: ZeroDivisionError: ")
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr


def test_messages_show_no_control_characters(here: Path) -> None:
    """A name can't speak to the terminal."""
    found = run("check", "--policy", "x\x1b[2Jy", cwd=here)
    assert found.returncode == 2
    assert "\x1b" not in found.stderr
    assert r"\x1b[2Jy" in found.stderr


def test_this_python_is_the_one_that_is_tested() -> None:
    """The console script belongs to the environment that runs the tests."""
    assert Path(sys.executable).with_name("trailwarden").is_file()
