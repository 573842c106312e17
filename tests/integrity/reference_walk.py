"""A second verifier, slow and plain: one chain, one object at a time, newest to oldest, with other people's cryptography.

It shares no code with the engine (names, inflation, signatures and comparison are done in its own way) and knows one
trail, hourly digests and one region: what the random tests build.
"""

import hashlib
import json
import re
import zlib
from calendar import timegm
from collections import Counter
from itertools import pairwise
from time import strptime
from typing import Any

from benchmarks.integrity.chains import StoredObject
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from tests.integrity.integrity_kit import Case

LIMIT = 1 << 20
FAULT = {
    "denied": "unreadable",
    "archived": "unreadable",
    "kms": "unreadable",
    "throttled": "inconclusive",
    "network": "inconclusive",
}


def gunzip(body: bytes) -> tuple[bytes | None, str]:
    """Content and what is wrong: "", "container" (content is there), "broken" (it is not) or "bomb"."""
    if body[:3] != b"\x1f\x8b\x08" or len(body) < 11:
        return None, "broken"
    flags, at = body[3], 10
    if flags & 4:
        at += 2 + body[10] + 256 * body[11]
    for bit in (8, 16):
        if flags & bit:
            at = body.index(b"\0", at) + 1
    at += 2 if flags & 2 else 0
    inflater = zlib.decompressobj(-15)
    try:
        data = inflater.decompress(body[at:], LIMIT + 1)
    except zlib.error:
        return None, "broken"
    if len(data) > LIMIT:
        return None, "bomb"
    if not inflater.eof:
        return None, "broken"
    trailer = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return data, "" if inflater.unused_data == trailer else "container"


def moment(text: str) -> int:
    return timegm(strptime(text, "%Y%m%dT%H%M%SZ"))


class Walk:
    """Findings as a multiset of (verdict, key), an empty key for stretches of time."""

    def __init__(self, case: Case, since: int, until: int) -> None:
        self.case, self.since, self.until = case, since, until
        self.objects = dict(case.objects)
        self.found: Counter[tuple[str, str]] = Counter()
        self.named: set[str] = set()
        self.vouched: list[tuple[int, int]] = []
        self.lost: list[tuple[int, int]] = []
        self.keys: dict[str, RSAPublicKey] = {}
        for period in case.periods:
            key = load_der_public_key(period.key.der)
            assert isinstance(key, RSAPublicKey)
            self.keys[hashlib.md5(period.key.der).hexdigest()] = key

    def run(self) -> Counter[tuple[str, str]]:
        names = [key for key in self.objects if "/CloudTrail-Digest/" in key]
        dated = sorted((moment(key[-24:-8]), key) for key in names)
        dated = [(end, key) for end, key in dated if self.since < end < self.until + 3600]
        if not dated:
            self.found["missing", ""] += 1
            return self.found
        good: list[tuple[int, int, dict[str, Any] | None, str]] = []
        newer: dict[str, Any] | None = None
        for end, key in reversed(dated):
            body = self.digest(end, key)
            good.append((end, moment_of(body["digestStartTime"]) if body else end - 3600, body, key))
            newer = body or newer
        good.reverse()
        self.ends(good)
        self.links(good)
        self.planted()
        return self.found

    def parsed(self, key: str) -> dict[str, Any] | None:
        found = self.objects.get(key)
        if found is None or key in self.case.faults:
            return None
        data, _ = gunzip(found.body)
        try:
            body = json.loads(data or b"")
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def says_about(self, key: str) -> dict[str, Any] | None:
        """The digest that names `key` as its predecessor, proven or not."""
        for name in sorted(self.objects):
            if "/CloudTrail-Digest/" in name:
                body = self.parsed(name)
                if body and body["previousDigestS3Object"] == key:
                    return body
        return None

    def digest(self, end: int, key: str) -> dict[str, Any] | None:
        """The body if it is proven, after reporting what is wrong with it and with its logs."""
        if key in self.case.faults:
            self.found[FAULT[self.case.faults[key]], key] += 1
            self.bad(end)
            return None
        found: StoredObject = self.objects[key]
        data, problem = gunzip(found.body)
        body = self.parsed(key)
        if problem == "bomb":
            self.found["container-anomaly", key] += 1
            self.bad(end)
            return None
        if body is None or data is None:
            self.found["modified", key] += 1
            self.bad(end)
            return None
        metadata, successor = dict(found.metadata), self.says_about(key)
        sha = hashlib.sha256(data).hexdigest()
        public = self.keys.get(body["digestPublicKeyFingerprint"])
        if public is None:
            same = successor is None or successor["previousDigestHashValue"] == sha
            self.found["key-unknown" if same else "modified", key] += 1
            self.bad(end)
            return None
        lines = [
            body["digestEndTime"],
            f"{body['digestS3Bucket']}/{body['digestS3Object']}",
            sha,
            body["previousDigestSignature"] or "null",
        ]
        message = "\n".join(lines).encode()
        own = holds(public, metadata.get("signature"), message)
        if not own and not (successor and holds(public, successor["previousDigestSignature"], message)):
            self.found["modified", key] += 1
            self.bad(end)
            return None
        if body["digestS3Object"] != key:
            self.found["chain-broken", key] += 1
            self.bad(end)
            return None
        stripped = not own and "signature" not in metadata
        algorithm = metadata.get("signature-algorithm") == "SHA256withRSA"
        if problem == "container" or (not own and not stripped) or (own and not algorithm):
            self.found["container-anomaly", key] += 1
        for log in body["logFiles"]:
            self.log(log["s3Object"], log["hashValue"])
        self.vouched.append((moment_of(body["digestStartTime"]), end))
        return body

    def bad(self, end: int) -> None:
        self.lost.append((end - 3600, end))

    def log(self, key: str, sha: str) -> None:
        self.named.add(key)
        verdict = ""
        if key in self.case.faults:
            verdict = FAULT[self.case.faults[key]]
        elif key not in self.objects:
            verdict = "missing"
        else:
            data, problem = gunzip(self.objects[key].body)
            if problem == "bomb":
                verdict = "container-anomaly"
            elif data is None or hashlib.sha256(data).hexdigest() != sha:
                verdict = "modified"
            elif problem:
                verdict = "container-anomaly"
        if verdict:
            self.found[verdict, key] += 1

    def ends(self, all_: list[tuple[int, int, dict[str, Any] | None, str]]) -> None:
        _, start, body, key = all_[0]
        if start > self.since + 300:
            body = body or self.parsed(key)
            starting = bool(body) and body is not None and body.get("previousDigestS3Object") is None
            self.found["gap-declared" if starting else "head-missing", ""] += 1
            if not starting:
                self.lost.append((self.since, start))
        newest = all_[-1][0]
        if newest < self.until and newest < self.case.now - 7200:
            self.found["tail-missing", ""] += 1
            self.lost.append((newest, self.until))

    def links(self, all_: list[tuple[int, int, dict[str, Any] | None, str]]) -> None:
        """Every neighbour pair, proven or not: hours between them without a digest are deleted unless a restart says otherwise."""
        for (end, _, _, _), (_, start, body, _) in pairwise(all_):
            if start - end <= 1800:
                continue
            if body is not None and body["previousDigestS3Object"] is None:
                self.found["gap-declared", ""] += 1
            else:
                self.found["missing", ""] += 1
                self.lost.append((end, start))
        for (end, _, older, _), (_, start, body, _) in pairwise(all_):
            if body is not None and body["previousDigestS3Object"] is None and start == end and older is not None:
                self.found["gap-declared", ""] += 1

    def planted(self) -> None:
        runs: list[list[int]] = []
        for start, end in sorted(self.vouched):
            if runs and runs[-1][1] == start:
                runs[-1][1] = end
            else:
                runs.append([start, end])
        for key in sorted(self.objects):
            if "/CloudTrail/" not in key or key in self.named:
                continue
            match = re.search(r"_(\d{8}T\d{4})Z_\w{16}\.json\.gz$", key)
            if match is None:
                self.found["unreferenced", key] += 1
                continue
            slot = moment(match[1] + "00Z")
            near_lost = any(start - 600 < slot < end + 600 for start, end in self.lost)
            inside = any(start + 600 <= slot < end - 600 for start, end in runs)
            if inside and not near_lost and self.since <= slot < self.until:
                self.found["unreferenced", key] += 1


def moment_of(text: str) -> int:
    return timegm(strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def holds(key: RSAPublicKey, signature: str | None, message: bytes) -> bool:
    try:
        key.verify(bytes.fromhex(signature or ""), message, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
