"""PolicySets: from what a set includes, overrides and disables to the policies it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from trailwarden.errors import Problem
from trailwarden.model import Json, Severity
from trailwarden.policy.build import NOTHING, Override
from trailwarden.policy.document import Document, Documents
from trailwarden.policy.structure import describe
from trailwarden.policy.yamltext import Node
from trailwarden.registry import did_you_mean

_GLOB = frozenset("*?[")


def is_glob(text: str) -> bool:
    """Return whether a reference is a pattern rather than an id."""
    return not _GLOB.isdisjoint(text)


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A policy as a set holds it: with what the set changes, and the line that brought it in."""

    document: Document
    override: Override
    by: Node
    pack: str


@dataclass(slots=True)
class Expansion:
    """What a set stands for, in order."""

    members: dict[str, Member] = field(default_factory=dict)
    disabled: dict[str, str] = field(default_factory=dict)
    sets: set[str] = field(default_factory=set)
    """The sets that it includes, directly or through another."""
    problems: list[Problem] = field(default_factory=list)


class Catalogue:
    """All policies and sets that references may name; one's own come before built-in ones of the same id."""

    def __init__(self, builtin: Documents, own: Documents) -> None:
        self.policies: Mapping[str, Document] = {**builtin.policies, **own.policies}
        self.sets: Mapping[str, Document] = {**builtin.sets, **own.sets}
        # A built-in set speaks of built-in policies alone, whatever else is loaded.
        self._beneath = self if builtin is own else Catalogue(builtin, builtin)
        self._expanded: dict[str, Expansion] = {}

    def names(self) -> list[str]:
        """Return every id."""
        return [*self.policies, *self.sets]

    def matching(self, pattern: str) -> list[Document]:
        """Return the policies whose id matches a glob, by id."""
        return [self.policies[name] for name in sorted(self.policies) if fnmatchcase(name, pattern)]

    def expand(self, identity: str, path: tuple[str, ...] = ()) -> Expansion:
        """Return what the set with this id stands for."""
        document = self.sets[identity]
        if document.source.builtin and self is not self._beneath:
            return self._beneath.expand(identity)
        found = self._expanded.get(identity)
        if found is None:
            found = self._expanded[identity] = self._expand(document, (*path, identity))
        return found

    def _expand(self, document: Document, path: tuple[str, ...]) -> Expansion:
        result = Expansion()
        for item in document.node.list_of("include"):
            self._include(item, document, path, result)
        for entry in document.node.list_of("disable"):
            self._disable(entry, result)
        overrides = document.node.get("override")
        for key, value in overrides.entries() if overrides is not None else []:
            self._override(key, value, result)
        return result

    def _include(self, item: Node, document: Document, path: tuple[str, ...], result: Expansion) -> None:
        where = item
        if isinstance(item.data, dict):
            kind, reference = next(iter(item.data.items()))
            where = item.at([kind])
        else:
            reference = item.data
            kind = "glob" if is_glob(reference) else "policy" if reference in self.policies else "set"
        if kind == "set":
            self._include_set(reference, where, document, path, result)
            return
        found, known = _choose((self.policies[name] for name in sorted(self.policies)), kind, reference)
        if not found:
            result.problems.append(
                where.problem(f"no policy {_NOTHING[kind]} {describe(reference)}", did_you_mean(reference, known))
            )
        pack = document.id if document.source.builtin else ""
        for policy in found:
            result.members.setdefault(policy.id, Member(policy, NOTHING, where, pack))

    def _include_set(
        self, identity: str, where: Node, document: Document, path: tuple[str, ...], result: Expansion
    ) -> None:
        if identity in path:
            result.problems.append(where.problem(f"a set includes itself: {' -> '.join((*path, identity))}"))
            return
        if identity not in self.sets:
            result.problems.append(
                where.problem(f"unknown policy or set {describe(identity)}", did_you_mean(identity, self.names()))
            )
            return
        expansion = self.expand(identity, path)
        result.problems.extend(item for item in expansion.problems if item not in result.problems)
        result.disabled.update(expansion.disabled)
        result.sets |= {identity, *expansion.sets}
        for name, member in expansion.members.items():
            # The line that is nearest to the user is the one to point at: theirs, not the built-in set's.
            by = where if member.by.source.builtin and not where.source.builtin else member.by
            pack = document.id if document.source.builtin else member.pack
            result.members.setdefault(name, Member(member.document, member.override, by, pack))

    def _disable(self, entry: Node, result: Expansion) -> None:
        pattern = entry.data["policy"]
        names = [
            name for name in result.members if (fnmatchcase(name, pattern) if is_glob(pattern) else name == pattern)
        ]
        if not names:
            message = f"this set includes no policy {pattern!r} that could be disabled"
            result.problems.append(entry.at(["policy"]).problem(message, did_you_mean(pattern, result.members)))
        for name in names:
            del result.members[name]
            result.disabled[name] = entry.data["reason"]

    def _override(self, key: Node, value: Node, result: Expansion) -> None:
        member = result.members.get(key.data)
        if member is None:
            reason = "disables" if key.data in result.disabled else "does not include"
            result.problems.append(
                key.problem(f"this set {reason} policy {key.data!r}", did_you_mean(key.data, result.members))
            )
            return
        severity: Json = value.data.get("severity")
        params = value.get("params")
        nodes = params.items if params is not None and isinstance(params.items, dict) else {}
        given = Override(
            Severity(severity) if severity else None, {name: node.data for name, node in nodes.items()}, nodes
        )
        result.members[key.data] = Member(member.document, given.over(member.override), member.by, member.pack)


_NOTHING = {"glob": "matches", "policy": "is called", "tag": "has the tag", "framework": "is mapped to"}


def _choose(policies: Iterable[Document], kind: str, reference: str) -> tuple[list[Document], list[str]]:
    """Return the policies that a reference of this kind means, and the words it could have used instead."""
    chosen: list[Document] = []
    known: dict[str, None] = {}
    for document in policies:
        words = _words(document, kind)
        known.update(dict.fromkeys(words))
        if any(fnmatchcase(word, reference) if kind == "glob" else word == reference for word in words):
            chosen.append(document)
    return chosen, list(known)


def _words(document: Document, kind: str) -> list[str]:
    if kind == "tag":
        return list(document.node.at(["metadata"]).data.get("tags", ()))
    if kind == "framework":
        return list(document.node.data.get("mappings", {}))
    return [document.id]
