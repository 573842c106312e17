"""The simulated organization of the benchmarks: what is measured is a whole run with the verdicts that its faults call for."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from benchmarks.organization.endpoint import serving, without_aws
from benchmarks.organization.world import ADMINISTRATOR, ARCHIVE, MANAGEMENT, Faults, Shape

DENIED, EXPIRED, FINE = "100000000003", "100000000004", "100000000005"


def test_a_run_over_the_simulated_organization(tmp_path: Path) -> None:
    """Every answer that a run asks for is there, and each fault shows as what it is."""
    shape = Shape(now=1780315200.0, accounts=7, regions=3, suspended=1 / 7)
    with serving(shape, Faults(denied=(DENIED,), expired=(EXPIRED,))) as simulator:
        command = [str(Path(sys.executable).with_name("trailwarden")), "check", "--organization", "--role", "audit"]
        command += ["--log-archive", ARCHIVE, "-o", f"json={tmp_path / 'results.json'}"]
        command += ["--exclude", "trail-*-recent", "--exclude", "trail-*-healthy"]  # judged by the real clock
        run = subprocess.run(
            command,
            env={**without_aws(), **simulator.environment, "HOME": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        counts = simulator.counts()
    assert run.returncode == 1, run.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["run"]["accounts"] == [MANAGEMENT, ARCHIVE, ADMINISTRATOR, DENIED, EXPIRED, FINE]
    reasons = {
        account: Counter(
            row["reason"]["code"] for row in results["results"] if row["account"] == account and row["reason"]
        )
        for account in (DENIED, EXPIRED, FINE)
    }
    heads = {
        row["reason"]["operation"]
        for row in results["results"]
        if row["account"] == EXPIRED and row["reason"] and row["reason"]["code"] == "UNEXPECTED"
    }
    assert set(reasons[DENIED]) == {"CROSS_ACCOUNT"}
    # To HEAD, S3 says it by a 400 without a word, which may mean something else.
    assert set(reasons[EXPIRED]) == {"CREDENTIALS_EXPIRED", "UNEXPECTED"}
    assert heads == {"s3.HeadBucket"}
    assert reasons[FINE] == {}
    assert {row["policy"] for row in results["results"] if row["status"] == "FAIL"} == {"bucket-owner-expected"}
    assert counts["cloudtrail.DescribeTrails"] == 3 * 5
    assert counts["organizations.ListAccounts"] == 1
    assert os.environ.get("AWS_ENDPOINT_URL", "") != simulator.url
