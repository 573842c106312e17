"""bucket-oldest-log-present."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trailwarden import Finding, ReasonCode, Status, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import LogBucket, LogFile, Trail, format_time, parse_time
from trailwarden.judgements.samples import oldest_in
from trailwarden.kleene import together

_SETTLING = timedelta(hours=2)
"""How far the start of the first digest and that of logging may lie apart."""


@dataclass(frozen=True)
class Params:
    required_days: int = param(365, "How many days back the files must reach.", minimum=1)


@check(LogBucket, reads=(LogBucket.files, LogBucket.digest, Trail.status))
def bucket_oldest_log_present(bucket: LogBucket, params: Params) -> Finding:
    """Logs from the start of the required period still exist.

    Why: settings say what shall happen to files. Only a file from the beginning of the period proves that retention works, and each digest
    tells whether there was one before it.

    Fix: nothing brings deleted files back, unless a version or a replica is left: `aws s3api list-object-versions --bucket BUCKET --prefix
    PREFIX/AWSLogs/`. Then see bucket-lifecycle-retention and bucket-object-lock. In Terraform `aws_s3_bucket_lifecycle_configuration`.

    Error: files could not be listed, the oldest digest could not be read, or nothing tells whether there were older ones: the trail has no
    digests, or their chain began anew.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
    """
    if not bucket.trails:
        return not_applicable(f"no trail delivers to bucket {bucket.name}")
    findings = together(*[lambda trail=trail: _judge(trail, bucket, params) for trail in bucket.trails])
    observed = {name: value for item in findings for name, value in item.observed.items()}
    expected = {"oldest": f"not after {format_time(_required(bucket, params))}"}
    gone = [item.message for item in findings if item.status is Status.FAIL]
    if gone:
        return failed("; ".join(gone), observed, expected)
    young = [item.message for item in findings if item.status is Status.NOT_APPLICABLE]
    if young:
        return not_applicable("; ".join(young), observed)
    return passed(f"files of {params.required_days} days ago are still in bucket {bucket.name}", observed, expected)


def _required(bucket: LogBucket, params: Params) -> datetime:
    return bucket.account.now - timedelta(days=params.required_days)


def _judge(trail: Trail, bucket: LogBucket, params: Params) -> Finding:
    required = _required(bucket, params)
    logs, digests = bucket.files.folders_of(trail)
    digest = oldest_in(bucket.files, digests)
    if digest is not None and digest.time <= required:
        return passed("", _shown(trail, digest))
    log = oldest_in(bucket.files, logs)
    if log is not None and log.time <= required:
        return passed("", _shown(trail, log))
    if digest is None:
        text = f"trail {trail.name} has no digest, so nothing tells whether files are gone"
        undecidable(trail, ReasonCode.COVERAGE_GAP, text, operation="s3.ListObjectsV2", region=bucket.location.region)
    content = bucket.digest(digest.key)
    if content.get("previousDigestS3Object") is not None:
        text = f"the oldest digest of trail {trail.name} is of {digest.time:%Y-%m-%d} and names one before it: older files are gone"
        return failed(text, {**_shown(trail, digest), "previousDigestS3Object": content["previousDigestS3Object"]})
    if not _began(trail, str(content.get("digestStartTime") or "")):
        text = f"the digests of trail {trail.name} begin on {digest.time:%Y-%m-%d}, and why is not known"
        undecidable(trail, ReasonCode.COVERAGE_GAP, text, operation="s3.GetObject", region=bucket.location.region)
    text = f"TOO_YOUNG: trail {trail.name} began to log on {digest.time:%Y-%m-%d}"
    return not_applicable(text, _shown(trail, digest))


def _began(trail: Trail, digest_start: str) -> bool:
    """Return whether logging is known to have begun with a digest: started then, and never stopped before."""
    status = trail.status
    if status.start_logging_time is None or status.stop_logging_time is not None:
        return False
    try:
        begin = parse_time(digest_start)
    except ValueError:
        return False
    return abs(begin - status.start_logging_time) <= _SETTLING


def _shown(trail: Trail, item: LogFile) -> dict[str, object]:
    return {trail.arn: {"oldest": item.key, "time": format_time(item.time)}}
