"""The replies of a ledger by account, region and operation: for people, editors and ``jq``. Derived from ``ledger.jsonl``."""

from __future__ import annotations

from collections.abc import Mapping

from trailwarden.calls import Call, canonical
from trailwarden.evidence.manifest import safe_part
from trailwarden.ledger import Ledger, entry_to_json

GLOBAL = "global"
"""The folder of calls that name no region."""


def raw_path(call: Call) -> str:
    """Return the file that holds a call with its reply: ``raw/<account>/<region>/<service>.<Operation>.json``."""
    parts = (call.account, call.region or GLOBAL, f"{call.service}.{call.operation}.json")
    return "/".join(("raw", *map(safe_part, parts)))


def raw_files(ledger: Ledger) -> Mapping[str, bytes]:
    """Return the files: each a JSON list with one call and its reply a line, in the ledger's order."""
    lines: dict[str, list[str]] = {}
    for call, reply in ledger.replies.items():
        lines.setdefault(raw_path(call), []).append(canonical(entry_to_json(call, reply)))
    return {
        path: ("[\n" + ",\n".join(found) + "\n]\n").encode("utf-8", "surrogatepass") for path, found in lines.items()
    }
