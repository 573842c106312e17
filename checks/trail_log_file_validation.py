"""trail-log-file-validation."""

from dataclasses import dataclass

from trailwarden import Finding, Status, check, failed, not_applicable, param, passed
from trailwarden.facts import Account, Trail
from trailwarden.judgements.traits import COMPLETE, VALIDATION, judge_traits
from trailwarden.kleene import some


@dataclass(frozen=True)
class Params:
    mode: str = param(
        "all",
        "all: every trail must validate; any_primary: it is enough that one trail does so that records all management events of every region.",
        choices=("all", "any_primary"),
    )


@check(
    Trail,
    reads_if=[(lambda params: params.mode == "any_primary", [Account.trails, Trail.status, Trail.selectors])],
)
def trail_log_file_validation(trail: Trail, params: Params) -> Finding:
    """Log file validation is enabled.

    Why: signed hourly digests are the only proof that AWS itself gives that delivered files were neither changed nor removed.

    Fix: `aws cloudtrail update-trail --name TRAIL --enable-log-file-validation --region HOME`; in Terraform
    `aws_cloudtrail.enable_log_file_validation = true`. Digests cover what is delivered from then on, never what came before.
    """
    if params.mode == "all":
        return judge_traits(trail, [VALIDATION], "validates its log files")
    primary = some(
        trail.account.trails, _validates_everything, "no trail that records everything validates its log files"
    )
    observed = {"LogFileValidationEnabled": trail.log_file_validation}
    expected = {"LogFileValidationEnabled": True}
    if primary.status is Status.FAIL:
        return failed(f"{primary.message}: {_validates_everything(trail).message}", observed, expected)
    satisfying = primary.observed["satisfying"]
    if trail.arn in satisfying:
        return passed(f"trail {trail.name} validates its log files and records everything", observed, expected)
    return not_applicable(
        f"trail {trail.name} may be left out: {satisfying[0]} validates its log files and records everything", observed
    )


def _validates_everything(trail: Trail) -> Finding:
    return judge_traits(trail, [VALIDATION, *COMPLETE])
