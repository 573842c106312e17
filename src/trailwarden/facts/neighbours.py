"""What stands beside the trail in a region: AWS Config, GuardDuty, Security Hub, Access Analyzer and VPC flow logs.

The functions are facts of ``Region``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect
from trailwarden.facts.base import Population, Subject, fact
from trailwarden.facts.times import optional_time
from trailwarden.model import Json, Reason

if TYPE_CHECKING:
    from trailwarden.facts.account import Account
    from trailwarden.facts.region import Region

LONGEST_RETENTION = 2557
"""Days, AWS Config's default."""
GLOBAL_TYPES = ("AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User")
"""The resource types of global services that a Config recorder may include."""


@dataclass(frozen=True, slots=True)
class ConfigRecorder:
    """The customer managed recorder of a region. ``strategy`` is AWS's useOnly, empty on recorders that predate it."""

    recording: bool
    last_status: str
    all_supported: bool
    includes_global: bool
    strategy: str
    listed: tuple[str, ...]
    excluded: tuple[str, ...]
    started: datetime | None = None
    stopped: datetime | None = None
    """When it was last started and stopped."""

    def records(self, resource_type: str) -> bool:
        """Return whether items of a type are recorded, global types as far as the recorder is told to."""
        if resource_type in self.excluded:
            return False
        if self.all_supported:
            return self.includes_global or resource_type not in GLOBAL_TYPES
        return self.strategy == "EXCLUSION_BY_RESOURCE_TYPES" or resource_type in self.listed

    @property
    def records_everything(self) -> bool:
        """Return whether every supported regional type is recorded."""
        return self.all_supported and not self.excluded

    @property
    def records_global(self) -> bool:
        """Return whether the resource types of global services are recorded here."""
        return all(self.records(item) for item in GLOBAL_TYPES)


@dataclass(frozen=True, slots=True)
class ConfigDelivery:
    """One delivery channel; statuses are Success, Failure, Not_Applicable or empty."""

    name: str
    stream_status: str
    history_status: str
    history_success: datetime | None


@dataclass(frozen=True, slots=True)
class Detector:
    """A GuardDuty detector with the features that are on."""

    id: str
    status: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Analyzer:
    """An analyzer of IAM Access Analyzer."""

    type: str
    status: str


@dataclass(frozen=True, slots=True)
class FlowLog:
    """One flow log of a VPC, a subnet or an interface."""

    resource: str
    status: str
    delivery: str
    traffic: str
    destination: str

    def to_json(self) -> dict[str, Json]:
        """Return what decides, under AWS's names."""
        return {"FlowLogStatus": self.status, "DeliverLogsStatus": self.delivery, "TrafficType": self.traffic}


def _ask(region: Region, operation: str, key: str, **params: Json) -> Any:
    call = region.account.call(operation, region.name, **params)
    return expect(call, body_of(call, region.account.reply(call)), key)


@fact("config.DescribeConfigurationRecorders", "config.DescribeConfigurationRecorderStatus")
def config_recorder(region: Region) -> ConfigRecorder | None:
    """The customer managed recorder of AWS Config; a region has one at most."""
    rows = _ask(region, "config.DescribeConfigurationRecorders", "ConfigurationRecorders")
    if not rows:
        return None
    states = _ask(region, "config.DescribeConfigurationRecorderStatus", "ConfigurationRecordersStatus")
    state: Mapping[str, Any] = next((item for item in states if item.get("name") == rows[0].get("name")), {})
    group = rows[0].get("recordingGroup") or {}
    return ConfigRecorder(
        recording=state.get("recording") is True,
        last_status=str(state.get("lastStatus") or ""),
        all_supported=group.get("allSupported") is True,
        includes_global=group.get("includeGlobalResourceTypes") is True,
        strategy=str((group.get("recordingStrategy") or {}).get("useOnly") or ""),
        listed=tuple(group.get("resourceTypes") or ()),
        excluded=tuple((group.get("exclusionByResourceTypes") or {}).get("resourceTypes") or ()),
        started=optional_time(state.get("lastStartTime")),
        stopped=optional_time(state.get("lastStopTime")),
    )


@fact("config.DescribeRetentionConfigurations")
def config_retention(region: Region) -> int:
    """For how many days AWS Config keeps its items: seven years, unless told otherwise."""
    rows = _ask(region, "config.DescribeRetentionConfigurations", "RetentionConfigurations")
    return int(rows[0]["RetentionPeriodInDays"]) if rows else LONGEST_RETENTION


@fact("config.DescribeDeliveryChannelStatus")
def config_deliveries(region: Region) -> tuple[ConfigDelivery, ...]:
    """The delivery channels of AWS Config."""
    rows = _ask(region, "config.DescribeDeliveryChannelStatus", "DeliveryChannelsStatus")
    found = []
    for row in rows:
        stream, history = row.get("configStreamDeliveryInfo") or {}, row.get("configHistoryDeliveryInfo") or {}
        found.append(
            ConfigDelivery(
                str(row.get("name") or ""),
                str(stream.get("lastStatus") or ""),
                str(history.get("lastStatus") or ""),
                optional_time(history.get("lastSuccessfulTime")),
            )
        )
    return tuple(found)


@fact("guardduty.ListDetectors", "guardduty.GetDetector")
def detectors(region: Region) -> tuple[Detector, ...]:
    """The GuardDuty detectors; a region has one at most."""
    found = []
    for identity in _ask(region, "guardduty.ListDetectors", "DetectorIds"):
        call = region.account.call("guardduty.GetDetector", region.name, DetectorId=identity)
        body = body_of(call, region.account.reply(call))
        features = tuple(str(item["Name"]) for item in body.get("Features") or () if item.get("Status") == "ENABLED")
        found.append(Detector(str(identity), str(expect(call, body, "Status")), features))
    return tuple(found)


@fact("securityhub.DescribeHub")
def hub_arn(region: Region) -> str:
    """The ARN of Security Hub, empty where the account has not enabled it."""
    call = region.account.call("securityhub.DescribeHub", region.name)
    reply = region.account.reply(call)
    if reply.error is not None and reply.error.code == "InvalidAccessException":
        return ""
    return str(expect(call, body_of(call, reply), "HubArn"))


@fact("accessanalyzer.ListAnalyzers")
def analyzers(region: Region) -> tuple[Analyzer, ...]:
    """The analyzers of IAM Access Analyzer."""
    rows = _ask(region, "accessanalyzer.ListAnalyzers", "analyzers")
    return tuple(Analyzer(str(row["type"]), str(row.get("status") or "")) for row in rows)


@fact("ec2.DescribeFlowLogs")
def flow_logs(region: Region) -> tuple[FlowLog, ...]:
    """Every flow log of the region."""
    return tuple(
        FlowLog(
            str(row.get("ResourceId") or ""),
            str(row.get("FlowLogStatus") or ""),
            str(row.get("DeliverLogsStatus") or ""),
            str(row.get("TrafficType") or ""),
            str(row.get("LogDestination") or row.get("LogGroupName") or ""),
        )
        for row in _ask(region, "ec2.DescribeFlowLogs", "FlowLogs")
    )


class Vpc(Subject):
    """A virtual private cloud."""

    kind = "vpc"

    def __init__(self, region: Region, row: Mapping[str, Any]) -> None:
        account = region.account
        identity = str(row["VpcId"])
        super().__init__(
            id=f"arn:{account.partition}:ec2:{region.name}:{account.account_id}:vpc/{identity}",
            name=identity,
            account_id=account.account_id,
            region=region.name,
        )
        self.account = account
        self.is_default = row.get("IsDefault") is True
        self._region = region

    @fact(needs=["Region.flow_logs"])
    def flow_logs(self) -> tuple[FlowLog, ...]:
        """The flow logs of the VPC as a whole; those of single subnets and interfaces are not among them."""
        return tuple(item for item in self._region.flow_logs if item.resource == self.name)

    @fact("ec2.DescribeNetworkInterfaces")
    def has_interfaces(self) -> bool:
        """Whether anything is attached to the VPC."""
        wanted: list[Json] = [{"Name": "vpc-id", "Values": [self.name]}]
        return bool(_ask(self._region, "ec2.DescribeNetworkInterfaces", "NetworkInterfaces", Filters=wanted))


def list_vpcs(account: Account) -> Population[Vpc]:
    """Return the VPCs of every enabled region; a region that can't be read is a gap."""
    regions = account.regions
    account.replies([account.call("ec2.DescribeVpcs", region.name) for region in regions])  # asked concurrently
    found: list[Vpc] = []
    gaps: list[Reason] = []
    excluded: list[tuple[str, str]] = []
    for region in regions:
        try:
            rows = _ask(region, "ec2.DescribeVpcs", "Vpcs")
        except Unreadable as error:
            gaps.append(error.reason)
            continue
        for row in sorted(rows, key=lambda row: str(row["VpcId"])):
            owner = str(row.get("OwnerId") or account.account_id)
            if owner == account.account_id:
                found.append(account.link(Vpc, str(row["VpcId"]), partial(Vpc, region, row)))
            else:  # only its owner can see, or make, flow logs of a shared VPC
                excluded.append((str(row["VpcId"]), f"shared by account {owner}"))
    return Population(found, gaps, source="ec2.DescribeVpcs", pages=len(regions) - len(gaps), excluded=excluded)
