"""Seeds an emulator with a good or a bad account through plain boto3, and runs the installed program against it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3

REGION = "us-east-1"
BUCKET = "audit-log-bucket"


def session(url, key, secret):
    def client(service, region=REGION):
        return boto3.client(
            service, region_name=region, endpoint_url=url, aws_access_key_id=key, aws_secret_access_key=secret
        )

    return client


def seed(client, account: str, *, good: bool, tls_only: bool = True) -> None:
    """Make one trail with its bucket, key and log group: sound, or wrong in the ways people get it wrong.

    ``tls_only`` False leaves out the denial of clear text, for an endpoint over HTTP that really enforces it.
    """
    s3, kms, logs, iam, cloudtrail = (client(name) for name in ("s3", "kms", "logs", "iam", "cloudtrail"))
    arn = f"arn:aws:s3:::{BUCKET}"
    trail_arn = f"arn:aws:cloudtrail:{REGION}:{account}:trail/main"
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=good)
    allow = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    limit = (
        {"StringEquals": {"aws:SourceArn": trail_arn}}
        if good
        else {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    )
    statements = [
        {**allow, "Sid": "acl", "Action": "s3:GetBucketAcl", "Resource": arn, "Condition": limit},
        {**allow, "Sid": "put", "Action": "s3:PutObject", "Resource": f"{arn}/AWSLogs/{account}/*", "Condition": limit},
    ]
    if good and tls_only:
        insecure = {"Bool": {"aws:SecureTransport": "false"}}
        deny = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": insecure,
        }
        statements.append({"Sid": "tls", **deny})
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    key = kms.create_key(Description="trail", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]
    if good:
        block = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=block)
        s3.put_bucket_ownership_controls(
            Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        )
        retention = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}}
        s3.put_object_lock_configuration(
            Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": retention}
        )
        kms.enable_key_rotation(KeyId=key["KeyId"])
    else:
        block = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
        )
        s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=block)
        s3.put_bucket_ownership_controls(
            Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        )
        s3.put_bucket_acl(Bucket=BUCKET, ACL="authenticated-read")
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    logs.create_log_group(logGroupName="cloudtrail")
    role = iam.create_role(
        RoleName="to-logs", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []})
    )
    cloudtrail.create_trail(
        Name="main",
        S3BucketName=BUCKET,
        IsMultiRegionTrail=good,
        IncludeGlobalServiceEvents=True,
        EnableLogFileValidation=good,
        KmsKeyId=key["Arn"],
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:{REGION}:{account}:log-group:cloudtrail:*",
        CloudWatchLogsRoleArn=role["Role"]["Arn"],
    )
    if good:
        cloudtrail.start_logging(Name="main")


def trailwarden(
    url: str, key: str, secret: str, *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the console script against an endpoint with one pair of keys and nothing of the machine's own AWS configuration."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **(env or {}),
    }
    program = Path(sys.executable).with_name("trailwarden")
    return subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def judged(run: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return policy -> status of a run whose standard output is results.json."""
    report = json.loads(run.stdout)
    return {row["id"]: row["status"] for row in report["policies"]}
