"""bucket-policy-read-restricted."""

from dataclasses import dataclass

from trailwarden import Finding, check, param
from trailwarden.facts import LogBucket
from trailwarden.judgements.bucket_grants import judge_grants
from trailwarden.policydoc import S3_READING


@dataclass(frozen=True)
class Params:
    allowed_reader_arns: tuple[str, ...] = param(
        (),
        "Who may read: ARNs with * as wildcard, account ids (the whole account), organization ids, or services.",
    )


@check(LogBucket, reads=(LogBucket.location, LogBucket.policy))
def bucket_policy_read_restricted(bucket: LogBucket, params: Params) -> Finding:
    """Only expected principals may read logs through the bucket policy.

    Why: audit logs show who does what and where the weak spots are; they are for those whose job it is. A grant to an organization is not public
    to AWS, and yet every principal of every member reads the logs.

    Fix: `aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json` that names the reading roles instead of accounts,
    organizations or everybody; put those roles into `allowed_reader_arns`. In Terraform `aws_s3_bucket_policy`.

    Error: the policy is unreadable, or an operator that is not known could change the verdict.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
    owner = bucket.location.owner or bucket.account_id
    delegation = f"arn:{bucket.account.partition}:iam::{owner}:root"
    return judge_grants(
        bucket,
        S3_READING,
        "read it",
        allowed=(delegation, *params.allowed_reader_arns),
        services=params.allowed_reader_arns,
        idle=f"the policy of bucket {bucket.name} lets nobody read",
    )
