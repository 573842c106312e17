"""bucket-exists."""

from trailwarden import Finding, check, failed, passed
from trailwarden.contract import NoParams
from trailwarden.facts import LogBucket


@check(LogBucket, reads=(LogBucket.location,))
def bucket_exists(bucket: LogBucket, params: NoParams) -> Finding:
    """Log bucket exists.

    Why: a trail that points at a deleted bucket delivers nothing, and whoever creates that name next receives the logs.

    Fix: `aws cloudtrail update-trail --name TRAIL --s3-bucket-name BUCKET --region HOME` with a bucket of your own; in Terraform
    `aws_s3_bucket` and `aws_cloudtrail.s3_bucket_name`.

    Error: HeadBucket was answered with neither yes, no nor a refusal. A refusal is no error here: it proves that the name is taken.
    """
    if bucket.location.exists:
        return passed(
            f"bucket {bucket.name} exists", {"exists": True, "region": bucket.location.region}, {"exists": True}
        )
    users = ", ".join(trail.name for trail in bucket.trails)
    return failed(
        f"bucket {bucket.name} does not exist, so trail {users} delivers nothing", {"exists": False}, {"exists": True}
    )
