"""bucket-policy-delivery-correct: would CloudTrail get its files in?"""

from typing import Any

import pytest

from trailwarden.policydoc import Delivery, Sender, delivery_allowed, key_allows_trail, parse

OURS = "111122223333"
TRAIL = f"arn:aws:cloudtrail:eu-west-1:{OURS}:trail/main"
BUCKET = "arn:aws:s3:::logs"
KEY = f"arn:aws:kms:eu-west-1:{OURS}:key/1"
SOURCE = {"StringEquals": {"aws:SourceArn": TRAIL}}
SENDER = Sender(TRAIL, OURS)


def statement(action: str, resource: Any, condition: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    service = {"Service": "cloudtrail.amazonaws.com"}
    item = {"Effect": "Allow", "Principal": service, "Action": action, "Resource": resource, **changes}
    if condition:
        item["Condition"] = condition
    return {key: value for key, value in item.items() if value is not None}


ACL = statement("s3:GetBucketAcl", BUCKET, SOURCE)
PUT = statement(
    "s3:PutObject",
    f"{BUCKET}/AWSLogs/{OURS}/*",
    {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceArn": TRAIL}},
)


def deny(condition: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    base = {"Effect": "Deny", "Principal": "*", "Sid": "Stop", **changes}
    return statement("s3:*", [BUCKET, f"{BUCKET}/*"], condition, **base)


def judge(*statements: dict[str, Any], sender: Sender = SENDER) -> Delivery:
    return delivery_allowed(parse({"Version": "2012-10-17", "Statement": list(statements)}), BUCKET, sender)


def test_the_documented_policy_delivers() -> None:
    result = judge(ACL, PUT)
    assert result.allowed is True
    assert [str(step) for step in result.trace] == [
        f"s3:GetBucketAcl on {BUCKET}: allowed, statement 0 allows it",
        f"s3:PutObject on {BUCKET}/AWSLogs/{OURS}/*: allowed, statement 1 allows it",
    ]


@pytest.mark.parametrize(
    ("statements", "step", "reason"),
    [
        ([PUT], 0, "no statement allows it"),
        ([ACL], 1, "no statement allows it"),
        ([{**ACL, "Resource": f"{BUCKET}/*"}, PUT], 0, "no statement allows it"),
        ([ACL, {**PUT, "Resource": f"{BUCKET}/AWSLogs/{OURS}"}], 1, "no statement allows it"),
        ([ACL, {**PUT, "Resource": f"{BUCKET}/AWSLogs/{OURS}/CloudTrail/*"}], 1, "no statement allows it"),
        ([ACL, {**PUT, "Resource": f"{BUCKET}/awslogs/{OURS}/*"}], 1, "no statement allows it"),
        ([ACL, {**PUT, "Action": "s3:PutObjectAcl"}], 1, "no statement allows it"),
        ([ACL, {**PUT, "Principal": {"Service": "config.amazonaws.com"}}], 1, "no statement allows it"),
        ([ACL, {**PUT, "Condition": {"StringEquals": {"aws:SourceArn": TRAIL + "2"}}}], 1, "no statement allows it"),
        ([ACL, {**PUT, "Condition": {"StringEquals": {"s3:x-amz-acl": "private"}}}], 1, "no statement allows it"),
        ([ACL, {**PUT, "Condition": {"StringEquals": {"aws:SourceAccount": "9" * 12}}}], 1, "no statement allows it"),
        ([ACL, PUT, deny()], 0, "statement 2 (Stop) denies it"),
        ([ACL, PUT, deny(Action="s3:Put*")], 1, "statement 2 (Stop) denies it"),
        ([ACL, PUT, deny({"Null": {"s3:x-amz-server-side-encryption": "true"}})], 1, "denies it"),
        (
            [
                ACL,
                PUT,
                deny({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, Action="s3:PutObject"),
            ],
            1,
            "denies it",
        ),
        ([ACL, PUT, deny({"Bool": {"aws:ViaAWSService": "false"}})], 0, "denies it"),
        ([ACL, PUT, deny({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})], 0, "denies it"),
        ([ACL, PUT, deny({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], 0, "denies it"),
        ([ACL, PUT, deny({"StringNotEquals": {"aws:PrincipalOrgID": "o-ours"}})], 0, "denies it"),
        ([ACL, PUT, deny({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/x"}})], 0, "denies it"),
        ([ACL, PUT, deny(Principal=None, NotPrincipal={"AWS": OURS})], 0, "denies it"),
        ([ACL, PUT, deny(Resource=f"{BUCKET}/AWSLogs/{OURS}/CloudTrail-Digest/*")], 1, "denies it"),
        ([ACL, PUT, deny({"NumericLessThan": {"s3:TlsVersion": "1.3"}})], 0, "denies it"),
    ],
)
def test_what_stops_delivery(statements: list[dict[str, Any]], step: int, reason: str) -> None:
    result = judge(*statements)
    assert result.allowed is False
    assert next(index for index, item in enumerate(result.trace) if item.allowed is False) == step
    assert reason in result.trace[step].reason
    assert f": not allowed, {result.trace[step].reason}" in str(result.trace[step])


@pytest.mark.parametrize(
    "extra",
    [
        deny({"Bool": {"aws:SecureTransport": "false"}}),
        deny({"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
        deny(Action="s3:DeleteObject"),
        deny(Resource=f"{BUCKET}/AWSLogs/{OURS}/Config/*"),
        deny(Resource=f"{BUCKET}/other/*"),
        deny(Principal=None, NotPrincipal={"Service": "cloudtrail.amazonaws.com"}),
        deny({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:PrincipalIsAWSService": "false"}}),
        deny({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}, "Null": {"aws:PrincipalArn": "false"}}),
        deny({"StringNotEquals": {"aws:PrincipalServiceName": "cloudtrail.amazonaws.com"}}),
        deny({"StringNotEqualsIfExists": {"aws:SourceAccount": OURS}}),
        deny({"Bool": {"aws:ViaAWSService": "true"}}),
        deny(Principal={"AWS": OURS}),
    ],
)
def test_denies_that_do_not_concern_cloudtrail(extra: dict[str, Any]) -> None:
    assert judge(ACL, PUT, extra).allowed is True


def test_what_is_unknown_stays_undecided() -> None:
    night = deny({"DateLessThan": {"aws:CurrentTime": "2030-01-01"}})
    result = judge(ACL, PUT, night)
    assert result.allowed is None
    assert "statement 2 (Stop) may deny it" in result.trace[0].reason
    assert str(result.trace[0]) == f"s3:GetBucketAcl on {BUCKET}: undecided, statement 2 (Stop) may deny it"
    assert str(judge(PUT).trace[0]) == f"s3:GetBucketAcl on {BUCKET}: not allowed, no statement allows it"
    later = {**PUT, "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2030-01-01"}}}
    assert judge(ACL, later).allowed is None
    assert "statement 1 may allow it" in judge(ACL, later).trace[1].reason
    assert judge(ACL, later, PUT).allowed is True
    assert judge(later, night).allowed is False
    assert judge(ACL, PUT, night, deny()).allowed is False
    odd = {**PUT, "Condition": {"StringMatches": {"aws:SourceArn": TRAIL}}}
    assert judge(ACL, odd).allowed is None


def test_the_source_organisation_is_used_when_it_is_known() -> None:
    put = {**PUT, "Condition": {"StringEquals": {"aws:SourceOrgID": "o-ours"}}}
    assert judge(ACL, put).allowed is None
    assert judge(ACL, put, sender=Sender(TRAIL, OURS, source_organization_id="o-ours")).allowed is True
    assert judge(ACL, put, sender=Sender(TRAIL, OURS, source_organization_id="o-theirs")).allowed is False


def test_the_prefix_counts() -> None:
    sender = Sender(TRAIL, OURS, prefix="audit")
    put = {**PUT, "Resource": f"{BUCKET}/audit/AWSLogs/{OURS}/*"}
    assert judge(ACL, put, sender=sender).allowed is True
    assert judge(ACL, PUT, sender=sender).allowed is False
    assert judge(ACL, put).allowed is False
    assert judge(ACL, {**PUT, "Resource": f"{BUCKET}/*"}, sender=sender).allowed is True


def test_organisation_trails_write_below_the_organisation_too() -> None:
    sender = Sender(TRAIL, OURS, organization_id="o-ours")
    both = {**PUT, "Resource": [f"{BUCKET}/AWSLogs/{OURS}/*", f"{BUCKET}/AWSLogs/o-ours/*"]}
    result = judge(ACL, both, sender=sender)
    assert result.allowed is True
    assert [step.resource for step in result.trace][1:] == both["Resource"]
    assert judge(ACL, PUT, sender=sender).trace[2].allowed is False
    member = deny(Resource=f"{BUCKET}/AWSLogs/o-ours/999988887777/CloudTrail/*")
    assert [step.allowed for step in judge(ACL, both, member, sender=sender).trace] == [True, True, False]


def test_a_trail_with_a_key_sends_encryption_headers() -> None:
    sender = Sender(TRAIL, OURS, key_arn=KEY)
    want = deny({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, Action="s3:PutObject")
    this = deny({"StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": KEY}}, Action="s3:PutObject")
    assert judge(ACL, PUT, want, this, sender=sender).allowed is True
    assert judge(ACL, PUT, this).allowed is False


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, True),
        (SOURCE, True),
        ({"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{OURS}:trail/*"}}, True),
        ({"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:1:trail/*"}}, False),
        ({"Null": {"kms:EncryptionContext:aws:cloudtrail:arn": "true"}}, False),
        ({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "aws:cloudtrail:arn"}}, True),
        ({"StringEquals": {"aws:SourceArn": TRAIL.replace("main", "old")}}, False),
        ({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}, None),
    ],
)
def test_key_policies(condition: dict[str, Any] | None, expected: bool | None) -> None:
    grant = statement("kms:GenerateDataKey*", "*", condition)
    result = key_allows_trail(parse({"Version": "2012-10-17", "Statement": grant}), Sender(TRAIL, OURS, key_arn=KEY))
    assert result.allowed is expected
    assert (result.trace[0].action, result.trace[0].resource) == ("kms:GenerateDataKey", KEY)


def test_key_policies_need_the_action() -> None:
    policy = parse({"Version": "2012-10-17", "Statement": statement("kms:Decrypt", "*")})
    assert key_allows_trail(policy, Sender(TRAIL, OURS, key_arn=KEY)).allowed is False
