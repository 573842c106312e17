"""Who gets what from a resource policy: the Allow statements that reach somebody outside an expected list.

Used for writers and readers of the log bucket and for users and administrators of the log key. Deny statements do not
count here: a grant that a Deny takes back today is one edit away from being in force.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from trailwarden.policydoc.document import Condition, PolicyDocument, Principal, Statement, account_of
from trailwarden.policydoc.glob import compile_glob, covered
from trailwarden.policydoc.limits import binds
from trailwarden.policydoc.scope import action_glob, actions_of

S3_MUTATING = (
    "s3:BypassGovernanceRetention",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:ObjectOwnerOverrideToBucketOwner",
    "s3:PutBucketAcl",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectLegalHold",
    "s3:PutObjectRetention",
    "s3:PutObjectVersionAcl",
    "s3:PutReplicationConfiguration",
    "s3:ReplicateDelete",
    "s3:ReplicateObject",
)
S3_READING = ("s3:GetObject*", "s3:ListBucket*")
KMS_DECRYPTING = ("kms:Decrypt",)
KMS_ADMINISTERING = ("kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy")

_ARN_KEYS = {"aws:principalarn"}
_ACCOUNT_KEYS = {"aws:principalaccount", "aws:sourceaccount", "aws:sourceowner", "kms:calleraccount"}
_ORGANIZATION_KEYS = {"aws:principalorgid", "aws:sourceorgid"}
_SERVICE_KEYS = {"aws:principalservicename"}


@dataclass(frozen=True, slots=True)
class Grant:
    """An Allow statement's gift to one principal: which of the wanted actions it holds.

    ``undecided`` marks a grant whose statement has an unknown condition operator, which might narrow it.
    """

    statement: Statement
    principal: Principal
    actions: tuple[str, ...]
    undecided: bool

    def __str__(self) -> str:
        who = str(self.principal)
        if self.statement.not_principals:
            who = "everybody but " + ", ".join(str(item) for item in self.statement.not_principals)
        return f"{self.statement} allows {', '.join(self.actions)} to {who}"


def grants_of(document: PolicyDocument, actions: Sequence[str]) -> tuple[Grant, ...]:
    """Every grant that touches one of ``actions`` (names or patterns), principal by principal.

    An Allow with NotPrincipal grants to ``*``.
    """
    return tuple(grant for statement in document.allows() for grant in _grants(statement, actions))


def _grants(statement: Statement, actions: Sequence[str]) -> list[Grant]:
    scope = actions_of(statement)
    held = tuple(item for item in actions if scope.touches(action_glob(item)))
    if not held:
        return []
    unknown = not all(item.operator.known for item in statement.conditions)
    principals = statement.principals or (Principal("AWS", "*"),)
    return [Grant(statement, principal, held, unknown) for principal in principals]


def unexpected_grants(
    document: PolicyDocument,
    actions: Sequence[str],
    *,
    allowed: Collection[str] = (),
    services: Collection[str] = (),
) -> tuple[Grant, ...]:
    """The grants of ``actions`` to anybody who is not expected.

    Args:
        document: the resource policy.
        actions: action names or patterns, such as :data:`S3_MUTATING`.
        allowed: who is expected. A principal ARN, with ``*`` as wildcard; an account's root ARN, which means the
            delegation to that account's IAM and nothing else; an account id, which means the account with all its
            principals; or an organisation id.
        services: service principals that are expected.

    A condition narrows a grant when it lists only expected callers (aws:PrincipalArn, aws:PrincipalAccount,
    aws:PrincipalOrgID, kms:CallerAccount ...). Networks and endpoints name no caller and don't count.
    """
    return tuple(
        grant
        for grant in grants_of(document, actions)
        if not _expected(grant.principal, allowed, services)
        and not any(_narrows(item, grant.statement, allowed, services) for item in grant.statement.conditions)
    )


def is_expected(principal: str, allowed: Collection[str]) -> bool:
    """Whether a principal that is named outside a policy, such as the grantee of a key's grant, is among those expected.

    Args:
        principal: an ARN, or the name of a service, which has to be listed as it is.
        allowed: as for :func:`unexpected_grants`.
    """
    kind = "AWS" if principal.startswith("arn:") else "Service"
    return _expected(Principal(kind, principal), allowed, allowed)


def _expected(principal: Principal, allowed: Collection[str], services: Collection[str]) -> bool:
    if principal.type == "Service":
        return principal.value in services
    if principal.account_root:
        return any(Principal("AWS", item).account_root == principal.account_root for item in allowed)
    if principal.account in allowed:
        return True
    return _arn_expected(principal.value, allowed)


def _arn_expected(pattern: str, allowed: Collection[str]) -> bool:
    return account_of(pattern) in allowed or covered(
        compile_glob(pattern), [compile_glob(item) for item in sorted(allowed)]
    )


def _narrows(condition: Condition, statement: Statement, allowed: Collection[str], services: Collection[str]) -> bool:
    if not binds(condition, statement):
        return False
    if condition.key in _ARN_KEYS:
        return all(_arn_expected(value, allowed) for value in condition.values)
    if condition.key == "aws:sourcearn":
        return all(account_of(value) in allowed for value in condition.values)
    if condition.key == "aws:principalorgpaths":
        return all(value.split("/", 1)[0] in allowed for value in condition.values)
    if condition.key in _SERVICE_KEYS:
        return all(value in services for value in condition.values)
    return condition.key in _ACCOUNT_KEYS | _ORGANIZATION_KEYS and all(item in allowed for item in condition.values)
