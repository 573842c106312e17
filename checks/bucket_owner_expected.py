"""bucket-owner-expected."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import LogBucket


@dataclass(frozen=True)
class Params:
    expected_owner_ids: tuple[str, ...] = param(
        ("self",), "Accounts that may own the log bucket; self is the account of the trail."
    )


@check(LogBucket, reads=(LogBucket.location,))
def bucket_owner_expected(bucket: LogBucket, params: Params) -> Finding:
    """Log bucket is owned by an expected account.

    Why: bucket names are global. If the bucket was deleted and somebody else made a new one of that name, or the trail was quietly
    pointed elsewhere, the logs go to a stranger.

    Fix: `aws cloudtrail update-trail --name TRAIL --s3-bucket-name BUCKET --region HOME`; in Terraform
    `aws_cloudtrail.s3_bucket_name`. If the owner is right, list its id in `expected_owner_ids`.

    Error: S3 has no call that names an owner. HeadBucket was refused for every expected owner and without one, which means another
    owner or a missing s3:ListBucket permission.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    """
    location = bucket.location
    if not location.exists:
        undecidable(bucket, ReasonCode.NOT_FOUND, "the log bucket does not exist", operation="s3.HeadBucket")
    # The account of the trail is not the judged one where a member sees the organization's trail.
    own = {trail.owner for trail in bucket.trails} or {bucket.account_id}
    named = (sorted(own) if owner == "self" else [owner] for owner in params.expected_owner_ids)
    expected = tuple(dict.fromkeys(owner for owners in named for owner in owners))
    shown = {"owner": list(expected)}
    if not expected and location.owner == bucket.account_id:
        return not_applicable(
            f"bucket {bucket.name} is in the trail's own account and no owner is expected by the policy"
        )
    if location.owner:
        observed = {"owner": location.owner}
        if location.owner in expected:
            return passed(f"bucket {bucket.name} is owned by {location.owner}", observed, shown)
        return failed(f"bucket {bucket.name} is owned by {location.owner}, which is not expected", observed, shown)
    for owner in expected:
        if bucket.confirm_owner(owner):
            return passed(f"bucket {bucket.name} is owned by {owner}", {"owner": owner}, shown)
    if location.readable:
        return failed(
            f"bucket {bucket.name} is owned by none of the expected accounts", {"owner": "another account"}, shown
        )
    return undecidable(
        bucket,
        ReasonCode.CROSS_ACCOUNT,
        f"the owner of {bucket.name} is not known: HeadBucket is refused with and without an expected owner",
        operation="s3.HeadBucket",
    )
