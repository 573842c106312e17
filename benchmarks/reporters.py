"""Renders 5,000 results in every format and prints CPU time, the ratio to writing the same results with ``json.dumps``, size and memory.

Each format runs in a process of its own, so that peak memory is its own. Ratios travel between machines, seconds do not.

    python benchmarks/reporters.py [COUNT]
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.reporters.report_builder import large  # noqa: E402 - the builder is found through the line above

from trailwarden.contract import RenderOptions  # noqa: E402 - as above
from trailwarden.registry import reporters  # noqa: E402 - as above
from trailwarden.results import report_from_json, report_to_json  # noqa: E402 - as above

REPEATS = 3


def measure(identity: str, count: int) -> None:
    """Print one line of JSON: best CPU seconds of a few, bytes, peak MiB and the baseline's seconds."""
    report = large(count)
    document = report_to_json(report)
    baseline = best(lambda: json.dumps(document, indent=2, sort_keys=True))
    if identity == "(load)":
        data, size = json.loads(json.dumps(document)), 0
        seconds = best(lambda: report_from_json(data))
    else:
        render = reporters()[identity].render
        size = len(render(report, RenderOptions()).encode())
        seconds = best(lambda: render(report, RenderOptions()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, size, peak, baseline]))


def best(work: object) -> float:
    assert callable(work)
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main(count: int) -> None:
    names = [*reporters(), "(load)"]
    print(f"{count} results\n{'format':<20}{'CPU s':>8}{'ratio':>8}{'MiB':>8}{'peak MiB':>10}")
    total = ratio = highest = 0.0
    for name in names:
        run = subprocess.run([sys.executable, __file__, name, str(count)], capture_output=True, text=True, check=True)
        seconds, size, peak, baseline = json.loads(run.stdout)
        print(f"{name:<20}{seconds:>8.2f}{seconds / baseline:>8.2f}{size / 2**20:>8.2f}{peak:>10.0f}")
        total, ratio, highest = total + seconds, ratio + seconds / baseline, max(highest, peak)
    print(f"{'all of them':<20}{total:>8.2f}{ratio:>8.2f}{'':>8}{highest:>10.0f}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(sys.argv[1], int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
