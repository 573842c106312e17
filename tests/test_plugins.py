"""Other people's checks and reporters: the example distribution of CONTRIBUTING.md, installed beside trailwarden."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parent / "data" / "example_plugin"
Run = Callable[..., subprocess.CompletedProcess[str]]


def install(target: Path, project: str) -> None:
    """Lay a project's modules and metadata into a folder as an installer does."""
    config = tomllib.loads(project)["project"]
    for module in EXAMPLE.glob("*.py"):
        shutil.copy(module, target)
    info = target / f"{config['name'].replace('-', '_')}-{config['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {config['name']}\nVersion: {config['version']}\n")
    lines = [
        line
        for group, points in config["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def project() -> str:
    """The example's pyproject.toml."""
    return (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")


@pytest.fixture
def beside(tmp_path: Path) -> Run:
    """Run a command of this environment with what is installed in `tmp_path` beside it."""

    def run(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = str(Path(sys.executable).with_name(command))
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(
            [program, *arguments],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def test_the_examples_own_tests_pass(tmp_path: Path, project: str, beside: Run) -> None:
    """The public test kit finds a plugin's check and judges it with the real engine."""
    install(tmp_path, project)
    run = beside("pytest", "-q", "-p", "no:cacheprovider", "test_trail_logging_since.py")
    assert "4 passed" in run.stdout, run.stdout + run.stderr


def test_a_plugins_check_is_listed_and_explained(tmp_path: Path, project: str, beside: Run) -> None:
    """A plugin's check stands beside the built-in ones, and says where it comes from."""
    install(tmp_path, project)
    listed = beside("trailwarden", "checks", "list")
    assert listed.returncode == 0, listed.stderr
    assert "trail-log-file-validation" in listed.stdout
    [line] = [line for line in listed.stdout.splitlines() if "trail-logging-since" in line]
    assert "trailwarden-acme 1.0" in line
    explained = beside("trailwarden", "checks", "explain", "trail-logging-since")
    assert "alarm on `StopLogging`" in explained.stdout


def test_an_id_that_exists_already_is_refused(tmp_path: Path, project: str, beside: Run) -> None:
    """A plugin can't replace a check in silence: the run ends before anything is judged."""
    install(tmp_path, project)
    install(tmp_path, project.replace('name = "trailwarden-acme"', 'name = "trailwarden-other"'))
    run = beside("trailwarden", "checks", "list")
    assert run.returncode == 2
    assert "trail-logging-since" in run.stderr


def test_a_plugin_that_does_not_load_is_named(tmp_path: Path, project: str, beside: Run) -> None:
    """A broken plugin ends the run with its name: a policy that relies on it must not vanish."""
    install(tmp_path, project.replace('"trail_logging_since"\n', '"no_such_module"\n'))
    run = beside("trailwarden", "checks", "list")
    assert run.returncode == 2
    assert "no_such_module" in run.stderr
    assert "Traceback" not in run.stderr


def test_without_the_plugin_its_check_is_unknown(beside: Run) -> None:
    """What the tests above find comes from the plugin."""
    assert "trail-logging-since" not in beside("trailwarden", "checks", "list").stdout
