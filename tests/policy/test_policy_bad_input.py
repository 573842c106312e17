"""Every mistake in a policy file, as a pair of files: the input, and exactly what is said about it."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from trailwarden.contract import Check
from trailwarden.errors import PolicyError
from trailwarden.policy.select import select

BAD = Path(__file__).parent / "data" / "bad"
CASES = sorted(path.stem for path in BAD.glob("*.yaml"))


def message(checks: Mapping[str, Check], name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(BAD)
    with pytest.raises(PolicyError) as caught:
        select([f"./{name}.yaml"], checks=checks)
    return str(caught.value)


@pytest.mark.parametrize("name", CASES)
def test_message(name: str, checks: Mapping[str, Check], monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names file, line, column and what to do, all mistakes at once, each in at most three lines."""
    said = message(checks, name, monkeypatch)
    expected = BAD / f"{name}.txt"
    if os.environ.get("REWRITE_EXPECTED"):
        expected.write_text(said + "\n", encoding="utf-8")
    assert said + "\n" == expected.read_text(encoding="utf-8")


def test_every_expectation_has_an_input() -> None:
    """A file that nothing reads would look like a tested case."""
    assert sorted(path.stem for path in BAD.glob("*.txt")) == CASES
