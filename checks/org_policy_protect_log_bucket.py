"""org-policy-protect-log-bucket."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, param, undecidable
from trailwarden.facts import LogBucket, Organization
from trailwarden.judgements.organization import Target, beyond_guardrails, judge_guardrails
from trailwarden.kleene import answered


@dataclass(frozen=True)
class Params:
    deny_actions: tuple[str, ...] = param(
        (
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            "s3:PutBucketPolicy",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketVersioning",
            "s3:PutBucketObjectLockConfiguration",
            "s3:BypassGovernanceRetention",
            "s3:DeleteObjectVersion",
            "s3:PutBucketPublicAccessBlock",
            "kms:ScheduleKeyDeletion",
            "kms:DisableKey",
        ),
        "Actions that must be denied on the bucket, its objects and its key.",
    )


@check(LogBucket, reads=[LogBucket.location, Organization.membership, Organization.archive_guardrails])
def org_policy_protect_log_bucket(bucket: LogBucket, params: Params) -> Finding:
    """SCP or RCP denies tampering with the log bucket and its key.

    Why: lifecycle, policy, lock and key are in the hands of the archive account's administrators, unless the organization forbids it. An SCP
    binds the principals of that account; an RCP binds its bucket and key, whoever calls.

    Fix: a Deny on the actions, attached with `aws organizations attach-policy` above the archive account; in Terraform
    `aws_organizations_policy` of type `RESOURCE_CONTROL_POLICY`.

    Error: the bucket's owner is not known, only the management account and delegated administrators may read policies, or a Deny has a
    condition that can't be judged.
    """
    membership = bucket.account.organization.membership
    owner = bucket.location.owner
    beyond = beyond_guardrails(membership, owner)
    if beyond is not None:
        return beyond
    if not owner:
        undecidable(bucket, ReasonCode.CROSS_ACCOUNT, f"the owner of bucket {bucket.name} is not known")
    guardrails = answered(bucket.account.organization.archive_guardrails[owner])
    return judge_guardrails(bucket, guardrails, _targets(bucket, params), f"tampering with bucket {bucket.name}")


def _targets(bucket: LogBucket, params: Params) -> list[Target]:
    """Return each action with what it acts on; those on a key are left out where no trail names one."""
    keys = list(dict.fromkeys(trail.key.id for trail in bucket.trails if trail.key is not None))
    return [(action, resource) for action in params.deny_actions for resource in _resources(action, bucket.id, keys)]


def _resources(action: str, bucket: str, keys: list[str]) -> list[str]:
    service, _, name = action.partition(":")
    if service == "kms":
        return keys
    if "*" in name:
        return [bucket, f"{bucket}/*"]
    on_objects = ("Bucket" not in name and "Object" in name) or name == "BypassGovernanceRetention"
    return [f"{bucket}/*" if on_objects else bucket]
