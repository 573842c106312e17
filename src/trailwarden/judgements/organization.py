"""What checks on organizations share: who is outside one, and what its guardrails leave open."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from trailwarden.contract import failed, not_applicable, passed, undecidable
from trailwarden.facts import Account, Subject
from trailwarden.facts.organization import Guardrails, Membership
from trailwarden.model import Finding, Json, ReasonCode
from trailwarden.policydoc import PolicyTextError, open_actions

Target = tuple[str, str]
"""An action and a resource that it must not be possible on."""


def no_organization(membership: Membership) -> Finding | None:
    """Return NOT_APPLICABLE for an account that is in no organization, or in one that only shares a bill."""
    if not membership.exists:
        return not_applicable("the account is in no organization", {"Organization": None})
    if not membership.all_features:
        return not_applicable(
            f"organization {membership.organization_id} has only consolidated billing, so it can't have trails or policies",
            {"FeatureSet": membership.feature_set},
        )
    return None


def beyond_guardrails(membership: Membership, account_id: str) -> Finding | None:
    """Return NOT_APPLICABLE also for the management account, which no guardrail reaches."""
    outside = no_organization(membership)
    if outside is None and account_id == membership.management_account:
        return not_applicable(
            f"{account_id} is the management account, which no SCP or RCP reaches: its own administrators can stop and delete"
            " what it owns, the organization's trail included, and only alarms tell of it",
            {"MasterAccountId": account_id},
        )
    return outside


def judge_account(
    account: Account, targets: Callable[[], Sequence[Target]], what: str, exempt: Collection[str] = ()
) -> Finding:
    """Judge what the service control policies that reach an account leave open.

    Args:
        account: the subject.
        targets: tells what must be denied; not asked where guardrails don't apply.
        what: what must be denied, in words.
        exempt: patterns of principals that a Deny may leave out.
    """
    membership = account.organization.membership
    beyond = beyond_guardrails(membership, account.account_id)
    if beyond is not None:
        return beyond
    return judge_guardrails(account, [account.organization.service_control_policies], targets(), what, exempt)


def judge_guardrails(
    subject: Subject,
    guardrails: Sequence[Guardrails],
    targets: Sequence[Target],
    what: str,
    exempt: Collection[str] = (),
) -> Finding:
    """Judge whether guardrails together deny every target to everybody but the exempt.

    Raises:
        Unreadable: UNPARSEABLE when only conditions that nobody can read keep a target open.
    """
    observed: dict[str, Json] = {"guardrails": [item.to_json() for item in guardrails]}
    expected: dict[str, Json] = {"denied": sorted({action for action, _ in targets})}
    if not any(item.enabled for item in guardrails):
        types = " or ".join(item.type for item in guardrails)
        return failed(f"nothing denies {what}: the root has not enabled {types}", observed, expected)
    documents = [document for item in guardrails for document in item.documents]
    try:
        gaps = [
            gap for action, resource in targets for gap in open_actions(documents, [action], [resource], exempt=exempt)
        ]
    except PolicyTextError as error:
        undecidable(subject, ReasonCode.UNPARSEABLE, str(error), operation="organizations.DescribePolicy")
    known = [gap for gap in gaps if not gap.undecided]
    observed["open"] = [str(gap) for gap in gaps]
    if known:
        actions = ", ".join(dict.fromkeys(gap.action for gap in known))
        return failed(f"no guardrail keeps everybody from {what}: {actions}", observed, expected)
    if gaps:
        undecidable(subject, ReasonCode.UNPARSEABLE, str(gaps[0]), operation="organizations.DescribePolicy")
    return passed(f"guardrails keep everybody from {what}", observed, expected)
