"""The least IAM policy for a plan: its actions, on the narrowest resources that can be named before an account has been read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from trailwarden.model import Json

PARTITIONS = ("aws", "aws-us-gov", "aws-cn")
NAME = "trailwarden-read"

# What AWS's service authorization reference offers as resource of an action. Which trail, bucket, key or log group it will be is known only
# when the account has been read, so these name the type. An action that is not here has no resource type and is granted on everything.
RESOURCES: Mapping[str, str] = {
    "cloudtrail:GetEventSelectors": "arn:{partition}:cloudtrail:*:*:trail/*",
    "cloudtrail:GetInsightSelectors": "arn:{partition}:cloudtrail:*:*:trail/*",
    "cloudtrail:GetTrailStatus": "arn:{partition}:cloudtrail:*:*:trail/*",
    "kms:DescribeKey": "arn:{partition}:kms:*:*:key/*",
    "kms:GetKeyPolicy": "arn:{partition}:kms:*:*:key/*",
    "kms:GetKeyRotationStatus": "arn:{partition}:kms:*:*:key/*",
    "kms:ListGrants": "arn:{partition}:kms:*:*:key/*",
    "logs:DescribeLogGroups": "arn:{partition}:logs:*:*:log-group:*",
    "logs:DescribeSubscriptionFilters": "arn:{partition}:logs:*:*:log-group:*",
    "s3:GetBucketAcl": "arn:{partition}:s3:::*",
    "s3:GetBucketLogging": "arn:{partition}:s3:::*",
    "s3:GetBucketObjectLockConfiguration": "arn:{partition}:s3:::*",
    "s3:GetBucketOwnershipControls": "arn:{partition}:s3:::*",
    "s3:GetBucketPolicy": "arn:{partition}:s3:::*",
    "s3:GetBucketPolicyStatus": "arn:{partition}:s3:::*",
    "s3:GetBucketPublicAccessBlock": "arn:{partition}:s3:::*",
    "s3:GetBucketVersioning": "arn:{partition}:s3:::*",
    "s3:GetEncryptionConfiguration": "arn:{partition}:s3:::*",
    "s3:GetLifecycleConfiguration": "arn:{partition}:s3:::*",
    "s3:ListBucket": "arn:{partition}:s3:::*",
    "sns:ListSubscriptionsByTopic": "arn:{partition}:sns:*:*:*",
}
_SIDS: Mapping[str, str] = {
    "cloudtrail": "Trails",
    "kms": "Keys",
    "logs": "LogGroups",
    "s3": "Buckets",
    "sns": "Topics",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """An Allow of some actions on one resource pattern."""

    sid: str
    actions: tuple[str, ...]
    resource: str


def statements(actions: Iterable[str], partition: str = "aws") -> tuple[Statement, ...]:
    """Return one statement for each resource pattern, the unrestricted one first."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for action in sorted(set(actions)):
        pattern = RESOURCES.get(action, "*").format(partition=partition)
        sid = "Account" if pattern == "*" else _SIDS[action.partition(":")[0]]
        grouped.setdefault((sid, pattern), []).append(action)
    return tuple(
        Statement(sid, tuple(found), pattern)
        for (sid, pattern), found in sorted(grouped.items(), key=lambda item: (item[0][1] != "*", item[0]))
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


def _terraform(actions: Iterable[str], partition: str) -> str:
    lines = ['data "aws_iam_policy_document" "trailwarden" {']
    for number, item in enumerate(statements(actions, partition)):
        lines += [""] if number else []
        lines += ["  statement {", f'    sid = "{item.sid}"', "", "    actions = ["]
        lines += [f'      "{action}",' for action in item.actions]
        lines += ["    ]", "", f'    resources = ["{item.resource}"]', "  }"]
    lines += [
        "}",
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
