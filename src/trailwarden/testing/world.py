"""A make-believe AWS partition that answers calls with AWS's documented shapes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from trailwarden.calls import Call, OnReply, Recorder, Reply, ReplyError, ask_each, canonical
from trailwarden.facts import Account, format_time
from trailwarden.ledger import Header, Ledger
from trailwarden.model import Json

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
"""The clock of a World unless it is given another."""
ACCOUNT = "111122223333"
MANAGEMENT = "999900001111"

_DENIED: Mapping[str, str] = {"s3": "AccessDenied", "s3control": "AccessDenied", "ec2": "UnauthorizedOperation"}


def ago(now: datetime = NOW, **delta: float) -> str:
    """Return a moment before ``now`` as replies carry it: ``ago(hours=2)``."""
    return format_time(now - timedelta(**delta))


class World:
    """A make-believe partition with one or more accounts.

    Args:
        account: the account under audit.
        regions: the enabled regions.
        disabled: regions of the partition that are not opted in.
        partition: aws, aws-us-gov or aws-cn.
        now: the clock.
        opted_in: further enabled regions, which had to be enabled by hand.
    """

    def __init__(
        self,
        account: str = ACCOUNT,
        regions: Sequence[str] = ("eu-west-1", "us-east-1"),
        disabled: Sequence[str] = (),
        partition: str = "aws",
        now: datetime = NOW,
        *,
        opted_in: Sequence[str] = (),
    ) -> None:
        self.account_id = account
        self.partition = partition
        self.regions = (*regions, *opted_in)
        self.now = now
        self.calls: list[Call] = []
        """Every call asked so far, in order."""
        self._lock = threading.Lock()
        self._buckets: set[str] = set()
        self._statuses: dict[str, dict[str, Json]] = {}
        self._listed: dict[tuple[str, str], list[dict[str, Json]]] = {}
        self._rules: list[tuple[Callable[[Call], bool], Reply | Callable[[Call], Reply]]] = []
        rows = [{"RegionName": name, "OptInStatus": "opt-in-not-required"} for name in regions]
        rows += [{"RegionName": name, "OptInStatus": "opted-in"} for name in opted_in]
        rows += [{"RegionName": name, "OptInStatus": "not-opted-in"} for name in disabled]
        self.reply("ec2.DescribeRegions", {"Regions": rows})
        self.reply(
            "sts.GetCallerIdentity",
            {"Account": account, "Arn": f"arn:{partition}:sts::{account}:assumed-role/audit/test"},
        )
        self._rule("cloudtrail.DescribeTrails", self._describe_trails)
        self.reply("s3.ListBuckets", {"Buckets": []})

    # --- what AWS answers -------------------------------------------------------------------------------------------

    def reply(
        self, operation: str, body: Mapping[str, Json], *, region: str = "", account: str = "", **params: Json
    ) -> None:
        """Answer an operation with a body; narrower by region, asking account and parameters if given. The latest rule wins."""
        self._rule(operation, Reply(body=dict(body)), region, account, params)

    def error(
        self,
        operation: str,
        code: str,
        message: str = "",
        status: int = 400,
        *,
        region: str = "",
        account: str = "",
        **params: Json,
    ) -> None:
        """Answer an operation with an AWS error code."""
        self._rule(operation, Reply(error=ReplyError(code, message, status)), region, account, params)

    def answer(self, operation: str, answer: Callable[[Call], Reply], **params: Json) -> None:
        """Answer an operation with what a function makes of the call."""
        self._rule(operation, answer, params=params)

    def deny(self, operation: str, *, region: str = "", account: str = "", **params: Json) -> None:
        """Refuse an operation the way its service does."""
        service = operation.partition(".")[0]
        if operation == "s3.HeadBucket":
            self.error(operation, "403", "Forbidden", 403, region=region, account=account, **params)
            return
        code = _DENIED.get(service, "AccessDeniedException")
        message = f"User is not authorized to perform: {service}:{operation.partition('.')[2]}"
        self.error(operation, code, message, 403, region=region, account=account, **params)

    def _rule(
        self,
        operation: str,
        answer: Reply | Callable[[Call], Reply],
        region: str = "",
        account: str = "",
        params: Mapping[str, Json] | None = None,
    ) -> None:
        def matches(call: Call) -> bool:
            return (
                call.name == operation
                and region in ("", call.region)
                and account in ("", call.account)
                and (params or {}).items() <= call.arguments.items()
            )

        self._rules.append((matches, answer))

    def _describe_trails(self, call: Call) -> Reply:
        return Reply(body={"trailList": self._listed.get((call.account, call.region), [])})

    def ask(self, call: Call) -> Reply:
        """Answer one call; what nothing was said about is a NotRecorded error."""
        with self._lock:
            self.calls.append(call)
        for matches, answer in reversed(self._rules):
            if matches(call):
                return answer(call) if callable(answer) else answer
        return Reply(error=ReplyError("NotRecorded", f"the test world says nothing about {call.name} {call.params}"))

    def ask_all(self, calls: Sequence[Call], on_reply: OnReply | None = None) -> list[Reply]:
        """Answer several calls."""
        return ask_each(self, calls, on_reply)

    # --- building ---------------------------------------------------------------------------------------------------

    def add_trail(
        self,
        name: str = "main",
        *,
        home: str = "us-east-1",
        owner: str = "",
        seen_by: str = "",
        status: Mapping[str, Json] | None = None,
        bucket: str | None = None,
        key: str = "",
        log_group: str = "",
        **row: Json,
    ) -> str:
        """Add a healthy multi-region trail and return its ARN; ``row`` and ``status`` override fields by AWS's names.

        Args:
            name: of the trail.
            home: its home region.
            owner: account in its ARN (default: the account under audit).
            seen_by: account whose DescribeTrails lists it (default: the account under audit).
            status: fields of GetTrailStatus; None as a value removes a field.
            bucket: its log bucket (default: ``<name>-logs``); a healthy one is added unless there is one of that name.
            key: name of a KMS key to encrypt with; a healthy one is added.
            log_group: name of a log group to stream to; a healthy one is added.
            row: fields of the DescribeTrails row; None as a value removes a field.
        """
        owner = owner or self.account_id
        seen_by = seen_by or self.account_id
        arn = f"arn:{self.partition}:cloudtrail:{home}:{owner}:trail/{name}"
        bucket = f"{name}-logs" if bucket is None else bucket
        fields: dict[str, Json] = {
            "Name": name,
            "S3BucketName": bucket,
            "IncludeGlobalServiceEvents": True,
            "IsMultiRegionTrail": True,
            "HomeRegion": home,
            "TrailARN": arn,
            "LogFileValidationEnabled": True,
            "HasCustomEventSelectors": False,
            "HasInsightSelectors": False,
            "IsOrganizationTrail": False,
        }
        if key:
            fields["KmsKeyId"] = self.add_key(key, region=home, owner=owner)
        if log_group:
            fields["CloudWatchLogsLogGroupArn"] = self.add_log_group(log_group, region=home, owner=owner)
            fields["CloudWatchLogsRoleArn"] = f"arn:{self.partition}:iam::{owner}:role/CloudTrail_CloudWatchLogs"
        fields.update(row)
        fields = {name: value for name, value in fields.items() if value is not None}
        for region in self.regions if fields.get("IsMultiRegionTrail") else [home]:
            self._listed.setdefault((seen_by, region), []).append(fields)
        answer: dict[str, Json] = {
            "IsLogging": True,
            "StartLoggingTime": ago(self.now, days=400),
            "LatestDeliveryTime": ago(self.now, minutes=5),
            "LatestDigestDeliveryTime": ago(self.now, minutes=40),
        }
        if log_group:
            answer["LatestCloudWatchLogsDeliveryTime"] = ago(self.now, minutes=3)
        answer.update(status or {})
        self._statuses[arn] = answer
        self.status(arn)
        if bucket and bucket not in self._buckets:
            self.add_bucket(bucket, region=home)
        return arn

    def status(self, arn: str, *, region: str = "", **fields: Json) -> None:
        """Change fields of a trail's GetTrailStatus, everywhere or in one region; None removes a field."""
        answer = {name: value for name, value in {**self._statuses[arn], **fields}.items() if value is not None}
        self.reply("cloudtrail.GetTrailStatus", answer, region=region, Name=arn)

    def list_in(self, region: str, arns: Sequence[str]) -> None:
        """Let DescribeTrails list only these trails in one region (a shadow that did not arrive)."""
        rows = [row for row in self._listed.get((self.account_id, region), []) if row["TrailARN"] in arns]
        self._listed[self.account_id, region] = rows

    def selectors(
        self, arn: str, *, basic: Sequence[Mapping[str, Json]] = (), advanced: Sequence[Mapping[str, Json]] = ()
    ) -> None:
        """Give a trail custom event selectors."""
        for rows in self._listed.values():
            for row in rows:
                if row["TrailARN"] == arn:
                    row["HasCustomEventSelectors"] = True
        answer = {"TrailARN": arn, "EventSelectors": list(basic), "AdvancedEventSelectors": list(advanced)}
        self.reply("cloudtrail.GetEventSelectors", answer, TrailName=arn)

    def add_bucket(self, name: str, *, region: str = "us-east-1", owner: str = "") -> None:
        """Add a well-protected log bucket; single settings are overridden with ``reply`` and ``error`` (``Bucket=name``)."""
        self._buckets.add(name)
        owner = owner or self.account_id
        arn = f"arn:{self.partition}:s3:::{name}"
        self.error("s3.HeadBucket", "403", "Forbidden", 403, Bucket=name)
        self.reply("s3.HeadBucket", {"BucketRegion": region}, Bucket=name, ExpectedBucketOwner=owner, account=owner)
        blocked = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        answers: dict[str, Mapping[str, Json]] = {
            "s3.GetBucketPolicy": {"Policy": canonical(log_bucket_policy(arn, self.account_id, self.partition))},
            "s3.GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": False}},
            "s3.GetBucketAcl": {
                "Grants": [{"Grantee": {"Type": "CanonicalUser", "ID": "0" * 64}, "Permission": "FULL_CONTROL"}]
            },
            "s3.GetPublicAccessBlock": {"PublicAccessBlockConfiguration": blocked},
            "s3.GetBucketOwnershipControls": {
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
            },
            "s3.GetBucketVersioning": {"Status": "Enabled"},
            "s3.GetObjectLockConfiguration": {
                "ObjectLockConfiguration": {
                    "ObjectLockEnabled": "Enabled",
                    "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}},
                }
            },
            "s3.GetBucketEncryption": {
                "ServerSideEncryptionConfiguration": {
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                }
            },
            "s3.GetBucketLogging": {"LoggingEnabled": {"TargetBucket": f"{name}-access", "TargetPrefix": ""}},
            "s3.GetBucketRequestPayment": {"Payer": "BucketOwner"},
            "s3control.ListAccessPoints": {"AccessPointList": []},
        }
        for operation, body in answers.items():
            self.reply(operation, body, Bucket=name, account=owner)
        for operation, code in (
            ("s3.GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration"),
            ("s3.GetBucketReplication", "ReplicationConfigurationNotFoundError"),
        ):
            self.error(operation, code, status=404, Bucket=name, account=owner)
        self.reply("s3control.GetPublicAccessBlock", {"PublicAccessBlockConfiguration": blocked}, AccountId=owner)

    def add_key(self, name: str, *, region: str = "us-east-1", owner: str = "", **metadata: Json) -> str:
        """Add an enabled, rotating customer key and return its ARN; ``metadata`` overrides KeyMetadata fields."""
        owner = owner or self.account_id
        arn = f"arn:{self.partition}:kms:{region}:{owner}:key/{name}"
        fields: dict[str, Json] = {
            "KeyId": name,
            "Arn": arn,
            "AWSAccountId": owner,
            "Enabled": True,
            "KeyState": "Enabled",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyManager": "CUSTOMER",
            "Origin": "AWS_KMS",
            "MultiRegion": False,
        }
        fields.update(metadata)
        self.reply("kms.DescribeKey", {"KeyMetadata": fields}, KeyId=arn)
        self.reply(
            "kms.GetKeyRotationStatus",
            {"KeyRotationEnabled": True, "RotationPeriodInDays": 365, "KeyId": arn},
            KeyId=arn,
        )
        return arn

    def add_log_group(self, name: str, *, region: str = "us-east-1", owner: str = "", **row: Json) -> str:
        """Add a STANDARD log group that never expires and return its ARN as a trail holds it (ending in ``:*``)."""
        owner = owner or self.account_id
        arn = f"arn:{self.partition}:logs:{region}:{owner}:log-group:{name}:*"
        fields: dict[str, Json] = {
            "logGroupName": name,
            "arn": arn,
            "logGroupArn": arn.removesuffix(":*"),
            "logGroupClass": "STANDARD",
        }
        fields.update(row)
        self.reply(
            "logs.DescribeLogGroups", {"logGroups": [fields]}, region=region, account=owner, logGroupNamePrefix=name
        )
        return arn

    # --- using ------------------------------------------------------------------------------------------------------

    def account(self, **options: Any) -> Account:
        """Return the account under audit over a fresh recorder; options as for ``Account``."""
        self.recorder = Recorder(self)
        return Account(self.account_id, reader=self.recorder, now=self.now, partition=self.partition, **options)

    def ledger(self) -> Ledger:
        """Return what the last ``account`` asked, as a ledger."""
        header = Header(
            clock=format_time(self.now), accounts=(self.account_id,), partition=self.partition, synthetic=True
        )
        return Ledger(header, self.recorder.entries())


def log_bucket_policy(bucket_arn: str, account: str, partition: str = "aws") -> dict[str, Json]:
    """Return a sound log bucket policy: CloudTrail may deliver for this account's trails, and clear text is refused."""
    source = {"aws:SourceArn": f"arn:{partition}:cloudtrail:us-east-1:{account}:trail/main"}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AclCheck",
                "Effect": "Allow",
                "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": "s3:GetBucketAcl",
                "Resource": bucket_arn,
                "Condition": {"StringEquals": source},
            },
            {
                "Sid": "Write",
                "Effect": "Allow",
                "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"{bucket_arn}/AWSLogs/{account}/*",
                "Condition": {"StringEquals": {**source, "s3:x-amz-acl": "bucket-owner-full-control"}},
            },
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [bucket_arn, f"{bucket_arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }
