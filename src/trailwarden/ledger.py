"""The ledger: every call with its reply, on disk as JSON lines. It is the evidence, the demo's world and the tests' fixture.

The first line is the header; each further line is one call, sorted by call. Bodies are AWS's own, never our typed facts, so that
anyone can compare a line with the output of the AWS CLI and a later release can judge an old ledger again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trailwarden.calls import Call, OnReply, Reply, ReplyError, ask_each, canonical
from trailwarden.errors import LedgerError
from trailwarden.files import write_atomic
from trailwarden.model import Json, Member

FORMAT = 1
NOT_RECORDED = "NotRecorded"


@dataclass(frozen=True, slots=True)
class Estate:
    """Where the accounts of a run over several came from, and who may be asked for what."""

    source: str
    """``organizations.ListAccounts``, or the file or option that named them."""
    members: tuple[Member, ...] = ()
    """The accounts of the run, by id."""
    excluded: tuple[tuple[str, str], ...] = ()
    """Accounts that were found and left out, each with its reason."""
    role: str = ""
    """The role that other accounts are read with: an ARN in which ``{account}`` stands for the account."""
    log_archives: tuple[str, ...] = ()
    """Accounts that are likely to own log buckets."""
    asked: str = ""
    """The account that listed them."""

    def to_json(self) -> dict[str, Json]:
        """Return the estate as a header holds it."""
        return {
            "source": self.source,
            "members": [[item.id, item.name, item.state, list(item.path)] for item in self.members],
            "excluded": [list(item) for item in self.excluded],
            "role": self.role,
            "log_archives": list(self.log_archives),
            "asked": self.asked,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Estate:
        """Return what ``to_json`` wrote; raises KeyError, TypeError or ValueError for something else."""
        return cls(
            source=str(data["source"]),
            members=tuple(
                Member(str(account), str(name), str(state), tuple(map(str, path)))
                for account, name, state, path in data["members"]
            ),
            excluded=tuple((str(account), str(reason)) for account, reason in data["excluded"]),
            role=str(data["role"]),
            log_archives=tuple(map(str, data["log_archives"])),
            asked=str(data["asked"]),
        )


@dataclass(frozen=True, slots=True)
class Header:
    """What holds for the whole ledger. ``clock`` is the instant the verdicts refer to, ISO 8601 UTC."""

    clock: str
    caller: Mapping[str, str] = field(default_factory=dict)
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    """The regions the user asked for; empty means every enabled region."""
    partition: str = "aws"
    versions: Mapping[str, str] = field(default_factory=dict)
    synthetic: bool = False
    """True for a made-up world such as the demo's."""
    estate: Estate | None = None
    """Set where a run was over several accounts."""

    def to_json(self) -> dict[str, Json]:
        """Return the header as the first line of a ledger holds it."""
        lines: dict[str, Json] = {
            "trailwarden_ledger": FORMAT,
            "clock": self.clock,
            "caller": dict(self.caller),
            "accounts": list(self.accounts),
            "regions": list(self.regions),
            "partition": self.partition,
            "versions": dict(self.versions),
            "synthetic": self.synthetic,
        }
        return lines | ({"estate": self.estate.to_json()} if self.estate else {})


class Ledger:
    """A header and the replies of a run, by call."""

    def __init__(self, header: Header, entries: Iterable[tuple[Call, Reply]]) -> None:
        self.header = header
        self.replies: dict[Call, Reply] = dict(sorted(entries))

    def lines(self) -> Iterable[str]:
        """Yield the lines of the ledger file, without line ends."""
        yield canonical(self.header.to_json())
        for call, reply in self.replies.items():
            yield canonical(entry_to_json(call, reply))

    def to_bytes(self) -> bytes:
        """Return the ledger file's bytes: the same for the same replies, whatever the threads did."""
        return "".join(f"{line}\n" for line in self.lines()).encode("utf-8", "surrogatepass")

    def digest(self) -> str:
        """Return the SHA-256 of the ledger's bytes, in hex."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def write(self, path: Path) -> None:
        """Write the ledger atomically; a path ending in ``.gz`` is compressed reproducibly.

        Raises:
            OutputError: the file can't be written.
        """
        data = self.to_bytes()
        write_atomic(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def entry_to_json(call: Call, reply: Reply) -> dict[str, Json]:
    """Return one ledger line as a dict."""
    line: dict[str, Json] = {
        "id": call.id,
        "account": call.account,
        "region": call.region,
        "service": call.service,
        "operation": call.operation,
        "params": call.arguments,
    }
    if reply.error is not None:
        line["error"] = {"code": reply.error.code, "message": reply.error.message, "status": reply.error.status}
    else:
        line["reply"] = reply.body or {}
    optional: tuple[tuple[str, Json, Json], ...] = (
        ("request_id", reply.request_id, ""),
        ("date", reply.date, ""),
        ("pages", reply.pages, 1),
        ("bucket_region", reply.bucket_region, ""),
        ("retries", reply.retries, 0),
    )
    return line | {name: value for name, value, default in optional if value != default}


def entry_from_json(line: Mapping[str, Json]) -> tuple[Call, Reply]:
    """Return the call and reply of one ledger line.

    Raises:
        KeyError, TypeError, ValueError: the line is not an entry.
    """
    call = Call(
        str(line["account"]),
        str(line["region"]),
        str(line["service"]),
        str(line["operation"]),
        canonical(line.get("params", {})),
    )
    error = line.get("error")
    if (error is None) == ("reply" not in line):
        raise ValueError("an entry has either a reply or an error")
    if error is None and not isinstance(line["reply"], dict):
        raise ValueError("a reply is an object")
    return call, Reply(
        body=None if error is not None else line["reply"],
        error=None
        if error is None
        else ReplyError(str(error["code"]), str(error.get("message", "")), int(error.get("status", 0))),
        request_id=str(line.get("request_id", "")),
        date=str(line.get("date", "")),
        pages=int(line.get("pages", 1)),
        bucket_region=str(line.get("bucket_region", "")),
        retries=int(line.get("retries", 0)),
    )


def read_ledger(path: Path) -> Ledger:
    """Read a ledger file (plain or gzip), or the ledger inside an evidence folder.

    Raises:
        LedgerError: not there, not a ledger, a damaged line, or a format this release does not know.
    """
    target = path
    if path.is_dir():
        found = [path / name for name in ("ledger.jsonl", "ledger.jsonl.gz") if (path / name).is_file()]
        if not found:
            raise LedgerError(f"{path}: no ledger.jsonl in this folder", "give a ledger file or an evidence folder")
        target = found[0]
    try:
        data = target.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        text = data.decode("utf-8", "surrogatepass")
    except (OSError, EOFError, UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise LedgerError(f"{target}: can't be read as a ledger: {error}") from error
    return parse_ledger(text, str(target))


def parse_ledger(text: str, name: str) -> Ledger:
    """Parse the text of a ledger; ``name`` is used in messages.

    Raises:
        LedgerError: as ``read_ledger``.
    """
    header: Header | None = None
    entries: list[tuple[Call, Reply]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            parsed = json.loads(line)
            if header is None:
                header = header_from_json(parsed, name)
            else:
                entries.append(entry_from_json(parsed))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise LedgerError(
                f"{name}:{number}: not a ledger line: {error}", "a ledger is written by `trailwarden collect`"
            ) from error
    if header is None:
        raise LedgerError(f"{name}: empty, not a ledger")
    return Ledger(header, entries)


def header_from_json(line: Mapping[str, Any], name: str) -> Header:
    """Return the header that the first line of a ledger holds; ``name`` is used in messages.

    Raises:
        LedgerError: a format that this release does not know.
        KeyError, TypeError, ValueError, AttributeError: the line is no header.
    """
    version = line["trailwarden_ledger"]
    if version != FORMAT:
        raise LedgerError(f"{name}: ledger format {version}, this release reads {FORMAT}", "use a newer trailwarden")
    return Header(
        clock=str(line["clock"]),
        caller={str(key): str(value) for key, value in line.get("caller", {}).items()},
        accounts=tuple(str(item) for item in line.get("accounts", [])),
        regions=tuple(str(item) for item in line.get("regions", [])),
        partition=str(line.get("partition", "aws")),
        versions={str(key): str(value) for key, value in line.get("versions", {}).items()},
        synthetic=bool(line.get("synthetic", False)),
        estate=Estate.of(line["estate"]) if "estate" in line else None,
    )


class ReplayReader:
    """Answers from a ledger. A call it does not hold is an error reply, never a guess."""

    def __init__(self, ledger: Ledger) -> None:
        self._replies = ledger.replies

    def ask(self, call: Call) -> Reply:
        """Answer one call."""
        reply = self._replies.get(call)
        if reply is None:
            return Reply(error=ReplyError(NOT_RECORDED, "the ledger does not hold this call"))
        return reply

    def ask_all(self, calls: Sequence[Call], on_reply: OnReply | None = None) -> list[Reply]:
        """Answer several calls."""
        return ask_each(self, calls, on_reply)


def default_ledger_path(folder: str | os.PathLike[str]) -> Path:
    """Return where a ledger lives inside an evidence folder."""
    return Path(folder) / "ledger.jsonl"
