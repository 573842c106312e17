"""What an AWS error, or a local failure, means for a verdict: pure, and the same for a live run and for a replay.

Codes are what AWS documents, plus what emulators and botocore put in their place: the bare HTTP status of an answer without a body
("403"), and the class name of a failure that never reached AWS (``ReadTimeoutError``).
"""

from __future__ import annotations

from collections.abc import Mapping

from trailwarden.model import ReasonCode

CROSS_ACCOUNT = "CrossAccount"
"""Our own error code: the run holds no credentials for the account that a call is meant for."""
TRUNCATED = "Truncated"
"""Our own error code: a listing went on past the page limit."""

NOT_VERIFIED = "LogsNotVerified"
"""Our own error code: a policy asks about the integrity of log files, and no report of a verification is at hand."""

DENIALS = (ReasonCode.ACCESS_DENIED, ReasonCode.ACCESS_DENIED_SCP, ReasonCode.CROSS_ACCOUNT)
"""What a permission would change."""

_CODES: Mapping[ReasonCode, tuple[str, ...]] = {
    ReasonCode.NOT_RECORDED: ("NotRecorded",),
    ReasonCode.CROSS_ACCOUNT: (CROSS_ACCOUNT,),
    ReasonCode.COVERAGE_GAP: (NOT_VERIFIED,),
    # A repeated page token means that the rest of a listing can't be had.
    ReasonCode.TRUNCATED: (TRUNCATED, "PaginationError"),
    ReasonCode.ACCESS_DENIED: (
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Forbidden",
        "NotAuthorized",
        "UnauthorizedAccess",
        "UnauthorizedOperation",
    ),
    ReasonCode.CREDENTIALS_EXPIRED: (
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
    ),
    ReasonCode.THROTTLED: (
        "429",
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequests",
        "TooManyRequestsException",
        "TransactionInProgressException",
    ),
    # STS knew these credentials at the start of the run; a region that does not know them is disabled, or got a token of the global
    # STS endpoint, which opt-in regions refuse.
    ReasonCode.REGION_DISABLED: (
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "OptInRequired",
        "RegionDisabledException",
        "UnrecognizedClientException",
    ),
    ReasonCode.UNREACHABLE: (
        "500",
        "502",
        "503",
        "504",
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "ConnectionError",
        "EndpointConnectionError",
        "HTTPClientError",
        "IncompleteReadError",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceException",
        "InternalServiceError",
        "KMSInternalException",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ResponseStreamingError",
        "SSLError",
        "ServiceException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Unavailable",
    ),
    ReasonCode.UNSUPPORTED: (
        "405",
        "501",
        "DataNotFoundError",
        "InvalidAction",
        "InvalidURI",
        "MethodNotAllowed",
        "NotImplemented",
        "NotImplementedError",
        "OperationNotPageableError",
        "ParamValidationError",
        "UnknownOperation",
        "UnknownOperationException",
        "UnknownServiceError",
        "UnsupportedOperation",
        "UnsupportedOperationException",
    ),
    ReasonCode.UNPARSEABLE: ("ResponseParserError",),
    ReasonCode.NOT_VISIBLE_FROM_MEMBER: ("CloudTrailARNInvalidException", "TrailNotFoundException"),
    ReasonCode.NOT_FOUND: (
        "NoSuchBucket",
        "NoSuchEntity",
        "NotFound",
        "NotFoundException",
        "ResourceNotFoundException",
    ),
}
_REASONS: Mapping[str, ReasonCode] = {code: reason for reason, codes in _CODES.items() for code in codes}

# S3 answers 405 to every account but the owner's, whatever the bucket policy grants.
_OWNER_ONLY = ("GetBucketPolicy", "GetBucketPolicyStatus")

# The kinds of policy whose explicit denial is not an organisation's: lifting one of these is the account's own business.
_OWN_POLICIES = ("identity-based", "resource-based", "permissions boundary", "session policy", "endpoint policy")
_ORGANIZATION_POLICIES = ("service control policy", "resource control policy", "service control policies")


def reason_code(service: str, operation: str, code: str, message: str = "", status: int = 0) -> ReasonCode:
    """Return why a reply with this error can't be judged.

    Args:
        service: botocore's name of the service.
        operation: the API's name of the operation.
        code: AWS's error code, or the class name of a local failure.
        message: what AWS said beside the code.
        status: the HTTP status, 0 when nothing was received.
    """
    if service == "s3" and operation in _OWNER_ONLY and code in ("MethodNotAllowed", "405"):
        return ReasonCode.CROSS_ACCOUNT
    if code == "404":
        # A HEAD has no body, so the status is the code; anywhere else an endpoint does not know the operation's path.
        return ReasonCode.NOT_FOUND if operation.startswith("Head") else ReasonCode.UNSUPPORTED
    reason = _REASONS.get(code)
    if reason is None and status == 403:
        reason = ReasonCode.ACCESS_DENIED
    if reason is None and status == 429:
        reason = ReasonCode.THROTTLED
    if reason is None and status >= 500:
        reason = ReasonCode.UNREACHABLE
    if reason is ReasonCode.ACCESS_DENIED:
        return _denial(service, operation, message.lower())
    return reason or ReasonCode.UNEXPECTED


def _denial(service: str, operation: str, message: str) -> ReasonCode:
    if any(name in message for name in _ORGANIZATION_POLICIES):
        return ReasonCode.ACCESS_DENIED_SCP
    if "explicit deny" in message and not any(name in message for name in _OWN_POLICIES):
        return ReasonCode.ACCESS_DENIED_SCP
    # IAM's refusal names the action. Organizations' own does not: it means that the caller is neither the management account nor a
    # delegated administrator. DescribeOrganization is open to every member.
    if (
        service == "organizations"
        and operation != "DescribeOrganization"
        and message
        and "not authorized to perform" not in message
    ):
        return ReasonCode.NOT_VISIBLE_FROM_MEMBER
    return ReasonCode.ACCESS_DENIED
