"""Measure `trailwarden` against `aws cloudtrail validate-logs` on the same bucket, in one run, and against the hardware.

A day of four regions (some 1,160 logs of 24 KiB and 100 digests) by default. Prints files per second of whole processes
(start-up included), CPU per file, memory, ratios, and the compute ceiling: inflate and SHA-256 alone, on every core.
Needs the AWS CLI (`pip install awscli` in an environment of its own; --aws names its executable). For figures with and
without the extra `fast` name two interpreters, one of an environment with `isal`: --python PLAIN/bin/python FAST/bin/python.
"""

import argparse
import hashlib
import json
import os
import pickle
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.integrity import chains, endpoint

from trailwarden.integrity import times

ROOT = Path(__file__).parents[2]
REGIONS = ("us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2")
ACCOUNT = "111122223333"


def make_world(days: int, logs_per_hour: float, pool_size: int, bits: int) -> endpoint.World:
    rng = random.Random("bench")
    pool = chains.BodyPool(chains.log_body(rng, max(4, int(rng.lognormvariate(4.95, 0.5)))) for _ in range(pool_size))
    bucket = chains.Bucket()
    key = chains.signing_key("bench", bits)
    counts = random.Random("counts")

    def number(_: int) -> int:
        return int(logs_per_hour) + (counts.random() < logs_per_hour % 1)

    for region in REGIONS:
        spec = chains.ChainSpec(
            bucket,
            ACCOUNT,
            region,
            hours=24 * days + 2,
            logs=number,
            keys=lambda _: key,
            pool=pool,
        )
        chains.build(spec)
    period = chains.KeyPeriod(key, chains.DEFAULT_START - 5 * chains.DAY, chains.DEFAULT_START + 25 * chains.DAY)
    trail = {
        "Name": "org-trail",
        "TrailARN": f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/org-trail",
        "S3BucketName": bucket.name,
        "HomeRegion": "eu-west-1",
        "IsOrganizationTrail": False,
    }
    return endpoint.World({bucket.name: bucket.objects}, {region: [period.entry()] for region in REGIONS}, [trail])


@contextmanager
def server(world: Path, latency: float) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.integrity.endpoint", str(world), "--latency", str(latency)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


def environment(url: str) -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return keep | {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": url,
        "PYTHONPATH": str(ROOT),
    }


def timed(command: list[str], env: dict[str, str]) -> tuple[float, float, str]:
    """Wall seconds, CPU seconds and standard output of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stdout[-500:]} {done.stderr[-2000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def run_reference(aws: str, url: str, window: tuple[str, str]) -> tuple[float, float, int]:
    wall = cpu = 0.0
    files = 0
    for region in REGIONS:
        command = [
            aws,
            "cloudtrail",
            "validate-logs",
            "--region",
            region,
            "--start-time",
            window[0],
            "--end-time",
            window[1],
        ]
        command += ["--trail-arn", f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/org-trail"]
        seconds, busy, text = timed(command, environment(url))
        wall, cpu = wall + seconds, cpu + busy
        files += sum(int(line.split("/")[0]) for line in text.splitlines() if "files valid" in line)
    return wall, cpu, files


def run_ours(python: str, url: str, window: tuple[str, str], extra: list[str]) -> tuple[float, float, int]:
    """Wall and CPU seconds of the command as people call it, and the files it verified."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [str(Path(python).with_name("trailwarden")), "logs", "verify", "audit-logs", "--endpoint-url", url]
        command += ["--since", window[0], "--until", window[1], "-o", f"json={report}", *extra]
        wall, cpu, _ = timed(command, environment(url))
        summary = json.loads(report.read_bytes())["summary"]
    return wall, cpu, summary["digests"] + summary["logs"]


def memory(python: str, url: str, window: tuple[str, str], now: str, extra: list[str]) -> dict[str, Any]:
    """One run from inside: the largest resident set of its processes, and its speed without start-up."""
    command = [python, "-m", "benchmarks.integrity.run_verify", "audit-logs", url]
    command += ["--since", window[0], "--until", window[1], "--now", now, *extra]
    data: dict[str, Any] = json.loads(timed(command, environment(url))[2])
    return data


def kernel(job: tuple[list[bytes], float, str]) -> tuple[int, float]:
    """Files inflated and hashed by one core in the given seconds with nothing else to do, and the CPU seconds it took."""
    bodies, seconds, library = job
    inflate = zlib.decompress
    if library == "isal":
        from isal import isal_zlib

        inflate = isal_zlib.decompress
    end, done, began = time.perf_counter() + seconds, 0, time.process_time()
    while time.perf_counter() < end:
        for body in bodies:
            hashlib.sha256(inflate(body, 31)).digest()
        done += len(bodies)
    return done, time.process_time() - began


def ceiling(bodies: list[bytes], library: str, cores: int) -> tuple[float, float]:
    """Files per second of all cores together, and CPU seconds per file."""
    with ProcessPoolExecutor(cores) as pool:
        counts = list(pool.map(kernel, [(bodies, 1.0, library)] * cores))
    files = sum(done for done, _ in counts)
    return float(files), sum(cpu for _, cpu in counts) / files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aws", default=shutil.which("aws") or "aws", help="executable of the AWS CLI")
    parser.add_argument("--python", default=[sys.executable], nargs="+", help="interpreters to run trailwarden with")
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--logs-per-hour", type=float, default=12.0, help="and region")
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 20.0], help="milliseconds per request")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--bits", type=int, default=2048)
    parser.add_argument("--no-reference", action="store_true")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--extra", nargs=argparse.REMAINDER, default=[], help="further arguments for trailwarden")
    arguments = parser.parse_args()
    world = make_world(arguments.days, arguments.logs_per_hour, 200, arguments.bits)
    objects = world.buckets["audit-logs"]
    logs = [o.body for key, o in objects.items() if "/CloudTrail/" in key]
    raw = statistics.mean(len(zlib.decompress(body, 31)) for body in logs[:200])
    packed = statistics.mean(len(body) for body in logs)
    print(f"{len(objects)} objects, {len(logs)} logs of {packed / 1024:.1f} KiB, {raw / 1024:.0f} KiB inflated")
    cores = len(os.sched_getaffinity(0))
    figures: dict[str, Any] = {"cores": cores, "objects": len(objects)}
    for library in ("zlib", "isal") if find_spec("isal") else ("zlib",):
        found = [ceiling(logs[:200], library, cores) for _ in range(2)]
        figures[f"ceiling_{library}"], figures[f"kernel_{library}"] = max(f for f, _ in found), min(c for _, c in found)
        print(
            f"compute ceiling, {cores} cores, {library} + SHA-256 only: {figures[f'ceiling_{library}']:.0f} files/s,"
            f" {figures[f'kernel_{library}'] * 1e6:.0f} µs CPU/file"
        )
    first = chains.DEFAULT_START
    window = (times.extended(first), times.extended(first + arguments.days * chains.DAY))
    now = times.extended(first + (arguments.days + 1) * chains.DAY)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "world")
        path.write_bytes(pickle.dumps(world))
        for latency in arguments.latency:
            with server(path, latency / 1000) as url:
                measure(arguments, figures, latency, url, window, now)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


def measure(  # noqa: PLR0917 - only cut out of main
    arguments: Any, figures: dict[str, Any], latency: float, url: str, window: tuple[str, str], now: str
) -> None:
    reference = 0.0
    if not arguments.no_reference:
        wall, cpu, files = run_reference(arguments.aws, url, window)
        reference = files / wall
        print(
            f"{latency:4.0f} ms  aws cloudtrail validate-logs: {files} files, {reference:8.1f} files/s, {cpu / files * 1e6:6.0f} µs CPU/file"
        )
        figures[f"reference_{latency:g}ms"] = reference
    for python in arguments.python:
        runs = [run_ours(python, url, window, arguments.extra) for _ in range(arguments.repeat)]
        wall, cpu, files = min(runs, key=lambda run: run[0])
        rate, median = files / wall, files / statistics.median(run[0] for run in runs)
        ratio = f", {rate / reference:6.1f} x" if reference else ""
        data = memory(python, url, window, now, arguments.extra)
        library = data["inflate"]
        used = min(run[1] for run in runs) / files
        print(
            f"{latency:4.0f} ms  trailwarden ({library}): {files} files, {rate:8.1f} files/s best, {median:8.1f} median{ratio};"
            f" {used * 1e6:6.0f} µs CPU/file, start-up included;"
            f" {100 * rate / figures[f'ceiling_{library}']:.0f} % of the ceiling in speed, {100 * figures[f'kernel_{library}'] / used:.0f} % in CPU;"
            f" RSS {data['rss_parent_mib']:.0f} + worker {data['rss_worker_mib']:.0f} MiB"
        )
        figures[f"trailwarden_{latency:g}ms_{library}"] = {
            "best": rate,
            "median": median,
            "cpu": used,
            "ratio": ratio,
            **data,
        }


if __name__ == "__main__":
    main()
