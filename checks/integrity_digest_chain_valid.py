"""integrity-digest-chain-valid."""

from dataclasses import dataclass

from trailwarden import Finding, check, not_applicable, param
from trailwarden.facts import Account, Trail
from trailwarden.judgements.integrity import concluded, judge_places, never_validated, period_of


@dataclass(frozen=True)
class Params:
    window_days: int = param(
        7, "How many days back the digests must be verified; for an audit its whole period.", minimum=1
    )
    max_age_hours: int = param(3, "How long ago the verified time may end.", minimum=1)


@check(Trail, reads=[Trail.integrity, Account.regions])
def integrity_digest_chain_valid(trail: Trail, params: Params) -> Finding:
    """Digest signatures verify.

    Why: a digest that AWS signed, in the place and hour it was signed for, can't have been made or replaced by anybody else. That validation is switched
    on proves nothing until somebody validates.

    Fix: find out who could write to the bucket at the time that a finding names, and restore the digest from a version or a replica. List the findings with
    `trailwarden logs verify BUCKET --since TIME -o table`, or a single chain with `aws cloudtrail validate-logs --trail-arn ARN --start-time TIME --verbose`.
    In Terraform there is nothing to set.

    Error: no report was given (`trailwarden logs verify BUCKET -o json=integrity.json`, then `--integrity integrity.json`), it does not cover the window, or
    digests or public keys could not be read.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
    """
    reports = trail.integrity
    period = period_of(trail, reports, params.window_days, params.max_age_hours)
    if never_validated(trail, reports, period):
        return not_applicable(
            f"trail {trail.name} wrote no digests: log file validation is off", {"LogFileValidationEnabled": False}
        )
    return judge_places(
        trail,
        reports,
        period,
        lambda place: concluded("integrity-digest-chain-valid", trail, reports, period, place),
        {"window_days": params.window_days},
    )
