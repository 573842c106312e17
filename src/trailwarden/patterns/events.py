"""Synthetic CloudTrail records: what a filter would see if the event happened.

Field names and values follow the CloudTrail user guide ("CloudTrail record contents", "AWS Management Console sign-in
events"). Every event comes from two callers in two Regions, so a pattern that only listens to IAM users, or to one
Region of a multi-Region trail, is seen to miss the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACCOUNT = "111122223333"

_USER = {
    "type": "IAMUser",
    "principalId": "AIDAEXAMPLEUSER",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "accountId": ACCOUNT,
    "accessKeyId": "AKIAEXAMPLEKEY",
    "userName": "alice",
}
_ROLE = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLEROLE:session",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/session",
    "accountId": ACCOUNT,
    "accessKeyId": "ASIAEXAMPLEKEY",
    "sessionContext": {
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROAEXAMPLEROLE",
            "arn": f"arn:aws:iam::{ACCOUNT}:role/Admin",
            "accountId": ACCOUNT,
            "userName": "Admin",
        },
        "attributes": {"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "false"},
    },
}
_ROOT = {
    "type": "Root",
    "principalId": ACCOUNT,
    "arn": f"arn:aws:iam::{ACCOUNT}:root",
    "accountId": ACCOUNT,
    "accessKeyId": "ASIAEXAMPLEROOT",
}
_SIGN_IN = "signin.amazonaws.com"

# Services with one control plane for the whole partition write their events in us-east-1.
_GLOBAL = {"iam.amazonaws.com", "organizations.amazonaws.com"}
_HOME, _ELSEWHERE = "us-east-1", "eu-west-1"


@dataclass(frozen=True, slots=True)
class Probe:
    """One record that a pattern must match: the event's name, which variant of it, and the record itself."""

    event: str
    variant: str
    record: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.event} ({self.variant})"


def call(source: str, name: str) -> tuple[Probe, ...]:
    """The probes of an API call that succeeds: by an IAM user and by an assumed role, in two Regions."""
    elsewhere = _HOME if source in _GLOBAL else _ELSEWHERE
    return (
        Probe(name, "by an IAM user", _record(source, name, _USER, _HOME)),
        Probe(name, f"by an assumed role, {elsewhere}", _record(source, name, _ROLE, elsewhere)),
    )


def refusals() -> tuple[Probe, ...]:
    """The probes of refused API calls, one for each spelling that services use for it."""
    calls = (
        ("ec2.amazonaws.com", "RunInstances", "Client.UnauthorizedOperation"),
        ("s3.amazonaws.com", "PutBucketPolicy", "AccessDenied"),
        ("kms.amazonaws.com", "DisableKey", "AccessDeniedException"),
    )
    return tuple(
        Probe(name, f"{code} {probe.variant}", {**probe.record, **_error(code)})
        for source, name, code in calls
        for probe in call(source, name)
    )


def sign_in_without_mfa() -> tuple[Probe, ...]:
    """The probe of an IAM user who signs in to the console without a second factor."""
    return (Probe("ConsoleLogin", "IAM user without MFA", _sign_in(_USER, "Success")),)


def failed_sign_ins() -> tuple[Probe, ...]:
    """The probes of a wrong password, for an IAM user and for root."""
    error = {"errorMessage": "Failed authentication"}
    return tuple(
        Probe("ConsoleLogin", f"failed, {who}", {**_sign_in(identity, "Failure"), **error})
        for who, identity in (("IAM user", _USER), ("root", _ROOT))
    )


def root_at_work() -> tuple[Probe, ...]:
    """The probes of root acting by itself (no invokedBy): an API call and a sign-in."""
    return (
        Probe("CreateUser", "by root", _record("iam.amazonaws.com", "CreateUser", _ROOT, _HOME)),
        Probe("StopLogging", f"by root, {_ELSEWHERE}", _record(_CLOUDTRAIL, "StopLogging", _ROOT, _ELSEWHERE)),
        Probe("ConsoleLogin", "by root", _sign_in(_ROOT, "Success")),
    )


_CLOUDTRAIL = "cloudtrail.amazonaws.com"


def _error(code: str) -> dict[str, Any]:
    return {"errorCode": code, "errorMessage": "You are not authorized to perform this operation."}


def _record(source: str, name: str, identity: Mapping[str, Any], region: str) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "userIdentity": dict(identity),
        "eventTime": "2026-01-01T00:00:00Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "203.0.113.10",
        "userAgent": "aws-cli/2",
        "requestParameters": {},
        "responseElements": None,
        "requestID": "00000000-0000-4000-8000-000000000001",
        "eventID": "00000000-0000-4000-8000-000000000002",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def _sign_in(identity: Mapping[str, Any], outcome: str) -> dict[str, Any]:
    return {
        **_record(_SIGN_IN, "ConsoleLogin", identity, _HOME),
        "requestParameters": None,
        "responseElements": {"ConsoleLogin": outcome},
        "additionalEventData": {
            "LoginTo": "https://console.aws.amazon.com/console/home",
            "MobileVersion": "No",
            "MFAUsed": "No",
        },
        "eventType": "AwsConsoleSignIn",
    }
