"""What lets trailwarden into every account of an organization: one role in each, for the actions of the chosen policies and no others.

Three forms say the same: the documents as JSON; a CloudFormation template, whose stack set deploys the role into every member account
of the named units and into accounts that join later; and a Terraform module around such a stack set. A service-managed stack set
leaves out the management account, so that both also make a role there, which may list the organization as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from trailwarden.iampolicy import document
from trailwarden.model import Json
from trailwarden.onboarding.cloudformation import cloudformation
from trailwarden.onboarding.roles import ROLE, Onboarding, caller_policy, session_policy, trust_policy
from trailwarden.onboarding.terraform import terraform

__all__ = ["FORMATS", "ROLE", "Onboarding", "render", "session_policy"]


def _json(wanted: Onboarding) -> str:
    trust = trust_policy(wanted.trusted or "TRUSTED_PRINCIPAL_ARN", wanted.external_id or "EXTERNAL_ID")

    def role(actions: tuple[str, ...]) -> dict[str, Json]:
        return {
            "RoleName": wanted.role,
            "AssumeRolePolicyDocument": trust,
            "PolicyDocument": document(actions, wanted.partition),
        }

    found = {
        "MemberRole": role(wanted.member_actions),
        "ManagementRole": role(wanted.management_actions),
        "CallerPolicy": caller_policy(wanted),
        "SessionPolicy": json.loads(session_policy(wanted.management_actions)),
    }
    return json.dumps(found, indent=2) + "\n"


FORMATS: Mapping[str, Callable[[Onboarding], str]] = {
    "json": _json,
    "terraform": terraform,
    "cloudformation": cloudformation,
}
"""How it can be written."""


def render(wanted: Onboarding, form: str = "json") -> str:
    """Return the whole file in a format, a key of ``FORMATS``.

    Raises:
        UsageError: as ``session_policy``.
    """
    return FORMATS[form](wanted)
