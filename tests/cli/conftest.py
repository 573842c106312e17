"""A folder with one policy and a ledger for each kind of account."""

from pathlib import Path

import pytest
from tests.cli.cli_kit import POLICY, WORLDS, record


@pytest.fixture(scope="session")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ledgers by the name of their world; read-only."""
    folder = tmp_path_factory.mktemp("ledgers")
    for name, world in WORLDS.items():
        record(world(), folder / f"{name}.jsonl")
    return folder


@pytest.fixture
def here(tmp_path: Path, ledgers: Path) -> Path:
    """A working folder with ``policy.yaml`` and the ledgers beside it."""
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    for path in ledgers.iterdir():
        (tmp_path / path.name).symlink_to(path)
    return tmp_path


@pytest.fixture(scope="session")
def broken_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed distribution with a reporter and a check that crash."""
    folder = tmp_path_factory.mktemp("plugin")
    about = folder / "broken-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(
        "[trailwarden.reporters]\nbroken = broken_reporter\n[trailwarden.checks]\nbroken = broken_check\n",
        encoding="utf-8",
    )
    (folder / "broken_reporter.py").write_text(
        "from trailwarden import reporter\n"
        "@reporter(suffix='.txt', media_type='text/plain')\n"
        "def broken_reporter(report, options):\n"
        "    'Crashes.'\n"
        "    return 1 / 0\n",
        encoding="utf-8",
    )
    (folder / "broken_check.py").write_text(
        "from trailwarden import check\n"
        "from trailwarden.facts import Trail\n"
        "@check(Trail, reads_if=[(lambda params: 1 / 0, [Trail.status])])\n"
        "def broken_check(trail):\n"
        "    'Crashes.\\n\\n    Why: to see what happens.\\n\\n    Fix: none.'\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture(scope="session")
def renaming_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed distribution with a check that had another name before."""
    folder = tmp_path_factory.mktemp("renaming")
    about = folder / "renaming-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: renaming\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[trailwarden.checks]\nnew-name = new_name\n", encoding="utf-8")
    (folder / "new_name.py").write_text(
        "from trailwarden import Finding, check, passed\n"
        "from trailwarden.facts import Trail\n"
        "@check(Trail, replaces=['old-name'])\n"
        "def new_name(trail: Trail, params) -> Finding:\n"
        "    'Fine.\\n\\n    Why: a reason.\\n\\n    Fix: none.'\n"
        "    return passed('fine')\n",
        encoding="utf-8",
    )
    return folder
