"""loggroup-deletion-protection."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import LogGroup


@dataclass(frozen=True)
class Params:
    require: bool = param(False, "Whether the log group must be protected at all.")


@check(LogGroup, reads_if=[(lambda params: params.require, [LogGroup.description])])
def loggroup_deletion_protection(group: LogGroup, params: Params) -> Finding:
    """Log group has deletion protection.

    Why: one call of DeleteLogGroup takes the events away, and with them every metric filter and alarm that stands on them.

    Fix: `aws logs put-log-group-deletion-protection --log-group-identifier NAME --deletion-protection-enabled --region HOME`, which takes a
    recent AWS CLI; in Terraform `aws_cloudwatch_log_group.deletion_protection_enabled`, which takes a recent provider.
    """
    if not params.require:
        return not_applicable("the policy does not require log groups to be protected from deletion")
    description = group.description
    if not description.exists:
        text = f"log group {group.name} does not exist"
        undecidable(group, ReasonCode.NOT_FOUND, text, operation="logs.DescribeLogGroups")
    observed = {"deletionProtectionEnabled": description.deletion_protection}
    expected = {"deletionProtectionEnabled": True}
    if description.deletion_protection:
        return passed(f"log group {group.name} is protected from deletion", observed, expected)
    return failed(f"log group {group.name} can be deleted with one call", observed, expected)
