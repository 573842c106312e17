"""A CloudTrail trail: its settings, its status and what it records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trailwarden.calls import Call
from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect, reason_for_call
from trailwarden.facts.base import Subject, fact, record_call
from trailwarden.facts.bucket import LogBucket
from trailwarden.facts.history import trail_history
from trailwarden.facts.integrity import log_integrity
from trailwarden.facts.key import KmsKey
from trailwarden.facts.loggroup import LogGroup
from trailwarden.facts.logrole import log_role
from trailwarden.facts.selectors import EventSelectors
from trailwarden.facts.timeline import trail_timeline
from trailwarden.facts.times import optional_time
from trailwarden.model import Reason, ReasonCode

if TYPE_CHECKING:
    from trailwarden.facts.account import Account

_REFUSALS = (ReasonCode.NOT_FOUND, ReasonCode.ACCESS_DENIED, ReasonCode.CROSS_ACCOUNT)
"""What a member is told about an organization trail that it may see but not look into."""


@dataclass(frozen=True, slots=True)
class TrailStatus:
    """One GetTrailStatus answer; it speaks for the region it was asked in and for no other."""

    region: str
    is_logging: bool
    start_logging_time: datetime | None
    stop_logging_time: datetime | None
    latest_delivery_time: datetime | None
    latest_delivery_error: str
    latest_digest_delivery_time: datetime | None
    latest_digest_delivery_error: str
    latest_cloudwatch_delivery_time: datetime | None
    latest_cloudwatch_delivery_error: str
    latest_notification_time: datetime | None
    latest_notification_error: str

    @classmethod
    def parse(cls, call: Call, body: Mapping[str, Any]) -> TrailStatus:
        """Read an answer; a missing IsLogging is UNEXPECTED, never "not logging"."""
        return cls(
            region=call.region,
            is_logging=bool(expect(call, dict(body), "IsLogging")),
            start_logging_time=optional_time(body.get("StartLoggingTime")),
            stop_logging_time=optional_time(body.get("StopLoggingTime")),
            latest_delivery_time=optional_time(body.get("LatestDeliveryTime")),
            latest_delivery_error=str(body.get("LatestDeliveryError") or ""),
            latest_digest_delivery_time=optional_time(body.get("LatestDigestDeliveryTime")),
            latest_digest_delivery_error=str(body.get("LatestDigestDeliveryError") or ""),
            latest_cloudwatch_delivery_time=optional_time(body.get("LatestCloudWatchLogsDeliveryTime")),
            latest_cloudwatch_delivery_error=str(body.get("LatestCloudWatchLogsDeliveryError") or ""),
            latest_notification_time=optional_time(body.get("LatestNotificationTime")),
            latest_notification_error=str(body.get("LatestNotificationError") or ""),
        )


@dataclass(frozen=True, slots=True)
class InsightSelector:
    """One kind of Insights events; no categories means AWS's default, Management."""

    insight_type: str
    categories: tuple[str, ...]


class Trail(Subject):
    """A trail as DescribeTrails shows it, own or shadow. The plain attributes cost no call beyond that listing."""

    kind = "trail"

    def __init__(self, account: Account, row: Mapping[str, Any], seen_in: tuple[str, ...]) -> None:
        arn = str(row["TrailARN"])
        self.home_region = str(row.get("HomeRegion") or arn.split(":")[3])
        super().__init__(
            id=arn,
            name=str(row.get("Name") or arn.rsplit("/", 1)[-1]),
            account_id=account.account_id,
            region=self.home_region,
        )
        self.account = account
        self.arn = arn
        self.owner = arn.split(":")[4]
        self.seen_in = seen_in
        """Regions whose DescribeTrails lists the trail."""
        self._settings = row
        listed = self.home_region if self.home_region in seen_in else seen_in[0]
        self._listing = account.call("cloudtrail.DescribeTrails", listed)
        self._bucket, self._key, self._log_group = self._link(row)

    @property
    def _row(self) -> Mapping[str, Any]:
        """Return the trail's row and note the listing that holds it: a verdict on a setting rests on that call."""
        record_call(self._listing.id)
        return self._settings

    @property
    def is_shadow(self) -> bool:
        """Return whether the trail belongs to another account (an organization trail seen from a member)."""
        return self.owner != self.account_id

    @property
    def judge(self) -> str:
        """Return the account with which the trail as a whole is judged: its owner where the run judges that too, else this one."""
        return self.owner if self.owner in self.account.peers else self.account_id

    @property
    def is_multi_region(self) -> bool:
        """Return IsMultiRegionTrail."""
        return bool(self._row.get("IsMultiRegionTrail"))

    @property
    def is_organization_trail(self) -> bool:
        """Return IsOrganizationTrail."""
        return bool(self._row.get("IsOrganizationTrail"))

    @property
    def includes_global_service_events(self) -> bool:
        """Return IncludeGlobalServiceEvents."""
        return bool(self._row.get("IncludeGlobalServiceEvents"))

    @property
    def log_file_validation(self) -> bool:
        """Return LogFileValidationEnabled."""
        return bool(self._row.get("LogFileValidationEnabled"))

    @property
    def has_custom_event_selectors(self) -> bool | None:
        """Return HasCustomEventSelectors, None where the listing leaves it out."""
        return _flag(self._row.get("HasCustomEventSelectors"))

    @property
    def has_insight_selectors(self) -> bool | None:
        """Return HasInsightSelectors, None where the listing leaves it out."""
        return _flag(self._row.get("HasInsightSelectors"))

    @property
    def bucket_name(self) -> str:
        """Return S3BucketName."""
        return str(self._row.get("S3BucketName") or "")

    @property
    def key_prefix(self) -> str:
        """Return S3KeyPrefix."""
        return str(self._row.get("S3KeyPrefix") or "")

    @property
    def kms_key_id(self) -> str:
        """Return KmsKeyId, empty when files are encrypted with S3's own keys."""
        return str(self._row.get("KmsKeyId") or "")

    @property
    def sns_topic_arn(self) -> str:
        """Return SnsTopicARN."""
        return str(self._row.get("SnsTopicARN") or "")

    @property
    def log_group_arn(self) -> str:
        """Return CloudWatchLogsLogGroupArn."""
        return str(self._row.get("CloudWatchLogsLogGroupArn") or "")

    @property
    def log_role_arn(self) -> str:
        """Return CloudWatchLogsRoleArn."""
        return str(self._row.get("CloudWatchLogsRoleArn") or "")

    @property
    def bucket(self) -> LogBucket | None:
        """Return the bucket the trail delivers to."""
        record_call(self._listing.id)
        return self._bucket

    @property
    def key(self) -> KmsKey | None:
        """Return the key the trail encrypts with, or None."""
        record_call(self._listing.id)
        return self._key

    @property
    def log_group(self) -> LogGroup | None:
        """Return the log group the trail streams to, or None."""
        record_call(self._listing.id)
        return self._log_group

    def _link(self, row: Mapping[str, Any]) -> tuple[LogBucket | None, KmsKey | None, LogGroup | None]:
        """Name what the trail points to; naming reads nothing."""
        account = self.account
        bucket = key = log_group = None
        name, key_id, group_arn = (
            str(row.get(field) or "") for field in ("S3BucketName", "KmsKeyId", "CloudWatchLogsLogGroupArn")
        )
        if name:
            bucket = account.link(LogBucket, name, lambda: LogBucket(account, name))
            bucket.used_by(self)
        if key_id:
            key = account.link(KmsKey, key_id, lambda: KmsKey(account, key_id, self.home_region))
            key.used_by(self)
        if group_arn:
            log_group = account.link(LogGroup, group_arn, lambda: LogGroup(account, group_arn))
        return bucket, key, log_group

    @fact("cloudtrail.GetTrailStatus")
    def status(self) -> TrailStatus:
        """The status in the home region."""
        return read_status(self.account, self.arn, self.home_region)

    @fact("cloudtrail.GetTrailStatus", needs=["Account.regions", "Trail.status"])
    def status_by_region(self) -> Mapping[str, TrailStatus | Reason]:
        """The status in every enabled region the trail records: all for a multi-region trail, else its home region."""
        regions = [region.name for region in self.account.regions] if self.is_multi_region else []
        regions = sorted({*regions, self.home_region})
        answers: dict[str, TrailStatus | Reason] = {}
        calls = [self.account.call("cloudtrail.GetTrailStatus", region, Name=self.arn) for region in regions]
        self.account.replies(calls)  # together, so that regions are asked concurrently; read one by one below
        for region in regions:
            try:
                answers[region] = read_status(self.account, self.arn, region)
            except Unreadable as error:
                answers[region] = error.reason
        return answers

    @fact("cloudtrail.GetEventSelectors")
    def selectors(self) -> EventSelectors:
        """What the trail records. ``HasCustomEventSelectors=false`` means AWS's default and needs no call.

        Raises:
            Unreadable: the call failed; UNPARSEABLE for a selector of a kind that is not known; UNEXPECTED for no selector at all,
                which AWS never answers for a trail with custom ones.
        """
        if self.has_custom_event_selectors is False:
            return EventSelectors.default()
        call = self.account.call("cloudtrail.GetEventSelectors", self.home_region, TrailName=self.arn)
        body = ask_member_or_owner(self.account, self.arn, call)
        basic, advanced = body.get("EventSelectors") or [], body.get("AdvancedEventSelectors") or []
        if not basic and not advanced:
            raise Unreadable(reason_for_call(call, ReasonCode.UNEXPECTED, message="the answer holds no event selector"))
        try:
            return EventSelectors.parse(basic, advanced)
        except ValueError as error:
            raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=str(error))) from None

    @fact("cloudtrail.GetInsightSelectors")
    def insights(self) -> tuple[InsightSelector, ...]:
        """The Insights events that the trail records; ``HasInsightSelectors=false`` means none and needs no call."""
        if self.has_insight_selectors is False:
            return ()
        call = self.account.call("cloudtrail.GetInsightSelectors", self.home_region, TrailName=self.arn)
        try:
            body = ask_member_or_owner(self.account, self.arn, call)
        except Unreadable as error:
            if error.reason.aws_code == "InsightNotEnabledException":
                return ()
            raise
        rows = expect(call, body, "InsightSelectors")
        return tuple(InsightSelector(str(row["InsightType"]), tuple(row.get("EventCategories") or ())) for row in rows)

    integrity = log_integrity
    log_role = log_role
    history = trail_history
    timeline = trail_timeline

    @fact("cloudtrail.ListTags")
    def tags(self) -> tuple[str, ...]:
        """The keys of the trail's tags, sorted, without AWS's own; of a shadow nothing is asked."""
        call = self.account.call("cloudtrail.ListTags", self.home_region, ResourceIdList=[self.arn])
        if self.is_shadow:
            text = f"tags are readable in account {self.owner} only"
            raise Unreadable(reason_for_call(call, ReasonCode.NOT_VISIBLE_FROM_MEMBER, message=text))
        resources = expect(call, body_of(call, self.account.reply(call)), "ResourceTagList")
        keys = {str(tag["Key"]) for item in resources for tag in item.get("TagsList") or ()}
        return tuple(sorted(key for key in keys if not key.startswith("aws:")))

    @fact("sns.ListSubscriptionsByTopic")
    def subscriptions(self) -> tuple[str, ...]:
        """The SubscriptionArn of each subscription of the trail's topic; a word in its place says that it is not confirmed or deleted.

        Raises:
            Unreadable: refused; CROSS_ACCOUNT for another account's topic.
        """
        if not self.sns_topic_arn:
            return ()
        _, _, _, region, owner, _ = self.sns_topic_arn.split(":", 5)
        asker = owner if owner in self.account.peers else self.account_id
        call = self.account.call("sns.ListSubscriptionsByTopic", region, asker=asker, TopicArn=self.sns_topic_arn)
        try:
            rows = expect(call, body_of(call, self.account.reply(call)), "Subscriptions")
        except Unreadable as error:
            if asker != owner and error.reason.code in _REFUSALS:
                raise self.account.out_of_reach(error.reason, owner) from None
            raise
        return tuple(str(row.get("SubscriptionArn") or "") for row in rows)


def read_status(account: Account, arn: str, region: str) -> TrailStatus:
    """Ask GetTrailStatus in one region, always by ARN: a name resolves in the home region only. For facts, not for checks."""
    call = account.call("cloudtrail.GetTrailStatus", region, Name=arn)
    return TrailStatus.parse(call, ask_member_or_owner(account, arn, call))


def ask_member_or_owner(account: Account, arn: str, call: Call) -> dict[str, Any]:
    """Ask about a trail as this account; where a member is refused, ask as the trail's owner if the run reaches it.

    Raises:
        Unreadable: NOT_VISIBLE_FROM_MEMBER for a shadow that the member may not look into; NOT_FOUND for an own trail that is gone.
    """
    owner = arn.split(":")[4]
    try:
        return body_of(call, account.reply(call))
    except Unreadable as error:
        reason = error.reason
        if owner == account.account_id:
            # The codes that tell a member that a shadow is out of its reach say of an own trail that it was deleted meanwhile.
            code = ReasonCode.NOT_FOUND if reason.code is ReasonCode.NOT_VISIBLE_FROM_MEMBER else reason.code
            raise Unreadable(replace(reason, code=code)) from None
        if owner in account.peers:
            as_owner = replace(call, account=owner)
            return body_of(as_owner, account.reply(as_owner))
        if reason.code in _REFUSALS:
            raise Unreadable(replace(reason, code=ReasonCode.NOT_VISIBLE_FROM_MEMBER)) from None
        raise


def _flag(value: object) -> bool | None:
    return None if value is None else bool(value)
