"""Finds the unit tests of policies: ``tests:`` inside a policy, and ``*_test.yaml`` files beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from trailwarden.contract import Check
from trailwarden.errors import PolicyError, Problem, UsageError
from trailwarden.model import Json, ReasonCode
from trailwarden.policy.build import Builder, Override
from trailwarden.policy.document import MAX_PROBLEMS, SUFFIXES, Document, Documents, policy_files, read_documents
from trailwarden.policy.model import Place, Policy
from trailwarden.policy.select import builtin_documents
from trailwarden.policy.yamltext import Node
from trailwarden.registry import did_you_mean


@dataclass(frozen=True, slots=True)
class Expected:
    """What a case expects; empty fields expect nothing."""

    status: str
    reason: str = ""
    message: str = ""
    results: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One unit test. Paths in ``given`` are relative to ``folder``."""

    policy: Policy
    name: str
    given: Mapping[str, Json]
    folder: Path
    expect: Expected
    place: Place


def load_cases(paths: Iterable[Path], checks: Mapping[str, Check]) -> list[Case]:
    """Return every case below some paths, in the order of files.

    Args:
        paths: policy files, test files, or folders of both.
        checks: every known check, by id.

    Raises:
        PolicyError: everything that is wrong with policies or cases, at once.
        UsageError: there is no case at all.
    """
    loader = _Loader(checks)
    for path in paths:
        loader.load(path)
    if loader.problems:
        raise PolicyError(list(dict.fromkeys(loader.problems)))
    if not loader.cases:
        raise UsageError("there are no tests", "add tests: to a policy, or a file that ends in _test.yaml beside it")
    return list(loader.cases.values())


class _Loader:
    def __init__(self, checks: Mapping[str, Check]) -> None:
        self.builder = Builder(checks)
        self.cases: dict[Place, Case] = {}
        self.problems: list[Problem] = []

    def load(self, path: Path) -> None:
        is_test = path.stem.endswith("_test") and path.is_file()
        if not is_test:
            documents = read_documents([path])
            self.problems += documents.problems
            for document in documents.policies.values():
                for node in document.node.list_of("tests"):
                    if len(self.problems) < MAX_PROBLEMS:
                        self._case(document, node)
        tests = [path] if is_test else policy_files(path, tests=True) if path.is_dir() else []
        for file in tests:
            self._file(file)

    def _file(self, file: Path) -> None:
        documents = read_documents([file])
        self.problems += documents.problems
        for document in documents.tests:
            known = self._policies(document, file)
            for node in document.node.list_of("tests"):
                if len(self.problems) >= MAX_PROBLEMS:
                    return
                name = node.text("policy")
                if name in known:
                    self._case(known[name], node)
                else:
                    hint = did_you_mean(name, known)
                    self.problems.append(node.at(["policy"]).problem(f"unknown policy {name!r}", hint))

    def _policies(self, document: Document, file: Path) -> Mapping[str, Document]:
        """Return the policies that a test file speaks of: those it names, else those of its twin, and the built-in ones."""
        beside = [file.with_name(file.stem.removesuffix("_test") + suffix) for suffix in SUFFIXES]
        paths = [path for path in beside if path.exists()]
        if named := document.node.list_of("policies"):
            lost = [node for node in named if not (file.parent / node.data).exists()]
            self.problems += [node.problem(f"no such file or folder: {node.data}") for node in lost]
            paths = [file.parent / node.data for node in named if node not in lost]
        own = read_documents(paths) if paths else Documents()
        self.problems += own.problems
        return {**builtin_documents().policies, **own.policies}

    def _case(self, document: Document, node: Node) -> None:
        params = node.get("params")
        nodes = params.items if params is not None and isinstance(params.items, dict) else {}
        policy, problems = self.builder.build(
            document, Override(None, {name: item.data for name, item in nodes.items()}, nodes)
        )
        self.problems += problems
        given = node.data["given"]
        expect = node.data["expect"]
        wanted = Expected(expect) if isinstance(expect, str) else Expected(**expect)
        if wanted.reason and wanted.reason not in list(ReasonCode):
            at = node.at(["expect", "reason"])
            self.problems.append(
                at.problem(
                    f"unknown reason code {wanted.reason!r}",
                    did_you_mean(wanted.reason, [code.value for code in ReasonCode]),
                )
            )
        if policy is not None:
            inline = {"ledger": given} if isinstance(given, str) else given
            folder = Path(node.source.name).parent
            self.cases[node.place] = Case(policy, node.text("name"), inline, folder, wanted, node.place)
