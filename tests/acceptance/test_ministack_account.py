"""The whole program against an endpoint that enforces IAM: what is refused is an error with the missing permission."""

import json
import urllib.request

import pytest
from tests.acceptance.accounts import BUCKET, judged, seed, session, trailwarden

ACCOUNT = "211122223333"
CHECKS = [
    "trail-exists-and-logging",
    "trail-multi-region",
    "trail-log-file-validation",
    "bucket-exists",
    "bucket-policy-confused-deputy",
    "bucket-versioning",
    "bucket-object-lock",
    "kms-key-usable",
]
READS = [
    "sts:GetCallerIdentity",
    "ec2:DescribeRegions",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetTrailStatus",
    "s3:ListBucket",
    "s3:GetBucketPolicy",
    "s3:GetBucketVersioning",
    "s3:GetBucketObjectLockConfiguration",
    "kms:DescribeKey",
]


@pytest.fixture
def policies(tmp_path):
    path = tmp_path / "policies.yaml"
    path.write_text("".join(f"- id: {check}\n  check: {check}\n  severity: high\n" for check in CHECKS))
    return str(path)


@pytest.fixture
def stack(ministack_url):
    urllib.request.urlopen(
        urllib.request.Request(f"{ministack_url}/_ministack/reset", method="POST"), timeout=20
    ).close()
    return ministack_url


def root(url):
    return session(url, ACCOUNT, "test")


def user(url, name, actions, resources=("*",)):
    """Make a user who may do these actions and return its keys."""
    iam = root(url)("iam")
    iam.create_user(UserName=name)
    statement = [{"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}]
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    keys = iam.create_access_key(UserName=name)["AccessKey"]
    return keys["AccessKeyId"], keys["SecretAccessKey"]


def test_a_good_account_passes_with_exactly_the_declared_permissions(stack, policies):
    seed(root(stack), ACCOUNT, good=True, tls_only=False)
    run = trailwarden(stack, *user(stack, "auditor", READS), "check", "--policy", policies, "-o", "json")
    assert judged(run) == dict.fromkeys(CHECKS, "PASS"), run.stdout[:3000] + run.stderr
    assert run.returncode == 0


def test_the_computed_permissions_are_enough(stack, policies):
    seed(root(stack), ACCOUNT, good=True, tls_only=False)
    document = json.loads(trailwarden(stack, ACCOUNT, "test", "iam-policy", "--policy", policies).stdout)
    actions = sorted(action for statement in document["Statement"] for action in statement["Action"])
    run = trailwarden(stack, *user(stack, "least", actions), "check", "--policy", policies, "-o", "json")
    assert judged(run) == dict.fromkeys(CHECKS, "PASS"), run.stdout[:3000] + run.stderr


def test_a_bad_account_fails(stack, policies):
    seed(root(stack), ACCOUNT, good=False)
    run = trailwarden(stack, *user(stack, "auditor", READS), "check", "--policy", policies, "-o", "json")
    verdicts = judged(run)
    assert {check for check, status in verdicts.items() if status == "PASS"} == {"bucket-exists"}
    assert "ERROR" not in verdicts.values()
    assert run.returncode == 1


@pytest.mark.parametrize(
    "missing", [action for action in READS if action not in {"sts:GetCallerIdentity", "s3:ListBucket"}]
)
def test_each_missing_permission_is_an_error_that_names_it(stack, policies, missing):
    seed(root(stack), ACCOUNT, good=True, tls_only=False)
    keys = user(stack, "half-blind", [action for action in READS if action != missing])
    run = trailwarden(stack, *keys, "check", "--policy", policies, "-o", "json")
    report = json.loads(run.stdout)
    errors = [row for row in report["results"] if row["status"] == "ERROR"]
    assert errors
    assert {row["reason"]["missing_action"] for row in errors} == {missing}
    assert {row["reason"]["code"] for row in errors} == {"ACCESS_DENIED"}
    assert "FAIL" not in {row["status"] for row in report["results"]}
    assert run.returncode == 3
    assert keys[1] not in run.stdout + run.stderr


def test_an_unknown_key_and_a_wrong_secret_are_no_verdict(stack, policies):
    for key, secret in (("AKIAUNKNOWNUNKNOWN12", "x" * 40), (user(stack, "someone", READS)[0], "w" * 40)):
        run = trailwarden(stack, key, secret, "check", "--policy", policies, "-o", "json")
        assert run.returncode == 2, run.stdout
        assert "Traceback" not in run.stderr
        assert secret not in run.stderr
        assert not run.stdout


def test_a_bucket_in_another_account_is_cross_account(stack, policies):
    other = session(stack, "444455556666", "test")
    other("s3").create_bucket(Bucket="foreign-logs")
    client = root(stack)
    seed(client, ACCOUNT, good=True, tls_only=False)
    client("cloudtrail").update_trail(Name="main", S3BucketName="foreign-logs")
    run = trailwarden(
        stack, *user(stack, "auditor", [*READS, "s3:ListAllMyBuckets"]), "check", "--policy", policies, "-o", "json"
    )
    report = json.loads(run.stdout)
    foreign = {row["policy"]: row for row in report["results"] if row["subject"] == "arn:aws:s3:::foreign-logs"}
    assert foreign["bucket-exists"]["status"] == "PASS"
    for check in ("bucket-policy-confused-deputy", "bucket-versioning", "bucket-object-lock"):
        assert (foreign[check]["status"], foreign[check]["reason"]["code"]) == ("ERROR", "CROSS_ACCOUNT")
    assert BUCKET not in json.dumps(foreign)
    assert run.returncode == 3
