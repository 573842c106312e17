"""The folder of a run: what was asked for, the replies of each account as they come, and its judgement once it is done.

    run.json               what was asked for, and the run's clock
    calls/ACCOUNT.jsonl    replies, in the order in which they came
    results/ACCOUNT.jsonl  the judgement of an account: what it counts, then policies, populations and results, a line each

It holds everything that the report and the ledger are made of, and nothing of the credentials.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trailwarden import __version__
from trailwarden.errors import OutputError, UsageError
from trailwarden.estate.accounts import Target
from trailwarden.files import write_atomic
from trailwarden.ledger import Header, header_from_json
from trailwarden.model import Json, PolicyResult, Population, Result
from trailwarden.results import from_plain, to_plain
from trailwarden.scan import AccountResult

FORMAT = 1
_RUN = "run.json"
_FOLDERS = ("calls", "results")
_LINES: Mapping[type, int] = {PolicyResult: 1, Population: 2, Result: 3}
"""Where a judgement's file holds what."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is about: the same for every process of it, and for the one that goes on with it.

    ``plan`` is the digest of the policies, ``token`` tells one run's folder from another's.
    """

    header: Header
    targets: tuple[Target, ...]
    region: str
    plan: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """How an account came out: the number of its rows by status."""

    account: str
    counts: Mapping[str, int]

    @property
    def failing(self) -> bool:
        """Return whether something fails."""
        return bool(self.counts.get("FAIL"))

    @property
    def erroring(self) -> bool:
        """Return whether something could not be evaluated."""
        return bool(self.counts.get("ERROR"))


class State:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.results = folder / "results"
        self.locks = folder / "locks"

    # --- beginning ------------------------------------------------------------------------------------------------

    def refuse_other_content(self) -> None:
        """Refuse a folder that something else lives in.

        Raises:
            UsageError: it is not empty and no run's.
        """
        if not self.folder.exists():
            return
        if not self.folder.is_dir() or (any(self.folder.iterdir()) and not self._is_ours()):
            raise UsageError(f"{self.folder}: not a folder of a run", "give another one with --state DIR")

    def unfinished(self) -> bool:
        """Return whether the folder holds a run that did not get to its end."""
        try:
            asked = self.read()
        except UsageError:
            return False
        return bool(self.missing(asked.header.accounts))

    def begin(self) -> None:
        """Make the folder, without anything that an earlier run left there.

        Raises:
            UsageError: as ``refuse_other_content``.
            OutputError: it can't be written.
        """
        self.refuse_other_content()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.folder / _RUN).unlink(missing_ok=True)
            for name in _FOLDERS:
                shutil.rmtree(self.folder / name, ignore_errors=True)
                (self.folder / name).mkdir()
            self.locks.touch(mode=0o600)
        except OSError as error:
            raise OutputError(f"{self.folder}: can't be written: {error.strerror or error}") from error

    def write(self, asked: Asked) -> Asked:
        """Write down what the run is about, and return it with the folder's token."""
        token = secrets.token_hex(8)
        document: dict[str, Json] = {
            "trailwarden_run": FORMAT,
            "version": __version__,
            "header": asked.header.to_json(),
            "targets": [[item.id, item.role, item.external_id] for item in asked.targets],
            "region": asked.region,
            "plan": asked.plan,
            "token": token,
        }
        write_atomic(self.folder / _RUN, json.dumps(document, indent=1).encode())
        return self.read()

    def read(self) -> Asked:
        """Return what the run is about.

        Raises:
            UsageError: there is none, it is damaged, or another release began it.
        """
        path = self.folder / _RUN
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if found["version"] != __version__ or found["trailwarden_run"] != FORMAT:
                text = f"{self.folder}: the run was begun by trailwarden {found['version']}, this is {__version__}"
                raise UsageError(text, "go on with that release, or begin anew without --resume")
            return Asked(
                header_from_json(found["header"], str(path)),
                tuple(Target(*map(str, item)) for item in found["targets"]),
                str(found["region"]),
                str(found["plan"]),
                str(found["token"]),
            )
        except FileNotFoundError:
            raise UsageError(
                f"{self.folder}: there is no run to go on with", "leave out --resume to begin one"
            ) from None
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(f"{path}: damaged: {error}", "begin anew without --resume") from None

    def token(self) -> str:
        """Return the token of the run in the folder, as far as this machine can see it; empty otherwise."""
        try:
            return self.read().token
        except UsageError:
            return ""

    # --- judgements -----------------------------------------------------------------------------------------------

    def keep(self, found: AccountResult) -> Counted:
        """Write the judgement of an account, all of it or nothing.

        Raises:
            OutputError: it can't be written.
        """
        data = judgement_lines(found)
        write_atomic(self._path(found.account), data)
        return _counted(data.partition(b"\n")[0])

    def keep_lines(self, account: str, data: bytes) -> None:
        """Write a judgement that another machine made; raises as ``keep``."""
        write_atomic(self._path(account), data)

    def done(self, account: str) -> bool:
        """Return whether an account has been judged."""
        return self._path(account).exists()

    def missing(self, accounts: Sequence[str]) -> list[str]:
        """Return the accounts that have not been judged, in their order."""
        return [account for account in accounts if not self.done(account)]

    def counted(self, account: str) -> Counted:
        """Return how an account that has been judged came out."""
        return _counted(self._line(account, 0))

    def plain(self, account: str, kind: type[PolicyResult | Population | Result]) -> list[Json]:
        """Return the verdicts, statements or results of an account as JSON."""
        found: list[Json] = json.loads(self._line(account, _LINES[kind]))
        return found

    def policies(self, account: str) -> list[PolicyResult]:
        """Return the verdicts of an account."""
        return [from_plain(PolicyResult, item) for item in self.plain(account, PolicyResult)]

    def populations(self, account: str) -> list[Population]:
        """Return the statements of an account about its completeness."""
        return [from_plain(Population, item) for item in self.plain(account, Population)]

    def rows(self, account: str) -> list[Result]:
        """Return the results of an account."""
        return [from_plain(Result, item) for item in self.plain(account, Result)]

    def journals(self) -> Iterator[Path]:
        """Yield the files of replies, in the order of their accounts."""
        yield from sorted(self.calls.glob("*.jsonl"), key=lambda path: "" if path.stem == "none" else path.stem)

    def _line(self, account: str, number: int) -> bytes:
        with self._path(account).open("rb") as stream:
            for _ in range(number):
                stream.readline()
            return stream.readline()

    def _path(self, account: str) -> Path:
        return self.results / f"{account}.jsonl"

    def _is_ours(self) -> bool:
        return (self.folder / _RUN).exists() or all((self.folder / name).is_dir() for name in _FOLDERS)


def judgement_lines(found: AccountResult) -> bytes:
    """Return the judgement of an account as its file holds it."""
    counts = Counter(row.status.value for row in found.results)
    lines: list[Json] = [
        {"account": found.account, "counts": dict(sorted(counts.items()))},
        to_plain(found.policies),
        to_plain(found.populations),
        to_plain(found.results),
    ]
    return b"".join(json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n" for line in lines)


def _counted(line: bytes) -> Counted:
    found = json.loads(line)
    return Counted(found["account"], found["counts"])
