"""iam-log-bucket-disruptors."""

from collections.abc import Sequence
from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, Status, check, not_applicable, param, undecidable
from trailwarden.facts import Account, KmsKey, LogBucket
from trailwarden.judgements.disruptors import Target, judge_disruptors
from trailwarden.kleene import answered, known

_SETTINGS = (
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
)
_FILES = (
    "s3:BypassGovernanceRetention",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectLegalHold",
    "s3:PutObjectRetention",
)
_KEY = ("kms:DisableKey", "kms:ScheduleKeyDeletion")


@dataclass(frozen=True)
class Params:
    allowed_principals: tuple[str, ...] = param((), "Who may: patterns of the ARNs of users and roles.")
    max_principals: int = param(5, "How many there may be, expected ones included.", minimum=0)
    accept_compliance_lock: bool = param(
        False,
        "Whether a default lock in COMPLIANCE mode is enough: nobody deletes then; who may change settings is shown.",
    )


@check(
    Account,
    reads=[Account.buckets, Account.keys, Account.principals, LogBucket.location, LogBucket.policy, KmsKey.policy],
    reads_if=[(lambda params: params.accept_compliance_lock, [LogBucket.object_lock])],
)
def iam_log_bucket_disruptors(account: Account, params: Params) -> Finding:
    """Few, known principals can alter or delete logs.

    Why: it shows who could destroy the evidence today, or the key without which nobody reads it, whether or not anybody did.

    Fix: `aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json` with a Deny that exempts only named roles is the strongest; it
    holds against every identity policy of the account. In Terraform `aws_s3_bucket_policy`. Who remains belongs into `allowed_principals`.

    Error: users and roles, the bucket's or the key's policy could not be read; the bucket's account is not judged in this run; or whether an
    unexpected principal may depends on conditions that are not known here, and the message lists it.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    own = _own(account)
    gaps = account.buckets.gaps
    if not own:
        for gap in gaps:
            answered(gap)
        return not_applicable("the account owns no log bucket that is judged here")

    def judge(targets: Sequence[Target]) -> Finding:
        allowed, most = params.allowed_principals, params.max_principals
        return judge_disruptors(account, targets, "alter or delete logs", allowed=allowed, most=most)

    settings = [Target(_arn(bucket), _SETTINGS, bucket.policy) for bucket in own]
    if params.accept_compliance_lock and all(_is_locked(bucket) for bucket in own):
        listed = known(lambda: judge(settings))
        text = "every file is locked in COMPLIANCE mode, so nobody deletes one; who may change settings is listed"
        return not_applicable(text, listed.observed if listed is not None else {})
    keys = [key for key in account.keys if key.owner == account.account_id]
    files = [target for bucket in own for target in _files(bucket)]
    finding = judge([*settings, *files, *(Target(key.id, _KEY, key.policy, delegates=False) for key in keys)])
    if finding.status is not Status.FAIL:
        for gap in gaps:
            answered(gap)
    return finding


def _own(account: Account) -> list[LogBucket]:
    """Return the log buckets of this account; those of another account that the run judges are listed there."""
    own = []
    for bucket in account.buckets:
        location = bucket.location
        if location.owner == account.account_id:
            own.append(bucket)
        elif not location.owner and location.exists:
            text = f"the account that owns bucket {bucket.name} is not judged in this run"
            undecidable(bucket, ReasonCode.CROSS_ACCOUNT, text, operation="iam.GetAccountAuthorizationDetails")
    return own


def _is_locked(bucket: LogBucket) -> bool:
    lock = bucket.object_lock
    return lock.enabled and lock.mode == "COMPLIANCE" and bool(lock.days)


def _arn(bucket: LogBucket) -> str:
    return f"arn:{bucket.account.partition}:s3:::{bucket.name}"


def _files(bucket: LogBucket) -> Sequence[Target]:
    """Return what holds the files of each trail."""
    prefixes = sorted({f"{trail.key_prefix}/" if trail.key_prefix else "" for trail in bucket.trails})
    return [Target(f"{_arn(bucket)}/{prefix}AWSLogs/*", _FILES, bucket.policy) for prefix in prefixes]
