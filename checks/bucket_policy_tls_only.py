"""bucket-policy-tls-only."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, param, passed, undecidable
from trailwarden.facts import LogBucket
from trailwarden.policydoc import denies_insecure_transport


@dataclass(frozen=True)
class Params:
    min_tls: str = param(
        "", "Lowest TLS version that must be demanded too, such as 1.2; empty asks for TLS of any version."
    )


@check(LogBucket, reads=(LogBucket.policy,))
def bucket_policy_tls_only(bucket: LogBucket, params: Params) -> Finding:
    """Bucket policy denies requests without TLS.

    Why: readers and archivers must not be able to fetch logs, or write anything, over clear text.

    Fix: `aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json` with a Deny of `s3:*` on the bucket and `bucket/*`
    for Principal `*` under Bool `aws:SecureTransport` false; in Terraform `aws_s3_bucket_policy`.

    Error: the policy is unreadable, or an operator that is not known could change the verdict.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
    expected = {
        "denied": "requests with aws:SecureTransport false"
        + (f" or TLS below {params.min_tls}" if params.min_tls else "")
    }
    policy = bucket.policy
    if policy is None:
        return failed(f"bucket {bucket.name} has no policy, so nothing refuses clear text", {"policy": None}, expected)
    verdict = denies_insecure_transport(policy, bucket.id, params.min_tls)
    if verdict.denied is None:
        undecidable(bucket, ReasonCode.UNPARSEABLE, verdict.reason, operation="s3.GetBucketPolicy")
    if verdict.denied:
        return passed(f"bucket {bucket.name} refuses clear text", {"denied": True}, expected)
    return failed(
        f"bucket {bucket.name} does not refuse clear text: {verdict.reason}",
        {"denied": False, "why": verdict.reason},
        expected,
    )
