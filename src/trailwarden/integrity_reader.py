"""Answers the one question that no AWS service answers, ``trailwarden.VerifyLogs``, from reports of ``trailwarden logs verify``.

It stands below the recorder like any other reader. So what a report says of a trail lands in the ledger, is replayed with it, and is
part of the evidence; every other call goes on to AWS.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trailwarden.calls import Call, OnReply, Reader, Reply, ReplyError
from trailwarden.errors import UsageError
from trailwarden.model import Json
from trailwarden.reasons import NOT_VERIFIED

SERVICE = "trailwarden"
SCHEMA_VERSION = 1
"""Of the reports that this release understands."""

_KEPT = ("schema_version", "window", "options", "public_keys")
_SECTIONS = ("chains", "findings", "checks")


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """A report as ``logs verify -o json=PATH`` wrote it; ``sha256`` is that of the file, in hex."""

    sha256: str
    data: Mapping[str, Any]

    def about(self, account: str, trail: str, home: str) -> dict[str, Json]:
        """Return the parts about one trail, in the report's own words.

        Args:
            account: whose logs; empty for those of every account.
            trail: the trail's name. What names no trail is about all of them.
            home: its home region.
        """

        def concerns(row: Mapping[str, Any]) -> bool:
            return (
                (not account or row["account"] in (account, ""))
                and (row["trail"] or trail) == trail
                and (row.get("home_region") or home) == home
            )

        kept = {name: self.data[name] for name in _KEPT}
        return {
            "sha256": self.sha256,
            **kept,
            **{name: [row for row in self.data[name] if concerns(row)] for name in _SECTIONS},
        }


def read_report(path: Path) -> IntegrityReport:
    """Read a report.

    Raises:
        UsageError: it can't be read, is no such report, or is of a version that this release does not know.
    """
    hint = f"write one: trailwarden logs verify BUCKET -o json={path}"
    try:
        raw = path.read_bytes()
        data = json.loads(raw)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: can't be read as a report of `logs verify`: {error}", hint) from None
    if not isinstance(data, dict) or data.get("kind") != "log-integrity":
        raise UsageError(f"{path}: not a JSON report of `logs verify`", hint)
    if data.get("schema_version") != SCHEMA_VERSION:
        text = f"{path}: a report of version {data.get('schema_version')!r}, this release reads {SCHEMA_VERSION}"
        raise UsageError(text, hint)
    report = IntegrityReport(hashlib.sha256(raw).hexdigest(), data)
    try:
        report.about("", "", "")
    except (KeyError, TypeError, AttributeError):
        raise UsageError(f"{path}: the report is incomplete", hint) from None
    return report


class IntegrityReader:
    """Puts reports in front of another reader.

    Args:
        inner: answers everything else.
        reports: none means that nothing was verified, which is an answer too: an error.
    """

    def __init__(self, inner: Reader, reports: Iterable[IntegrityReport] = ()) -> None:
        self._inner = inner
        self._reports = sorted({item.sha256: item for item in reports}.items())

    def ask(self, call: Call) -> Reply:
        """Answer one call."""
        return self._answer(call) if call.service == SERVICE else self._inner.ask(call)

    def ask_all(self, calls: Sequence[Call], on_reply: OnReply | None = None) -> list[Reply]:
        """Answer several calls; those to AWS go on together."""
        theirs = [call for call in calls if call.service != SERVICE]
        answers = dict(zip(theirs, self._inner.ask_all(theirs, on_reply), strict=True)) if theirs else {}
        for call in calls:
            if call.service == SERVICE:
                answers[call] = self._answer(call)
                if on_reply is not None:
                    on_reply(call, answers[call])
        return [answers[call] for call in calls]

    def _answer(self, call: Call) -> Reply:
        if call.operation != "VerifyLogs":
            return Reply(error=ReplyError("UnknownOperationException", f"{SERVICE} has no {call.operation}"))
        asked = call.arguments
        if not self._reports:
            text = (
                "no log files were verified: run `trailwarden logs verify "
                f"{asked['Bucket']} -o json=integrity.json`, then check with `--integrity integrity.json`"
            )
            return Reply(error=ReplyError(NOT_VERIFIED, text))
        about = (report.about(asked.get("LogAccount", ""), asked["Name"], call.region) for _, report in self._reports)
        return Reply(body={"reports": list(about)})
