"""Who a bucket policy lets in, beside those who are expected."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from trailwarden.contract import failed, not_applicable, passed, undecidable
from trailwarden.facts import LogBucket
from trailwarden.model import Finding, Json, ReasonCode
from trailwarden.policydoc import Grant, grants_of, unexpected_grants


def judge_grants(
    bucket: LogBucket,
    actions: Sequence[str],
    what: str,
    *,
    allowed: Collection[str],
    services: Collection[str],
    idle: str,
) -> Finding:
    """Judge whether a bucket's policy grants some actions to nobody but those who are expected.

    Args:
        bucket: the subject.
        actions: names or patterns.
        what: the actions in words, to follow "may".
        allowed: principals, accounts or organizations, as for ``unexpected_grants``.
        services: service principals.
        idle: the message of NOT_APPLICABLE for a policy that grants none of the actions; empty makes that a PASS.

    Raises:
        Unreadable: the policy could not be read; UNPARSEABLE when only an operator that is not known stands between it and a stranger.
    """
    policy = bucket.policy
    if policy is None:
        return not_applicable(f"bucket {bucket.name} has no policy", {"Policy": None})
    if idle and not grants_of(policy, actions):
        return not_applicable(idle)
    expected: dict[str, Json] = {"principals": list(allowed), "services": list(services)}
    strangers = unexpected_grants(policy, actions, allowed=allowed, services=services)
    # A condition on the source tells for whom a service acts; it is the same service still.
    grants = [grant for grant in grants_of(policy, actions) if grant in strangers or _is_other_service(grant, services)]
    certain = [str(grant) for grant in grants if not grant.undecided]
    if certain:
        text = f"others than expected may {what} by the policy of bucket {bucket.name}: {'; '.join(certain)}"
        return failed(text, {"unexpected": certain}, expected)
    if grants:
        text = "; ".join(str(grant) for grant in grants)
        undecidable(bucket, ReasonCode.UNPARSEABLE, text, operation="s3.GetBucketPolicy")
    return passed(
        f"nobody but the expected may {what} by the policy of bucket {bucket.name}", {"unexpected": []}, expected
    )


def _is_other_service(grant: Grant, services: Collection[str]) -> bool:
    return grant.principal.type == "Service" and grant.principal.value not in services
