"""One unit of work: an account and region over a stretch of time. List, read, verify; everything about it comes back.

Picklable in and out, no shared state: units run in threads, processes or on a cluster, in any order.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from trailwarden.integrity import content, times
from trailwarden.integrity.chain import ChainId
from trailwarden.integrity.digest import HASH_ALGORITHM, Digest, Head, Reference, Successor, examine, same_hash
from trailwarden.integrity.events import LogContent, read_events
from trailwarden.integrity.keys import Keyring
from trailwarden.integrity.names import EVENTS, DigestName, parse_digest, parse_log, slot_stamp, stamp_of
from trailwarden.integrity.store import AbsentError, Blob, Entry, Store, UnavailableError
from trailwarden.integrity.task import DENSE, LogRow, Task, Unit, UnitResult, cut
from trailwarden.integrity.verdicts import FAILING, Finding, Verdict

T = TypeVar("T")
R = TypeVar("R")

_WITNESS: Final = 2 * times.HOUR
_REACH: Final = times.HOUR + 5 * 60  # the first digest of a unit names logs delivered up to this long before


def chosen(seed: str, key: str, share: float) -> bool:
    """Whether `key` belongs to the random `share` drawn with `seed`; independent of order and of other keys."""
    if share >= 1:
        return True
    draw = int.from_bytes(hashlib.blake2b(f"{seed}\0{key}".encode(), digest_size=8).digest(), "big")
    return draw < share * 2**64


def spread(pool: Executor, width: int, items: Sequence[T], work: Callable[[T], R]) -> list[R]:
    """`work` on every item, up to `width` at a time, results in order; a few long tasks instead of many small ones."""
    results: list[Any] = [None] * len(items)
    todo = iter(range(len(items)))

    def drain() -> None:
        # `next` on a range iterator is atomic under the interpreter lock, and exhaustion is final.
        for index in todo:
            results[index] = work(items[index])

    if len(items) == 1:
        drain()
        return results
    for future in [pool.submit(drain) for _ in range(min(width, len(items)))]:
        future.result()
    return results


def run_unit(unit: Unit, task: Task, store: Store, pool: Executor, width: int) -> UnitResult:
    """Verify one unit with `width` threads of `pool`. Nothing that one object does ends the run."""
    return _Run(unit, task, store, pool, width).run()


class _Run:
    def __init__(self, unit: Unit, task: Task, store: Store, pool: Executor, width: int) -> None:
        self.unit, self.task, self.store, self.pool, self.width = unit, task, store, pool, width
        self.scope = unit.scope
        self.ring = Keyring(unit.keys)
        self.out = UnitResult(unit.scope, unit.start, unit.end)

    def run(self) -> UnitResult:
        jobs: list[Callable[[], list[Entry]]] = [
            lambda: self._listed(self.scope.digests, self.unit.start + 1, self.unit.end)
        ]
        if not self.task.digests_only:
            jobs += [partial(self._listed_logs, kind) for kind in self.scope.kinds]
        try:
            listings = spread(self.pool, len(jobs), jobs, lambda job: job())
        except UnavailableError as error:
            self.out.unread.append((self.unit.start, self.unit.end))
            message = f"could not be listed: {error}"
            self._finding(
                error.verdict, f"list-{error.reason}", "hours", message, start=self.unit.start, end=self.unit.end
            )
            return self.out
        for entries in listings[1:]:
            if len(entries) > DENSE and not self.unit.whole and self.unit.end - self.unit.start > times.HOUR:
                self.out.split = self._pieces(entries)
                return self.out
        judged = self._digests(listings[0])
        if self.task.digests_only:
            self.out.heads = [head for head, _ in judged]
        else:
            self._logs(judged, [entry for found in listings[1:] for entry in found])
        return self.out

    def _listed(self, folder: str, start: int, end: int) -> list[Entry]:
        """Objects in the dated folders of [start, end]."""
        days = range(start - start % times.DAY, end + 1, times.DAY)
        return [e for day in days for e in self.store.entries(self.scope.bucket, folder + times.day_folder(day))]

    def _listed_logs(self, kind: str) -> list[Entry]:
        """Log files that this unit's digests may name, or the first of them if they are too many for one unit.

        Names sort by time, so others of the day are left out. How files of the other kinds are named is not beyond doubt:
        bounds are chosen so that either way nothing is missed.
        """
        unit, start, found = self.unit, self.unit.start - _REACH, list[Entry]()
        limit = 0 if unit.whole else DENSE
        for day in range(start - start % times.DAY, unit.end, times.DAY):
            after = self.scope.log_key(kind, start, named=kind) if day < start else ""
            # The day on which the window ends is listed whole: names that are no log's may sort anywhere.
            whole = unit.last and day <= unit.end - times.HOUR
            before = "" if whole or day + times.DAY <= unit.end else self.scope.log_key(kind, unit.end + 60)
            prefix = self.scope.logs(kind) + times.day_folder(day)
            found += self.store.entries(self.scope.bucket, prefix, after, before, limit)
            if limit and len(found) > limit:
                break
        first = slot_stamp(start)
        return found if kind == EVENTS else [entry for entry in found if not "" < stamp_of(entry.key) < first]

    def _pieces(self, entries: Sequence[Entry]) -> list[tuple[int, int]]:
        """Stretches of full hours with as many logs as one unit may have, by how close together `entries` are."""
        start = self.unit.start - _REACH
        slots = [name.slot for entry in entries if (name := parse_log(entry.key)) is not None]
        seconds = max([slot - start for slot in slots], default=0)
        hours = DENSE * seconds // (max(len(slots), 1) * times.HOUR)
        return cut(self.unit.start, self.unit.end, max(hours, 1) * times.HOUR)

    def _finding(self, verdict: Verdict, reason: str, kind: str, message: str, **more: Any) -> None:
        account, region = self.scope.account, self.scope.region
        self.out.findings.append(
            Finding(verdict, reason, kind, account, region, message, bucket=self.scope.bucket, **more)
        )

    # Digests ----------------------------------------------------------------------------------------------------------

    def _names(self, entries: Iterable[Entry], start: int, end: int) -> list[tuple[DigestName, Entry]]:
        found = []
        for entry in entries:
            name = parse_digest(entry.key)
            if name is None or not start < name.end <= end:
                continue
            if not self.task.trails or name.trail in self.task.trails:
                found.append((name, entry))
        return sorted(found, key=lambda pair: (pair[0].end, pair[1].key))

    def _digests(self, entries: list[Entry]) -> list[tuple[Head, Digest | None]]:
        named = self._names(entries, self.unit.start, self.unit.end)
        blobs = spread(self.pool, self.width, named, lambda pair: self._fetch(pair[1]))
        judged = [self._judge(name, entry, blob, None) for (name, entry), blob in zip(named, blobs, strict=True)]
        for index in reversed(range(len(judged))):
            head = judged[index][0]
            if isinstance(blobs[index], Blob) and _wants_successor(head):
                successor = self._successor(head, (other for other, _ in judged))
                if successor is not None:
                    judged[index] = self._judge(*named[index], blobs[index], successor)
        return judged

    def _fetch(self, entry: Entry) -> Blob | AbsentError | UnavailableError:
        known = self.unit.known_digests.get(entry.key)
        if known is not None and known.state == entry.state:
            return Blob(known.body, metadata=known.metadata)
        try:
            return self.store.get(self.scope.bucket, entry.key, self.task.object_limit)
        except (AbsentError, UnavailableError) as error:
            return error

    def _judge(
        self, name: DigestName, entry: Entry, blob: Blob | AbsentError | UnavailableError, successor: Successor | None
    ) -> tuple[Head, Digest | None]:
        bucket = self.scope.bucket
        if isinstance(blob, AbsentError):
            return Head(name, bucket, entry.key, Verdict.MISSING, "deleted-while-reading"), None
        if isinstance(blob, UnavailableError):
            return Head(name, bucket, entry.key, blob.verdict, blob.reason), None
        if self.task.keep and successor is None:
            self.out.bodies.append((entry.key, entry.state, bytes(blob.body), dict(blob.metadata)))
        return examine(
            name,
            (bucket, entry.key),
            self.task.places.claimed(bucket, entry.key),
            blob.body,
            blob.metadata,
            self.ring,
            limit=self.task.inflate_limit,
            copy=self.task.places.is_copy,
            successor=successor,
        )

    def _successor(self, head: Head, others: Iterable[Head]) -> Successor | None:
        """What the digest that links to `head` says about it; looked for behind the unit's end only when needed."""
        for other in others:
            if other.previous and (other.previous.key in {head.claimed[1], head.key}):
                return Successor(other.previous.signature, other.previous.sha256)
        if head.end < self.unit.end - _WITNESS:
            return None
        try:
            entries = self._listed(self.scope.digests, self.unit.end, self.unit.end + _WITNESS)
        except UnavailableError:
            return None
        for name, entry in self._names(entries, self.unit.end, self.unit.end + _WITNESS):
            if (name.trail, name.home, name.backfill) == (head.name.trail, head.name.home, head.name.backfill):
                other = self._judge(name, entry, self._fetch(entry), None)[0]
                if other.previous and other.previous.key in {head.claimed[1], head.key}:
                    return Successor(other.previous.signature, other.previous.sha256)
        return None

    # Logs -------------------------------------------------------------------------------------------------------------

    def _logs(self, judged: list[tuple[Head, Digest | None]], entries: list[Entry]) -> None:
        listed = {entry.key: entry for entry in entries}
        proven = [(head, digest, _roots(head)) for head, digest in judged if digest is not None]
        todo = [(head, roots, ref) for head, digest, roots in proven for ref in digest.logs]
        rows = spread(self.pool, self.width, todo, lambda item: self._log(*item, listed))
        own = slot_stamp(self.unit.start)  # slots before it belong to the unit before
        bad: dict[str, int] = {}
        kinds: set[str] = set()
        referenced: set[str] = set()
        for (head, _, _), row in zip(todo, rows, strict=True):
            referenced.add(row.key)
            chain = ChainId(head.name.account, head.name.region, head.name.trail, head.name.home, head.name.backfill)
            label = "|".join((chain.trail, chain.home, "backfill" if chain.backfill else "", row.verdict, row.source))
            self.out.counts[label] = self.out.counts.get(label, 0) + 1
            if row.verdict and Verdict(row.verdict) in FAILING:
                bad[head.key] = bad.get(head.key, 0) + 1
            if row.bucket == self.scope.bucket and (stamp_of(row.key) < own or row.key not in listed):
                self.out.loose_references.append(row.key)
            if row.key.startswith(self.scope.folder):
                kinds.add(self.scope.kind_of(row.key))
            if row.verdict and row.verdict != Verdict.VERIFIED:
                name = parse_log(row.key)
                self._finding(
                    Verdict(row.verdict),
                    row.reason,
                    "log",
                    _LOG_TEXT.get(row.reason, row.reason),
                    key=row.key,
                    trail=chain.trail,
                    start=name.slot if name else head.start,
                    end=name.slot + 300 if name else head.end,
                    detail={"digest": row.digest, "bucket": row.bucket},
                )
        self.out.heads = [replace(head, bad=bad.get(head.key, 0)) for head, _ in judged]
        self.out.loose_logs = list(self._loose(listed, referenced))
        self.out.kinds = sorted(kinds)
        self.out.contents.sort(key=lambda item: item.key)
        self.out.inflated = sum(row.size for row in rows)
        if self.task.keep:
            self.out.rows = rows

    def _loose(self, listed: Mapping[str, Entry], referenced: set[str]) -> Iterator[tuple[str, int]]:
        """Files of this unit's time that none of its digests names, with their slot; -1 for one that is no log by name.

        Such a file is still one in the log folder, and a query over the folder would read it.
        """
        for key in listed:
            if key not in referenced:
                name = parse_log(key)
                if name is None or self.unit.start <= name.slot < self.unit.end:
                    yield key, name.slot if name else -1

    def _log(
        self, head: Head, roots: set[tuple[str, str, str, str]], ref: Reference, listed: Mapping[str, Entry]
    ) -> LogRow:
        bucket, key = self.task.places.found(ref.bucket, ref.key)
        entry = listed.get(key) if bucket == self.scope.bucket else None
        state = entry.state if entry else ""

        def row(verdict: Verdict | str, reason: str = "", source: str = "read", size: int = 0) -> LogRow:
            return LogRow(bucket, key, state, str(verdict), reason, source, head.key, ref.sha256, size)

        log = parse_log(ref.key)
        if log is None or (ref.bucket, log.root, log.account, log.region) not in roots:
            return row(Verdict.CHAIN_BROKEN, "log-location")
        if ref.algorithm != HASH_ALGORITHM:
            return row(Verdict.INCONCLUSIVE, "hash-algorithm")
        if entry is not None:
            if not chosen(self.task.seed, key, self.task.sample):
                return row("", source="not-read")
            known = self.unit.known_logs.get(key)
            unchanged = known is not None and known[0] == entry.state and same_hash(known[1], ref.sha256)
            if unchanged and not (
                self.task.content_check or chosen(self.task.seed + "recheck", key, self.task.recheck)
            ):
                return row(Verdict.VERIFIED, source="ledger")
        try:
            blob = self.store.get(bucket, key, self.task.object_limit)
        except AbsentError:
            return row(Verdict.MISSING, "log-deleted")
        except UnavailableError as error:
            return row(error.verdict, error.reason)
        held = content.inspect(blob.body, self.task.inflate_limit, keep=self.task.content_check)
        if not held.sound:
            bomb = held.anomaly == "inflates-beyond-limit"
            return row(Verdict.CONTAINER_ANOMALY if bomb else Verdict.MODIFIED, held.anomaly, size=held.size)
        if not same_hash(held.sha256, ref.sha256):
            return row(Verdict.MODIFIED, "content-hash", size=held.size)
        if held.anomaly:
            return row(Verdict.CONTAINER_ANOMALY, held.anomaly, size=held.size)
        if self.task.content_check:
            # Appending is atomic; the order of arrival is undone in `_logs`.
            name = head.name
            file = LogContent(key, name.account, name.region, name.trail, name.home)
            self.out.contents.append(read_events(file, held.data))
        return row(Verdict.VERIFIED, size=held.size)


def _roots(head: Head) -> set[tuple[str, str, str, str]]:
    """Places a digest may name logs in: its own account, region and folder, or the folder its trail had just left."""
    name = head.name
    claims = [head.claimed] + ([(head.previous.bucket, head.previous.key)] if head.previous else [])
    digests = ((bucket, parse_digest(key)) for bucket, key in claims)
    return {(bucket, digest.root, name.account, name.region) for bucket, digest in digests if digest}


def _wants_successor(head: Head) -> bool:
    unsigned = head.reason in {"signature", "signature-absent", "unknown-key", "signature-algorithm"}
    return head.verdict is not Verdict.VERIFIED and unsigned


_LOG_TEXT: Final = {
    "log-deleted": "a digest names it and it is gone",
    "content-hash": "its content has another hash than its digest says",
    "not-gzip": "it is not a gzip file",
    "truncated": "its gzip stream ends too early",
    "corrupt": "its gzip stream is corrupt",
    "trailing-data": "data follows the end of its gzip stream; other readers would take it for events",
    "trailer": "its content is right, checksum or length in its gzip trailer are wrong or cut off",
    "inflates-beyond-limit": "it inflates beyond the limit",
    "log-location": "its digest names it outside of the account, region or place the digest is for",
    "hash-algorithm": "its digest names a hash algorithm other than SHA-256",
    "access-denied": "access was refused",
    "archived": "it lies in an archive storage class and has to be restored first",
    "kms": "its encryption key may not be used",
    "network": "the connection failed or was cut, several times over",
    "throttled": "S3 kept asking to slow down",
    "server-error": "S3 kept answering with an error",
    "object-too-large": "it is larger than the limit for stored objects",
}
