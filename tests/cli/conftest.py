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
