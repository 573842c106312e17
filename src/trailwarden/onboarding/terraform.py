"""The roles as a Terraform module."""

from __future__ import annotations

import json

from trailwarden.iampolicy import statements, terraform_document
from trailwarden.onboarding.roles import EXTERNAL_ID_LENGTH, STACK_SET, Onboarding

_MODULE = """\
resource "aws_iam_role" "management" {{
  name               = var.role_name
  description        = "Lets trailwarden read the organization"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}}

resource "aws_iam_role_policy" "management" {{
  name   = "trailwarden-read"
  role   = aws_iam_role.management.id
  policy = data.aws_iam_policy_document.management.json
}}

resource "aws_cloudformation_stack_set" "members" {{
  name             = "{stack_set}"
  description      = "The role that trailwarden reads each account with"
  permission_model = "SERVICE_MANAGED"
  capabilities     = ["CAPABILITY_NAMED_IAM"]

  auto_deployment {{
    enabled                          = true
    retain_stacks_on_account_removal = false
  }}

  managed_execution {{
    active = true
  }}

  operation_preferences {{
    failure_tolerance_percentage = 10
    max_concurrent_percentage    = 100
  }}

  template_body = jsonencode({{
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "The role that trailwarden reads this account with"
    Resources = {{
      AuditRole = {{
        Type = "AWS::IAM::Role"
        Properties = {{
          RoleName                 = var.role_name
          Description              = "Lets trailwarden read how audit logging is configured"
          AssumeRolePolicyDocument = jsondecode(data.aws_iam_policy_document.trust.json)
          Policies = [{{
            PolicyName     = "trailwarden-read"
            PolicyDocument = jsondecode(data.aws_iam_policy_document.member.json)
          }}]
        }}
      }}
    }}
  }})

  lifecycle {{
    ignore_changes = [administration_role_arn]
  }}
}}

resource "aws_cloudformation_stack_instances" "members" {{
  stack_set_name = aws_cloudformation_stack_set.members.name

  deployment_targets {{
    organizational_unit_ids = var.organizational_unit_ids
  }}
}}

output "role_arn" {{
  description = "The role in each account, by account"
  value       = "arn:{partition}:iam::{{account}}:role/${{var.role_name}}"
}}
"""


def terraform(wanted: Onboarding) -> str:
    """Return the module as one file."""
    least, most = EXTERNAL_ID_LENGTH
    lines = ["terraform {", '  required_version = ">= 1.5"', "", "  required_providers {", "    aws = {"]
    lines += ['      source  = "hashicorp/aws"', '      version = ">= 5.70"', "    }", "  }", "}", ""]
    lines += _variable(
        "trusted_principal_arn", "ARN of the role, user or account that runs trailwarden", wanted.trusted
    )
    within = f"length(var.external_id) >= {least} && length(var.external_id) <= {most}"
    lines += _variable(
        "external_id", "What the auditor has to name when it assumes the role", wanted.external_id, within
    )
    lines += _variable("role_name", "Name of the role in each account", wanted.role)
    about = "Root or organizational units whose accounts get the role, those that join later too"
    lines += ['variable "organizational_unit_ids" {', f'  description = "{about}"', "  type        = list(string)"]
    if wanted.units:
        lines.append(f"  default     = {json.dumps(list(wanted.units))}")
    lines += ["}", "", *_TRUST, ""]
    for name, actions in (("member", wanted.member_actions), ("management", wanted.management_actions)):
        lines += [*terraform_document(name, statements(actions, wanted.partition)), ""]
    return "\n".join(lines) + "\n" + _MODULE.format(stack_set=STACK_SET, partition=wanted.partition)


_TRUST = (
    'data "aws_iam_policy_document" "trust" {',
    "  statement {",
    '    sid     = "Auditor"',
    '    actions = ["sts:AssumeRole"]',
    "",
    "    principals {",
    '      type        = "AWS"',
    "      identifiers = [var.trusted_principal_arn]",
    "    }",
    "",
    "    condition {",
    '      test     = "StringEquals"',
    '      variable = "sts:ExternalId"',
    "      values   = [var.external_id]",
    "    }",
    "  }",
    "}",
)


def _variable(name: str, about: str, default: str, condition: str = "") -> list[str]:
    lines = [f'variable "{name}" {{', f'  description = "{about}"', "  type        = string"]
    if default:
        lines.append(f"  default     = {json.dumps(default)}")
    if condition:
        lines += ["", "  validation {", f"    condition     = {condition}"]
        lines += [f'    error_message = "{name} is too short or too long."', "  }"]
    return [*lines, "}", ""]
