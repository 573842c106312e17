"""A policy after loading: names resolved, parameters typed, every node knowing its place in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from trailwarden.contract import Check
from trailwarden.facts.base import Subject
from trailwarden.model import Json, Severity


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands. Lines and columns start at 1; the end is the last line and the column after the last character."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, eq=False)
class CheckNode:
    """One check with its parameters."""

    check: Check
    params: Any
    place: Place
    subject: type[Subject]
    """What is judged: the policy's subject, or something it points to. A key of ``check.judges``."""
    name: str = ""
    """The id as the policy writes it; not the check's where that is a former one."""


@dataclass(frozen=True, slots=True, eq=False)
class AllOf:
    """Every part must hold."""

    parts: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    """One part must hold."""

    parts: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Not:
    """The part must not hold."""

    part: Node
    place: Place


Node = CheckNode | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Quantifier:
    """How many of the subjects must satisfy ``require``. ``number`` matters for at_least only."""

    kind: Literal["all", "any", "none", "at_least"] = "all"
    number: int = 1

    def __str__(self) -> str:
        return f"at_least {self.number}" if self.kind == "at_least" else self.kind


@dataclass(frozen=True, slots=True)
class Scope:
    """Accounts (ids or globs) and regions (names, or all) that a policy speaks about."""

    accounts: tuple[str, ...] = ("*",)
    regions: tuple[str, ...] = ("all",)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One assertion over an account."""

    id: str
    title: str
    description: str
    severity: Severity
    owner: str
    tags: tuple[str, ...]
    controls: Mapping[str, tuple[str, ...]]
    """framework_version -> control ids"""
    basis: Mapping[str, str]
    """framework_version -> stated | derived | primary | supporting | mixed, for the mappings that say so"""
    scope: Scope
    subject: type[Subject]
    quantifier: Quantifier
    where: tuple[Node, ...]
    require: tuple[Node, ...]
    on_empty: Literal["fail", "not-applicable"]
    message: str
    remediation: Mapping[str, str]
    place: Place
    snippet: str
    """The policy's own text, first lines."""
    sha256: str
    """Of the policy's canonical content, effective parameters included."""
    pack: str = ""
    """The built-in pack it comes from, or empty."""
    anchor: Place | None = None
    """For a policy outside the user's repository: the line of theirs that selected it."""
    builtin: bool = False
    """Whether its file is one of those that come with trailwarden."""
    params: Mapping[str, Json] = field(default_factory=dict)

    def check_nodes(self) -> tuple[CheckNode, ...]:
        """Return every check of the policy, ``where`` first."""
        found: list[CheckNode] = []

        def visit(node: Node) -> None:
            if isinstance(node, CheckNode):
                found.append(node)
            elif isinstance(node, Not):
                visit(node.part)
            else:
                for part in node.parts:
                    visit(part)

        for node in (*self.where, *self.require):
            visit(node)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A file as it was read. ``name`` is the path as the user gave it, or ``builtin/…``."""

    name: str
    text: str
    builtin: bool
    mark: str = ""
    """The byte-order mark that the text began with."""

    @property
    def data(self) -> bytes:
        """Return the file's own bytes."""
        return (self.mark + self.text).encode()


@dataclass(frozen=True, slots=True)
class Selection:
    """The policies to judge, in order, and those left out with the reason a report must show."""

    policies: tuple[Policy, ...]
    excluded: tuple[tuple[str, str], ...] = ()
    files: tuple[PolicyFile, ...] = ()
    """Every file that was read, for the evidence pack, by name."""
    known: tuple[str, ...] = ()
    """The id of every policy there is, selected or not."""
