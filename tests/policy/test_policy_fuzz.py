"""Whatever stands in a policy file, the loader either loads it or says what is wrong: never anything else, never for long."""

import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.cli_kit import SCRIPT, environment

from trailwarden.config import read_config
from trailwarden.contract import Check
from trailwarden.errors import PolicyError, Problem, UsageError
from trailwarden.policy.select import select
from trailwarden.policy.waivers import load_waivers
from trailwarden.policy.yamltext import MAX_BYTES, MAX_NODES, Source, parse
from trailwarden.policytests.cases import load_cases

CORPUS = sorted((Path(__file__).parent / "data").rglob("*.yaml"))
TOKENS = [
    *(
        "id: ",
        "check: ",
        "with: ",
        "kind: Policy\n",
        "apiVersion: trailwarden/v1\n",
        "metadata: {id: a}\n",
        "require:\n",
    ),
    *("- ", "  - ", "? ", ": ", "{", "}", "[", "]", ", ", "\n", "\n  ", "---\n", "...\n", "%YAML 1.2\n", "# c\n"),
    *("&a ", "*a", "<<: ", "!!str ", "!x ", "|\n  ", ">-\n", "'", '"', "${params.x}", "{subject.name}", "null", "~"),
    *(
        "bucket-not-public",
        "any_of: ",
        "not: ",
        "0o7",
        "1e9",
        ".nan",
        "\t",
        "\ufeff",
        "\u2028",
        "é",
        "\U0001f600",
        "\x00",
    ),
]


PATIENCE = 2.0
"""Seconds of processor time, not of the clock, after which the loader counts as hung: a busy machine changes nothing."""


@contextmanager
def patience() -> Iterator[None]:
    """Fail when what is inside never ends."""

    def give_up(_number: int, _frame: object) -> None:
        raise TimeoutError(f"still reading after {PATIENCE} s of processor time")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def load(text: bytes, folder: Path, checks: Mapping[str, Check], *, only: int = 4) -> None:
    path = folder / "fuzz.yaml"
    path.write_bytes(text)
    for read in readers(path, checks)[:only]:
        judge(read, path)


def readers(path: Path, checks: Mapping[str, Check]) -> list[Callable[[], object]]:
    """Everything that reads files which people write."""
    return [
        lambda: select([str(path)], checks=checks),
        lambda: load_waivers([path]),
        lambda: load_cases([path], checks),
        lambda: read_config(path),
    ]


def judge(read: Callable[[], object], path: Path) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        with patience():
            read()
    except PolicyError as error:
        problems = error.problems or (Problem("none", 0, 0, ""),)
    except UsageError:
        return
    for problem in problems:
        assert problem.file == str(path)
        assert problem.message
        assert str(problem).count("\n") <= 2


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(TOKENS), max_size=30).map("".join))
def test_tokens_of_yaml(tmp_path: Path, checks: Mapping[str, Check], text: str) -> None:
    """Pieces of YAML and of policies in any order."""
    load(text.encode(), tmp_path, checks)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_any_bytes(tmp_path: Path, checks: Mapping[str, Check], data: bytes) -> None:
    """Bytes that are no text at all."""
    load(data, tmp_path, checks)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(CORPUS).map(lambda path: path.read_bytes()),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 20), st.sampled_from(TOKENS).map(str.encode)), max_size=4),
)
def test_damaged_files(
    tmp_path: Path, checks: Mapping[str, Check], text: bytes, damage: list[tuple[int, int, bytes]]
) -> None:
    """Every file of the corpus with a few places cut out and overwritten."""
    for start, length, insert in damage:
        at = start % (len(text) + 1)
        text = text[:at] + insert + text[at + length :]
    load(text, tmp_path, checks)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        '"' + "\\u00e9" * 100_000 + '"',
        "k: |\n" + "  line\n" * 100_000,
        "? " * 100_000,
        "!" * 100_000,
        "&" * 100_000,
        "'" * 100_000,
        "\n" * 1_000_000,
        "# comment\n" * 90_000,
        "{a: 1}\n---\n" * 20_000,
        "a: b\n" * 20_000,
        "".join(f"k{number}: 1\n" for number in range(45_000)),
        "apiVersion: trailwarden/v1\nkind: PolicyTest\ntests:\n"
        + "".join(f"- {{policy: x{number}, name: n, given: g, expect: PASS}}\n" for number in range(11_000)),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_large_hostile_files(text: str, tmp_path: Path, checks: Mapping[str, Check]) -> None:
    """They are refused like small ones; how long that takes is measured in benchmarks/policies.py."""
    assert len(text.encode()) <= MAX_BYTES
    load(text.encode(), tmp_path, checks)


def test_memory_stays_bounded(tmp_path: Path, checks: Mapping[str, Check]) -> None:
    """A quarter of a full file takes less than a quarter of 120 MB."""
    tracemalloc.start()
    try:
        load(b"- {id: X, chek: y}\n" * (MAX_NODES // 20), tmp_path, checks, only=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30_000_000


@pytest.mark.parametrize("content", [b"- {id: a, check: bucket-exists}\n", b"[", b"\x80", b"'"])
def test_ten_megabytes_cost_no_memory(content: bytes, tmp_path: Path) -> None:
    """The whole program stays below 200 MB, whatever fills a file of 10 MB."""
    path = tmp_path / "large.yaml"
    path.write_bytes(content * (10_000_000 // len(content)))
    # A small process between, for a child begins with its parent's peak, and that of the test runner is large.
    between = "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    found = subprocess.run(
        [sys.executable, "-c", between, SCRIPT, "policy", "lint", path],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert found.stderr == f"{path}: 10.0 MB; a file may have 1024 KiB; split it into several\n"
    code, peak = map(int, found.stdout.split())
    assert code == 2
    assert peak < 200_000  # in KiB, on Linux


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_positions_lie_inside_the_text(text: str) -> None:
    """Every position that is reported exists: the line does, and the column is at most one after its end."""
    source = Source("f", text)
    nodes, problems = parse(source)
    places = [(node.line, node.column) for node in nodes] + [(item.line, item.column) for item in problems if item.line]
    for line, column in places:
        assert 1 <= line <= len(source.lines)
        assert 1 <= column <= len(source.lines[line - 1]) + 1
