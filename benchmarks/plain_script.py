"""What an engineer would write: read the audit trail's facts with boto3, judge nothing. The yardstick of one_account.py.

A client per region and service as boto3's documentation has it, a thread pool over the regions, and every fact that the pack ``baseline``
judges read once: the caller, the regions, the trails of each region; per trail status and selectors; per bucket eight settings; the key
and the log group; the account's public access block.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(retries={"mode": "standard", "max_attempts": 8}, connect_timeout=5, read_timeout=20)
BUCKET_SETTINGS = (
    "get_bucket_policy",
    "get_bucket_policy_status",
    "get_bucket_acl",
    "get_public_access_block",
    "get_bucket_ownership_controls",
    "get_object_lock_configuration",
)


def attempt(method, **parameters):
    try:
        return method(**parameters)
    except ClientError as error:
        return {"error": error.response["Error"]["Code"]}


def client(session, service, region):
    made = session.client(service, region_name=region, config=CONFIG)
    if service == "s3control":  # the account in front of a loopback address resolves to nothing
        made.meta.events.register(
            "before-sign.s3-control", lambda request, **_: setattr(request, "url", without_account(request.url))
        )
    return made


def without_account(url):
    scheme, _, rest = url.partition("://")
    account, _, host = rest.partition(".")
    return f"{scheme}://{host}" if account.isdigit() and len(account) == 12 else url


def read(session=None):
    session = session or boto3.session.Session()
    caller = client(session, "sts", "us-east-1").get_caller_identity()
    regions = [
        row["RegionName"] for row in client(session, "ec2", "us-east-1").describe_regions(AllRegions=True)["Regions"]
    ]
    clients = {region: client(session, "cloudtrail", region) for region in regions}
    facts = {"caller": caller["Arn"], "trails": {}, "account": {}}
    with ThreadPoolExecutor(10) as pool:
        for listing in pool.map(lambda region: clients[region].describe_trails()["trailList"], regions):
            facts["trails"].update({row["TrailARN"]: row for row in listing})
    settings = client(session, "s3control", "us-east-1").get_public_access_block(AccountId=caller["Account"])
    facts["account"]["public_access_block"] = settings["PublicAccessBlockConfiguration"]
    for arn, row in facts["trails"].items():
        home = row["HomeRegion"]
        row["status"] = clients[home].get_trail_status(Name=arn)
        if arn.split(":")[4] != caller["Account"]:
            continue  # an organization's: read in the account that owns it
        row["selectors"] = clients[home].get_event_selectors(TrailName=arn)
        s3 = client(session, "s3", home)
        bucket = row["S3BucketName"]
        row["bucket"] = {"head": attempt(s3.head_bucket, Bucket=bucket)}
        for name in BUCKET_SETTINGS:
            row["bucket"][name] = attempt(getattr(s3, name), Bucket=bucket)
        if "KmsKeyId" in row:
            kms = client(session, "kms", home)
            row["key"] = attempt(kms.describe_key, KeyId=row["KmsKeyId"])
        if "CloudWatchLogsLogGroupArn" in row:
            logs = client(session, "logs", home)
            prefix = row["CloudWatchLogsLogGroupArn"].split(":")[6]
            row["log_group"] = attempt(logs.describe_log_groups, logGroupNamePrefix=prefix)
    return facts


if __name__ == "__main__":
    json.dump(read(), sys.stdout, default=str)
