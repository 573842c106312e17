"""bucket-policy-confused-deputy."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import LogBucket
from trailwarden.policydoc import service_grants, source_gap


@dataclass(frozen=True)
class Params:
    allowed_account_ids: tuple[str, ...] = param(
        (),
        "Accounts whose trails may deliver here, besides the owners of the bucket and of the trails known to use it.",
    )
    allowed_org_ids: tuple[str, ...] = param(
        (), "Organizations accepted in aws:SourceOrgID; empty accepts any fixed one."
    )
    accept_source_account: bool = param(
        True, "Whether aws:SourceAccount or aws:SourceOrgID is enough without aws:SourceArn."
    )


@check(LogBucket, reads=(LogBucket.policy,))
def bucket_policy_confused_deputy(bucket: LogBucket, params: Params) -> Finding:
    """CloudTrail grants are limited by aws:SourceArn, aws:SourceAccount or aws:SourceOrgID.

    Why: without a limit any AWS customer can point a trail at the bucket, and CloudTrail, acting for them, plants files among the logs.

    Fix: `aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json` with StringEquals `aws:SourceArn` set to the trail's ARN
    (for an organization trail the one with the management account) in every Allow for cloudtrail.amazonaws.com; in Terraform
    `aws_s3_bucket_policy`.

    Error: the policy is unreadable, or an operator that is not known could change the verdict.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
    """
    policy = bucket.policy
    grants = () if policy is None else service_grants(policy)
    if not grants:
        return not_applicable(f"the policy of bucket {bucket.name} grants CloudTrail nothing")
    accounts = sorted(
        {
            bucket.account_id,
            bucket.location.owner,
            *(trail.owner for trail in bucket.trails),
            *params.allowed_account_ids,
        }
        - {""}
    )
    expected = {"accounts": accounts, "organizations": list(params.allowed_org_ids)}
    gaps = [
        source_gap(
            grant,
            accounts=accounts,
            organizations=params.allowed_org_ids or None,
            accept_source_account=params.accept_source_account,
        )
        for grant in grants
    ]
    known = [gap for gap, grant in zip(gaps, grants, strict=True) if gap and not grant.undecided]
    if known:
        return failed(f"bucket {bucket.name}: {'; '.join(known)}", {"open": known}, expected)
    if any(gaps):
        undecidable(bucket, ReasonCode.UNPARSEABLE, next(gap for gap in gaps if gap), operation="s3.GetBucketPolicy")
    shown = [str(grant) for grant in grants]
    return passed(
        f"every grant to CloudTrail on bucket {bucket.name} is tied to known trails", {"grants": shown}, expected
    )
