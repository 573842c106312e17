"""kms-key-not-public."""

from trailwarden import Finding, ReasonCode, check, failed, passed, undecidable
from trailwarden.contract import NoParams
from trailwarden.facts import KmsKey
from trailwarden.policydoc import KEY, is_public


@check(KmsKey, reads=[KmsKey.policy])
def kms_key_not_public(key: KmsKey, params: NoParams) -> Finding:
    """The log key policy is not public.

    Why: a key that everybody may use is no second lock before the logs, and lets anybody encrypt what only you should have written.

    Fix: `aws kms put-key-policy --key-id KEY --policy-name default --policy file://policy.json --region REGION` with named principals, or a
    condition on `kms:CallerAccount`, `aws:PrincipalOrgID` or the like with fixed values. In Terraform `aws_kms_key_policy`.

    Error: the policy could not be read, or the key is another account's: KMS shows a key policy to the key's own account only.
    """
    verdict = is_public(key.policy, KEY)
    reasons = [str(reason) for reason in verdict.reasons]
    if verdict.public is None:
        undecidable(key, ReasonCode.UNPARSEABLE, "; ".join(reasons), operation="kms.GetKeyPolicy")
    observed = {"public statements": reasons}
    expected: dict[str, list[str]] = {"public statements": []}
    if verdict.public:
        return failed(f"the policy of key {key.name} is public: {'; '.join(reasons)}", observed, expected)
    return passed(f"the policy of key {key.name} is not public", observed, expected)
