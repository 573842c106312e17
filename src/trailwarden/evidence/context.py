"""What a ledger says about the run itself: AWS's clock beside the local one, the rights it used, populations counted a second time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from trailwarden.calls import Call, Reply
from trailwarden.evidence.inputs import Inputs
from trailwarden.evidence.manifest import sha256
from trailwarden.evidence.raw import raw_path
from trailwarden.facts.operations import READS
from trailwarden.ledger import Ledger, entry_to_json
from trailwarden.model import CrossCount, Evidence, Json, Report, Right
from trailwarden.reasons import DENIALS, reason_code

_IDENTITY = "sts.GetCallerIdentity"
_TRAILS = "cloudtrail.DescribeTrails"
_MEMBERS = "organizations.ListAccounts"


def evidence_of(inputs: Inputs, report: Report) -> Evidence:
    """Return what the pack adds to its report."""
    around = inputs.surroundings
    return Evidence(
        entries={call.id: entry_to_json(call, reply) for call, reply in inputs.ledger.replies.items()},
        paths={call.id: raw_path(call) for call in inputs.ledger.replies},
        clock=clock_of(inputs.ledger),
        counts=tuple(cross_counts(inputs.ledger, report)),
        rights=tuple(rights_of(inputs.ledger)),
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


def rights_of(ledger: Ledger) -> Iterable[Right]:
    """Yield the permissions that the calls of a ledger needed, by IAM action."""
    seen: dict[tuple[str, str], list[bool]] = {}
    for call, reply in ledger.replies.items():
        if call.name in READS:
            seen.setdefault((READS[call.name], call.name), []).append(_refused(call, reply))
    for (action, operation), refused in sorted(seen.items()):
        yield Right(action, operation, len(refused), sum(refused))


def _refused(call: Call, reply: Reply) -> bool:
    error = reply.error
    return (
        error is not None
        and reason_code(call.service, call.operation, error.code, error.message, error.status) in DENIALS
    )


def cross_counts(ledger: Ledger, report: Report) -> Iterable[CrossCount]:
    """Yield counts of the same thing from two places.

    Trails as their home regions list them, and as any other region shows them; accounts that the run judged, and those that the
    organization lists as active.
    """
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

    yield from _members(ledger, report)


def _members(ledger: Ledger, report: Report) -> Iterable[CrossCount]:
    for call, reply in ledger.replies.items():
        if call.name == _MEMBERS and reply.body is not None:
            rows = reply.body.get("Accounts")
            listed = {
                str(row.get("Id", ""))
                for row in (rows if isinstance(rows, list) else [])
                if isinstance(row, dict) and (row.get("State") or row.get("Status")) == "ACTIVE"
            }
            judged = len(listed.intersection(report.run.accounts))
            name = "active accounts of the organization"
            yield CrossCount(call.account, name, judged, "accounts of this run", len(listed), _MEMBERS)


def _trails(entries: Iterable[tuple[Call, Reply]], account: str) -> Iterable[tuple[str, dict[str, Json]]]:
    for call, reply in entries:
        if call.name == _TRAILS and call.account == account and reply.body is not None:
            rows = reply.body.get("trailList")
            for row in rows if isinstance(rows, list) else []:
                if isinstance(row, dict):
                    yield call.region, row
