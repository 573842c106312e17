"""org-scp-deny-leave."""

from trailwarden import Finding, check
from trailwarden.contract import NoParams
from trailwarden.facts import Account, Organization
from trailwarden.judgements.organization import judge_account


@check(Account, reads=[Organization.membership, Organization.service_control_policies])
def org_scp_deny_leave(account: Account, params: NoParams) -> Finding:
    """SCP denies leaving the organization.

    Why: an account that leaves loses the organization's trail, and CloudTrail's role in it, at once.

    Fix: a Deny on `organizations:LeaveOrganization` for every resource, `aws organizations attach-policy --policy-id P --target-id OU`; in
    Terraform `aws_organizations_policy`.

    Error: only the management account and delegated administrators may read policies; or a Deny has a condition that can't be judged.
    """
    return judge_account(account, lambda: [("organizations:LeaveOrganization", "*")], "leaving the organization")
