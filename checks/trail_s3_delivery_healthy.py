"""trail-s3-delivery-healthy."""

from dataclasses import dataclass

from trailwarden import Finding, check, param
from trailwarden.facts import Trail
from trailwarden.judgements.delivery import LOG_FILES, judge_delivery, polled, stopped


@dataclass(frozen=True)
class Params:
    max_age_hours: int = param(24, "How old the latest log file of the home region may be.", minimum=1)
    warmup_hours: int = param(2, "For how many hours after logging began nothing need have arrived.", minimum=0)
    regions: str = param("home", "Whose status is read: the home region's, or every region's.", choices=("home", "all"))


@check(
    Trail,
    reads=[Trail.status],
    reads_if=[(lambda params: params.regions == "all", [Trail.status_by_region])],
)
def trail_s3_delivery_healthy(trail: Trail, params: Params) -> Finding:
    """S3 delivery is recent and error-free.

    Why: a trail can be logging and deliver nothing, because of its bucket, the bucket's policy or the key. CloudTrail keeps trying for 30
    days; after that the events are gone.

    Fix: repair the bucket policy or the key policy that the error names, then look at
    `aws cloudtrail get-trail-status --name TRAIL_ARN --region REGION`. In Terraform `aws_s3_bucket_policy` and `aws_kms_key_policy`.
    A region without events delivers nothing and is not at fault: trail-digest-delivery-healthy is its heartbeat.

    Error: the status of a polled region could not be read, or logging began so recently that nothing need have arrived (EVENTUAL).
    """
    statuses = polled(trail, every_region=params.regions == "all")
    return stopped(trail, statuses) or judge_delivery(
        trail,
        LOG_FILES,
        statuses,
        heartbeat=lambda status: status.region == trail.home_region,
        max_age_hours=params.max_age_hours,
        warmup_hours=params.warmup_hours,
    )
