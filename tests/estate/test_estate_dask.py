"""Accounts on a Dask cluster of real worker processes, one of which is killed in mid-run."""

import os
from pathlib import Path

import pytest
from tests.estate.estate_kit import at_request, check, finish, judged, kill, start
from tests.estate.simulator import ENVIRONMENT, Organization, serving

distributed = pytest.importorskip("distributed")


@pytest.fixture
def cluster(monkeypatch):
    """Two worker processes, which find the caller's keys in their environment as any AWS tool does."""
    for name, value in {
        **ENVIRONMENT,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=3, processes=True, dashboard_address=None) as made:
        yield made


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_cluster_judges_the_same_and_gets_over_a_killed_worker(cluster, tmp_path: Path) -> None:
    with serving(Organization(members=12)) as organization:
        quiet = check(organization, tmp_path / "quiet")
        before = len(organization.log)
        workers = [worker.pid for worker in cluster.workers.values()]
        organization.on_request = at_request(30, lambda: kill(workers[:1]))
        folder = tmp_path / "cluster"
        folder.mkdir()
        address = cluster.scheduler_address.replace("tcp://", "dask://")
        run = finish(start(organization, folder, "--executor", address), folder)
    assert (run.code, quiet.code) == (1, 1), run.stderr
    assert judged(run.report) == judged(quiet.report)
    again = [item.question for item in organization.log[before:] if item.service != "sts"]
    assert len(again) - len(set(again)) <= 6
