"""A digest file: its body, the string its signature covers, and the judgement of one digest on its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from trailwarden.integrity import content, times
from trailwarden.integrity.keys import Keyring
from trailwarden.integrity.names import DigestName
from trailwarden.integrity.verdicts import Verdict

SIGNATURE_ALGORITHM: Final = "SHA256withRSA"
HASH_ALGORITHM: Final = "SHA-256"
# Keys rotate every 30 days with an overlap; AWS has been seen to sign with a key an hour or two before its stated start.
_VALIDITY_SLACK: Final = times.DAY


@dataclass(frozen=True, slots=True)
class Reference:
    """A log file as a digest names it."""

    bucket: str
    key: str
    sha256: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class Previous:
    """The digest before, as its successor names it."""

    bucket: str
    key: str
    sha256: str
    algorithm: str
    signature: str


@dataclass(frozen=True, slots=True)
class Digest:
    """The body of a digest file; times in seconds since 1970, `end_text` as written (it is signed as text)."""

    account: str
    start: int
    end: int
    end_text: str
    bucket: str
    key: str
    fingerprint: str
    algorithm: str
    previous: Previous | None
    logs: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What one digest object turned out to be, without its list of logs: enough to join a chain.

    `verdict` is VERIFIED if the signature holds and everything it says about itself is true; `start`, `previous` and
    `sha256` may be trusted only then. `anomaly` says what is wrong around proven content. `logs` and `bad` count the
    logs it names and those of them with a failing verdict.
    """

    name: DigestName
    bucket: str
    key: str
    verdict: Verdict
    reason: str = ""
    anomaly: str = ""
    start: int = 0
    sha256: str = ""
    signature: str = ""
    fingerprint: str = ""
    previous: Previous | None = None
    claimed: tuple[str, str] = ("", "")
    logs: int = 0
    bad: int = 0

    @property
    def end(self) -> int:
        """DigestEndTime as the key says it."""
        return self.name.end


@dataclass(frozen=True, slots=True)
class Successor:
    """What the digest after this one says about it.

    A signature proves itself, whoever hands it over, so this may be used before the successor is proven; its hash may
    not acquit, only accuse.
    """

    signature: str
    sha256: str


def _text(data: Mapping[str, Any], field: str) -> str:
    value = data[field]
    if not isinstance(value, str):
        raise ValueError(f"{field} is not a text")  # noqa: TRY004 - one type for every malformed body
    return value


def parse(body: bytes) -> Digest:
    """Read a digest's inflated body.

    Raises:
        ValueError: not JSON, or a field is missing, of another type, or only some of the `previous*` fields are null.
    """
    try:
        data = json.loads(body)
        if not isinstance(data, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 - as above
        links = ("Bucket", "Object")
        fields = [f"previousDigestS3{name}" for name in links]
        fields += ["previousDigestHashValue", "previousDigestHashAlgorithm", "previousDigestSignature"]
        nulls = sum(data[field] is None for field in fields)
        if nulls not in {0, len(fields)}:
            raise ValueError("some of the previousDigest fields are null, others are not")
        previous = None if nulls else Previous(*(_text(data, field) for field in fields))
        return Digest(
            account=_text(data, "awsAccountId"),
            start=times.from_extended(_text(data, "digestStartTime")),
            end=times.from_extended(_text(data, "digestEndTime")),
            end_text=_text(data, "digestEndTime"),
            bucket=_text(data, "digestS3Bucket"),
            key=_text(data, "digestS3Object"),
            fingerprint=_text(data, "digestPublicKeyFingerprint"),
            algorithm=_text(data, "digestSignatureAlgorithm"),
            previous=previous,
            logs=tuple(
                Reference(
                    _text(log, "s3Bucket"), _text(log, "s3Object"), _text(log, "hashValue"), _text(log, "hashAlgorithm")
                )
                for log in data["logFiles"]
            ),
        )
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a digest: {error!r}") from error


def signed_message(digest: Digest, sha256: str) -> bytes:
    """The string to sign: four lines, the last one `null` in letters for a starting digest."""
    last = digest.previous.signature if digest.previous else "null"
    return "\n".join((digest.end_text, f"{digest.bucket}/{digest.key}", sha256, last)).encode()


def same_hash(one: str, other: str) -> bool:
    """Compare hexadecimal hashes as numbers: a delivered digest has been seen that dropped a leading zero."""
    try:
        return bool(one) and bool(other) and int(one, 16) == int(other, 16)
    except ValueError:
        return False


def examine(  # noqa: PLR0917 - called in one place, in this order
    name: DigestName,
    location: tuple[str, str],
    claimed: tuple[str | None, str],
    body: bytes | bytearray,
    metadata: Mapping[str, str],
    keyring: Keyring,
    *,
    limit: int,
    copy: bool = False,
    successor: Successor | None = None,
) -> tuple[Head, Digest | None]:
    """Judge one digest object on its own.

    Args:
        name: what its key says.
        location: bucket and key where it was found.
        claimed: bucket and key it must name as its own; a bucket of None is not compared (local copies).
        body: stored bytes.
        metadata: user metadata, lower-case names without `x-amz-meta-`.
        keyring: public keys.
        limit: largest inflated size in bytes.
        copy: whether this is a copy, which may have lost its metadata honestly.
        successor: what the next digest says about this one, if it is known.

    Returns:
        The head, and the parsed digest if (and only if) its content is proven and in its place.
    """
    held = content.inspect(body, limit, keep=True)
    head = Head(name, *location, Verdict.MODIFIED)
    if not held.sound:
        bomb = held.anomaly == "inflates-beyond-limit"
        return replace(head, verdict=Verdict.CONTAINER_ANOMALY if bomb else Verdict.MODIFIED, reason=held.anomaly), None
    try:
        digest = parse(held.data)
    except ValueError:
        return replace(head, reason="not-a-digest", sha256=held.sha256), None
    head = replace(
        head,
        start=digest.start,
        sha256=held.sha256,
        fingerprint=digest.fingerprint,
        previous=digest.previous,
        claimed=(digest.bucket, digest.key),
        logs=len(digest.logs),
        anomaly=held.anomaly,
    )
    signature = metadata.get("signature", "")
    verdict, reason = _judge(digest, held.sha256, signature, name, keyring, metadata, successor, copy=copy)
    if verdict is not Verdict.VERIFIED:
        return replace(head, verdict=verdict, reason=reason, anomaly=""), None
    if reason:  # proven by the successor's copy of the signature
        assert successor is not None
        head = replace(head, signature=successor.signature)
        if signature:
            head = replace(head, anomaly=head.anomaly or reason)
    else:
        head = replace(head, signature=signature)
        if metadata.get("signature-algorithm", SIGNATURE_ALGORITHM if copy else "") != SIGNATURE_ALGORITHM:
            head = replace(head, anomaly=head.anomaly or "signature-algorithm")
    misplaced = _misplaced(digest, name, claimed)
    if misplaced:
        return replace(head, verdict=Verdict.CHAIN_BROKEN, reason=misplaced, anomaly=""), None
    return replace(head, verdict=Verdict.VERIFIED, reason=""), digest


def _judge(  # noqa: PLR0917 - everything a signature depends on
    digest: Digest,
    sha256: str,
    signature: str,
    name: DigestName,
    keyring: Keyring,
    metadata: Mapping[str, str],
    successor: Successor | None,
    *,
    copy: bool,
) -> tuple[Verdict, str]:
    """Verdict on the signature; VERIFIED with a reason means that only the successor's copy of it holds."""
    accused = successor is not None and not same_hash(successor.sha256, sha256)
    key = keyring.find(name.region, digest.fingerprint)
    if key is None:
        return (Verdict.MODIFIED, "content-hash") if accused else (Verdict.KEY_UNKNOWN, "unknown-key")
    if digest.algorithm != SIGNATURE_ALGORITHM:
        return (Verdict.MODIFIED, "content-hash") if accused else (Verdict.INCONCLUSIVE, "signature-algorithm")
    message = signed_message(digest, sha256)
    if signature and key.verifies(signature, message):
        reason = ""
    elif successor is not None and key.verifies(successor.signature, message):
        reason = "signature-metadata"
    elif signature or accused:
        return Verdict.MODIFIED, "signature"
    else:
        return (Verdict.INCONCLUSIVE, "signature-absent") if copy else (Verdict.MODIFIED, "signature-absent")
    moment = _signed_at(digest, metadata)
    if not key.start - _VALIDITY_SLACK <= moment <= key.end + _VALIDITY_SLACK:
        return Verdict.KEY_UNKNOWN, "key-not-valid-then"
    return Verdict.VERIFIED, reason


def _signed_at(digest: Digest, metadata: Mapping[str, str]) -> int:
    """When the digest was signed: at its end, or, for a backfill digest, when it was generated."""
    text = metadata.get("backfill-generation-timestamp", "")
    for read in (times.from_extended, times.from_basic):
        try:
            return read(text)
        except ValueError:
            continue
    return digest.end


def _misplaced(digest: Digest, name: DigestName, claimed: tuple[str | None, str]) -> str:
    """Why a genuine digest does not belong where it lies, or an empty text."""
    if digest.key != claimed[1] or claimed[0] not in {None, digest.bucket}:
        return "location"
    if digest.account != name.account:
        return "account"
    if digest.end != name.end:
        return "end-time"
    return "" if digest.start < digest.end else "window"
