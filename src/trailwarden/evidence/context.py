"""What a ledger says about the run itself: AWS's clock beside the local one, and populations counted a second time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from trailwarden.calls import Call, Reply
from trailwarden.evidence.inputs import Inputs
from trailwarden.evidence.manifest import sha256
from trailwarden.evidence.raw import raw_path
from trailwarden.ledger import Ledger, entry_to_json
from trailwarden.model import CrossCount, Evidence, Json, Report

_IDENTITY = "sts.GetCallerIdentity"
_TRAILS = "cloudtrail.DescribeTrails"


def evidence_of(inputs: Inputs, report: Report) -> Evidence:
    """Return what the pack adds to its report."""
    around = inputs.surroundings
    return Evidence(
        entries={call.id: entry_to_json(call, reply) for call, reply in inputs.ledger.replies.items()},
        paths={call.id: raw_path(call) for call in inputs.ledger.replies},
        clock=clock_of(inputs.ledger),
        counts=tuple(cross_counts(inputs.ledger, report)),
        ci=around.ci,
        previous=around.previous,
        signer=around.signer,
        redacted=around.redacted,
        plugins=around.plugins,
        files=tuple((item.path, item.kind, sha256(item.data)) for item in inputs.files),
    )


def clock_of(ledger: Ledger) -> dict[str, Json]:
    """Return the span of the dates that AWS sent and the skew of the local clock, in seconds.

    The header's clock is read right after the first answer, which says who the caller is; their difference is the skew, give or take the
    time of one request and the second that a Date header counts in.
    """
    dates = sorted(reply.date for reply in ledger.replies.values() if reply.date)
    asked = [reply.date for call, reply in ledger.replies.items() if call.name == _IDENTITY and reply.date]
    found: dict[str, Json] = {
        "first": dates[0] if dates else "",
        "last": dates[-1] if dates else "",
        "dated": len(dates),
        "skew_seconds": None,
    }
    if asked:
        try:
            found["skew_seconds"] = int((_instant(ledger.header.clock) - _instant(min(asked))).total_seconds())
        except (ValueError, TypeError):
            found["skew_seconds"] = None
    return found


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def cross_counts(ledger: Ledger, report: Report) -> Iterable[CrossCount]:
    """Yield counts of the same thing from two places: trails as their home regions list them, and as any other region shows them."""
    for account in report.run.accounts:
        home: set[str] = set()
        elsewhere: set[str] = set()
        for region, row in _trails(ledger.replies.items(), account):
            (home if row.get("HomeRegion") == region else elsewhere).add(str(row.get("TrailARN", "")))
        if elsewhere:
            yield CrossCount(
                account,
                "trails that other regions see",
                len(elsewhere & home),
                f"{_TRAILS} in each trail's home region",
                len(elsewhere),
                f"{_TRAILS} in the other regions (shadow trails)",
            )


def _trails(entries: Iterable[tuple[Call, Reply]], account: str) -> Iterable[tuple[str, dict[str, Json]]]:
    for call, reply in entries:
        if call.name == _TRAILS and call.account == account and reply.body is not None:
            rows = reply.body.get("trailList")
            for row in rows if isinstance(rows, list) else []:
                if isinstance(row, dict):
                    yield call.region, row
