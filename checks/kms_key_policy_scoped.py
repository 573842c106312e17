"""kms-key-policy-scoped."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, check, failed, param, passed, undecidable
from trailwarden.facts import KmsKey
from trailwarden.policydoc import Sender, ServiceGrant, grants_of, key_allows_trail, service_grants, source_gap

USES = ("kms:GenerateDataKey*", "kms:Decrypt", "kms:Encrypt", "kms:ReEncrypt*", "kms:CreateGrant")
"""What lets CloudTrail work with the key; that it may describe the key gives nothing away."""


@dataclass(frozen=True)
class Params:
    require_source_arn: bool = param(
        False, "Whether aws:SourceArn must limit each grant; else the encryption context will do."
    )


@check(KmsKey, reads=[KmsKey.policy])
def kms_key_policy_scoped(key: KmsKey, params: Params) -> Finding:
    """Key policy grants CloudTrail only what it needs, for these trails.

    Why: CloudTrail acts for every AWS customer. Unless the grant names the trails or their account, anybody's trail can use the key.

    Fix: `aws kms put-key-policy --key-id KEY --policy-name default --policy file://policy.json --region REGION`, with `aws:SourceArn` set to
    the trails' ARNs (those of the management account for an organization trail). In Terraform `aws_kms_key_policy`.

    Error: the policy could not be read, or the key is another account's: KMS shows a key policy to the key's own account only.
    """
    policy = key.policy
    using = {grant.statement for grant in grants_of(policy, USES)}
    grants = [grant for grant in service_grants(policy) if grant.statement in using]
    observed = {"statements": [str(grant) for grant in grants], "trails": [trail.arn for trail in key.trails]}
    expected = {
        "conditions": "aws:SourceArn" if params.require_source_arn else "aws:SourceArn or the encryption context"
    }
    faults = [gap for gap in (_gap(grant, params) for grant in grants if not grant.undecided) if gap]
    doubts = [f"{grant} has a condition that is not understood" for grant in grants if grant.undecided]
    for trail in key.trails:
        delivery = key_allows_trail(policy, Sender(trail.arn, trail.owner, key_arn=key.id))
        if delivery.allowed is False:
            faults.append(f"trail {trail.name}: {'; '.join(map(str, delivery.trace))}")
        elif delivery.allowed is None:
            doubts.append(f"trail {trail.name}: {'; '.join(map(str, delivery.trace))}")
    if faults:
        return failed(f"policy of key {key.name}: {'; '.join(faults)}", observed, expected)
    if doubts:
        undecidable(key, ReasonCode.UNPARSEABLE, "; ".join(doubts), operation="kms.GetKeyPolicy")
    return passed(f"policy of key {key.name} lets CloudTrail use it for known trails only", observed, expected)


def _gap(grant: ServiceGrant, params: Params) -> str:
    """Return why a grant is open to trails of strangers, or an empty text."""
    gap = source_gap(grant, accounts=None, accept_source_account=False)
    if (
        gap
        or not params.require_source_arn
        or any(limit.key == "aws:sourcearn" and not limit.loose for limit in grant.limits)
    ):
        return gap
    return f"{grant} has no condition on aws:SourceArn"
