"""vpc-flow-logs-enabled."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, not_applicable, param, passed
from trailwarden.facts import Vpc


@dataclass(frozen=True)
class Params:
    allowed_traffic: tuple[str, ...] = param(
        ("ALL", "REJECT"), "Kinds of traffic of which one must be logged.", choices=("ALL", "ACCEPT", "REJECT")
    )
    skip_unused: bool = param(False, "Whether a default VPC without network interfaces is left out.")


@check(Vpc, reads=[Vpc.flow_logs], reads_if=[(lambda params: params.skip_unused, [Vpc.has_interfaces])])
def vpc_flow_logs_enabled(vpc: Vpc, params: Params) -> Finding:
    """VPC flow logs are on for every VPC.

    Why: the trail tells which calls were made; flow logs tell which connections were, and which were refused.

    Fix: `aws ec2 create-flow-logs --resource-type VPC --resource-ids VPC --traffic-type ALL --log-destination ARN`; in Terraform `aws_flow_log`.

    Error: the region refused the calls.
    """
    if params.skip_unused and vpc.is_default and not vpc.has_interfaces:
        return not_applicable(f"default VPC {vpc.name} has no network interface", {"NetworkInterfaces": 0})
    found = vpc.flow_logs
    observed = {"FlowLogs": [item.to_json() for item in found]}
    expected = {
        "FlowLogStatus": "ACTIVE",
        "DeliverLogsStatus": "SUCCESS",
        "TrafficType": list(params.allowed_traffic),
    }
    good = [item for item in found if item.status == "ACTIVE" and item.delivery == "SUCCESS"]
    if any(item.traffic in params.allowed_traffic for item in good):
        return passed(f"VPC {vpc.name} has flow logs", observed, expected)
    what = "no flow log of the wanted traffic" if good else "no flow log that delivers" if found else "no flow log"
    return failed(f"VPC {vpc.name} has {what}", observed, expected)
