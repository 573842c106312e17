"""bucket-policy-no-foreign-write."""

from dataclasses import dataclass

from trailwarden import Finding, check, param
from trailwarden.facts import LogBucket
from trailwarden.judgements.bucket_grants import judge_grants
from trailwarden.policydoc import CLOUDTRAIL, S3_MUTATING


@dataclass(frozen=True)
class Params:
    allowed_writer_arns: tuple[str, ...] = param(
        (), "Principals of other accounts that may write or delete: ARNs, with * as wildcard."
    )
    allowed_services: tuple[str, ...] = param(
        (CLOUDTRAIL,), "Services that may write, such as config.amazonaws.com or delivery.logs.amazonaws.com."
    )


@check(LogBucket, reads=(LogBucket.location, LogBucket.policy))
def bucket_policy_no_foreign_write(bucket: LogBucket, params: Params) -> Finding:
    """Nobody but CloudTrail may write or delete logs through the bucket policy.

    Why: whoever may write, delete, or change lifecycle, versioning or locks of the bucket can edit the evidence in it, from outside the account
    where somebody would notice.

    Fix: `aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json` without Allow statements for other accounts and services
    than CloudTrail; beware of NotPrincipal, NotAction and wildcards. In Terraform `aws_s3_bucket_policy`. What principals of the bucket's own
    account may do is a matter of their IAM policies.

    Error: the policy is unreadable, or an operator that is not known could change the verdict.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    """
    owner = bucket.location.owner or bucket.account_id
    return judge_grants(
        bucket,
        S3_MUTATING,
        "write to it or delete from it",
        allowed=(owner, *params.allowed_writer_arns),
        services=params.allowed_services,
        idle="",
    )
