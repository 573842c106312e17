"""Finds what is right by the schema and still wrong: policies that can't say what they seem to say, and words without effect."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import product
from pathlib import Path
from typing import Literal

from trailwarden.contract import Check
from trailwarden.errors import PolicyError, Problem
from trailwarden.params import to_json
from trailwarden.policy.build import NOTHING, Builder
from trailwarden.policy.document import MAX_PROBLEMS, Document, Documents, read_documents
from trailwarden.policy.expressions import Expression
from trailwarden.policy.model import AllOf, CheckNode, Not, Place, Policy
from trailwarden.policy.model import Node as Requirement
from trailwarden.policy.select import builtin_documents
from trailwarden.policy.sets import Catalogue, Member
from trailwarden.policy.templates import params_named
from trailwarden.policy.waivers import MAX_DAYS, waivers_of
from trailwarden.policy.yamltext import Node, Source
from trailwarden.registry import did_you_mean

Level = Literal["error", "warning"]

RULES: Mapping[str, tuple[Level, str]] = {
    "invalid": ("error", "The file can't be used."),
    "impossible-where": ("error", "No subject can meet `where`, so the policy never speaks about anything."),
    "contradicting-params": ("warning", "One check is required twice with different parameters."),
    "repeated-check": ("warning", "One check is required twice with the same parameters."),
    "any-region": ("warning", "`any` over regions without `where` is satisfied by a single region."),
    "unused-param": ("warning", "A parameter is declared and never used."),
    "unknown-framework": ("warning", "A mapping names a framework that trailwarden does not know."),
    "unknown-control": ("warning", "A mapping names a requirement that trailwarden does not know in this framework."),
    "former-check-id": ("warning", "A check is called by a former id."),
    "repeated-word": ("warning", "A tag or a requirement is given twice."),
    "waiver-for-nothing": ("warning", "A waiver names a policy that does not exist."),
}
"""Every rule with its level and its meaning."""
MAX_ATOMS = 12
"""Different questions in one ``where`` whose combinations are tried; people write three."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement of the text at a place in one line."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. ``edit`` repairs it where that is safe."""

    rule: str
    place: Place
    message: str
    edit: Edit | None = None
    problem: Problem | None = None
    """What the loader says, where a file can't be used."""

    @property
    def level(self) -> Level:
        """Return how bad it is."""
        return RULES[self.rule][0]

    def __str__(self) -> str:
        at = f"{self.place.file}:{self.place.line}:{self.place.column}" if self.place.line else self.place.file
        return f"{at}: {self.level}: {self.message} [{self.rule}]"


def lint(paths: Iterable[Path], checks: Mapping[str, Check], *, max_days: int = MAX_DAYS) -> list[Issue]:
    """Return everything that is wrong or doubtful in policy, set and waiver files, by file and line.

    Args:
        paths: files, or folders with all below them; waivers are held against these and the built-in policies.
        checks: every known check, by id.
        max_days: the longest time from a waiver's approval to its expiry.
    """
    documents = read_documents(paths)
    builder = Builder(checks)
    problems = list(documents.problems)
    issues: list[Issue] = []
    expansions = [Catalogue(builtin_documents(), documents).expand(name) for name in documents.sets]
    problems += [problem for expansion in expansions for problem in expansion.problems]
    members = [member for expansion in expansions for member in expansion.members.values()]
    alone = documents.policies.keys() - {member.document.id for member in members}
    members += [Member(documents.policies[name], NOTHING, documents.policies[name].node, "") for name in sorted(alone)]
    judged: set[str] = set()
    for member in members:
        policy, found = builder.build(member.document, member.override)
        problems += found
        if policy is not None and not policy.builtin and policy.id not in judged:
            judged.add(policy.id)
            issues += _policy(policy, member.document)
    for document in documents.policies.values():
        issues += _words(document, builder)
    if documents.waivers:
        known = [*documents.policies, *builtin_documents().policies]
        issues += _waivers(documents, known, problems, max_days)
    issues += [
        Issue("invalid", _place(item), f"{item.message}; {item.hint}" if item.hint else item.message, problem=item)
        for item in problems
    ]
    return sorted(
        dict.fromkeys(issues), key=lambda item: (item.place.file, item.place.line, item.place.column, item.rule)
    )


def _place(problem: Problem) -> Place:
    return Place(problem.file, problem.line, problem.column, problem.line, problem.column)


def _policy(policy: Policy, document: Document) -> Iterator[Issue]:
    yield from _impossible(policy, document)
    yield from _repeated(policy)
    several = policy.scope.regions == ("all",) or len(policy.scope.regions) > 1
    if policy.subject.kind == "region" and policy.quantifier.kind == "any" and not policy.where and several:
        at = document.node.at(["quantifier"])
        yield Issue(
            "any-region", at.place, "one region of many satisfies this; use all, or say in where which region is meant"
        )
    used = params_named(document.node.data.get("require", [])) | params_named(document.node.data.get("where", []))
    texts = json.dumps(document.node.data, ensure_ascii=False)
    declared = document.node.get("params")
    for key, _ in declared.entries() if declared is not None else []:
        # `params.x` without braces is how expressions and messages name it.
        if key.data not in used and not re.search(rf"\bparams\.{key.data}\b", texts):
            yield Issue("unused-param", key.place, f"parameter {key.data!r} is never used")


def _impossible(policy: Policy, document: Document) -> Iterator[Issue]:
    """Try every combination of answers that the parts of ``where`` may give, as far as those are independent of each other."""
    atoms = dict.fromkeys(_key(atom) for node in policy.where for atom in _atoms(node))
    if not policy.where or len(atoms) > MAX_ATOMS:
        return
    fixed = {
        _key(atom): value for node in policy.where for atom in _atoms(node) if (value := _constant(atom)) is not None
    }
    choices = [(fixed[name],) if name in fixed else (True, False) for name in atoms]
    worlds = (dict(zip(atoms, answers, strict=True)) for answers in product(*choices))
    if not any(all(_holds(node, world) for node in policy.where) for world in worlds):
        yield Issue(
            "impossible-where", document.node.at(["where"]).place, "no subject can meet this: it contradicts itself"
        )


def _atoms(node: Requirement) -> Iterator[CheckNode]:
    if isinstance(node, CheckNode):
        yield node
        return
    for part in (node.part,) if isinstance(node, Not) else node.parts:
        yield from _atoms(part)


def _holds(node: Requirement, answers: Mapping[str, bool]) -> bool:
    if isinstance(node, CheckNode):
        return answers[_key(node)]
    if isinstance(node, Not):
        return not _holds(node.part, answers)
    return (all if isinstance(node, AllOf) else any)(_holds(part, answers) for part in node.parts)


def _constant(node: CheckNode) -> bool | None:
    """Return what an expression says that names no field and no parameter, else None."""
    judge = node.check.judges[node.subject]
    return judge.constant() if isinstance(judge, Expression) else None


def _repeated(policy: Policy) -> Iterator[Issue]:
    seen: dict[str, CheckNode] = {}
    for part in _conjunction(policy.require):
        if not isinstance(part, CheckNode) or part.check.id == "expr":
            continue
        first = seen.setdefault(part.check.id, part)
        if first is part:
            continue
        before = f"is already required in line {first.place.line}"
        if _key(first) == _key(part):
            yield Issue("repeated-check", part.place, f"check {part.check.id!r} {before}")
        else:
            yield Issue("contradicting-params", part.place, f"check {part.check.id!r} {before}, with other parameters")


def _conjunction(nodes: Iterable[Requirement]) -> Iterator[Requirement]:
    for node in nodes:
        if isinstance(node, AllOf):
            yield from _conjunction(node.parts)
        else:
            yield node


def _key(node: CheckNode) -> str:
    return json.dumps([node.check.id, to_json(node.params)], sort_keys=True)


def _words(document: Document, builder: Builder) -> Iterator[Issue]:
    yield from _former_ids(document.node, builder)
    yield from _mappings(document.node.get("mappings"))
    yield from _twice(document.node.at(["metadata"]).list_of("tags"), "tag")


def _former_ids(node: Node, builder: Builder) -> Iterator[Issue]:
    name = node.get("check")
    check = builder.find(name.data) if name is not None and isinstance(name.data, str) else None
    if name is not None and check is not None and check.id != name.data:
        edit = Edit(name.place, check.id) if name.raw == _text_at(name) else None
        yield Issue("former-check-id", name.place, f"{name.data!r} is now called {check.id!r}", edit)
    for _, value in node.entries():
        yield from _former_ids(value, builder)
    for value in node.elements():
        yield from _former_ids(value, builder)


def _text_at(node: Node) -> str:
    return node.source.lines[node.line - 1][node.column - 1 : node.end_column - 1] if node.line == node.end_line else ""


def _mappings(node: Node | None) -> Iterator[Issue]:
    known = known_controls()
    for key, value in node.entries() if node is not None else []:
        lists = [value, *(item for _, item in value.entries())]
        controls = [item for each in lists for item in each.elements()]
        yield from _twice(controls, "requirement")
        if key.data not in known:
            hint = did_you_mean(key.data, known)
            yield Issue("unknown-framework", key.place, f"unknown framework {key.data!r}; {hint}".rstrip("; "))
            continue
        for control in controls:
            if control.data not in known[key.data]:
                hint = did_you_mean(control.data, known[key.data])
                text = f"{key.data} has no requirement {control.data!r} that is known here"
                yield Issue("unknown-control", control.place, f"{text}; {hint}" if hint.startswith("did") else text)


@cache
def known_controls() -> Mapping[str, frozenset[str]]:
    """Return the requirements that the built-in policies are mapped to, by framework."""
    found: dict[str, set[str]] = {}
    for document in builtin_documents().policies.values():
        for framework, value in document.node.data.get("mappings", {}).items():
            lists = value.values() if isinstance(value, dict) else [value]
            found.setdefault(framework, set()).update(item for items in lists for item in items)
    return {framework: frozenset(items) for framework, items in sorted(found.items())}


def _twice(nodes: Sequence[Node], what: str) -> Iterator[Issue]:
    seen: set[str] = set()
    for node in nodes:
        if isinstance(node.data, str) and node.data in seen:
            yield Issue("repeated-word", node.place, f"{what} {node.data!r} is given twice")
        seen.add(str(node.data))


def _waivers(documents: Documents, known: Sequence[str], problems: list[Problem], max_days: int) -> Iterator[Issue]:
    held = Documents(waivers=documents.waivers, sources=documents.sources)
    try:
        waivers = waivers_of(held, max_days=max_days)
    except PolicyError as error:
        problems += error.problems
        return
    lost = [item for item in waivers.items if not any(fnmatchcase(name, item.policy) for name in known)]
    for number, waiver in enumerate(lost):
        if (
            number < MAX_PROBLEMS
        ):  # whoever has more sees what they have in common, and looking for near names takes long
            hint = did_you_mean(waiver.policy, known)
            text = f"waiver {waiver.id}: there is no policy {waiver.policy!r}"
            yield Issue("waiver-for-nothing", waiver.place, f"{text}; {hint}" if hint.startswith("did") else text)


def fixed(source: Source, issues: Iterable[Issue]) -> str:
    """Return the text of a file with the safe repairs made; line ends and everything else stay as they are."""
    lines = source.text.splitlines(keepends=True)
    edits = [issue.edit for issue in issues if issue.edit is not None and issue.place.file == source.name]
    for edit in sorted(edits, key=lambda item: (-item.place.line, -item.place.column)):
        line = lines[edit.place.line - 1]
        lines[edit.place.line - 1] = line[: edit.place.column - 1] + edit.text + line[edit.place.end_column - 1 :]
    return "".join(lines)
