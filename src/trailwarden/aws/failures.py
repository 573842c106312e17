"""Trouble with credentials, in words for the person who must act."""

from __future__ import annotations

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from trailwarden.aws.replies import scrub
from trailwarden.errors import CredentialsError
from trailwarden.model import ReasonCode
from trailwarden.reasons import CROSS_ACCOUNT, reason_code

_LOG_IN = "log in again (for SSO: `aws sso login`) or refresh the credentials, then repeat the run"
_GIVE = "set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"

_EXPIRED = tuple(
    getattr(boto, name)
    for name in ("SSOError", "SSOTokenLoadError", "TokenRetrievalError", "LoginError", "RefreshWithMFAUnsupportedError")
    if hasattr(boto, name)  # LoginError came with `aws login`, later than the oldest botocore we accept
)
_UNREACHED = (boto.HTTPClientError, boto.ConnectionError)


class RoleError(CredentialsError):
    """The credentials of a role can't be had: its account can't be read, others can. ``code`` is AWS's, or the class of a local failure."""

    def __init__(self, message: str, hint: str = "", code: str = CROSS_ACCOUNT) -> None:
        super().__init__(message, hint)
        self.code = code


class RoleRefusedError(RoleError):
    """STS does not let the caller assume the role, and will not do so a moment later."""


def missing_credentials() -> CredentialsError:
    """Return the error for a machine without any AWS credentials."""
    return CredentialsError("no AWS credentials were found", _GIVE)


def not_aws(where: str, detail: str) -> CredentialsError:
    """Return the error for an endpoint that answers something else than AWS would."""
    return CredentialsError(
        f"what answers at {scrub(where)} is not AWS: {scrub(detail)}", "check --endpoint-url or AWS_ENDPOINT_URL"
    )


def from_exception(error: BotoCoreError | ClientError, where: str = "") -> CredentialsError:
    """Return the error for what went wrong before the first question could be asked, or while credentials were renewed.

    Args:
        error: what botocore raised.
        where: the endpoint or role concerned.
    """
    text = scrub(str(error))
    place = f" ({scrub(where)})" if where else ""
    if isinstance(error, ClientError):
        return _refused(error, text, place)
    if isinstance(error, boto.ProfileNotFound):
        return CredentialsError(text, "`aws configure list-profiles` shows the profiles of this machine")
    if isinstance(error, boto.PartialCredentialsError):
        return CredentialsError(f"AWS credentials are incomplete: {text}", _GIVE)
    if isinstance(error, boto.NoCredentialsError):
        return missing_credentials()
    if isinstance(error, _EXPIRED):
        return CredentialsError(f"the login has expired: {text}", _LOG_IN)
    if isinstance(error, boto.InvalidRegionError):
        return CredentialsError(text, "regions look like eu-west-1")
    if isinstance(error, _UNREACHED):
        return CredentialsError(
            f"AWS can't be reached{place}: {text}",
            "check the network, the proxy, and --endpoint-url or AWS_ENDPOINT_URL",
        )
    return CredentialsError(f"the AWS configuration or credentials can't be used{place}: {text}", _GIVE)


def passing_code(error: BotoCoreError | ClientError) -> str:
    """Return the code of an error that says nothing about the credentials: throttling, an outage, a network that fails; else an empty text."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        reason = reason_code("sts", error.operation_name, code, "", status)
        return code if reason in (ReasonCode.THROTTLED, ReasonCode.UNREACHABLE) else ""
    return type(error).__name__ if isinstance(error, _UNREACHED) else ""


def _refused(error: ClientError, text: str, place: str) -> CredentialsError:
    details = error.response.get("Error", {})
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(details.get("Code", ""))
    operation = error.operation_name
    reason = reason_code("sts", operation, code, str(details.get("Message", "")), status)
    if reason is ReasonCode.CREDENTIALS_EXPIRED:
        return CredentialsError(f"the AWS credentials have expired{place}: {text}", _LOG_IN)
    if operation.startswith("AssumeRole") and reason in (ReasonCode.ACCESS_DENIED, ReasonCode.ACCESS_DENIED_SCP):
        return RoleRefusedError(
            f"the role can't be assumed{place}: {text}",
            "its trust policy must name the caller (and the external id, if it asks for one), and the caller needs sts:AssumeRole",
        )
    if reason is ReasonCode.REGION_DISABLED or code == "SignatureDoesNotMatch":
        return CredentialsError(
            f"the AWS credentials are not valid{place}: {text}",
            "check the key and its secret; for GovCloud and China name a --region of that partition",
        )
    if status == 404 or reason in (ReasonCode.UNSUPPORTED, ReasonCode.UNPARSEABLE):
        return not_aws(place.strip(" ()"), text)
    return CredentialsError(
        f"AWS refused to say who is calling{place}: {text}", "check the credentials and the endpoint"
    )
