"""What a resource policy grants to an AWS service, and how far each grant is tied to known accounts.

A service acts for any customer who asks it to. Unless the grant is limited to the own trails, accounts or organisation,
anybody can have CloudTrail write into the bucket (the confused deputy).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from trailwarden.policydoc.conditions import Context
from trailwarden.policydoc.document import Condition, PolicyDocument, Principal, Statement, account_of
from trailwarden.policydoc.glob import compile_glob
from trailwarden.policydoc.limits import binds
from trailwarden.policydoc.request import conditions_hold
from trailwarden.policydoc.scope import action_glob, actions_of
from trailwarden.policydoc.truth import Match

CLOUDTRAIL = "cloudtrail.amazonaws.com"

# Accounts that delivered for CloudTrail, Region by Region, before the service principal existed.
# Source: CloudTrail user guide ("policies that specify CloudTrail account IDs"), supported Regions page.
LEGACY_CLOUDTRAIL_ACCOUNTS = {
    "034638983726": "me-south-1",
    "035351147821": "eu-central-1",
    "086441151436": "us-east-1",
    "113285607260": "us-west-2",
    "119688915426": "ap-east-1",
    "193415116832": "cn-north-1",
    "216624486486": "ap-northeast-1",
    "262312530599": "eu-west-3",
    "282025262664": "eu-west-2",
    "284668455005": "ap-southeast-2",
    "388731089494": "us-west-1",
    "475085895292": "us-east-2",
    "492519147666": "ap-northeast-2",
    "608710470296": "us-gov-west-1",
    "669305197877": "eu-south-1",
    "681348832753": "cn-northwest-1",
    "765225791966": "ap-northeast-3",
    "814480443879": "sa-east-1",
    "819402241893": "ca-central-1",
    "829690693026": "eu-north-1",
    "859597730677": "eu-west-1",
    "903692715234": "ap-southeast-1",
    "977081816279": "ap-south-1",
}

_DELIVERING = ("s3:PutObject", "s3:GetBucketAcl", "kms:GenerateDataKey*", "kms:Decrypt", "sns:Publish")

_SOURCE_ARN = "aws:sourcearn"
_SOURCE_ACCOUNT = "aws:sourceaccount"
_SOURCE_ORGANIZATION = "aws:sourceorgid"
_TRAIL_CONTEXT = "kms:encryptioncontext:aws:cloudtrail:arn"


@dataclass(frozen=True, slots=True)
class SourceLimit:
    """One condition that ties a grant to its source.

    ``accounts`` and ``organizations`` are the ids that the values fix; ``loose`` are the values that fix none (a
    wildcard account, a policy variable). ``key`` is in lower case.
    """

    key: str
    values: tuple[str, ...]
    accounts: tuple[str, ...]
    organizations: tuple[str, ...]
    loose: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServiceGrant:
    """One Allow that reaches the service: by its name, by a legacy account, or because it reaches everybody."""

    statement: Statement
    principal: Principal
    legacy_region: str
    limits: tuple[SourceLimit, ...]
    undecided: bool

    def __str__(self) -> str:
        return f"{self.statement} for {self.principal}"


def service_call(service: str) -> dict[str, tuple[str, ...]]:
    """The condition keys of a call that a service makes for itself: it has no address, no VPC and no IAM principal."""
    absent = (
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:username",
        "aws:vpcsourceip",
    )
    return {
        **dict.fromkeys(absent, ()),
        "aws:securetransport": ("true",),
        "aws:principalisawsservice": ("true",),
        "aws:principalservicename": (service,),
    }


def service_grants(
    document: PolicyDocument, service: str = CLOUDTRAIL, *, actions: Sequence[str] = ()
) -> tuple[ServiceGrant, ...]:
    """The Allow statements that reach ``service``, with their limits.

    For CloudTrail the legacy per-Region accounts count as the service. ``Principal "*"`` and an Allow with NotPrincipal
    reach the service as well, when they hold an action that delivery needs. A statement under a condition that no call
    by a service fulfils (aws:PrincipalOrgID, aws:SourceIp ...) grants it nothing. ``undecided`` marks a statement with
    an operator that is not known.

    Args:
        document: the resource policy.
        service: the service principal.
        actions: look only at statements that hold one of these; empty for all.
    """
    return tuple(
        ServiceGrant(
            statement=statement,
            principal=principal,
            legacy_region=LEGACY_CLOUDTRAIL_ACCOUNTS.get(principal.account, ""),
            limits=tuple(_limits(statement)),
            undecided=not all(item.operator.known for item in statement.conditions),
        )
        for statement in document.allows()
        if not actions or _holds(statement, actions)
        for principal in _reaching(statement, service)
    )


def _holds(statement: Statement, actions: Sequence[str]) -> bool:
    return any(actions_of(statement).touches(action_glob(item)) for item in actions)


def source_gap(
    grant: ServiceGrant,
    *,
    accounts: Collection[str] | None,
    organizations: Collection[str] | None = None,
    accept_source_account: bool = True,
) -> str:
    """Why the grant is open to a confused deputy, or an empty text when it is not.

    Args:
        grant: from :func:`service_grants`.
        accounts: the account ids expected as source; None accepts any fixed one.
        organizations: the organisation ids expected as source; None accepts any fixed one.
        accept_source_account: whether aws:SourceAccount or aws:SourceOrgID is enough without aws:SourceArn.
    """
    if grant.legacy_region:
        return f"{grant} names the CloudTrail account of {grant.legacy_region}; it serves every AWS customer"
    accepted = [
        limit
        for limit in grant.limits
        if accept_source_account or limit.key not in {_SOURCE_ACCOUNT, _SOURCE_ORGANIZATION}
    ]
    if not accepted:
        return f"{grant} has no condition on its source"
    problems = [_problem(limit, accounts, organizations) for limit in accepted]
    return f"{grant} {problems[0]}" if all(problems) else ""


def _problem(limit: SourceLimit, accounts: Collection[str] | None, organizations: Collection[str] | None) -> str:
    if limit.loose:
        return f"leaves the account open: {limit.key} = {limit.loose[0]}"
    strangers = [item for item in limit.accounts if accounts is not None and item not in accounts]
    strangers += [item for item in limit.organizations if organizations is not None and item not in organizations]
    return f"accepts {strangers[0]}, which is not expected: {limit.key}" if strangers else ""


def _reaching(statement: Statement, service: str) -> tuple[Principal, ...]:
    reached = conditions_hold(statement, Context(service_call(service))) is not Match.NO_MATCH
    for_all = reached and _holds(statement, _DELIVERING)
    if statement.not_principals:
        named = any(_is_service(entry, service) for entry in statement.not_principals)
        return (Principal("AWS", "*"),) if for_all and not named else ()
    return tuple(
        entry
        for entry in statement.principals
        if (for_all and entry.everyone)
        or (reached and not entry.everyone and _is_service(entry, service))
        or (service == CLOUDTRAIL and entry.account in LEGACY_CLOUDTRAIL_ACCOUNTS)
    )


def _is_service(entry: Principal, service: str) -> bool:
    if entry.everyone:
        return True
    return entry.type == "Service" and compile_glob(entry.value.lower(), variables=False).matches(service.lower())


def _limits(statement: Statement) -> list[SourceLimit]:
    known = {_SOURCE_ARN, _SOURCE_ACCOUNT, _SOURCE_ORGANIZATION, _TRAIL_CONTEXT}
    return [_limit(item) for item in statement.conditions if item.key in known and binds(item, statement)]


def _limit(condition: Condition) -> SourceLimit:
    fixes = {value: _fixes(condition.key, value) for value in condition.values}
    found = tuple(dict.fromkeys(item for item in fixes.values() if item))
    by_organization = condition.key == _SOURCE_ORGANIZATION
    return SourceLimit(
        key=condition.key,
        values=condition.values,
        accounts=() if by_organization else found,
        organizations=found if by_organization else (),
        loose=tuple(value for value, fixed in fixes.items() if not fixed),
    )


def _fixes(key: str, value: str) -> str:
    """The account or organisation id that the value fixes, or an empty text."""
    if key in {_SOURCE_ARN, _TRAIL_CONTEXT}:
        return account_of(value)
    return value if compile_glob(value).fixed else ""
