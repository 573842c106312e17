"""A run over an organization: what is asked once, what a broken account does to the others, and what a killed run leaves to do."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.estate.estate_kit import at_request, check, children, finish, judged, kill, start, wait_for_end
from tests.estate.simulator import ARCHIVE, BUCKET, HOME, MANAGEMENT, ROLE, Organization, serving

from trailwarden.ledger import read_ledger

BUCKET_ARN = f"arn:aws:s3:::{BUCKET}"


class Quiet(dict[str, Any]):
    """The report of a quiet run, which Hypothesis need not print."""

    def __repr__(self) -> str:
        return "Quiet()"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The report of a quiet run."""
    with serving(Organization()) as organization:
        run = check(organization, tmp_path_factory.mktemp("quiet"))
    assert run.code == 1, run.stderr
    return Quiet(judged(run.report))


def test_everything_is_asked_once_and_objects_are_read_where_they_live(tmp_path: Path) -> None:
    """Bucket and key belong to the archive: its role reads them, once, for the trails of every account."""
    with serving(Organization(suspended=("000000000003",))) as organization:
        run = check(organization, tmp_path, "--evidence", "pack")
    asked = organization.asked()
    assert len(asked) == len(set(asked))
    assert {item.account for item in organization.log if item.service in ("s3", "kms")} == {ARCHIVE}
    report = run.report
    assert report["run"]["accounts"] == [item for item in organization.accounts if item != "000000000003"]
    verdicts = {row["account"]: row["status"] for row in report["results"] if row["subject"] == BUCKET_ARN}
    assert len(verdicts) == len(report["run"]["accounts"])
    statement = report["populations"][0]
    assert (statement["name"], statement["source"]) == ("account", "organizations.ListAccounts")
    assert statement["excluded"] == [["000000000003", "the account is suspended"]]
    members = {item["id"]: item for item in report["members"]}
    assert members[ARCHIVE] == {
        "id": ARCHIVE,
        "name": "Log Archive",
        "state": "ACTIVE",
        "path": ["r-root", "ou-root-core"],
    }
    assert report["run"]["calls"] == len(read_ledger(tmp_path / "pack").replies) == len(asked) + 1


def test_sessions_name_the_run_and_may_do_no_more_than_it_needs(tmp_path: Path) -> None:
    with serving(Organization(members=1)) as organization:
        run = check(organization, tmp_path, "--external-id", "shared-word")
    clock = run.report["run"]["started_at"]
    name = "trailwarden-" + "".join(letter for letter in clock if letter.isalnum())
    assert {item["RoleSessionName"] for item in organization.roles} == {name}
    assert {item["ExternalId"] for item in organization.roles} == {"shared-word"}
    assert {item["RoleArn"] for item in organization.roles} == {
        f"arn:aws:iam::{account}:role/{ROLE}" for account in organization.accounts if account != MANAGEMENT
    }
    policies = {item["Policy"] for item in organization.roles}
    assert all(
        "cloudtrail:DescribeTrails" in text and len(text) <= 2048 and ":*" not in text.split('"Resource"')[0]
        for text in policies
    )


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_broken_accounts_are_errors_and_change_nobody_elses_verdict(undisturbed, tmp_path: Path, executor: str) -> None:
    """Denied, without a role, throttled, a session that ends in mid-run, one that ends at once, and a worker that is killed."""
    organization = Organization(
        no_role=frozenset({"000000000001"}),
        denied=frozenset({"000000000002"}),
        throttled=frozenset({"000000000003"}),
        expiring={"000000000004": 2},
        expired=frozenset({"000000000005"}),
    )
    with serving(organization):
        process = start(organization, tmp_path, "--attempts", "2", "--executor", executor, "--workers", "2")
        if executor == "processes":
            organization.on_request = at_request(20, lambda: kill(children(process.pid)[:1]))
        run = finish(process, tmp_path)
    broken = {
        "000000000001": "CROSS_ACCOUNT",
        "000000000002": "ACCESS_DENIED",
        "000000000003": "THROTTLED",
        "000000000005": "CREDENTIALS_EXPIRED",
    }
    assert run.code == 1, run.stderr
    for account in organization.accounts:
        rows = run.rows(account)
        if account in broken:
            assert {row["status"] for row in rows} == {"ERROR"}, account
            assert {row["reason"]["code"] for row in rows} == {broken[account]}
        else:
            assert rows == [row for row in undisturbed["results"] if row["account"] == account]
    role = f"arn:aws:iam::000000000001:role/{ROLE}"
    assert all(
        role in row["message"] and row["reason"]["missing_action"] == "sts:AssumeRole"
        for row in run.rows("000000000001")
    )
    assert organization.sessions["000000000004"] >= 2
    assert sum(run.report["summary"].values()) == len(run.report["results"])
    asked = organization.asked()
    repeated = {item for item in asked if asked.count(item) > 1} if executor == "threads" else set()
    assert {item[0] for item in repeated} <= {"000000000003", "000000000004", "000000000005"}


def test_a_region_that_is_down_is_an_error_and_soon_no_longer_waited_for(undisturbed, tmp_path: Path) -> None:
    with serving(Organization(down=frozenset({"us-west-2"}))) as organization:
        run = check(organization, tmp_path, "--attempts", "3", "--accounts-at-once", "1")
    rows = {row["fingerprint"]: row for row in run.report["results"]}
    errors = [row for row in run.report["results"] if row["status"] == "ERROR"]
    assert errors
    assert {(row["reason"]["code"], row["reason"]["region"]) for row in errors} == {("UNREACHABLE", "us-west-2")}
    same = ("status", "message", "observed")
    for row in undisturbed["results"]:
        now = rows[row["fingerprint"]]
        assert now["status"] == "ERROR" or all(now[name] == row[name] for name in same)
    # Three accounts try as often as they may; the others ask once and go on.
    tries = [
        sum(item.account == account and item.region == "us-west-2" for item in organization.log)
        for account in organization.accounts
    ]
    assert sorted(tries) == [1] * (len(tries) - 3) + [3] * 3


def test_an_archive_out_of_reach_is_an_error_that_names_the_role(undisturbed, tmp_path: Path) -> None:
    """What else is known of the trails stays known."""
    with serving(Organization(no_role=frozenset({ARCHIVE}))) as organization:
        run = check(organization, tmp_path)
    for account in organization.accounts:
        if account == ARCHIVE:
            continue
        rows = {row["fingerprint"]: row for row in run.rows(account)}
        errors = [row for row in rows.values() if row["status"] == "ERROR"]
        assert {row["subject_type"] for row in errors} >= {"bucket", "key"}
        assert {row["reason"]["code"] for row in errors} == {"CROSS_ACCOUNT"}
        assert all(f"arn:aws:iam::{ARCHIVE}:role/{ROLE}" in row["message"] for row in errors)
        before = [row for row in undisturbed["results"] if row["account"] == account]
        assert [row for row in before if rows[row["fingerprint"]]["status"] not in (row["status"], "ERROR")] == []


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    number=st.integers(2, 64),
    later=st.sampled_from([0.0, 0.01, 0.05]),
    executor=st.sampled_from(["threads", "processes"]),
)
def test_a_run_killed_at_any_moment_goes_on_where_it_stopped(
    undisturbed, tmp_path_factory, number: int, later: float, executor: str
) -> None:
    """The report is that of the run that nobody disturbed, and nothing is asked again of an account that was done."""
    folder = tmp_path_factory.mktemp("killed")
    with serving(Organization()) as organization:
        process = start(organization, folder, "--executor", executor, "--accounts-at-once", "3")

        workers: list[int] = []

        def end() -> None:
            workers.extend(children(process.pid))
            kill([process.pid])

        organization.on_request = at_request(number, threading.Timer(later, end).start)
        process.join(60)
        wait_for_end(workers)
        organization.settle()
        organization.on_request = lambda asked: None
        results = folder / "trailwarden-state" / "results"
        finished = {path.stem for path in results.glob("*.jsonl")} if results.exists() else set()
        known = (
            sum(path.read_bytes().count(b"\n") for path in (folder / "trailwarden-state" / "calls").glob("*"))
            if (folder / "trailwarden-state" / "run.json").exists()
            else 0  # killed before it was written down what the run is about: there is nothing to go on with
        )
        before = len(organization.log)
        run = check(organization, folder, "--resume", "--executor", executor)
    assert run.code == 1, run.stderr
    assert judged(run.report) == undisturbed
    again = [item for item in organization.log[before:] if item.service != "sts"]
    assert not [
        item
        for item in again
        if item.account in finished and item.session.startswith("ASIA") and item.account != ARCHIVE
    ]
    assert len(again) == run.report["run"]["calls"] - max(known, 1)


def test_partial_results_say_what_is_missing_and_ask_nothing(undisturbed, tmp_path: Path) -> None:
    with serving(Organization()) as organization:
        process = start(organization, tmp_path, "--accounts-at-once", "1")
        organization.on_request = at_request(40, lambda: kill([process.pid]))
        process.join(60)
        before = len(organization.log)
        again = check(organization, tmp_path)
        assert (again.code, len(organization.log)) == (2, before)
        assert "--resume" in again.stderr
        run = check(organization, tmp_path, "--partial")
        assert len(organization.log) == before
    report = run.report
    assert (run.code, report["run"]["complete"]) == (1, False)
    missing = {row["account"] for row in report["results"] if row["reason"] and row["reason"]["code"] == "NOT_RECORDED"}
    assert missing
    assert missing < set(organization.accounts)
    assert [row for row in report["results"] if row["account"] not in missing] == [
        row for row in undisturbed["results"] if row["account"] not in missing
    ]
    assert HOME in report["run"]["regions"]


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_an_interrupted_run_says_how_to_go_on(undisturbed, tmp_path: Path, executor: str) -> None:
    """Ctrl-C is heard at once, and workers do not outlive the run."""
    with serving(Organization(delay=0.02)) as organization:
        process = start(organization, tmp_path, "--executor", executor, "--accounts-at-once", "2")
        workers: list[int] = []

        def interrupt() -> None:
            workers.extend(children(process.pid))
            os.kill(process.pid, signal.SIGINT)

        organization.on_request = at_request(25, interrupt)
        broken = finish(process, tmp_path)
        wait_for_end(workers)
        organization.on_request = lambda asked: None
        assert broken.code == 130
        assert "go on with --resume" in broken.stderr
        assert judged(check(organization, tmp_path, "--resume").report) == undisturbed
