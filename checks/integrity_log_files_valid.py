"""integrity-log-files-valid."""

from dataclasses import dataclass

from trailwarden import Finding, check, param
from trailwarden.facts import Account, Trail
from trailwarden.judgements.integrity import judge_log_files


@dataclass(frozen=True)
class Params:
    window_days: int = param(
        7, "How many days back the log files must be verified; for an audit its whole period.", minimum=1
    )
    sample: float = param(0.05, "The least share of the log files that must have been read, up to 1.0.")
    max_age_hours: int = param(3, "How long ago the verified time may end.", minimum=1)


@check(Trail, reads=[Trail.integrity, Account.regions])
def integrity_log_files_valid(trail: Trail, params: Params) -> Finding:
    """Log files match their digests.

    Why: each log file's hash stands in a signed digest. A file that is changed, gone, or named by no digest is evidence that was tampered with.

    Fix: restore the file from a version or a replica, and find out who could write to the bucket at the time that a finding names. A file that the lifecycle
    expired too early is a matter of bucket-lifecycle-retention. List the findings with `trailwarden logs verify BUCKET --since TIME -o table`, or a single
    chain with `aws cloudtrail validate-logs --trail-arn ARN --start-time TIME`. In Terraform there is nothing to set.

    Error: no report was given (`trailwarden logs verify BUCKET -o json=integrity.json`, then `--integrity integrity.json`), it does not cover the window, read
    too small a sample, or files could not be read or decrypted.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html
    """
    return judge_log_files(
        trail,
        trail.integrity,
        "integrity-log-files-valid",
        window_days=params.window_days,
        max_age_hours=params.max_age_hours,
        sample=params.sample,
    )
