"""log-content-complete."""

from dataclasses import dataclass

from trailwarden import Finding, check, param
from trailwarden.facts import Account, Trail
from trailwarden.judgements.integrity import judge_log_files, undecided


@dataclass(frozen=True)
class Params:
    window_days: int = param(1, "How many days back the events must be complete.", minimum=1)
    sample: float = param(0.01, "The least share of the log files that must have been read, up to 1.0.")
    max_age_hours: int = param(3, "How long ago the verified time may end.", minimum=1)


@check(Trail, reads=[Trail.integrity, Account.regions])
def log_content_complete(trail: Trail, params: Params) -> Finding:
    """Log files hold complete events.

    Why: a file whose hash is right may still hold nothing of use. Each event has to say what was done (eventName, eventSource), when (eventTime), where
    (awsRegion), from where (sourceIPAddress) and by whom (userIdentity), and be told from any other (eventID). Insights and aggregated events tell of
    many calls; of them it takes the fields that AWS documents for their type.

    Fix: the file is as AWS delivered it, so nothing in the account repairs it. The keys are under `content` in the JSON report of
    `trailwarden logs verify BUCKET --content`; open a case with AWS Support about them. In Terraform there is nothing to set.

    Error: no report was given (`trailwarden logs verify BUCKET --content -o json=integrity.json`, then `--integrity integrity.json`), it does not cover the
    window, was made without `--content`, read too small a sample, or files could not be read or decrypted.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    given = trail.integrity
    reports = tuple(report for report in given if report.content_check)
    if not reports:
        undecided(trail, f"no events were looked at: add --content to `trailwarden logs verify {trail.bucket_name}`")
    return judge_log_files(
        trail,
        reports,
        "log-content-complete",
        window_days=params.window_days,
        max_age_hours=params.max_age_hours,
        sample=params.sample,
    )
