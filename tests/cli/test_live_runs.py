"""Runs against an endpoint: what goes wrong before, during and instead of a verdict, and what is kept of it."""

import json
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from tests.cli.cli_kit import POLICY, SCRIPT, Run, environment, run
from tests.conftest import ACCESS_KEY, SECRET_KEY, Answer, Seen, Wire

from trailwarden.ledger import read_ledger

KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_DEFAULT_REGION": "us-east-1"}
ACCOUNT = "111122223333"
TRAIL = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/main"


def json_answer(body: object, status: int = 200) -> Answer:
    return status, {"content-type": "application/x-amz-json-1.1"}, json.dumps(body).encode()


def regions(*names: str) -> Answer:
    rows = "".join(
        f"<item><regionName>{name}</regionName><optInStatus>opt-in-not-required</optInStatus></item>" for name in names
    )
    body = f"<DescribeRegionsResponse><requestId>r</requestId><regionInfo>{rows}</regionInfo></DescribeRegionsResponse>"
    return 200, {"content-type": "text/xml"}, body.encode()


def error(code: str, status: int = 400) -> Answer:
    body = f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"
    return status, {"content-type": "text/xml"}, body.encode()


@pytest.fixture
def account(wire: Wire) -> Wire:
    """One healthy trail in one of two regions."""

    def answer(seen: Seen) -> Answer | None:
        if seen.operation == "GetCallerIdentity":
            return None  # the endpoint knows who is calling
        if seen.operation == "DescribeRegions":
            return regions("eu-west-1", "us-east-1")
        if seen.operation == "DescribeTrails":
            row = {"Name": "main", "TrailARN": TRAIL, "HomeRegion": "eu-west-1", "LogFileValidationEnabled": True}
            return json_answer({"trailList": [row] if seen.region == "eu-west-1" else []})
        return json_answer({"__type": "AccessDeniedException"}, 400)

    wire.answer = answer
    return wire


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A working folder with one policy."""
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return tmp_path


def check(wire: Wire, folder: Path, *options: str, **variables: str) -> Run:
    given = ("check", "--policy", "policy.yaml", "--endpoint-url", wire.url, *options)
    return run(*given, cwd=folder, env={**KEYS, **variables})


def test_a_live_run_and_its_replay_agree(account: Wire, here: Path) -> None:
    """The evidence of a run says again what the run said, byte for byte, but for where it came from."""
    live = check(account, here, "--evidence", "pack", "-o", "json")
    assert live.returncode == 0, live.stderr
    again = run("check", "--policy", "policy.yaml", "--replay", "pack", "--evidence", "again", "-o", "json", cwd=here)
    assert again.stdout == live.stdout.replace('"source": "live"', '"source": "replay"')
    for name in ("ledger.jsonl", "junit.xml", "results.sarif"):
        assert (here / "pack" / name).read_bytes() == (here / "again" / name).read_bytes()
    header = read_ledger(here / "pack").header
    assert header.caller["arn"] == f"arn:aws:iam::{ACCOUNT}:user/auditor"
    assert set(header.versions) == {"trailwarden", "python", "botocore"}


def test_collect_reads_what_check_judges(account: Wire, here: Path) -> None:
    """Reading and judging can be apart: the same calls, and a verdict without AWS."""
    done = run(
        "collect", "seen/ledger.jsonl.gz", "--policy", "policy.yaml", "--endpoint-url", account.url, cwd=here, env=KEYS
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "4 replies, 0 of them errors" in done.stderr
    found = run("check", "--policy", "policy.yaml", "--replay", "seen/ledger.jsonl.gz", cwd=here)
    assert found.returncode == 0, found.stdout


def test_secrets_stay_where_they_are(account: Wire, here: Path) -> None:
    """No file and no message holds a key."""
    done = check(account, here, "--evidence", "pack")
    texts = [path.read_text(encoding="utf-8") for path in (here / "pack").rglob("*") if path.is_file()]
    assert not [text for text in [*texts, done.stdout, done.stderr] if SECRET_KEY in text or ACCESS_KEY in text]


@pytest.mark.parametrize(
    ("options", "variables", "expected"),
    [
        ((), {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no AWS credentials were found"),
        (("--profile", "nope"), {}, "nope"),
        (("--endpoint-url", "not a url"), {}, "not a url"),
        (("--endpoint-url", "http://127.0.0.1:9"), {}, "AWS can't be reached"),
        (("--region", "eu-wset-1"), {}, "did you mean eu-west-1?"),
    ],
    ids=["no credentials", "unknown profile", "no endpoint", "nobody there", "unknown region"],
)
def test_what_never_gets_to_aws(here: Path, options: tuple[str, ...], variables: dict[str, str], expected: str) -> None:
    """No verdict, one message, exit code 2."""
    found = run("check", "--policy", "policy.yaml", *options, cwd=here, env={**KEYS, **variables})
    assert (found.returncode, found.stdout) == (2, "")
    assert expected in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error("ExpiredToken", 403), "the AWS credentials have expired"),
        ((200, {"content-type": "text/html"}, b"<html>hello</html>"), "is not AWS"),
    ],
    ids=["expired credentials", "another web site"],
)
def test_what_answers_wrongly(wire: Wire, here: Path, answer: Answer, expected: str) -> None:
    wire.answer = lambda _: answer
    found = check(wire, here)
    assert (found.returncode, found.stdout) == (2, "")
    assert expected in found.stderr


def test_a_region_that_the_account_lacks_is_refused(account: Wire, here: Path) -> None:
    """An empty scope would look like a clean one."""
    found = check(account, here, "--region", "eu-west-1", "--region", "us-esat-1")
    assert (found.returncode, found.stdout) == (2, "")
    assert "there is no region 'us-esat-1'\n  did you mean 'us-east-1'?" in found.stderr


def test_only_the_regions_asked_for_are_read(account: Wire, here: Path) -> None:
    found = check(account, here, "--region", "eu-west-1", "-o", "json")
    assert json.loads(found.stdout)["run"]["regions"] == ["eu-west-1"]
    assert {seen.region for seen in account.sent("DescribeTrails")} == {"eu-west-1"}


ROLE = "arn:aws:iam::111122223333:role/audit"
ASSUMED: Answer = (
    200,
    {"content-type": "text/xml"},
    (
        b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLEEXAMPLE00000</AccessKeyId>"
        b"<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
        b"</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ),
)


def test_profile_role_and_external_id(account: Wire, here: Path) -> None:
    """The profile's keys assume the role, with its external id; everything else is asked as the role."""
    whole = account.answer
    account.answer = lambda seen: ASSUMED if seen.operation == "AssumeRole" else whole(seen)
    (here / "credentials").write_text("[audit]\naws_access_key_id = AKIAPROFILEEXAMPLE00\naws_secret_access_key = x\n")
    options = ("--profile", "audit", "--role-arn", ROLE, "--external-id", "shared-word")
    keys = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
    found = check(account, here, *options, **keys)
    assert found.returncode == 0, found.stderr
    [assume] = account.sent("AssumeRole")
    assert b"ExternalId=shared-word" in assume.body
    assert "AKIAPROFILEEXAMPLE00" in assume.headers["authorization"]
    others = [seen for seen in account.seen if seen is not assume]
    assert all("ASIAROLEEXAMPLE00000" in seen.headers["authorization"] for seen in others)
    assert len(others) == 4


def test_credentials_that_expire_on_the_way(account: Wire, here: Path) -> None:
    """No verdict of half a reading; what was read is kept."""
    whole = account.answer
    account.answer = lambda seen: (
        json_answer({"__type": "ExpiredTokenException"}, 400) if seen.operation == "DescribeTrails" else whole(seen)
    )
    found = check(account, here, "--evidence", "pack", "--jobs", "1")
    assert (found.returncode, found.stdout) == (2, "")
    assert "expired" in found.stderr
    assert "what was read is in pack/ledger.jsonl" in found.stderr
    assert [call.name for call in read_ledger(here / "pack").replies] == [
        "ec2.DescribeRegions",
        "sts.GetCallerIdentity",
    ]


@pytest.mark.parametrize("command", ["check", "collect"])
def test_ctrl_c_keeps_what_was_read(account: Wire, here: Path, command: str) -> None:
    """130 at once, whatever hangs; the ledger holds what had been answered."""
    whole, asked, release = account.answer, threading.Event(), threading.Event()

    def answer(seen: Seen) -> Answer | None:
        if seen.operation != "DescribeTrails":
            return whole(seen)
        asked.set()
        release.wait(60)
        return None

    account.answer = answer
    keep = ["--evidence", "pack"] if command == "check" else ["pack/ledger.jsonl"]
    arguments = [str(SCRIPT), command, "--policy", "policy.yaml", "--endpoint-url", account.url, *keep]
    with subprocess.Popen(
        arguments, cwd=here, env=environment(KEYS), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert asked.wait(60)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            release.set()
            process.kill()
    assert (process.returncode, out) == (130, "")
    assert "interrupted" in err
    assert "Traceback" not in err
    assert [call.name for call in read_ledger(here / "pack").replies] == [
        "ec2.DescribeRegions",
        "sts.GetCallerIdentity",
    ]
    assert [path.name for path in (here / "pack").iterdir()] == ["ledger.jsonl"]
