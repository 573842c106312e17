"""The one call everything else goes through: options in, report out."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trailwarden.executors import open_executor
from trailwarden.integrity import aws, times
from trailwarden.integrity.chain import Window
from trailwarden.integrity.engine import Progress, Run, new_seed
from trailwarden.integrity.folder import load_keys
from trailwarden.integrity.history import History
from trailwarden.integrity.places import Places, parse_places
from trailwarden.integrity.report import VerifyReport
from trailwarden.integrity.task import FileRecord, Task
from trailwarden.integrity.workers import Origin

if TYPE_CHECKING:
    from trailwarden.integrity.ledger import Ledger

_DEFAULT_WINDOW: Final = times.DAY


@dataclass(frozen=True)
class Options:
    """What to verify and how. Times are seconds since 1970.

    Attributes:
        sources: `bucket` or `bucket/prefix`; for a folder optional (then it holds `AWSLogs/` directly, of any bucket).
        folder: local copy to read instead of S3; then `keys` must be given and AWS is not asked for anything.
        keys: files or folders with saved public keys; without them CloudTrail is asked.
        access: region, profile, endpoint, credentials.
        since: begin of the window; a day before its end by default.
        until: end of the window; now by default.
        now: the clock; the present by default.
        accounts: only these; all that are found by default.
        regions: only these; all that are found by default.
        trails: only chains of these trails; each has to exist.
        sample: share of logs to read, above 0 up to 1.
        recheck: share of logs verified by an earlier run to read again all the same.
        seed: of the random choices; unforeseeable by default, stated in the report.
        digests_only: verify digests, leave logs alone.
        content_check: also parse the logs that are read (`log-content-complete`).
        location_map: `CLAIMED=FOUND` pairs of `bucket[/prefix]`, for replicas.
        executor: `processes`, `threads` or `dask://HOST:PORT`.
        jobs: workers; one per core by default.
        connections: requests at a time over all workers; by default 64, or 128 where an answer takes more than 5 ms.
        ledger: file that remembers what was proven.
        resume: continue an unfinished run with the same options.
        history: events and status to hold gaps against; read from CloudTrail by default, if it may be.
        corroborate: whether to read them.
        object_limit: largest stored object, bytes.
        inflate_limit: largest inflated object, bytes.
    """

    sources: tuple[str, ...] = ()
    folder: Path | None = None
    keys: tuple[Path, ...] = ()
    access: aws.Access = field(default_factory=aws.Access)
    since: int | None = None
    until: int | None = None
    now: int | None = None
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    trails: tuple[str, ...] = ()
    sample: float = 1.0
    recheck: float = 0.01
    seed: str | None = None
    digests_only: bool = False
    content_check: bool = False
    location_map: tuple[str, ...] = ()
    executor: str = "processes"
    jobs: int | None = None
    connections: int | None = None
    ledger: Path | None = None
    resume: bool = True
    history: History | None = None
    corroborate: bool = True
    object_limit: int = 256 << 20
    inflate_limit: int = 1 << 30

    def check(self) -> None:
        """Raise ValueError for options that make no sense, before anything is read."""
        if self.folder is None and not self.sources:
            raise ValueError("name a bucket or a folder to verify")
        if self.folder is not None and not self.folder.is_dir():
            raise ValueError(f"{self.folder} is not a folder")
        if self.folder is not None and not self.keys:
            raise ValueError("a folder is verified without AWS: give the saved public keys with it")
        if not 0 < self.sample <= 1 or not 0 <= self.recheck <= 1:
            raise ValueError("a sample is a share above 0 and up to 100 %")
        if any(number is not None and number < 1 for number in (self.connections, self.jobs)):
            raise ValueError("jobs and connections have to be at least 1")
        for account in self.accounts:
            if len(account) != 12 or not account.isdigit():
                raise ValueError(f"{account!r} is not an account id of 12 digits")
        self.places()

    def places(self) -> Places:
        """The location map; ValueError if it cannot be read."""
        local = self.folder is not None
        return parse_places(self.location_map, any_bucket=local and not self.sources, local=local)


def verify(
    options: Options,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    on_file: Callable[[FileRecord], None] | None = None,
) -> VerifyReport:
    """Verify digest chains and logs.

    Args:
        options: what and how.
        on_progress: called after every unit of work.
        on_file: called for every digest and log file, in an order that does not depend on timing.

    Raises:
        ValueError: the options make no sense, or a file given with them cannot be understood.
        UnavailableError: there are no credentials. Nothing else that AWS refuses is raised; it is in the report.
        OSError: a local file cannot be read or written.
    """
    options.check()
    keys = load_keys(list(options.keys)) if options.keys else None
    # Workers are forked here, while this process is small and has one thread.
    with open_executor(options.executor, options.jobs) as (executor, number):
        origin = Origin(folder=options.folder) if options.folder else Origin(access=aws.resolve(options.access))
        with _open_ledger(options.ledger) as ledger:
            resolved = _resolved(options)
            if ledger is not None:
                resolved = ledger.begin(_request(options), resolved, resume=options.resume)
            run = Run(
                origin=origin,
                sources=[_source(text) for text in options.sources] or [("", "")],
                window=Window(resolved["since"], resolved["until"], resolved["now"]),
                task=_task(options, resolved["seed"], keep=ledger is not None or on_file is not None),
                executor=executor,
                workers=number,
                connections=options.connections,
                accounts=options.accounts,
                regions=options.regions,
                keys=keys,
                history=options.history,
                corroborate=options.corroborate,
                ledger=ledger,
                on_progress=on_progress,
                on_file=on_file,
            )
            return run.verify(_stated(options, origin, resolved["seed"]))


@contextmanager
def _open_ledger(path: Path | None) -> Iterator["Ledger | None"]:
    if path is None:
        yield None
        return
    import sqlite3  # noqa: PLC0415 - SQLite is only for who wants a ledger

    from trailwarden.integrity.ledger import Ledger, LedgerError  # noqa: PLC0415 - as above

    try:
        with Ledger(path) as ledger:
            yield ledger
    except sqlite3.Error as error:
        raise LedgerError(
            f"{path}: {error}; what was finished is kept. Is another run using it, or the disk full?"
        ) from error


def _resolved(options: Options) -> dict[str, Any]:
    now = options.now if options.now is not None else int(time.time())
    until = options.until if options.until is not None else now
    since = options.since if options.since is not None else until - _DEFAULT_WINDOW
    if since >= until:
        raise ValueError("the window ends before it begins")
    return {"since": since, "until": until, "now": now, "seed": options.seed or new_seed()}


def _task(options: Options, seed: str, *, keep: bool) -> Task:
    return Task(
        places=options.places(),
        trails=options.trails,
        sample=options.sample,
        recheck=options.recheck,
        seed=seed,
        digests_only=options.digests_only,
        content_check=options.content_check,
        object_limit=options.object_limit,
        inflate_limit=options.inflate_limit,
        keep=keep,
    )


def _request(options: Options) -> dict[str, Any]:
    """The options that decide what is verified, as given: two runs with the same ones may continue each other."""
    names = (
        "sources since until now accounts regions trails sample recheck seed digests_only content_check location_map"
    )
    data = {name: getattr(options, name) for name in names.split()}
    return {**data, "folder": str(options.folder or ""), "endpoint": options.access.endpoint_url}


def _source(text: str) -> tuple[str, str]:
    bucket, _, prefix = text.removeprefix("s3://").partition("/")
    prefix = prefix.strip("/")
    return bucket, f"{prefix}/" if prefix else ""


def _stated(options: Options, origin: Origin, seed: str) -> dict[str, Any]:
    """The conditions of the run, for the report: whoever reads it must see how far it reaches."""
    return {
        "sources": list(options.sources),
        "folder": str(options.folder) if options.folder else None,
        "accounts": list(options.accounts),
        "regions": list(options.regions),
        "trails": list(options.trails),
        "sample": options.sample,
        "recheck": options.recheck if options.ledger else None,
        "seed": seed,
        "digests_only": options.digests_only,
        "content_check": options.content_check,
        "location_map": list(options.location_map),
        "keys": "files" if options.keys else "cloudtrail",
        # A custom endpoint could hand out keys of its own, and with them the trust in everything.
        "endpoint_url": origin.access.endpoint_url if origin.access else None,
    }
