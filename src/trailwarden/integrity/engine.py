"""Run a verification: find accounts and regions, cut the window into units, keep workers busy, join as units return."""

import math
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from trailwarden.integrity import cloudtrail, content, times
from trailwarden.integrity.chain import Window
from trailwarden.integrity.contents import ContentTally
from trailwarden.integrity.history import History
from trailwarden.integrity.keys import PublicKey
from trailwarden.integrity.names import DIGESTS, EVENTS, LOG_KINDS, Scope
from trailwarden.integrity.report import FINDINGS_LIMIT, ChainReport, VerifyReport
from trailwarden.integrity.schedule import Schedule
from trailwarden.integrity.scope import ScopeReport, join_scope
from trailwarden.integrity.store import Store, UnavailableError
from trailwarden.integrity.task import FileRecord, Task, Unit, UnitResult, cut, records
from trailwarden.integrity.verdicts import Finding, Verdict
from trailwarden.integrity.workers import Origin, release, run_bundle

if TYPE_CHECKING:
    from trailwarden.integrity.ledger import Ledger

_KEY_MARGIN: Final = 35 * times.DAY  # keys live 30 days
_DISCOVERY_THREADS: Final = 16
# Requests at a time: what two cores keep busy if answers come at once, and what hides some 20 ms of waiting.
_NEAR: Final = 64
_FAR: Final = 128
_SOON: Final = 0.005
_STEPS: Final = (24, 12, 8, 6, 4, 3)
_CORROBORATED: Final = frozenset({Verdict.GAP_DECLARED, Verdict.TAIL_MISSING})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; rates are for the caller to compute."""

    units: int
    total: int
    files: int
    resumed: int


@dataclass(slots=True)
class Run:
    """One verification. `sources` are (bucket, prefix) pairs; a prefix is empty or ends with a slash.

    `connections` of None are as many as the latency of the first answers calls for.
    """

    origin: Origin
    sources: Sequence[tuple[str, str]]
    window: Window
    task: Task
    executor: Executor
    workers: int
    connections: int | None = None
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    keys: Sequence[PublicKey] | None = None
    history: History | None = None
    corroborate: bool = True
    ledger: "Ledger | None" = None
    on_progress: Callable[[Progress], None] | None = None
    on_file: Callable[[FileRecord], None] | None = None

    findings: list[Finding] = field(default_factory=list)
    totals: dict[Verdict, int] = field(default_factory=dict)
    chains: list[ChainReport] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    _keys: dict[str, tuple[PublicKey, ...]] = field(default_factory=dict)
    _used: set[tuple[str, str]] = field(default_factory=set)
    _content: ContentTally = field(default_factory=ContentTally)
    _latency: float = math.inf
    _files: int = 0
    _resumed: int = 0

    def verify(self, options: dict[str, Any]) -> VerifyReport:
        """Do it all; `options` are repeated in the report."""
        try:
            return self._verify(options)
        finally:
            release(self.origin)

    def _verify(self, options: dict[str, Any]) -> VerifyReport:
        started = time.perf_counter()
        store = self.origin.open()
        try:
            scopes = self._discover(store)
        except UnavailableError as error:
            self._add("list-" + error.reason, error.verdict, f"the bucket could not be listed: {error}")
            scopes = []
        finally:
            store.close()
        if len({bucket for bucket, _ in self.sources}) == 1:
            release(self.origin)
            self.origin = self.origin.informed(store, self.sources[0][0])
        if not scopes and not self.findings:
            self._add("no-digests", Verdict.MISSING, "no account and region with CloudTrail files was found")
        self._load_keys(sorted({scope.region for scope in scopes}))
        groups: dict[tuple[str, str], list[Scope]] = {}
        for scope in scopes:
            groups.setdefault((scope.account, scope.region), []).append(scope)
        self._work(groups)
        if self.ledger is not None:
            self.ledger.keep_keys(key for keys in self._keys.values() for key in keys)
            self.ledger.finish()
        return self._report(options, time.perf_counter() - started)

    def _add(self, reason: str, verdict: Verdict, message: str, region: str = "") -> None:
        where = ", ".join(f"{bucket}/{prefix}" for bucket, prefix in self.sources)
        window = self.window
        self._count(
            [Finding(verdict, reason, "run", "", region, message, where, start=window.since, end=window.until)],
            {verdict: 1},
        )

    def _count(self, findings: Sequence[Finding], totals: dict[Verdict, int]) -> None:
        for verdict, number in totals.items():
            self.totals[verdict] = self.totals.get(verdict, 0) + number
        room = FINDINGS_LIMIT * len(Verdict) - len(self.findings)
        self.findings += findings[: max(0, room)]

    # Discovery --------------------------------------------------------------------------------------------------------

    def _discover(self, store: Store) -> list[Scope]:
        """Accounts and regions by their folders; that needs no permission but to list the bucket."""
        with ThreadPoolExecutor(_DISCOVERY_THREADS, "discover") as pool:
            accounts: list[tuple[str, str, str]] = []
            for bucket, prefix in self.sources:
                top = f"{prefix}AWSLogs/"
                names = self._folders(store, bucket, top)
                organizations = [name for name in names if name.startswith("o-")]
                below = pool.map(lambda name: self._folders(store, bucket, f"{top}{name}/"), organizations)  # noqa: B023 - consumed before the next turn
                pairs = [(top, name) for name in names]
                pairs += [(f"{top}{o}/", name) for o, found in zip(organizations, below, strict=True) for name in found]
                accounts += [(bucket, root, name) for root, name in pairs if len(name) == 12 and name.isdigit()]
            wanted = [item for item in accounts if not self.accounts or item[2] in self.accounts]
            for account in self.accounts:
                if account not in {item[2] for item in wanted}:
                    self._add("no-digests", Verdict.MISSING, f"nothing of account {account} was found")
            kinds: dict[tuple[str, str, str, str], list[str]] = {}
            # The usual folders are listed while it is found out which others there are.
            usual = [(where, kind) for where in wanted for kind in (DIGESTS, EVENTS)]
            regions = pool.map(lambda f: self._folders(store, f[0][0], f"{f[0][1]}{f[0][2]}/{f[1]}/"), usual)
            present = pool.map(lambda w: self._folders(store, w[0], f"{w[1]}{w[2]}/"), wanted)
            rare = [(w, k) for w, found in zip(wanted, present, strict=True) for k in LOG_KINDS if k in found]
            rare = [(where, kind) for where, kind in rare if kind != EVENTS]
            more = pool.map(lambda f: self._folders(store, f[0][0], f"{f[0][1]}{f[0][2]}/{f[1]}/"), rare)
            for (where, kind), found in zip([*usual, *rare], [*regions, *more], strict=True):
                for region in found:
                    kinds.setdefault((*where, region), []).extend([kind] if kind != DIGESTS else [])
        scopes = {Scope(*place, tuple(found)) for place, found in kinds.items()}
        missing = set(self.regions) - {scope.region for scope in scopes}
        for region in sorted(missing):
            self._add("no-digests", Verdict.MISSING, f"nothing of region {region} was found", region)
        return sorted(
            (s for s in scopes if not self.regions or s.region in self.regions),
            key=lambda s: (s.account, s.region, s.bucket, s.root),
        )

    def _folders(self, store: Store, bucket: str, prefix: str) -> list[str]:
        began = time.perf_counter()
        found = store.folders(bucket, prefix)
        self._latency = min(self._latency, time.perf_counter() - began)
        return found

    def _load_keys(self, regions: Sequence[str]) -> None:
        """Public keys of every region, for longer than the window: keys live 30 days, backfill is signed later."""
        if self.keys is not None:
            for region in regions:
                self._keys[region] = tuple(key for key in self.keys if key.region in {region, ""})
            return
        access = self.origin.access
        assert access is not None
        start = self.window.since - _KEY_MARGIN

        def load(region: str) -> tuple[PublicKey, ...] | UnavailableError:
            try:
                return tuple(cloudtrail.public_keys(access, region, start, self.window.now))
            except UnavailableError as error:
                return error

        with ThreadPoolExecutor(_DISCOVERY_THREADS, "keys") as pool:
            for region, found in zip(regions, pool.map(load, regions), strict=True):
                if isinstance(found, UnavailableError):
                    self._add(
                        f"keys-{found.reason}", found.verdict, f"the public keys could not be read: {found}", region
                    )
                self._keys[region] = () if isinstance(found, UnavailableError) else found

    # Units ------------------------------------------------------------------------------------------------------------

    def _pieces(self, scopes: int) -> list[tuple[int, int]]:
        """The window cut at full UTC hours: into days, or smaller if that would leave workers idle.

        A digest belongs to the window if it overlaps it, so the last one may end just under an hour behind it.
        """
        first, last = self.window.since, self.window.until + times.HOUR - 1
        enough = (s for s in _STEPS if scopes * (last - first) >= 8 * self.workers * s * times.HOUR)
        return cut(first, last, next(enough, _STEPS[-1]) * times.HOUR)

    def _work(self, groups: dict[tuple[str, str], list[Scope]]) -> None:
        """Keep the workers busy; take results in order, so that neither output nor memory depends on timing."""
        scopes = [(group, scope) for group, members in groups.items() for scope in members]
        pieces = self._pieces(len(scopes))
        total = len(scopes) * len(pieces)
        remaining = {group: len(members) * len(pieces) for group, members in groups.items()}
        parts: dict[tuple[str, str], list[UnitResult]] = {}
        units = (
            Unit(scope, a, b, self._keys.get(scope.region, ()), last=b == pieces[-1][1])
            for _, scope in scopes
            for a, b in pieces
        )
        done = 0
        for unit, result, fresh in Schedule(units, total, self._submit, self.workers, self.ledger):
            group = (unit.scope.account, unit.scope.region)
            if result.split:
                total += len(result.split) - 1
                remaining[group] += len(result.split) - 1
                continue
            done += 1
            if self.ledger is not None and fresh:
                self.ledger.store(unit, result)
            self._resumed += not fresh
            self._take(group, result, parts, remaining)
            if self.on_progress is not None:
                self.on_progress(Progress(done, total, self._files, self._resumed))
        self.chains.sort(key=lambda chain: (chain.id, chain.bucket, chain.root))

    def _submit(self, bundle: Sequence[Unit]) -> Future[list[UnitResult]]:
        connections = self.connections or (_FAR if self._latency > _SOON else _NEAR)
        threads = max(1, connections // self.workers)
        return self.executor.submit(run_bundle, self.origin, self.task, bundle, threads)

    def _take(
        self,
        group: tuple[str, str],
        result: UnitResult,
        parts: dict[tuple[str, str], list[UnitResult]],
        remaining: dict[tuple[str, str], int],
    ) -> None:
        if self.on_file is not None:
            for record in records(result):
                self.on_file(record)
        self._files += len(result.heads) + sum(result.counts.values())
        self._used |= {(result.scope.region, head.fingerprint) for head in result.heads}
        self._content.add(result.contents)
        result.rows, result.bodies, result.contents = [], [], []
        parts.setdefault(group, []).append(result)
        remaining[group] -= 1
        if not remaining[group]:
            report = self._join(parts.pop(group))
            self._count(report.findings, report.totals)
            self.chains += report.chains

    def _join(self, units: list[UnitResult]) -> ScopeReport:
        report = self._join_with(units, self.history)
        if self.history is None and self.corroborate and report.totals.keys() & _CORROBORATED:
            self.history = self._read_history({chain.id.home for chain in report.chains})
            if self.history is not None:
                report = self._join_with(units, self.history)
        return report

    def _join_with(self, units: list[UnitResult], history: History | None) -> ScopeReport:
        return join_scope(
            units, self.window, trails=self.task.trails, history=history, digests_only=self.task.digests_only
        )

    def _read_history(self, homes: set[str]) -> History | None:
        if self.origin.access is None:
            return None
        try:
            return cloudtrail.history(self.origin.access, homes, self.window.since, self.window.until, self.window.now)
        except UnavailableError as error:
            self.corroborate = False
            self.notes["history"] = f"not read: {error}"
            return None

    def _report(self, options: dict[str, Any], seconds: float) -> VerifyReport:
        if self._resumed:
            self.notes["resumed_units"] = self._resumed
        keys = tuple(
            key
            for region in sorted(self._keys)
            for key in sorted(self._keys[region], key=lambda k: (k.start, k.fingerprint))
            if (region, key.fingerprint) in self._used
        )
        return VerifyReport(
            self.window.since,
            self.window.until,
            self.window.now,
            {**options, **self.notes},
            tuple(self.chains),
            tuple(sorted(self.findings, key=lambda f: f.order)),
            {v: n for v, n in sorted(self.totals.items()) if n},
            keys,
            self._content.report() if self.task.content_check else None,
            {"seconds": round(seconds, 3), "files": self._files},
        )


def new_seed() -> str:
    """A seed nobody can foresee: whoever changes a log must not know which ones will be read."""
    return secrets.token_hex(8)


#: Which inflate implementation is in use, for reports and benchmarks.
INFLATE: Final = content.LIBRARY
