"""Files and folders of policies: which documents they hold, of which kind, and whether their structure is right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from trailwarden.errors import PolicyError, Problem
from trailwarden.facts import SUBJECTS
from trailwarden.policy.schema import API_VERSION, policy_schema, set_schema, short_schema, tests_schema, waivers_schema
from trailwarden.policy.structure import Structure, describe
from trailwarden.policy.yamltext import Node, Source, parse, read_source
from trailwarden.registry import did_you_mean

Kind = Literal["Policy", "PolicySet", "Waivers", "PolicyTest", "Short"]

KINDS: tuple[Kind, ...] = ("Policy", "PolicySet", "Waivers", "PolicyTest")
SUFFIXES = (".yaml", ".yml")
MAX_PROBLEMS = 50
"""Looked for in one file; one that is wrong throughout is not read to its end."""


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A document whose structure is right."""

    kind: Kind
    node: Node

    @property
    def id(self) -> str:
        """Return its id."""
        node = self.node if self.kind == "Short" else self.node.items["metadata"]  # type: ignore[call-overload]  # a mapping, says the schema
        return str(node.data["id"])

    @property
    def id_node(self) -> Node:
        """Return where its id stands."""
        return self.node.at(["id"] if self.kind == "Short" else ["metadata", "id"])

    @property
    def source(self) -> Source:
        """Return the file it stands in."""
        return self.node.source


@dataclass(slots=True)
class Documents:
    """What a number of files hold, in the order of the files; ``problems`` is empty when all of it can be used."""

    policies: dict[str, Document] = field(default_factory=dict)
    sets: dict[str, Document] = field(default_factory=dict)
    waivers: list[Document] = field(default_factory=list)
    tests: list[Document] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, source: Source) -> None:
        """Read one file's text into documents."""
        self.sources.append(source)
        nodes, problems = parse(source)
        for document, found in (item for node in nodes for item in _documents(node, trusted=source.builtin)):
            problems.extend(found)
            if document is not None:
                problems.extend(self._keep(document))
            if len(problems) > MAX_PROBLEMS:
                break
        self.problems.extend(limited(problems))

    def _keep(self, document: Document) -> list[Problem]:
        if document.kind in ("Waivers", "PolicyTest"):
            (self.waivers if document.kind == "Waivers" else self.tests).append(document)
            return []
        first = self.policies.get(document.id) or self.sets.get(document.id)
        if first is not None:
            place = first.id_node.place
            return [
                document.id_node.problem(
                    f"id {document.id!r} is already used in {place.file}:{place.line}", "ids are unique"
                )
            ]
        (self.sets if document.kind == "PolicySet" else self.policies)[document.id] = document
        return []


def limited(problems: list[Problem]) -> list[Problem]:
    """Return problems in order, without repetitions, cut where nobody reads on."""
    ordered = sorted(dict.fromkeys(problems))
    if len(ordered) <= MAX_PROBLEMS:
        return ordered
    last = ordered[MAX_PROBLEMS - 1]
    return [*ordered[:MAX_PROBLEMS], Problem(last.file, last.line, last.column + 1, "and more problems after this one")]


def read_documents(paths: Iterable[Path]) -> Documents:
    """Read files, and folders with all that is below them. What is wrong is collected, so that all of it can be told at once."""
    documents = Documents()
    seen: set[Path] = set()
    for path in paths:
        try:
            files = policy_files(path)
        except PolicyError as error:
            documents.problems.extend(error.problems)
            continue
        for file in files:
            if file.resolve() in seen:
                continue
            seen.add(file.resolve())
            try:
                documents.add(read_source(file))
            except PolicyError as error:
                documents.problems.extend(error.problems)
    return documents


def policy_files(path: Path, *, tests: bool = False) -> list[Path]:
    """Return a file itself, or the YAML files of a folder by name, hidden ones left out: policies, or tests of policies (``*_test.yaml``).

    Raises:
        PolicyError: there is no such path, or the folder holds no policy file.
    """
    if not path.is_dir():
        if not path.exists():
            raise PolicyError([Problem(str(path), 0, 0, "no such file or folder")])
        return [path]
    inside = (item for item in path.rglob("*") if item.suffix in SUFFIXES and item.is_file())
    files = sorted(
        item
        for item in inside
        if item.stem.endswith("_test") is tests
        and not any(part.startswith(".") for part in item.relative_to(path).parts)
    )
    if not files and not tests:
        raise PolicyError([Problem(str(path), 0, 0, "the folder holds no .yaml file")])
    return files


def _documents(node: Node, *, trusted: bool) -> Iterator[tuple[Document | None, list[Problem]]]:
    if isinstance(node.data, list):
        if not node.data:
            yield None, [node.problem("the list is empty", "it should hold policies")]
        for item in node.elements():
            yield _listed(item, trusted=trusted)
    elif not isinstance(node.data, dict):
        yield None, [node.problem(f"expected a policy, got {describe(node.data, node)}")]
    elif "kind" in node.data or "apiVersion" in node.data:
        yield _full(node, trusted=trusted)
    elif "metadata" in node.data or "require" in node.data or "include" in node.data:
        kind = "PolicySet" if "include" in node.data else "Policy"
        hint = f"begin with apiVersion: {API_VERSION} and kind: {kind}"
        yield None, [node.problem("missing keys 'apiVersion' and 'kind'", hint)]
    else:
        yield _document(node, "Short", trusted=trusted)


def _listed(node: Node, *, trusted: bool) -> tuple[Document | None, list[Problem]]:
    if node.get("apiVersion") is not None or node.get("kind") is not None:
        return None, [
            node.problem("a list holds short policies", "put a full one into a document of its own, after ---")
        ]
    return _document(node, "Short", trusted=trusted)


def _full(node: Node, *, trusted: bool) -> tuple[Document | None, list[Problem]]:
    kind = node.get("kind")
    if kind is None:
        return None, [node.problem("missing key 'kind'", f"one of: {', '.join(KINDS)}")]
    for known in KINDS:
        if kind.data == known:
            return _document(node, known, trusted=trusted)
    return None, [kind.problem(f"unknown kind {kind.raw or describe(kind.data)!r}", did_you_mean(kind.raw, KINDS))]


def _document(node: Node, kind: Kind, *, trusted: bool) -> tuple[Document | None, list[Problem]]:
    # Built-in files are compared with the schema by the tests, not again in every run.
    problems = [] if trusted else structure(kind).problems(node)
    return (None, problems) if problems else (Document(kind, node), [])


@cache
def structure(kind: Kind) -> Structure:
    """Return the compiled schema of a kind of document."""
    schemas: dict[Kind, Callable[[], dict[str, Any]]] = {
        "Policy": lambda: policy_schema(SUBJECTS),
        "PolicySet": set_schema,
        "Waivers": waivers_schema,
        "PolicyTest": tests_schema,
        "Short": short_schema,
    }
    return Structure(schemas[kind]())
