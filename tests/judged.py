"""Which test saw which check in which status, and what the rows said: written down while the tests run, and compared with the committed record.

The record (``data/judged.txt``) is what ``docs/controls.md`` and ``test_catalogue.py`` know of the tests. It can't be written by hand, because every run compares it: a file of
tests that ran whole must give exactly its lines, a part of a file no status that they lack. ``make record`` writes it. Each line ends in a fingerprint of messages, observations,
expectations and declared reads: a change that alters no status may still alter the evidence, and no test repeats all of it.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from trailwarden.model import Result
from trailwarden.policy.model import CheckNode, Policy
from trailwarden.registry import checks
from trailwarden.testing import WATCHERS

NAME = "trailwarden_judged"
PATH = Path(__file__).with_name("data") / "judged.txt"

OWN = ("tests/checks/", "tests/integrity/")
"""Where the tests of checks are; what others see of a check is by the way."""

Key = tuple[str, str]
"""A check and a test function."""


@dataclass(frozen=True)
class Entry:
    """What one test function saw of one check."""

    statuses: frozenset[str]
    fingerprint: str

    @classmethod
    def of(cls, rows: set[tuple[str, str]]) -> Entry:
        """Sum up rows, each a status and a hash of what it says."""
        return cls(frozenset(status for status, _ in rows), _short("".join(sorted(said for _, said in rows))))


Record = Mapping[Key, Entry]


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def read(path: Path = PATH) -> dict[Key, Entry]:
    """Return the committed record; empty where there is none."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {(check, test): Entry(frozenset(statuses), said) for check, test, *statuses, said in map(str.split, lines)}


def write(record: Record, path: Path = PATH) -> None:
    """Write a record, one line for each check and test."""
    lines = (" ".join((*key, shown(entry))) for key, entry in sorted(record.items()))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def file_of(test: str) -> str:
    """Return the file of a test or test function."""
    return test.partition("::")[0]


class Watch:
    """One session: what its tests saw, which of them there are, and which ran. A pytest plugin, also in the workers of xdist."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.seen: dict[Key, set[tuple[str, str]]] = {}
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
        found: set[tuple[str, str, str]] = set()

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
        if report.when != "call" or not report.passed or not report.nodeid.startswith(OWN):
            return
        self.passed.add(report.nodeid)
        function = report.nodeid.partition("[")[0]
        for name, rows in report.user_properties:
            for check, status, said in rows if name == NAME else ():  # type: ignore[attr-defined] # pytest says object
                self.seen.setdefault((check, function), set()).add((status, said))

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
        """Return what the record lacks of what was seen, and where a whole file showed something else."""
        whole = self.whole_files()
        found = []
        for key in sorted({*record, *self.seen}):
            old, new = record.get(key), Entry.of(self.seen[key]) if key in self.seen else None
            lacking = set() if new is None else new.statuses - (old.statuses if old else set())
            if lacking or (file_of(key[1]) in whole and old != new):
                found += [f"{sign} {' '.join(key)} {shown(entry)}" for sign, entry in (("-", old), ("+", new)) if entry]
        return found

    def updated(self, record: Record) -> Record:
        """Return the record with what was seen: in place of the lines of a whole file or of one that is gone, in addition to a part's."""
        whole = self.whole_files()
        result = {
            key: entry
            for key, entry in record.items()
            if file_of(key[1]) not in whole and (self.config.rootpath / file_of(key[1])).exists()
        }
        for key, rows in self.seen.items():
            new, old = Entry.of(rows), result.get(key)
            result[key] = Entry(old.statuses | new.statuses, old.fingerprint) if old else new
        return result


def shown(entry: Entry) -> str:
    """Return an entry as a line of the record has it."""
    return " ".join((*sorted(entry.statuses), entry.fingerprint))


def judged(policy: Policy, rows: Sequence[Result]) -> Iterator[tuple[str, str, str]]:
    """Yield the built-in check that a policy is about, with status and fingerprint of each row; nothing for a policy that is more than one check."""
    match policy.require:
        case [CheckNode(check=check, params=params)] if (
            not policy.where and checks().get(check.id) is check and not check.distribution
        ):
            reads = sorted(item.qualified for item in check.reads(params))
            for row in rows:
                said = (row.message, row.observed, row.expected, row.notes, reads)
                yield check.id, row.status.value, _short(json.dumps(said, sort_keys=True, default=str))
