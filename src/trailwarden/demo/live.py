"""The demo on a simulated AWS inside this process (moto): two accounts, seeded and then read over the same path as the real AWS.

Nothing leaves the process. moto knows less than AWS (no digests, no organization trails in members), so some verdicts say so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from botocore.session import Session

from trailwarden import __version__
from trailwarden.aws.roles import Role
from trailwarden.aws.session import Connection, connect
from trailwarden.errors import UsageError
from trailwarden.facts import format_time
from trailwarden.ledger import Header
from trailwarden.testing import log_bucket_policy

MANAGED = "123456789012"
"""The account that moto's default credentials belong to."""
NEGLECTED = "444455556666"
REGION = "us-east-1"


@contextmanager
def simulation() -> Iterator[tuple[Connection, Header]]:
    """Start a simulated AWS, seed it, and yield a connection to it with the header of its ledger.

    Raises:
        UsageError: the extra ``demo`` is not installed.
    """
    try:
        from moto import mock_aws  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError("the live demo needs moto", "pip install 'trailwarden[demo]'") from None
    with _no_configuration(), mock_aws():
        _seed_managed(_Account(MANAGED))
        _seed_neglected(_Account(NEGLECTED))
        connection = connect(region=REGION)
        connection.add_role(NEGLECTED, Role(_role(NEGLECTED)))
        caller = connection.caller
        yield (
            connection,
            Header(
                clock=format_time(datetime.now(UTC).replace(microsecond=0)),
                caller={"account": caller.account, "arn": caller.arn, "user_id": caller.user_id},
                accounts=(MANAGED, NEGLECTED),
                regions=(REGION, "eu-west-1"),
                partition=connection.partition,
                versions={"trailwarden": __version__, **connection.versions},
                synthetic=True,
            ),
        )


@contextmanager
def _no_configuration() -> Iterator[None]:
    """Keep the user's AWS configuration out: a profile or an endpoint of theirs must not be asked."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in kept:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    try:
        yield
    finally:
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            del os.environ[name]
        os.environ.update(kept)


def _role(account: str) -> str:
    return f"arn:aws:iam::{account}:role/trailwarden-audit"


class _Account:
    """Clients for writing to one simulated account."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self._session = Session()
        self._keys: dict[str, Any] = {}
        if identity != MANAGED:
            sts = self.client("sts")
            issued = sts.assume_role(RoleArn=_role(identity), RoleSessionName="seed")["Credentials"]
            self._keys = {
                "aws_access_key_id": issued["AccessKeyId"],
                "aws_secret_access_key": issued["SecretAccessKey"],
                "aws_session_token": issued["SessionToken"],
            }

    def client(self, service: str, region: str = REGION) -> Any:
        return self._session.create_client(service, region_name=region, **self._keys)


def _seed_managed(account: _Account) -> None:
    """Seed one trail that records everything into a bucket that keeps it."""
    bucket, group = "example-audit-logs", "/aws/cloudtrail/audit"
    s3, logs, kms = account.client("s3"), account.client("logs"), account.client("kms")
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=_blocked())
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(log_bucket_policy(f"arn:aws:s3:::{bucket}", MANAGED)))
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}}
    s3.put_object_lock_configuration(
        Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    key = kms.create_key(Description="audit logs")["KeyMetadata"]["Arn"]
    kms.enable_key_rotation(KeyId=key)
    logs.create_log_group(logGroupName=group)
    logs.put_retention_policy(logGroupName=group, retentionInDays=731)
    trails = account.client("cloudtrail")
    trails.create_trail(
        Name="main",
        S3BucketName=bucket,
        IsMultiRegionTrail=True,
        IncludeGlobalServiceEvents=True,
        EnableLogFileValidation=True,
        KmsKeyId=key,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:{REGION}:{MANAGED}:log-group:{group}:*",
        CloudWatchLogsRoleArn=f"arn:aws:iam::{MANAGED}:role/CloudTrail_CloudWatchLogs",
    )
    trails.start_logging(Name="main")


def _seed_neglected(account: _Account) -> None:
    """Seed a trail of one region that was stopped, and its public bucket."""
    bucket, home = "example-legacy-trail", "eu-west-1"
    s3, trails = account.client("s3", home), account.client("cloudtrail", home)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": home})
    policy = log_bucket_policy(f"arn:aws:s3:::{bucket}", NEGLECTED)
    dashboard = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    policy["Statement"] = [*policy["Statement"][:2], dashboard]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    trails.create_trail(Name="legacy", S3BucketName=bucket, IsMultiRegionTrail=False, EnableLogFileValidation=False)
    trails.start_logging(Name="legacy")
    trails.stop_logging(Name="legacy")


def _blocked() -> dict[str, bool]:
    return dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
