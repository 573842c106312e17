"""Connecting: whose credentials, which region, and a clear word for everything that can be wrong with either."""

import configparser
import os
from pathlib import Path

import pytest
from tests.conftest import ACCESS_KEY, IDENTITY, SECRET_KEY, Answer, Seen, Wire, free_port

from trailwarden.aws.reader import LiveReader
from trailwarden.aws.roles import Role
from trailwarden.aws.session import Tuning, connect
from trailwarden.calls import Call
from trailwarden.errors import CredentialsError
from trailwarden.model import ReasonCode
from trailwarden.reasons import reason_code

QUICK = Tuning(max_attempts=1, connect_timeout=1, read_timeout=1)


def write_profiles(kind: str, **profiles: dict[str, str]) -> None:
    path = os.environ["AWS_CONFIG_FILE" if kind == "config" else "AWS_SHARED_CREDENTIALS_FILE"]
    parser = configparser.ConfigParser()
    for name, settings in profiles.items():
        parser[f"profile {name}" if kind == "config" else name] = settings
    with Path(path).open("w", encoding="utf-8") as file:
        parser.write(file)


def forget_keys(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AWS_ACCESS_KEY_ID")
    environment.delenv("AWS_SECRET_ACCESS_KEY")


def sts_error(code: str, status: int = 403, message: str = "no") -> Answer:
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    return status, {"content-type": "text/xml"}, body.encode()


def identity(arn: str) -> Answer:
    status, headers, body = IDENTITY
    return status, headers, body.replace(b"arn:aws:iam::111122223333:user/auditor", arn.encode())


def assumed(seen: Seen, *, seconds: int = 3600) -> Answer:
    from datetime import UTC, datetime, timedelta

    expiry = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLEROLEROLE0001</AccessKeyId>"
        f"<SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken><Expiration>{expiry}</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    return 200, {"content-type": "text/xml"}, body.encode()


@pytest.mark.usefixtures("aws_environment")
def test_the_caller_is_known_before_anything_else_is_asked(wire: Wire) -> None:
    connection = connect(endpoint_url=wire.url)
    assert (connection.caller.account, connection.caller.arn) == (
        "111122223333",
        "arn:aws:iam::111122223333:user/auditor",
    )
    assert (connection.partition, connection.region) == ("aws", "us-east-1")
    assert [seen.operation for seen in wire.seen] == ["GetCallerIdentity"]
    assert f"Credential={ACCESS_KEY}/" in wire.seen[0].headers["authorization"]


@pytest.mark.parametrize(
    ("arn", "partition", "region"),
    [
        ("arn:aws-us-gov:iam::111122223333:user/a", "aws-us-gov", "us-gov-west-1"),
        ("arn:aws-cn:iam::111122223333:user/a", "aws-cn", "cn-north-1"),
    ],
)
@pytest.mark.usefixtures("aws_environment")
def test_without_a_region_the_partitions_own_is_used(wire: Wire, arn: str, partition: str, region: str) -> None:
    wire.answer = lambda seen: identity(arn)
    connection = connect(endpoint_url=wire.url)
    assert (connection.partition, connection.region) == (partition, region)


def test_a_region_is_taken_from_option_then_configuration(wire: Wire, aws_environment: pytest.MonkeyPatch) -> None:
    aws_environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert connect(endpoint_url=wire.url).region == "eu-west-1"
    assert connect(endpoint_url=wire.url, region="eu-central-1").region == "eu-central-1"


def test_a_profile_beats_the_environment(wire: Wire, aws_environment: pytest.MonkeyPatch) -> None:
    write_profiles("credentials", audit={"aws_access_key_id": "AKIAPROFILEPROFILE01", "aws_secret_access_key": "s"})
    write_profiles("config", audit={"region": "eu-north-1"})
    connection = connect(endpoint_url=wire.url, profile="audit")
    assert connection.region == "eu-north-1"
    assert "Credential=AKIAPROFILEPROFILE01/" in wire.seen[0].headers["authorization"]


def test_an_endpoint_of_the_environment_is_used(wire: Wire, aws_environment: pytest.MonkeyPatch) -> None:
    aws_environment.setenv("AWS_ENDPOINT_URL", wire.url)
    assert connect().caller.account == "111122223333"


@pytest.mark.usefixtures("aws_environment")
def test_a_role_is_assumed_with_what_it_asks_for(wire: Wire) -> None:
    """External id and session name are sent; the caller's identity is then the role's."""
    wire.answer = lambda seen: assumed(seen) if seen.operation == "AssumeRole" else None
    connect(
        endpoint_url=wire.url,
        role_arn="arn:aws:iam::111122223333:role/audit",
        external_id="x-1",
        session_name="nightly",
    )
    (request,) = wire.sent("AssumeRole")
    assert b"ExternalId=x-1" in request.body
    assert b"RoleSessionName=nightly" in request.body
    (who,) = wire.sent("GetCallerIdentity")
    assert "Credential=ASIAROLEROLEROLE0001/" in who.headers["authorization"]
    assert who.headers["x-amz-security-token"] == "role-token"


@pytest.mark.usefixtures("aws_environment")
def test_each_account_is_read_with_its_own_role(wire: Wire) -> None:
    """One client serves all accounts; whose credentials sign is decided per call."""
    empty = 200, {"content-type": "application/x-amz-json-1.1"}, b'{"trailList": []}'
    wire.answer = lambda seen: {"AssumeRole": assumed(seen), "DescribeTrails": empty}.get(seen.operation)
    connection = connect(endpoint_url=wire.url)
    connection.add_role("444455556666", Role("arn:aws:iam::444455556666:role/audit", policy='{"Statement": []}'))
    assert wire.sent("AssumeRole") == []
    accounts = ["111122223333", "444455556666", "111122223333"]
    calls = [Call.of(account, "eu-west-1", "cloudtrail", "DescribeTrails") for account in accounts]
    reader = LiveReader(connection, jobs=1)
    assert all(reply.error is None for reply in reader.ask_all(calls))
    signers = [
        seen.headers["authorization"].split("Credential=")[1].split("/")[0] for seen in wire.sent("DescribeTrails")
    ]
    assert signers == [ACCESS_KEY, "ASIAROLEROLEROLE0001", ACCESS_KEY]
    (request,) = wire.sent("AssumeRole")
    assert b"Policy=" in request.body


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize(("refusals", "sent"), [(1, 2), (2, 2)])
def test_a_role_is_assumed_again_when_head_is_refused_without_a_word(wire: Wire, refusals: int, sent: int) -> None:
    """S3 answers HEAD with a bare 400 where the token has expired. Another cause stays an error, asked about twice at most."""
    refused: Answer = (400, {}, b"")
    left = iter([refused] * refusals)
    found: Answer = 200, {"x-amz-bucket-region": "us-east-1"}, b""

    def answer(seen: Seen) -> Answer | None:
        if seen.operation == "AssumeRole":
            return assumed(seen, seconds=3600)
        return next(left, found) if seen.method == "HEAD" else None

    wire.answer = answer
    connection = connect(endpoint_url=wire.url)
    connection.add_role("444455556666", Role("arn:aws:iam::444455556666:role/audit"))
    reply = LiveReader(connection, jobs=1).ask(Call.of("444455556666", "us-east-1", "s3", "HeadBucket", Bucket="logs"))
    assert (reply.error is None) == (refusals == 1)
    assert len([seen for seen in wire.seen if seen.method == "HEAD"]) == sent
    assert len(wire.sent("AssumeRole")) == 2


@pytest.mark.usefixtures("aws_environment")
def test_a_role_is_assumed_again_before_it_expires(wire: Wire) -> None:
    """A session in its last moments is renewed; one with an hour to go is not."""
    lifetimes = iter([0, 3600])
    empty = 200, {"content-type": "application/x-amz-json-1.1"}, b'{"trailList": []}'

    def answer(seen: Seen) -> Answer | None:
        return (
            assumed(seen, seconds=next(lifetimes))
            if seen.operation == "AssumeRole"
            else empty
            if "target" in str(seen.headers)
            else None
        )

    wire.answer = answer
    connection = connect(endpoint_url=wire.url)
    connection.add_role("444455556666", Role("arn:aws:iam::444455556666:role/audit"))
    reader = LiveReader(connection, jobs=1)
    for region in ("us-east-1", "us-west-2", "eu-west-1"):
        assert reader.ask(Call.of("444455556666", region, "cloudtrail", "DescribeTrails")).error is None
    assert len(wire.sent("AssumeRole")) == 2


@pytest.mark.usefixtures("aws_environment")
def test_an_account_whose_role_is_refused_is_out_of_reach_and_asked_once(wire: Wire) -> None:
    """The refusal is STS's; taken for the asked operation's it would name the wrong missing permission. Other accounts are read on."""
    empty = 200, {"content-type": "application/x-amz-json-1.1"}, b'{"trailList": []}'
    wire.answer = lambda seen: {"AssumeRole": sts_error("AccessDenied"), "DescribeTrails": empty}.get(seen.operation)
    connection = connect(endpoint_url=wire.url)
    connection.add_role("444455556666", Role("arn:aws:iam::444455556666:role/audit"))
    accounts = ["444455556666", "444455556666", "111122223333"]
    calls = [Call.of(account, "eu-west-1", "cloudtrail", "DescribeTrails") for account in accounts]
    first, second, own = LiveReader(connection, jobs=1).ask_all(calls)
    assert first == second
    assert first.error is not None
    assert reason_code("cloudtrail", "DescribeTrails", first.error.code) is ReasonCode.CROSS_ACCOUNT
    assert "arn:aws:iam::444455556666:role/audit" in first.error.message
    assert own.error is None
    assert len(wire.sent("AssumeRole")) == 1


@pytest.mark.usefixtures("aws_environment")
def test_a_caller_that_expires_while_a_role_is_assumed_ends_the_run(wire: Wire) -> None:
    wire.answer = lambda seen: sts_error("ExpiredToken") if seen.operation == "AssumeRole" else None
    connection = connect(endpoint_url=wire.url)
    connection.add_role("444455556666", Role("arn:aws:iam::444455556666:role/audit"))
    with pytest.raises(CredentialsError, match="expired"):
        LiveReader(connection).ask(Call.of("444455556666", "eu-west-1", "cloudtrail", "DescribeTrails"))
    assert wire.sent("DescribeTrails") == []


# --- bad input ------------------------------------------------------------------------------------------------------


def test_no_credentials(aws_environment: pytest.MonkeyPatch) -> None:
    forget_keys(aws_environment)
    with pytest.raises(CredentialsError, match="no AWS credentials were found"):
        connect()


def test_half_a_pair_of_keys(aws_environment: pytest.MonkeyPatch) -> None:
    aws_environment.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CredentialsError, match="incomplete"):
        connect()


@pytest.mark.usefixtures("aws_environment")
def test_an_unknown_profile() -> None:
    with pytest.raises(CredentialsError, match="nobody"):
        connect(profile="nobody")


@pytest.mark.usefixtures("aws_environment")
def test_a_mistyped_region_is_guessed() -> None:
    with pytest.raises(CredentialsError, match="eu-wets-1") as caught:
        connect(region="eu-wets-1")
    assert "did you mean eu-west-1?" in str(caught.value)


@pytest.mark.parametrize("region", ["Europe", "eu west 1", "http://eu-west-1"])
@pytest.mark.usefixtures("aws_environment")
def test_what_is_no_region_at_all(wire: Wire, region: str) -> None:
    with pytest.raises(CredentialsError):
        connect(region=region)


def test_a_configuration_file_that_is_none(aws_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("not a [configuration", encoding="utf-8")
    with pytest.raises(CredentialsError, match="can't be used"):
        connect()


def test_an_sso_login_that_has_run_out(aws_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_keys(aws_environment)
    aws_environment.setenv("HOME", str(tmp_path))
    settings = {
        "sso_start_url": "https://example.awsapps.com/start",
        "sso_region": "eu-west-1",
        "sso_account_id": "111122223333",
        "sso_role_name": "audit",
    }
    write_profiles("config", sso=settings)
    with pytest.raises(CredentialsError, match="expired") as caught:
        connect(profile="sso", region="eu-west-1")
    assert "aws sso login" in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (sts_error("ExpiredToken", message="The security token included in the request is expired"), "have expired"),
        (sts_error("InvalidClientTokenId"), "are not valid"),
        (sts_error("SignatureDoesNotMatch"), "are not valid"),
        ((200, {"content-type": "text/html"}, b"<html><body>Welcome"), "is not AWS"),
        ((200, {"content-type": "application/json"}, b"{}"), "is not AWS"),
        ((404, {"content-type": "text/html"}, b"<html>nothing here</html>"), "is not AWS"),
        (identity("who knows"), "is not AWS"),
        ((200, {"content-type": "text/xml"}, b"<GetCallerIdentityResponse/>"), "is not AWS"),
    ],
)
@pytest.mark.usefixtures("aws_environment")
def test_what_sts_answers_is_explained(wire: Wire, answer: Answer, words: str) -> None:
    wire.answer = lambda seen: answer
    with pytest.raises(CredentialsError, match=words) as caught:
        connect(endpoint_url=wire.url, tuning=QUICK)
    assert SECRET_KEY not in str(caught.value)
    assert caught.value.hint


@pytest.mark.usefixtures("aws_environment")
def test_a_refused_role_names_the_trust_policy(wire: Wire) -> None:
    wire.answer = lambda seen: sts_error("AccessDenied", message="not authorized to perform: sts:AssumeRole")
    with pytest.raises(CredentialsError, match="can't be assumed") as caught:
        connect(endpoint_url=wire.url, role_arn="arn:aws:iam::444455556666:role/audit")
    assert "trust policy" in str(caught.value)
    assert "arn:aws:iam::444455556666:role/audit" in str(caught.value)


@pytest.mark.parametrize("endpoint", ["nonsense", "http://", "ftp//x", "http://127.0.0.1:99999"])
@pytest.mark.usefixtures("aws_environment")
def test_an_endpoint_that_is_no_url(endpoint: str) -> None:
    with pytest.raises(CredentialsError, match=r"endpoint|reached"):
        connect(endpoint_url=endpoint, tuning=QUICK)


@pytest.mark.usefixtures("aws_environment")
def test_an_endpoint_where_nobody_listens() -> None:
    with pytest.raises(CredentialsError, match="can't be reached") as caught:
        connect(endpoint_url=f"http://user:password@127.0.0.1:{free_port()}", tuning=QUICK)
    assert "password" not in str(caught.value)


def test_a_credential_process_that_fails(aws_environment: pytest.MonkeyPatch) -> None:
    forget_keys(aws_environment)
    write_profiles("config", vault={"credential_process": "false"})
    with pytest.raises(CredentialsError) as caught:
        connect(profile="vault")
    assert caught.value.hint
