"""loggroup-retention."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import LogGroup


@dataclass(frozen=True)
class Params:
    min_retention_days: int = param(365, "For how many days events must be kept.", minimum=1)
    archive_elsewhere: bool = param(False, "The bucket is the system of record; the log group may forget.")


@check(LogGroup, reads_if=[(lambda params: not params.archive_elsewhere, [LogGroup.description])])
def loggroup_retention(group: LogGroup, params: Params) -> Finding:
    """Log group retention is long enough.

    Why: an alarm is looked into days later, an intrusion months later; what raised the alarm has to be there still.

    Fix: `aws logs put-retention-policy --log-group-name NAME --retention-in-days 365 --region HOME`; in Terraform
    `aws_cloudwatch_log_group.retention_in_days`, where 0 means for ever.
    """
    if params.archive_elsewhere:
        return not_applicable(f"log group {group.name}: the policy says that events are archived elsewhere")
    description = group.description
    if not description.exists:
        undecidable(
            group, ReasonCode.NOT_FOUND, f"log group {group.name} does not exist", operation="logs.DescribeLogGroups"
        )
    days = description.retention_days
    observed = {"retentionInDays": days}
    expected = {"retentionInDays": f"absent, or at least {params.min_retention_days}"}
    if days is None:
        return passed(f"log group {group.name} keeps events for ever", observed, expected)
    if days < params.min_retention_days:
        return failed(f"log group {group.name} keeps events for {days} days only", observed, expected)
    return passed(f"log group {group.name} keeps events for {days} days", observed, expected)
