"""org-log-archive-separation."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import Account, LogBucket, Trail


@dataclass(frozen=True)
class Params:
    log_archive_account_ids: tuple[str, ...] = param((), "Accounts that logs may be stored in.")
    allow_same_account: bool = param(False, "Whether logs may be stored in the account that they tell of.")


@check(Trail, reads_if=[(lambda params: not params.allow_same_account, [LogBucket.location, Account.bucket_names])])
def org_log_archive_separation(trail: Trail, params: Params) -> Finding:
    """Logs are stored in a different, expected account.

    Why: who administers the account that is logged must not administer the evidence as well.

    Fix: `aws cloudtrail update-trail --name TRAIL --s3-bucket-name CENTRAL_BUCKET --region HOME`; in Terraform `aws_cloudtrail.s3_bucket_name`.

    Error: the bucket is not the account's own, and HeadBucket is refused for every expected owner, which means another owner or a missing
    permission; or the policy names no log archive account.
    """
    if params.allow_same_account:
        return not_applicable("the policy allows logs in the account that they tell of")
    me = trail.account_id
    if me in params.log_archive_account_ids:
        return not_applicable(f"account {me} is the log archive", {"account": me})
    bucket = trail.bucket
    if bucket is None:
        return not_applicable(f"trail {trail.name} names no bucket", {"S3BucketName": None})
    location = bucket.location
    if not location.exists:
        undecidable(trail, ReasonCode.NOT_FOUND, f"bucket {bucket.name} does not exist", operation="s3.HeadBucket")
    logged = dict.fromkeys([me, trail.owner] if trail.is_organization_trail else [me])
    archives = [item for item in params.log_archive_account_ids if item not in logged]
    expected = {"owner": archives}
    if location.owner in logged or bucket.name in trail.account.bucket_names:
        owner = location.owner or me
        whose = "the management account" if owner == trail.owner != me else "the account that they tell of"
        return failed(f"logs of trail {trail.name} are stored in {whose}, {owner}", {"owner": owner}, expected)
    if location.owner:
        observed = {"owner": location.owner}
        if location.owner in archives:
            return passed(f"logs of trail {trail.name} are stored in {location.owner}", observed, expected)
        if archives:
            text = f"logs of trail {trail.name} are stored in {location.owner}, which is no log archive"
            return failed(text, observed, expected)
    for owner in archives:
        if bucket.confirm_owner(owner):
            return passed(f"logs of trail {trail.name} are stored in {owner}", {"owner": owner}, expected)
    text = (
        "HeadBucket is refused for every log archive account" if archives else "the policy names no log archive account"
    )
    return undecidable(trail, ReasonCode.CROSS_ACCOUNT, f"{text}: bucket {bucket.name}", operation="s3.HeadBucket")
