"""Reading and judging, without a word about where the result goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, TypeVar

from trailwarden import __version__
from trailwarden.acceptance import NO_WAIVERS, Accepted
from trailwarden.calls import Recorder
from trailwarden.cli.console import Progress
from trailwarden.cli.options import AcceptedOptions, ConnectionOptions, SelectionOptions
from trailwarden.errors import LedgerError, Unreadable, UsageError
from trailwarden.facts import Account, format_time, parse_time
from trailwarden.integrity_reader import IntegrityReader, IntegrityReport, read_report
from trailwarden.ledger import Header, Ledger, ReplayReader, read_ledger
from trailwarden.model import Report
from trailwarden.plan import Plan, make_plan
from trailwarden.policy.baseline import baseline_bytes, parse_baseline
from trailwarden.policy.select import select
from trailwarden.policy.waivers import load_waivers
from trailwarden.registry import checks, did_you_mean
from trailwarden.report import NOTHING, Gate, assemble
from trailwarden.scan import accounts_of, scan

if TYPE_CHECKING:
    from trailwarden.aws.session import Connection

T = TypeVar("T")


def plan_for(options: SelectionOptions) -> Plan:
    """Return the plan of the chosen policies; raises as ``policy.select``."""
    return make_plan(
        select(
            options.refs,
            checks=checks(),
            exclude=options.exclude,
            tags=options.tags,
            severities=options.severities,
        )
    )


@dataclass(frozen=True)
class Source:
    """Who answers, and about which accounts. ``name`` is what the report calls it."""

    name: str
    header: Header
    recorder: Recorder
    recorded: Ledger | None = None
    """The ledger that is replayed."""
    close: Callable[[], None] = lambda: None

    def ledger(self) -> Ledger:
        """Return what the verdicts rest on: the replayed ledger, or everything that was answered so far."""
        return self.recorded or Ledger(self.header, self.recorder.entries())


def replayed(path: Path) -> Source:
    """Return a recorded ledger, or the one in an evidence folder.

    Raises:
        LedgerError: it can't be read, or its header lacks what a judgement needs.
    """
    ledger = read_ledger(path)
    if not ledger.header.accounts:
        raise LedgerError(f"{path}: the header names no account", "a ledger is written by `trailwarden collect`")
    try:
        parse_time(ledger.header.clock)
    except ValueError:
        raise LedgerError(f"{path}: the header's clock {ledger.header.clock!r} is not a time") from None
    return Source("replay", ledger.header, Recorder(ReplayReader(ledger)), ledger)


def verified(paths: Iterable[Path]) -> tuple[IntegrityReport, ...]:
    """Return reports of ``logs verify``; raises as ``integrity_reader.read_report``."""
    return tuple(map(read_report, paths))


def live(options: ConnectionOptions, jobs: int, progress: Progress, reports: Sequence[IntegrityReport] = ()) -> Source:
    """Return AWS, as the credentials at hand see it, and beside it the reports about log files.

    Raises:
        CredentialsError: as ``aws.session.connect``.
    """
    from trailwarden.aws.session import Tuning, connect  # noqa: PLC0415 - botocore takes longer to import than a replay takes

    connection = connect(
        profile=options.profile,
        region=options.regions[0] if options.regions else "",
        role_arn=options.role_arn,
        external_id=options.external_id,
        endpoint_url=options.endpoint_url,
        tuning=Tuning(max_connections=max(jobs, Tuning().max_connections)),
    )
    caller = connection.caller
    header = Header(
        clock=format_time(datetime.now(UTC).replace(microsecond=0)),
        caller={"account": caller.account, "arn": caller.arn, "user_id": caller.user_id},
        accounts=(caller.account,),
        regions=tuple(dict.fromkeys(options.regions)),
        partition=connection.partition,
        versions={"trailwarden": __version__, "python": python_version(), **connection.versions},
    )
    return connected("live", connection, header, jobs, progress, reports=reports)


def connected(
    name: str,
    connection: Connection,
    header: Header,
    jobs: int,
    progress: Progress,
    *,
    reports: Sequence[IntegrityReport] = (),
) -> Source:
    """Return what a connection reaches. Who asked belongs to the ledger: it is the first thing that an auditor wants to see."""
    from trailwarden.aws.reader import LiveReader  # noqa: PLC0415 - as above

    reader = LiveReader(connection, jobs)
    recorder = Recorder(IntegrityReader(reader, reports), on_reply=lambda _call, _reply: progress.reply())
    recorder.ask(connection.identity[0])
    return Source(name, header, recorder, close=reader.close)


@dataclass(frozen=True, slots=True)
class AcceptedFiles:
    """What people have accepted, and the bytes of the baseline it was read from."""

    accepted: Accepted = NOTHING
    baseline: tuple[str, bytes] | None = None


def accepted_by(options: AcceptedOptions) -> AcceptedFiles:
    """Read waivers and baseline; raises as ``load_waivers`` and ``read_baseline``."""
    waivers = load_waivers(options.waivers, max_days=options.waiver_days) if options.waivers else NO_WAIVERS
    if options.baseline is None:
        return AcceptedFiles(Accepted(waivers))
    name, data = str(options.baseline), baseline_bytes(options.baseline)
    return AcceptedFiles(Accepted(waivers, parse_baseline(data, name)), (name, data))


def judge(
    plan: Plan, source: Source, *, gate: Gate, jobs: int, progress: Progress, accepted: Accepted = NOTHING
) -> Report:
    """Read what the plan needs of every account, and judge it."""
    found = []
    for account in accounts_of(source.header, source.recorder):
        refuse_unknown_regions(plan, account)
        progress.doing(f"reading account {account.account_id}")
        found.append(scan(plan, account, jobs=jobs))
    return assemble(found, plan, source.ledger(), gate=gate, source=source.name, accepted=accepted)


def read(plan: Plan, source: Source, *, jobs: int, progress: Progress) -> Ledger:
    """Read what the plan needs of every account, and what its checks go on to ask; keep no verdict."""
    for account in accounts_of(source.header, source.recorder):
        refuse_unknown_regions(plan, account)
        progress.doing(f"reading account {account.account_id}")
        scan(plan, account, jobs=jobs)
    return source.ledger()


def refuse_unknown_regions(plan: Plan, account: Account) -> None:
    """Refuse regions that were asked for and that the account does not have: an empty scope would pass for a clean one.

    Raises:
        UsageError: there is no such region, or it is not enabled.
    """
    if not account.only_regions or Account.region_list not in plan.facts:
        return
    try:
        known = {row.name: row for row in account.region_list}
    except Unreadable:
        return
    for name in account.only_regions:
        if name not in known:
            raise UsageError(f"there is no region {name!r}", did_you_mean(name, known))
        if not known[name].enabled:
            raise UsageError(f"region {name!r} is not enabled in account {account.account_id}", "leave it out")


def interruptible(work: Callable[[], T]) -> T:
    """Do the work in a thread of its own, so that Ctrl-C is heard at once, whatever request is in flight.

    Raises:
        KeyboardInterrupt: Ctrl-C; the work goes on in the background until the process ends.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []
    done = threading.Event()

    def worker() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread
            failure.append(error)
        finally:
            done.set()

    threading.Thread(target=worker, name="trailwarden-work", daemon=True).start()
    done.wait()
    if failure:
        raise failure[0]
    return outcome[0]
