"""Realistic CloudTrail buckets: log files, hourly digests, signatures, key rotation, several accounts, regions and trails.

Shared by the tests and the benchmarks. Everything follows from a seed. Bodies may be reused among log files, so that a
large bucket costs little memory.
"""

import base64
import gzip
import hashlib
import json
import random
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPrivateNumbers, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from trailwarden.integrity import times

HOUR = times.HOUR
DAY = times.DAY
DEFAULT_START = times.from_extended("2026-03-10T00:00:00Z")


@dataclass(frozen=True)
class StoredObject:
    """One object as S3 keeps it."""

    body: bytes
    etag: str
    modified: str
    metadata: tuple[tuple[str, str], ...] = ()


def stored(body: bytes, metadata: dict[str, str] | None = None, modified: int = DEFAULT_START) -> StoredObject:
    etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return StoredObject(body, etag, times.extended(modified).replace("Z", ".000Z"), tuple((metadata or {}).items()))


# Keys -----------------------------------------------------------------------------------------------------------------


def _is_prime(number: int, rng: random.Random) -> bool:
    if any(number % p == 0 for p in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43)):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(12):
        x = pow(rng.randrange(2, number - 1), odd, number)
        if x in {1, number - 1}:
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True


def _prime(bits: int, rng: random.Random) -> int:
    while True:
        candidate = rng.getrandbits(bits) | (3 << (bits - 2)) | 1
        if candidate % 65537 != 1 and _is_prime(candidate, rng):
            return candidate


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = (
        bytes([size])
        if size < 128
        else bytes([0x80 | ((size.bit_length() + 7) // 8)]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    )
    return bytes([tag]) + length + content


def _integer(number: int) -> bytes:
    return _der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


@dataclass(frozen=True)
class SigningKey:
    """An RSA key pair for tests: signs like CloudTrail."""

    p: int
    q: int
    spki: bool = False

    @property
    def modulus(self) -> int:
        return self.p * self.q

    @property
    def der(self) -> bytes:
        """PKCS#1, or SubjectPublicKeyInfo like one of the published keys."""
        pkcs1 = _der(0x30, _integer(self.modulus) + _integer(65537))
        if not self.spki:
            return pkcs1
        return _der(0x30, _der(0x30, bytes.fromhex("06092a864886f70d0101010500")) + _der(3, b"\0" + pkcs1))

    @cached_property
    def _private(self) -> RSAPrivateKey:
        d = pow(65537, -1, (self.p - 1) * (self.q - 1))
        public = RSAPublicNumbers(65537, self.modulus)
        parts = (d % (self.p - 1), d % (self.q - 1), pow(self.q, -1, self.p))
        return RSAPrivateNumbers(self.p, self.q, d, *parts, public).private_key()

    @cached_property
    def fingerprint(self) -> str:
        return hashlib.md5(self.der, usedforsecurity=False).hexdigest()

    def sign(self, message: bytes) -> str:
        return self._private.sign(message, PKCS1v15(), SHA256()).hex()


@cache
def signing_key(name: str, bits: int = 1024, *, spki: bool = False) -> SigningKey:
    """The key of that name: always the same one."""
    rng = random.Random(f"{name}/{bits}")
    return SigningKey(_prime(bits // 2, rng), _prime(bits // 2, rng), spki)


@dataclass(frozen=True)
class KeyPeriod:
    """A key of a region and its validity."""

    key: SigningKey
    start: int
    end: int

    def entry(self) -> dict[str, Any]:
        """As ListPublicKeys returns it."""
        return {
            "Value": base64.b64encode(self.key.der).decode(),
            "ValidityStartTime": float(self.start),
            "ValidityEndTime": float(self.end),
            "Fingerprint": self.key.fingerprint,
        }


# Logs -----------------------------------------------------------------------------------------------------------------


def _event(rng: random.Random, moment: int, account: str, region: str) -> dict[str, Any]:
    # Few callers, addresses and agents, unique ids: what makes real logs compress about 8 : 1.
    caller = random.Random(rng.randrange(24))
    user, host = f"role-{caller.randrange(40)}", f"i-{caller.randrange(16**16):016x}"
    service, name = rng.choice(_CALLS)
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROA{caller.randrange(16**12):012X}:{host}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{user}/{host}",
            "accountId": account,
            "accessKeyId": f"ASIA{caller.randrange(16**12):012X}",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{account}:role/{user}", "userName": user},
                "attributes": {"creationDate": times.extended(moment - moment % 3600), "mfaAuthenticated": "false"},
            },
        },
        "eventTime": times.extended(moment + rng.randrange(300)),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": f"10.{caller.randrange(256)}.{caller.randrange(256)}.{caller.randrange(256)}",
        "userAgent": caller.choice(("aws-sdk-java/2.20", "Boto3/1.34", "console.amazonaws.com", "aws-cli/2.15")),
        "requestParameters": {
            "filterSet": {"items": [{"name": "tag:owner", "valueSet": {"items": [{"value": user}]}}]}
        },
        "responseElements": {"token": f"{rng.randrange(16**48):048x}"} if rng.random() < 0.5 else None,
        "requestID": str(uuid.UUID(int=rng.getrandbits(128))),
        "eventID": str(uuid.UUID(int=rng.getrandbits(128))),
        "readOnly": rng.random() < 0.8,
        "resources": [
            {"accountId": account, "type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::data/{rng.randrange(16**8):08x}"}
        ],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
    }


_CALLS = (
    ("ec2", "DescribeInstances"),
    ("s3", "GetObject"),
    ("kms", "Decrypt"),
    ("sts", "AssumeRole"),
    ("dynamodb", "PutItem"),
    ("logs", "CreateLogStream"),
)


def log_body(
    rng: random.Random,
    events: int,
    moment: int = DEFAULT_START,
    account: str = "111122223333",
    region: str = "eu-west-1",
) -> bytes:
    """A log file, gzip level 6 as delivered."""
    records = [_event(rng, moment, account, region) for _ in range(events)]
    return gzip.compress(json.dumps({"Records": records}, separators=(",", ":")).encode(), 6, mtime=0)


class BodyPool:
    """Log bodies to choose from: (stored bytes, SHA-256 of the content)."""

    def __init__(self, bodies: Iterable[bytes]) -> None:
        self.bodies = [(stored(body), hashlib.sha256(gzip.decompress(body)).hexdigest()) for body in bodies]

    def pick(self, rng: random.Random) -> tuple[StoredObject, str]:
        return rng.choice(self.bodies)


@cache
def small_pool() -> BodyPool:
    rng = random.Random("small")
    return BodyPool(log_body(rng, rng.randrange(1, 4)) for _ in range(8))


@lru_cache(maxsize=4096)
def _dated(slot: int) -> tuple[str, str]:
    return times.day_folder(slot), times.basic(slot)[:13] + "Z"


# Chains ---------------------------------------------------------------------------------------------------------------


@dataclass
class Link:
    """One hour of a chain as it was delivered: what a test tampers with."""

    index: int
    start: int
    end: int
    key: str
    body: bytes
    signature: str
    logs: list[str]


@dataclass
class Bucket:
    """Objects by key."""

    name: str = "audit-logs"
    objects: dict[str, StoredObject] = field(default_factory=dict)


@dataclass
class ChainSpec:
    """How to build one chain. Functions get the index of the hour; `edit` changes a digest's body before it is signed."""

    bucket: Bucket
    account: str = "111122223333"
    region: str = "eu-west-1"
    trail: str = "org-trail"
    home: str = "eu-west-1"
    prefix: str = ""
    org: str = ""
    start: int = DEFAULT_START - 46 * 60 - 8
    hours: int = 26
    logs: Callable[[int], int] = lambda hour: 3
    keys: Callable[[int], SigningKey] = lambda hour: signing_key("default")
    edit: Callable[[int, dict[str, Any]], dict[str, Any]] = lambda hour, body: body
    restarts: tuple[int, ...] = (0,)
    skipped: tuple[int, ...] = ()
    lengths: Callable[[int], int] = lambda hour: HOUR
    backfill: bool = False
    pool: BodyPool | None = None
    seed: str = "chain"
    kinds: tuple[str, ...] = ("CloudTrail",)
    """Folders that the logs of an hour go to in turn."""

    @property
    def root(self) -> str:
        return f"{self.prefix}AWSLogs/{self.org + '/' if self.org else ''}{self.account}/"

    def log_key(self, slot: int, rng: random.Random, kind: str = "CloudTrail") -> str:
        name = "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=16))
        folder, stamp = _dated(slot)
        return f"{self.root}{kind}/{self.region}/{folder}{self.account}_{kind}_{self.region}_{stamp}_{name}.json.gz"

    def digest_key(self, end: int) -> str:
        tail = "_backfill" if self.backfill else ""
        return (
            f"{self.root}CloudTrail-Digest/{self.region}/{times.day_folder(end)}{self.account}_CloudTrail-Digest_"
            f"{self.region}_{self.trail}_{self.home}_{times.basic(end)}{tail}.json.gz"
        )


def build(spec: ChainSpec) -> list[Link]:
    """Write the chain's objects into its bucket; skipped hours are a stop of logging, so a restart has to follow."""
    rng = random.Random(f"{spec.seed}/{spec.account}/{spec.region}/{spec.trail}/{spec.backfill}")
    pool = spec.pool or small_pool()
    links: list[Link] = []
    moment = spec.start
    for hour in range(spec.hours):
        start, end = moment, moment + spec.lengths(hour)
        moment = end
        if hour in spec.skipped:
            continue
        logs = []
        for number in range(spec.logs(hour)):
            delivered = rng.randrange(start, end)
            slot = delivered - delivered % 300
            body, sha = pool.pick(rng)
            key = spec.log_key(slot, rng, spec.kinds[number % len(spec.kinds)])
            spec.bucket.objects[key] = body
            logs.append((key, sha))
        links.append(deliver(spec, hour, start, end, logs, None if hour in spec.restarts else links[-1]))
    return links


def deliver(  # noqa: PLR0917 - the parts of a digest, in order
    spec: ChainSpec, hour: int, start: int, end: int, logs: list[tuple[str, str]], previous: Link | None
) -> Link:
    """Sign and store one digest."""
    key = spec.keys(hour)
    name = spec.digest_key(end)
    newest = times.extended(end - 60) if logs else None
    body = {
        "awsAccountId": spec.account,
        "digestStartTime": times.extended(start),
        "digestEndTime": times.extended(end),
        "digestS3Bucket": spec.bucket.name,
        "digestS3Object": name,
        "digestPublicKeyFingerprint": key.fingerprint,
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": newest,
        "oldestEventTime": newest,
        "previousDigestS3Bucket": spec.bucket.name if previous else None,
        "previousDigestS3Object": previous.key if previous else None,
        "previousDigestHashValue": hashlib.sha256(previous.body).hexdigest() if previous else None,
        "previousDigestHashAlgorithm": "SHA-256" if previous else None,
        "previousDigestSignature": previous.signature if previous else None,
        "logFiles": [
            {
                "s3Bucket": spec.bucket.name,
                "s3Object": log,
                "hashValue": sha,
                "hashAlgorithm": "SHA-256",
                "newestEventTime": newest,
                "oldestEventTime": newest,
            }
            for log, sha in logs
        ],
    }
    body = spec.edit(hour, body)
    # Delivered bodies are compact JSON with escaped slashes.
    text = json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()
    message = "\n".join(
        (
            str(body["digestEndTime"]),
            f"{body['digestS3Bucket']}/{body['digestS3Object']}",
            hashlib.sha256(text).hexdigest(),
            str(body["previousDigestSignature"] or "null"),
        )
    )
    signature = key.sign(message.encode())
    metadata = {"signature": signature, "signature-algorithm": "SHA256withRSA"}
    if spec.backfill:
        metadata["backfill-generation-timestamp"] = times.extended(end + 3 * HOUR)
    spec.bucket.objects[name] = stored(gzip.compress(text, 6, mtime=0), metadata, end)
    return Link(hour, start, end, name, text, signature, [log for log, _ in logs])
