"""bucket-object-ownership-enforced."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import LogBucket


@dataclass(frozen=True)
class Params:
    allowed_values: tuple[str, ...] = param(
        ("BucketOwnerEnforced",),
        "Accepted values of ObjectOwnership.",
        choices=("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
    )


@check(LogBucket, reads=(LogBucket.object_ownership,))
def bucket_object_ownership_enforced(bucket: LogBucket, params: Params) -> Finding:
    """ACLs are disabled (BucketOwnerEnforced).

    Why: with ACLs off nobody can share a log object, or own one that lies in this bucket, by an ACL.

    Fix: `aws s3api put-bucket-ownership-controls --bucket BUCKET --ownership-controls Rules=[{ObjectOwnership=BucketOwnerEnforced}]`; in
    Terraform `aws_s3_bucket_ownership_controls`. CloudTrail delivers all the same.
    """
    observed = {"ObjectOwnership": bucket.object_ownership}
    expected = {"ObjectOwnership": list(params.allowed_values)}
    if bucket.object_ownership in params.allowed_values:
        return passed(f"bucket {bucket.name}: ObjectOwnership is {bucket.object_ownership}", observed, expected)
    return failed(
        f"bucket {bucket.name} still honours ACLs: ObjectOwnership is {bucket.object_ownership}", observed, expected
    )
