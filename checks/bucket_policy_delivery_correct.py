"""bucket-policy-delivery-correct."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, Status, check, failed, param, passed, undecidable
from trailwarden.facts import LogBucket, Organization, Trail
from trailwarden.judgements.delivery import LOG_FILES, judge_delivery
from trailwarden.kleene import together
from trailwarden.policydoc import Delivery, Sender, Step, delivery_allowed

_OWNER_PAYS = "BucketOwner"
_MAX_AGE_HOURS, _WARMUP_HOURS = 24, 2


@dataclass(frozen=True)
class Params:
    prove: str = param(
        "policy",
        "policy: the policy's text decides; delivery: where it seems to refuse, a recent delivery without error proves it wrong.",
        choices=("policy", "delivery"),
    )


@check(
    LogBucket,
    reads=(LogBucket.policy, LogBucket.payer, Organization.membership),
    reads_if=((lambda params: params.prove == "delivery", (Trail.status,)),),
)
def bucket_policy_delivery_correct(bucket: LogBucket, params: Params) -> Finding:
    """Bucket policy lets this trail deliver.

    Why: CloudTrail retries a bucket that refuses it for 30 days, then the events are lost. The policy shows it on the first day: a changed
    prefix, a typing error in an ARN, an account that joined later, a Deny that was meant for others.

    Fix: `aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json` with two Allow statements for cloudtrail.amazonaws.com:
    s3:GetBucketAcl on the bucket, and s3:PutObject on PREFIX/AWSLogs/ACCOUNT/* (for an organization trail on PREFIX/AWSLogs/ORG_ID/* as well)
    with `s3:x-amz-acl` bucket-owner-full-control; and `aws s3api put-bucket-request-payment --bucket BUCKET
    --request-payment-configuration Payer=BucketOwner`. In Terraform `aws_s3_bucket_policy`.

    Error: the policy, the payer or the organization's id is unreadable, or a statement hangs on something that can't be known beforehand.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
    """
    findings = together(
        lambda: _judge_payer(bucket), *[lambda trail=trail: _judge(trail, bucket, params) for trail in bucket.trails]
    )
    observed = {name: value for item in findings for name, value in item.observed.items()}
    expected = {"Payer": _OWNER_PAYS, "allowed": True}
    faults = [item.message for item in findings if item.status is Status.FAIL]
    if faults:
        return failed(f"bucket {bucket.name}: {'; '.join(faults)}", observed, expected)
    notes = [note for item in findings for note in item.notes]
    return passed(f"the policy of bucket {bucket.name} lets its trails deliver", observed, expected, *notes)


def _judge_payer(bucket: LogBucket) -> Finding:
    payer = bucket.payer
    if payer == _OWNER_PAYS:
        return passed("", {"Payer": payer})
    return failed(f"requests are paid by {payer}, which CloudTrail does not accept", {"Payer": payer})


def _judge(trail: Trail, bucket: LogBucket, params: Params) -> Finding:
    """Judge the policy for one trail; with ``prove: delivery`` a FAIL gives way to what has been delivered."""
    verdict = _delivery(trail, bucket)
    observed = {trail.arn: [str(step) for step in verdict.trace]}
    refused = [str(step) for step in verdict.trace if step.allowed is False]
    if refused:
        text = f"trail {trail.name} can't deliver: {'; '.join(refused)}"
        if params.prove == "delivery" and _delivers(trail):
            return passed("", observed, None, f"{text}; yet it did deliver in the last {_MAX_AGE_HOURS} hours")
        return failed(text, observed)
    if verdict.allowed is None:
        doubt = "; ".join(str(step) for step in verdict.trace if step.allowed is None)
        undecidable(bucket, ReasonCode.UNPARSEABLE, f"trail {trail.name}: {doubt}", operation="s3.GetBucketPolicy")
    return passed("", observed)


def _delivery(trail: Trail, bucket: LogBucket) -> Delivery:
    policy = bucket.policy
    if policy is None:
        return Delivery(False, (Step("s3:PutObject", bucket.id, False, "the bucket has no policy"),))
    organization = trail.account.organization.membership.organization_id if trail.is_organization_trail else ""
    sender = Sender(
        trail_arn=trail.arn,
        account_id=trail.owner,
        prefix=trail.key_prefix,
        organization_id=organization,
        source_organization_id=organization,
        key_arn=trail.kms_key_id,
    )
    return delivery_allowed(policy, bucket.id, sender)


def _delivers(trail: Trail) -> bool:
    statuses = {trail.home_region: trail.status}
    found = judge_delivery(
        trail,
        LOG_FILES,
        statuses,
        heartbeat=lambda _: True,
        max_age_hours=_MAX_AGE_HOURS,
        warmup_hours=_WARMUP_HOURS,
    )
    return found.status is Status.PASS
