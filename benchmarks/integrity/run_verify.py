"""Verify a bucket of the local endpoint and print what it took: run as a process of its own by the benchmarks."""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

from trailwarden.integrity import api, aws, content, times


def peak() -> float:
    """Largest resident set of this process in MiB; ru_maxrss would count what it was forked from."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def main() -> int:
    """Returns the exit code of the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bucket")
    parser.add_argument("url")
    parser.add_argument("--since", required=True)
    parser.add_argument("--until", required=True)
    parser.add_argument("--now", required=True)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--connections", type=int)
    parser.add_argument("--executor", default="processes")
    parser.add_argument("--ledger", type=Path)
    parser.add_argument("--progress", action="store_true")
    arguments = parser.parse_args()
    options = api.Options(
        (arguments.bucket,),
        access=aws.Access(endpoint_url=arguments.url),
        since=times.from_argument(arguments.since),
        until=times.from_argument(arguments.until),
        now=times.from_argument(arguments.now),
        jobs=arguments.jobs,
        connections=arguments.connections,
        executor=arguments.executor,
        ledger=arguments.ledger,
    )

    last = [api.Progress(0, 0, 0, 0)]

    def show(progress: api.Progress) -> None:
        last[0] = progress
        if arguments.progress and progress.units % 100 == 0:
            print(
                json.dumps({"units": progress.units, "of": progress.total, "files": progress.files}),
                file=sys.stderr,
                flush=True,
            )

    began = time.perf_counter()
    report = api.verify(options, on_progress=show)
    wall = time.perf_counter() - began
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    files = report.count("digests") + report.count("logs")
    print(
        json.dumps(
            {
                "status": report.status,
                "inflate": content.LIBRARY,
                "files": files,
                "units": last[0].units,
                "units_taken_over": last[0].resumed,
                "seconds": wall,
                "cpu": own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
                "rss_parent_mib": peak(),
                "rss_worker_mib": children.ru_maxrss / 1024,
                "verdicts": {str(v): n for v, n in report.totals.items()},
                "sources": report.to_json()["summary"]["log_sources"],
            }
        )
    )
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
