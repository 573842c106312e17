"""From what a user asks for (packs, ids, globs, paths) to the policies that are judged, and to those left out with their reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path

from trailwarden.contract import Check
from trailwarden.errors import PolicyError, Problem, UsageError
from trailwarden.model import Severity
from trailwarden.policy.build import NOTHING, Builder
from trailwarden.policy.document import SUFFIXES, Document, Documents, read_documents
from trailwarden.policy.model import Place, Policy, PolicyFile, Selection
from trailwarden.policy.sets import Catalogue, Member, is_glob
from trailwarden.policy.yamltext import Source, read_source
from trailwarden.registry import did_you_mean

PACKAGE = "trailwarden.policies"
MAX_PROBLEMS = 200
"""Looked for in one run; after so many, one mistake is behind them all."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A pack's name, a policy's id, a glob over ids, or a path; ``anchor`` is the user's line that says so, if there is one."""

    text: str
    anchor: Place | None = None


@dataclass(frozen=True, slots=True)
class Exclude:
    """A policy id or glob to leave out, and why."""

    pattern: str
    reason: str = "excluded by --exclude"

    @classmethod
    def parse(cls, text: str) -> Exclude:
        """Read ``ID`` or ``ID=REASON``."""
        pattern, _, reason = text.partition("=")
        return cls(pattern.strip(), reason.strip()) if reason.strip() else cls(pattern.strip())


@cache
def builtin_documents() -> Documents:
    """Return what the policy files that come with trailwarden hold."""
    documents = Documents()
    for entry in sorted(files(PACKAGE).iterdir(), key=lambda item: item.name):
        if entry.name.endswith(SUFFIXES):
            documents.add(read_source(Path(str(entry)), name=f"builtin/{entry.name}", builtin=True))
    return documents


def select(
    refs: Sequence[Ref | str],
    *,
    checks: Mapping[str, Check],
    exclude: Iterable[Exclude | str] = (),
    tags: Collection[str] = (),
    severities: Collection[Severity] = (),
    files: Sequence[PolicyFile] | None = None,
) -> Selection:
    """Return the policies to judge.

    Args:
        refs: what is asked for; the order of the result follows it.
        checks: every known check, by id.
        exclude: what is left out of it, and shown as such.
        tags: keep only policies that have one of these.
        severities: keep only policies of these severities.
        files: read these, as an earlier selection returned them, instead of the disk and of the built-in policies of this release.

    Raises:
        PolicyError: policy files with problems, all of them.
        UsageError: a reference, tag or exclusion that matches nothing, two different policies of one id, or nothing left.
    """
    return _Selector([Ref(ref) if isinstance(ref, str) else ref for ref in refs], checks, files).select(
        [Exclude.parse(item) if isinstance(item, str) else item for item in exclude], tags, severities
    )


def is_path(text: str, names: Iterable[str], exists: Callable[[str], bool] = os.path.exists) -> bool:
    """Return whether a reference means a file or folder: it looks like one, or exists and is not the name of anything else."""
    if os.sep in text or "/" in text or text.endswith(SUFFIXES):
        return True
    return text not in names and not is_glob(text) and exists(text)


def _documents(files: Iterable[PolicyFile], *, builtin: bool) -> Documents:
    """Return what files hold that were read before, in the order in which a folder is read."""
    documents = Documents()
    for item in sorted((item for item in files if item.builtin is builtin), key=lambda item: Path(item.name)):
        documents.add(Source(item.name, item.text, item.builtin))
    return documents


class _Selector:
    def __init__(
        self, refs: Sequence[Ref], checks: Mapping[str, Check], files: Sequence[PolicyFile] | None = None
    ) -> None:
        self.refs = refs
        self.builder = Builder(checks)
        builtin = builtin_documents() if files is None else _documents(files, builtin=True)
        names = [*builtin.policies, *builtin.sets]
        if files is None:
            self.paths = {ref.text for ref in refs if is_path(ref.text, names)}
            self.own = read_documents(Path(ref.text) for ref in refs if ref.text in self.paths)
        else:
            self.own = _documents(files, builtin=False)
            sources = [Path(source.name) for source in self.own.sources]
            self.paths = {
                ref.text
                for ref in refs
                if is_path(ref.text, names, lambda text: any(path.is_relative_to(text) for path in sources))
            }
        self.problems: list[Problem] = [*builtin.problems, *self.own.problems]
        self.catalogue = Catalogue(builtin, self.own)
        self.chosen: dict[str, Policy] = {}
        self.disabled: dict[str, str] = {}
        self.read = {source.name for source in self.own.sources}
        self.sources = {source.name: source for source in (*builtin.sources, *self.own.sources)}

    def select(self, exclude: Sequence[Exclude], tags: Collection[str], severities: Collection[Severity]) -> Selection:
        for ref in self.refs:
            for member in self._members(ref):
                self._add(member, ref)
        self._build_rest()
        if self.problems:
            raise PolicyError(_first(self.problems))
        policies = _filtered(self.chosen.values(), tags, severities)
        excluded: dict[str, str] = {name: reason for name, reason in self.disabled.items() if name not in self.chosen}
        for item in exclude:
            matched = [policy.id for policy in policies if fnmatchcase(policy.id, item.pattern)]
            if not matched and not any(fnmatchcase(name, item.pattern) for name in (*excluded, *self.chosen)):
                raise UsageError(
                    f"nothing to exclude: no selected policy is called {item.pattern!r}",
                    did_you_mean(item.pattern, self.chosen),
                )
            excluded.update(dict.fromkeys(matched, item.reason))
        kept = tuple(policy for policy in policies if policy.id not in excluded)
        if not kept:
            raise UsageError("no policy is selected", "see `trailwarden policy list`")
        return Selection(kept, tuple(sorted(excluded.items())), self._files(), tuple(sorted(self.catalogue.policies)))

    def _members(self, ref: Ref) -> list[Member]:
        if ref.text in self.paths:
            return self._members_of_path(ref)
        if ref.text in self.catalogue.policies:
            return [self._single(self.catalogue.policies[ref.text])]
        if ref.text in self.catalogue.sets:
            return self._members_of_set(ref.text)
        if is_glob(ref.text) and (found := self.catalogue.matching(ref.text)):
            return [self._single(document) for document in found]
        names = self.catalogue.names()
        message = f"no policy matches {ref.text!r}" if is_glob(ref.text) else f"unknown policy or pack {ref.text!r}"
        hint = did_you_mean(ref.text, names) or "see `trailwarden policy list`; a path needs a / or ends in .yaml"
        if ref.anchor is not None:
            raise PolicyError([Problem(ref.anchor.file, ref.anchor.line, ref.anchor.column, message, hint)])
        raise UsageError(message, hint)

    def _members_of_set(self, identity: str) -> list[Member]:
        expansion = self.catalogue.expand(identity)
        self.problems.extend(expansion.problems)
        involved = [self.catalogue.sets[name] for name in (identity, *expansion.sets)]
        involved += [self.catalogue.policies[name] for name in expansion.disabled]
        self.read.update(document.source.name for document in involved)
        self.disabled.update({name: reason for name, reason in expansion.disabled.items() if name not in self.disabled})
        return list(expansion.members.values())

    def _members_of_path(self, ref: Ref) -> list[Member]:
        """Return what the sets below a path hold, then the policies there that none of these sets speaks of.

        A set that another one there includes is a part of that one and not selected for itself.
        """
        root = Path(ref.text)
        names = [item.id for item in self.own.sets.values() if Path(item.source.name).is_relative_to(root)]
        expansions = {name: self.catalogue.expand(name) for name in names}
        parts = set().union(*(item.sets for item in expansions.values()))
        members: list[Member] = []
        spoken: set[str] = set()
        for name in names:
            if name not in parts or name in expansions[name].sets:
                members += self._members_of_set(name)
                spoken |= {*expansions[name].members, *expansions[name].disabled}
        for document in self.own.policies.values():
            if Path(document.source.name).is_relative_to(root) and document.id not in spoken:
                members.append(self._single(document))
        return members

    def _single(self, document: Document) -> Member:
        return Member(document, NOTHING, document.node, "")

    def _add(self, member: Member, ref: Ref) -> None:
        if len(self.problems) > MAX_PROBLEMS:
            return
        policy, problems = self.builder.build(member.document, member.override)
        self.problems.extend(problems)
        if policy is None:
            return
        if policy.builtin:
            own_line = None if member.by.source.builtin else member.by.place
            policy = replace(policy, pack=member.pack, anchor=own_line or ref.anchor)
        earlier = self.chosen.setdefault(policy.id, policy)
        if earlier.sha256 != policy.sha256:
            places = " and ".join(f"{item.place.file}:{item.place.line}" for item in (earlier, policy))
            why = "by two policies" if earlier.place != policy.place else "twice, with different settings,"
            raise UsageError(
                f"policy {policy.id!r} is selected {why} in {places}", "select one of them, or exclude it in one set"
            )

    def _build_rest(self) -> None:
        """Look for problems also in those of the user's policies that are not selected: a mistake must not wait for its turn."""
        for document in self.own.policies.values():
            if document.id not in self.chosen and len(self.problems) <= MAX_PROBLEMS:
                _, problems = self.builder.build(document)
                self.problems.extend(problems)

    def _files(self) -> tuple[PolicyFile, ...]:
        """Return the user's files, and of the built-in ones those that took part: with these alone, the same is selected again."""
        names = self.read | {policy.place.file for policy in self.chosen.values()}
        return tuple(
            PolicyFile(name, self.sources[name].text, self.sources[name].builtin, self.sources[name].mark)
            for name in sorted(names)
        )


def _first(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems that are told, and how many are not."""
    ordered = sorted(dict.fromkeys(problems))
    if len(ordered) <= MAX_PROBLEMS:
        return ordered
    last = ordered[MAX_PROBLEMS - 1]
    rest = f"and {len(ordered) - MAX_PROBLEMS} more problems in this file and others"
    return [*ordered[:MAX_PROBLEMS], Problem(last.file, last.line, last.column + 1, rest)]


def _filtered(policies: Iterable[Policy], tags: Collection[str], severities: Collection[Severity]) -> list[Policy]:
    found = list(policies)
    if tags:
        known = sorted({tag for policy in found for tag in policy.tags})
        for tag in tags:
            if tag not in known:
                raise UsageError(f"no selected policy has the tag {tag!r}", did_you_mean(tag, known))
        found = [policy for policy in found if not set(tags).isdisjoint(policy.tags)]
    return [policy for policy in found if not severities or policy.severity in severities]
