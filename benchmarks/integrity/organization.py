"""A day of an organization of 100 accounts in 17 regions: 490,000 logs, killed in the middle, resumed; memory throughout.

Log bodies are reused, so that the bucket fits into memory. Prints files per second, the largest memory of every process
involved, and how many units the resumed run took over. A third run finds
everything in the ledger: what a daily run over known files costs.
"""

import argparse
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.integrity import chains, endpoint
from benchmarks.integrity.compare import ROOT, environment, server
from benchmarks.organization.world import DEFAULT_REGIONS

from trailwarden.integrity import times


def make_world(accounts: int, regions: int, logs_per_hour: int) -> endpoint.World:
    rng = random.Random("organization")
    pool = chains.BodyPool(chains.log_body(rng, rng.randrange(2, 40)) for _ in range(64))
    bucket = chains.Bucket()
    key = chains.signing_key("organization")
    for number in range(accounts):
        for region in DEFAULT_REGIONS[:regions]:
            account = f"{100000000000 + number:012d}"
            spec = chains.ChainSpec(
                bucket,
                account,
                region,
                org="o-benchmark1",
                hours=26,
                logs=lambda _: logs_per_hour,
                keys=lambda _: key,
                pool=pool,
            )
            chains.build(spec)
    period = chains.KeyPeriod(key, chains.DEFAULT_START - 5 * chains.DAY, chains.DEFAULT_START + 25 * chains.DAY)
    return endpoint.World({bucket.name: bucket.objects}, {region: [period.entry()] for region in DEFAULT_REGIONS})


def memory(pid: int) -> dict[str, int]:
    """Proportional set size in MiB of a process and its children, by process id."""
    found = {}
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in [str(pid), *children]:
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            found[one] = next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) // 1024
        except (OSError, StopIteration):
            continue
    return found


def watch(process: subprocess.Popen[str], kill_after: float | None) -> tuple[int, list[int]]:
    """Largest total memory in MiB and its course, a sample every half second; kill the process after a while."""
    began, course = time.monotonic(), []
    while process.poll() is None:
        try:
            course.append(sum(memory(process.pid).values()))
        except OSError:
            break
        if kill_after is not None and time.monotonic() - began > kill_after:
            process.send_signal(signal.SIGKILL)
            kill_after = None
        time.sleep(0.5)
    return max(course, default=0), course


def run(url: str, ledger: Path, kill_after: float | None = None) -> None:
    first = chains.DEFAULT_START
    command = [
        sys.executable,
        "-m",
        "benchmarks.integrity.run_verify",
        "audit-logs",
        url,
        "--ledger",
        str(ledger),
        "--progress",
    ]
    command += ["--since", times.extended(first), "--until", times.extended(first + chains.DAY)]
    command += ["--now", times.extended(first + 2 * chains.DAY)]
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(url), stdout=output, stderr=errors, text=True)
        largest, course = watch(process, kill_after)
        process.wait()
        seconds = time.perf_counter() - began
        output.seek(0)
        errors.seek(0)
        text = output.read()
        last = errors.read().strip().splitlines()
    tenth = [course[len(course) * n // 10] for n in range(10)] if course else []
    state = json.loads(text) if text else {"killed": last[-1] if last else ""}
    print(f"{seconds:.1f} s, exit {process.returncode}, largest memory of all processes {largest} MiB, course {tenth}")
    print(f"  ledger {ledger.stat().st_size >> 20} MiB; {json.dumps(state)}", flush=True)
    if text:
        print(f"  {state['files'] / seconds:.0f} files/s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--regions", type=int, default=17)
    parser.add_argument("--logs-per-hour", type=int, default=12)
    parser.add_argument("--latency", type=float, default=20.0, help="milliseconds per request")
    parser.add_argument("--kill-after", type=float, default=30.0, help="seconds")
    arguments = parser.parse_args()
    began = time.perf_counter()
    world = make_world(arguments.accounts, arguments.regions, arguments.logs_per_hour)
    count = len(world.buckets["audit-logs"])
    print(f"{count} objects made in {time.perf_counter() - began:.0f} s, pid {os.getpid()}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path, ledger = Path(folder, "world"), Path(folder, "ledger")
        path.write_bytes(pickle.dumps(world, protocol=5))
        del world
        with server(path, arguments.latency / 1000) as url:
            print("first run, to be killed:", flush=True)
            run(url, ledger, arguments.kill_after)
            print("resumed:", flush=True)
            run(url, ledger)
            print("again, everything known:", flush=True)
            run(url, ledger)


if __name__ == "__main__":
    main()
