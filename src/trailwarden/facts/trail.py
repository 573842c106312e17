"""A CloudTrail trail: its settings, its status and what it records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trailwarden.calls import Call
from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect, reason_for_call
from trailwarden.facts.base import Subject, fact
from trailwarden.facts.bucket import LogBucket
from trailwarden.facts.key import KmsKey
from trailwarden.facts.loggroup import LogGroup
from trailwarden.facts.selectors import EventSelectors
from trailwarden.facts.times import optional_time
from trailwarden.model import Reason, ReasonCode

if TYPE_CHECKING:
    from trailwarden.facts.account import Account


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


class Trail(Subject):
    """A trail as DescribeTrails shows it, own or shadow. The plain attributes cost no call."""

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
        self.is_multi_region = bool(row.get("IsMultiRegionTrail"))
        self.is_organization_trail = bool(row.get("IsOrganizationTrail"))
        self.includes_global_service_events = bool(row.get("IncludeGlobalServiceEvents"))
        self.log_file_validation = bool(row.get("LogFileValidationEnabled"))
        self.has_custom_event_selectors: bool | None = row.get("HasCustomEventSelectors")
        self.has_insight_selectors: bool | None = row.get("HasInsightSelectors")
        self.bucket_name = str(row.get("S3BucketName") or "")
        self.key_prefix = str(row.get("S3KeyPrefix") or "")
        self.kms_key_id = str(row.get("KmsKeyId") or "")
        self.sns_topic_arn = str(row.get("SnsTopicARN") or "")
        self.log_group_arn = str(row.get("CloudWatchLogsLogGroupArn") or "")
        self.log_role_arn = str(row.get("CloudWatchLogsRoleArn") or "")
        self.bucket: LogBucket | None = None
        self.key: KmsKey | None = None
        self.log_group: LogGroup | None = None
        self._link()

    @property
    def is_shadow(self) -> bool:
        """Return whether the trail belongs to another account (an organization trail seen from a member)."""
        return self.owner != self.account_id

    def _link(self) -> None:
        """Name what the trail points to; naming reads nothing."""
        account = self.account
        if self.bucket_name:
            self.bucket = account.link(LogBucket, self.bucket_name, lambda: LogBucket(account, self.bucket_name))
            self.bucket.used_by(self)
        if self.kms_key_id:
            self.key = account.link(KmsKey, self.kms_key_id, lambda: KmsKey(account, self.kms_key_id, self.home_region))
            self.key.used_by(self)
        if self.log_group_arn:
            self.log_group = account.link(LogGroup, self.log_group_arn, lambda: LogGroup(account, self.log_group_arn))

    def read_status(self, region: str) -> TrailStatus:
        """Ask GetTrailStatus in one region, always by ARN: a name resolves in the home region only. For facts, not for checks."""
        call = self.account.call("cloudtrail.GetTrailStatus", region, Name=self.arn)
        return TrailStatus.parse(call, self._as_member_or_owner(call))

    def _as_member_or_owner(self, call: Call) -> dict[str, Any]:
        """Ask as this account; where a member is refused, ask as the trail's owner if the run reaches it."""
        try:
            return body_of(call, self.account.reply(call))
        except Unreadable as error:
            if not self.is_shadow:
                raise
            if self.owner in self.account.peers:
                as_owner = Call(self.owner, call.region, call.service, call.operation, call.params)
                return body_of(as_owner, self.account.reply(as_owner))
            if error.reason.code in (ReasonCode.NOT_FOUND, ReasonCode.ACCESS_DENIED, ReasonCode.CROSS_ACCOUNT):
                reason = error.reason
                raise Unreadable(
                    Reason(
                        ReasonCode.NOT_VISIBLE_FROM_MEMBER,
                        reason.operation,
                        reason.region,
                        reason.account,
                        reason.aws_code,
                        reason.aws_message,
                        reason.missing_action,
                    )
                ) from None
            raise

    @fact("cloudtrail.GetTrailStatus")
    def status(self) -> TrailStatus:
        """The status in the home region."""
        return self.read_status(self.home_region)

    @fact("cloudtrail.GetTrailStatus", needs=["Account.regions", "Trail.status"])
    def status_by_region(self) -> Mapping[str, TrailStatus | Reason]:
        """The status in every enabled region the trail records: all for a multi-region trail, else its home region."""
        regions = [region.name for region in self.account.regions] if self.is_multi_region else [self.home_region]
        answers: dict[str, TrailStatus | Reason] = {}
        calls = [self.account.call("cloudtrail.GetTrailStatus", region, Name=self.arn) for region in regions]
        self.account.replies(calls)  # together, so that regions are asked concurrently; read one by one below
        for region in regions:
            try:
                answers[region] = self.read_status(region)
            except Unreadable as error:
                answers[region] = error.reason
        return answers

    @fact("cloudtrail.GetEventSelectors")
    def selectors(self) -> EventSelectors:
        """What the trail records. ``HasCustomEventSelectors=false`` means AWS's default and needs no call.

        Raises:
            Unreadable: the call failed, or answered with no selector at all, which AWS never does for a trail with custom ones.
        """
        if self.has_custom_event_selectors is False:
            return EventSelectors.default()
        call = self.account.call("cloudtrail.GetEventSelectors", self.home_region, TrailName=self.arn)
        body = self._as_member_or_owner(call)
        selectors = EventSelectors.parse(body.get("EventSelectors") or [], body.get("AdvancedEventSelectors") or [])
        if not selectors.selectors:
            raise Unreadable(reason_for_call(call, ReasonCode.UNEXPECTED, message="the answer holds no event selector"))
        return selectors
