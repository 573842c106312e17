"""history-config-timeline."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, Status, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import Account, ConfigItem, LogBucket, Region, Trail, format_time
from trailwarden.facts.timeline import BUCKET_TYPE, TRAIL_TYPE
from trailwarden.judgements.history import period_of, period_start_param
from trailwarden.judgements.integrity import Period, span
from trailwarden.kleene import together

_SWITCHES = ("isMultiRegionTrail", "logFileValidationEnabled", "includeGlobalServiceEvents", "isOrganizationTrail")
_LINKS = ("kmsKeyId", "cloudWatchLogsLogGroupArn")
_BLOCKS = ("blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets")


@dataclass(frozen=True)
class Params:
    use: bool = param(False, "Whether AWS Config's items are looked at.")
    period_start: str = period_start_param()


@check(
    Trail,
    reads_if=[
        (
            lambda params: params.use,
            [Account.regions, Region.config_recorder, Region.config_retention, Trail.timeline],
        ),
        (lambda params: params.use, [LogBucket.location, LogBucket.timeline]),
    ],
)
def history_config_timeline(trail: Trail, params: Params) -> Finding:
    """AWS Config timeline shows trail and bucket stayed compliant.

    Why: it is a second, independent source on what the settings were, and it reaches back up to seven years.

    Fix: nothing repairs the past; find out who made the change, and record AWS::CloudTrail::Trail and AWS::S3::Bucket without interruption:
    `aws configservice get-resource-config-history --resource-type AWS::CloudTrail::Trail --resource-id NAME`. In Terraform
    `aws_config_configuration_recorder`.

    Error: Config never saw the resource, keeps its items for less than the period, or did not record all of it. With daily recording, what
    lasted less than a day is not seen; whether the trail was logging is not part of every item.

    Source: https://docs.aws.amazon.com/config/latest/developerguide/view-manage-resource-console.html
    """
    if not params.use:
        return not_applicable("items of AWS Config were not asked for (use: false)")
    period = period_of(trail.account, params.period_start)
    findings = together(
        lambda: _judge(trail.home_region, TRAIL_TYPE, period, trail, lambda: trail.timeline),
        lambda: _judge_bucket(trail.bucket, period),
    )
    observed = {name: value for item in findings for name, value in item.observed.items()}
    faults = [item.message for item in findings if item.status is Status.FAIL]
    if faults:
        return failed("; ".join(faults), observed, {"weaker": []})
    if all(item.status is Status.NOT_APPLICABLE for item in findings):
        return not_applicable("; ".join(item.message for item in findings))
    notes = [item.message for item in findings if item.status is Status.NOT_APPLICABLE]
    text = f"trail {trail.name} and its bucket were never weaker {span((period.start, period.end))}"
    return passed(text, observed, {"weaker": []}, *notes)


def _judge_bucket(bucket: LogBucket | None, period: Period) -> Finding:
    if bucket is None:
        return not_applicable("the trail names no bucket")
    region = bucket.location.region
    return _judge(region, BUCKET_TYPE, period, bucket, lambda: bucket.timeline)


def _judge(
    region_name: str,
    kind: str,
    period: Period,
    subject: Trail | LogBucket,
    timeline: Callable[[], Sequence[ConfigItem]],
) -> Finding:
    """Judge the items of one resource.

    Raises:
        Unreadable: COVERAGE_GAP; items do not cover the period.
    """
    account, what = subject.account, f"{subject.kind} {subject.name}"
    region = next((item for item in account.regions if item.name == region_name), None)
    recorder = region.config_recorder if region is not None else None
    if region is None or recorder is None or not recorder.records(kind):
        return not_applicable(f"AWS Config does not record {kind} in {region_name}")
    gap = ""
    if not recorder.recording or recorder.started is None or recorder.started > period.start:
        gap = "the recorder did not run all the time"
    elif region.config_retention < (account.now - period.start).days:
        gap = f"items are kept for {region.config_retention} days only"
    items = timeline()
    before = [item for item in items if item.time <= period.start]
    relevant = [*before[-1:], *(item for item in items if item.time > period.start)]
    weak = list(_weak(relevant))
    observed = {f"{what}, items": len(relevant), f"{what}, weaker": weak}
    if weak:
        return failed(f"{what} was weaker: {'; '.join(weak[:5])}", observed)
    # What began as a discovery within the period did not exist before it.
    if not gap and not before and not (relevant and relevant[0].status == "ResourceDiscovered"):
        gap = "no item tells of its beginning"
    if gap:
        text = f"{what} {span((period.start, period.end))}: {gap}"
        undecidable(
            account, ReasonCode.COVERAGE_GAP, text, operation="config.GetResourceConfigHistory", region=region_name
        )
    return passed("", observed)


def _weak(items: Sequence[ConfigItem]) -> Iterable[str]:
    """Yield what an item lacks that another one has: the resource itself, or a protection."""
    for item in items:
        if item.deleted:
            yield f"it was deleted by {format_time(item.time)}"
    settings = [(item, dict(_protections(item))) for item in items if not item.deleted]
    names = sorted({name for _, found in settings for name, on in found.items() if on})
    for name in names:
        lacking = next((item for item, found in settings if found.get(name) is False), None)
        if lacking is not None:
            yield f"{name} was off on {format_time(lacking.time)}"
    places = {str(item.configuration.get("s3BucketName") or "") for item, _ in settings} - {""}
    if len(places) > 1:
        yield f"it delivered to buckets {', '.join(sorted(places))}"


def _protections(item: ConfigItem) -> Iterable[tuple[str, bool]]:
    """Yield which protections an item shows to be on or off; of what it does not mention nothing is known."""
    for name in _SWITCHES:
        if isinstance(item.configuration.get(name), bool):
            yield name, item.configuration[name]
    if any(name in item.configuration for name in _SWITCHES):  # an item of a trail leaves out what is not set
        yield from ((name, bool(item.configuration.get(name))) for name in _LINKS)
    versioning = item.supplementary.get("BucketVersioningConfiguration")
    if versioning:
        yield "versioning", versioning.get("status") == "Enabled"
    blocks = item.supplementary.get("PublicAccessBlockConfiguration")
    if blocks:
        yield from ((name, blocks.get(name) is True) for name in _BLOCKS)
