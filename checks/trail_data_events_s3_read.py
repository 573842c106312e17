"""trail-data-events-s3-read."""

from trailwarden import Finding, check
from trailwarden.facts import READ, Account, Trail
from trailwarden.judgements.data_events import S3DataParams, judge_s3_objects, judge_s3_trail


@check(
    Account,
    reads=[Account.trails, Trail.status, Trail.selectors],
    reads_if=[(lambda params: params.na_without_buckets, [Account.bucket_names])],
)
def trail_data_events_s3_read(account: Account, params: S3DataParams) -> Finding:
    """S3 object-level read events are recorded for all buckets.

    Why: who took a copy of an object is in data events only: neither the event history nor a trail with default selectors has it.

    Fix: `aws cloudtrail put-event-selectors --trail-name TRAIL --region HOME --advanced-event-selectors` with the selectors that the trail
    already has and one more: `{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type",
    "Equals":["AWS::S3::Object"]}]}`. In Terraform an `aws_cloudtrail.advanced_event_selector` with the same fields. Data events cost
    money: `resources.ARN` with `NotStartsWith` leaves single buckets out, which the policy then has to allow by name.

    Error: the selectors of a trail with custom ones could not be read, and no other trail is known to record these events.
    """
    return judge_s3_objects(account, READ, params)


@trail_data_events_s3_read.on(Trail)
def records_every_read(trail: Trail, params: S3DataParams) -> Finding:
    """Judge one trail."""
    return judge_s3_trail(trail, READ, params)
