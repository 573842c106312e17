"""kms-decrypt-restricted."""

from collections.abc import Sequence
from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, Status, check, failed, param, passed, undecidable
from trailwarden.facts import KmsKey
from trailwarden.kleene import together
from trailwarden.policydoc import (
    CLOUDTRAIL,
    KMS_ADMINISTERING,
    KMS_DECRYPTING,
    Grant,
    PolicyDocument,
    grants_of,
    is_expected,
    unexpected_grants,
)

DELEGATED = "with root delegation the key policy proves nothing: IAM of the key's account decides"


@dataclass(frozen=True)
class Params:
    allowed_reader_arns: tuple[str, ...] = param(
        (), "Who may decrypt: principal ARNs, with * as wildcard, or account ids."
    )
    allowed_admin_arns: tuple[str, ...] = param((), "Who may delete or disable the key, or change its policy.")
    allow_root_delegation: bool = param(
        True, "Whether the policy may leave the decision to IAM of the key's own account."
    )
    separation: bool = param(False, "Whether nobody may be reader and administrator at once.")


@check(KmsKey, reads=[KmsKey.policy, KmsKey.grants])
def kms_decrypt_restricted(key: KmsKey, params: Params) -> Finding:
    """Only expected principals may decrypt, administer or delete the log key.

    Why: those who are logged must neither read the log of themselves nor destroy the key that makes it readable.

    Fix: `aws kms put-key-policy --key-id KEY --policy-name default --policy file://policy.json --region REGION` with named principals, and
    `aws kms revoke-grant` for grants nobody expects. In Terraform `aws_kms_key_policy`.

    Error: policy or grants could not be read, or the key is another account's: KMS shows them to the key's own account only.
    """
    findings = together(lambda: _judge_policy(key, params), lambda: _judge_grants(key, params))
    observed = {name: value for finding in findings for name, value in finding.observed.items()}
    expected = {"readers": list(params.allowed_reader_arns), "administrators": list(params.allowed_admin_arns)}
    faults = [finding.message for finding in findings if finding.status is Status.FAIL]
    if faults:
        return failed(f"key {key.name}: {'; '.join(faults)}", observed, expected)
    notes = [note for finding in findings for note in finding.notes]
    return passed(
        f"key {key.name} is decrypted and administered by expected principals only", observed, expected, *notes
    )


def _judge_policy(key: KmsKey, params: Params) -> Finding:
    policy = key.policy
    root = [f"arn:{key.account.partition}:iam::{key.owner}:root"] if params.allow_root_delegation else []
    strangers = [
        *_unexpected(policy, KMS_DECRYPTING, [*params.allowed_reader_arns, *root]),
        *_unexpected(policy, KMS_ADMINISTERING, [*params.allowed_admin_arns, *root]),
    ]
    faults = [str(grant) for grant in strangers if not grant.undecided]
    if params.separation:
        faults += [f"{name} may both decrypt and administer" for name in _both(policy, key.owner)]
    if faults:
        return failed("; ".join(faults), {"policy": faults})
    if strangers:
        text = f"under a condition that is not understood, {'; '.join(map(str, strangers))}"
        undecidable(key, ReasonCode.UNPARSEABLE, text, operation="kms.GetKeyPolicy")
    delegates = any(grant.principal.account_root == key.owner for grant in grants_of(policy, KMS_DECRYPTING))
    return passed("", {"policy": []}, None, *([DELEGATED] if delegates else []))


def _judge_grants(key: KmsKey, params: Params) -> Finding:
    faults = [
        f"grant {grant.id} lets {grant.grantee} decrypt"
        for grant in key.grants
        if "Decrypt" in grant.operations and not is_expected(grant.grantee, params.allowed_reader_arns)
    ]
    if params.separation:
        admins = _named(key.policy, KMS_ADMINISTERING, key.owner)
        both = {grant.grantee for grant in key.grants if "Decrypt" in grant.operations and grant.grantee in admins}
        faults += [f"{name} may administer by the policy and decrypt by a grant" for name in sorted(both)]
    return failed("; ".join(faults), {"grants": faults}) if faults else passed("", {"grants": []})


def _unexpected(policy: PolicyDocument, actions: Sequence[str], allowed: list[str]) -> tuple[Grant, ...]:
    return unexpected_grants(policy, actions, allowed=allowed, services=[CLOUDTRAIL])


def _both(policy: PolicyDocument, owner: str) -> list[str]:
    """Return who is named for both, the account's own delegation aside."""
    return sorted(_named(policy, KMS_DECRYPTING, owner) & _named(policy, KMS_ADMINISTERING, owner))


def _named(policy: PolicyDocument, actions: Sequence[str], owner: str) -> set[str]:
    return {str(grant.principal) for grant in grants_of(policy, actions) if grant.principal.account_root != owner}
