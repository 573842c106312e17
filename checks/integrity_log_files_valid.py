"""integrity-log-files-valid."""

from dataclasses import dataclass

from trailwarden import Finding, check, not_applicable, param
from trailwarden.facts import Account, Trail
from trailwarden.judgements.integrity import concluded, judge_places, never_validated, period_of, too_little


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
    reports = trail.integrity
    period = period_of(trail, reports, params.window_days, params.max_age_hours)
    if never_validated(trail, reports, period):
        return not_applicable(
            f"no digest of trail {trail.name} names a log file: log file validation is off",
            {"LogFileValidationEnabled": False},
        )

    return judge_places(
        trail,
        reports,
        period,
        lambda place: concluded(
            "integrity-log-files-valid",
            trail,
            reports,
            period,
            place,
            lack=lambda item: too_little(item, params.sample),
        ),
        {"window_days": params.window_days, "sample": params.sample},
    )
