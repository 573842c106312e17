"""A stand-in for AWS that is faster than what it measures: one account, three trails, thirty-two regions, canned answers.

One asyncio process that speaks as much HTTP/1.1 as botocore does. It checks nothing and computes nothing: answers are bytes made at the
start. It exists because emulators answer 200 to 2,500 requests a second and would be what a benchmark measures.

    python benchmarks/local_aws.py [--buckets 200] [--latency 0.03]     prints its port, serves until its standard input is closed
"""

import argparse
import asyncio
import json
import ssl
import sys
import time
from collections import Counter
from typing import ClassVar

ACCOUNT = "111122223333"
REGIONS = [
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1", "sa-east-1"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2"),
    *("ap-east-1", "ap-south-1", "ap-south-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1"),
    *(
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "me-south-1",
        "me-central-1",
        "il-central-1",
    ),
    *("af-south-1", "ap-southeast-7"),
]
HOMES = {"audit": "us-east-1", "security": "eu-west-1", "data": "ap-southeast-2"}
RETENTION = {"Mode": "COMPLIANCE", "Days": 400}
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def trail(name: str) -> dict[str, object]:
    home = HOMES[name]
    return {
        "Name": name,
        "TrailARN": f"arn:aws:cloudtrail:{home}:{ACCOUNT}:trail/{name}",
        "S3BucketName": f"{name}-logs",
        "HomeRegion": home,
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "LogFileValidationEnabled": True,
        "KmsKeyId": f"arn:aws:kms:{home}:{ACCOUNT}:key/{name}",
        "CloudWatchLogsLogGroupArn": f"arn:aws:logs:{home}:{ACCOUNT}:log-group:{name}:*",
        "CloudWatchLogsRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "HasCustomEventSelectors": True,
        "HasInsightSelectors": False,
        "IsOrganizationTrail": False,
    }


def bucket_policy(name: str) -> dict[str, object]:
    arn = f"arn:aws:s3:::{name}-logs"
    source = {"StringEquals": {"aws:SourceArn": trail(name)["TrailARN"]}}
    service = {"Service": "cloudtrail.amazonaws.com"}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": service,
                "Action": "s3:GetBucketAcl",
                "Resource": arn,
                "Condition": source,
            },
            {
                "Effect": "Allow",
                "Principal": service,
                "Action": "s3:PutObject",
                "Resource": f"{arn}/*",
                "Condition": source,
            },
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }


def json_answers(now: float) -> dict[tuple[str, str, str], object]:
    """(operation, region, name of the trail concerned) to a body; an empty region or name stands for any."""
    selector = {"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
    answers: dict[tuple[str, str, str], object] = {
        ("DescribeTrails", "", ""): {"trailList": [trail(name) for name in HOMES]},
        ("DescribeOrganization", "", ""): {
            "Organization": {
                "Id": "o-abcdefghij",
                "MasterAccountId": ACCOUNT,
                "MasterAccountArn": f"arn:aws:organizations::{ACCOUNT}:account/o-abcdefghij/{ACCOUNT}",
            }
        },
    }
    for name, home in HOMES.items():
        key = {
            "KeyId": name,
            "Arn": trail(name)["KmsKeyId"],
            "AWSAccountId": ACCOUNT,
            "Enabled": True,
            "KeyState": "Enabled",
            "KeyManager": "CUSTOMER",
        }
        key |= {
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "Origin": "AWS_KMS",
            "MultiRegion": False,
            "CreationDate": now - 1e7,
        }
        answers |= {
            ("GetTrailStatus", "", name): {
                "IsLogging": True,
                "LatestDeliveryTime": now - 300,
                "LatestDigestDeliveryTime": now - 1800,
                "LatestCloudWatchLogsDeliveryTime": now - 200,
                "StartLoggingTime": now - 1e7,
            },
            ("GetEventSelectors", home, name): {
                "TrailARN": trail(name)["TrailARN"],
                "AdvancedEventSelectors": [selector],
            },
            ("GetInsightSelectors", home, name): {
                "TrailARN": trail(name)["TrailARN"],
                "InsightSelectors": [{"InsightType": "ApiCallRateInsight"}],
            },
            ("DescribeKey", home, name): {"KeyMetadata": key},
            ("GetKeyRotationStatus", home, name): {
                "KeyRotationEnabled": True,
                "KeyId": name,
                "RotationPeriodInDays": 365,
            },
            ("DescribeLogGroups", home, name): {
                "logGroups": [
                    {
                        "logGroupName": name,
                        "arn": f"arn:aws:logs:{home}:{ACCOUNT}:log-group:{name}:*",
                        "retentionInDays": 400,
                        "creationTime": int(now * 1000) - 10**10,
                    }
                ]
            },
        }
    return answers


BLOCK = "".join(
    f"<{name}>true</{name}>"
    for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
)
BLOCK = f"<PublicAccessBlockConfiguration>{BLOCK}</PublicAccessBlockConfiguration>"
OWNER = f"<Owner><ID>{'a' * 64}</ID></Owner>"
BUCKET_XML = {
    "policyStatus": "<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>",
    "acl": f"<AccessControlPolicy>{OWNER}<AccessControlList><Grant><Grantee xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
    f"xsi:type='CanonicalUser'><ID>{'a' * 64}</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>",
    "publicAccessBlock": BLOCK,
    "ownershipControls": "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
    "versioning": "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>",
    "object-lock": "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
    f"<Mode>{RETENTION['Mode']}</Mode><Days>{RETENTION['Days']}</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
    "encryption": "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>"
    "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>",
    "logging": "<BucketLoggingStatus><LoggingEnabled><TargetBucket>access-logs</TargetBucket><TargetPrefix>t/</TargetPrefix></LoggingEnabled></BucketLoggingStatus>",
    "lifecycle": "<LifecycleConfiguration><Rule><ID>keep</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>"
    "<Expiration><Days>3000</Days></Expiration></Rule></LifecycleConfiguration>",
}


class Answers:
    """Complete HTTP responses, by what is asked."""

    def __init__(self, buckets: int, now: float) -> None:
        self.json = {
            key: response(json.dumps(body), "application/x-amz-json-1.1") for key, body in json_answers(now).items()
        }
        rows = "".join(
            f"<item><regionName>{name}</regionName><regionEndpoint>ec2.{name}.amazonaws.com</regionEndpoint>"
            "<optInStatus>opt-in-not-required</optInStatus></item>"
            for name in REGIONS
        )
        self.query = {
            b"DescribeRegions": response(
                f"{XML}<DescribeRegionsResponse><regionInfo>{rows}</regionInfo></DescribeRegionsResponse>"
            ),
            b"GetCallerIdentity": response(
                f"{XML}<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{ACCOUNT}:user/auditor</Arn><UserId>AIDAEXAMPLE</UserId>"
                f"<Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            ),
        }
        names = sorted([*(f"{name}-logs" for name in HOMES), *(f"other-{number:04}" for number in range(buckets))])
        listed = "".join(
            f"<Bucket><Name>{name}</Name><CreationDate>2025-01-01T00:00:00.000Z</CreationDate></Bucket>"
            for name in names
        )
        self.buckets = response(
            f"{XML}<ListAllMyBucketsResult>{OWNER}<Buckets>{listed}</Buckets></ListAllMyBucketsResult>"
        )
        self.bucket = {name.encode(): response(XML + body) for name, body in BUCKET_XML.items()}
        self.policies = {
            f"{name}-logs".encode(): response(json.dumps(bucket_policy(name)), "application/json") for name in HOMES
        }
        self.heads = {
            f"{name}-logs".encode(): f"HTTP/1.1 200 OK\r\nx-amz-bucket-region: {home}\r\nx-amz-request-id: R\r\nContent-Length: 0\r\n\r\n".encode()
            for name, home in HOMES.items()
        }
        self.block = response(XML + BLOCK)

    def find(self, head: bytes, body: bytes) -> tuple[str, bytes]:
        """Return what is asked, and the response: a 404 for what this account does not have."""
        method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
        scope = head.split(b"Credential=", 1)[1].split(b",", 1)[0].split(b"/")
        region, service = scope[2].decode(), scope[3].decode()
        if service == "s3":
            return self.storage(method, target)
        mark = head.lower().find(b"\r\nx-amz-target:")
        if mark < 0:
            action = body.split(b"Action=", 1)[1].split(b"&", 1)[0]
            return f"{service} {action.decode()}", self.query.get(action, MISSING)
        line = head[mark + 2 : head.index(b"\r\n", mark + 2)]
        operation = line.rsplit(b".", 1)[1].decode().strip()
        name = next((name for name in HOMES if name.encode() in body), "")
        answer = self.json.get((operation, region, name)) or self.json.get((operation, "", name)) or MISSING
        return f"{service} {operation}", answer

    def storage(self, method: bytes, target: bytes) -> tuple[str, bytes]:
        path, _, query = target.partition(b"?")
        if path.startswith(b"/v20180820/"):
            return "s3control GetPublicAccessBlock", self.block
        bucket = path.strip(b"/")
        setting = query.split(b"&", 1)[0].rstrip(b"=")
        name = f"s3 {method.decode()} {'bucket' if bucket else 'service'} {setting.decode()}".strip()
        if not bucket:
            return name, self.buckets
        if bucket not in self.heads:
            return name, MISSING
        if method == b"HEAD":
            return name, self.heads[bucket]
        return name, self.policies[bucket] if setting == b"policy" else self.bucket.get(setting, MISSING)


def response(body: str, kind: str = "text/xml") -> bytes:
    payload = body.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nx-amzn-RequestId: R\r\nContent-Length: {len(payload)}\r\n\r\n"
    return head.encode() + payload


MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Requests(asyncio.Protocol):
    """One client connection: cuts what comes in into requests, of which a subclass answers each."""

    buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[: end + 2]
            mark = head.lower().find(b"\r\ncontent-length:")
            length = int(head[mark + 17 : head.index(b"\r\n", mark + 17)]) if mark >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        raise NotImplementedError


class Connection(Requests):
    """Answers from a can."""

    served: ClassVar[Counter[str]] = Counter()

    def __init__(self, answers: Answers, latency: float) -> None:
        self.answers = answers
        self.latency = latency

    def answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /-/served "):
            self.transport.write(response(json.dumps(Connection.served), "application/json"))
            Connection.served.clear()
            return
        name, answer = self.answers.find(head, body)
        Connection.served[name] += 1
        if self.latency:
            asyncio.get_running_loop().call_later(self.latency, self.transport.write, answer)
        else:
            self.transport.write(answer)


async def serve(buckets: int, latency: float, now: float, certificate: str) -> None:
    answers = Answers(buckets, now)
    loop = asyncio.get_running_loop()
    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    server = await loop.create_server(lambda: Connection(answers, latency), "127.0.0.1", 0, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--buckets", type=int, default=0, help="buckets beside those of the trails")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--certificate", default="", help="PEM file with certificate and key: speak TLS")
    options = parser.parse_args()
    asyncio.run(serve(options.buckets, options.latency, time.time(), options.certificate))


if __name__ == "__main__":
    main()
