"""bucket-not-public."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import LogBucket
from trailwarden.kleene import all_true, any_true, which
from trailwarden.policydoc import is_public

_ENFORCED = "BucketOwnerEnforced"


@dataclass(frozen=True)
class Params:
    latent: str = param(
        "fail",
        "What a public policy or ACL means while Block Public Access neutralises it: fail, warn (pass with a note) or ignore.",
        choices=("fail", "warn", "ignore"),
    )


@check(
    LogBucket,
    reads=(
        LogBucket.policy,
        LogBucket.policy_is_public,
        LogBucket.acl,
        LogBucket.public_access_block,
        LogBucket.account_public_access_block,
        LogBucket.object_ownership,
    ),
)
def bucket_not_public(bucket: LogBucket, params: Params) -> Finding:
    """Log bucket is not publicly accessible.

    Why: a public audit log is a map of the account for whoever attacks it, and anything but confidential.

    Fix: `aws s3api put-public-access-block --bucket BUCKET --public-access-block-configuration
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`, then remove the public statement or
    grant; in Terraform `aws_s3_bucket_public_access_block` with all four true.

    Error: the policy, its status, the ACL, the ownership setting or Block Public Access could not be read. The account's Block Public
    Access matters only when it decides the verdict.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """

    def restricted() -> bool:
        return any_true(
            lambda: bucket.public_access_block.restrict_public_buckets,
            lambda: bucket.account_public_access_block.restrict_public_buckets,
        )

    def acls_ignored() -> bool:
        return any_true(
            lambda: bucket.object_ownership == _ENFORCED,
            lambda: bucket.public_access_block.ignore_public_acls,
            lambda: bucket.account_public_access_block.ignore_public_acls,
        )

    def by_acl() -> bool:
        return any(grant.public for grant in bucket.acl)

    expected = {"public": False, "latent": params.latent}
    paths = which(
        {
            "by its policy": lambda: all_true(lambda: bucket.policy_is_public, lambda: not restricted()),
            "by its ACL": lambda: all_true(by_acl, lambda: not acls_ignored()),
        }
    )
    if paths:
        return failed(f"bucket {bucket.name} is public {' and '.join(paths)}", {"public": True, "by": paths}, expected)

    # A pass rests on all of these, also on those that the question above did not need.
    policy, policy_public, acl_public = bucket.policy, bucket.policy_is_public, by_acl()
    settings = bucket.public_access_block
    observed = {
        "public": False,
        "IsPublic": policy_public,
        "public_grants": [f"{grant.permission} to {grant.group}" for grant in bucket.acl if grant.public],
        "ObjectOwnership": bucket.object_ownership,
        "bucket": settings.to_json(),
    }
    notes = []
    opinion = None if policy is None else is_public(policy)
    if opinion is not None and opinion.public is not None and opinion.public != policy_public:
        why = "; ".join(reason.text for reason in opinion.reasons)
        notes.append(
            f"AWS judges the policy {'public' if policy_public else 'not public'}; read locally it is not so ({why}); AWS wins"
        )
    if policy_public or acl_public:
        what = "policy" if policy_public else "ACL"
        text = f"bucket {bucket.name} is not public now, but its {what} is: it opens as soon as Block Public Access is relaxed"
        if params.latent == "fail":
            return failed(text, observed, expected, *notes)
        if params.latent == "warn":
            notes.append(text)
    return passed(f"bucket {bucket.name} is not public", observed, expected, *notes)
