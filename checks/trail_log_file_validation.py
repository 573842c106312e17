"""trail-log-file-validation."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import Trail


@dataclass(frozen=True)
class Params:
    mode: str = param(
        "all",
        "all: every trail must validate; any_primary: a trail that is not a multi-region, fully recording one may be left out.",
        choices=("all", "any_primary"),
    )


@check(Trail)
def trail_log_file_validation(trail: Trail, params: Params) -> Finding:
    """Log file validation is enabled.

    Why: signed hourly digests are the only proof that AWS itself gives that delivered files were neither changed nor removed.

    Fix: `aws cloudtrail update-trail --name TRAIL --enable-log-file-validation --region HOME`; in Terraform
    `aws_cloudtrail.enable_log_file_validation = true`.
    """
    observed = {"LogFileValidationEnabled": trail.log_file_validation}
    expected = {"LogFileValidationEnabled": True}
    if trail.log_file_validation:
        return passed(f"trail {trail.name} validates its log files", observed, expected)
    return failed(f"trail {trail.name} writes no digests: log file validation is off", observed, expected)
