"""RFC 3161: somebody else's clock on a signature. Needs the extra ``tsa``."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from trailwarden.errors import OutputError, UsageError

_TIMEOUT = 30
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamping authority at an http or https address."""

    url: str

    def stamp(self, signature: bytes) -> bytes:
        """Return the authority's response for a signature.

        Raises:
            UsageError: the extra ``tsa`` is not installed, or the address is none.
            OutputError: the authority does not answer, or refuses.
        """
        client = _client()
        if not self.url.startswith(("https://", "http://")):
            raise UsageError(f"{self.url!r} is not the address of a time-stamping authority", "https://…")
        builder = client.TimestampRequestBuilder().data(signature).hash_algorithm(client.HashAlgorithm.SHA256)
        wanted = builder.cert_request(cert_request=True).build()
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
            self.url, wanted.as_bytes(), {"Content-Type": "application/timestamp-query"}
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 - as above
                data = bytes(answer.read(_LARGEST))
        except (OSError, urllib.error.URLError, ValueError) as error:
            raise OutputError(f"{self.url}: no timestamp: {error}", "leave out --tsa, or name another one") from None
        try:
            found = client.decode_timestamp_response(data)
            granted = client.PKIStatus(found.status) is client.PKIStatus.GRANTED
            same = granted and found.tst_info.nonce == wanted.nonce
        except ValueError:
            granted = same = False
        if not granted or not same:
            raise OutputError(f"{self.url}: the answer is no timestamp for this request", "name another authority")
        return data


def check(stamp: bytes, signature: bytes, authorities: bytes) -> str:
    """Return the instant of a timestamp, ISO 8601 UTC.

    Args:
        stamp: the response.
        signature: what it was given for.
        authorities: certificates that are trusted, PEM.

    Raises:
        ValueError: it is not valid.
        UsageError: the certificates are none, or the extra ``tsa`` is not installed.
    """
    client = _client()
    from cryptography import x509  # noqa: PLC0415 - comes with the extra

    try:
        certificates = x509.load_pem_x509_certificates(authorities)
    except ValueError:
        raise UsageError("--tsa-ca: not certificates in PEM", "ask the authority for its chain") from None
    builder: Any = client.VerifierBuilder()
    for certificate in certificates:
        if certificate.subject == certificate.issuer:
            builder = builder.add_root_certificate(certificate)
        else:
            builder = builder.add_intermediate_certificate(certificate)
    try:
        response = client.decode_timestamp_response(stamp)
        builder.build().verify_message(response, signature)
    except client.VerificationError as error:
        raise ValueError(str(error)) from None
    return str(response.tst_info.gen_time.isoformat()).replace("+00:00", "Z")


def _client() -> Any:
    try:
        import rfc3161_client  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError("timestamps need rfc3161-client", "pip install 'trailwarden[tsa]'") from None
    return rfc3161_client
