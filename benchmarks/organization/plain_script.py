"""What an engineer would write for an organization: assume a role in each account, and read its audit trail with a session of its own.

    python -m benchmarks.organization.plain_script [--threads 16] [--limit N]

The accounts come from ListAccounts, a thread pool goes through them, and each gets its own session and its own clients, as boto3's
documentation advises. What is read of an account is what benchmarks/plain_script.py reads; nothing is judged. One JSON line an account.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from benchmarks import plain_script
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::{account}:role/audit"


def accounts():
    client = boto3.client("organizations", config=plain_script.CONFIG)
    pages = client.get_paginator("list_accounts").paginate()
    return [row["Id"] for page in pages for row in page["Accounts"] if row["Status"] == "ACTIVE"]


def read_account(account):
    sts = boto3.session.Session().client("sts", region_name="us-east-1", config=plain_script.CONFIG)
    try:
        issued = sts.assume_role(RoleArn=ROLE.format(account=account), RoleSessionName="plain")["Credentials"]
    except ClientError as error:
        return {"id": account, "error": error.response["Error"]["Code"]}
    session = boto3.session.Session(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])
    try:
        return {**plain_script.read(session), "id": account}
    except ClientError as error:
        return {"id": account, "error": error.response["Error"]["Code"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=16, help="accounts at the same time (default: 16)")
    parser.add_argument("--limit", type=int, default=0, help="read only the first N accounts")
    options = parser.parse_args()
    with ThreadPoolExecutor(options.threads) as pool:
        for found in pool.map(read_account, accounts()[: options.limit or None]):
            json.dump(found, sys.stdout, default=str)
            sys.stdout.write("\n")


if __name__ == "__main__":
    main()
