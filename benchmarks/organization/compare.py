"""An organization judged by trailwarden, beside a plain boto3 script, Prowler, and the least that the calls cost on these cores.

    python -m benchmarks.organization.compare --accounts 1000 2000 --latency 0.03
    python -m benchmarks.organization.compare --accounts 100 --denied 0.03 --throttled 0.02 --down eu-west-3 --expired 1

All ask the same simulated organization (endpoint.py) over HTTP, one after the other, as whole processes. Of the script, and of Prowler
where it is installed, some accounts are enough: what they spend grows with each. The floor is what the calls alone cost: their CPU
time on a client that exists already, on every core, or their latency with as many in flight as were, whichever is longer. The simulator
takes its share of the same cores; its time is printed, and the floor is given with it too. Where faults are asked for, a run without them
comes first, and the verdicts of both are compared. ``--extra`` hands the rest of the line to trailwarden.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.organization.endpoint import (
    ROOT,
    Simulator,
    add_arguments,
    faults_of,
    running,
    shape_of,
    without_aws,
)
from benchmarks.organization.world import ARCHIVE, Faults, Shape

TRAILWARDEN = str(Path(sys.executable).with_name("trailwarden"))
PROWLER_CHECKS = (
    "cloudtrail_multi_region_enabled",
    "cloudtrail_multi_region_enabled_logging_management_events",
    "cloudtrail_log_file_validation_enabled",
    "cloudtrail_cloudwatch_logging_enabled",
    "cloudtrail_kms_encryption_enabled",
    "cloudtrail_logs_s3_bucket_is_not_publicly_accessible",
)
"""What comes nearest to the pack ``baseline``."""


@dataclass(frozen=True)
class Spent:
    """What a command took. Seconds; MiB at the peak of all its processes together; requests."""

    code: int
    wall: float
    cpu: float
    peak: float
    requests: int
    served_cpu: float
    output: str


def memory(pid: int) -> float:
    """MiB of a process and everything below it, what they share counted once."""
    total, left = 0.0, [pid]
    while left:
        one = left.pop()
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
            left += [int(child) for child in Path(f"/proc/{one}/task/{one}/children").read_text().split()]
        except (OSError, StopIteration):
            continue
    return total


def spend(command: list[str], simulator: Simulator, folder: Path, environment: dict[str, str] | None = None) -> Spent:
    """Run a command to its end against the simulator."""
    simulator.counts()
    served = simulator.cpu()
    peaks, done = [0.0], threading.Event()
    started = time.perf_counter()
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        settings = {**without_aws(), **simulator.environment, "HOME": str(folder), **(environment or {})}
        process = subprocess.Popen(command, env=settings, cwd=folder, stdout=out, stderr=err)

        def watch() -> None:
            while not done.wait(0.25):
                peaks.append(memory(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        watcher.join()
    wall = time.perf_counter() - started
    counts, served_after = simulator.collect()
    tail = (folder / "stderr").read_text(errors="replace")[-2000:]
    peak = max(*peaks, usage.ru_maxrss / 1024) if len(peaks) > 1 else usage.ru_maxrss / 1024
    cpu = usage.ru_utime + usage.ru_stime
    return Spent(process.returncode, wall, cpu, peak, counts.total(), served_after - served, tail)


# --- who is compared --------------------------------------------------------------------------------------------------


def trailwarden(simulator: Simulator, folder: Path, extra: list[str]) -> Spent:
    """Judge the whole organization."""
    shutil.rmtree(folder / "state", ignore_errors=True)
    command = [TRAILWARDEN, "check", "--organization", "--role", "audit", "--log-archive", ARCHIVE]
    command += ["--state", str(folder / "state"), "-o", f"json={folder / 'results.json'}", *extra]
    spent = spend(command, simulator, folder)
    if spent.code not in (0, 1, 3):
        sys.exit(f"trailwarden ended with {spent.code}:\n{spent.output}")
    return spent


def plain(simulator: Simulator, folder: Path, accounts: int, threads: int) -> Spent:
    """Read some accounts with the plain script."""
    command = [sys.executable, "-m", "benchmarks.organization.plain_script", "--threads", str(threads)]
    spent = spend([*command, "--limit", str(accounts)], simulator, folder)
    if spent.code:
        sys.exit(f"the plain script ended with {spent.code}:\n{spent.output}")
    return spent


def prowler(executable: str, simulator: Simulator, folder: Path, account: str, regions: list[str]) -> Spent:
    """Let Prowler look at one account, as a loop over accounts would."""
    command = [executable, "aws", "--role", f"arn:aws:iam::{account}:role/audit", "--checks", *PROWLER_CHECKS]
    command += ["--region", *regions, "--output-formats", "csv", "--output-directory", str(folder / "prowler")]
    command += ["--no-banner", "--ignore-exit-code-3"]
    return spend(command, simulator, folder)


def cpu_of_a_call(simulator: Simulator, folder: Path) -> tuple[float, float]:
    """CPU seconds of one call, the client's and the simulator's, on a client that exists and a connection that is open."""
    code = """
import json, sys, time
from benchmarks.plain_script import CONFIG
import boto3
session = boto3.session.Session()
trail = session.client("cloudtrail", region_name="us-east-1", config=CONFIG)
bucket = session.client("s3", region_name="eu-west-1", config=CONFIG)
def turn():
    trail.describe_trails()
    bucket.get_bucket_acl(Bucket=sys.argv[1])
turn()
samples = []
for _ in range(5):
    begun = time.process_time()
    for _ in range(60):
        turn()
    samples.append((time.process_time() - begun) / 120)
print(json.dumps(min(samples)))
"""
    before = simulator.cpu()
    own = f"audit-logs-{simulator.shape.ids()[0]}"
    done = subprocess.run(
        [sys.executable, "-c", code, own],
        env={**without_aws(), **simulator.environment, "HOME": str(folder)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return float(done.stdout), (simulator.cpu() - before) / 602


def verdicts(folder: Path) -> dict[tuple[str, ...], str]:
    """The status, or the reason, of every row of the last run."""
    rows = json.loads((folder / "results.json").read_text())["results"]
    names = ("account", "policy", "check", "region", "subject")
    return {
        tuple(row[name] for name in names): row["reason"]["code"] if row["reason"] else row["status"] for row in rows
    }


def disturbed(sound: dict[tuple[str, ...], str], found: dict[tuple[str, ...], str], faults: Faults) -> None:
    """Print what became of the accounts that were disturbed, and whether any other verdict changed."""
    groups = {"denied": faults.denied, "throttled": faults.throttled, "expired": faults.expired}
    of = {account: name for name, accounts in groups.items() for account in accounts}
    said: dict[str, Counter[str]] = {name: Counter() for name in groups}
    others: Counter[str] = Counter()
    for key in sorted({*sound, *found}):
        before, after = sound.get(key, "no row"), found.get(key, "no row")
        if key[0] in of:
            said[of[key[0]]][after if key in found else f"{before}, now no row"] += 1
        else:
            others["same" if before == after else f"{before}, now {after}"] += 1
    for name, counts in [*said.items(), ("all other accounts", others)]:
        if counts:
            print(f"  {name}: {', '.join(f'{number} {word}' for word, number in counts.most_common())}")
    if faults.down:
        print(f"  (verdicts that rest on {', '.join(faults.down)} may differ in every account)")


# --- report -----------------------------------------------------------------------------------------------------------


@contextmanager
def organization(options: argparse.Namespace, shape: Shape, faults: Faults, latency: float) -> Iterator[Simulator]:
    with running(shape, faults, latency=latency, processes=options.processes, log=options.log) as simulator:
        yield simulator


def line(name: str, accounts: int, spent: Spent) -> str:
    each = spent.cpu / accounts
    return (
        f"{name:24}{accounts:>9}{spent.wall:>10.1f}{spent.cpu:>10.1f}{each * 1000:>13.0f}{spent.requests / accounts:>12.1f}"
        f"{spent.peak:>10.0f}{spent.code:>6}"
    )


HEAD = (
    f"{'':24}{'accounts':>9}{'wall s':>10}{'CPU s':>10}{'CPU ms/acct':>13}{'calls/acct':>12}{'peak MiB':>10}{'exit':>6}"
)


def measure(options: argparse.Namespace, number: int, folder: Path) -> dict[str, float]:
    """Compare on one organization, and return trailwarden's figures."""
    shape = shape_of(options, number)
    faults = faults_of(options, shape)
    cores = len(os.sched_getaffinity(0))
    with organization(options, shape, Faults(), 0.0) as simulator:
        rate, _ = simulator.ceiling()
        client, server = cpu_of_a_call(simulator, folder)
    print(f"\n{number} accounts, {shape.regions} regions, {options.latency * 1000:.0f} ms, {cores} cores")
    print(f"simulator: at least {rate:,.0f} requests/s on the same cores, {server * 1e6:.0f} µs CPU a request")
    print(f"one call:  {client * 1e6:.0f} µs CPU on a botocore client that exists already\n\n{HEAD}")
    figures: dict[str, float] = {"accounts": number, "cores": cores, "ceiling": rate, "cpu_call": client}
    sound: dict[tuple[str, ...], str] = {}
    if faults != Faults(session_seconds=faults.session_seconds):
        with organization(options, shape, Faults(), options.latency) as simulator:
            trailwarden(simulator, folder, options.extra)
        sound = verdicts(folder)
    with organization(options, shape, faults, options.latency) as simulator:
        runs = [trailwarden(simulator, folder, options.extra) for _ in range(options.rounds)]
        ours = sorted(runs, key=lambda run: run.wall)[len(runs) // 2]
        print(line("trailwarden", number, ours), flush=True)
        if sound:
            disturbed(sound, verdicts(folder), faults)
        sample = min(options.plain_accounts, number)
        if sample:
            script = plain(simulator, folder, sample, options.threads)
            print(line("plain script", sample, script), flush=True)
            figures["plain_cpu_account"] = script.cpu / sample
        executable = options.prowler or shutil.which("prowler")
        if executable and options.prowler_accounts:
            found = [
                prowler(executable, simulator, folder, account, shape.region_names)
                for account in shape.ids()[3 : 3 + options.prowler_accounts]
            ]
            whole = Spent(
                found[-1].code,
                sum(run.wall for run in found),
                sum(run.cpu for run in found),
                max(run.peak for run in found),
                sum(run.requests for run in found),
                0.0,
                found[-1].output,
            )
            print(line("prowler, each account", len(found), whole), flush=True)
            if whole.code:
                print(f"  prowler said: {whole.output[-300:]}")
            figures["prowler_cpu_account"] = whole.cpu / len(found)
        elif options.prowler_accounts:
            print("prowler is not installed: `pipx install prowler`, or --prowler PATH")
    floor = ours.requests * client / cores
    shared = ours.requests * (client + server) / cores
    waiting = ours.requests * options.latency / options.in_flight
    most = max(floor, waiting)
    print(f"\nfloor: {ours.requests} calls, CPU {floor:.1f} s ({shared:.1f} s with the simulator's), ", end="")
    print(f"latency {waiting:.1f} s with {options.in_flight} in flight")
    print(
        f"trailwarden: {ours.wall / most:.2f} x of the floor, {ours.wall / max(shared, waiting):.2f} x with the simulator's share;"
    )
    print(
        f"  CPU {ours.cpu / ours.requests * 1e6:.0f} µs a call, {ours.cpu / (ours.requests * client):.2f} x of the call alone"
    )
    for name in ("plain", "prowler"):
        if f"{name}_cpu_account" in figures:
            ratio = figures[f"{name}_cpu_account"] / (ours.cpu / number)
            print(
                f"  {ratio:.1f} times less CPU for each account than {'the plain script' if name == 'plain' else name}"
            )
    summary = json.loads((folder / "results.json").read_text())["summary"]
    print(f"  results: {', '.join(f'{count} {status}' for status, count in summary.items())}", flush=True)
    return figures | {name: value for name, value in dataclasses.asdict(ours).items() if name != "output"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, several=True)
    parser.add_argument(
        "--rounds", type=int, default=1, help="runs of trailwarden, of which the median counts (default: 1)"
    )
    parser.add_argument(
        "--plain-accounts", type=int, default=40, help="accounts that the plain script reads, 0 for none (default: 40)"
    )
    parser.add_argument("--threads", type=int, default=16, help="threads of the plain script (default: 16)")
    parser.add_argument("--prowler", default="", metavar="PATH", help="its executable (default: found on the path)")
    parser.add_argument(
        "--prowler-accounts", type=int, default=2, help="accounts that Prowler reads, 0 for none (default: 2)"
    )
    parser.add_argument(
        "--in-flight", type=int, default=48, help="calls in flight that the latency floor assumes (default: 48)"
    )
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--extra", nargs=argparse.REMAINDER, default=[], help="further arguments for trailwarden")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = [measure(options, number, Path(folder)) for number in options.accounts]
    if len(found) > 1:
        first, last = found[0], found[-1]
        print(
            f"\npeak memory of {last['accounts']:.0f} accounts: {last['peak'] / first['peak']:.2f} x that of {first['accounts']:.0f}"
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
