"""The Sigstore bundle (v0.3) around the statement: a DSSE envelope, which key signed it, and perhaps when."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trailwarden.errors import UsageError
from trailwarden.evidence import keys, timestamp

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True)
class Trust:
    """What whoever verifies trusts, got from elsewhere than the pack: public keys and certificates of time-stamping authorities, as PEM."""

    keys: tuple[bytes, ...] = ()
    authorities: bytes = b""


@dataclass(slots=True)
class Checked:
    """What came of a signature."""

    problems: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def encoded(kind: str, payload: bytes) -> bytes:
    """Return the bytes that DSSE signs: type and payload with their lengths (its pre-authentication encoding)."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def make_bundle(statement: bytes, signature: bytes, key_id: str, stamp: bytes = b"") -> bytes:
    """Return the bundle's bytes.

    Args:
        statement: the signed statement.
        signature: over ``encoded(PAYLOAD_TYPE, statement)``; ECDSA as DER.
        key_id: SHA-256 of the public key (DER) in hex.
        stamp: an RFC 3161 response over the signature, or nothing.
    """
    material: dict[str, Any] = {"publicKey": {"hint": key_id}}
    if stamp:
        material["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": _base64(stamp)}]}
    bundle = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": material,
        "dsseEnvelope": {
            "payload": _base64(statement),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": _base64(signature), "keyid": key_id}],
        },
    }
    return (json.dumps(bundle, indent=1, sort_keys=True) + "\n").encode("ascii")


def check_bundle(bundle: bytes, statement: bytes, own_key: bytes, trust: Trust) -> Checked:
    """Check a bundle against the statement beside it.

    Args:
        bundle: the bytes of the file.
        statement: the bytes of ``statement.json``.
        own_key: the public key that the pack itself holds (PEM). It proves that nothing changed by accident, not who signed.
        trust: what the reader trusts.

    Raises:
        UsageError: a trusted key is none, or the extra that is needed is not installed.
    """
    found = Checked()
    keys.require_extra()
    try:
        signature, key_id, stamp = _parse(bundle, statement)
    except (ValueError, KeyError, TypeError, IndexError, binascii.Error, RecursionError) as error:
        found.problems.append(f"not the bundle of this statement: {error}")
        return found
    _check_signature(found, _Signed(encoded(PAYLOAD_TYPE, statement), signature, key_id), own_key, trust)
    _check_stamp(found, signature, stamp, trust)
    return found


def stamp_in(bundle: bytes) -> bytes:
    """Return the timestamp in a bundle; nothing where there is none, or where the bundle is damaged."""
    try:
        stamps = json.loads(bundle)["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
        return _unbase64(stamps[0]["signedTimestamp"])
    except (ValueError, KeyError, TypeError, IndexError, binascii.Error, RecursionError):
        return b""


def _parse(bundle: bytes, statement: bytes) -> tuple[bytes, str, bytes]:
    parsed = json.loads(bundle)
    envelope = parsed["dsseEnvelope"]
    [entry] = envelope["signatures"]
    signature, key_id = _unbase64(entry["sig"]), str(entry["keyid"])
    stamps = parsed["verificationMaterial"].get("timestampVerificationData", {}).get("rfc3161Timestamps", [])
    stamp = _unbase64(stamps[0]["signedTimestamp"]) if stamps else b""
    if _unbase64(envelope["payload"]) != statement:
        raise ValueError("it holds another statement")
    if make_bundle(statement, signature, key_id, stamp) != bundle:
        raise ValueError("not written as trailwarden writes it")
    return signature, key_id, stamp


@dataclass(frozen=True, slots=True)
class _Signed:
    """What was signed, the signature, and the key that is said to have made it."""

    data: bytes
    signature: bytes
    key_id: str


def _check_signature(found: Checked, it: _Signed, own_key: bytes, trust: Trust) -> None:
    if trust.keys:
        trusted = {keys.key_id(key): key for key in trust.keys}
        if it.key_id not in trusted:
            found.problems.append(f"signed by the key {it.key_id}, which is not among those that you trust")
        elif not keys.valid(trusted[it.key_id], it.signature, it.data):
            found.problems.append("the signature is not valid")
        else:
            found.done.append(f"valid, by the trusted key {it.key_id}")
        return
    try:
        own = keys.key_id(own_key) if own_key else ""
        good = own == it.key_id and keys.valid(own_key, it.signature, it.data)
    except UsageError:  # the pack's own key is none
        good = False
    if not good:
        found.problems.append("the signature is not valid under the key that the pack names")
    else:
        found.notes.append(
            f"signed by the key {it.key_id}, which the pack itself holds: give --key with the key as you know it to learn who signed"
        )


def _check_stamp(found: Checked, signature: bytes, stamp: bytes, trust: Trust) -> None:
    if not stamp:
        if trust.authorities:
            found.problems.append("no timestamp, and an authority was given")
        return
    if not trust.authorities:
        found.notes.append("it has a timestamp: give --tsa-ca with the authority's certificates to have it checked")
        return
    try:
        found.done.append(f"existed at {timestamp.check(stamp, signature, trust.authorities)}")
    except ValueError as error:
        found.problems.append(f"the timestamp is not valid: {error}")


def signed_by(statement: bytes, signer: keys.Signer, stamp: timestamp.Authority | None = None) -> bytes:
    """Return the bundle of a statement.

    Raises:
        UsageError, OutputError: the signer or the authority fails.
    """
    signature = signer.sign(encoded(PAYLOAD_TYPE, statement))
    return make_bundle(statement, signature, signer.key_id, stamp.stamp(signature) if stamp else b"")


def facts_of(signer: keys.Signer, authority: str = "") -> Mapping[str, str]:
    """Return what ``pack.json`` says about who signs, and which authority puts a time on it."""
    facts = {"keyid": signer.key_id, "algorithm": signer.algorithm, "public_key": signer.public_key.decode("ascii")}
    optional = {"key": signer.name, "authority": authority}
    return facts | {name: text for name, text in optional.items() if text}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unbase64(text: Any) -> bytes:
    return base64.b64decode(text, validate=True)
