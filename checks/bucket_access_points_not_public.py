"""bucket-access-points-not-public."""

from trailwarden import Finding, Status, check, failed, not_applicable, passed
from trailwarden.contract import NoParams
from trailwarden.facts import AccessPoint, LogBucket
from trailwarden.kleene import answered, any_true, together


@check(
    LogBucket,
    reads=(LogBucket.access_points, LogBucket.public_access_block, LogBucket.account_public_access_block),
)
def bucket_access_points_not_public(bucket: LogBucket, params: NoParams) -> Finding:
    """No access point of the log bucket is public or foreign.

    Why: an access point is a second door to the bucket, with a policy of its own that nobody looks at when the bucket's policy is reviewed.

    Fix: `aws s3control delete-access-point --account-id ID --name NAME`, or give it a policy that names its users; its own settings of
    Block Public Access can't be changed once it exists. In Terraform `aws_s3_access_point` with `public_access_block_configuration`.

    Error: access points could not be listed, or the policy status of one could not be read. Access points of other accounts are not
    listed for the bucket's owner: what lets them in is a statement in the bucket policy on `s3:DataAccessPointAccount`.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-bpa-settings.html
    """
    points = bucket.access_points
    if not points:
        return not_applicable(f"bucket {bucket.name} has no access point", {"access_points": []})
    findings = together(*[lambda point=point: _judge(bucket, point) for point in points])
    observed = {"access_points": [{"Name": point.name, "NetworkOrigin": point.origin} for point in points]}
    public = [item.message for item in findings if item.status is Status.FAIL]
    if public:
        return failed(f"bucket {bucket.name}: {'; '.join(public)}", observed, {"public": False})
    return passed(f"no access point of bucket {bucket.name} is public", observed, {"public": False})


def _judge(bucket: LogBucket, point: AccessPoint) -> Finding:
    if not answered(point.public):
        return passed("")
    restricted = any_true(
        lambda: answered(point.restricted),
        lambda: bucket.public_access_block.restrict_public_buckets,
        lambda: bucket.account_public_access_block.restrict_public_buckets,
    )
    if restricted:
        return passed("")
    return failed(f"access point {point.name} has a public policy that no Block Public Access setting restricts")
