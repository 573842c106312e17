"""The exit-code table, row by row, through the installed program."""

from pathlib import Path

import pytest
from tests.cli.cli_kit import run
from tests.reporters import report_builder as build

from trailwarden.report import Gate, exit_code


@pytest.mark.parametrize(
    ("world", "options", "code"),
    [
        ("good", (), 0),
        ("bad", (), 1),
        ("blind", (), 3),
        ("half-blind", (), 1),
        ("bad", ("--fail-on", "high"), 1),
        ("bad", ("--fail-on", "critical"), 0),
        ("half-blind", ("--fail-on", "critical"), 3),
        ("blind", ("--on-error", "pass"), 0),
        ("half-blind", ("--on-error", "pass"), 1),
        ("bad", ("--soft-fail",), 0),
        ("blind", ("--soft-fail",), 0),
    ],
)
def test_exit_code_of_a_verdict(here: Path, world: str, options: tuple[str, ...], code: int) -> None:
    """0 decided and clean, 1 a failure at the gate, 3 undecided; 1 wins over 3, and --soft-fail makes 0 of both."""
    found = run("check", "--policy", "policy.yaml", "--replay", f"{world}.jsonl", *options, cwd=here)
    assert found.returncode == code, found.stderr
    assert f"exit code {code}: " in found.stdout
    assert found.stderr == ""


def test_the_summary_names_failures_and_errors_together(here: Path) -> None:
    """Exit code 1 hides no error."""
    found = run("check", "--policy", "policy.yaml", "--replay", "half-blind.jsonl", cwd=here)
    assert "exit code 1: 1 failed at or above low, 1 could not be evaluated" in found.stdout


def test_soft_fail_never_hides_that_there_is_no_verdict(here: Path) -> None:
    (here / "policy.yaml").write_text("id: x\ncheck: no-such-check\n", encoding="utf-8")
    found = run("check", "--policy", "policy.yaml", "--replay", "good.jsonl", "--soft-fail", cwd=here)
    assert found.returncode == 2
    assert found.stdout == ""


@pytest.mark.parametrize("shown", [("-o", "json"), ("-o", "junit=a.xml", "-o", "sarif=b.sarif"), ("-o", "markdown")])
def test_the_code_does_not_depend_on_formats(here: Path, shown: tuple[str, ...]) -> None:
    """The verdict is the results', whatever is shown of it."""
    found = run("check", "--policy", "policy.yaml", "--replay", "bad.jsonl", *shown, cwd=here)
    assert found.returncode == 1
    assert found.stderr == "trailwarden: exit code 1: 1 failed at or above low\n"


def test_what_is_out_of_scope_is_decided(here: Path) -> None:
    """A policy that leaves the account out says so in the report; that is no gap."""
    (here / "policy.yaml").write_text(
        "apiVersion: trailwarden/v1\nkind: Policy\nmetadata: {id: elsewhere}\nscope: {accounts: ['000000000000']}\n"
        "require:\n  - check: trail-log-file-validation\n",
        encoding="utf-8",
    )
    found = run("check", "--policy", "policy.yaml", "--replay", "good.jsonl", cwd=here)
    assert found.returncode == 0
    assert "outside the policy's scope" in found.stdout


def test_a_report_of_nothing_is_undecided() -> None:
    """Whoever evaluated nothing has not shown that all is well."""
    empty = build.report((), ())
    assert exit_code(empty, Gate()) == 3
    assert exit_code(empty, Gate(soft_fail=True)) == 0
