"""bucket-public-access-block."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import LogBucket, PublicAccessBlock
from trailwarden.kleene import all_true, any_true

_SETTINGS = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")


@dataclass(frozen=True)
class Params:
    level: str = param(
        "bucket",
        "bucket: the bucket's own four settings; effective: what bucket and account settings add up to.",
        choices=("bucket", "effective"),
    )


@check(
    LogBucket,
    reads=(LogBucket.public_access_block,),
    reads_if=((lambda params: params.level == "effective", (LogBucket.account_public_access_block,)),),
)
def bucket_public_access_block(bucket: LogBucket, params: Params) -> Finding:
    """Bucket-level Block Public Access has all four settings on.

    Why: the bucket's own settings keep it private when the account's are relaxed, and refuse new public policies and ACLs.

    Fix: `aws s3api put-public-access-block --bucket BUCKET --public-access-block-configuration
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`; in Terraform
    `aws_s3_bucket_public_access_block`.
    """
    expected = PublicAccessBlock(*[True] * 4).to_json()
    if params.level == "bucket":
        block = bucket.public_access_block
        if block.complete:
            return passed(f"bucket {bucket.name} has all four settings on", block.to_json(), expected)
        return failed(f"bucket {bucket.name} lacks {_missing(block)}", block.to_json(), expected)

    def on(setting: str) -> bool:
        return any_true(
            lambda: bool(getattr(bucket.public_access_block, setting)),
            lambda: bool(getattr(bucket.account_public_access_block, setting)),
        )

    if all_true(*[lambda setting=setting: on(setting) for setting in _SETTINGS]):
        return passed(f"bucket {bucket.name} has all four settings in force", expected, expected)
    block = bucket.public_access_block | bucket.account_public_access_block
    return failed(
        f"bucket {bucket.name} lacks {_missing(block)}, bucket and account together", block.to_json(), expected
    )


def _missing(block: PublicAccessBlock) -> str:
    return ", ".join(name for name, value in block.to_json().items() if not value)
