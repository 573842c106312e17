"""RSA public keys of CloudTrail, and the one signature scheme digests use: RSASSA-PKCS1-v1_5 with SHA-256.

Verification is one modular power and a comparison of the whole padded block (RFC 8017, 8.2.2), so it needs no
cryptographic library; there is no secret here that timing could leak.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from trailwarden.integrity import times

_RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d010101")
_SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def _element(data: bytes, at: int, tag: int) -> tuple[bytes, int]:
    """Content of the DER element at `at` and the offset behind it; ValueError if it is not `tag` or is cut."""
    if len(data) < at + 2 or data[at] != tag:
        raise ValueError("not the DER of an RSA public key")
    length, start = data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if length > len(data) - start:
        raise ValueError("DER of the public key is cut")
    return data[start : start + length], start + length


def parse_public_key(der: bytes) -> tuple[int, int]:
    """Modulus and exponent of a PKCS#1 `RSAPublicKey` or an X.509 `SubjectPublicKeyInfo`; ValueError otherwise."""
    body, end = _element(der, 0, 0x30)
    if end != len(der):
        raise ValueError("data behind the public key")
    if body[:1] == b"\x30":
        algorithm, at = _element(body, 0, 0x30)
        if not algorithm.startswith(_RSA_ENCRYPTION):
            raise ValueError("not an RSA key")
        bits, _ = _element(body, at, 0x03)
        body, _ = _element(bits[1:], 0, 0x30)  # the first octet counts unused bits, always 0 in DER keys
    modulus, at = _element(body, 0, 0x02)
    exponent, _ = _element(body, at, 0x02)
    return int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")


def padded_block(digest: bytes, size: int) -> int:
    """EMSA-PKCS1-v1_5 block of a SHA-256 `digest` for a modulus of `size` octets, as the number it stands for."""
    info = _SHA256_DIGEST_INFO + digest
    return int.from_bytes(b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info, "big")


@dataclass(frozen=True)
class PublicKey:
    """One key of ListPublicKeys; the fingerprint is computed from the bytes, never taken over."""

    region: str
    der: bytes = field(repr=False)
    start: int
    end: int
    source: str = "cloudtrail"

    @cached_property
    def fingerprint(self) -> str:
        """MD5 of the DER bytes in hexadecimal: how a digest names its key (identifies, does not protect)."""
        return hashlib.md5(self.der, usedforsecurity=False).hexdigest()

    @cached_property
    def numbers(self) -> tuple[int, int]:
        """Modulus and exponent; ValueError if the bytes are no RSA key."""
        return parse_public_key(self.der)

    def verifies(self, signature_hex: str, message: bytes) -> bool:
        """Whether `signature_hex` is this key's signature of `message`."""
        modulus, exponent = self.numbers
        size = (modulus.bit_length() + 7) // 8
        try:
            signature = binascii.unhexlify(signature_hex)
        except (ValueError, binascii.Error):
            return False
        number = int.from_bytes(signature, "big")
        if len(signature) != size or number >= modulus or size < 128:
            return False
        return pow(number, exponent, modulus) == padded_block(hashlib.sha256(message).digest(), size)

    def to_json(self) -> dict[str, Any]:
        """The form `aws cloudtrail list-public-keys` prints, with the region it was asked in."""
        return {
            "Region": self.region,
            "Fingerprint": self.fingerprint,
            "ValidityStartTime": times.extended(self.start),
            "ValidityEndTime": times.extended(self.end),
            "Value": base64.b64encode(self.der).decode("ascii"),
            "Source": self.source,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, region: str = "", source: str = "cloudtrail") -> Self:
        """Read one entry of a `PublicKeyList`: bytes or base64, times as seconds, ISO text or datetime.

        Raises:
            ValueError: a part is missing or unreadable, or the fingerprint beside the key is not the key's own.
        """
        try:
            value = data["Value"]
            key = cls(
                region=str(data.get("Region", region)),
                der=value if isinstance(value, bytes) else base64.b64decode(value, validate=True),
                start=_moment(data["ValidityStartTime"]),
                end=_moment(data["ValidityEndTime"]),
                source=str(data.get("Source", source)),
            )
        except (KeyError, TypeError, binascii.Error) as error:
            raise ValueError(f"not an entry of a public key list: {error}") from error
        key.numbers  # noqa: B018 - evaluated for its ValueError
        if data.get("Fingerprint", key.fingerprint) != key.fingerprint:
            raise ValueError(f"public key {data['Fingerprint']} has the fingerprint {key.fingerprint}")
        return key


def _moment(value: object) -> int:
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, int | float):
        return int(value)
    text = str(value)
    try:
        return int(float(text))
    except ValueError:
        return times.from_argument(text)


class Keyring:
    """Public keys by region and fingerprint.

    Key pairs are regional: a key of another region is not looked at, unless it was saved without saying from where.
    """

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self._keys = {(key.region, key.fingerprint): key for key in keys}

    def find(self, region: str, fingerprint: str) -> PublicKey | None:
        """The key a digest of `region` names, or None."""
        return self._keys.get((region, fingerprint)) or self._keys.get(("", fingerprint))
