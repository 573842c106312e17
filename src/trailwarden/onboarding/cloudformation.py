"""The roles as a CloudFormation template, written as JSON, which CloudFormation takes as well as YAML."""

from __future__ import annotations

import json

from trailwarden.iampolicy import document
from trailwarden.model import Json
from trailwarden.onboarding.roles import EXTERNAL_ID_LENGTH, STACK_SET, Onboarding, trust_policy


def _parameters(wanted: Onboarding) -> dict[str, dict[str, Json]]:
    least, most = EXTERNAL_ID_LENGTH
    parameters: dict[str, dict[str, Json]] = {
        "TrustedPrincipalArn": {
            "Type": "String",
            "Description": "ARN of the role, user or account that runs trailwarden",
            "AllowedPattern": "arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/.+)",
        },
        "ExternalId": {
            "Type": "String",
            "Description": "What the auditor has to name when it assumes the role",
            "MinLength": least,
            "MaxLength": most,
        },
        "RoleName": {"Type": "String", "Description": "Name of the role in each account", "Default": wanted.role},
    }
    for name, value in (("TrustedPrincipalArn", wanted.trusted), ("ExternalId", wanted.external_id)):
        if value:
            parameters[name]["Default"] = value
    return parameters


def _role(actions: tuple[str, ...], partition: str) -> dict[str, Json]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": {"Ref": "RoleName"},
            "Description": "Lets trailwarden read how audit logging is configured",
            "AssumeRolePolicyDocument": trust_policy({"Ref": "TrustedPrincipalArn"}, {"Ref": "ExternalId"}),
            "Policies": [{"PolicyName": "trailwarden-read", "PolicyDocument": document(actions, partition)}],
        },
    }


def member_template(wanted: Onboarding) -> dict[str, Json]:
    """Return the template of a member account: the role, and nothing else."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role that trailwarden reads this account with",
        "Parameters": _parameters(wanted),
        "Resources": {"AuditRole": _role(wanted.member_actions, wanted.partition)},
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["AuditRole", "Arn"]}}},
    }


def stack_set_template(wanted: Onboarding) -> dict[str, Json]:
    """Return the template for the management account: a stack set of ``member_template``, and the management account's own role."""
    units: dict[str, Json] = {
        "Type": "CommaDelimitedList",
        "Description": "Root or organizational units whose accounts get the role, those that join later too",
    }
    if wanted.units:
        units["Default"] = ",".join(wanted.units)
    passed = [{"ParameterKey": name, "ParameterValue": {"Ref": name}} for name in _parameters(wanted)]
    instances = {
        "DeploymentTargets": {"OrganizationalUnitIds": {"Ref": "OrganizationalUnitIds"}},
        "Regions": [{"Ref": "AWS::Region"}],
    }
    stack_set = {
        "StackSetName": STACK_SET,
        "Description": "The role that trailwarden reads each account with",
        "PermissionModel": "SERVICE_MANAGED",
        "CallAs": {"Ref": "CallAs"},
        "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
        "ManagedExecution": {"Active": True},
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "OperationPreferences": {"FailureTolerancePercentage": 10, "MaxConcurrentPercentage": 100},
        "Parameters": passed,
        "StackInstancesGroup": [instances],
        "TemplateBody": json.dumps(member_template(wanted), separators=(",", ":")),
    }
    role = {**_role(wanted.management_actions, wanted.partition), "Condition": "InManagementAccount"}
    call_as: dict[str, Json] = {
        "Type": "String",
        "Description": "SELF in the management account, DELEGATED_ADMIN in a delegated administrator's",
        "AllowedValues": ["SELF", "DELEGATED_ADMIN"],
        "Default": "SELF",
    }
    pattern = {"Fn::Sub": "arn:${AWS::Partition}:iam::{account}:role/${RoleName}"}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The roles that trailwarden reads an organization with",
        "Parameters": {**_parameters(wanted), "OrganizationalUnitIds": units, "CallAs": call_as},
        "Conditions": {"InManagementAccount": {"Fn::Equals": [{"Ref": "CallAs"}, "SELF"]}},
        "Resources": {
            "MemberRoles": {"Type": "AWS::CloudFormation::StackSet", "Properties": stack_set},
            "ManagementRole": role,
        },
        "Outputs": {"RoleArn": {"Description": "The role in each account, by account", "Value": pattern}},
    }


def cloudformation(wanted: Onboarding) -> str:
    """Return the template of ``stack_set_template`` as a file."""
    return json.dumps(stack_set_template(wanted), indent=2) + "\n"
