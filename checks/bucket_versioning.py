"""bucket-versioning."""

from trailwarden import Finding, check, failed, passed
from trailwarden.contract import NoParams
from trailwarden.facts import LogBucket


@check(LogBucket, reads=(LogBucket.versioning,))
def bucket_versioning(bucket: LogBucket, params: NoParams) -> Finding:
    """Versioning is enabled.

    Why: without versions, overwriting or deleting a log file is final.

    Fix: `aws s3api put-bucket-versioning --bucket BUCKET --versioning-configuration Status=Enabled`; in Terraform
    `aws_s3_bucket_versioning`.
    """
    status = bucket.versioning.status
    observed, expected = {"Status": status or None}, {"Status": "Enabled"}
    if status == "Enabled":
        return passed(f"bucket {bucket.name} keeps versions", observed, expected)
    what = "is suspended" if status == "Suspended" else "was never enabled" if not status else f"is {status}"
    return failed(f"bucket {bucket.name}: versioning {what}", observed, expected)
