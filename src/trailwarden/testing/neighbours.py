"""Builds what stands beside the trail in every region of a World: Config, GuardDuty, Security Hub, Access Analyzer, VPCs with flow logs."""

from __future__ import annotations

from trailwarden.model import Json
from trailwarden.testing.world import World, ago

DETECTOR = "12abc34d567e8fa901bc2d34e56789f0"
RECORDER = "default"


class Neighbours:
    """Everything on and healthy in every region, and no VPC; methods state one answer anew, so later overrides win.

    Args:
        world: to extend.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._vpcs: dict[str, list[dict[str, Json]]] = {region: [] for region in world.regions}
        self._flow_logs: dict[str, list[dict[str, Json]]] = {region: [] for region in world.regions}
        for region in world.regions:
            self.recorder(region, includeGlobalResourceTypes=region == world.regions[-1])
            self.recorder_status(region)
            self.delivery(region)
            self.detector(region)
            self.analyzers(region, {"type": "ACCOUNT", "status": "ACTIVE"})
            self._answer(region)
            hub = f"arn:{world.partition}:securityhub:{region}:{world.account_id}:hub/default"
            world.reply(
                "securityhub.DescribeHub", {"HubArn": hub, "SubscribedAt": ago(world.now, days=90)}, region=region
            )

    def recorder(self, region: str, **group: Json) -> None:
        """State the recorder of a region; ``group`` overrides fields of its recordingGroup by AWS's names."""
        fields: dict[str, Json] = {
            "allSupported": True,
            "includeGlobalResourceTypes": False,
            "resourceTypes": [],
            "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
        }
        row = {"name": RECORDER, "recordingGroup": {**fields, **group}}
        self.world.reply("config.DescribeConfigurationRecorders", {"ConfigurationRecorders": [row]}, region=region)

    def recorder_status(self, region: str, **status: Json) -> None:
        """State whether the recorder of a region records; ``status`` overrides fields by AWS's names."""
        row = {"name": RECORDER, "recording": True, "lastStatus": "SUCCESS", **status}
        body = {"ConfigurationRecordersStatus": [row]}
        self.world.reply("config.DescribeConfigurationRecorderStatus", body, region=region)

    def no_recorder(self, region: str) -> None:
        """Take the recorder of a region away, and its delivery channel with it."""
        for operation, key in (
            ("DescribeConfigurationRecorders", "ConfigurationRecorders"),
            ("DescribeConfigurationRecorderStatus", "ConfigurationRecordersStatus"),
            ("DescribeDeliveryChannelStatus", "DeliveryChannelsStatus"),
        ):
            self.world.reply(f"config.{operation}", {key: []}, region=region)

    def delivery(
        self, region: str, *, stream: str = "SUCCESS", history: str = "SUCCESS", success: str | None = ""
    ) -> None:
        """State the delivery channel of a region; ``success`` is when history was last delivered, None for never."""
        info: dict[str, Json] = {"lastStatus": history}
        if success is not None:
            info["lastSuccessfulTime"] = success or ago(self.world.now, hours=6)
        row = {
            "name": RECORDER,
            "configStreamDeliveryInfo": {"lastStatus": stream},
            "configHistoryDeliveryInfo": info,
        }
        self.world.reply("config.DescribeDeliveryChannelStatus", {"DeliveryChannelsStatus": [row]}, region=region)

    def detector(self, region: str, status: str = "ENABLED", **features: str) -> None:
        """State the GuardDuty detector of a region, with the status of each feature."""
        rows = [{"Name": name, "Status": state} for name, state in features.items()]
        self.world.reply("guardduty.ListDetectors", {"DetectorIds": [DETECTOR]}, region=region)
        body = {"Status": status, "Features": rows, "FindingPublishingFrequency": "SIX_HOURS"}
        self.world.reply("guardduty.GetDetector", body, region=region, DetectorId=DETECTOR)

    def no_detector(self, region: str) -> None:
        """Take the detector of a region away."""
        self.world.reply("guardduty.ListDetectors", {"DetectorIds": []}, region=region)

    def no_hub(self, region: str) -> None:
        """Answer as Security Hub does in an account that has not enabled it."""
        message = f"Account {self.world.account_id} is not subscribed to AWS Security Hub"
        self.world.error("securityhub.DescribeHub", "InvalidAccessException", message, 401, region=region)

    def analyzers(self, region: str, *rows: dict[str, Json]) -> None:
        """State exactly these analyzers of a region, each with type and status."""
        self.world.reply("accessanalyzer.ListAnalyzers", {"analyzers": list(rows)}, region=region)

    def add_vpc(self, region: str, name: str, *, interfaces: int = 1, **row: Json) -> str:
        """Add a VPC without flow logs and return its id; ``row`` overrides fields by AWS's names."""
        fields = {"VpcId": name, "OwnerId": self.world.account_id, "IsDefault": False, "State": "available"}
        self._vpcs[region].append({**fields, **row})
        self._answer(region)
        attached = [{"NetworkInterfaceId": f"eni-{number}", "VpcId": name} for number in range(interfaces)]
        only: list[Json] = [{"Name": "vpc-id", "Values": [name]}]
        body = {"NetworkInterfaces": attached}
        self.world.reply("ec2.DescribeNetworkInterfaces", body, region=region, Filters=only)
        return name

    def add_flow_log(self, region: str, resource: str, **row: Json) -> None:
        """Add a flow log of all traffic that delivers; ``row`` overrides fields by AWS's names."""
        fields = {
            "FlowLogId": f"fl-{len(self._flow_logs[region])}",
            "ResourceId": resource,
            "FlowLogStatus": "ACTIVE",
            "DeliverLogsStatus": "SUCCESS",
            "TrafficType": "ALL",
            "LogDestinationType": "s3",
            "LogDestination": f"arn:{self.world.partition}:s3:::flow-logs",
        }
        self._flow_logs[region].append({**fields, **row})
        self._answer(region)

    def _answer(self, region: str) -> None:
        self.world.reply("ec2.DescribeVpcs", {"Vpcs": list(self._vpcs[region])}, region=region)
        self.world.reply("ec2.DescribeFlowLogs", {"FlowLogs": list(self._flow_logs[region])}, region=region)
