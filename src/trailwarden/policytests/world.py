"""The world of a case: a recorded ledger, replies written into the case, or the one with changes by the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from trailwarden.calls import Call, OnReply, Recorder, Reply, ReplyError, ask_each
from trailwarden.errors import UsageError
from trailwarden.facts import Account, parse_time
from trailwarden.ledger import NOT_RECORDED, Ledger, ReplayReader, read_ledger
from trailwarden.model import Json

ACCOUNT = "111122223333"
CLOCK = datetime(2026, 1, 1, tzinfo=UTC)
REGION = "us-east-1"


class GivenReader:
    """Answers from the replies of a case, the last that fits, then from its ledger."""

    def __init__(self, given: Mapping[str, Any], ledger: Ledger | None) -> None:
        self._rules = [*_defaults(given, ledger), *given.get("replies", ())]
        self._denied = frozenset(given.get("deny", ()))
        self._behind = ReplayReader(ledger) if ledger is not None else None

    def ask(self, call: Call) -> Reply:
        """Answer one call; what nothing was said about is a NotRecorded error, and so becomes an ERROR."""
        if call.name in self._denied:
            code = "403" if call.name == "s3.HeadBucket" else "AccessDenied"
            return Reply(error=ReplyError(code, f"not authorized to perform {call.name}", 403))
        for rule in reversed(self._rules):
            if _fits(rule, call):
                error = rule.get("error")
                if error is None:
                    return Reply(body=dict(rule["reply"]))
                return Reply(error=ReplyError(error["code"], error.get("message", ""), error.get("status", 400)))
        if self._behind is not None:
            return self._behind.ask(call)
        return Reply(error=ReplyError(NOT_RECORDED, "the case does not say what AWS answers"))

    def ask_all(self, calls: Sequence[Call], on_reply: OnReply | None = None) -> list[Reply]:
        """Answer several calls."""
        return ask_each(self, calls, on_reply)


def _defaults(given: Mapping[str, Any], ledger: Ledger | None) -> list[dict[str, Json]]:
    """Return the regions that a case names; without a ledger there is one region, and the caller is who the account is."""
    regions = given.get("regions") or ([] if ledger is not None else [REGION])
    if not regions:
        return []
    rows = [{"RegionName": name, "OptInStatus": "opt-in-not-required"} for name in regions]
    return [{"operation": "ec2.DescribeRegions", "reply": {"Regions": rows}}]


def _fits(rule: Mapping[str, Any], call: Call) -> bool:
    return (
        rule["operation"] == call.name
        and fnmatchcase(call.region, rule.get("region", "*"))
        and rule.get("params", {}).items() <= call.arguments.items()
    )


def account_of(given: Mapping[str, Any], folder: Path) -> Account:
    """Return the account of a case, ready to be judged.

    Args:
        given: as the case says it.
        folder: what a ledger's path is relative to.

    Raises:
        LedgerError: the ledger can't be used.
        UsageError: the clock is no instant.
    """
    ledger = read_ledger(folder / given["ledger"]) if "ledger" in given else None
    header = ledger.header if ledger is not None else None
    account = given.get("account") or (
        header.caller.get("account") or next(iter(header.accounts), "") if header else ""
    )
    clock = CLOCK
    text = given.get("clock") or (header.clock if header else "")
    if text:
        try:
            clock = parse_time(text)
        except (ValueError, TypeError):
            raise UsageError(f"{text!r} is no instant", "write it as 2026-11-22T12:00:00Z") from None
    return Account(
        account or ACCOUNT,
        reader=Recorder(GivenReader(given, ledger)),
        now=clock,
        partition=header.partition if header else "aws",
        only_regions=header.regions if header else (),
    )
