"""From a request to its answer: who is asking, whether it may, what goes wrong, and which template says what it gets."""

from __future__ import annotations

import json
import time
from collections import Counter
from urllib.parse import parse_qsl, unquote

from benchmarks.local_aws import XML, response
from benchmarks.organization import world
from benchmarks.organization.world import ADMINISTRATOR, ARCHIVE, MANAGEMENT, ORG_BUCKET, PLACE, Asked, Faults, Shape

HANG_UP = b""
"""In place of an answer: the connection is cut."""
_ACCOUNT = PLACE.encode()
_NO_KEY = "AKIA"
_ISSUED = "ASIA"
_BEFORE_EXPIRY = frozenset({"DescribeRegions", "DescribeTrails", "GetCallerIdentity", "AssumeRole"})
"""What an account whose credentials end in mid-run still answers."""
_FOR_MANAGERS = frozenset(
    {
        "ListAccounts",
        "ListAccountsForParent",
        "ListOrganizationalUnitsForParent",
        "ListParents",
        "ListPoliciesForTarget",
        "ListRoots",
        "ListDelegatedAdministrators",
        "ListAWSServiceAccessForOrganization",
        "DescribePolicy",
    }
)
_THROTTLED = {"ec2": "RequestLimitExceeded", "s3": "SlowDown", "sts": "Throttling"}
_EXPIRED = {"ec2": "RequestExpired", "s3": "ExpiredToken", "sts": "ExpiredToken"}


def starting_key(account: str = MANAGEMENT) -> str:
    """An access key that needs no role: its account can be read off it, as off every key that the simulator issues."""
    return f"{_NO_KEY}{account}BASE"


class Answers:
    """One process's view of the organization. ``processes`` share the load, and so the limits."""

    def __init__(self, shape: Shape, faults: Faults, processes: int = 1) -> None:
        self.shape = shape
        self.faults = faults
        self.templates = world.Templates(shape)
        self.served: Counter[str] = Counter()
        self._denied, self._throttled = frozenset(faults.denied), frozenset(faults.throttled)
        self._expired, self._down = frozenset(faults.expired), frozenset(faults.down)
        self._rate = faults.rate / processes
        self._tokens: dict[tuple[str, str], tuple[float, float]] = {}
        self._issued = 0
        self._count = 0

    def answer(self, head: bytes, body: bytes) -> tuple[Asked, bytes]:
        """Return what was asked and the whole response, or ``HANG_UP``."""
        asked, session = read(head, body)
        self.served[f"{asked.service}.{asked.operation}"] += 1
        return asked, self._respond(asked, session)

    def _respond(self, asked: Asked, session: str) -> bytes:
        if asked.region in self._down and asked.service != "sts":
            return HANG_UP
        if asked.account in self._throttled or self._too_often(asked):
            return refusal(asked, _THROTTLED.get(asked.service, "ThrottlingException"), "Rate exceeded", 503)
        ended = session and float(session.rpartition("-")[2]) < time.time()
        if ended or (asked.account in self._expired and asked.operation not in _BEFORE_EXPIRY):
            code = _EXPIRED.get(asked.service, "ExpiredTokenException")
            return refusal(asked, code, "The security token included in the request is expired")
        if asked.service == "sts":
            return self._identity(asked)
        if asked.service == "organizations":
            return self._organization(asked)
        if asked.bucket or asked.operation == "ListBuckets":
            return self._storage(asked)
        return self._account(asked)

    def _too_often(self, asked: Asked) -> bool:
        self._count += 1
        if self.faults.throttle_each and self._count % self.faults.throttle_each == 0:
            return True
        if not self._rate or asked.service == "sts":
            return False
        now, key = time.monotonic(), (asked.account, asked.region)
        tokens, since = self._tokens.get(key, (self._rate, now))
        tokens = min(max(self._rate, 1.0), tokens + (now - since) * self._rate)
        self._tokens[key] = (max(tokens - 1, 0.0), now)
        return tokens < 1

    # --- services ----------------------------------------------------------------------------------------------------

    def _identity(self, asked: Asked) -> bytes:
        if asked.operation == "GetCallerIdentity":
            result = f"<Arn>arn:aws:sts::{asked.account}:assumed-role/audit/trailwarden</Arn><UserId>AROAEXAMPLE:trailwarden</UserId><Account>{asked.account}</Account>"
            return response(
                f"{XML}<GetCallerIdentityResponse><GetCallerIdentityResult>{result}</GetCallerIdentityResult></GetCallerIdentityResponse>"
            )
        account = asked.parameters.get("RoleArn", "::::").split(":")[4]
        number = int(account) - world.FIRST if account.isdigit() else -1
        refused = (
            not 0 <= number < self.shape.accounts
            or account in self._denied
            or self.shape.state(number) != "ACTIVE"
            or asked.parameters.get("ExternalId", "") != self.faults.external_id
        )
        if refused:
            text = f"User: arn:aws:iam::{asked.account}:user/auditor is not authorized to perform: sts:AssumeRole on resource: {asked.parameters.get('RoleArn')}"
            return refusal(asked, "AccessDenied", text, 403)
        self._issued = (self._issued + 1) % 10_000
        ends = time.time() + self.faults.session_seconds
        role, name = asked.parameters["RoleArn"].rpartition("/")[2], asked.parameters.get("RoleSessionName", "x")
        return response(
            f"{XML}<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:{name}</AssumedRoleId>"
            f"<Arn>arn:aws:sts::{account}:assumed-role/{role}/{name}</Arn></AssumedRoleUser><Credentials>"
            f"<AccessKeyId>{_ISSUED}{account}{self._issued:04}</AccessKeyId><SecretAccessKey>{'s' * 40}</SecretAccessKey>"
            f"<SessionToken>session-{account}-{ends:.3f}</SessionToken>"
            f"<Expiration>{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(ends))}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )

    def _organization(self, asked: Asked) -> bytes:
        if asked.operation in _FOR_MANAGERS and asked.account not in (MANAGEMENT, ADMINISTRATOR):
            return refusal(asked, "AccessDeniedException", "You don't have permissions to access this resource.")
        wanted = json.loads(asked.body or b"{}")
        if asked.operation == "ListAccounts":
            return self.templates.accounts(wanted.get("NextToken", ""))
        if asked.operation == "ListAccountsForParent":
            return self.templates.accounts(wanted.get("NextToken", ""), wanted["ParentId"])
        if asked.operation == "ListOrganizationalUnitsForParent":
            return self.templates.units(wanted["ParentId"])
        if asked.operation == "ListParents":
            return self.templates.parents(wanted["ChildId"])
        if asked.operation == "ListPoliciesForTarget":
            return self.templates.attached(wanted["TargetId"], wanted["Filter"])
        if asked.operation == "DescribeEffectivePolicy":
            return refusal(asked, "EffectivePolicyNotFoundException", "There is no effective policy of this type.")
        name = wanted["PolicyId"] if asked.operation == "DescribePolicy" else asked.operation
        return self.templates.organizations.get(name) or unknown(asked)

    def _account(self, asked: Asked) -> bytes:
        """EC2, CloudTrail, KMS, CloudWatch Logs and the account-wide half of S3."""
        if asked.operation == "DescribeRegions":
            return self.templates.regions
        if asked.service == "s3" and asked.operation == "GetAccountPublicAccessBlock":
            return self.templates.block
        body = asked.body
        found: bytes | None = None
        if asked.service == "kms" and ARCHIVE.encode() in body and asked.account != ARCHIVE:
            return refusal(asked, "AccessDeniedException", "not authorized to perform this on a key of another account")
        if b"organization" in body or (
            asked.service == "kms" and b"-" + ARCHIVE.encode() in body and asked.region == world.ORG_HOME
        ):
            if asked.operation == "GetEventSelectors" and asked.account not in (MANAGEMENT, ADMINISTRATOR):
                return refusal(asked, "CloudTrailARNInvalidException", "The trail ARN is not of your account.")
            found = self.templates.general.get(f"organization {asked.operation}")
            if asked.operation == "DescribeLogGroups" and asked.account != MANAGEMENT:
                return world.as_json({"logGroups": []})
        found = found or self.templates.general.get(asked.operation)
        if found is not None:
            return found
        found = self.templates.by_home[self.templates.home_of(asked.account)].get(asked.operation)
        return unknown(asked) if found is None else found.replace(_ACCOUNT, asked.account.encode())

    def _storage(self, asked: Asked) -> bytes:
        if asked.operation == "ListBuckets":
            return self.templates.buckets(asked.account)
        owner = asked.bucket[-12:]
        ours = asked.bucket == ORG_BUCKET
        home = world.ORG_HOME if ours else self.templates.home_of(owner) if owner.isdigit() else ""
        known = ours or (asked.bucket == f"audit-logs-{owner}" and self.shape.own_trails)
        if not known:
            return refusal(asked, "NoSuchBucket", "The specified bucket does not exist", 404)
        refused = owner != asked.account or asked.expected_owner not in ("", owner)
        if asked.operation == "HeadBucket":
            return self.templates.by_home[home]["HeadBucket refused" if refused else "HeadBucket"]
        if refused:
            return refusal(asked, "AccessDenied", "Access Denied", 403)
        if asked.operation == "policy":
            if ours:
                return self.templates.general["organization GetBucketPolicy"]
            return self.templates.by_home[home]["GetBucketPolicy"].replace(_ACCOUNT, owner.encode())
        if asked.operation == "ListObjectsV2":
            return self._digests(asked)
        if asked.operation == "replication":
            return refusal(
                asked, "ReplicationConfigurationNotFoundError", "There is no replication configuration.", 404
            )
        return self.templates.settings.get(asked.operation.encode()) or unknown(asked)

    def _digests(self, asked: Asked) -> bytes:
        """One digest, as new as the trails' own statements, under whatever prefix of digests is listed."""
        prefix, rows = asked.parameters.get("prefix", ""), ""
        if "/CloudTrail-Digest/" in prefix:
            made = time.gmtime(self.shape.now - 1800)
            key = f"{prefix.rstrip('/')}/{time.strftime('%Y/%m/%d', made)}/digest_{time.strftime('%Y%m%dT%H%M%SZ', made)}.json.gz"
            rows = f"<Contents><Key>{key}</Key><LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', made)}</LastModified><Size>900</Size></Contents>"
        return response(
            f"{XML}<ListBucketResult><Name>{asked.bucket}</Name><Prefix>{prefix}</Prefix><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        )


def read(head: bytes, body: bytes) -> tuple[Asked, str]:
    """Return what a request asks, and the token of its session; the account comes out of the access key."""
    method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
    scope = head.split(b"Credential=", 1)[1].split(b",", 1)[0].split(b"/")
    account, region, service = scope[0][4:16].decode(), scope[2].decode(), scope[3].decode()
    session = header(head, b"x-amz-security-token")
    if service == "s3":
        return storage(method, target, head, Asked(account, region, service, "")), session
    operation = header(head, b"x-amz-target").rpartition(".")[2]
    if operation:
        return Asked(account, region, service, operation, body), session
    if b"Action=" in body:
        parameters = dict(parse_qsl(body.decode()))
        return Asked(account, region, service, parameters["Action"], body, parameters=parameters), session
    return Asked(account, region, service, f"{method.decode()} {target.decode()}", body), session


def storage(method: bytes, target: bytes, head: bytes, asked: Asked) -> Asked:
    path, _, query = target.decode().partition("?")
    if path.startswith("/v20180820/"):
        asked.operation = "GetAccountPublicAccessBlock" if path.endswith("/publicAccessBlock") else path
        return asked
    asked.bucket = unquote(path).strip("/").partition("/")[0]
    asked.expected_owner = header(head, b"x-amz-expected-bucket-owner")
    if not asked.bucket:
        asked.operation = "ListBuckets"
    elif method == b"HEAD":
        asked.operation = "HeadBucket"
    elif "list-type=2" in query:
        asked.operation = "ListObjectsV2"
        asked.parameters = dict(parse_qsl(query))
    else:
        asked.operation = query.partition("&")[0].rstrip("=")
    return asked


def header(head: bytes, name: bytes) -> str:
    """Return the value of a header, empty without one. ``name`` is in lower case."""
    mark = head.lower().find(b"\r\n" + name + b":")
    if mark < 0:
        return ""
    start = mark + len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip().decode()


def unknown(asked: Asked) -> bytes:
    return refusal(asked, "UnknownOperationException", f"the simulator has no {asked.service} {asked.operation}", 400)


def refusal(asked: Asked, code: str, message: str, status: int = 400) -> bytes:
    """Return an error as the service's protocol has it."""
    kind, text = "text/xml", f"<Code>{code}</Code><Message>{message}</Message>"
    if asked.operation == "HeadBucket":
        text = ""
    elif asked.service == "ec2":
        text = f"{XML}<Response><Errors><Error>{text}</Error></Errors><RequestID>R</RequestID></Response>"
    elif asked.service == "s3" and asked.bucket:
        text = f"{XML}<Error>{text}</Error>"
    elif asked.service in ("s3", "sts"):
        text = f"{XML}<ErrorResponse><Error><Type>Sender</Type>{text}</Error><RequestId>R</RequestId></ErrorResponse>"
    else:
        kind, text = "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message})
        status = 400
    payload = text.encode()
    more = f"x-amzn-errortype: {code}\r\n" if kind.startswith("application") else ""
    head = f"HTTP/1.1 {status} S\r\nContent-Type: {kind}\r\n{more}x-amzn-RequestId: R\r\nContent-Length: {len(payload)}\r\n\r\n"
    return head.encode() + payload
