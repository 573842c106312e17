"""org-trusted-access."""

from trailwarden import Finding, check, failed, passed
from trailwarden.contract import NoParams
from trailwarden.facts import Account, Organization
from trailwarden.judgements.organization import no_organization

CLOUDTRAIL = "cloudtrail.amazonaws.com"


@check(Account, reads=[Organization.membership, Organization.trusted_services])
def org_trusted_access(account: Account, params: NoParams) -> Finding:
    """CloudTrail trusted access is enabled in Organizations.

    Why: without it there is no organization trail, and accounts that join are not covered by themselves.

    Fix: `aws organizations enable-aws-service-access --service-principal cloudtrail.amazonaws.com`; in Terraform
    `aws_organizations_organization.aws_service_access_principals`.

    Error: only the management account and delegated administrators may ask; a refusal does not mean "not enabled".
    """
    outside = no_organization(account.organization.membership)
    if outside is not None:
        return outside
    observed = {"EnabledServicePrincipals": list(account.organization.trusted_services)}
    expected = {"EnabledServicePrincipals": f"contains {CLOUDTRAIL}"}
    if CLOUDTRAIL in account.organization.trusted_services:
        return passed("CloudTrail has trusted access to the organization", observed, expected)
    return failed("CloudTrail has no trusted access to the organization", observed, expected)
