"""Runs over several accounts: from options to a job, through the workers, to a report."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

from trailwarden import __version__
from trailwarden.acceptance import Accepted
from trailwarden.calls import Recorder
from trailwarden.cli import console
from trailwarden.cli.options import ConnectionOptions, EstateOptions
from trailwarden.cli.runs import interruptible
from trailwarden.errors import CredentialsError, TrailwardenError, Unreadable, UsageError
from trailwarden.estate.accounts import (
    FROM_ORGANIZATION,
    Choice,
    Entry,
    Target,
    archives,
    named,
    of_organization,
    read_accounts,
    refined,
    source_of,
)
from trailwarden.estate.fleet import Fleet
from trailwarden.estate.job import Access, Job, plan_digest
from trailwarden.estate.judged import basis_of, entries_of, judgements_of, ledger_bytes, ledger_of
from trailwarden.estate.progress import Tally
from trailwarden.estate.shared import SharedReplies
from trailwarden.estate.state import Asked, Counted, State
from trailwarden.executors import THREADS, cores
from trailwarden.facts import format_time
from trailwarden.facts.account import GLOBAL_REGION
from trailwarden.files import write_atomic
from trailwarden.iampolicy import document
from trailwarden.integrity_reader import IntegrityReport
from trailwarden.ledger import Estate, Header, Ledger
from trailwarden.model import Member, Report
from trailwarden.onboarding.roles import LONGEST_SESSION_POLICY, session_policy
from trailwarden.plan import Plan
from trailwarden.report import Gate, compose

if TYPE_CHECKING:
    from trailwarden.aws.session import Connection

_FLYING = 32
"""Calls of one process in flight that are asked side by side."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A run that has come as far as it will: its folder and what it is about."""

    state: State
    asked: Asked
    plan: Plan

    def report(self, gate: Gate, accepted: Accepted) -> Report:
        """Return the report of what is in the folder."""
        header = self.asked.header
        judged = judgements_of(self.state, header, self.plan)
        return compose(judged, self.plan, basis_of(self.state, header), gate=gate, source="live", accepted=accepted)

    def write_ledger(self, path: Path) -> tuple[int, int]:
        """Write the ledger as it is on the disk, and return the number of replies and of errors among them; raises OutputError."""
        write_atomic(path, ledger_bytes(self.state, self.asked.header, path))
        replies = [reply.error is not None for _, reply, _ in entries_of(self.state)]
        return len(replies), sum(replies)

    def ledger(self) -> Ledger:
        """Return the ledger, all of it in memory."""
        return ledger_of(self.state, self.asked.header)


def settle(
    plan: Plan,
    options: EstateOptions,
    connection: ConnectionOptions,
    *,
    jobs: int,
    progress: console.Progress,
    reports: tuple[IntegrityReport, ...] = (),
) -> Settled:
    """Read and judge the accounts, or those that an earlier run has left.

    Args:
        plan: what to read and judge.
        options: which accounts, and how.
        connection: whose credentials.
        jobs: calls in flight for one account.
        progress: hears of it.
        reports: of ``logs verify``.

    Raises:
        TrailwardenError: the accounts can't be found out, or no account can be read any more; what was read stays in the folder.
    """
    state = State(options.state)
    state.refuse_other_content()
    if options.partial:
        asked = _known(state, plan, connection)
        return Settled(state, asked, plan)
    job = prepare(plan, options, connection, state, jobs=jobs, reports=reports)
    left = state.missing(job.asked.header.accounts)
    if left:
        _work(job, options, state, left, progress)
    return Settled(state, job.asked, plan)


def _work(job: Job, options: EstateOptions, state: State, left: list[str], progress: console.Progress) -> None:
    total = len(job.asked.header.accounts)
    tally = Tally(total, total - len(left), time.monotonic())

    def tell(counted: Counted | None) -> None:
        if counted is not None:
            tally.add(counted)
        now = time.monotonic()
        progress.line(tally.line(now), now)

    fleet = Fleet(job, options.executor, options.workers, tell)
    try:
        fleet.start()
    except (ValueError, OSError) as error:
        raise UsageError(f"--executor: {error}") from None
    try:
        interruptible(lambda: fleet.run(left))
    except KeyboardInterrupt:
        # The workers are not waited for: they end with this process, and what they have written counts.
        progress.clear()
        _say_where(state, job.asked)
        raise
    except TrailwardenError:
        progress.clear()
        _say_where(state, job.asked)
        fleet.close()
        raise
    fleet.close()
    progress.clear()


def _say_where(state: State, asked: Asked) -> None:
    accounts = asked.header.accounts
    done = len(accounts) - len(state.missing(accounts))
    console.say(
        f"{done} of {len(accounts)} accounts are done and kept in {state.folder}; go on with --resume, "
        "or report them with --partial"
    )


# --- from options to a job --------------------------------------------------------------------------------------------


def prepare(
    plan: Plan,
    options: EstateOptions,
    connection: ConnectionOptions,
    state: State,
    *,
    jobs: int,
    reports: tuple[IntegrityReport, ...],
) -> Job:
    """Return the job: that of the run in the folder if it is to be resumed, else a new one.

    Raises:
        TrailwardenError: as ``settle``.
    """
    from trailwarden.aws.session import Tuning, connect  # noqa: PLC0415 - botocore takes long to import

    resumed = options.resume and bool(state.token())
    if not resumed and not (options.organization or options.accounts or options.ids):
        raise UsageError(
            f"{state.folder}: there is no run to go on with", "to begin one: --organization, --accounts or --account"
        )
    asked = _known(state, plan, connection) if resumed else None
    if asked is None and not options.resume and state.unfinished():
        raise UsageError(
            f"{state.folder}: holds a run that did not get to its end",
            "go on with it by --resume, or use another folder: --state DIR; to give it up, remove the folder",
        )
    several = options.executor != THREADS
    processes = (options.workers or cores()) if several else 1
    tuning = Tuning(retry_mode="adaptive", max_attempts=options.attempts, max_connections=2 * _FLYING)
    clock = asked.header.clock if asked else format_time(datetime.now(UTC).replace(microsecond=0))
    name = "trailwarden-" + "".join(letter for letter in clock if letter.isalnum())
    link = connect(
        profile=connection.profile,
        region=asked.region if asked else (connection.regions[0] if connection.regions else ""),
        role_arn=connection.role_arn,
        external_id="" if options.role else connection.external_id,
        session_name=name,
        endpoint_url=connection.endpoint_url,
        tuning=tuning,
    )
    try:
        if asked is None:
            state.begin()
            asked = state.write(_asked(plan, options, connection, state, link=link, clock=clock))
        elif asked.header.caller.get("account") != link.caller.account:
            text = f"the run was begun by account {asked.header.caller.get('account')}, this is {link.caller.account}"
            raise CredentialsError(text, "use the same credentials, or begin anew without --resume")
    finally:
        link.close()
    policy = _session_policy(plan.actions, link.partition) if options.session_policy else ""
    return Job(
        asked=asked,
        plan=plan,
        access=Access(tuning, connection.profile, connection.endpoint_url, connection.role_arn, name, policy),
        caller=link.caller,
        identity=link.identity,
        folder=str(state.folder.resolve()),
        at_once=options.at_once,
        jobs=_FLYING,
        per_account=max(1, jobs // processes),
        several=several,
        reports=reports,
    )


def _known(state: State, plan: Plan, connection: ConnectionOptions) -> Asked:
    """Return what the run in the folder is about.

    Raises:
        UsageError: there is none, or this command asks for something else.
    """
    asked = state.read()
    if asked.plan != plan_digest(plan):
        raise UsageError(f"{state.folder}: the run judges other policies", "give the same policies, or begin anew")
    if asked.header.regions != tuple(dict.fromkeys(connection.regions)):
        raise UsageError(f"{state.folder}: the run looks at other regions", "give the same --region, or begin anew")
    return asked


def _asked(
    plan: Plan, options: EstateOptions, connection: ConnectionOptions, state: State, *, link: Connection, clock: str
) -> Asked:
    """Find out which accounts there are, and write down what the run is about."""
    from trailwarden.aws.organization import RoleTemplate, list_members  # noqa: PLC0415 - as above
    from trailwarden.aws.reader import LiveReader  # noqa: PLC0415 - as above

    recorder = Recorder(SharedReplies(LiveReader(link, jobs=1), state.calls))
    recorder.ask(link.identity[0])
    given = read_accounts(options.accounts) if options.accounts else ()
    entries = {entry.id: entry for entry in given}
    excluded: tuple[tuple[str, str], ...] = ()
    if options.organization:
        try:
            found = list_members(recorder, link.caller.account, GLOBAL_REGION[link.partition])
        except Unreadable as error:
            raise UsageError(
                f"the organization's accounts can't be listed: {error.reason.sentence()}",
                "ask as its management account or a delegated administrator, or name the accounts: --accounts FILE",
            ) from None
        members, excluded = of_organization(found, Choice(options.units, tuple(dict.fromkeys(options.ids))))
        strange = sorted(set(entries) - {member.id for member in found})
        if strange:
            raise UsageError(f"{options.accounts}: account {strange[0]} is not in the organization")
    else:
        entries = {entry.id: entry for entry in named(options.ids)} | entries
        members = tuple(Member(entry) for entry in sorted(entries))
    members = refined(members, entries)
    template = RoleTemplate(options.role, connection.external_id) if options.role else None
    accounts = tuple(member.id for member in members)
    estate = Estate(
        source=FROM_ORGANIZATION if options.organization else source_of(options.accounts),
        members=members,
        excluded=excluded,
        role=template.for_account("{account}", link.partition).arn if template else "",
        log_archives=archives(members, given, options.log_archives),
        asked=link.caller.account,
    )
    caller = link.caller
    header = Header(
        clock=clock,
        caller={"account": caller.account, "arn": caller.arn, "user_id": caller.user_id},
        accounts=accounts,
        regions=tuple(dict.fromkeys(connection.regions)),
        partition=link.partition,
        versions={"trailwarden": __version__, "python": python_version(), **link.versions},
        estate=estate,
    )
    targets = tuple(_target(item, entries.get(item, Entry(item)), options, connection, link) for item in accounts)
    return Asked(header, targets, link.region, plan_digest(plan))


def _target(
    account: str, entry: Entry, options: EstateOptions, connection: ConnectionOptions, link: Connection
) -> Target:
    """Return the role that an account is read with; the caller's own account needs none.

    Raises:
        UsageError: no role is named, or one of another account.
    """
    from trailwarden.aws.organization import RoleTemplate  # noqa: PLC0415 - as above

    if account == link.caller.account and not entry.role:
        return Target(account)
    if not (entry.role or options.role):
        raise UsageError(f"no role is named to read account {account} with", "give --role, or a role in --accounts")
    template = RoleTemplate(entry.role or options.role, entry.external_id or connection.external_id)
    role = template.for_account(account, link.partition)
    if role.arn.split(":")[4] != account:
        raise UsageError(
            f"{role.arn} is no role of account {account}", "write {account} for the account's id in the ARN"
        )
    return Target(account, role.arn, role.external_id)


def _session_policy(actions: Sequence[str], partition: str) -> str:
    """Return a session policy that allows these actions, as narrow as STS takes it; without one the roles' own limits hold."""
    narrow = json.dumps(document(actions, partition), separators=(",", ":"))
    if len(narrow) <= LONGEST_SESSION_POLICY:
        return narrow
    try:
        return session_policy(actions)
    except UsageError as error:
        console.say(f"the sessions are not limited to what is read: {error.message}; what the roles allow is the limit")
        return ""
