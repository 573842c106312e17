"""The account under audit: its regions, its trails, and the buckets, keys and log groups that the trails name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from trailwarden.calls import Call, Reader, Reply
from trailwarden.errors import Unreadable
from trailwarden.facts.base import Population, Subject, fact, record_call
from trailwarden.facts.operations import iam_action
from trailwarden.model import Json, Reason, ReasonCode
from trailwarden.reasons import CROSS_ACCOUNT, DENIALS, reason_code

if TYPE_CHECKING:
    from trailwarden.facts.alarms import Alarm
    from trailwarden.facts.bucket import LogBucket
    from trailwarden.facts.eventrules import EventRules
    from trailwarden.facts.history import History
    from trailwarden.facts.iam import IamPrincipal, Simulator
    from trailwarden.facts.key import KmsKey
    from trailwarden.facts.lake import EventDataStore
    from trailwarden.facts.loggroup import LogGroup
    from trailwarden.facts.neighbours import Vpc
    from trailwarden.facts.organization import Organization
    from trailwarden.facts.region import Region
    from trailwarden.facts.topic import Topic
    from trailwarden.facts.trail import Trail

GLOBAL_REGION: Mapping[str, str] = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
"""Where a partition's global services answer and record their events (controls catalogue, trail-global-service-events)."""

X = TypeVar("X", bound=Subject)
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RegionInfo:
    """One row of ec2 DescribeRegions."""

    name: str
    opt_in_status: str

    @property
    def enabled(self) -> bool:
        """Return whether the account can use the region; an unknown status counts as enabled, so that it is looked at."""
        return self.opt_in_status != "not-opted-in"


class Account(Subject):
    """An AWS account. Everything else hangs off it.

    Args:
        account_id: twelve digits.
        reader: answers the calls.
        now: the instant the verdicts refer to, UTC.
        partition: aws, aws-us-gov or aws-cn.
        only_regions: the regions the user asked for; empty means every enabled one.
        peers: accounts whose credentials the reader holds as well; objects they own are read there.
        log_accounts: peers that may own log buckets, asked about a bucket that is not the account's own.
        role: the role that other accounts are read with, as an ARN in which ``{account}`` stands for the account; empty where none are.
    """

    kind = "account"

    def __init__(
        self,
        account_id: str,
        *,
        reader: Reader,
        now: datetime,
        partition: str = "aws",
        only_regions: Iterable[str] = (),
        peers: Iterable[str] = (),
        log_accounts: Iterable[str] = (),
        role: str = "",
    ) -> None:
        self.partition = partition
        self.global_region = GLOBAL_REGION.get(partition, "us-east-1")
        super().__init__(
            id=f"arn:{partition}:iam::{account_id}:root",
            name=account_id,
            account_id=account_id,
            region=self.global_region,
        )
        self.account = self
        self.now = now
        self.only_regions = tuple(only_regions)
        self.peers = frozenset(peers) | {account_id}
        self.log_accounts = tuple(item for item in log_accounts if item in self.peers)
        self._role = role
        self._reader = reader
        self._linked: dict[tuple[type[Subject], str], Subject] = {}
        self._links_lock = threading.RLock()  # a trail links its bucket, key and log group while it is made

    # --- asking ---------------------------------------------------------------------------------------------------

    def call(self, operation: str, region: str, *, asker: str = "", **params: Json) -> Call:
        """Return the call ``service.Operation`` in a region, asked with the credentials of ``asker`` (default: this account)."""
        service, _, name = operation.partition(".")
        return Call.of(asker or self.account_id, region, service, name, **params)

    def reply(self, call: Call) -> Reply:
        """Ask one call and note it in the running trace."""
        record_call(call.id)
        return self._reader.ask(call)

    def replies(self, calls: list[Call]) -> list[Reply]:
        """Ask independent calls together and note them in the running trace."""
        for call in calls:
            record_call(call.id)
        return self._reader.ask_all(calls)

    def ask(self, operation: str, region: str, *, asker: str = "", **params: Json) -> Body:
        """Return the body of a reply.

        Raises:
            Unreadable: AWS answered with an error, or nothing answered.
        """
        call = self.call(operation, region, asker=asker, **params)
        return body_of(call, self.reply(call))

    def out_of_reach(self, reason: Reason, owner: str = "") -> Unreadable:
        """Return the error for an object of another account that could not be read as its owner: CROSS_ACCOUNT.

        Args:
            reason: what was answered to this account.
            owner: the account of the object; empty where nobody knows it.
        """
        message = reason.aws_message
        if self._role:
            needed = (
                f"needs the role {self._role.replace('{account}', owner)}" if owner else "needs a role in its account"
            )
            message = "; ".join(part for part in (message, needed) if part)
        return Unreadable(replace(reason, code=ReasonCode.CROSS_ACCOUNT, aws_message=message))

    def link(self, kind: type[X], key: str, make: Callable[[], X]) -> X:
        """Return the one object of a kind with this key, making it when first named."""
        with self._links_lock:
            found = self._linked.get((kind, key))
            if found is None:
                found = self._linked[kind, key] = make()
        assert isinstance(found, kind)
        return found

    # --- facts ----------------------------------------------------------------------------------------------------

    @fact("ec2.DescribeRegions")
    def region_list(self) -> tuple[RegionInfo, ...]:
        """Every region of the partition with its opt-in status, by name."""
        body = self.ask("ec2.DescribeRegions", self.global_region, AllRegions=True)
        rows = [RegionInfo(str(row["RegionName"]), str(row.get("OptInStatus", ""))) for row in body.get("Regions", [])]
        if not rows:
            call = self.call("ec2.DescribeRegions", self.global_region, AllRegions=True)
            raise Unreadable(reason_for_call(call, ReasonCode.UNEXPECTED, message="the answer lists no region"))
        return tuple(sorted(rows, key=lambda row: row.name))

    @fact(needs=["Account.region_list"])
    def regions(self) -> Population[Region]:
        """The enabled regions, narrowed to those the user asked for; the others are listed as excluded."""
        from trailwarden.facts.region import Region  # noqa: PLC0415 - a region needs this module

        excluded: list[tuple[str, str]] = []
        found: list[Region] = []
        for row in self.region_list:
            if not row.enabled:
                excluded.append((row.name, "region is not enabled in this account"))
            elif self.only_regions and row.name not in self.only_regions:
                excluded.append((row.name, "not among the regions asked for"))
            else:
                found.append(self.link(Region, row.name, lambda row=row: Region(self, row)))  # type: ignore[misc]  # mypy can't infer a lambda with a default
        return Population(found, source="ec2.DescribeRegions", pages=1, excluded=excluded)

    @fact("cloudtrail.DescribeTrails", needs=["Account.regions"])
    def listings(self) -> Mapping[str, tuple[Body, ...] | Reason]:
        """What DescribeTrails answered in each region: its rows, or why it could not be read."""
        names = [region.name for region in self.regions]
        calls = [self.call("cloudtrail.DescribeTrails", name) for name in names]
        listed: dict[str, tuple[Body, ...] | Reason] = {}
        for name, call, reply in zip(names, calls, self.replies(calls), strict=True):
            try:
                listed[name] = tuple(expect(call, body_of(call, reply), "trailList"))
            except Unreadable as error:
                listed[name] = error.reason
        return listed

    @fact(needs=["Account.listings"])
    def trails(self) -> Population[Trail]:
        """Own trails and organization shadows, each once, whatever the number of regions that list it."""
        from trailwarden.facts.trail import Trail  # noqa: PLC0415 - a trail needs this module

        rows: dict[str, Body] = {}
        seen: dict[str, list[str]] = {}
        gaps: list[Reason] = []
        for region, listing in self.listings.items():
            if isinstance(listing, Reason):
                gaps.append(listing)
                continue
            for row in listing:
                arn = str(row["TrailARN"])
                seen.setdefault(arn, []).append(region)
                # Settings are the same wherever a trail is listed; the home region's row wins so that the choice is stable.
                if arn not in rows or row.get("HomeRegion") == region:
                    rows[arn] = row
        found = [
            self.link(Trail, arn, lambda arn=arn: Trail(self, rows[arn], tuple(seen[arn])))  # type: ignore[misc]  # as above
            for arn in sorted(rows)
        ]
        pages = len(self.listings) - len(gaps)
        return Population(found, gaps, source="cloudtrail.DescribeTrails", pages=pages)

    @fact("s3.ListBuckets")
    def bucket_names(self) -> tuple[str, ...]:
        """The names of all buckets of the account, sorted."""
        call = self.call("s3.ListBuckets", self.global_region)
        rows = expect(call, body_of(call, self.reply(call)), "Buckets")
        return tuple(sorted(str(row["Name"]) for row in rows))

    @fact("lambda.ListFunctions", needs=["Account.regions"])
    def has_functions(self) -> bool:
        """Whether there is a Lambda function in a region; the first region with one ends the search.

        Raises:
            Unreadable: none was found, and a region could not be read.
        """
        unread: Unreadable | None = None
        for region in self.regions:
            call = self.call("lambda.ListFunctions", region.name)
            try:
                if expect(call, body_of(call, self.reply(call)), "Functions"):
                    return True
            except Unreadable as error:
                unread = unread or error
        if unread is not None:
            raise unread
        return False

    @fact(needs=["Account.trails"])
    def buckets(self) -> Population[LogBucket]:
        """The buckets that trails deliver to."""
        return self._named_by_trails(lambda trail: trail.bucket)

    @fact(needs=["Account.trails"])
    def keys(self) -> Population[KmsKey]:
        """The KMS keys that trails encrypt with."""
        return self._named_by_trails(lambda trail: trail.key)

    @fact(needs=["Account.trails"])
    def log_groups(self) -> Population[LogGroup]:
        """The log groups that trails stream to."""
        return self._named_by_trails(lambda trail: trail.log_group)

    @fact(needs=["Account.log_groups", "LogGroup.metric_filters", "LogGroup.alarms"])
    def alarms(self) -> Population[Alarm]:
        """The alarms on metrics that the trails' log groups feed; those of another account are that account's."""
        from trailwarden.facts.alerting import trail_alarms  # noqa: PLC0415 - it needs this module

        return trail_alarms(self)

    @fact("events.ListRules", "events.ListTargetsByRule")
    def event_rules(self) -> EventRules:
        """The EventBridge rules on default buses; what is asked of it is read then."""
        from trailwarden.facts.eventrules import EventRules  # noqa: PLC0415 - it needs this module

        return EventRules(self)

    @fact(needs=["Account.alarms", "Account.log_groups", "LogGroup.alarms"])
    def topics(self) -> Population[Topic]:
        """The SNS topics that these alarms, composite alarms over them, and alarms on a silent log group notify."""
        from trailwarden.facts.alerting import alert_topics  # noqa: PLC0415 - it needs this module

        return alert_topics(self)

    @fact("iam.GetAccountAuthorizationDetails")
    def principals(self) -> tuple[IamPrincipal, ...]:
        """The users and roles with all their policies, service-linked roles aside."""
        from trailwarden.facts.iam import list_principals  # noqa: PLC0415 - it needs this module

        return list_principals(self)

    @fact("iam.SimulatePrincipalPolicy")
    def simulator(self) -> Simulator:
        """IAM's policy simulator; what is asked of it is read then."""
        from trailwarden.facts.iam import Simulator  # noqa: PLC0415 - it needs this module

        return Simulator(self)

    @fact("cloudtrail.LookupEvents", needs=["Account.regions"])
    def trail_history(self) -> History:
        """What was done to trails in every enabled region, as far as the event history of this account reaches back."""
        from trailwarden.facts.history import trail_history_everywhere  # noqa: PLC0415 - it needs this module

        return trail_history_everywhere(self)

    @fact("cloudtrail.ListEventDataStores", needs=["Account.regions"])
    def event_data_stores(self) -> Population[EventDataStore]:
        """The event data stores of CloudTrail Lake, the organization's among them."""
        from trailwarden.facts.lake import list_stores  # noqa: PLC0415 - it needs this module

        return list_stores(self)

    @fact("ec2.DescribeVpcs", needs=["Account.regions"])
    def vpcs(self) -> Population[Vpc]:
        """The VPCs of the enabled regions."""
        from trailwarden.facts.neighbours import list_vpcs  # noqa: PLC0415 - it needs this module

        return list_vpcs(self)

    @property
    def organization(self) -> Organization:
        """Return the organization as this account sees it; whether there is one is for its facts to say."""
        from trailwarden.facts.organization import Organization  # noqa: PLC0415 - it needs this module

        return self.link(Organization, self.account_id, lambda: Organization(self))

    @fact(needs=["Organization.membership"])
    def organizations(self) -> Population[Organization]:
        """The organization that the account belongs to, if it belongs to one."""
        found = [self.organization] if self.organization.membership.exists else []
        return Population(found, source="organizations.DescribeOrganization", pages=1)

    def _named_by_trails(self, pick: Callable[[Trail], X | None]) -> Population[X]:
        trails = self.trails
        found = {item.id: item for item in (pick(trail) for trail in trails) if item is not None}
        return Population((found[key] for key in sorted(found)), trails.gaps, source=trails.source, pages=trails.pages)


def body_of(call: Call, reply: Reply) -> Body:
    """Return the body of a reply.

    Raises:
        Unreadable: the reply is an error.
    """
    if reply.error is None:
        return reply.body or {}
    error = reply.error
    code = reason_code(call.service, call.operation, error.code, error.message, error.status)
    raise Unreadable(reason_for_call(call, code, aws_code=error.code, message=error.message))


def reason_for_call(call: Call, code: ReasonCode, *, aws_code: str = "", message: str = "") -> Reason:
    """Return the reason why a call gave no usable answer, with the IAM action that was missing if it was refused."""
    return Reason(
        code,
        operation=call.name,
        region=call.region,
        account=call.account,
        aws_code=aws_code,
        aws_message=message,
        missing_action=("sts:AssumeRole" if aws_code == CROSS_ACCOUNT else iam_action(call.name))
        if code in DENIALS
        else "",
    )


def expect(call: Call, body: Body, key: str) -> Any:
    """Return ``body[key]``.

    Raises:
        Unreadable: UNEXPECTED; an empty 200 where AWS documents a value is not an absence.
    """
    if key not in body:
        raise Unreadable(reason_for_call(call, ReasonCode.UNEXPECTED, message=f"the answer lacks {key}"))
    return body[key]
