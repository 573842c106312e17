"""lake-store-policy-not-public."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, param, passed, undecidable
from trailwarden.facts import EventDataStore
from trailwarden.policydoc import CLOUDTRAIL, unexpected_grants

SELF = "self"


@dataclass(frozen=True)
class Params:
    allowed_accounts: tuple[str, ...] = param(
        (SELF,), "Who may be let in: account ids, organization ids, principal ARNs; self is the store's own account."
    )


@check(EventDataStore, reads=[EventDataStore.policy])
def lake_store_policy_not_public(store: EventDataStore, params: Params) -> Finding:
    """Event data store resource policy is not public or foreign.

    Why: who may query the store reads all that was done in the account, or in the organization.

    Fix: `aws cloudtrail delete-resource-policy --resource-arn ARN`, or `aws cloudtrail put-resource-policy` with known principals. The statement that
    lets cloudtrail.amazonaws.com refresh dashboards does no harm.

    Error: the policy could not be read, or an operator that is not known could change the verdict.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/security_iam_resource-based-policy-examples.html
    """
    expected = {"principals": list(params.allowed_accounts)}
    if store.policy is None:
        return passed(f"event data store {store.name} has no resource policy", {"ResourcePolicy": None}, expected)
    allowed = [store.owner if item == SELF else item for item in params.allowed_accounts]
    strangers = unexpected_grants(store.policy, ["cloudtrail:*"], allowed=allowed, services=[CLOUDTRAIL])
    certain = [str(grant) for grant in strangers if not grant.undecided]
    if certain:
        text = f"others than expected may use event data store {store.name}: {'; '.join(certain)}"
        return failed(text, {"unexpected": certain}, expected)
    if strangers:
        text = "; ".join(str(grant) for grant in strangers)
        undecidable(store, ReasonCode.UNPARSEABLE, text, operation="cloudtrail.GetResourcePolicy")
    return passed(f"only expected principals may use event data store {store.name}", {"unexpected": []}, expected)
