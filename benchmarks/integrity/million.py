"""Memory for a million log files: the listing is simulated, everything else of the verifier is real.

Four dense regions over thirty days, 347 log files an hour each, all of one small body. Digests lie on disk with their signatures,
listings as one text file a day; the log files themselves exist only in the store's answer. Prints the largest memory of all
processes together and of each, over the course of the run.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.integrity import chains
from benchmarks.integrity.compare import REGIONS, ROOT, environment
from benchmarks.integrity.organization import watch

from trailwarden.executors import open_executor
from trailwarden.integrity import workers
from trailwarden.integrity.chain import Window
from trailwarden.integrity.engine import Run
from trailwarden.integrity.folder import FolderStore, load_keys
from trailwarden.integrity.ledger import Ledger
from trailwarden.integrity.places import Places
from trailwarden.integrity.store import Blob, Entry, Store, within
from trailwarden.integrity.task import Task

_LISTING = "listing.txt"
_BODY = "body.gz"


def make(folder: Path, days: int, logs_per_hour: int) -> int:
    """Write digests, listings, the one body and the key; returns the number of log files."""
    pool = chains.BodyPool(chains.small_pool().bodies[0][0].body for _ in range(1))
    key = chains.signing_key("million")
    number = 0
    for region in REGIONS:
        bucket = chains.Bucket()
        chains.build(
            chains.ChainSpec(
                bucket,
                region=region,
                hours=24 * days + 2,
                logs=lambda _: logs_per_hour,
                keys=lambda _: key,
                pool=pool,
            )
        )
        for name, found in sorted(bucket.objects.items()):
            path = folder / bucket.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if "/CloudTrail-Digest/" in name:
                path.write_bytes(found.body)
                path.with_name(f"{path.name}.metadata.json").write_text(json.dumps(dict(found.metadata)))
            else:
                number += 1
                with path.with_name(_LISTING).open("a") as listing:
                    listing.write(f"{name}\n")
    (folder / _BODY).write_bytes(pool.bodies[0][0].body)
    period = chains.KeyPeriod(key, chains.DEFAULT_START - 5 * chains.DAY, chains.DEFAULT_START + 90 * chains.DAY)
    (folder / "keys.json").write_text(json.dumps({"PublicKeyList": [period.entry()]}))
    return number


class SimulatedStore(FolderStore):
    """A folder in which log files are only names in a list, and all have the same content."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._place = root
        self._body = (root / _BODY).read_bytes()

    def entries(self, bucket: str, prefix: str, after: str = "", before: str = "", limit: int = 0) -> list[Entry]:
        if "/CloudTrail-Digest/" in prefix:
            return super().entries(bucket, prefix, after, before, limit)
        listing = self._place / bucket / prefix / _LISTING
        if not listing.exists():
            return []
        size = len(self._body)
        with listing.open(encoding="ascii") as lines:
            keys = (line.rstrip("\n") for line in lines)
            found = (Entry(key, f"0123456789abcdef0123456789abcdef {size} 2026", size) for key in keys if key > after)
            return within(found, before, limit)

    def get(self, bucket: str, key: str, limit: int) -> Blob:
        return super().get(bucket, key, limit) if "/CloudTrail-Digest/" in key else Blob(self._body)


@dataclass(frozen=True)
class SimulatedOrigin(workers.Origin):
    """Opens the simulated store, in any process."""

    def open(self) -> Store:
        assert self.folder is not None
        return SimulatedStore(self.folder)


def verify(folder: Path, days: int, ledger: Path | None) -> None:
    """Verify it all in this process and its workers; prints the outcome."""
    first = chains.DEFAULT_START
    window = Window(first, first + days * chains.DAY, first + (days + 1) * chains.DAY)
    began = time.perf_counter()
    with open_executor("processes") as (executor, number):
        if ledger is None:
            print(_run(folder, window, executor, number, None, began))
            return
        with Ledger(ledger) as opened:
            opened.begin({}, {}, resume=True)
            print(_run(folder, window, executor, number, opened, began))


def _run(  # noqa: PLR0917 - only cut out of the above
    folder: Path, window: Window, executor: Executor, number: int, ledger: Ledger | None, began: float
) -> str:
    run = Run(
        origin=SimulatedOrigin(folder=folder),
        sources=[("audit-logs", "")],
        window=window,
        task=Task(Places(), keep=ledger is not None),
        executor=executor,
        workers=number,
        keys=load_keys([folder / "keys.json"]),
        corroborate=False,
        ledger=ledger,
    )
    report = run.verify({})
    files = report.count("digests") + report.count("logs")
    seconds = time.perf_counter() - began
    return f"{report.status}: {files} files in {seconds:.1f} s, {files / seconds:.0f} files/s, {len(report.findings)} findings"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--logs-per-hour", type=int, default=347, help="and region")
    parser.add_argument("--ledger", action="store_true", help="with a ledger, which takes rows of every file")
    parser.add_argument("--verify", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.verify:
        verify(arguments.verify, arguments.days, arguments.verify / "ledger" if arguments.ledger else None)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        number = make(folder, arguments.days, arguments.logs_per_hour)
        print(f"{number} log files in the listing", flush=True)
        command = [
            sys.executable,
            "-m",
            "benchmarks.integrity.million",
            "--verify",
            name,
            "--days",
            str(arguments.days),
        ]
        command += ["--ledger"] if arguments.ledger else []
        process = subprocess.Popen(command, cwd=ROOT, env=environment(""), text=True)
        largest, course = watch(process, None)
        tenth = [course[len(course) * part // 10] for part in range(10)] if course else []
        print(f"exit {process.wait()}, largest memory of all processes {largest} MiB, course {tenth}")


if __name__ == "__main__":
    main()
