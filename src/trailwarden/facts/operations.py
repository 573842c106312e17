"""The list of reads: every operation trailwarden may send, with the IAM action that allows it.

The reader refuses whatever is not listed here. IAM names differ from API names often enough (controls catalogue, section 10.1) that the
pairs are written out; a test checks the operations against botocore's models and the actions against the catalogue's list.
"""

from __future__ import annotations

from collections.abc import Mapping

NO_ACTION = ""
"""GetCallerIdentity needs no permission."""

READS: Mapping[str, str] = {
    "accessanalyzer.ListAnalyzers": "access-analyzer:ListAnalyzers",
    "cloudtrail.DescribeTrails": "cloudtrail:DescribeTrails",
    "cloudtrail.GetEventDataStore": "cloudtrail:GetEventDataStore",
    "cloudtrail.GetEventSelectors": "cloudtrail:GetEventSelectors",
    "cloudtrail.GetInsightSelectors": "cloudtrail:GetInsightSelectors",
    "cloudtrail.GetQueryResults": "cloudtrail:GetQueryResults",
    "cloudtrail.GetResourcePolicy": "cloudtrail:GetResourcePolicy",
    "cloudtrail.GetTrailStatus": "cloudtrail:GetTrailStatus",
    "cloudtrail.ListEventDataStores": "cloudtrail:ListEventDataStores",
    "cloudtrail.ListTags": "cloudtrail:ListTags",
    "cloudtrail.LookupEvents": "cloudtrail:LookupEvents",
    # A SELECT changes nothing, though IAM files it under writes and AWS bills it: only a policy that asks for queries plans it.
    "cloudtrail.StartQuery": "cloudtrail:StartQuery",
    "cloudwatch.DescribeAlarms": "cloudwatch:DescribeAlarms",
    "cloudwatch.ListAlarmMuteRules": "cloudwatch:ListAlarmMuteRules",
    "config.DescribeConfigurationRecorderStatus": "config:DescribeConfigurationRecorderStatus",
    "config.DescribeConfigurationRecorders": "config:DescribeConfigurationRecorders",
    "config.DescribeRetentionConfigurations": "config:DescribeRetentionConfigurations",
    "config.GetResourceConfigHistory": "config:GetResourceConfigHistory",
    "config.DescribeDeliveryChannelStatus": "config:DescribeDeliveryChannelStatus",
    "ec2.DescribeFlowLogs": "ec2:DescribeFlowLogs",
    "ec2.DescribeNetworkInterfaces": "ec2:DescribeNetworkInterfaces",
    "ec2.DescribeRegions": "ec2:DescribeRegions",
    "ec2.DescribeVpcs": "ec2:DescribeVpcs",
    "guardduty.GetDetector": "guardduty:GetDetector",
    "guardduty.ListDetectors": "guardduty:ListDetectors",
    "events.ListRules": "events:ListRules",
    "events.ListTargetsByRule": "events:ListTargetsByRule",
    "iam.GetAccountAuthorizationDetails": "iam:GetAccountAuthorizationDetails",
    "iam.GetPolicy": "iam:GetPolicy",
    "iam.GetPolicyVersion": "iam:GetPolicyVersion",
    "iam.GetRole": "iam:GetRole",
    "iam.GetRolePolicy": "iam:GetRolePolicy",
    "iam.ListAttachedRolePolicies": "iam:ListAttachedRolePolicies",
    "iam.ListRolePolicies": "iam:ListRolePolicies",
    "iam.SimulatePrincipalPolicy": "iam:SimulatePrincipalPolicy",
    "kms.DescribeKey": "kms:DescribeKey",
    "kms.GetKeyPolicy": "kms:GetKeyPolicy",
    "kms.GetKeyRotationStatus": "kms:GetKeyRotationStatus",
    "kms.ListGrants": "kms:ListGrants",
    "lambda.ListFunctions": "lambda:ListFunctions",
    "logs.DescribeLogGroups": "logs:DescribeLogGroups",
    "logs.DescribeMetricFilters": "logs:DescribeMetricFilters",
    "logs.DescribeResourcePolicies": "logs:DescribeResourcePolicies",
    "logs.DescribeSubscriptionFilters": "logs:DescribeSubscriptionFilters",
    "organizations.DescribeEffectivePolicy": "organizations:DescribeEffectivePolicy",
    "organizations.DescribeOrganization": "organizations:DescribeOrganization",
    "organizations.DescribePolicy": "organizations:DescribePolicy",
    "organizations.ListAWSServiceAccessForOrganization": "organizations:ListAWSServiceAccessForOrganization",
    "organizations.ListAccounts": "organizations:ListAccounts",
    "organizations.ListAccountsForParent": "organizations:ListAccountsForParent",
    "organizations.ListDelegatedAdministrators": "organizations:ListDelegatedAdministrators",
    "organizations.ListOrganizationalUnitsForParent": "organizations:ListOrganizationalUnitsForParent",
    "organizations.ListParents": "organizations:ListParents",
    "organizations.ListPoliciesForTarget": "organizations:ListPoliciesForTarget",
    "organizations.ListRoots": "organizations:ListRoots",
    "s3.GetBucketAcl": "s3:GetBucketAcl",
    "s3.GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3.GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3.GetBucketLogging": "s3:GetBucketLogging",
    "s3.GetBucketOwnershipControls": "s3:GetBucketOwnershipControls",
    "s3.GetBucketPolicy": "s3:GetBucketPolicy",
    "s3.GetBucketPolicyStatus": "s3:GetBucketPolicyStatus",
    "s3.GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3.GetBucketRequestPayment": "s3:GetBucketRequestPayment",
    "s3.GetBucketVersioning": "s3:GetBucketVersioning",
    "s3.GetObject": "s3:GetObject",
    "s3.GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3.GetObjectRetention": "s3:GetObjectRetention",
    "s3.GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3.HeadBucket": "s3:ListBucket",
    "s3.ListBuckets": "s3:ListAllMyBuckets",
    "s3.ListObjectsV2": "s3:ListBucket",
    "s3control.GetAccessPoint": "s3:GetAccessPoint",
    "s3control.GetAccessPointPolicyStatus": "s3:GetAccessPointPolicyStatus",
    "s3control.GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "s3control.ListAccessPoints": "s3:ListAccessPoints",
    "securityhub.DescribeHub": "securityhub:DescribeHub",
    "sns.GetTopicAttributes": "sns:GetTopicAttributes",
    "sns.ListSubscriptionsByTopic": "sns:ListSubscriptionsByTopic",
    "sts.GetCallerIdentity": NO_ACTION,
}

READS_ONLY_WITH: Mapping[str, frozenset[str]] = {"cloudtrail.StartQuery": frozenset({"QueryStatement"})}
"""Operations that are reads with no other parameter than these: a query can also be told to write its result to a bucket."""


def iam_action(operation: str) -> str:
    """Return the IAM action of ``service.Operation``, empty when none is needed; raises KeyError for an unlisted operation."""
    return READS[operation]
