"""org-s3-block-public-access-policy."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import Account, Organization


@dataclass(frozen=True)
class Params:
    require: bool = param(False, "Whether the organization must enforce Block Public Access by an S3 policy.")


@check(
    Account,
    reads_if=[(lambda params: params.require, [Organization.membership, Organization.effective_s3_policy])],
)
def org_s3_block_public_access_policy(account: Account, params: Params) -> Finding:
    """Organization S3 policy enforces Block Public Access.

    Why: what the organization enforces for all four settings at once, no account can relax.

    Fix: `aws organizations create-policy --type S3_POLICY --content '{"s3_attributes": {"public_access_block_configuration": {"@@assign": "all"}}}'`,
    attached above the account.

    Error: refused, or the endpoint does not know S3 policies.

    Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3_syntax.html
    """
    if not params.require:
        return not_applicable("the policy does not require an S3 policy of the organization")
    organization = account.organization
    if not organization.membership.exists:
        return not_applicable("the account is in no organization", {"Organization": None})
    policy = organization.effective_s3_policy
    expected = {"public_access_block_configuration": "all"}
    if policy is None:
        return failed("no S3 policy of the organization is in force for the account", {"S3_POLICY": None}, expected)
    attributes = policy.get("s3_attributes")
    setting = attributes.get("public_access_block_configuration") if isinstance(attributes, dict) else None
    observed = {"public_access_block_configuration": setting}
    if setting == "all":
        return passed("the organization's S3 policy blocks public access", observed, expected)
    if setting in ("none", None):
        return failed("the organization's S3 policy does not block public access", observed, expected)
    return undecidable(
        account,
        ReasonCode.UNPARSEABLE,
        f"unknown public_access_block_configuration {setting!r}",
        operation="organizations.DescribeEffectivePolicy",
    )
