"""bucket-server-access-logging."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, not_applicable, param, passed
from trailwarden.facts import READ, WRITE, LogBucket, Trail
from trailwarden.kleene import all_true, any_true


@dataclass(frozen=True)
class Params:
    accept_data_events: bool = param(
        False, "Whether a bucket whose object reads and writes a logging trail records as data events is left out."
    )


@check(
    LogBucket,
    reads=(LogBucket.access_logging,),
    reads_if=((lambda params: params.accept_data_events, (Trail.status, Trail.selectors)),),
)
def bucket_server_access_logging(bucket: LogBucket, params: Params) -> Finding:
    """Server access logging is on for the log bucket.

    Why: it records who read or deleted log files.

    Fix: `aws s3api put-bucket-logging --bucket BUCKET --bucket-logging-status file://logging.json` with another bucket as target; in
    Terraform `aws_s3_bucket_logging`.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
    """
    logging = bucket.access_logging
    target = logging.target_bucket if logging is not None else None
    observed, expected = {"TargetBucket": target}, {"TargetBucket": f"a bucket other than {bucket.name}"}
    if target and target != bucket.name:
        return passed(f"bucket {bucket.name} logs access to {target}", observed, expected)
    if params.accept_data_events and _recorded(bucket):
        return not_applicable(
            f"a logging trail records every read and write of bucket {bucket.name} as data events", observed
        )
    what = "logs access to itself, a loop" if target else "has server access logging off"
    return failed(f"bucket {bucket.name} {what}", observed, expected)


def _recorded(bucket: LogBucket) -> bool:
    """Return whether one trail of the bucket owner's account logs all object events of the bucket."""

    def records(trail: Trail) -> bool:
        def admits(kind: str) -> bool:
            return trail.selectors.records_data("AWS::S3::Object", kind, f"{bucket.id}/")

        return all_true(lambda: trail.status.is_logging, lambda: admits(READ), lambda: admits(WRITE))

    if bucket.location.owner != bucket.account_id:
        return False  # data events of this account say nothing about readers seen by the owner's
    return any_true(*[lambda trail=trail: records(trail) for trail in bucket.account.trails])
