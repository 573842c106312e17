"""The accounts of a run and the role that each is read with: from a file, from the command line, or from the organization."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trailwarden.errors import PolicyError, Problem, UsageError
from trailwarden.model import Member
from trailwarden.policy.yamltext import Node, Source, parse, read_source
from trailwarden.registry import did_you_mean

FROM_ORGANIZATION = "organizations.ListAccounts"
_ID = re.compile(r"[0-9]{12}")
_KEYS = ("id", "role", "external-id", "name", "log-archive")
_COLUMNS = ("id", "role", "external-id", "name")
_ARCHIVE_NAME = re.compile(r"log[\s_-]*(archive|storage)|audit[\s_-]*logs?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the user says about one account. Empty texts leave a thing to the run's own settings."""

    id: str
    role: str = ""
    """A role's name, or an ARN in which ``{account}`` stands for the account."""
    external_id: str = ""
    name: str = ""
    log_archive: bool = False
    """Whether the account is likely to own log buckets."""


@dataclass(frozen=True, slots=True)
class Target:
    """An account with the ARN of the role that reads it; an empty one is the caller's own credentials."""

    id: str
    role: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of an organization's accounts are wanted: below one of the units, and among the ids; empty for all."""

    units: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    def left_out(self, member: Member) -> str:
        """Return why an account is not part of the run; empty for one that is."""
        if not member.active:
            return f"the account is {member.state.lower().replace('_', ' ') or 'in no known state'}"
        if self.units and not set(self.units) & set(member.path):
            return "in none of the units asked for"
        return "not among the accounts asked for" if self.ids and member.id not in self.ids else ""


def named(ids: Iterable[str]) -> tuple[Entry, ...]:
    """Return accounts of the command line.

    Raises:
        UsageError: not twelve digits.
    """
    for item in ids:
        if not _ID.fullmatch(item):
            raise UsageError(f"--account: {item!r} is no account", "an account id has twelve digits")
    return tuple(map(Entry, dict.fromkeys(ids)))


def read_accounts(path: Path) -> tuple[Entry, ...]:
    """Read a file of accounts: a YAML list, or for other endings than .yaml and .yml lines of ``id,role,external-id,name``.

    Raises:
        PolicyError: all problems of the file, each with its line and column.
    """
    source = read_source(path)
    entries, problems = (_from_yaml if path.suffix in (".yaml", ".yml") else _from_lines)(source)
    seen: dict[str, int] = {}
    for entry, line, column in entries:
        if entry.id in seen:
            text = f"account {entry.id} is there twice"
            problems.append(Problem(source.name, line, column, text, f"first in line {seen[entry.id]}"))
        seen.setdefault(entry.id, line)
    if not entries and not problems:
        problems.append(Problem(source.name, 0, 0, "the file names no account"))
    if problems:
        raise PolicyError(problems)
    return tuple(entry for entry, _, _ in entries)


Placed = list[tuple[Entry, int, int]]


def _from_yaml(source: Source) -> tuple[Placed, list[Problem]]:
    documents, problems = parse(source)
    if not documents:
        return [], problems
    [root, *more] = documents
    problems += [item.problem("a file of accounts has one document") for item in more]
    if not isinstance(root.items, list) or not isinstance(root.data, list):
        return [], [*problems, root.problem("expected a list of accounts", "like `- id: '111122223333'`")]
    found: Placed = []
    for node in root.elements():
        entry = _entry(node, problems)
        if entry is not None:
            found.append((entry, node.line, node.column))
    return found, problems


def _entry(node: Node, problems: list[Problem]) -> Entry | None:
    """Return one item of the list; what is wrong with it is added to the problems."""
    if not isinstance(node.data, dict):
        return Entry(node.raw) if _is_id(node, problems) else None
    identity = node.get("id")
    if identity is None:
        problems.append(node.problem("an account needs an id"))
        return None
    good = _is_id(identity, problems)
    for key, value in node.entries():
        name = str(key.data)
        if name not in _KEYS:
            problems.append(key.problem(f"unknown key {name!r}", did_you_mean(name, _KEYS)))
        elif name == "log-archive" and not isinstance(value.data, bool):
            problems.append(value.problem("log-archive is true or false"))
        elif name not in ("id", "log-archive") and not isinstance(value.data, str):
            problems.append(value.problem(f"{name} is a text", "put it in quotes"))
    archive = node.get("log-archive")
    texts = {name: node.text(name) for name in ("role", "external-id", "name")}
    entry = Entry(
        identity.raw, texts["role"], texts["external-id"], texts["name"], archive is not None and archive.data is True
    )
    return entry if good else None


def _is_id(node: Node, problems: list[Problem]) -> bool:
    # The text and not the value: a number would have lost its leading zeros.
    if _ID.fullmatch(node.raw):
        return True
    problems.append(node.problem(f"{node.raw!r} is no account", "an account id has twelve digits"))
    return False


def _from_lines(source: Source) -> tuple[Placed, list[Problem]]:
    found: Placed = []
    problems: list[Problem] = []
    for number, line in enumerate(source.lines, start=1):
        text = line.partition("#")[0].strip()
        cells = [cell.strip() for cell in text.split(",")]
        if not text or (not found and not problems and cells[0].lower() in ("id", "account", "account_id")):
            continue
        column = line.index(text) + 1
        if not _ID.fullmatch(cells[0]):
            problems.append(
                Problem(source.name, number, column, f"{cells[0]!r} is no account", "an account id has twelve digits")
            )
        elif len(cells) > len(_COLUMNS):
            problems.append(Problem(source.name, number, column, "too many columns", f"they are {', '.join(_COLUMNS)}"))
        else:
            identity, role, external_id, name = (*cells, "", "", "")[: len(_COLUMNS)]
            found.append((Entry(identity, role, external_id, name), number, column))
    return found, problems


def of_organization(
    members: Sequence[Member], choice: Choice
) -> tuple[tuple[Member, ...], tuple[tuple[str, str], ...]]:
    """Return the members to read, and those left out with the reason.

    Raises:
        UsageError: a unit or an account that is not in the organization, or nothing is left.
    """
    known_units = {unit for member in members for unit in member.path}
    known_ids = {member.id for member in members}
    for unit in choice.units:
        if unit not in known_units:
            raise UsageError(f"--unit: no account of the organization is in {unit!r}", did_you_mean(unit, known_units))
    for item in choice.ids:
        if item not in known_ids:
            raise UsageError(f"account {item} is not in the organization", did_you_mean(item, known_ids))
    reasons = {member.id: choice.left_out(member) for member in members}
    kept = tuple(member for member in members if not reasons[member.id])
    if not kept:
        raise UsageError("no account is left to read", "see --unit and --account")
    return kept, tuple((account, reason) for account, reason in sorted(reasons.items()) if reason)


def archives(members: Iterable[Member], entries: Iterable[Entry], named: Iterable[str]) -> tuple[str, ...]:
    """Return the accounts that are likely to own log buckets: those that are said to, then those whose names say so, each once."""
    found = [*named, *(entry.id for entry in entries if entry.log_archive)]
    found += [member.id for member in members if _ARCHIVE_NAME.search(member.name)]
    return tuple(dict.fromkeys(found))


def refined(members: Iterable[Member], entries: Mapping[str, Entry]) -> tuple[Member, ...]:
    """Return the members under the names that the user gives them, by id."""
    return tuple(
        sorted(
            replace(item, name=entries[item.id].name) if item.id in entries and entries[item.id].name else item
            for item in members
        )
    )


def source_of(path: Path | None) -> str:
    """Return what a report says of where accounts came from that no organization listed."""
    return str(path) if path else "the command line"
