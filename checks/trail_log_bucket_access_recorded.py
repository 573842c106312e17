"""trail-log-bucket-access-recorded."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, Status, check, failed, param, passed, undecidable
from trailwarden.facts import READ, WRITE, LogBucket, Trail
from trailwarden.judgements.data_events import S3_OBJECT, records_data
from trailwarden.judgements.traits import LOGGING, judge_traits, reaches
from trailwarden.kleene import some, which

WAYS = ("server_access_logging", "data_events")


@dataclass(frozen=True)
class Params:
    accept: tuple[str, ...] = param(WAYS, "Which record of accesses will do.", choices=WAYS)


def _accepts(params: Params, way: str) -> bool:
    return way in (params.accept or WAYS)


@check(
    LogBucket,
    reads=[LogBucket.location],
    reads_if=[
        (lambda params: _accepts(params, "server_access_logging"), [LogBucket.access_logging]),
        (lambda params: _accepts(params, "data_events"), [Trail.status, Trail.selectors]),
    ],
)
def trail_log_bucket_access_recorded(bucket: LogBucket, params: Params) -> Finding:
    """Access to the log bucket itself is recorded.

    Why: whoever reads or deletes the evidence must leave a trace as well. A filter that spares the log bucket's own data events, a common
    saving, removes exactly this one.

    Fix: `aws s3api put-bucket-logging --bucket BUCKET --bucket-logging-status file://logging.json`, in Terraform
    `aws_s3_bucket_logging`; or record the bucket's data events, read and write, with a trail of the account that owns it.

    Error: the bucket's settings could not be read, or it is another account's, whose trails this account can't see.
    """
    questions = {"server_access_logging": lambda: _logs_access(bucket), "data_events": lambda: _in_data_events(bucket)}
    found = which({way: question for way, question in questions.items() if _accepts(params, way)})
    observed = {"recorded_by": found}
    expected = {"recorded_by": list(params.accept or WAYS)}
    if found:
        return passed(f"access to bucket {bucket.name} is recorded by {' and '.join(found)}", observed, expected)
    return failed(f"nothing records who reads or changes bucket {bucket.name}", observed, expected)


def _logs_access(bucket: LogBucket) -> bool:
    logging = bucket.access_logging
    return logging is not None and logging.target_bucket not in ("", bucket.name)


def _in_data_events(bucket: LogBucket) -> bool:
    location = bucket.location
    if location.owner != bucket.account_id:
        text = "data events that this account records do not prove that the bucket's owner records foreign readers"
        undecidable(bucket, ReasonCode.CROSS_ACCOUNT, text, operation="cloudtrail.GetEventSelectors")
    objects = records_data(S3_OBJECT, [READ, WRITE], [f"{bucket.id}/"])
    traits = [reaches(location.region), LOGGING, objects]
    found = some(bucket.account.trails, lambda trail: judge_traits(trail, traits), missing="")
    return found.status is Status.PASS
