"""Error codes to reasons: the catalogue's table, and what emulators and botocore put in AWS's place."""

import pytest

from trailwarden.model import ReasonCode
from trailwarden.reasons import reason_code

NOT_AUTHORIZED = "User: arn:aws:iam::1:user/u is not authorized to perform: cloudtrail:DescribeTrails"


@pytest.mark.parametrize(
    ("service", "operation", "code", "message", "status", "expected"),
    [
        ("cloudtrail", "DescribeTrails", "AccessDeniedException", NOT_AUTHORIZED, 400, ReasonCode.ACCESS_DENIED),
        ("ec2", "DescribeRegions", "UnauthorizedOperation", "You are not authorized", 403, ReasonCode.ACCESS_DENIED),
        ("sns", "GetTopicAttributes", "AuthorizationError", NOT_AUTHORIZED, 403, ReasonCode.ACCESS_DENIED),
        ("s3", "HeadBucket", "403", "Forbidden", 403, ReasonCode.ACCESS_DENIED),
        ("kms", "DescribeKey", "BrandNewRefusal", "", 403, ReasonCode.ACCESS_DENIED),
        (
            "cloudtrail",
            "DescribeTrails",
            "AccessDeniedException",
            f"{NOT_AUTHORIZED} with an explicit deny in a service control policy",
            400,
            ReasonCode.ACCESS_DENIED_SCP,
        ),
        (
            "s3",
            "GetBucketPolicy",
            "AccessDenied",
            f"{NOT_AUTHORIZED} because no service control policy allows the s3:GetBucketPolicy action",
            403,
            ReasonCode.ACCESS_DENIED_SCP,
        ),
        (
            "ec2",
            "DescribeRegions",
            "UnauthorizedOperation",
            "Refused with an explicit deny.",
            403,
            ReasonCode.ACCESS_DENIED_SCP,
        ),
        (
            "kms",
            "DescribeKey",
            "AccessDeniedException",
            f"{NOT_AUTHORIZED} with an explicit deny in an identity-based policy",
            400,
            ReasonCode.ACCESS_DENIED,
        ),
        (
            "s3",
            "GetBucketPolicy",
            "MethodNotAllowed",
            "The specified method is not allowed",
            405,
            ReasonCode.CROSS_ACCOUNT,
        ),
        ("s3", "GetBucketAcl", "MethodNotAllowed", "The specified method is not allowed", 405, ReasonCode.UNSUPPORTED),
        ("cloudtrail", "DescribeTrails", "CrossAccount", "no credentials", 0, ReasonCode.CROSS_ACCOUNT),
        (
            "cloudtrail",
            "GetTrailStatus",
            "CloudTrailARNInvalidException",
            "AccountID in ARN is wrong",
            400,
            ReasonCode.NOT_VISIBLE_FROM_MEMBER,
        ),
        ("cloudtrail", "GetTrailStatus", "TrailNotFoundException", "", 400, ReasonCode.NOT_VISIBLE_FROM_MEMBER),
        (
            "organizations",
            "ListAccounts",
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
            400,
            ReasonCode.NOT_VISIBLE_FROM_MEMBER,
        ),
        ("organizations", "ListAccounts", "AccessDeniedException", NOT_AUTHORIZED, 400, ReasonCode.ACCESS_DENIED),
        ("organizations", "DescribeOrganization", "AccessDeniedException", "You can't.", 400, ReasonCode.ACCESS_DENIED),
        ("cloudtrail", "DescribeTrails", "ThrottlingException", "Rate exceeded", 400, ReasonCode.THROTTLED),
        ("s3", "GetBucketAcl", "SlowDown", "", 503, ReasonCode.THROTTLED),
        ("ec2", "DescribeRegions", "RequestLimitExceeded", "", 503, ReasonCode.THROTTLED),
        ("kms", "DescribeKey", "NewKindOfLimit", "", 429, ReasonCode.THROTTLED),
        ("cloudtrail", "DescribeTrails", "UnrecognizedClientException", "", 400, ReasonCode.REGION_DISABLED),
        ("ec2", "DescribeRegions", "AuthFailure", "", 401, ReasonCode.REGION_DISABLED),
        ("s3", "HeadBucket", "OptInRequired", "", 403, ReasonCode.REGION_DISABLED),
        ("cloudtrail", "DescribeTrails", "EndpointConnectionError", "", 0, ReasonCode.UNREACHABLE),
        ("cloudtrail", "DescribeTrails", "ConnectTimeoutError", "", 0, ReasonCode.UNREACHABLE),
        ("cloudtrail", "DescribeTrails", "ReadTimeoutError", "", 0, ReasonCode.UNREACHABLE),
        ("kms", "DescribeKey", "OddFailure", "", 502, ReasonCode.UNREACHABLE),
        ("kms", "GetKeyRotationStatus", "UnsupportedOperationException", "", 400, ReasonCode.UNSUPPORTED),
        ("s3", "GetBucketAcl", "NotImplementedError", "not in the emulator", 0, ReasonCode.UNSUPPORTED),
        ("cloudtrail", "DescribeTrails", "ParamValidationError", "", 0, ReasonCode.UNSUPPORTED),
        ("s3control", "GetPublicAccessBlock", "404", "", 404, ReasonCode.UNSUPPORTED),
        ("s3", "HeadBucket", "404", "Not Found", 404, ReasonCode.NOT_FOUND),
        ("s3", "GetBucketPolicy", "NoSuchBucket", "", 404, ReasonCode.NOT_FOUND),
        ("kms", "DescribeKey", "NotFoundException", "", 400, ReasonCode.NOT_FOUND),
        ("logs", "DescribeLogGroups", "Truncated", "", 0, ReasonCode.TRUNCATED),
        ("logs", "DescribeLogGroups", "PaginationError", "", 0, ReasonCode.TRUNCATED),
        ("ec2", "DescribeRegions", "ResponseParserError", "", 0, ReasonCode.UNPARSEABLE),
        ("cloudtrail", "DescribeTrails", "ExpiredTokenException", "", 400, ReasonCode.CREDENTIALS_EXPIRED),
        ("s3", "GetBucketAcl", "ExpiredToken", "", 400, ReasonCode.CREDENTIALS_EXPIRED),
        ("ec2", "DescribeRegions", "RequestExpired", "", 400, ReasonCode.CREDENTIALS_EXPIRED),
        ("cloudtrail", "DescribeTrails", "NotRecorded", "", 0, ReasonCode.NOT_RECORDED),
        ("trailwarden", "VerifyLogs", "LogsNotVerified", "", 0, ReasonCode.COVERAGE_GAP),
        ("cloudtrail", "DescribeTrails", "NobodyKnowsException", "", 400, ReasonCode.UNEXPECTED),
        ("cloudtrail", "DescribeTrails", "", "", 0, ReasonCode.UNEXPECTED),
    ],
)
def test_an_error_has_one_reason(
    service: str, operation: str, code: str, message: str, status: int, expected: ReasonCode
) -> None:
    assert reason_code(service, operation, code, message, status) is expected
