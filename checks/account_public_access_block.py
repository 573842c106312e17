"""account-public-access-block."""

from trailwarden import Finding, check, failed, not_applicable, passed
from trailwarden.contract import NoParams
from trailwarden.facts import Account, LogBucket, PublicAccessBlock
from trailwarden.kleene import every

_EXPECTED = PublicAccessBlock(*[True] * 4).to_json()


@check(Account, reads=(LogBucket.location, LogBucket.account_public_access_block))
def account_public_access_block(account: Account, params: NoParams) -> Finding:
    """Account-level Block Public Access has all four settings on.

    Why: a bucket policy can let somebody change the bucket's own settings; those of the account are out of its reach. What counts is the
    account that owns the log bucket, which often is not the trail's.

    Fix: in the account that owns the bucket, `aws s3control put-public-access-block --account-id ID --public-access-block-configuration
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`; in Terraform
    `aws_s3_account_public_access_block`.

    Error: refused, or the account that owns the bucket is not known or not within reach of this run.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    buckets = account.buckets
    if not buckets and not buckets.gaps:
        return not_applicable("no trail names a bucket, so no account owns one", {"buckets": []})
    return every(
        buckets,
        _judge,
        "every account that owns a log bucket has all four settings on",
        missing="no log bucket was judged",
    )


@account_public_access_block.on(LogBucket)
def account_of_bucket(bucket: LogBucket, params: NoParams) -> Finding:
    """Judge the account that owns one bucket."""
    return _judge(bucket)


def _judge(bucket: LogBucket) -> Finding:
    block = bucket.account_public_access_block
    owner = bucket.location.owner or bucket.location.asker
    observed = {"AccountId": owner, **block.to_json()}
    if block.complete:
        return passed(
            f"account {owner}, which owns bucket {bucket.name}, has all four settings on", observed, _EXPECTED
        )
    lacking = ", ".join(name for name, value in block.to_json().items() if not value)
    return failed(f"account {owner}, which owns bucket {bucket.name}, lacks {lacking}", observed, _EXPECTED)
