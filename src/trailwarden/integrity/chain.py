"""Join verified digests into chains: links, hashes, time, gaps and both ends. Pure; nothing here reads anything.

Nothing in the cryptography is sequential, because a digest carries its predecessor's signature itself. So digests are
judged one by one in any order, and this module only compares neighbours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from trailwarden.integrity import times
from trailwarden.integrity.digest import Head, same_hash
from trailwarden.integrity.history import History
from trailwarden.integrity.names import parse_digest
from trailwarden.integrity.verdicts import Finding, Verdict

_TOLERANCE: Final = 5 * 60
_LATE: Final = 2 * times.HOUR  # AWS delivers a digest well within this time after its end


@dataclass(frozen=True, slots=True, order=True)
class ChainId:
    """One chain of digests. Buckets are not part of it: a trail may move to another."""

    account: str
    region: str
    trail: str
    home: str
    backfill: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """The audited delivery time [since, until) and the clock, in seconds since 1970."""

    since: int
    until: int
    now: int


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in one state: `verified`, `empty`, `damaged`, or the name of the verdict on it."""

    start: int
    end: int
    state: str


@dataclass(slots=True)
class Joined:
    """Findings about a chain and the states of its hours, by time."""

    findings: list[Finding] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)


#: States of which a digest vouches for the logs, and of which nobody can because digests are gone or bad.
VOUCHED: Final = frozenset({"verified", "empty", "damaged"})
OFF: Final = frozenset({str(Verdict.GAP_DECLARED), str(Verdict.GAP_UNEXPLAINED), "not-covered"})


def join(
    chain: ChainId,
    heads: Iterable[Head],
    window: Window,
    *,
    history: History | None = None,
    unread: Sequence[tuple[int, int]] = (),
    roots: Sequence[tuple[str, str]] = (),
) -> Joined:
    """Judge one chain.

    Args:
        chain: which one; all `heads` belong to it.
        heads: every digest found whose time overlaps the window.
        window: what was asked for.
        history: events and status to hold gaps against.
        unread: stretches that could not be listed; holes in them are not held against the chain.
        roots: (bucket, root) pairs that were searched; a link leading elsewhere is not a deletion.
    """
    return _Joiner(chain, sorted(heads, key=lambda h: (h.end, h.bucket, h.key)), window, history, unread, roots).run()


@dataclass(slots=True)
class _Joiner:
    chain: ChainId
    heads: list[Head]
    window: Window
    history: History | None
    unread: Sequence[tuple[int, int]]
    roots: Sequence[tuple[str, str]]
    out: Joined = field(default_factory=Joined)

    def run(self) -> Joined:
        anchor: Head | None = None
        pending: list[Head] = []
        for head in self.heads:
            self._own(head)
            if head.verdict is not Verdict.VERIFIED:
                pending.append(head)
                continue
            if self.chain.backfill:
                self._backfill(head)
            elif anchor is None:
                self._first(head, pending)
            else:
                self._between(anchor, head, pending)
            anchor, pending = head, []
        if not self.chain.backfill:
            if anchor is None and pending:
                self._first(None, pending)
            self._last(anchor, pending)
        self.out.spans.sort(key=lambda span: (span.start, span.end, span.state))
        return self.out

    def _find(self, verdict: Verdict, reason: str, message: str, start: int, end: int, **detail: object) -> None:
        self.out.findings.append(
            Finding(
                verdict,
                reason,
                "hours",
                self.chain.account,
                self.chain.region,
                message,
                trail=self.chain.trail,
                start=start,
                end=end,
                detail=detail,
            )
        )
        if end > start:
            self.out.spans.append(Span(start, end, str(verdict)))

    def _digest(self, head: Head, verdict: Verdict, reason: str, message: str, **detail: object) -> None:
        self.out.findings.append(
            Finding(
                verdict,
                reason,
                "digest",
                self.chain.account,
                self.chain.region,
                message,
                bucket=head.bucket,
                key=head.key,
                trail=self.chain.trail,
                start=_start(head),
                end=head.end,
                detail=detail,
            )
        )

    def _own(self, head: Head) -> None:
        """What the digest's own examination brought, and the state of its hour."""
        if head.verdict is not Verdict.VERIFIED:
            detail = {"fingerprint": head.fingerprint} if head.verdict is Verdict.KEY_UNKNOWN else {}
            self._digest(head, head.verdict, head.reason, _DIGEST_TEXT.get(head.reason, head.reason), **detail)
            self.out.spans.append(Span(_start(head), head.end, str(head.verdict)))
            return
        if head.anomaly:
            text = _DIGEST_TEXT.get(head.anomaly, head.anomaly)
            self._digest(head, Verdict.CONTAINER_ANOMALY, head.anomaly, text)
        state = "damaged" if head.bad else "verified" if head.logs else "empty"
        self.out.spans.append(Span(head.start, head.end, state))

    def _first(self, head: Head | None, bad: list[Head]) -> None:
        """The oldest digests of the window: does the chain reach back to its start?"""
        oldest = bad[0] if bad else head
        assert oldest is not None
        begins = _start(oldest)
        # A bad digest's own claim to be a starting one is only used to avoid accusing twice for one object.
        starting = oldest.previous is None and bool(oldest.sha256)
        if begins > self.window.since + _TOLERANCE and not self._is_unread(self.window.since, begins):
            if starting:
                self._gap(self.window.since, begins, beginning=True)
            elif oldest.previous and self._elsewhere(oldest):
                self._moved(oldest, self.window.since, begins)
            else:
                self._find(
                    Verdict.HEAD_MISSING,
                    "head-deleted",
                    "the digests before the oldest one are gone: it names a predecessor",
                    self.window.since,
                    begins,
                    digests=_count(self.window.since, begins),
                    predecessor=oldest.previous.key if oldest.previous else None,
                )
        if head is not None and bad:
            if head.previous is None:
                self._gap(bad[-1].end, head.start, beginning=False)
            else:
                self._deleted(bad[0].end, head.start, bad[1:], head)
        elif head is None:
            self._deleted(bad[0].end, bad[-1].end, bad[1:], None)

    def _between(self, older: Head, newer: Head, bad: list[Head]) -> None:
        """Two proven neighbours, with digests between them that prove nothing."""
        link = newer.previous
        if link is None:
            if bad:
                self._deleted(older.end, bad[-1].end, bad, None)
            self._gap(bad[-1].end if bad else older.end, newer.start, beginning=False)
        elif (link.bucket, link.key) == older.claimed:
            if not same_hash(link.sha256, older.sha256):
                self._digest(newer, Verdict.CHAIN_BROKEN, "previous-hash", "it names another hash for its predecessor")
            elif link.signature != older.signature:
                text = "it names another signature for its predecessor"
                self._digest(newer, Verdict.CHAIN_BROKEN, "previous-signature", text)
            elif newer.start != older.end:
                text = (
                    f"it starts at {times.extended(newer.start)}, its predecessor ends at {times.extended(older.end)}"
                )
                self._digest(newer, Verdict.CHAIN_BROKEN, "time", text)
        elif any((link.bucket, link.key) == other.claimed or link.key == other.key for other in bad):
            self._deleted(older.end, newer.start, bad, newer)
        elif self._elsewhere(newer):
            self._moved(newer, older.end, newer.start)
        elif newer.start <= older.end + _TOLERANCE or not self._deleted(older.end, newer.start, bad, newer):
            text = f"it names {link.key} as its predecessor, not the digest before it"
            self._digest(newer, Verdict.CHAIN_BROKEN, "previous-location", text, predecessor=link.key)

    def _last(self, newest: Head | None, bad: list[Head]) -> None:
        """The newest digests: does the chain reach the end of the window, or what AWS had delivered by now?"""
        if newest is not None and bad:
            self._deleted(newest.end, bad[-1].end, bad, None)
        last = bad[-1] if bad else newest
        if last is None:
            return
        status = self.history.status(self.chain.trail) if self.history else None
        due = self.window.now - _LATE
        if status and status.latest_digest is not None and status.latest_digest > last.end + _LATE:
            due = max(due, last.end + 1)
        if last.end >= min(self.window.until, due) or self._is_unread(last.end, min(self.window.until, due)):
            return
        end = max(min(self.window.until, due), last.end + 1)
        stop = self.history.stop(self.chain.trail, last.end, end) if self.history else None
        if stop is not None and stop <= last.end + times.HOUR:
            self._find(
                Verdict.GAP_DECLARED,
                "stopped",
                f"logging or validation was turned off at {times.extended(stop)}",
                last.end,
                end,
                evidence=[times.extended(stop)],
            )
            return
        self._find(
            Verdict.TAIL_MISSING,
            "tail-deleted",
            f"no digest after {times.extended(last.end)}, although AWS delivers one every hour",
            last.end,
            end,
            digests=_count(last.end, end),
        )

    def _backfill(self, head: Head) -> None:
        """A backfill digest vouches for its logs; it neither fills nor makes gaps. Only a link to a listed one counts."""
        if head.previous is None:
            return
        older = next((h for h in self.heads if h.claimed[1] == head.previous.key), None)
        if older is None:
            name = parse_digest(head.previous.key)
            if name and name.backfill and name.end > self.window.since:
                self._find(
                    Verdict.MISSING,
                    "digest-deleted",
                    "a backfill digest named by its successor is gone",
                    name.end - times.HOUR,
                    name.end,
                    digests=1,
                    predecessor=head.previous.key,
                )
        elif older.verdict is Verdict.VERIFIED and not same_hash(head.previous.sha256, older.sha256):
            self._digest(head, Verdict.CHAIN_BROKEN, "previous-hash", "it names another hash for its predecessor")

    def _deleted(self, start: int, end: int, present: Sequence[Head], newer: Head | None) -> bool:
        """Report the hours in [start, end] that no digest object accounts for, one finding per run."""
        found = False
        at = start
        for stop, resume in [*((h.end - times.HOUR, h.end) for h in present), (end, end)]:
            if stop - at > times.HOUR // 2 or (not present and stop > at):
                found = True
                if not self._is_unread(at, stop):
                    self._find(
                        Verdict.MISSING,
                        "digest-deleted",
                        f"{_count(at, stop)} digest(s) are gone; nobody can vouch for the logs of these hours",
                        at,
                        stop,
                        digests=_count(at, stop),
                        predecessor=newer.previous.key if newer and newer.previous and resume == end else None,
                    )
            at = max(at, resume)
        return found

    def _gap(self, start: int, end: int, *, beginning: bool) -> None:
        """A starting digest: AWS itself says that nothing precedes it. Do recorded events explain why?"""
        explained: bool | None = None
        evidence: list[str] = []
        if self.history:
            stop = None if beginning else self.history.stop(self.chain.trail, start, end)
            if stop is not None and stop > start + times.HOUR + _TOLERANCE:
                # The trail still logged until `stop`, so digests up to there must have existed.
                self._deleted(start, stop, (), None)
                start = stop
            explained, evidence = self.history.explain(self.chain.trail, start, end, beginning=beginning)
        reason = "chain-start" if beginning else "restart"
        if explained is False:
            text = "a starting digest, but no recorded event stopped, changed or created the trail"
            self._find(Verdict.GAP_UNEXPLAINED, reason, text, start, end)
            return
        text = "validation starts here" if beginning else "logging or validation was off until here"
        if explained is None:
            text += " (no events at hand to hold it against)"
        self._find(Verdict.GAP_DECLARED, reason, text, start, end, evidence=evidence)

    def _elsewhere(self, head: Head) -> bool:
        link = head.previous
        name = parse_digest(link.key) if link else None
        return bool(self.roots and link and name and (link.bucket, name.root) not in self.roots)

    def _moved(self, head: Head, start: int, end: int) -> None:
        assert head.previous is not None
        where = f"{head.previous.bucket}/{head.previous.key}"
        text = f"the chain goes on at {where}, which was not searched; name that bucket or prefix as well"
        self._find(Verdict.INCONCLUSIVE, "continues-elsewhere", text, start, end, predecessor=where)

    def _is_unread(self, start: int, end: int) -> bool:
        return any(a < end and start < b for a, b in self.unread)


def _start(head: Head) -> int:
    """Start of the digest's hour: its own word if proven, else an hour before the end its key names."""
    return head.start if head.verdict is Verdict.VERIFIED else head.end - times.HOUR


def _count(start: int, end: int) -> int:
    return max(1, round((end - start) / times.HOUR))


_DIGEST_TEXT: Final = {
    "signature": "the signature does not belong to this content",
    "signature-absent": "no signature is stored with it and no later digest carries one",
    "signature-metadata": "the signature stored with it is wrong; its successor carries the right one",
    "signature-algorithm": "it names another signature algorithm than SHA256withRSA",
    "content-hash": "its successor names another hash for it",
    "not-a-digest": "its body is no digest",
    "not-gzip": "it is not a gzip file",
    "truncated": "its gzip stream ends too early",
    "corrupt": "its gzip stream is corrupt",
    "trailing-data": "data follows the end of its gzip stream",
    "trailer": "checksum or length in its gzip trailer are wrong or cut off",
    "inflates-beyond-limit": "it inflates beyond the limit",
    "unknown-key": "AWS returned no public key with the fingerprint it names",
    "key-not-valid-then": "the key it names was not valid when it was signed",
    "location": "it is genuine, but was delivered to another place",
    "account": "it is genuine, but of another account",
    "end-time": "it is genuine, but of another hour",
    "window": "it ends before it starts",
}
