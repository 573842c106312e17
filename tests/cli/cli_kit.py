"""Runs the installed program, and ledgers small enough to judge in a blink."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from trailwarden.facts.base import closure
from trailwarden.plan import Plan
from trailwarden.policy.model import Selection
from trailwarden.registry import get_check
from trailwarden.scan import read_facts
from trailwarden.testing import World

SCRIPT = Path(sys.executable).with_name("trailwarden")
POLICY = "id: validation\ncheck: trail-log-file-validation\nseverity: high\n"
Run = subprocess.CompletedProcess[str]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The machine's variables without its AWS, colour and trailwarden settings."""
    foreign = ("AWS_", "TRAILWARDEN_", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "TERM")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **nowhere, "AWS_EC2_METADATA_DISABLED": "true", **(extra or {})}


def run(*arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None, stdin: str = "") -> Run:
    """Run ``trailwarden`` and return what it printed and its exit code."""
    command: Sequence[str] = [str(SCRIPT), *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=environment(env), input=stdin, capture_output=True, text=True, check=False, timeout=120
    )


def record(world: World, path: Path, *, checks: Sequence[str] = ("trail-log-file-validation",)) -> Path:
    """Read what some checks need of a world, and write the ledger."""
    account = world.account()
    reads = [fact for name in checks for fact in get_check(name).reads()]
    plan = Plan(Selection(()), tuple(closure([*reads, type(account).trails])))
    read_facts(plan, account, jobs=1)
    world.ledger().write(path)
    return path


def good() -> World:
    """One healthy trail."""
    world = World()
    world.add_trail("main")
    return world


def bad() -> World:
    """One trail without log file validation."""
    world = World()
    world.add_trail("main", LogFileValidationEnabled=False)
    return world


def blind() -> World:
    """Nothing can be listed."""
    world = World()
    world.deny("cloudtrail.DescribeTrails")
    return world


def half_blind() -> World:
    """A failure is proven, and one region can't be listed."""
    world = bad()
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    return world


WORLDS = {"good": good, "bad": bad, "blind": blind, "half-blind": half_blind}
