"""One account: read what the plan needs, then judge it. The unit of work of every executor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from trailwarden.calls import Reader
from trailwarden.errors import Unreadable
from trailwarden.evaluate import evaluate, unevaluated
from trailwarden.facts import Account, parse_time
from trailwarden.facts.base import Subject, by_name
from trailwarden.ledger import Header
from trailwarden.model import PolicyResult, Population, Reason, Result
from trailwarden.plan import POPULATIONS, AnyFact, Plan, population


@dataclass(frozen=True)
class AccountResult:
    """The judgement of one account."""

    account: str
    policies: tuple[PolicyResult, ...]
    results: tuple[Result, ...]
    populations: tuple[Population, ...]


def accounts_of(header: Header, reader: Reader) -> list[Account]:
    """Return the accounts that a ledger's header names. They see each other: what one owns, another may point to.

    Raises:
        ValueError: the header's clock is not a time.
    """
    return [account_of(header, identity, reader) for identity in header.accounts]


def account_of(header: Header, identity: str, reader: Reader) -> Account:
    """Return one of the accounts that a ledger's header names; raises as ``accounts_of``."""
    estate = header.estate
    return Account(
        identity,
        reader=reader,
        now=parse_time(header.clock),
        partition=header.partition,
        only_regions=header.regions,
        peers=header.accounts,
        log_accounts=estate.log_archives if estate else (),
        role=estate.role if estate else "",
    )


def read_facts(plan: Plan, account: Account, jobs: int = 10) -> None:
    """Build every fact of the plan for every subject, wave by wave: a fact comes after what it builds on.

    Failures are not raised: they stay in the facts until a check touches them.

    Args:
        plan: what to read.
        account: whose.
        jobs: threads; 1 reads in the calling thread.
    """
    waves: dict[int, list[AnyFact]] = {}
    depths: dict[AnyFact, int] = {}
    for item in plan.facts:
        listing = POPULATIONS.get(item.owner)
        before = [by_name(name) for name in item.needs] + ([listing] if listing is not None else [])
        depths[item] = max((depths.get(needed, 0) + 1 for needed in before), default=0)
        waves.setdefault(depths[item], []).append(item)
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="trailwarden-facts") as pool:
        for depth in sorted(waves):
            tasks = [(item, subject) for item in waves[depth] for subject in _subjects(account, item.owner)]
            if jobs <= 1:
                for item, subject in tasks:
                    _touch(item, subject)
            else:
                for future in [pool.submit(_touch, item, subject) for item, subject in tasks]:
                    future.result()


def _subjects(account: Account, owner: type[Subject]) -> list[Any]:
    with suppress(Unreadable):
        return list(population(account, owner))
    return []


def _touch(item: AnyFact, subject: Subject) -> None:
    with suppress(Unreadable):
        item.__get__(subject, type(subject))


def scan(
    plan: Plan, account: Account, *, jobs: int = 10, progress: Callable[[str], None] | None = None
) -> AccountResult:
    """Read and judge one account.

    Args:
        plan: the policies and what they need.
        account: with its reader and clock.
        jobs: threads for reading.
        progress: told what is being done, in a few words.
    """
    tell = progress or (lambda _: None)
    tell("reading")
    read_facts(plan, account, jobs)
    tell("judging")
    policies: list[PolicyResult] = []
    results: list[Result] = []
    for policy in plan.selection.policies:
        verdict, rows = evaluate(policy, account)
        policies.append(verdict)
        results.extend(rows)
    return AccountResult(account.account_id, tuple(policies), tuple(results), tuple(completeness(plan, account)))


def unscanned(plan: Plan, account: Account, reason: Reason) -> AccountResult:
    """Return the judgement of an account that could not be read and judged at all: ERROR everywhere, for the one reason."""
    judged = [unevaluated(policy, account, reason) for policy in plan.selection.policies]
    return AccountResult(
        account.account_id,
        tuple(verdict for verdict, _ in judged),
        tuple(row for _, rows in judged for row in rows),
        (Population(account.account_id, "account", "", 0, 0, (), (reason,)),),
    )


def completeness(plan: Plan, account: Account) -> list[Population]:
    """Return, for each population the plan lists, where it came from, how many there were and what was not reached."""
    statements: list[Population] = []
    for kind, listing in POPULATIONS.items():
        if listing not in plan.facts:
            continue
        try:
            found = population(account, kind)
        except Unreadable as error:
            statements.append(Population(account.account_id, kind.kind, listing.qualified, 0, 0, (), (error.reason,)))
            continue
        statements.append(
            Population(account.account_id, kind.kind, found.source, len(found), found.pages, found.excluded, found.gaps)
        )
    return statements
