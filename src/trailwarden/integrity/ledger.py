"""What earlier runs proved: resume after an interruption, read only what is new, keep keys and signed digests.

One SQLite file with one writer. It is as trustworthy as the disk it lies on, so a report says which verdicts come from it,
and a random share of them is proven again at every run. Digests are kept as delivered and judged anew each time; which of
them names a log file is in them.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

from trailwarden.integrity import codec, times
from trailwarden.integrity.keys import PublicKey
from trailwarden.integrity.task import DENSE, KnownDigest, Unit, UnitResult
from trailwarden.integrity.verdicts import Verdict

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, request TEXT, resolved TEXT, finished INTEGER);
CREATE TABLE IF NOT EXISTS unit (run INTEGER, name TEXT, result TEXT, PRIMARY KEY (run, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (bucket TEXT, key TEXT, state TEXT, sha256 TEXT, verdict TEXT, reason TEXT, size INTEGER,
    run INTEGER, PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS digest (bucket TEXT, key TEXT, state TEXT, body BLOB, metadata TEXT, run INTEGER,
    PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS public_key (region TEXT, fingerprint TEXT, entry TEXT, PRIMARY KEY (region, fingerprint))
    WITHOUT ROWID;
"""
_VERSION: Final = 1
#: How long a run up to the present may be continued, in seconds.
RESUMABLE: Final = 6 * times.HOUR


class LedgerError(ValueError):
    """The file is no ledger of this version."""


class Ledger:
    """An open ledger file; use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open or create it.

        Raises:
            LedgerError: it is something else, or of another version.
            sqlite3.OperationalError: another run holds it, or it cannot be written.
            OSError: its folder cannot be made.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._run = 0
        try:
            version = self._prepare()
        except sqlite3.OperationalError:  # locked, or the disk is full
            self._db.close()
            raise
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise LedgerError(f"{path} is no ledger: {error}") from error
        if version not in {0, _VERSION}:
            self._db.close()
            raise LedgerError(f"{path} is a ledger of version {version}, this release reads version {_VERSION}")

    def _prepare(self) -> int:
        """Create what is missing; the version found, 0 for a new file."""
        version: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version in {0, _VERSION}:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            self._db.execute(f"PRAGMA user_version={_VERSION}")
        return version

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def begin(self, request: Mapping[str, Any], resolved: Mapping[str, Any], *, resume: bool) -> dict[str, Any]:
        """Start a run, or take up the last unfinished one with the same request.

        A window that ends with the present moves on: a run over it is only continued for RESUMABLE seconds, so that nobody
        is told of last week when today was asked about.

        Args:
            request: the options as given; `until` of None means the present.
            resolved: what was made of them (window, clock, seed); `now` is the clock in seconds since 1970.
            resume: whether an unfinished run may be continued.

        Returns:
            The values of `resolved` that hold: those of the continued run, if there is one.
        """
        text = json.dumps(dict(request), sort_keys=True)
        query = "SELECT id, resolved FROM run WHERE request = ? AND finished = 0 ORDER BY id DESC LIMIT 1"
        row = self._db.execute(query, (text,)).fetchone() if resume else None
        values: dict[str, Any] = json.loads(row[1]) if row is not None else {}
        fixed = request.get("until") is not None
        if row is not None and (fixed or resolved["now"] - values["now"] <= RESUMABLE):
            self._run = row[0]
            return values
        cursor = self._db.execute(
            "INSERT INTO run (request, resolved, finished) VALUES (?, ?, 0)", (text, json.dumps(dict(resolved)))
        )
        self._run = int(cursor.lastrowid or 0)
        return dict(resolved)

    def done(self, unit: Unit) -> UnitResult | None:
        """Result of a unit finished earlier in this run."""
        row = self._db.execute(
            "SELECT result FROM unit WHERE run = ? AND name = ?", (self._run, _name(unit))
        ).fetchone()
        return None if row is None else codec.unpack(UnitResult, json.loads(row[0]))

    def informed(self, unit: Unit) -> Unit:
        """The unit with what is known about its digests and logs from earlier runs."""
        scope, bucket = unit.scope, unit.scope.bucket
        start, end = unit.start - 2 * times.HOUR, unit.end + times.HOUR
        first = scope.digests + times.day_folder(start)
        query = "SELECT key, state, body, metadata FROM digest WHERE bucket = ? AND key BETWEEN ? AND ?"
        digests = self._db.execute(query, (bucket, first, scope.digests + times.day_folder(end) + "~")).fetchall()
        query = "SELECT key, state, sha256, verdict FROM log WHERE bucket = ? AND key BETWEEN ? AND ? LIMIT ?"
        logs: list[Any] = []
        for kind in scope.kinds:
            first, last = scope.log_key(kind, start, named=kind), scope.log_key(kind, end)
            limit = -1 if unit.whole else DENSE + 1
            found = self._db.execute(query, (bucket, first, last, limit)).fetchall()
            # So many logs will make the unit be split, and then it is asked again for each part.
            logs += found if len(found) != limit else ()
        return replace(
            unit,
            known_digests={key: KnownDigest(state, body, json.loads(data)) for key, state, body, data in digests},
            known_logs={key: (state, sha) for key, state, sha, verdict in logs if verdict == Verdict.VERIFIED},
        )

    def store(self, unit: Unit, result: UnitResult) -> None:
        """Keep the result of a unit, its logs and its digests, all or nothing."""
        run, bucket = self._run, result.scope.bucket
        bare = replace(result, rows=[], bodies=[])
        self._db.execute("BEGIN")
        try:
            self._db.execute(
                "INSERT OR REPLACE INTO unit VALUES (?, ?, ?)", (run, _name(unit), json.dumps(codec.pack(bare)))
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (r.bucket, r.key, r.state, r.sha256, r.verdict, r.reason, r.size, run)
                    for r in result.rows
                    if r.source == "read"
                ),
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO digest VALUES (?, ?, ?, ?, ?, ?)",
                ((bucket, key, state, body, json.dumps(data), run) for key, state, body, data in result.bodies),
            )
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def keep_keys(self, keys: Iterable[PublicKey]) -> None:
        """Keep public keys: with them and the digests, everything can be proven again without AWS."""
        self._db.executemany(
            "INSERT OR REPLACE INTO public_key VALUES (?, ?, ?)",
            ((key.region, key.fingerprint, json.dumps(key.to_json())) for key in keys),
        )

    def finish(self) -> None:
        """Mark the run as complete and forget the intermediate results of it and of those before."""
        self._db.execute(
            "UPDATE run SET finished = 1 WHERE request = (SELECT request FROM run WHERE id = ?)", (self._run,)
        )
        self._db.execute("DELETE FROM unit WHERE run <= ?", (self._run,))


def _name(unit: Unit) -> str:
    scope = unit.scope
    return "|".join((scope.bucket, scope.root, scope.account, scope.region, str(unit.start), str(unit.end)))
