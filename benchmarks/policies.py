"""How long policies take: 1,000 of them in 200 files, read, validated, resolved and planned; then the worst files the limits allow.

    python benchmarks/policies.py [--policies 1000] [--files 200]

Half are short, half are full with a parameter, a nested choice and mappings. The first figure excludes the interpreter's start; imports are
shown apart, because a run on built-in policies does not need all of them.
"""

import argparse
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

SHORT = """\
id: short-{n}
check: bucket-object-lock
with: {{min_retention_days: {days}, allowed_modes: [COMPLIANCE]}}
severity: high
mappings: {{cis-aws-5.0: ["3.1", "3.2"]}}
"""
FULL = """\
apiVersion: trailwarden/v1
kind: Policy
metadata:
  id: full-{n}
  title: One good trail, number {n}
  severity: critical
  owner: security
  tags: [logging, immutable]
mappings:
  cis-aws-5.0: ["3.1", "3.2"]
  nist-800-53-r5: [AU-9, AU-12]
params:
  days: {{type: integer, default: {days}, minimum: 1}}
subject: trail
quantifier: any
where:
  - check: bucket-exists
require:
  - check: trail-log-file-validation
  - any_of:
      - check: bucket-object-lock
        with: {{min_retention_days: "${{params.days}}"}}
      - check: bucket-versioning
message: "{{subject.name}}: {{message}}"
"""


def write(folder: Path, policies: int, files: int, values: int = 10) -> None:
    """Spread the policies evenly over the files. Their checks ask for so many different values of a parameter."""
    texts = [
        (SHORT if number % 2 else FULL).format(n=number + 1, days=365 + number % values) for number in range(policies)
    ]
    for number in range(files):
        (folder / f"p{number:04}.yaml").write_text("---\n".join(texts[number::files]))


def timed(label: str, function, repeat: int = 5) -> None:
    """Print the median wall time and CPU time of a few runs; on a busy machine the CPU time is the one that means something."""
    wall, cpu = [], []
    for _ in range(repeat):
        start, used = time.perf_counter(), time.process_time()
        function()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    print(f"{label:58} wall {statistics.median(wall):7.3f} s   CPU {statistics.median(cpu):7.3f} s")


def recorded(folder: Path, known) -> Path:
    """Write the ledger of an account with 100 trails, each with a bucket of its own, as far as the policies read it."""
    from trailwarden.plan import make_plan
    from trailwarden.policy.select import select
    from trailwarden.scan import read_facts
    from trailwarden.testing import World

    world = World(regions=("us-east-1",))
    for number in range(100):
        world.add_trail(f"trail-{number}")
    read_facts(make_plan(select([str(folder)], checks=known)), world.account(), jobs=1)
    path = folder.parent / "ledger.jsonl"
    world.ledger().write(path)
    return path


def measure_evaluation(folder: Path, known, label: str) -> None:
    """Judge all policies on 100 subjects, from a ledger on disk."""
    import gc

    from trailwarden.calls import Recorder
    from trailwarden.cli import GARBAGE
    from trailwarden.ledger import ReplayReader, read_ledger
    from trailwarden.plan import make_plan
    from trailwarden.policy.select import select
    from trailwarden.scan import accounts_of, scan

    path = recorded(folder, known)
    plan = make_plan(select([str(folder)], checks=known))
    gc.set_threshold(*GARBAGE)

    def judge() -> None:
        ledger = read_ledger(path)
        for account in accounts_of(ledger.header, Recorder(ReplayReader(ledger))):
            scan(plan, account, jobs=1)

    timed(f"{len(plan.selection.policies)} policies, 100 subjects, {label}: evaluate", judge, 3)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policies", type=int, default=1000)
    parser.add_argument("--files", type=int, default=200)
    options = parser.parse_args()

    used = time.process_time()
    from trailwarden.errors import PolicyError
    from trailwarden.plan import make_plan
    from trailwarden.policy.select import select
    from trailwarden.policy.yamltext import MAX_BYTES
    from trailwarden.registry import checks

    known = checks()
    print(f"{'imports and checks':58} {'':14} CPU {time.process_time() - used:7.3f} s")

    def refused(path: Path) -> None:
        try:
            select([str(path)], checks=known)
        except PolicyError:
            return
        raise SystemExit(f"{path} should be refused")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "policies"
        folder.mkdir()
        write(folder, options.policies, options.files)

        def load() -> None:
            selection = select([str(folder)], checks=known)
            assert len(selection.policies) == options.policies
            make_plan(selection)

        timed("the first time: built-in files are read as well", load, 1)
        timed(f"{options.policies} policies in {options.files} files: load, validate, plan", load)
        for label, text in {
            "1 MiB of commas": "[" + "1," * (MAX_BYTES // 2 - 2) + "]",
            "1 MiB of open brackets": "[" * MAX_BYTES,
            "1 MiB of wrong documents": "{a: 1}\n---\n" * (MAX_BYTES // 12),
            "1 MiB of unknown checks": "".join(f"- {{id: p{i}, check: x{i}}}\n" for i in range(MAX_BYTES // 30)),
            "1 MiB of wrong policies": "- {id: X, chek: y}\n" * (MAX_BYTES // 20),
            "an alias bomb": "a: &a [1]\n" + "".join(f"b{i}: &a [{'*a,' * 20}]\n" for i in range(1000)),
        }.items():
            path = Path(name) / "worst.yaml"
            path.write_text(text)
            timed(f"refused: {label}", partial(refused, path), 1)
        measure_evaluation(folder, known, "10 values of a parameter")
        write(folder, options.policies, options.files, values=options.policies)
        measure_evaluation(folder, known, "all values different")


if __name__ == "__main__":
    main()
