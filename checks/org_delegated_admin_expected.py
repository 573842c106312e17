"""org-delegated-admin-expected."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, not_applicable, param, passed
from trailwarden.facts import Account, Organization


@dataclass(frozen=True)
class Params:
    expected_account_ids: tuple[str, ...] = param((), "Accounts that may administer CloudTrail for the organization.")
    require_one: bool = param(False, "Whether there must be a delegated administrator.")


@check(Account, reads=[Organization.membership, Organization.trail_administrators])
def org_delegated_admin_expected(account: Account, params: Params) -> Finding:
    """CloudTrail delegated administrators are the expected accounts.

    Why: a delegated administrator can stop and delete every trail and every event data store of the organization.

    Fix: `aws cloudtrail register-organization-delegated-admin --member-account-id ID`, or deregister the one that is not expected; its trails
    stay. In Terraform `aws_cloudtrail_organization_delegated_admin_account`.

    Error: only the management account and delegated administrators may ask.
    """
    if not account.organization.membership.exists:
        return not_applicable("the account is in no organization", {"Organization": None})
    found = account.organization.trail_administrators
    observed = {"DelegatedAdministrators": list(found)}
    expected = {"DelegatedAdministrators": list(params.expected_account_ids), "at least one": params.require_one}
    strangers = [item for item in found if item not in params.expected_account_ids]
    if strangers:
        return failed(f"CloudTrail is administered by {', '.join(strangers)}, not expected", observed, expected)
    if params.require_one and not found:
        return failed("CloudTrail has no delegated administrator", observed, expected)
    return passed("CloudTrail is administered by expected accounts only", observed, expected)
