"""What commands about several accounts refuse, what they take from files, and what a worker on another machine sends back."""

import dataclasses
import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from tests.estate.estate_kit import Run, finish, launch
from tests.estate.simulator import ARCHIVE, ENVIRONMENT, MANAGEMENT, Organization, serving

from trailwarden.aws.session import Tuning, connect
from trailwarden.cli import estates
from trailwarden.estate import worker
from trailwarden.estate.accounts import Target
from trailwarden.estate.fleet import Fleet
from trailwarden.estate.job import Access, Job, plan_digest
from trailwarden.estate.judged import ledger_of
from trailwarden.estate.state import Asked, Counted, State
from trailwarden.facts.operations import READS
from trailwarden.ledger import Header, read_ledger
from trailwarden.plan import Plan, make_plan
from trailwarden.policy.select import Ref, select
from trailwarden.registry import checks


def run(folder: Path, *words: str) -> Run:
    return finish(launch(folder, *words), folder)


@pytest.fixture(scope="module")
def organization():
    with serving(Organization(members=2)) as made:
        yield made


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--organization",), "no role is named to read account 000000000001 with"),
        (("--organization", "--role", "arn:aws:iam::000000000001:role/audit"), "is no role of account 000000000002"),
        (("--organization", "--role", "audit", "--unit", "ou-root-wrk"), "did you mean 'ou-root-work'"),
        (("--unit", "ou-root-work"), "--unit is for runs over several accounts"),
        (("--account", "000000000001", "--role", "audit", "--unit", "ou-root-work"), "--unit is for organizations"),
        (("--account", "1"), "an account id has twelve digits"),
        (("--account", "000000000001", "--role", "audit", "--executor", "fibres"), "unknown executor 'fibres'"),
        (("--account", "000000000001", "--role", "audit", "--region", "eu-wset-1"), "there is no region 'eu-wset-1'"),
        (("--accounts", "nothing.yaml"), "nothing.yaml: can't be read"),
        (("--resume",), "there is no run to go on with"),
        (("--partial",), "there is no run to go on with"),
        (("--resume", "--partial"), "give one of the two"),
        (("--organization", "--role", "audit", "--state", "other"), "other: not a folder of a run"),
    ],
)
def test_what_makes_no_sense_is_refused(organization, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious.txt").write_text("kept")
    found = run(tmp_path, "check", "--endpoint-url", organization.url, *options)
    assert found.code == 2
    assert message in found.stderr
    assert "Traceback" not in found.stderr
    assert (tmp_path / "other" / "precious.txt").exists()


def test_a_file_names_accounts_and_the_role_of_each(organization, tmp_path: Path) -> None:
    """The archive and the management account have roles of their own; what is collected is judged the same later."""
    text = f"- id: {ARCHIVE}\n  role: archive-audit\n  external-id: word\n- 000000000001\n- id: {MANAGEMENT}\n  role: management-audit\n"
    (tmp_path / "accounts.yaml").write_text(text)
    before = len(organization.roles)
    given = ("--accounts", "accounts.yaml", "--role", "audit", "--endpoint-url", organization.url)
    live = run(tmp_path, "check", *given, "-o", "json=out.json")
    assert live.code == 1, live.stderr
    roles = {item["RoleArn"]: item.get("ExternalId") for item in organization.roles[before:]}
    assert roles == {
        f"arn:aws:iam::{ARCHIVE}:role/archive-audit": "word",
        "arn:aws:iam::000000000001:role/audit": None,
        f"arn:aws:iam::{MANAGEMENT}:role/management-audit": None,
    }
    # Roles are assumed with the caller's own credentials, also where the caller's account is read with a role.
    assert {item.session for item in organization.log if item.operation == "AssumeRole"} == {f"AKIA{MANAGEMENT}BASE"}
    assert live.report["populations"][0]["source"] == "accounts.yaml"
    collected = run(tmp_path, "collect", "ledger.jsonl.gz", *given, "--state", "second")
    assert collected.code == 0, collected.stderr
    assert read_ledger(tmp_path / "ledger.jsonl.gz").header.accounts == ("000000000001", MANAGEMENT, ARCHIVE)
    again = run(tmp_path, "check", "--replay", "ledger.jsonl.gz", "-o", "json=again.json")
    assert again.code == 1
    verdicts = json.loads((tmp_path / "again.json").read_text())["results"]
    assert [(row["fingerprint"], row["status"]) for row in verdicts] == [
        (row["fingerprint"], row["status"]) for row in live.report["results"]
    ]


def test_a_run_goes_on_with_the_same_policies_only(organization, tmp_path: Path) -> None:
    given = ("--account", "000000000001", "--role", "audit", "--endpoint-url", organization.url, "-o", "json=out.json")
    assert run(tmp_path, "check", *given).code == 1
    (tmp_path / "trailwarden-state" / "results" / "000000000001.jsonl").unlink()
    other = run(tmp_path, "check", *given, "--resume", "--policy", "trail-exists-and-logging")
    assert (other.code, "the run judges other policies" in other.stderr) == (2, True)
    before = len(organization.asked())
    assert run(tmp_path, "check", *given, "--resume").code == 1
    assert len(organization.asked()) == before


def job_of(organization: Organization, folder: Path, plan: Plan) -> Job:
    """A job about two accounts, as the command line would make it."""
    link = connect(endpoint_url=organization.url)
    state = State(folder)
    state.begin()
    accounts = ("000000000001", ARCHIVE)
    targets = tuple(Target(item, f"arn:aws:iam::{item}:role/audit") for item in accounts)
    header = Header(clock="2026-01-31T08:00:00Z", caller={"account": MANAGEMENT}, accounts=accounts)
    asked = state.write(Asked(header, targets, "us-east-1", plan_digest(plan)))
    access = Access(Tuning(), endpoint_url=organization.url)
    return Job(
        asked, plan, access, link.caller, link.identity, str(folder), at_once=2, jobs=4, per_account=4, several=True
    )


@pytest.mark.usefixtures("aws_environment")
def test_a_worker_that_does_not_see_the_folder_sends_what_belongs_there(
    organization, tmp_path: Path, monkeypatch: Any
) -> None:
    """As on a cluster without a common disk. The second account sends no reply again that the first has sent."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    plan = make_plan(select([Ref("baseline")], checks=checks()))
    job = job_of(organization, tmp_path / "here", plan)
    packed = dataclasses.replace(job, folder="/nowhere/at/all").pack()
    told: list[Counted] = []
    fleet = Fleet(job, "threads", None, lambda counted: told.append(counted) if counted else None)
    fleet._state = State(tmp_path / "here")
    fleet._out = set()
    try:
        for account in job.asked.header.accounts:
            [outcome] = worker.work(packed, [account])
            fleet._take(outcome)
    finally:
        worker.release(packed)
    assert [counted.account for counted in told] == list(job.asked.header.accounts)
    assert fleet._state.missing(job.asked.header.accounts) == []
    lines = [line for path in fleet._state.journals() for line in path.read_text().splitlines()]
    assert len(lines) == len(set(lines)) == len(ledger_of(fleet._state, job.asked.header).replies)


def test_a_session_policy_is_narrow_else_joined_else_left_out_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    """STS takes 2048 characters; whatever is needed is always let through."""
    reads = sorted(set(READS.values()) - {""})
    strange = [f"service-{number}:GetAllOfIt" for number in range(100)]
    kinds = []
    for actions in (reads[:10], reads, strange):
        text = estates._session_policy(actions, "aws")
        said = "are not limited" in capsys.readouterr().err
        assert len(text) <= 2048
        assert said == (not text)
        statements = json.loads(text)["Statement"] if text else []
        patterns = [pattern for item in statements for pattern in item["Action"]]
        assert not text or all(any(fnmatchcase(action, pattern) for pattern in patterns) for action in actions)
        kinds.append("none" if not text else "narrow" if "Sid" in statements[0] else "joined")
    assert kinds == ["narrow", "joined", "none"]
