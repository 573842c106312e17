"""What a run's folder adds up to: the judgements and the ledger of all accounts, read from the disk each time they are gone through."""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, overload

from trailwarden.calls import Call, Reply, canonical
from trailwarden.estate.fleet import nobody
from trailwarden.estate.journal import entries
from trailwarden.estate.state import State
from trailwarden.ledger import Header, Ledger
from trailwarden.model import Json, PolicyResult, Population, Reason, ReasonCode, Result, Tallied
from trailwarden.plan import Plan
from trailwarden.report import Basis, Judgements
from trailwarden.results import to_plain
from trailwarden.scan import AccountResult, unscanned

T = TypeVar("T")


class OnDisk(Sequence[T]):
    """The items of all accounts, one account in memory at a time; ``plain`` gives those of one as JSON."""

    def __init__(
        self,
        accounts: Sequence[str],
        load: Callable[[str], Sequence[T]],
        plain: Callable[[str], Sequence[Json]],
    ) -> None:
        self._accounts = accounts
        self._load = load
        self._plain = plain
        self._length = -1

    def plain(self) -> Iterator[Json]:
        """Yield the items as JSON, as they were written."""
        for account in self._accounts:
            yield from self._plain(account)

    def __iter__(self) -> Iterator[T]:
        for account in self._accounts:
            yield from self._load(account)

    def __len__(self) -> int:
        if self._length < 0:
            self._length = sum(1 for _ in self)
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        """Return items; it reads them all, so go through them instead."""
        return tuple(self)[index]


class RowsOnDisk(OnDisk[Result], Tallied):
    """The results of all accounts; ``tally`` counts those of one by status."""

    def __init__(
        self,
        accounts: Sequence[str],
        load: Callable[[str], Sequence[Result]],
        plain: Callable[[str], Sequence[Json]],
        tally: Callable[[str], Mapping[str, int]],
    ) -> None:
        super().__init__(accounts, load, plain)
        self._tally = tally

    def statuses(self) -> Mapping[str, int]:
        """Return the number of rows by status."""
        counts: Counter[str] = Counter()
        for account in self._accounts:
            counts.update(self._tally(account))
        return counts

    def __len__(self) -> int:
        return sum(self.statuses().values())


def judgements_of(state: State, header: Header, plan: Plan) -> Judgements:
    """Return the judgements of a run, finished or not. An account that nobody got to is ERROR, with NOT_RECORDED as its reason."""
    missing = frozenset(state.missing(header.accounts))

    def unread(account: str) -> AccountResult:
        text = "the run ended before the account was read"
        reason = Reason(ReasonCode.NOT_RECORDED, account=account, aws_message=text)
        return unscanned(plan, nobody(header, account), reason)

    return Judgements(
        accounts=header.accounts,
        policies=OnDisk(
            header.accounts,
            lambda one: unread(one).policies if one in missing else state.policies(one),
            lambda one: to_plain(unread(one).policies) if one in missing else state.plain(one, PolicyResult),
        ),
        results=RowsOnDisk(
            header.accounts,
            lambda one: unread(one).results if one in missing else state.rows(one),
            lambda one: to_plain(unread(one).results) if one in missing else state.plain(one, Result),
            lambda one: (
                Counter(row.status.value for row in unread(one).results)
                if one in missing
                else state.counted(one).counts
            ),
        ),
        populations=OnDisk(
            header.accounts,
            lambda one: unread(one).populations if one in missing else state.populations(one),
            lambda one: to_plain(unread(one).populations) if one in missing else state.plain(one, Population),
        ),
        complete=not missing,
    )


def entries_of(state: State) -> Iterator[tuple[Call, Reply, bytes]]:
    """Yield every call of a run with its reply and its line, in the ledger's order: the order of accounts is the order of calls."""
    for path in state.journals():
        yield from entries(path)


def basis_of(state: State, header: Header) -> Basis:
    """Return what the verdicts of a run rest on."""
    digest = hashlib.sha256(f"{canonical(header.to_json())}\n".encode("utf-8", "surrogatepass"))
    finished, regions, number = header.clock, set(), 0
    for call, reply, line in entries_of(state):
        digest.update(line + b"\n")
        finished = max(finished, reply.date)
        regions.add(call.region)
        number += 1
    return Basis(header, number, digest.hexdigest(), tuple(sorted(regions - {""})), finished)


def ledger_of(state: State, header: Header) -> Ledger:
    """Return the ledger of a run, all of it in memory."""
    return Ledger(header, ((call, reply) for call, reply, _ in entries_of(state)))


def ledger_bytes(state: State, header: Header, path: Path) -> Iterator[bytes]:
    """Yield the ledger file of a run in parts, compressed if the path ends in ``.gz``."""
    packer = zlib.compressobj(wbits=31) if path.suffix == ".gz" else None

    def lines() -> Iterator[bytes]:
        yield f"{canonical(header.to_json())}\n".encode("utf-8", "surrogatepass")
        for _, _, line in entries_of(state):
            yield line + b"\n"

    for line in lines():
        yield packer.compress(line) if packer else line
    if packer:
        yield packer.flush()
