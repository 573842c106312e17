"""The whole program against moto over HTTP: a good, a bad and a half-blind account."""

import json
import re
import urllib.request

import pytest
from tests.acceptance.accounts import judged, seed, session, trailwarden

ACCOUNT = "123456789012"
KEY, SECRET = "testing", "testing"
# What an emulator answers truthfully. It invents delivery times and has no digests, no policy-status quirks of AWS, no log classes.
CHECKS = [
    "trail-exists-and-logging",
    "trail-multi-region",
    "trail-global-service-events",
    "trail-management-events",
    "trail-log-file-validation",
    "trail-kms-encrypted",
    "trail-cloudwatch-logs",
    "bucket-exists",
    "bucket-not-public",
    "bucket-public-access-block",
    "bucket-policy-tls-only",
    "bucket-policy-confused-deputy",
    "bucket-object-ownership-enforced",
    "bucket-versioning",
    "bucket-object-lock",
    "kms-key-usable",
    "kms-key-rotation",
    "loggroup-retention",
]


@pytest.fixture
def policies(tmp_path):
    path = tmp_path / "policies.yaml"
    path.write_text("".join(f"- id: {check}\n  check: {check}\n  severity: high\n" for check in CHECKS))
    return str(path)


@pytest.fixture
def moto(moto_url):
    request = urllib.request.Request(f"{moto_url}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=20).close()
    return moto_url


def test_a_good_account_passes(moto, policies):
    seed(session(moto, KEY, SECRET), ACCOUNT, good=True)
    run = trailwarden(moto, KEY, SECRET, "check", "--policy", policies, "-o", "json")
    assert judged(run) == dict.fromkeys(CHECKS, "PASS"), run.stderr
    assert run.returncode == 0


def test_a_bad_account_fails_everywhere_it_is_bad(moto, policies):
    seed(session(moto, KEY, SECRET), ACCOUNT, good=False)
    run = trailwarden(moto, KEY, SECRET, "check", "--policy", policies, "-o", "json")
    verdicts = judged(run)
    good = {"trail-kms-encrypted", "bucket-exists", "loggroup-retention"}
    assert {check for check, status in verdicts.items() if status == "PASS"} == good
    # Nobody can say whether a key that waits for deletion rotated: AWS reports false whatever was set.
    assert {check for check, status in verdicts.items() if status == "ERROR"} == {"kms-key-rotation"}
    assert run.returncode == 1


def test_an_empty_account_fails_and_passes_nothing(moto, policies):
    run = trailwarden(moto, KEY, SECRET, "check", "--policy", policies, "-o", "json")
    verdicts = judged(run)
    assert "PASS" not in verdicts.values()
    assert verdicts["trail-exists-and-logging"] == "FAIL"
    assert verdicts["bucket-object-lock"] == "NOT_APPLICABLE"
    assert run.returncode == 1


def test_a_denied_account_passes_nothing(moto, policies):
    client = session(moto, KEY, SECRET)
    seed(client, ACCOUNT, good=True)
    iam = client("iam")
    iam.create_user(UserName="blind")
    keys = iam.create_access_key(UserName="blind")["AccessKey"]
    allowed = ["sts:GetCallerIdentity", "ec2:DescribeRegions"]
    statement = [{"Effect": "Allow", "Action": allowed, "Resource": "*"}]
    iam.put_user_policy(
        UserName="blind", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement})
    )
    switch(moto, 0)
    try:
        run = trailwarden(
            moto, keys["AccessKeyId"], keys["SecretAccessKey"], "check", "--policy", policies, "-o", "json"
        )
    finally:
        switch(moto, 10**9)
    verdicts = judged(run)
    assert set(verdicts.values()) == {"ERROR"}
    assert run.returncode == 3
    report = json.loads(run.stdout)
    assert {row["reason"]["code"] for row in report["results"]} == {"ACCESS_DENIED"}
    assert {row["reason"]["missing_action"] for row in report["results"]} == {"cloudtrail:DescribeTrails"}
    assert keys["SecretAccessKey"] not in run.stdout + run.stderr


def switch(url: str, calls: int) -> None:
    """Let moto enforce IAM after a number of calls."""
    request = urllib.request.Request(
        f"{url}/moto-api/reset-auth", data=str(calls).encode(), headers={"content-type": "text/plain"}, method="POST"
    )
    urllib.request.urlopen(request, timeout=20).close()


def test_a_public_bucket_by_policy_and_by_acl(moto, tmp_path):
    client = session(moto, KEY, SECRET)
    seed(client, ACCOUNT, good=True)
    policy = tmp_path / "p.yaml"
    policy.write_text("id: bucket-not-public\ncheck: bucket-not-public\nseverity: critical\n")
    s3 = client("s3")
    bucket = "audit-log-bucket"
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))

    def verdict():
        run = trailwarden(moto, KEY, SECRET, "check", "--policy", str(policy), "--region", "us-east-1", "-o", "json")
        [row] = json.loads(run.stdout)["results"]
        return run.returncode, row["status"], re.sub(r".*bucket audit-log-bucket ", "", row["message"])

    code, status, message = verdict()
    assert (code, status) == (1, "FAIL")
    assert "is not public now, but its policy is" in message
    s3.delete_public_access_block(Bucket=bucket)
    code, status, message = verdict()
    assert (code, status, message) == (1, "FAIL", "is public by its policy")
    s3.delete_bucket_policy(Bucket=bucket)
    assert verdict()[:2] == (0, "PASS")
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    for acl in ("authenticated-read", "public-read"):
        s3.put_bucket_acl(Bucket=bucket, ACL=acl)
        assert verdict() == (1, "FAIL", "is public by its ACL")
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    assert verdict()[:2] == (0, "PASS")
