"""Waivers: failures that somebody has accepted until a day.

The policy is judged all the same. A FAIL under a waiver in force becomes WAIVED and keeps its verdict, its reason and who answers for it; an
expired waiver covers nothing and is named beside the FAIL; an ERROR can't be waived, because nobody knows what would be accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import Literal

from trailwarden.errors import PolicyError, Problem
from trailwarden.model import Json, PolicyResult, Result, Status
from trailwarden.policy.document import Documents, read_documents
from trailwarden.policy.model import Place, PolicyFile
from trailwarden.policy.yamltext import Node

MAX_DAYS = 180
"""From approval to expiry, unless configured otherwise."""
WARN_DAYS = 30
"""A waiver that ends within so many days is announced."""

NoticeKind = Literal["unused", "unknown-policy", "expired", "expiring", "early", "other-state", "error"]

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@cache
def _glob(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Return what matches a glob; fnmatch's own memory holds fewer patterns than a large waiver file has."""
    return re.compile(translate(pattern)).match


@dataclass(frozen=True, slots=True)
class Waiver:
    """One accepted failure. ``policy``, ``subject``, ``account`` and ``region`` are globs; days are UTC and whole."""

    id: str
    policy: str
    subject: str
    account: str
    region: str
    reason: str
    ticket: str
    owner: str
    approved_by: str
    approved_on: date
    expires: date
    fingerprint: str
    """Of the observed values (a result's ``state``), or empty for any."""
    place: Place

    def covers(self, result: Result) -> bool:
        """Return whether the waiver names this result, whatever the day and the observed values."""
        return bool(
            _glob(self.policy)(result.policy)
            and _glob(self.subject)(result.subject)
            and _glob(self.account)(result.account)
            and _glob(self.region)(result.region)
        )

    def in_force(self, today: date) -> bool:
        """Return whether it holds on this day, the last one included."""
        return self.approved_on <= today <= self.expires

    def terms(self) -> dict[str, Json]:
        """Return what reports show of it; the verdict underneath is always FAIL."""
        shown = {
            "id": self.id,
            "verdict": Status.FAIL.value,
            "reason": self.reason,
            "ticket": self.ticket,
            "owner": self.owner,
            "approved_by": self.approved_by,
            "approved_on": self.approved_on.isoformat(),
            "expires": self.expires.isoformat(),
            "fingerprint": self.fingerprint,
            "file": self.place.file,
            "line": self.place.line,
        }
        return {key: value for key, value in shown.items() if value != ""}


@dataclass(frozen=True, slots=True)
class Waivers:
    """All waivers of a run, in the order of their files."""

    items: tuple[Waiver, ...] = ()
    files: tuple[PolicyFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about a waiver that people must see; with ``--strict`` it is an error."""

    kind: NoticeKind
    waiver: str
    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place.file}:{self.place.line}:{self.place.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Applied:
    """Results and verdicts after waivers, and what is to be said about the waivers."""

    results: tuple[Result, ...]
    policies: tuple[PolicyResult, ...]
    notices: tuple[Notice, ...]


def load_waivers(paths: Iterable[Path], *, max_days: int = MAX_DAYS) -> Waivers:
    """Read waiver files.

    Args:
        paths: files, or folders of them.
        max_days: the longest time from approval to expiry.

    Raises:
        PolicyError: everything that is wrong with them, at once.
    """
    return waivers_of(read_documents(paths), max_days=max_days)


def waivers_of(documents: Documents, *, max_days: int = MAX_DAYS) -> Waivers:
    """Return the waivers of files that were read; arguments and errors as ``load_waivers``."""
    problems = list(documents.problems)
    if not documents.waivers and not problems:
        problems += [
            Problem(source.name, 0, 0, "the file holds no waivers", "begin with kind: Waivers")
            for source in documents.sources
        ]
    first: dict[str, Waiver] = {}
    for node in (item for document in documents.waivers for item in document.node.list_of("waivers")):
        waiver, found = _waiver(node, max_days)
        problems += found
        if waiver is None:
            continue
        if waiver.id in first:
            place = first[waiver.id].place
            message = f"waiver {waiver.id!r} is already given in {place.file}:{place.line}"
            problems.append(node.at(["id"]).problem(message, "ids are unique"))
        first.setdefault(waiver.id, waiver)
    if problems:
        raise PolicyError(problems)
    return Waivers(
        tuple(first.values()), tuple(PolicyFile(item.name, item.text, False, item.mark) for item in documents.sources)
    )


def _waiver(node: Node, max_days: int) -> tuple[Waiver | None, list[Problem]]:
    problems: list[Problem] = []
    days: dict[str, date] = {}
    for key in ("approved_on", "expires"):
        try:
            days[key] = parse_day(node.text(key))
        except ValueError:
            problems.append(node.at([key]).problem(f"there is no day {node.text(key)}"))
    if problems:
        return None, problems
    approved, expires = days["approved_on"], days["expires"]
    if expires < approved:
        problems.append(node.at(["expires"]).problem(f"expires before it is approved ({approved})"))
    elif expires - approved > timedelta(days=max_days):
        latest = approved + timedelta(days=max_days)
        message = f"a waiver may last {max_days} days, and this one lasts {(expires - approved).days}"
        problems.append(node.at(["expires"]).problem(message, f"{latest} at the latest"))
    waiver = Waiver(
        id=node.text("id"),
        policy=node.text("policy"),
        subject=node.text("subject"),
        account=node.text("account", "*"),
        region=node.text("region", "*"),
        reason=node.text("reason"),
        ticket=node.text("ticket"),
        owner=node.text("owner"),
        approved_by=node.text("approved_by"),
        approved_on=approved,
        expires=expires,
        fingerprint=node.text("fingerprint"),
        place=node.place,
    )
    return waiver, problems


def parse_day(text: str) -> date:
    """Return a day written as 2027-01-31.

    Raises:
        ValueError: not of this form, or there is no such day.
    """
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return date(int(match[1]), int(match[2]), int(match[3]))


def apply_waivers(
    results: Sequence[Result],
    policies: Sequence[PolicyResult],
    waivers: Waivers,
    now: datetime,
    *,
    known_policies: Iterable[str] | None = None,
    warn_days: int = WARN_DAYS,
) -> Applied:
    """Return results and verdicts with waivers applied.

    Args:
        results: every row of the run.
        policies: the verdict of each policy and account.
        waivers: what is accepted.
        now: the instant the verdicts refer to, with a time zone.
        known_policies: ids that exist, also unselected ones; a waiver for none of them is noticed as such. None: do not ask.
        warn_days: how early an end is announced.
    """
    today = _utc_day(now)
    used: dict[str, str] = {}
    rows = tuple(_apply(result, waivers.items, today, used) for result in results)
    touched = {
        (row.policy, row.account) for row, before in zip(rows, results, strict=True) if row.status is not before.status
    }
    statuses: dict[tuple[str, str], set[Status]] = {}
    for row in rows:
        statuses.setdefault((row.policy, row.account), set()).add(row.status)
    verdicts = tuple(
        replace(item, status=verdict_of(statuses[item.id, item.account]))
        if (item.id, item.account) in touched
        else item
        for item in policies
    )
    known = None if known_policies is None else sorted(set(known_policies))
    notices = [
        notice for item in waivers.items for notice in _notices(item, today, used.get(item.id, ""), known, warn_days)
    ]
    return Applied(rows, verdicts, tuple(notices))


def _utc_day(now: datetime) -> date:
    offset = now.utcoffset()
    if offset is None:
        raise ValueError("the clock needs a time zone")
    return (now - offset).date()


def verdict_of(statuses: Iterable[Status]) -> Status:
    """Return the status of a policy from its rows': FAIL beats ERROR beats WAIVED beats PASS; none means NOT_APPLICABLE."""
    seen = set(statuses)
    for status in (Status.FAIL, Status.ERROR, Status.WAIVED, Status.PASS):
        if status in seen:
            return status
    return Status.NOT_APPLICABLE


def _apply(result: Result, waivers: Sequence[Waiver], today: date, used: dict[str, str]) -> Result:
    """Return the result under the first waiver in force; note for each waiver what became of it."""
    notes: list[str] = []
    for waiver in waivers:
        if result.status not in (Status.FAIL, Status.ERROR) or not waiver.covers(result):
            continue
        if result.status is Status.ERROR:
            used.setdefault(waiver.id, "error")
        elif not waiver.in_force(today):
            when = f"expired on {waiver.expires}" if today > waiver.expires else f"holds from {waiver.approved_on} on"
            used.setdefault(waiver.id, "out of force")
            notes.append(f"waiver {waiver.id} {when}")
        elif waiver.fingerprint and waiver.fingerprint != result.state:
            used.setdefault(waiver.id, "other-state")
            notes.append(f"waiver {waiver.id} was given for another state ({waiver.fingerprint}, now {result.state})")
        else:
            used[waiver.id] = "applied"
            return replace(result, status=Status.WAIVED, waiver=waiver.terms())
    if not notes:
        return result
    return replace(result, message=f"{result.message} ({'; '.join(notes)})", notes=(*result.notes, *notes))


def nearest(pattern: str, known: Iterable[str]) -> list[str]:
    """Return the one policy id that somebody who wrote ``pattern`` may have meant, or none."""
    return get_close_matches(pattern, list(known), n=1, cutoff=0.6)


def _notices(waiver: Waiver, today: date, use: str, known: list[str] | None, warn_days: int) -> list[Notice]:
    def notice(kind: NoticeKind, message: str) -> Notice:
        return Notice(kind, waiver.id, waiver.place, f"waiver {waiver.id}: {message}")

    if known is not None and not any(map(_glob(waiver.policy), known)):
        hint = "".join(f"; did you mean {name!r}?" for name in nearest(waiver.policy, known))
        return [notice("unknown-policy", f"there is no policy {waiver.policy!r}{hint}")]
    if today > waiver.expires:
        return [
            notice(
                "expired",
                f"expired on {waiver.expires}"
                + ("; what it covered fails again" if use else ", and nothing fails that it covers"),
            )
        ]
    found: list[Notice] = []
    if today < waiver.approved_on:
        found.append(notice("early", f"holds from {waiver.approved_on} on"))
    elif not use:
        found.append(notice("unused", "nothing fails that it covers"))
    elif use == "error":
        found.append(notice("error", "what it covers could not be evaluated, and an ERROR can't be waived"))
    elif use == "other-state":
        found.append(notice("other-state", "what it covers is no longer in the state that was accepted"))
    if waiver.in_force(today) and (waiver.expires - today).days <= warn_days:
        left = (waiver.expires - today).days
        found.append(
            notice(
                "expiring",
                f"expires on {waiver.expires}, " + (f"in {left} day{'s' * (left != 1)}" if left else "today"),
            )
        )
    return found
