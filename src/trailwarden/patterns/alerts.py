"""The fifteen alert controls as data: which events each must notice, and what CIS prints for it.

Event lists: CIS AWS Foundations Benchmark, monitoring section (v1.2 section 3, v1.4 to v5.0 section 4, v6.0 and v7.0
section 5). v7.0 was seen second-hand only.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trailwarden.patterns.events import (
    Probe,
    call,
    failed_sign_ins,
    refusals,
    root_at_work,
    sign_in_without_mfa,
)

CLOUDTRAIL = "cloudtrail.amazonaws.com"
CONFIG = "config.amazonaws.com"
EC2 = "ec2.amazonaws.com"
IAM = "iam.amazonaws.com"
KMS = "kms.amazonaws.com"
ORGANIZATIONS = "organizations.amazonaws.com"
S3 = "s3.amazonaws.com"

_SECURITY_GROUP = (
    "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "RevokeSecurityGroupEgress",
    "CreateSecurityGroup",
    "DeleteSecurityGroup",
)

# Alerts on API calls: the service that records the calls, and the calls.
CALLS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "alert-iam-policy-changes": (
        IAM,
        (
            *(f"{verb}{kind}Policy" for verb in ("Delete", "Put") for kind in ("Group", "Role", "User")),
            "CreatePolicy",
            "DeletePolicy",
            "CreatePolicyVersion",
            "DeletePolicyVersion",
            *(f"{verb}{kind}Policy" for kind in ("Role", "User", "Group") for verb in ("Attach", "Detach")),
        ),
    ),
    "alert-cloudtrail-changes": (
        CLOUDTRAIL,
        ("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"),
    ),
    "alert-cmk-disable-or-delete": (KMS, ("DisableKey", "ScheduleKeyDeletion")),
    "alert-s3-policy-changes": (
        S3,
        (
            "PutBucketAcl",
            "PutBucketPolicy",
            "PutBucketCors",
            "PutBucketLifecycle",
            "PutBucketReplication",
            "DeleteBucketPolicy",
            "DeleteBucketCors",
            "DeleteBucketLifecycle",
            "DeleteBucketReplication",
        ),
    ),
    "alert-config-changes": (
        CONFIG,
        ("StopConfigurationRecorder", "DeleteDeliveryChannel", "PutDeliveryChannel", "PutConfigurationRecorder"),
    ),
    "alert-security-group-changes": (EC2, _SECURITY_GROUP),
    "alert-nacl-changes": (
        EC2,
        (
            "CreateNetworkAcl",
            "CreateNetworkAclEntry",
            "DeleteNetworkAcl",
            "DeleteNetworkAclEntry",
            "ReplaceNetworkAclEntry",
            "ReplaceNetworkAclAssociation",
        ),
    ),
    "alert-network-gateway-changes": (
        EC2,
        (
            "CreateCustomerGateway",
            "DeleteCustomerGateway",
            "AttachInternetGateway",
            "CreateInternetGateway",
            "DeleteInternetGateway",
            "DetachInternetGateway",
        ),
    ),
    "alert-route-table-changes": (
        EC2,
        (
            "CreateRoute",
            "CreateRouteTable",
            "ReplaceRoute",
            "ReplaceRouteTableAssociation",
            "DeleteRouteTable",
            "DeleteRoute",
            "DisassociateRouteTable",
        ),
    ),
    "alert-vpc-changes": (
        EC2,
        (
            "CreateVpc",
            "DeleteVpc",
            "ModifyVpcAttribute",
            *(f"{verb}VpcPeeringConnection" for verb in ("Accept", "Create", "Delete", "Reject")),
            "AttachClassicLinkVpc",
            "DetachClassicLinkVpc",
            "DisableVpcClassicLink",
            "EnableVpcClassicLink",
        ),
    ),
    "alert-organizations-changes": (
        ORGANIZATIONS,
        (
            "AcceptHandshake",
            "AttachPolicy",
            "CreateAccount",
            "CreateOrganizationalUnit",
            "CreatePolicy",
            "DeclineHandshake",
            "DeleteOrganization",
            "DeleteOrganizationalUnit",
            "DeletePolicy",
            "DetachPolicy",
            "DisablePolicyType",
            "EnablePolicyType",
            "InviteAccountToOrganization",
            "LeaveOrganization",
            "MoveAccount",
            "RemoveAccountFromOrganization",
            "UpdatePolicy",
            "UpdateOrganizationalUnit",
        ),
    ),
}

# Alerts on circumstances rather than on named calls.
_CIRCUMSTANCES = {
    "alert-unauthorized-api-calls": refusals,
    "alert-console-signin-no-mfa": sign_in_without_mfa,
    "alert-root-usage": root_at_work,
    "alert-console-auth-failures": failed_sign_ins,
}

ALERT_IDS = (*_CIRCUMSTANCES, *CALLS)

# Who records the events that extra_events and the EventBridge control commonly add to the CIS lists.
EVENT_SOURCES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "PutEventSelectors",
            "PutInsightSelectors",
            "RegisterOrganizationDelegatedAdmin",
            "DeregisterOrganizationDelegatedAdmin",
            "CreateEventDataStore",
            "UpdateEventDataStore",
            "DeleteEventDataStore",
            "StopEventDataStoreIngestion",
        ),
        CLOUDTRAIL,
    ),
    **dict.fromkeys(
        (
            "DeleteBucket",
            "DeleteBucketEncryption",
            "DeleteBucketPublicAccessBlock",
            "PutBucketEncryption",
            "PutBucketLogging",
            "PutBucketObjectLockConfiguration",
            "PutBucketOwnershipControls",
            "PutBucketPublicAccessBlock",
            "PutBucketVersioning",
        ),
        S3,
    ),
    **dict.fromkeys(("DisableKeyRotation", "PutKeyPolicy", "RevokeGrant", "CreateGrant"), KMS),
    "ModifySecurityGroupRules": EC2,
    **{name: source for source, names in CALLS.values() if source != ORGANIZATIONS for name in names},
}


@dataclass(frozen=True, slots=True)
class _Edition:
    """CIS texts of one alert, for all versions from ``first`` on until a later edition replaces them."""

    first: str
    texts: tuple[str, ...]


CIS_VERSIONS = ("1.2", "1.4", "1.5", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0")


def probes(alert_id: str) -> tuple[Probe, ...]:
    """The records that the alert's filter must match.

    Raises:
        KeyError: there is no such alert.
    """
    if alert_id in _CIRCUMSTANCES:
        return _CIRCUMSTANCES[alert_id]()
    source, names = CALLS[alert_id]
    return tuple(probe for name in names for probe in call(source, name))


def extra_probes(alert_id: str, events: tuple[str, ...]) -> tuple[Probe, ...]:
    """The records of further events, each a name or ``SOURCE:NAME`` (``s3.amazonaws.com:PutBucketVersioning``).

    A bare name that is not in :data:`EVENT_SOURCES` is taken to come from the alert's own service.
    """
    own = CALLS[alert_id][0] if alert_id in CALLS else CLOUDTRAIL
    found: list[Probe] = []
    for event in events:
        source, _, name = event.rpartition(":")
        found.extend(call(source or EVENT_SOURCES.get(name, own), name))
    return tuple(found)


def cis_texts(alert_id: str, version: str) -> tuple[str, ...]:
    """The pattern texts that count as the CIS text of this version; none where the version has no such item.

    Where the printed text mixes ``&&`` and ``||`` without parentheses, both readings are here.

    Raises:
        KeyError: there is no such alert, or no such version of the benchmark.
    """
    if version not in CIS_VERSIONS:
        raise KeyError(version)
    editions = _EDITIONS.get(alert_id) or (_Edition("1.2", (_plain(alert_id),)),)
    order = CIS_VERSIONS.index
    texts: tuple[str, ...] = ()
    for edition in editions:
        if order(edition.first) <= order(version):
            texts = edition.texts
    return texts


def _names(names: tuple[str, ...]) -> str:
    return " || ".join(f"($.eventName = {name})" for name in names)


def _plain(alert_id: str, *, with_source: bool | None = None) -> str:
    """The usual shape: any of the names, for some alerts only from one source."""
    source, names = CALLS[alert_id]
    if with_source if with_source is not None else source not in {IAM, CLOUDTRAIL, EC2}:
        return f"{{ ($.eventSource = {source}) && ({_names(names)}) }}"
    return f"{{ {_names(names)} }}"


_REFUSED = '($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")'
_NOISE = '($.sourceIPAddress != "delivery.logs.amazonaws.com") && ($.eventName != "HeadBucket")'
_SIGN_IN = '($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes")'
_USER_ONLY = '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success")'
_ROOT = '$.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent"'
_ROUTES = CALLS["alert-route-table-changes"][1]

_EDITIONS: Mapping[str, tuple[_Edition, ...]] = {
    "alert-unauthorized-api-calls": (
        _Edition("1.2", (f"{{ {_REFUSED} }}",)),
        # Printed with || throughout, which matches every event.
        _Edition("1.4", (f"{{ {_REFUSED} }}", f"{{ {_REFUSED} || {_NOISE.replace('&&', '||')} }}")),
        _Edition("1.5", (f"{{ {_REFUSED} && {_NOISE} }}", f"{{ ({_REFUSED}) && {_NOISE} }}")),
    ),
    "alert-console-signin-no-mfa": (
        _Edition("1.2", (f"{{ {_SIGN_IN} }}",)),
        _Edition("1.4", (f"{{ {_SIGN_IN} }}", f"{{ {_SIGN_IN} && {_USER_ONLY} }}")),
    ),
    "alert-root-usage": (_Edition("1.2", (f"{{ {_ROOT} }}",)),),
    "alert-console-auth-failures": (
        _Edition("1.2", ('{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }',)),
    ),
    "alert-security-group-changes": (
        _Edition("1.2", (f"{{ {_names(_SECURITY_GROUP)} }}",)),
        _Edition(
            "6.0",
            (f"{{ {_names(_SECURITY_GROUP)} }}", f"{{ {_names((*_SECURITY_GROUP, 'ModifySecurityGroupRules'))} }}"),
        ),
    ),
    "alert-route-table-changes": (
        _Edition("1.2", (_plain("alert-route-table-changes"),)),
        _Edition(
            "1.5",
            (
                _plain("alert-route-table-changes", with_source=True),
                f"{{ ($.eventSource = {EC2}) && {_names(_ROUTES)} }}",
            ),
        ),
    ),
    "alert-organizations-changes": (_Edition("1.4", (_plain("alert-organizations-changes"),)),),
}
