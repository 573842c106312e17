"""The least IAM policy for a plan: its actions, on the narrowest resources that can be named before an account has been read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from trailwarden.model import Json

PARTITIONS = ("aws", "aws-us-gov", "aws-cn")
NAME = "trailwarden-read"

PATTERNS: Mapping[str, str] = {
    "Trails": "arn:{partition}:cloudtrail:*:*:trail/*",
    "EventDataStores": "arn:{partition}:cloudtrail:*:*:eventdatastore/*",
    "Detectors": "arn:{partition}:guardduty:*:*:detector/*",
    "Rules": "arn:{partition}:events:*:*:rule/*",
    "Keys": "arn:{partition}:kms:*:*:key/*",
    "LogGroups": "arn:{partition}:logs:*:*:log-group:*",
    "AccessPoints": "arn:{partition}:s3:*:*:accesspoint/*",
    "Buckets": "arn:{partition}:s3:::*",
    "Objects": "arn:{partition}:s3:::*/*",
    "Topics": "arn:{partition}:sns:*:*:*",
}
"""Types of resources. Which trail, bucket, key or log group it will be is known only when the account has been read."""

# What AWS's service authorization reference offers as resource of an action. An action that is not here has no resource type, or several,
# and is granted on everything.
RESOURCES: Mapping[str, str] = {
    action: kind
    for kind, actions in {
        "Trails": (
            "cloudtrail:GetEventSelectors",
            "cloudtrail:GetInsightSelectors",
            "cloudtrail:GetTrailStatus",
        ),
        "EventDataStores": ("cloudtrail:GetEventDataStore",),
        "Detectors": ("guardduty:GetDetector",),
        "Rules": ("events:ListTargetsByRule",),
        "Keys": ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants"),
        "LogGroups": (
            "logs:DescribeLogGroups",
            "logs:DescribeMetricFilters",
            "logs:DescribeSubscriptionFilters",
        ),
        "AccessPoints": ("s3:GetAccessPoint", "s3:GetAccessPointPolicyStatus"),
        "Buckets": (
            "s3:GetBucketAcl",
            "s3:GetBucketLogging",
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPolicyStatus",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketRequestPayment",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetReplicationConfiguration",
            "s3:ListBucket",
        ),
        "Objects": ("s3:GetObject", "s3:GetObjectRetention"),
        "Topics": ("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"),
    }.items()
    for action in actions
}
"""The type of resource that an action can be limited to, a key of ``PATTERNS``."""


@dataclass(frozen=True, slots=True)
class Statement:
    """An Allow of some actions on one resource pattern."""

    sid: str
    actions: tuple[str, ...]
    resource: str


def statements(actions: Iterable[str], partition: str = "aws") -> tuple[Statement, ...]:
    """Return one statement for each resource pattern, the unrestricted one first."""
    grouped: dict[str, list[str]] = {}
    for action in sorted(set(actions)):
        grouped.setdefault(RESOURCES.get(action, ""), []).append(action)
    return tuple(
        Statement(kind or "Account", tuple(found), PATTERNS[kind].format(partition=partition) if kind else "*")
        for kind, found in sorted(grouped.items())
    )


def document(actions: Iterable[str], partition: str = "aws") -> dict[str, Json]:
    """Return the policy document."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": item.sid, "Effect": "Allow", "Action": list(item.actions), "Resource": item.resource}
            for item in statements(actions, partition)
        ],
    }


def _json(actions: Iterable[str], partition: str) -> str:
    return json.dumps(document(actions, partition), indent=2) + "\n"


def _cloudformation(actions: Iterable[str], partition: str) -> str:
    """Return a template as JSON, which CloudFormation takes as well as YAML."""
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "What trailwarden may read",
        "Resources": {
            "TrailwardenRead": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"ManagedPolicyName": NAME, "PolicyDocument": document(actions, partition)},
            }
        },
        "Outputs": {"PolicyArn": {"Value": {"Ref": "TrailwardenRead"}}},
    }
    return json.dumps(template, indent=2) + "\n"


def terraform_document(name: str, allowed: Iterable[Statement]) -> list[str]:
    """Return the lines of a Terraform data source that holds a policy document."""
    lines = [f'data "aws_iam_policy_document" "{name}" {{']
    for number, item in enumerate(allowed):
        lines += [""] if number else []
        lines += ["  statement {", f'    sid = "{item.sid}"', "", "    actions = ["]
        lines += [f'      "{action}",' for action in item.actions]
        lines += ["    ]", "", f'    resources = ["{item.resource}"]', "  }"]
    return [*lines, "}"]


def _terraform(actions: Iterable[str], partition: str) -> str:
    lines = [
        *terraform_document("trailwarden", statements(actions, partition)),
        "",
        'resource "aws_iam_policy" "trailwarden" {',
        f'  name        = "{NAME}"',
        '  description = "What trailwarden may read"',
        "  policy      = data.aws_iam_policy_document.trailwarden.json",
        "}",
    ]
    return "\n".join(lines) + "\n"


FORMATS: Mapping[str, Callable[[Iterable[str], str], str]] = {
    "json": _json,
    "terraform": _terraform,
    "cloudformation": _cloudformation,
}
"""How the policy can be written."""


def render(actions: Iterable[str], form: str = "json", partition: str = "aws") -> str:
    """Return the policy as a whole file.

    Args:
        actions: IAM actions, such as ``Plan.actions``.
        form: a key of ``FORMATS``.
        partition: aws, aws-us-gov or aws-cn.
    """
    return FORMATS[form](tuple(actions), partition)
