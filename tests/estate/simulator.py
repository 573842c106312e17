"""An organization behind one endpoint, small and deterministic: no dates, no request ids, and a log of who asked what.

Keys name their account: the caller's is AKIA111122223333BASE, and AssumeRole hands out ASIA<account><number>.
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

MANAGEMENT = "111122223333"
ARCHIVE = "999988887777"
REGIONS = ("eu-west-1", "us-east-1", "us-west-2")
HOME = "eu-west-1"
BUCKET = f"all-logs-{ARCHIVE}"
KEY = f"arn:aws:kms:{HOME}:{ARCHIVE}:key/11111111-2222-3333-4444-555555555555"
ROLE = "audit"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": f"AKIA{MANAGEMENT}BASE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_DEFAULT_REGION": "us-east-1",
}
THEN = 1_750_000_000
BOOLEANS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
BLOCK = "".join(f"<{name}>true</{name}>" for name in BOOLEANS)
SETTINGS = {
    "policyStatus": "<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>",
    "acl": "<AccessControlPolicy><Owner><ID>a</ID></Owner><AccessControlList></AccessControlList></AccessControlPolicy>",
    "publicAccessBlock": f"<PublicAccessBlockConfiguration>{BLOCK}</PublicAccessBlockConfiguration>",
    "ownershipControls": "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
    "object-lock": "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
    "versioning": "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
}


@dataclass(frozen=True)
class Asked:
    """One request as the organization sees it."""

    account: str
    region: str
    service: str
    operation: str
    details: str
    session: str

    @property
    def question(self) -> tuple[str, ...]:
        return self.account, self.region, self.service, self.operation, self.details


@dataclass
class Organization:
    """What there is, what goes wrong, and what was asked."""

    members: int = 6
    suspended: tuple[str, ...] = ()
    no_role: frozenset[str] = frozenset()
    """Accounts whose role refuses the caller."""
    denied: frozenset[str] = frozenset()
    throttled: frozenset[str] = frozenset()
    down: frozenset[str] = frozenset()
    """Regions in which every service answers 503."""
    expiring: dict[str, int] = field(default_factory=dict)
    """Accounts whose first sessions expire after a number of requests."""
    expired: frozenset[str] = frozenset()
    """Accounts whose sessions are refused as expired after the very first request, also those that are made anew."""
    delay: float = 0.0
    on_request: Callable[[Asked], None] = lambda asked: None
    log: list[Asked] = field(default_factory=list)
    sessions: Counter[str] = field(default_factory=Counter)
    roles: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    loop: asyncio.AbstractEventLoop | None = None

    @property
    def accounts(self) -> list[str]:
        return sorted([MANAGEMENT, ARCHIVE, *(f"{number:012}" for number in range(1, self.members + 1))])

    def settle(self) -> None:
        """Wait until nothing is left to read of what a client sent before it was killed."""
        before = -1
        while before != len(self.log):
            before = len(self.log)
            assert self.loop is not None
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), self.loop).result()

    def asked(self) -> list[tuple[str, ...]]:
        """Every question but those about who one is."""
        return [item.question for item in self.log if item.service != "sts"]

    # --- answers ------------------------------------------------------------------------------------------------------

    def answer(self, asked: Asked, body: bytes) -> tuple[int, dict[str, str], str]:
        if asked.service == "sts":
            return self.identity(asked, body)
        uses = sum(item.session == asked.session for item in self.log)
        first = asked.session.endswith("0001")
        if (first and uses > self.expiring.get(asked.account, uses)) or (
            asked.account in self.expired and not (first and uses == 1)
        ):
            return refusal(asked, "ExpiredTokenException" if asked.service != "s3" else "ExpiredToken", 400)
        if asked.region in self.down:
            return refusal(asked, "ServiceUnavailable", 503)
        if asked.account in self.throttled:
            return refusal(asked, "ThrottlingException", 400)
        if asked.account in self.denied:
            return refusal(asked, "AccessDenied" if asked.service == "s3" else "AccessDeniedException", 403)
        return self.reading(asked, body)

    def identity(self, asked: Asked, body: bytes) -> tuple[int, dict[str, str], str]:
        given = dict(parse_qsl(body.decode()))
        if asked.operation == "GetCallerIdentity":
            arn = f"arn:aws:iam::{asked.account}:user/auditor"
            inner = f"<Arn>{arn}</Arn><UserId>AIDA</UserId><Account>{asked.account}</Account>"
        else:
            self.roles.append(given)
            account = given["RoleArn"].split(":")[4]
            if account in self.no_role:
                return refusal(asked, "AccessDenied", 403)
            self.sessions[account] += 1
            key = f"ASIA{account}{self.sessions[account]:04}"
            inner = (
                f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{'s' * 40}</SecretAccessKey>"
                f"<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
            )
        name = asked.operation
        return 200, XML, f"<{name}Response><{name}Result>{inner}</{name}Result></{name}Response>"

    def reading(self, asked: Asked, body: bytes) -> tuple[int, dict[str, str], str]:
        account = asked.account
        arn = f"arn:aws:cloudtrail:{HOME}:{account}:trail/main"
        group = f"arn:aws:logs:{HOME}:{account}:log-group:trail"
        if asked.service == "s3":
            return self.storage(asked)
        if asked.operation == "DescribeRegions":
            regions = "".join(
                f"<item><regionName>{name}</regionName><optInStatus>opt-in-not-required</optInStatus></item>"
                for name in REGIONS
            )
            return 200, XML, f"<DescribeRegionsResponse><regionInfo>{regions}</regionInfo></DescribeRegionsResponse>"
        trail = {
            "Name": "main",
            "TrailARN": arn,
            "HomeRegion": HOME,
            "S3BucketName": BUCKET,
            "KmsKeyId": KEY,
            "IsMultiRegionTrail": True,
            "IncludeGlobalServiceEvents": True,
            "LogFileValidationEnabled": int(account) % 4 != 1,
            "CloudWatchLogsLogGroupArn": f"{group}:*",
            "CloudWatchLogsRoleArn": f"arn:aws:iam::{account}:role/logs",
            "HasCustomEventSelectors": False,
        }
        status = {
            "IsLogging": True,
            "StartLoggingTime": THEN - 10**7,
            "LatestDeliveryTime": THEN,
            "LatestDigestDeliveryTime": THEN,
            "LatestCloudWatchLogsDeliveryTime": THEN,
        }
        rows = [
            {
                "Id": item,
                "Name": "Log Archive" if item == ARCHIVE else f"team {int(item) % 100}",
                "Status": "SUSPENDED" if item in self.suspended else "ACTIVE",
                "Paths": [
                    f"o-example/r-root/{'ou-root-core' if item in (MANAGEMENT, ARCHIVE) else 'ou-root-work'}/{item}/"
                ],
            }
            for item in self.accounts
        ]
        key = {
            "KeyId": KEY,
            "Arn": KEY,
            "AWSAccountId": ARCHIVE,
            "KeyState": "Enabled",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
        }
        found: dict[str, object] = {
            "DescribeTrails": {"trailList": [trail]},
            "GetTrailStatus": status,
            "DescribeLogGroups": {
                "logGroups": [{"logGroupName": "trail", "arn": f"{group}:*", "retentionInDays": 400}]
            },
            "DescribeKey": {"KeyMetadata": key} if account == ARCHIVE else None,
            "ListAccounts": {"Accounts": rows} if account == MANAGEMENT else None,
        }
        reply = found.get(asked.operation)
        return (200, JSON, json.dumps(reply)) if reply is not None else refusal(asked, "AccessDeniedException", 403)

    def storage(self, asked: Asked) -> tuple[int, dict[str, str], str]:
        verb, path, query, expected = asked.details.split(" ")
        if path.startswith("/v20180820/"):
            return 200, XML, f"<PublicAccessBlockConfiguration>{BLOCK}</PublicAccessBlockConfiguration>"
        if path == "/":
            name = f"<Bucket><Name>{BUCKET}</Name></Bucket>" if asked.account == ARCHIVE else ""
            return 200, XML, f"<ListAllMyBucketsResult><Buckets>{name}</Buckets></ListAllMyBucketsResult>"
        if asked.account != ARCHIVE or expected != ARCHIVE:
            return (
                403,
                {**XML, "x-amz-bucket-region": HOME},
                "" if verb == "HEAD" else "<Error><Code>AccessDenied</Code></Error>",
            )
        if verb == "HEAD":
            return 200, {"x-amz-bucket-region": HOME}, ""
        if query == "policy":
            return 404, XML, "<Error><Code>NoSuchBucketPolicy</Code></Error>"
        return 200, XML, SETTINGS[query]


XML = {"content-type": "text/xml"}
JSON = {"content-type": "application/x-amz-json-1.1"}


def refusal(asked: Asked, code: str, status: int) -> tuple[int, dict[str, str], str]:
    """An error as the service writes it."""
    if asked.service == "s3":
        return (
            status,
            XML,
            "" if asked.details.startswith("HEAD") else f"<Error><Code>{code}</Code><Message>no</Message></Error>",
        )
    if asked.service == "ec2":
        return (
            status,
            XML,
            f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>",
        )
    if asked.service == "sts":
        return status, XML, f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return status, JSON, json.dumps({"__type": code, "message": "no"})


def understood(head: bytes, body: bytes) -> Asked:
    """Read a request."""
    first, *lines = head.decode("latin-1").split("\r\n")
    verb, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    session, _, region, service, _ = headers["authorization"].split("Credential=")[1].split(",")[0].split("/")
    account = session[4:16]
    path, _, query = target.partition("?")
    if service == "s3":
        expected = headers.get("x-amz-expected-bucket-owner", "-")
        details = f"{verb} {unquote(path)} {query.split('&')[0].rstrip('=') or '-'} {expected}"
        return Asked(account, region, service, f"{verb} {path}", details, session)
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    text = body.decode()
    return Asked(account, region, service, operation or dict(parse_qsl(text))["Action"], text, session)


class Connection(asyncio.Protocol):
    """One client connection."""

    def __init__(self, organization: Organization, open_ones: set[asyncio.Transport]) -> None:
        self.organization = organization
        self.open_ones = open_ones
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.open_ones.add(transport)

    def connection_lost(self, _: Exception | None) -> None:
        self.open_ones.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            mark = head.lower().find(b"\r\ncontent-length:")
            length = int(head[mark + 17 :].split(b"\r\n")[0]) if mark >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            asked = understood(head, body)
            self.organization.log.append(asked)
            self.organization.on_request(asked)
            status, headers, text = self.organization.answer(asked, body)
            lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
            payload = text.encode()
            whole = "\r\n".join([*lines, f"content-length: {len(payload)}", "", ""]).encode() + payload
            if self.organization.delay:
                asyncio.get_running_loop().call_later(self.organization.delay, self.transport.write, whole)
            else:
                self.transport.write(whole)


@contextmanager
def serving(organization: Organization) -> Iterator[Organization]:
    """Serve an organization from a thread of this process."""
    loop = asyncio.new_event_loop()
    open_ones: set[asyncio.Transport] = set()
    server = loop.run_until_complete(loop.create_server(lambda: Connection(organization, open_ones), "127.0.0.1", 0))
    organization.loop = loop
    organization.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield organization
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for transport in list(open_ones):
            transport.abort()
        while (
            open_ones
        ):  # a client that was killed, or keeps its connection, must not leave a socket to the garbage collector
            loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
