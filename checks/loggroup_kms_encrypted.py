"""loggroup-kms-encrypted."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, param, passed, undecidable
from trailwarden.facts import LogGroup


@dataclass(frozen=True)
class Params:
    deep: bool = param(False, "Whether the key must be enabled, which takes one more call.")


@check(
    LogGroup,
    reads=[LogGroup.description],
    reads_if=[(lambda params: params.deep, [LogGroup.key_metadata])],
)
def loggroup_kms_encrypted(group: LogGroup, params: Params) -> Finding:
    """Log group is encrypted with a customer key.

    Why: the log group holds the same events as the bucket and deserves the same lock. With a disabled key CloudWatch Logs can't read them.

    Fix: `aws logs associate-kms-key --log-group-name NAME --kms-key-id KEY_ARN --region HOME`; in Terraform
    `aws_cloudwatch_log_group.kms_key_id`.
    """
    description = group.description
    if not description.exists:
        text = f"log group {group.name} does not exist"
        undecidable(group, ReasonCode.NOT_FOUND, text, operation="logs.DescribeLogGroups")
    observed = {"kmsKeyId": description.kms_key_id or None}
    expected = {"kmsKeyId": "set"}
    if not description.kms_key_id:
        return failed(f"log group {group.name} is encrypted with AWS's own key only", observed, expected)
    if params.deep:
        metadata = group.key_metadata
        state = metadata.state if metadata is not None and metadata.exists else "missing"
        observed["KeyState"] = state
        expected["KeyState"] = "Enabled"
        if state != "Enabled":
            return failed(f"the key of log group {group.name} is {state}", observed, expected)
    return passed(f"log group {group.name} is encrypted with a customer key", observed, expected)
