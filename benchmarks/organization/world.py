"""What a simulated organization answers: a template for each question, with the account filled in when it is asked.

Account 0 is the management account, 1 the log archive, 2 the delegated administrator; everybody has a trail of its own, and sees the
organization's. Nothing is stored for an account, so ten thousand of them take as much memory as ten. Every answer is a complete HTTP
response of a fixed length: the place for the account is as wide as its id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.local_aws import BLOCK, BUCKET_XML, OWNER, REGIONS, XML, response

FIRST = 100_000_000_000
MANAGEMENT, ARCHIVE, ADMINISTRATOR = f"{FIRST:012}", f"{FIRST + 1:012}", f"{FIRST + 2:012}"
PLACE = "@@@ACCOUNT@@"
"""Stands for an account in a template; twelve characters, as an account's id has."""
ORGANIZATION, ROOT = "o-simulated0", "r-sim0"
ORG_HOME = "us-east-1"
ORG_TRAIL = f"arn:aws:cloudtrail:{ORG_HOME}:{MANAGEMENT}:trail/organization"
ORG_BUCKET = f"org-logs-{ARCHIVE}"
DEFAULT_REGIONS = sorted(
    [
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
        "ca-central-1",
        "sa-east-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "eu-central-1",
        "eu-north-1",
        "ap-south-1",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-southeast-1",
        "ap-southeast-2",
    ]
)
"""The regions that every account has; opt-in regions follow when more are asked for."""
HOMES = ("us-east-1", "eu-west-1", "ap-southeast-2")
"""Home regions of the accounts' own trails, taken in turns."""
PAGE = 20
"""Accounts to a page of ListAccounts, as many as AWS gives."""
CLOUDTRAIL = "cloudtrail.amazonaws.com"


@dataclass(frozen=True)
class Shape:
    """How large the organization is. ``now`` is the instant, in seconds, at which its trails have just delivered."""

    now: float
    accounts: int = 100
    regions: int = 17
    units: int = 12
    suspended: float = 0.0
    """Share of accounts that are suspended."""
    paths: bool = True
    """Whether ListAccounts says in which unit an account is, as newer answers do."""
    own_trails: bool = True
    organization_trail: bool = True

    @property
    def region_names(self) -> list[str]:
        """The enabled regions: the default ones first."""
        return [*DEFAULT_REGIONS, *(name for name in REGIONS if name not in DEFAULT_REGIONS)][: self.regions]

    @property
    def unit_ids(self) -> list[str]:
        return [f"ou-sim0-{number:08}" for number in range(self.units)]

    def ids(self) -> list[str]:
        return [f"{FIRST + number:012}" for number in range(self.accounts)]

    def state(self, number: int) -> str:
        """Suspended accounts are spread evenly; the first three never are."""
        each = round(1 / self.suspended) if self.suspended else 0
        return "SUSPENDED" if each and number > 2 and number % each == each - 1 else "ACTIVE"

    def unit(self, number: int) -> str:
        """The unit of an account, or the root for the management account."""
        return self.unit_ids[number % self.units] if number and self.units else ROOT


@dataclass(frozen=True)
class Faults:
    """What goes wrong, by account id or region name."""

    denied: tuple[str, ...] = ()
    """Nobody may assume the role of these accounts."""
    throttled: tuple[str, ...] = ()
    """Whatever is asked about these accounts is asked too often."""
    expired: tuple[str, ...] = ()
    """The credentials for these accounts end as soon as their regions have been listed, and new ones are no better."""
    down: tuple[str, ...] = ()
    """These regions hang up."""
    throttle_each: int = 0
    """Every n-th request is throttled."""
    rate: float = 0.0
    """Requests a second that each account and region grants; the rest is throttled. 0 for no limit."""
    session_seconds: int = 3600
    """How long credentials last."""
    external_id: str = ""
    """What AssumeRole must bring along."""


@dataclass
class Asked:
    """One request, as far as anybody looks at it."""

    account: str
    region: str
    service: str
    operation: str
    body: bytes = b""
    bucket: str = ""
    expected_owner: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def trail(home: str, account: str, name: str, *, bucket: str, key: str, logs: str, **more: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "TrailARN": f"arn:aws:cloudtrail:{home}:{account}:trail/{name}",
        "S3BucketName": bucket,
        "HomeRegion": home,
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "LogFileValidationEnabled": True,
        "KmsKeyId": key,
        "CloudWatchLogsLogGroupArn": f"arn:aws:logs:{home}:{logs}:log-group:{name}:*",
        "CloudWatchLogsRoleArn": f"arn:aws:iam::{logs}:role/{name}",
        "HasInsightSelectors": False,
        **more,
    }


def own_trail(home: str) -> dict[str, Any]:
    return trail(
        home,
        PLACE,
        "audit",
        bucket=f"audit-logs-{PLACE}",
        key=key_arn(home, PLACE),
        logs=PLACE,
        HasCustomEventSelectors=True,
        IsOrganizationTrail=False,
    )


def organization_trail() -> dict[str, Any]:
    key = key_arn(ORG_HOME, ARCHIVE)
    more = {"HasCustomEventSelectors": False, "IsOrganizationTrail": True}
    return trail(ORG_HOME, MANAGEMENT, "organization", bucket=ORG_BUCKET, key=key, logs=MANAGEMENT, **more)


def key_arn(home: str, account: str) -> str:
    return f"arn:aws:kms:{home}:{account}:key/11111111-2222-4333-8444-{account}"


def bucket_policy(bucket: str, source: str, prefixes: list[str]) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{bucket}"
    ours = {"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}}
    condition = {"StringEquals": {"aws:SourceArn": source}}
    files = [f"{arn}/AWSLogs/{prefix}/*" for prefix in prefixes]
    control = {"StringEquals": {"aws:SourceArn": source, "s3:x-amz-acl": "bucket-owner-full-control"}}
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {**ours, "Action": "s3:GetBucketAcl", "Resource": arn, "Condition": condition},
            {**ours, "Action": "s3:PutObject", "Resource": files, "Condition": control},
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": insecure,
            },
        ],
    }


def key_policy(account: str, source: str) -> str:
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
    ours = {"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}, "Resource": "*"}
    condition = {"StringEquals": {"aws:SourceArn": source}}
    encrypt = {**ours, "Action": "kms:GenerateDataKey*", "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [root, encrypt, {**ours, "Action": "kms:DescribeKey"}]})


SCP = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Action": [
                f"cloudtrail:{name}" for name in ("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors")
            ],
            "Resource": "*",
        },
        {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"},
    ],
}
FULL_ACCESS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
POLICIES = {"p-guardrail": ("guardrail", SCP), "p-FullAWSAccess": ("FullAWSAccess", FULL_ACCESS)}


class Templates:
    """Complete HTTP responses by what is asked; ``bytes.replace`` puts the account in."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.by_home = {home: self._of_home(home) for home in HOMES}
        self.general = {name: as_json(body) for name, body in self._general().items()}
        self.organizations = {name: as_json(body) for name, body in self._organizations().items()}
        self.regions = response(
            f"{XML}<DescribeRegionsResponse><regionInfo>{self._regions()}</regionInfo></DescribeRegionsResponse>"
        )
        self.settings = {name.encode(): response(XML + body) for name, body in BUCKET_XML.items()}
        self.settings[b"requestPayment"] = response(
            f"{XML}<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>"
        )
        self.block = response(XML + BLOCK)

    def home_of(self, account: str) -> str:
        return HOMES[int(account) % len(HOMES)]

    def _of_home(self, home: str) -> dict[str, bytes]:
        trails = [organization_trail()] if self.shape.organization_trail else []
        trails += [own_trail(home)] if self.shape.own_trails else []
        mine = own_trail(home)
        arn = mine["TrailARN"]
        selector = {"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
        policy = bucket_policy(mine["S3BucketName"], arn, [PLACE])
        return {
            "DescribeTrails": as_json({"trailList": trails}),
            "GetEventSelectors": as_json({"TrailARN": arn, "AdvancedEventSelectors": [selector]}),
            "DescribeKey": as_json({"KeyMetadata": self._key(home, PLACE)}),
            "GetKeyRotationStatus": as_json(rotation(home, PLACE)),
            "GetKeyPolicy": as_json({"Policy": key_policy(PLACE, arn), "PolicyName": "default"}),
            "DescribeLogGroups": as_json({"logGroups": [self._group(home, PLACE, "audit")]}),
            "GetBucketPolicy": response(json.dumps(policy), "application/json"),
            "HeadBucket": head_response(200, home),
            "HeadBucket refused": head_response(403, home),
        }

    def _general(self) -> dict[str, Any]:
        """Answers that depend on no account, and those about the organization's trail."""
        now = self.shape.now
        delivered = {
            "IsLogging": True,
            "LatestDeliveryTime": now - 300,
            "LatestDigestDeliveryTime": now - 1800,
            "LatestCloudWatchLogsDeliveryTime": now - 200,
            "StartLoggingTime": now - 1e7,
        }
        return {
            "GetTrailStatus": delivered,
            "organization DescribeKey": {"KeyMetadata": self._key(ORG_HOME, ARCHIVE)},
            "organization GetKeyRotationStatus": rotation(ORG_HOME, ARCHIVE),
            "organization GetKeyPolicy": {"Policy": key_policy(ARCHIVE, ORG_TRAIL), "PolicyName": "default"},
            "organization DescribeLogGroups": {"logGroups": [self._group(ORG_HOME, MANAGEMENT, "organization")]},
            "organization GetBucketPolicy": bucket_policy(ORG_BUCKET, ORG_TRAIL, [MANAGEMENT, f"{ORGANIZATION}"]),
            "ListGrants": {"Grants": [], "Truncated": False},
            "DescribeMetricFilters": {"metricFilters": []},
            "DescribeSubscriptionFilters": {"subscriptionFilters": []},
            "DescribeResourcePolicies": {"resourcePolicies": []},
            "ListTags": {"ResourceTagList": []},
            "LookupEvents": {"Events": []},
            "ListEventDataStores": {"EventDataStores": []},
        }

    def _organizations(self) -> dict[str, Any]:
        manager = f"arn:aws:organizations::{MANAGEMENT}"
        organization = {
            "Id": ORGANIZATION,
            "Arn": f"{manager}:organization/{ORGANIZATION}",
            "FeatureSet": "ALL",
            "MasterAccountId": MANAGEMENT,
            "MasterAccountArn": f"{manager}:account/{ORGANIZATION}/{MANAGEMENT}",
        }
        types = [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
        root = {"Id": ROOT, "Arn": f"{manager}:root/{ORGANIZATION}/{ROOT}", "Name": "Root", "PolicyTypes": types}
        administrator = {
            "Id": ADMINISTRATOR,
            "Name": "account-0002",
            "Status": "ACTIVE",
            "DelegationEnabledDate": self.shape.now - 3e7,
        }
        service = {"ServicePrincipal": CLOUDTRAIL, "DateEnabled": self.shape.now - 3e7}
        return {
            "DescribeOrganization": {"Organization": organization},
            "ListRoots": {"Roots": [root]},
            "ListDelegatedAdministrators": {"DelegatedAdministrators": [administrator]},
            "ListAWSServiceAccessForOrganization": {"EnabledServicePrincipals": [service]},
            "nothing": {},
            **{
                name: {"Policy": {"PolicySummary": summary(name), "Content": json.dumps(document)}}
                for name, (_, document) in POLICIES.items()
            },
        }

    def _regions(self) -> str:
        rows = []
        for name in self.shape.region_names:
            status = "opt-in-not-required" if name in DEFAULT_REGIONS else "opted-in"
            rows.append(
                f"<item><regionName>{name}</regionName><regionEndpoint>ec2.{name}.amazonaws.com</regionEndpoint>"
                f"<optInStatus>{status}</optInStatus></item>"
            )
        return "".join(rows)

    def _key(self, home: str, account: str) -> dict[str, Any]:
        return {
            "KeyId": key_arn(home, account).rpartition("/")[2],
            "Arn": key_arn(home, account),
            "AWSAccountId": account,
            "Enabled": True,
            "KeyState": "Enabled",
            "KeyManager": "CUSTOMER",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "Origin": "AWS_KMS",
            "MultiRegion": False,
            "CreationDate": self.shape.now - 1e7,
        }

    def _group(self, home: str, account: str, name: str) -> dict[str, Any]:
        return {
            "logGroupName": name,
            "arn": f"arn:aws:logs:{home}:{account}:log-group:{name}:*",
            "retentionInDays": 400,
            "creationTime": int(self.shape.now * 1000) - 10**10,
        }

    # --- answers whose length varies: few are asked ------------------------------------------------------------------

    def accounts(self, token: str, unit: str = "") -> bytes:
        """A page of ListAccounts, or of ListAccountsForParent."""
        start = int(token or 0)
        found = [number for number in range(self.shape.accounts) if not unit or self.shape.unit(number) == unit]
        page: dict[str, Any] = {"Accounts": [self._account(number) for number in found[start : start + PAGE]]}
        if start + PAGE < len(found):
            page |= {"NextToken": str(start + PAGE)}
        return as_json(page)

    def _account(self, number: int) -> dict[str, Any]:
        identity, state = f"{FIRST + number:012}", self.shape.state(number)
        row: dict[str, Any] = {
            "Id": identity,
            "Arn": f"arn:aws:organizations::{MANAGEMENT}:account/{ORGANIZATION}/{identity}",
            "Email": f"aws+{number:04}@example.com",
            "Name": f"account-{number:04}",
            "Status": state,
            "State": state,
            "JoinedMethod": "CREATED",
            "JoinedTimestamp": self.shape.now - 2e7,
        }
        unit = self.shape.unit(number)
        if self.shape.paths:
            row["Paths"] = ["/".join([ORGANIZATION, *([ROOT] if unit != ROOT else []), unit, identity, ""])]
        return row

    def units(self, parent: str) -> bytes:
        found = self.shape.unit_ids if parent == ROOT else []
        rows = [
            {
                "Id": unit,
                "Name": f"unit-{unit[-2:]}",
                "Arn": f"arn:aws:organizations::{MANAGEMENT}:ou/{ORGANIZATION}/{unit}",
            }
            for unit in found
        ]
        return as_json({"OrganizationalUnits": rows})

    def parents(self, child: str) -> bytes:
        above = self.shape.unit(int(child) - FIRST) if child.isdigit() else ROOT
        return as_json({"Parents": [{"Id": above, "Type": "ROOT" if above == ROOT else "ORGANIZATIONAL_UNIT"}]})

    def attached(self, target: str, kind: str) -> bytes:
        names = list(POLICIES) if target == ROOT else ["p-FullAWSAccess"]
        return as_json({"Policies": [summary(name) for name in names] if kind == "SERVICE_CONTROL_POLICY" else []})

    def buckets(self, account: str) -> bytes:
        names = [ORG_BUCKET] if account == ARCHIVE else []
        names += [f"audit-logs-{account}"] if self.shape.own_trails else []
        rows = "".join(
            f"<Bucket><Name>{name}</Name><CreationDate>2025-01-01T00:00:00.000Z</CreationDate></Bucket>"
            for name in sorted(names)
        )
        return response(f"{XML}<ListAllMyBucketsResult>{OWNER}<Buckets>{rows}</Buckets></ListAllMyBucketsResult>")


def summary(name: str) -> dict[str, Any]:
    return {
        "Id": name,
        "Arn": f"arn:aws:organizations::{MANAGEMENT}:policy/{ORGANIZATION}/service_control_policy/{name}",
        "Name": POLICIES[name][0],
        "Type": "SERVICE_CONTROL_POLICY",
        "AwsManaged": name == "p-FullAWSAccess",
    }


def rotation(home: str, account: str) -> dict[str, Any]:
    key = key_arn(home, account).rpartition("/")[2]
    return {"KeyRotationEnabled": True, "KeyId": key, "RotationPeriodInDays": 365}


def as_json(body: Any) -> bytes:
    return response(json.dumps(body), "application/x-amz-json-1.1")


def head_response(status: int, region: str) -> bytes:
    return f"HTTP/1.1 {status} S\r\nx-amz-bucket-region: {region}\r\nx-amz-request-id: R\r\nContent-Length: 0\r\n\r\n".encode()
