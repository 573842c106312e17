"""The GitHub action: its own script, run by bash as a runner would, on a recorded account."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from trailwarden.testing import World

ROOT = Path(__file__).resolve().parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in ACTION["runs"]["steps"]}


def expand(text: str, inputs: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: inputs[match[1]], text)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A recorded account with one trail whose log file validation is off."""
    world = World()
    world.add_trail("main", LogFileValidationEnabled=False)
    account = world.account()
    for region in account.regions:
        assert region.name
    assert [trail.name for trail in account.trails] == ["main"]
    path = tmp_path / "ledger.jsonl"
    world.ledger().write(path)
    return path


def run_check(folder: Path, **given: str) -> tuple[int, dict[str, str]]:
    """Run the action's check step and return its exit code and outputs."""
    inputs = {name: spec["default"] for name, spec in ACTION["inputs"].items()} | given
    step = STEPS["check"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {name: expand(text, inputs) for name, text in step["env"].items()}
    environment |= {"RUNNER_TEMP": str(folder), "GITHUB_OUTPUT": str(folder / "output")}
    (folder / "trailwarden").mkdir()
    (folder / "trailwarden" / "bin").symlink_to(Path(sys.executable).parent)
    # As the runner starts `shell: bash`.
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    run = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, check=False, timeout=120)
    lines = (folder / "output").read_text(encoding="utf-8").splitlines()
    return run.returncode, dict(line.split("=", 1) for line in lines)


def test_a_failure_ends_the_step_after_everything_is_written(tmp_path: Path, ledger: Path) -> None:
    """The step fails with the verdict's code, says it, and every promised file is there."""
    policy = tmp_path / "my policy.yaml"
    policy.write_text("id: validation-on\ncheck: trail-log-file-validation\nseverity: high\n", encoding="utf-8")
    code, outputs = run_check(tmp_path, policy=str(policy), args=f"--replay\n{ledger}\n")
    assert (code, outputs["exit-code"]) == (1, "1")
    for name in ("results", "sarif", "junit", "markdown"):
        value = ACTION["outputs"][name]["value"].replace("${{ steps.check.outputs.folder }}", outputs["folder"])
        assert (tmp_path / value).stat().st_size > 0


def test_the_gate_is_an_input(tmp_path: Path, ledger: Path) -> None:
    """A failure below `fail-on` does not fail the step."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("id: validation-on\ncheck: trail-log-file-validation\nseverity: low\n", encoding="utf-8")
    arguments = {"policy": str(policy), "args": f"--replay\n{ledger}"}
    assert run_check(tmp_path, **arguments, **{"fail-on": "high"})[0] == 0


def test_no_verdict_is_said_as_such(tmp_path: Path) -> None:
    """Code 2 tells the workflow to upload nothing."""
    code, outputs = run_check(tmp_path, policy="no-such-pack")
    assert (code, outputs["exit-code"]) == (2, "2")


def test_inputs_reach_scripts_as_variables_only() -> None:
    """An expression inside a script would let an input become a command."""
    assert [step["id"] for step in STEPS.values() if "${{" in step["run"]] == []
