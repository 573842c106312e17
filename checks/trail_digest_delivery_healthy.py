"""trail-digest-delivery-healthy."""

from dataclasses import dataclass

from trailwarden import Finding, check, not_applicable, param
from trailwarden.facts import Trail
from trailwarden.judgements.delivery import DIGESTS, judge_delivery, polled, stopped


@dataclass(frozen=True)
class Params:
    max_age_hours: int = param(3, "How old the latest digest may be; one is due every hour.", minimum=1)
    warmup_hours: int = param(3, "For how many hours after logging began no digest need have arrived.", minimum=0)
    regions: str = param("home", "Whose status is read: the home region's, or every region's.", choices=("home", "all"))


@check(
    Trail,
    reads=[Trail.status],
    reads_if=[(lambda params: params.regions == "all", [Trail.status_by_region])],
)
def trail_digest_delivery_healthy(trail: Trail, params: Params) -> Finding:
    """Digest delivery is recent and error-free.

    Why: a digest comes every hour, with or without events. Of a trail in a quiet region it is the only sign of life.

    Fix: repair the bucket policy or the key policy that the error names, then look at
    `aws cloudtrail get-trail-status --name TRAIL_ARN --region REGION`. In Terraform `aws_s3_bucket_policy` and `aws_kms_key_policy`.

    Error: the status of a polled region could not be read, or logging began so recently that no digest need have arrived (EVENTUAL).
    """
    if not trail.log_file_validation:
        return not_applicable(
            f"trail {trail.name} writes no digests: log file validation is off", {"LogFileValidationEnabled": False}
        )
    statuses = polled(trail, every_region=params.regions == "all")
    return stopped(trail, statuses) or judge_delivery(
        trail,
        DIGESTS,
        statuses,
        heartbeat=lambda status: status.is_logging,
        max_age_hours=params.max_age_hours,
        warmup_hours=params.warmup_hours,
    )
