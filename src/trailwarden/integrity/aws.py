"""The only module of this package that imports boto3, and only when needed: credentials, endpoints, clients, errors."""
# ruff: noqa: PLC0415 - boto3 takes 0.3 s to load and is needed only for what is unusual

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from trailwarden.integrity import wire
from trailwarden.integrity.store import AbsentError, UnavailableError
from trailwarden.integrity.verdicts import Verdict

_REFUSED: Final = {
    "AccessDenied": "access-denied",
    "AccessDeniedException": "access-denied",
    "AllAccessDisabled": "access-denied",
    "403": "access-denied",
    "InvalidObjectState": "archived",
    "ExpiredToken": "credentials-expired",
    "ExpiredTokenException": "credentials-expired",
    "InvalidAccessKeyId": "credentials-invalid",
    "InvalidClientTokenId": "credentials-invalid",
    "SignatureDoesNotMatch": "credentials-invalid",
    "UnrecognizedClientException": "credentials-invalid",
    "NoSuchBucket": "no-such-bucket",
}


@dataclass(frozen=True)
class Access:
    """How to reach AWS; picklable. Without `credentials` boto3's own chain is used (environment, profile, role …).

    `ordinary` is set by `resolve`: nothing in the environment or the profile bends endpoints or the way to them.
    """

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    bucket_region: str | None = None
    credentials: wire.Credentials | None = None
    ordinary: bool = False


def resolve(access: Access) -> Access:
    """Fill in credentials, region and endpoint, so that worker processes need not do it again.

    Where everything comes from environment variables, botocore would find the same but take 0.2 s to be loaded.

    Raises:
        UnavailableError: there are no credentials.
    """
    access = replace(access, endpoint_url=access.endpoint_url or os.environ.get("AWS_ENDPOINT_URL"))
    return _from_environment(access) or _from_botocore(access)


def _from_environment(access: Access) -> Access | None:
    config = os.environ.get("AWS_CONFIG_FILE", "~/.aws/config")
    if access.profile or os.environ.get("AWS_PROFILE") or Path(config).expanduser().is_file():
        return None
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    found = wire.Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN", "")) if key and secret else None
    credentials = access.credentials or found
    if credentials is None:
        return None
    region = access.region or os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "us-east-1"
    return replace(access, credentials=credentials, region=region, ordinary=_is_plain_environment())


def _from_botocore(access: Access) -> Access:
    import botocore.session

    session = botocore.session.Session(profile=access.profile)
    region = access.region or session.get_config_variable("region") or "us-east-1"
    bent = {"endpoint_url", "services", "use_fips_endpoint", "use_dualstack_endpoint", "ca_bundle", "s3"}
    ordinary = _is_plain_environment() and not bent & session.get_scoped_config().keys()
    access = replace(access, region=region, ordinary=ordinary)
    if access.credentials is not None:
        return access
    found = session.get_credentials()
    if found is None:
        raise UnavailableError(Verdict.UNREADABLE, "no-credentials", "no AWS credentials found")
    frozen = found.get_frozen_credentials()
    expires = getattr(found, "_expiry_time", None)
    credentials = wire.Credentials(
        str(frozen.access_key), str(frozen.secret_key), frozen.token or "", expires.timestamp() if expires else None
    )
    return replace(access, credentials=credentials)


_BENT: Final = frozenset(
    {
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL_CLOUDTRAIL",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    }
)


def _is_plain_environment() -> bool:
    return not any(value and name.upper() in _BENT for name, value in os.environ.items())


_CLIENTS: dict[tuple[Access, str, str | None], Any] = {}
_CLIENTS_LOCK = threading.Lock()


def client(access: Access, service: str, region: str | None = None) -> Any:
    """The boto3 client of a service in a region, made once."""
    with _CLIENTS_LOCK:
        key = (access, service, region or access.region)
        if key not in _CLIENTS:
            _CLIENTS[key] = _client(*key)
        return _CLIENTS[key]


def close(access: Access) -> None:
    """Close the clients made for `access` in this process."""
    with _CLIENTS_LOCK:
        for key in [key for key in _CLIENTS if key[0] == access]:
            _CLIENTS.pop(key).close()


def _client(access: Access, service: str, region: str | None) -> Any:
    import boto3
    from botocore.config import Config

    session = boto3.Session(profile_name=access.profile, region_name=region)
    frozen = access.credentials
    if frozen is not None and frozen.expires is None:
        session = boto3.Session(frozen.access_key, frozen.secret_key, frozen.token or None, region_name=region)
    config = Config(retries={"mode": "standard", "total_max_attempts": 6}, max_pool_connections=64)
    return session.client(service, endpoint_url=access.endpoint_url, config=config)


def _split(url: str, service: str, region: str, base: str) -> wire.Endpoint:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    assert parts.hostname is not None
    return wire.Endpoint(parts.scheme, parts.hostname, port, service, region, base, _ca_bundle())


@cache
def _ca_bundle() -> str | None:
    chosen = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE")
    spec = find_spec("botocore")  # looked up, not imported: its certificates are a file beside it
    places = spec.submodule_search_locations if spec else None
    return chosen or (str(Path(places[0], "cacert.pem")) if places else None)


def endpoint(access: Access, service: str, region: str, bucket: str = "") -> wire.Endpoint | None:
    """Where a service answers if that is beyond doubt, else None: then boto3 does all the talking."""
    if not access.ordinary:
        return None
    if access.endpoint_url:
        return _split(access.endpoint_url.rstrip("/"), service, region, f"/{bucket}" if bucket else "")
    if re.fullmatch(r"(us|us-gov|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d", region, re.ASCII):
        suffix = "amazonaws.com"
    elif re.fullmatch(r"cn-[a-z]+-\d", region, re.ASCII):
        suffix = "amazonaws.com.cn"
    else:
        return None
    host = f"{service}.{region}.{suffix}"
    if bucket and "." not in bucket:
        return _split(f"https://{bucket}.{host}", service, region, "")
    return _split(f"https://{host}", service, region, f"/{bucket}" if bucket else "")


def refusal(code: str, message: str) -> UnavailableError:
    """What an error code of S3 or CloudTrail means for a verdict."""
    if code.startswith("KMS") or "kms" in message.lower():
        return UnavailableError(Verdict.UNREADABLE, "kms", f"{code}: {message}")
    if code in _REFUSED:
        return UnavailableError(Verdict.UNREADABLE, _REFUSED[code], f"{code}: {message}")
    reason = (
        "throttled" if code in {"SlowDown", "503", "RequestLimitExceeded", "ThrottlingException"} else "server-error"
    )
    return UnavailableError(Verdict.INCONCLUSIVE, reason, f"{code}: {message}")


def _translate(error: Exception) -> Exception:
    """An error of botocore as the verdict it leads to."""
    from botocore.exceptions import ClientError

    if not isinstance(error, ClientError):
        return UnavailableError(Verdict.INCONCLUSIVE, "network", f"{type(error).__name__}: {error}")
    code, message = str(error.response["Error"].get("Code")), str(error.response["Error"].get("Message", ""))
    return AbsentError(message) if code in {"NoSuchKey", "404"} else refusal(code, message)


@contextmanager
def guarded() -> Iterator[None]:
    """Turn botocore's errors into AbsentError and UnavailableError."""
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (ClientError, BotoCoreError, HTTPError, OSError) as error:
        raise _translate(error) from error


def bucket_region(access: Access, bucket: str) -> str:
    """Region of a bucket as S3 says it, even to those it refuses; the configured one if it says nothing."""
    from botocore.exceptions import ClientError

    with guarded():
        try:
            answer = client(access, "s3").head_bucket(Bucket=bucket)
        except ClientError as error:
            answer = error.response
    region = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
    return region or access.bucket_region or access.region or "us-east-1"
