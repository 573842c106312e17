"""Which test saw which check in which status: written down while the tests run, and compared with the committed record.

The record (``data/judged.txt``) is what ``docs/controls.md`` and ``test_catalogue.py`` know of the tests. It can't be written by hand, because every run compares it: a file of
tests that ran whole must give exactly its lines, a part of a file nothing that they lack. ``pytest --record-judged`` writes it instead.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from trailwarden.model import Result
from trailwarden.policy.model import CheckNode, Policy
from trailwarden.registry import checks
from trailwarden.testing import WATCHERS

NAME = "trailwarden_judged"
PATH = Path(__file__).with_name("data") / "judged.txt"

Record = Mapping[tuple[str, str], frozenset[str]]
"""(check, test function) -> statuses"""


def read(path: Path = PATH) -> dict[tuple[str, str], frozenset[str]]:
    """Return the committed record; empty where there is none."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {(check, test): frozenset(statuses) for check, test, *statuses in map(str.split, lines)}


def write(record: Record, path: Path = PATH) -> None:
    """Write a record, one line for each check and test."""
    lines = (" ".join((*key, *sorted(statuses))) for key, statuses in sorted(record.items()))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def file_of(test: str) -> str:
    """Return the file of a test or test function."""
    return test.partition("::")[0]


class Watch:
    """One session: what its tests saw, which of them there are, and which ran. A pytest plugin, also in the workers of xdist."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.seen: dict[tuple[str, str], frozenset[str]] = {}
        self.collected: set[str] = set()
        self.passed: set[str] = set()
        self.news: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Remember which tests the files hold, before a filter takes some away. One that was asked for by its id says nothing of its file."""
        named = {Path(argument.partition("::")[0]).name for argument in self.config.args if "::" in argument}
        self.collected = {item.nodeid for item in items if item.path.name not in named}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Note what one test judges. What a random example gives is no property of the test."""
        found: set[tuple[str, str]] = set()

        def watcher(policy: Policy, rows: Sequence[Result]) -> None:
            found.update(judged(policy, rows))

        WATCHERS.append(watcher)
        try:
            yield
        finally:
            WATCHERS.remove(watcher)
            if not getattr(getattr(item, "function", None), "is_hypothesis_test", False):
                item.user_properties.append((NAME, sorted(found)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what a test that passed has seen; with xdist the reports of all workers reach the controller."""
        if report.when != "call" or not report.passed:
            return
        self.passed.add(report.nodeid)
        function = report.nodeid.partition("[")[0]
        for name, pairs in report.user_properties:
            for check, status in pairs if name == NAME else ():  # type: ignore[attr-defined] # pytest says object
                key = (check, function)
                self.seen[key] = self.seen.get(key, frozenset()) | {status}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker of xdist collected: the controller collects nothing itself."""
        self.collected.update(getattr(node, "workeroutput", {}).get(NAME, ()))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Compare with the record, or write it."""
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput[NAME] = sorted(self.collected)
        elif self.config.option.record_judged:
            write(self.updated(read()))
        elif exitstatus == pytest.ExitCode.OK and not self.config.option.collectonly:
            self.news = self.differences(read())
            session.exitstatus = pytest.ExitCode.TESTS_FAILED if self.news else exitstatus

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what differs."""
        if self.news:
            terminalreporter.section("tests/data/judged.txt differs: run `make record` and commit it")
            for line in self.news[:40]:
                terminalreporter.write_line(line)

    def whole_files(self) -> set[str]:
        """Return the files of which every test ran and passed."""
        return {file_of(test) for test in self.collected} - {file_of(test) for test in self.collected - self.passed}

    def differences(self, record: Record) -> list[str]:
        """Return what the record lacks of what was seen, and what it holds that a whole file did not show."""
        new = {(*key, status) for key, statuses in self.seen.items() for status in statuses}
        old = {(*key, status) for key, statuses in record.items() for status in statuses}
        whole = self.whole_files()
        gone = {line for line in old - new if file_of(line[1]) in whole}
        return [f"- {' '.join(line)}" for line in sorted(gone)] + [f"+ {' '.join(line)}" for line in sorted(new - old)]

    def updated(self, record: Record) -> Record:
        """Return the record with what was seen: in place of the lines of a whole file or of one that is gone, in addition to a part's."""
        whole = self.whole_files()
        root = self.config.rootpath
        kept = {
            key: statuses
            for key, statuses in record.items()
            if file_of(key[1]) not in whole and (root / file_of(key[1])).exists()
        }
        return {key: kept.get(key, frozenset()) | self.seen.get(key, frozenset()) for key in {*kept, *self.seen}}


def judged(policy: Policy, rows: Sequence[Result]) -> Iterator[tuple[str, str]]:
    """Yield the built-in check that a policy is about with each status it gave; nothing for a policy that is more than one check."""
    match policy.require:
        case [CheckNode(check=check)] if (
            not policy.where and checks().get(check.id) is check and not check.distribution
        ):
            yield from ((check.id, row.status.value) for row in rows)
