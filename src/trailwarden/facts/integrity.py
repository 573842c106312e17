"""What the verification of log files says of a trail: a typed view of the reports of ``trailwarden logs verify``.

The call behind it is answered by trailwarden itself, not by AWS: it is on no list of reads and needs no permission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect, reason_for_call
from trailwarden.facts.base import fact
from trailwarden.facts.times import parse_time
from trailwarden.model import ReasonCode

if TYPE_CHECKING:
    from trailwarden.facts.trail import Trail

OPERATION = "trailwarden.VerifyLogs"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a report answers to one check about one account and region. ``status`` is a word of ``Status``, never WAIVED."""

    check: str
    account: str
    region: str
    status: str
    message: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in one state of a digest chain: verified, empty, damaged, or a verdict of the verifier."""

    start: datetime
    end: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Hole:
    """A finding about a time instead of a file: digests missing, logging off, a folder that could not be listed.

    ``explained`` says that recorded events or the trail's status tell why; ``account`` and ``region`` empty: of all.
    """

    account: str
    region: str
    verdict: str
    reason: str
    start: datetime
    end: datetime
    explained: bool


@dataclass(frozen=True, slots=True)
class DigestChain:
    """The hourly digests of one account and region; backfill digests, which fill no gaps, are in no chain."""

    account: str
    region: str
    digests: int
    coverage: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class VerifiedLogs:
    """One report, as far as it is about the trail. ``accounts``, ``regions`` and ``trails`` empty: whatever there was."""

    sha256: str
    since: datetime
    until: datetime
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    trails: tuple[str, ...]
    sample: float
    digests_only: bool
    content_check: bool
    """Whether the events in the log files were looked at as well."""
    endpoint_url: str
    """Set where another endpoint than AWS handed out the public keys."""
    conclusions: tuple[Conclusion, ...]
    chains: tuple[DigestChain, ...]
    holes: tuple[Hole, ...]

    def looked_at(self, trail: str, account: str, region: str) -> bool:
        """Return whether the run was to find the trail's files of an account and region."""
        limits = ((self.trails, trail), (self.accounts, account), (self.regions, region))
        return all(not limit or item in limit for limit, item in limits)


@fact()
def log_integrity(trail: Trail) -> tuple[VerifiedLogs, ...]:
    """The verification reports that were given with the run, as far as they are about the trail, the earliest first.

    An organization trail in its own account is about the logs of all its accounts; any other trail about those of the account at hand.

    Raises:
        Unreadable: COVERAGE_GAP without a report; UNPARSEABLE for one that this release does not understand.
    """
    of_all = trail.is_organization_trail and not trail.is_shadow
    whose = {} if of_all else {"LogAccount": trail.account_id}
    params = {"Name": trail.name, "Bucket": trail.bucket_name, **whose}
    call = trail.account.call(OPERATION, trail.home_region, **params)
    rows = expect(call, body_of(call, trail.account.reply(call)), "reports")
    try:
        found = [_report(row) for row in rows]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        text = f"not a report of `logs verify`: {error}"
        raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=text)) from None
    return tuple(sorted(found, key=lambda item: (item.since, item.until, item.sha256)))


def _report(row: Mapping[str, Any]) -> VerifiedLogs:
    window, options = row["window"], row["options"]
    return VerifiedLogs(
        sha256=str(row["sha256"]),
        since=parse_time(window["since"]),
        # A window may be asked for that reaches beyond the moment of asking.
        until=min(parse_time(window["until"]), parse_time(window["now"])),
        accounts=tuple(map(str, options["accounts"])),
        regions=tuple(map(str, options["regions"])),
        trails=tuple(map(str, options["trails"])),
        sample=float(options["sample"]),
        digests_only=bool(options["digests_only"]),
        content_check=bool(options["content_check"]),
        endpoint_url=str(options.get("endpoint_url") or ""),
        conclusions=tuple(
            Conclusion(*(str(item[name]) for name in ("check", "account", "region", "status", "message")))
            for item in row["checks"]
        ),
        chains=tuple(_chains(row["chains"])),
        holes=tuple(_holes(row["findings"])),
    )


def _chains(rows: Iterable[Mapping[str, Any]]) -> Iterable[DigestChain]:
    for row in rows:
        if row["backfill"]:
            continue
        spans = (Stretch(parse_time(s["start"]), parse_time(s["end"]), str(s["state"])) for s in row["coverage"])
        yield DigestChain(str(row["account"]), str(row["region"]), sum(row["digests"].values()), tuple(spans))


def _holes(rows: Iterable[Mapping[str, Any]]) -> Iterable[Hole]:
    for row in rows:
        if row["kind"] in {"hours", "run"}:
            yield Hole(
                account=str(row["account"] or ""),
                region=str(row["region"] or ""),
                verdict=str(row["verdict"]),
                reason=str(row["reason"]),
                start=parse_time(row["start"]),
                end=parse_time(row["end"]),
                explained=bool(row["detail"].get("evidence")),
            )
