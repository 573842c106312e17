"""The same reader against emulators: moto in the process, moto over HTTP, ministack over HTTP with authorisation on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import OperationNotFoundError
from botocore.session import Session

from trailwarden.aws.reader import LiveReader
from trailwarden.aws.session import Connection, Tuning, connect
from trailwarden.aws.world import world_reader
from trailwarden.calls import Call, Recorder, Reply
from trailwarden.errors import CredentialsError, WriteRefusedError
from trailwarden.facts.operations import READS
from trailwarden.ledger import Header, Ledger
from trailwarden.model import ReasonCode
from trailwarden.reasons import reason_code

ACCOUNT = "111122223333"
OTHER = "444455556666"
SECRET = "a-secret-of-sufficient-length-for-anyone"
QUICK = Tuning(max_attempts=2)


def administrator(url: str | None, account: str = ACCOUNT, token: str = "") -> Any:
    """Clients that may write, for seeding; ministack takes twelve digits as the root of that account."""
    session = Session()
    session.set_credentials(account, SECRET, token or None)
    return lambda service, region="eu-west-1": session.create_client(service, region_name=region, endpoint_url=url)


def seed(make: Any, name: str) -> None:
    """A bucket with a policy, a key, a log group, and a trail that logs."""
    s3 = make("s3", "us-east-1")
    s3.create_bucket(Bucket=f"{name}-logs")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}-logs/*",
    }
    s3.put_bucket_policy(Bucket=f"{name}-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    cloudtrail = make("cloudtrail")
    cloudtrail.create_trail(
        Name=name, S3BucketName=f"{name}-logs", IsMultiRegionTrail=True, EnableLogFileValidation=True
    )
    cloudtrail.start_logging(Name=name)
    make("kms").create_key()
    for number in range(60):
        make("logs").create_log_group(logGroupName=f"{name}/{number:02}")


def questions(account: str, name: str) -> list[Call]:
    """One call of each kind that a run sends."""
    bucket = {"Bucket": f"{name}-logs"}
    return [
        Call.of(account, "us-east-1", "ec2", "DescribeRegions", AllRegions=True),
        Call.of(account, "eu-west-1", "cloudtrail", "DescribeTrails"),
        Call.of(account, "us-east-1", "cloudtrail", "DescribeTrails"),
        Call.of(account, "eu-west-1", "cloudtrail", "GetTrailStatus", Name=name),
        Call.of(account, "eu-west-1", "cloudtrail", "GetEventSelectors", TrailName=name),
        Call.of(account, "us-east-1", "s3", "HeadBucket", **bucket),
        Call.of(account, "us-east-1", "s3", "GetBucketPolicy", **bucket),
        Call.of(account, "us-east-1", "s3", "GetBucketVersioning", **bucket),
        Call.of(account, "us-east-1", "s3", "GetBucketAcl", **bucket),
        Call.of(account, "us-east-1", "s3", "ListBuckets"),
        Call.of(account, "eu-west-1", "logs", "DescribeLogGroups", logGroupNamePrefix=f"{name}/"),
    ]


def assert_right(replies: list[Reply], name: str) -> None:
    assert [reply.error for reply in replies] == [None] * len(replies)
    regions, home, away, status, _selectors, _head, policy, versioning, acl, buckets, groups = (
        reply.body or {} for reply in replies
    )
    assert {"us-east-1", "eu-west-1"} <= {row["RegionName"] for row in regions["Regions"]}
    assert [trail["Name"] for trail in home["trailList"]] == [name]
    assert [trail["HomeRegion"] for trail in away["trailList"]] == ["eu-west-1"]
    assert status["IsLogging"] is True
    assert "cloudtrail.amazonaws.com" in policy["Policy"]
    assert versioning == {}
    assert acl["Grants"]
    assert f"{name}-logs" in [bucket["Name"] for bucket in buckets["Buckets"]]
    assert [group["logGroupName"] for group in groups["logGroups"]] == [f"{name}/{number:02}" for number in range(60)]
    assert replies[-1].pages == 2


def check_account(connection: Connection, name: str) -> None:
    """Live, then replayed through the world: right, and the same."""
    calls = questions(connection.caller.account, name)
    recorder = Recorder(LiveReader(connection, jobs=4))
    assert_right(recorder.ask_all(calls), name)
    header = Header(clock="2026-01-31T08:00:00Z", caller={"account": connection.caller.account})
    ledger = Ledger(header, recorder.entries())
    again = Recorder(world_reader(ledger, jobs=2))
    again.ask_all(calls)
    assert Ledger(header, again.entries()).to_bytes() == ledger.to_bytes()


# --- moto -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def moto_account() -> Iterator[None]:
    from moto import mock_aws

    with mock_aws():
        yield


@pytest.mark.usefixtures("aws_environment", "moto_account")
def test_moto_in_the_process() -> None:
    seed(administrator(None), "trail-a")
    check_account(connect(), "trail-a")


@pytest.mark.usefixtures("aws_environment", "moto_account")
def test_what_is_not_there_is_said_in_awss_words() -> None:
    """A fact for the one who asked: codes stay what they were."""
    reader = LiveReader(connect())
    account = reader.connection.caller.account
    head = reader.ask(Call.of(account, "us-east-1", "s3", "HeadBucket", Bucket="nobodys-bucket"))
    block = reader.ask(Call.of(account, "us-east-1", "s3control", "GetPublicAccessBlock", AccountId=account))
    assert [reply.error and reply.error.code for reply in (head, block)] == [
        "404",
        "NoSuchPublicAccessBlockConfiguration",
    ]


def test_moto_over_http(moto_url: str, aws_environment: pytest.MonkeyPatch) -> None:
    """With the endpoint from the environment, s3control without the account in its host included."""
    aws_environment.setenv("AWS_ENDPOINT_URL", moto_url)
    seed(administrator(moto_url), "trail-b")
    connection = connect(tuning=QUICK)
    check_account(connection, "trail-b")
    account = connection.caller.account
    block = LiveReader(connection).ask(
        Call.of(account, "us-east-1", "s3control", "GetPublicAccessBlock", AccountId=account)
    )
    assert block.error is not None
    assert block.error.code == "NoSuchPublicAccessBlockConfiguration"


# --- ministack, which checks signatures and policies ----------------------------------------------------------------


def connect_as(
    environment: pytest.MonkeyPatch, url: str, key: str, secret: str = SECRET, token: str = ""
) -> Connection:
    environment.setenv("AWS_ACCESS_KEY_ID", key)
    environment.setenv("AWS_SECRET_ACCESS_KEY", secret)
    if token:
        environment.setenv("AWS_SESSION_TOKEN", token)
    return connect(endpoint_url=url, tuning=QUICK)


def allow(*actions: str) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    )


def user(make: Any, name: str, policy: str) -> tuple[str, str]:
    iam = make("iam", "us-east-1")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


@pytest.fixture(scope="session")
def audited(ministack_url: str) -> str:
    """Ministack with one good account."""
    seed(administrator(ministack_url), "trail-c")
    return ministack_url


def test_an_auditor_with_just_the_listed_actions_reads_everything(
    audited: str, aws_environment: pytest.MonkeyPatch
) -> None:
    """The list of IAM actions beside the list of reads is enough, checked by an emulator that enforces policies."""
    actions = sorted({action for action in READS.values() if action})
    key, secret = user(administrator(audited), "auditor", allow(*actions))
    check_account(connect_as(aws_environment, audited, key, secret), "trail-c")


def test_a_refused_read_is_denied_and_only_that_one(audited: str, aws_environment: pytest.MonkeyPatch) -> None:
    """Each service words its refusal in its own code; each is ACCESS_DENIED."""
    key, secret = user(administrator(audited), "half-blind", allow("cloudtrail:DescribeTrails", "s3:ListAllMyBuckets"))
    connection = connect_as(aws_environment, audited, key, secret)
    calls = questions(ACCOUNT, "trail-c")
    replies = LiveReader(connection).ask_all(calls)
    allowed = {"cloudtrail.DescribeTrails", "s3.ListBuckets"}
    for call, reply in zip(calls, replies, strict=True):
        if call.name in allowed:
            assert reply.error is None
        else:
            assert reply.error is not None, call
            assert (
                reason_code(call.service, call.operation, reply.error.code, reply.error.message, reply.error.status)
                is ReasonCode.ACCESS_DENIED
            )


def test_a_wrong_secret_is_a_credentials_error(audited: str, aws_environment: pytest.MonkeyPatch) -> None:
    key, _ = user(administrator(audited), "forgetful", allow("cloudtrail:*"))
    with pytest.raises(CredentialsError, match="not valid"):
        connect_as(aws_environment, audited, key, "wrong-secret")


def test_a_key_that_nobody_issued_is_a_credentials_error(audited: str, aws_environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialsError, match="not valid"):
        connect_as(aws_environment, audited, "AKIANOBODYNOBODY0001")


def test_a_role_with_external_id_reads_another_account(audited: str, aws_environment: pytest.MonkeyPatch) -> None:
    """Assumed with the right external id, refused with the wrong one; the account read is the role's."""
    seed(administrator(audited, OTHER), "trail-d")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "x-1"}},
            }
        ],
    }
    iam = administrator(audited, OTHER)("iam", "us-east-1")
    iam.create_role(RoleName="audit", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(
        RoleName="audit", PolicyName="p", PolicyDocument=allow(*sorted({action for action in READS.values() if action}))
    )
    key, secret = user(administrator(audited), "traveller", allow("sts:AssumeRole"))
    aws_environment.setenv("AWS_ACCESS_KEY_ID", key)
    aws_environment.setenv("AWS_SECRET_ACCESS_KEY", secret)
    role = f"arn:aws:iam::{OTHER}:role/audit"
    connection = connect(endpoint_url=audited, role_arn=role, external_id="x-1", tuning=QUICK)
    assert connection.caller.account == OTHER
    check_account(connection, "trail-d")
    with pytest.raises(CredentialsError, match="can't be assumed"):
        connect(endpoint_url=audited, role_arn=role, external_id="x-2", tuning=QUICK)
    with pytest.raises(CredentialsError, match="can't be assumed"):
        connect(endpoint_url=audited, role_arn=role, tuning=QUICK)


def test_a_write_never_reaches_the_wire(audited: str, aws_environment: pytest.MonkeyPatch) -> None:
    """With root's credentials and the reader's own client: the trail is still logging afterwards."""
    connection = connect_as(aws_environment, audited, ACCOUNT)
    client = connection.clients.get("cloudtrail", "eu-west-1")
    assert not hasattr(client, "stop_logging")
    with pytest.raises(OperationNotFoundError):
        client._make_api_call("StopLogging", {"Name": "trail-c"})
    reply = LiveReader(connection).ask(Call.of(ACCOUNT, "eu-west-1", "cloudtrail", "GetTrailStatus", Name="trail-c"))
    assert (reply.body or {})["IsLogging"] is True
    with pytest.raises(WriteRefusedError):
        LiveReader(connection).ask(Call.of(ACCOUNT, "eu-west-1", "cloudtrail", "StopLogging", Name="trail-c"))
