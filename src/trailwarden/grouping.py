"""The rows of a report by account, organizational unit, control or policy, and how many accounts stand where.

Decides nothing: every verdict is the report's own. An account's row under several controls is counted under each of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from trailwarden.model import Member, Report, Result, Status
from trailwarden.presentation import ORDER, framework, rows, worst
from trailwarden.text import one_line

BY = ("account", "ou", "control", "policy")
"""What rows can be grouped by."""
MANY = 20
"""Accounts from which on a report for people lists what needs work, and counts what does not."""
FINE = (Status.PASS, Status.NOT_APPLICABLE)
"""What such a report counts."""
NO_UNIT = "no organizational unit is known"
NO_CONTROL = "no control of a framework"
SEPARATOR = " / "


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together, under a title in one line."""

    title: str
    rows: tuple[Result, ...]

    @property
    def counts(self) -> Counter[Status]:
        """Return the number of rows per status."""
        return Counter(row.status for row in self.rows)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the accounts of a control, a unit or the whole report stand, each by its worst row there."""

    title: tuple[str, ...]
    accounts: int
    by_status: Mapping[Status, int]

    @property
    def worst(self) -> Status | None:
        """Return the status that stands for all of them, None for no account."""
        return worst(self.by_status)


def groups(report: Report, by: str) -> list[Group]:
    """Return the rows in groups, one of ``BY``; within a group they keep the report's order."""
    found: dict[str, list[Result]] = {}
    if by == "account":
        names = account_titles(report)
        for row in rows(report):
            found.setdefault(names.get(row.account, f"account {one_line(row.account)}"), []).append(row)
    elif by == "ou":
        paths = units(report)
        for row in sorted(rows(report), key=lambda row: _unit_order(paths.get(row.account, ()))):
            found.setdefault(unit_title(paths.get(row.account, ())), []).append(row)
    elif by == "control":
        found = _by_control(report)
    else:
        titles = {rule.id: f"{one_line(rule.id)}: {one_line(rule.title)}" for rule in report.rules}
        found = {title: [] for title in titles.values()}
        for row in rows(report):
            found[titles[row.policy]].append(row)
    return [Group(title, tuple(hit)) for title, hit in found.items() if hit]


def _by_control(report: Report) -> dict[str, list[Result]]:
    """Return rows by control, frameworks in the order of their keys; what no framework asks for comes last."""
    titles: dict[str, list[str]] = {}
    controls = {(key, control) for rule in report.rules for key in rule.controls for control in rule.controls[key]}
    found: dict[str, list[Result]] = {control_title(key, control): [] for key, control in sorted(controls)}
    for rule in report.rules:
        named = [control_title(key, control) for key in sorted(rule.controls) for control in rule.controls[key]]
        titles[rule.id] = list(dict.fromkeys(named)) or [NO_CONTROL]
    for row in rows(report):
        for title in titles[row.policy]:
            found.setdefault(title, []).append(row)
    return found


def control_title(key: str, control: str) -> str:
    """Return a control with its framework, in one line."""
    return one_line(f"{framework(key).label} {control}")


# --- accounts and units -----------------------------------------------------------------------------------------------


def known(report: Report) -> Mapping[str, Member]:
    """Return what is known of the accounts by id."""
    return MappingProxyType({item.id: item for item in report.members})


def judged_accounts(report: Report) -> list[str]:
    """Return the ids of the accounts that were judged, in the report's order."""
    return list(dict.fromkeys([*report.run.accounts, *(row.account for row in rows(report))]))


def is_large(report: Report) -> bool:
    """Return whether there are too many accounts to list each with everything that is fine about it."""
    return len(judged_accounts(report)) > MANY


def units(report: Report) -> dict[str, tuple[str, ...]]:
    """Return the path of each account that has one."""
    return {item.id: item.path for item in report.members if item.path}


def unit_title(path: tuple[str, ...]) -> str:
    """Return a path of units in one line."""
    return SEPARATOR.join(one_line(part) for part in path) or NO_UNIT


def _unit_order(path: tuple[str, ...]) -> tuple[bool, tuple[str, ...]]:
    return not path, path


def account_title(report: Report, account: str) -> str:
    """Return how an account is called: ``account 111122223333 payments (Root / Prod)``."""
    return account_titles(report).get(account, f"account {one_line(account)}")


def account_titles(report: Report) -> dict[str, str]:
    """Return the titles of all accounts by id."""
    members = known(report)
    return {account: _account_title(account, members.get(account)) for account in judged_accounts(report)}


def _account_title(account: str, member: Member | None) -> str:
    name = f" {one_line(member.name)}" if member and member.name else ""
    where = f" ({unit_title(member.path)})" if member and member.path else ""
    return f"account {one_line(account)}{name}{where}"


def left_out(report: Report) -> list[tuple[str, str]]:
    """Return the accounts that were found and not judged, each with the reason."""
    return [line for item in report.populations if item.name == "account" for line in item.excluded]


# --- standings --------------------------------------------------------------------------------------------------------


def by_account(report: Report) -> list[tuple[str, Counter[Status]]]:
    """Return the number of verdicts per status of each account, the accounts with the most to do first."""
    found: dict[str, Counter[Status]] = {account: Counter() for account in judged_accounts(report)}
    for verdict in report.policies:
        found.setdefault(verdict.account, Counter())[verdict.status] += 1
    return sorted(found.items(), key=lambda item: tuple(-item[1][status] for status in ORDER))


def by_unit(report: Report) -> list[Standing]:
    """Return how the accounts of each unit stand, a unit's sub-units apart from it."""
    paths = units(report)
    counts: dict[tuple[str, ...], Counter[Status]] = {}
    for account, statuses in by_account(report):
        least = worst(statuses)
        if least is not None:
            counts.setdefault(paths.get(account, ()), Counter())[least] += 1
    return [
        Standing((unit_title(path),), found.total(), found)
        for path, found in sorted(counts.items(), key=lambda item: _unit_order(item[0]))
    ]


def by_control_and_account(report: Report) -> list[Standing]:
    """Return how the accounts stand with each control: an account by the worst of the policies behind it."""
    asked: dict[tuple[str, str], dict[str, None]] = {}
    for rule in report.rules:
        for key, controls in rule.controls.items():
            for control in controls:
                asked.setdefault((key, control), {})[rule.id] = None
    verdicts = _verdicts(report)
    return [
        _standing(verdicts, (framework(key).label, control), policies)
        for (key, control), policies in sorted(asked.items())
    ]


def by_policy_and_account(report: Report) -> list[Standing]:
    """Return how the accounts stand with each policy, in the order of the report's rules."""
    verdicts = _verdicts(report)
    return [_standing(verdicts, (rule.id,), [rule.id]) for rule in report.rules]


def _standing(
    verdicts: Mapping[str, list[tuple[str, Status]]], title: tuple[str, ...], policies: Iterable[str]
) -> Standing:
    statuses: dict[str, list[Status]] = {}
    for policy in policies:
        for account, status in verdicts.get(policy, ()):
            statuses.setdefault(account, []).append(status)
    counts = Counter(least for found in statuses.values() if (least := worst(found)) is not None)
    return Standing(title, counts.total(), counts)


def _verdicts(report: Report) -> dict[str, list[tuple[str, Status]]]:
    found: dict[str, list[tuple[str, Status]]] = {}
    for verdict in report.policies:
        found.setdefault(verdict.id, []).append((verdict.account, verdict.status))
    return found
