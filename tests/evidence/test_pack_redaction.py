"""Redaction: secrets never, account ids and names on request not, get into any file; what is left is judged and verified like any other."""

import dataclasses
import json
from pathlib import Path

import pytest
from tests.cli.cli_kit import run
from tests.evidence.evidence_kit import POLICY, WAIVERS, checked, inputs, judged, pack, world
from tests.evidence.test_pack_signature import KEYS, P256, StubKms, private_pem, public_pem

from trailwarden.errors import OutputError, UsageError
from trailwarden.evidence.inputs import Inputs, Surroundings
from trailwarden.evidence.keys import KMS
from trailwarden.evidence.load import load
from trailwarden.evidence.pack import PackOptions
from trailwarden.evidence.redact import KINDS, _by_name, _names, parse_kinds
from trailwarden.testing import World

SECRETS = {
    "ASIA" + "Q" * 16: "{}",
    "ghp_" + "a1B2" * 9: "token {}",
    "glpat-" + "x" * 20: "{}",
    "xoxb-1234567890-abc": "slack={}",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N": "Bearer {}",
    "hunter2:swordfish": "https://{}@example.org/",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIBabc\n-----END RSA PRIVATE KEY-----": "{}",
    "correct-horse-battery": "password={}&x=1",
}
"""What must not be seen, and what it is met in."""
ACCOUNT, TRAIL, BUCKET = "111122223333", "payroll-audit", "payroll-logs"


def secretive() -> World:
    """An account whose replies hold what people leave in names, tags and prefixes."""
    found = World()
    found.add_trail(TRAIL, S3BucketName=BUCKET, LogFileValidationEnabled=False)
    for number, (secret, around) in enumerate(SECRETS.items()):
        found.add_trail(f"t{number}", S3KeyPrefix=around.format(secret))
    return found


def everything(folder: Path) -> bytes:
    """All that a pack holds, the names of its files and what JSON escapes included."""
    parts = [
        path.relative_to(folder).as_posix().encode() + b"\n" + path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    ]
    whole = b"\n".join(parts)
    return whole + whole.replace(b"\\n", b"\n")


def test_secrets_are_never_kept(tmp_path: Path) -> None:
    """In replies, in the user's own files and in what the CI job says of itself; counted and said."""
    policy = POLICY + "".join(
        f"# {around.format(secret)}\n".replace("\n", "\n# ") + "\n" for secret, around in SECRETS.items()
    )
    given = inputs(tmp_path / "in", secretive(), policy)
    ci = {"system": "x", "url": "https://job:s3cret-token@ci.example.org/1"}
    files = pack(tmp_path / "pack", dataclasses.replace(given, surroundings=Surroundings(ci=ci)))
    whole = everything(tmp_path / "pack")
    for secret in (*SECRETS, "job:s3cret-token"):
        for part in secret.split("\n")[:2]:
            assert part.encode() not in whole, secret
    assert checked(tmp_path / "pack").ok
    number = len(SECRETS) + 2  # the job's, and the key with other line starts in the policy
    said = f"{number} secrets"
    assert load(tmp_path / "pack").inputs.surroundings.redacted == {"secrets": number}
    assert said in files["report.md"].decode()
    assert said in files["report.html"].decode()
    assert json.loads(files["predicate.json"])["trailwarden"]["redacted"] == {"secrets": number}


def test_nothing_is_touched_without_need(tmp_path: Path) -> None:
    """ARNs, digests and public ids are no secrets."""
    given = inputs(tmp_path / "in", world())
    files = pack(tmp_path / "pack", given)
    assert load(tmp_path / "pack").inputs.surroundings.redacted == {}
    assert files["ledger.jsonl"] == given.ledger.to_bytes()
    assert b"Redacted" not in files["report.md"]


def named(folder: Path) -> Inputs:
    """A policy file and a waiver that name the account, its organization and its trail."""
    account = World()
    account.add_trail(TRAIL, S3BucketName=BUCKET, LogFileValidationEnabled=False)
    account.add_trail("other", Note="of o-abcdefghij")
    policy = POLICY + f"# owned by {ACCOUNT} and {TRAIL}\n"
    waivers = WAIVERS.format(approved="2026-05-01", expires="2026-07-01").replace(
        'subject: "*"', f'subject: "*{TRAIL}"'
    )
    return inputs(folder, account, policy, waivers)


@pytest.mark.parametrize("kinds", [("accounts",), ("names",), KINDS])
def test_accounts_and_names_on_request(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    """In every file, with the verdicts as they were; the same text has the same stand-in, so that relations stay visible."""
    given = named(tmp_path / "in")
    before = judged(given)
    files = pack(tmp_path / "pack", given, PackOptions(redact=kinds))
    whole = everything(tmp_path / "pack").decode("utf-8", "replace")
    for kind, texts in (("accounts", (ACCOUNT, "o-abcdefghij")), ("names", (TRAIL, BUCKET))):
        for text in texts:
            assert (text not in whole) == (kind in kinds), (kind, text)
    outcome = checked(tmp_path / "pack")
    assert outcome.findings == []
    after = load(tmp_path / "pack")
    assert sorted(item.status for item in after.report.results) == sorted(item.status for item in before.results)
    assert "WAIVED" in {item.status.value for item in after.report.results}
    assert set(after.inputs.surroundings.redacted) == set(kinds)
    assert "Redacted before judging and hashing" in files["report.md"].decode()
    if kinds == KINDS:
        assert after.report.run.accounts == ("000000000001",)
        [trail] = [item for item in after.report.results if item.status.value == "WAIVED"]
        assert trail.subject.startswith("arn:aws:cloudtrail:us-east-1:000000000001:trail/name-")


def test_names_are_found_where_people_put_them() -> None:
    """Whole, at the end of a sentence, in the address of a bucket; not inside another word, nor in the name of a service."""
    replace = _by_name(["cloudtrail", "logs.example.org", "main", "ops team", "payroll", "name-0001"])
    for before, after in {
        "trail/payroll": "trail/name-0005",
        "No access to payroll.": "No access to name-0005.",
        "https://payroll.s3.eu-west-1.amazonaws.com/": "https://name-0005.s3.eu-west-1.amazonaws.com/",
        "logs.example.org.s3-website": "name-0002.s3-website",
        '"ops team", main': '"name-0004", name-0003',
        "payroll-2 domain mainly": "payroll-2 domain mainly",
        "cloudtrail.amazonaws.com": "cloudtrail.amazonaws.com",
        "cloudtrail name-0001": "name-0001 name-0006",
    }.items():
        assert replace(before) == after
    assert _by_name([])("payroll") == "payroll"


def test_names_are_known_from_what_aws_says(tmp_path: Path) -> None:
    """From ARNs of every kind that a reply about logging holds, and from the fields that bear names."""
    arns = {
        "arn:aws:sns:eu-west-1:111122223333:pager": "pager",
        "arn:aws:sqs:eu-west-1:111122223333:queue-of-events": "queue-of-events",
        "arn:aws:logs:eu-west-1:111122223333:log-group:/acme/trail:*": "/acme/trail",
        "arn:aws:s3:::acme-bucket/AWSLogs/*": "acme-bucket",
        "arn:aws:lambda:eu-west-1:111122223333:function:forwarder": "forwarder",
        "arn:aws:iam::111122223333:role/service/cloudtrail-to-logs": "cloudtrail-to-logs",
        "arn:aws-us-gov:cloudwatch:us-gov-west-1:111122223333:alarm:root login": "root",
        "arn:aws:kms:eu-west-1:111122223333:alias/acme-key": "acme-key",
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd": "",
    }
    account = World()
    for number, arn in enumerate(arns):
        account.add_trail(f"t{number}", Note=f'["{arn}"]', TopicName=f"field-{number}")
    found = _names(inputs(tmp_path / "in", account))
    assert {name for name in arns.values() if name} <= found
    assert {f"field-{number}" for number in range(len(arns))} <= found
    assert not [name for name in found if "1234abcd" in name or name.isdigit()]


def test_names_of_files_are_names_too(tmp_path: Path) -> None:
    """A policy file that is called after the account."""
    given = named(tmp_path / "in")
    [policy, waivers] = given.files
    name = f"teams/{ACCOUNT}.yaml"
    files = (dataclasses.replace(policy, name=name, path=f"policies/{name}"), waivers)
    request = dataclasses.replace(given.request, refs=(dataclasses.replace(given.request.refs[0], text=name),))
    pack(tmp_path / "pack", dataclasses.replace(given, files=files, request=request), PackOptions(redact=("accounts",)))
    assert ACCOUNT.encode() not in everything(tmp_path / "pack")
    assert (tmp_path / "pack" / "policies" / "teams" / "000000000001.yaml").is_file()
    assert checked(tmp_path / "pack").ok


def test_what_is_known_later_is_redacted_as_well(tmp_path: Path) -> None:
    """The ARN of the key that signs, and the id of the pack before."""
    kms = StubKms()
    earlier = World(now=World().now.replace(day=1, month=5))
    earlier.add_trail("main")
    pack(tmp_path / "before", inputs(tmp_path / "in1", earlier))
    options = PackOptions(redact=("accounts",), key=f"{KMS}audit", kms=lambda region: kms, previous=tmp_path / "before")
    pack(tmp_path / "pack", named(tmp_path / "in2"), options)
    assert ACCOUNT.encode() not in everything(tmp_path / "pack")
    assert checked(tmp_path / "pack", public_pem(kms.key)).ok
    assert "follows" in checked(tmp_path / "pack").done["chain"]


def test_a_redaction_that_would_change_a_verdict_is_refused(tmp_path: Path) -> None:
    """A trail that is called like a word of the policy: what is left would be another policy."""
    account = World()
    account.add_trail("high")
    with pytest.raises(OutputError, match="redaction would damage a policy"):
        pack(tmp_path / "pack", inputs(tmp_path / "in", account), PackOptions(redact=("names",)))
    assert not (tmp_path / "pack").exists()


def test_kinds() -> None:
    assert parse_kinds("names, accounts,names") == ("names", "accounts")
    assert parse_kinds("") == ()
    with pytest.raises(UsageError, match="unknown kind 'name'"):
        parse_kinds("name")


def test_on_the_command_line(tmp_path: Path) -> None:
    """From a ledger that was collected before, signed; the private key is in no file."""
    account = World()
    account.add_trail(TRAIL)
    given = inputs(tmp_path / "in", account)
    (tmp_path / "ledger.jsonl").write_bytes(given.ledger.to_bytes())
    (tmp_path / "key.pem").write_bytes(private_pem(KEYS[P256]))
    words = ("check", "--replay", "ledger.jsonl", "--policy", tmp_path / "in" / "policy.yaml", "--evidence", "pack")
    done = run(*words, "--redact", "accounts,names", "--sign-key", "key.pem", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    whole = everything(tmp_path / "pack")
    assert ACCOUNT.encode() not in whole
    assert TRAIL.encode() not in whole
    assert b"PRIVATE KEY" not in whole
    assert run("evidence", "verify", "pack", cwd=tmp_path).returncode == 0
