"""Writes the demo's world and its sample report: ``python tests/demo/make_world.py``. Run it when facts, checks or packs have changed.

The accounts are described with the test kit; every fact of every account is read once, and what was answered becomes the ledger that
``trailwarden demo`` plays. A test compares the shipped file with what this writes.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from trailwarden.calls import Recorder, canonical
from trailwarden.cli import main
from trailwarden.facts import Account, format_time
from trailwarden.facts.base import all_facts, closure
from trailwarden.files import write_atomic
from trailwarden.ledger import NOT_RECORDED, Header, Ledger
from trailwarden.plan import Plan
from trailwarden.policy.model import Selection
from trailwarden.scan import read_facts
from trailwarden.testing import World, ago, log_bucket_policy

MANAGEMENT = "999900001111"
MEMBER = "111122223333"
NEGLECTED = "444455556666"
ACCOUNTS = (MANAGEMENT, MEMBER, NEGLECTED)
ORGANIZATION = "o-exampleorg"

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "src" / "trailwarden" / "demo" / "world.jsonl"
SAMPLE = ROOT / "docs" / "examples" / "demo-report.md"


def describe() -> World:
    """Say what AWS would answer."""
    world = World(MANAGEMENT, regions=("eu-central-1", "eu-west-1", "us-east-1"), disabled=("me-central-1",))
    identity = {"Account": MANAGEMENT, "Arn": caller(), "UserId": "AROAEXAMPLEID:demo"}
    world.reply("sts.GetCallerIdentity", identity)
    organization_trail(world)
    neglected_member(world)
    return world


def caller() -> str:
    return f"arn:aws:sts::{MANAGEMENT}:assumed-role/trailwarden-audit/demo"


def organization_trail(world: World) -> None:
    """One trail for everybody, owned by the management account; the member sees its shadow but may not ask about it."""
    bucket, group = "example-org-audit-logs", "/aws/cloudtrail/org-audit"
    arn = ""
    for account in (MANAGEMENT, MEMBER):
        arn = world.add_trail(
            "org-audit",
            seen_by=account,
            bucket=bucket,
            key="0a1b2c3d-audit",
            log_group=group,
            IsOrganizationTrail=True,
        )
    world.error(
        "cloudtrail.GetTrailStatus",
        "CloudTrailARNInvalidException",
        "the trail ARN does not belong to the caller's account",
        account=MEMBER,
        Name=arn,
    )
    world.add_log_group(group, retentionInDays=731)
    policy = log_bucket_policy(f"arn:aws:s3:::{bucket}", MANAGEMENT)
    policy["Statement"][0]["Condition"]["StringEquals"]["aws:SourceArn"] = arn
    write = policy["Statement"][1]
    write["Resource"] = [f"arn:aws:s3:::{bucket}/AWSLogs/{owner}/*" for owner in (MANAGEMENT, ORGANIZATION)]
    write["Condition"]["StringEquals"]["aws:SourceArn"] = arn
    answer_policy(world, bucket, MANAGEMENT, policy)
    world.reply(
        "s3.GetBucketLifecycleConfiguration",
        {
            "Rules": [
                {
                    "ID": "keep-seven-years",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "Transitions": [{"Days": 180, "StorageClass": "GLACIER_IR"}],
                    "Expiration": {"Days": 2557},
                }
            ]
        },
        Bucket=bucket,
        account=MANAGEMENT,
    )


def neglected_member(world: World) -> None:
    """Two trails that each lack what the other has, and a key that may not be looked at."""
    legacy_trail(world)
    payments_trail(world)
    nothing = "NoSuchPublicAccessBlockConfiguration"
    world.error("s3control.GetPublicAccessBlock", nothing, status=404, AccountId=NEGLECTED)


def legacy_trail(world: World) -> None:
    """Stopped, single-region, and delivering into a public bucket when it still did."""
    bucket = "payments-legacy-trail"
    arn = world.add_trail(
        "legacy",
        home="eu-west-1",
        owner=NEGLECTED,
        seen_by=NEGLECTED,
        bucket="",
        S3BucketName=bucket,
        IsMultiRegionTrail=False,
        IncludeGlobalServiceEvents=False,
        LogFileValidationEnabled=False,
        status={
            "IsLogging": False,
            "StopLoggingTime": ago(days=41),
            "LatestDeliveryTime": ago(days=41),
            "LatestDigestDeliveryTime": None,
        },
    )
    world.add_bucket(bucket, region="eu-west-1", owner=NEGLECTED)
    policy = log_bucket_policy(f"arn:aws:s3:::{bucket}", NEGLECTED)
    policy["Statement"] = [
        {"Sid": "Delivery", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
        | {
            "Action": ["s3:GetBucketAcl", "s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{bucket}{end}" for end in ("", "/*")],
        },
        {"Sid": "Dashboard", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
        | {"Resource": f"arn:aws:s3:::{bucket}/*"},
    ]
    answer_policy(world, bucket, NEGLECTED, policy, public=True)
    asked = {"Bucket": bucket, "account": NEGLECTED}
    world.error("s3.GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration", status=404, **asked)
    world.error("s3.GetBucketOwnershipControls", "OwnershipControlsNotFoundError", status=404, **asked)
    world.reply("s3.GetBucketVersioning", {"Status": "Suspended"}, **asked)
    world.error("s3.GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", status=404, **asked)
    world.reply("s3.GetBucketLogging", {}, **asked)
    world.selectors(
        arn,
        basic=[
            {
                "ReadWriteType": "WriteOnly",
                "IncludeManagementEvents": True,
                "DataResources": [],
                "ExcludeManagementEventSources": ["kms.amazonaws.com"],
            }
        ],
    )


def payments_trail(world: World) -> None:
    """Logging, but in one region only, with a lock of one day, and encrypted with a key that nobody may describe."""
    bucket, key = "payments-trail", "5e6f7a8b-payments"
    world.add_trail(
        "payments",
        home="eu-central-1",
        owner=NEGLECTED,
        seen_by=NEGLECTED,
        bucket="",
        S3BucketName=bucket,
        key=key,
        log_group="payments-trail",
        IsMultiRegionTrail=False,
        status={"LatestCloudWatchLogsDeliveryTime": ago(hours=50), "LatestCloudWatchLogsDeliveryError": "AccessDenied"},
    )
    world.add_bucket(bucket, region="eu-central-1", owner=NEGLECTED)
    policy = log_bucket_policy(f"arn:aws:s3:::{bucket}", NEGLECTED)
    del policy["Statement"][2]
    answer_policy(world, bucket, NEGLECTED, policy)
    asked = {"Bucket": bucket, "account": NEGLECTED}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    world.reply("s3.GetObjectLockConfiguration", {"ObjectLockConfiguration": lock}, **asked)
    world.reply("s3.GetBucketLogging", {}, **asked)
    world.add_log_group("payments-trail", region="eu-central-1", owner=NEGLECTED, retentionInDays=30)
    key_arn = f"arn:aws:kms:eu-central-1:{NEGLECTED}:key/{key}"
    for operation in ("kms.DescribeKey", "kms.GetKeyRotationStatus"):
        action = operation.replace(".", ":")
        message = f"User: {caller()} is not authorized to perform: {action} because no resource-based policy allows the action"
        world.error(operation, "AccessDeniedException", message, 400, KeyId=key_arn)


def answer_policy(world: World, bucket: str, owner: str, policy: object, *, public: bool = False) -> None:
    asked = {"Bucket": bucket, "account": owner}
    world.reply("s3.GetBucketPolicy", {"Policy": canonical(policy)}, **asked)
    world.reply("s3.GetBucketPolicyStatus", {"PolicyStatus": {"IsPublic": public}}, **asked)


def make() -> Ledger:
    """Read every fact of every account and return what was answered."""
    world = describe()
    recorder = Recorder(world)
    plan = Plan(Selection(()), tuple(closure(all_facts())))
    for identity in ACCOUNTS:
        account = Account(identity, reader=recorder, now=world.now, peers=ACCOUNTS)
        if identity == MANAGEMENT:
            recorder.ask(account.call("sts.GetCallerIdentity", "us-east-1"))
        read_facts(plan, account, jobs=1)
    header = Header(
        clock=format_time(world.now),
        caller={"account": MANAGEMENT, "arn": caller(), "user_id": "AROAEXAMPLEID:demo"},
        accounts=ACCOUNTS,
        synthetic=True,
    )
    # What the world says nothing about is left out: a replay says by itself that it holds no such call.
    entries = [
        (call, replace(reply, date=format_time(world.now)))
        for call, reply in recorder.entries()
        if reply.error is None or reply.error.code != NOT_RECORDED
    ]
    return Ledger(header, entries)


if __name__ == "__main__":
    ledger = make()
    ledger.write(SHIPPED)
    with TemporaryDirectory() as scratch:
        main(["demo", scratch])
        write_atomic(SAMPLE, (Path(scratch) / "report.md").read_bytes())
