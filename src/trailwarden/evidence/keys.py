"""Keys that sign packs: ECDSA P-256 with SHA-256, from a PEM file or in AWS KMS; Ed25519 from a file too. Needs the extra ``sign``."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trailwarden.errors import OutputError, UsageError

KMS = "awskms:///"
PASSWORD = "TRAILWARDEN_SIGN_PASSWORD"  # noqa: S105 - the name of the variable
ECDSA, ED25519 = "ecdsa-p256-sha256", "ed25519"


@dataclass(frozen=True)
class Signer:
    """Something that signs. ``name`` is the key's where that is no secret: an ARN in KMS."""

    public_key: bytes
    """PEM, SubjectPublicKeyInfo."""
    algorithm: str
    sign: Callable[[bytes], bytes]
    name: str = ""

    @property
    def key_id(self) -> str:
        """Return the SHA-256 of the public key in DER, in hex."""
        return key_id(self.public_key)


def signer(reference: str, kms: Callable[[str], Any] | None = None) -> Signer:
    """Return the signer for a PEM file or ``awskms:///KEY`` (id, alias or ARN).

    Args:
        reference: which key.
        kms: makes a KMS client for the region of an ARN, or the usual one for an empty text.

    Raises:
        UsageError: the extra ``sign`` is not installed, there is no such key, or it is not of a kind that is used.
    """
    if not reference.startswith(KMS):
        return _local(Path(reference))
    if kms is None:
        raise UsageError("a key in KMS needs AWS", "sign with a PEM file")
    return _in_kms(reference.removeprefix(KMS), kms)


def _local(path: Path) -> Signer:
    serialization, ec, ed25519, hashes = _cryptography()
    try:
        password = os.environ.get(PASSWORD, "").encode() or None
        key = serialization.load_pem_private_key(path.read_bytes(), password)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror or error}", "give a private key as PEM") from None
    except (ValueError, TypeError):  # the library's own words may hold parts of the file
        raise UsageError(
            f"{path}: not a private key in PEM, or its password is wrong", f"the password is read from {PASSWORD}"
        ) from None
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp256r1":
        return Signer(_pem(key.public_key()), ECDSA, lambda data: bytes(key.sign(data, ec.ECDSA(hashes.SHA256()))))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return Signer(_pem(key.public_key()), ED25519, lambda data: bytes(key.sign(data)))
    raise UsageError(f"{path}: not an ECDSA P-256 or Ed25519 key", "openssl ecparam -name prime256v1 -genkey -noout")


def _in_kms(key: str, kms: Callable[[str], Any]) -> Signer:
    region = key.split(":")[3] if key.count(":") >= 5 else ""
    client = kms(region)
    try:
        answer = client.get_public_key(KeyId=key)
    except Exception as error:  # noqa: BLE001 - botocore's, without importing it here
        raise UsageError(f"{KMS}{key}: {error}", "the caller needs kms:GetPublicKey and kms:Sign") from None
    if answer.get("KeySpec") != "ECC_NIST_P256" or answer.get("KeyUsage") != "SIGN_VERIFY":
        raise UsageError(f"{KMS}{key}: a {answer.get('KeySpec')} key", "sign with an ECC_NIST_P256 key for SIGN_VERIFY")

    def sign(data: bytes) -> bytes:
        # DIGEST, because RAW takes 4,096 bytes at most.
        try:
            done = client.sign(
                KeyId=answer["KeyId"],
                Message=hashlib.sha256(data).digest(),
                MessageType="DIGEST",
                SigningAlgorithm="ECDSA_SHA_256",
            )
        except Exception as error:  # noqa: BLE001 - as above
            raise OutputError(f"{KMS}{key} did not sign: {error}", "the caller needs kms:Sign") from None
        return bytes(done["Signature"])

    serialization, *_ = _cryptography()
    public = serialization.load_der_public_key(answer["PublicKey"])
    return Signer(_pem(public), ECDSA, sign, str(answer["KeyId"]))


def key_id(public_key: bytes) -> str:
    """Return the SHA-256 of a public key (PEM) in DER, in hex.

    Raises:
        UsageError: it is none, or the extra ``sign`` is not installed.
    """
    serialization, *_ = _cryptography()
    der = _public(public_key).public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def valid(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Return whether a signature is a key's; raises as ``key_id``."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra

    _, ec, ed25519, hashes = _cryptography()
    key = _public(public_key)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def require_extra() -> None:
    """Make sure that signatures can be checked here.

    Raises:
        UsageError: the extra ``sign`` is not installed.
    """
    _cryptography()


def _public(data: bytes) -> Any:
    serialization, *_ = _cryptography()
    try:
        return serialization.load_pem_public_key(data)
    except ValueError:
        raise UsageError("not a public key in PEM", "openssl ec -in KEY.pem -pubout") from None


def _pem(key: Any) -> bytes:
    serialization, *_ = _cryptography()
    return bytes(key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


def _cryptography() -> tuple[Any, Any, Any, Any]:
    try:
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError("signatures need cryptography", "pip install 'trailwarden[sign]'") from None
    return serialization, ec, ed25519, hashes
