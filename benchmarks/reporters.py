"""Renders 5,000 results in every format and prints CPU time, the ratio to writing the same results with ``json.dumps``, size and memory.

Each format runs in a process of its own, so that peak memory is its own. Ratios travel between machines, seconds do not. What GitHub limits
is measured as well: a SARIF file's results and packed size, the bytes of a step summary, the annotations of a step. Ends with 1 where a limit is missed.

    python benchmarks/reporters.py [COUNT]
"""

import gzip
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.reporters.report_builder import large  # noqa: E402 - the builder is found through the line above

from trailwarden.contract import RenderOptions  # noqa: E402 - as above
from trailwarden.presentation import PROBLEMS  # noqa: E402 - as above
from trailwarden.registry import reporters  # noqa: E402 - as above
from trailwarden.results import report_from_json, report_to_json  # noqa: E402 - as above

REPEATS = 3
LIMITS = {5_000: (3.0, 300), 100_000: (float("inf"), 1024)}
"""By number of results: CPU seconds for all formats together, and MiB of memory for any of them."""
COUNT = int(sys.argv[-1]) if len(sys.argv) > 1 else 5_000
SUMMARY = 900 * 1024
"""Bytes of a step summary: GitHub drops one above 1 MiB, and other steps write to it as well."""
PACKED, RESULTS, ANNOTATIONS = 10_000_000, 5_000, 10
"""GitHub's: bytes of a packed SARIF file, results that it shows, annotations of a level and step."""


def measure(identity: str, count: int) -> None:
    """Print one line of JSON: best CPU seconds of a few, bytes, peak MiB and the baseline's seconds."""
    report = large(count)
    if identity == "(load)":
        text, size = reporters()["json"].render(report, RenderOptions()), 0
        seconds = best(lambda: report_from_json(json.loads(text)))
    else:
        render = reporters()[identity].render
        size = len(render(report, RenderOptions()).encode())
        seconds = best(lambda: render(report, RenderOptions()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    document = report_to_json(report)
    baseline = best(lambda: json.dumps(document, indent=2, sort_keys=True))
    print(json.dumps([seconds, size, peak, baseline]))


def github(count: int) -> list[str]:
    """What is over a limit of GitHub's, or cut without a word."""
    report, found = large(count), reporters()
    sarif = found["sarif"].render(report, RenderOptions())
    results = json.loads(sarif)["runs"][0]["results"]
    summary = found["markdown"].render(report, RenderOptions(markdown_budget=SUMMARY))
    levels = Counter(line.split(" ")[0] for line in found["github"].render(report, RenderOptions()).splitlines())
    packed, size = len(gzip.compress(sarif.encode())), len(summary.encode())
    print(
        f"\nfor GitHub: {len(results)} SARIF results in {packed} bytes packed; a step summary of {size} bytes; {dict(levels)}"
    )
    problems = sum(row.status in PROBLEMS for row in report.results)
    wrong = {
        "SARIF is too large": packed > PACKED or len(results) > RESULTS,
        "SARIF was cut silently": len(results) < problems and "left out of this file" not in sarif,
        "the step summary is too large": size > SUMMARY,
        "the step summary was cut silently": size > SUMMARY // 2 and "Shortened" not in summary,
        "too many annotations": any(number > ANNOTATIONS for number in levels.values()),
    }
    return [text for text, true in wrong.items() if true]


def best(work: object) -> float:
    assert callable(work)
    times = []
    for _ in range(1 if COUNT > 20_000 else REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main(count: int) -> int:
    names = [*reporters(), "(load)"]
    print(f"{count} results\n{'format':<20}{'CPU s':>8}{'ratio':>8}{'MiB':>8}{'peak MiB':>10}")
    total = ratio = highest = 0.0
    for name in names:
        run = subprocess.run([sys.executable, __file__, name, str(count)], capture_output=True, text=True, check=True)
        seconds, size, peak, baseline = json.loads(run.stdout)
        print(f"{name:<20}{seconds:>8.2f}{seconds / baseline:>8.2f}{size / 2**20:>8.2f}{peak:>10.0f}")
        total, ratio, highest = total + seconds, ratio + seconds / baseline, max(highest, peak)
    print(f"{'all of them':<20}{total:>8.2f}{ratio:>8.2f}{'':>8}{highest:>10.0f}")
    wrong = github(count)
    seconds, memory = LIMITS.get(count, (float("inf"), float("inf")))
    if total > seconds or highest > memory:
        wrong.append(f"limits: {seconds} s in total, {memory} MiB for any")
    for text in wrong:
        print(f"missed: {text}")
    return int(bool(wrong))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(sys.argv[1], int(sys.argv[2]))
    else:
        sys.exit(main(COUNT))
