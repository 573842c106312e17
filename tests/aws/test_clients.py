"""One client per service stands in for a client per region: the requests are the same, and no write leaves it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.session import Session

from trailwarden.aws.aim import Aim, aiming
from trailwarden.aws.clients import Clients
from trailwarden.aws.models import ReadsLoader
from trailwarden.aws.session import Tuning, config_for, new_session
from trailwarden.calls import Call
from trailwarden.errors import WriteRefusedError
from trailwarden.facts.operations import READS

VALUES = {"Bucket": "trail-logs", "AccountId": "111122223333", "TopicArn": "arn:aws:sns:us-east-1:111122223333:alerts"}
BOTOCORE = Loader()


def one_of_each_service() -> list[str]:
    """An operation of every service that is read; of S3 one on a bucket and one on none."""
    first: dict[str, str] = {}
    for name in sorted(READS):
        first.setdefault(name.partition(".")[0], name)
    return [*first.values(), "s3.ListBuckets"]


def parameters_of(operation: str) -> dict[str, Any]:
    """What an operation can't do without."""
    service, _, name = operation.partition(".")
    shape = ServiceModel(BOTOCORE.load_service_model(service, "service-2"), service).operation_model(name).input_shape
    return {member: VALUES.get(member, "something") for member in (shape.required_members if shape else ())}


OPERATIONS = {name: (xform_name(name.partition(".")[2]), parameters_of(name)) for name in one_of_each_service()}
CHANGING = ("x-amz-date", "amz-sdk-invocation-id", "authorization")
CONFIG = config_for(Tuning())
ASKED = dict.fromkeys(OPERATIONS, "")


def empty_answer(request: Any) -> bytes:
    """What a service says that has nothing to say."""
    if "json" in as_text(request.headers.get("content-type", "")):
        return b"{}"
    action = re.search(r"Action=(\w+)", as_text(request.body or ""))
    return f"<Response><{action[1]}Result/></Response>".encode() if action else b"<Response/>"


class Envelope:
    """Catches the request that would be sent, and answers with an empty 200."""

    def __init__(self, session: Session) -> None:
        self.caught: list[Any] = []
        session.get_component("event_emitter").register("before-send", self.catch)

    def catch(self, request: Any, **_: Any) -> Any:
        self.caught.append(request)

        class Raw:
            @staticmethod
            def stream(**_: Any) -> list[bytes]:
                return [empty_answer(request)]

        return AWSResponse(request.url, 200, HTTPHeaders(), Raw())

    def take(self) -> dict[str, Any]:
        """What of a request must not depend on how its client was made: everything but time and signature."""
        request = self.caught.pop()
        assert self.caught == []
        headers = {name.lower(): as_text(value) for name, value in request.headers.items()}
        scheme, credential, signed, _signature = headers["authorization"].split(" ")
        scope = credential.rstrip(",").split("/")[2:]
        # botocore's list of the features used so far; the rest of the user agent is compared.
        headers["user-agent"] = re.sub(r" m/\S+", "", headers["user-agent"])
        stable = {name: value for name, value in headers.items() if name not in CHANGING}
        return {
            "method": request.method,
            "url": request.url,
            "body": request.body,
            "headers": stable,
            "signature": (scheme, scope, signed),
        }


def as_text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def plain_session() -> Session:
    """Botocore as it comes, with all its descriptions, but for the regional STS endpoint."""
    session = Session()
    session.set_config_variable("sts_regional_endpoints", "regional")
    return session


@dataclass
class Pair:
    """Our clients, and botocore's own beside them."""

    ours: Session = field(default_factory=new_session)
    plain: Session = field(default_factory=plain_session)

    def __post_init__(self) -> None:
        self.clients = Clients(self.ours, config=CONFIG, reads=ASKED)
        self.our_envelope, self.plain_envelope = Envelope(self.ours), Envelope(self.plain)

    def aimed(self, operation: str, region: str) -> dict[str, Any]:
        """The request of the shared client."""
        service, _, name = operation.partition(".")
        method, parameters = OPERATIONS[operation]
        with aiming(Aim(Call.of("111122223333", region, service, name, **parameters), self.ours.get_credentials())):
            getattr(self.clients.get(service, region), method)(**parameters)
        return self.our_envelope.take()

    def made_for_region(self, operation: str, region: str) -> dict[str, Any]:
        """The request of a client that botocore makes for the region."""
        method, parameters = OPERATIONS[operation]
        client: Any = self.plain.create_client(operation.partition(".")[0], region_name=region, config=CONFIG)
        getattr(client, method)(**parameters)
        return self.plain_envelope.take()


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_aimed_request_equals_that_of_a_client_made_for_the_region(operation: str) -> None:
    """In regions of all three partitions, old and opt-in: same URL, same headers, same scope of the signature."""
    pair = Pair()
    regions = [
        "us-east-1",
        "us-west-2",
        "eu-west-1",
        "af-south-1",
        "il-central-1",
    ]  # aws: with us-east-1's exceptions, and opt-in
    regions += [
        name for partition in ("aws-us-gov", "aws-cn") for name in pair.plain.get_available_regions("ec2", partition)
    ]
    assert len(regions) == 9
    for region in regions:
        assert pair.aimed(operation, region) == pair.made_for_region(operation, region)


def fips(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_USE_FIPS_ENDPOINT", "true")


def dualstack(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")


def endpoint_url(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_ENDPOINT_URL", "https://aws.example.test:8443/base")


def service_endpoint_url(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_ENDPOINT_URL_S3", "https://s3.example.test")
    environment.setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", "https://vpce.example.test")


def session_token(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_SESSION_TOKEN", "a-session-token")


@pytest.mark.parametrize("setting", [fips, dualstack, endpoint_url, service_endpoint_url, session_token])
def test_settings_of_the_environment_are_honoured(
    aws_environment: pytest.MonkeyPatch, setting: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """FIPS, dual stack, endpoints for all or for one service, session tokens: as with a client made for the region."""
    setting(aws_environment)
    pair = Pair()
    for operation in OPERATIONS:
        for region in ("us-west-2", "us-east-1"):
            assert pair.aimed(operation, region) == pair.made_for_region(operation, region)


@pytest.mark.usefixtures("aws_environment")
def test_one_client_serves_all_regions() -> None:
    clients = Clients(new_session(), config=CONFIG, reads=READS)
    assert clients.get("cloudtrail", "eu-west-1") is clients.get("cloudtrail", "ap-south-1")


def test_behind_a_proxy_each_region_has_its_own_client(aws_environment: pytest.MonkeyPatch) -> None:
    """Whether a proxy is used is decided per host, when a client is made."""
    aws_environment.setenv("HTTPS_PROXY", "http://proxy.example.test:3128")
    pair = Pair()
    clients = pair.clients
    assert clients.get("cloudtrail", "eu-west-1") is not clients.get("cloudtrail", "ap-south-1")
    assert clients.get("cloudtrail", "eu-west-1") is clients.get("cloudtrail", "eu-west-1")
    assert pair.aimed("cloudtrail.DescribeTrails", "eu-west-1") == pair.made_for_region(
        "cloudtrail.DescribeTrails", "eu-west-1"
    )


def test_a_list_of_exceptions_alone_is_no_proxy(aws_environment: pytest.MonkeyPatch) -> None:
    aws_environment.setenv("NO_PROXY", "localhost,.internal")
    clients = Pair().clients
    assert clients.get("cloudtrail", "eu-west-1") is clients.get("cloudtrail", "ap-south-1")


class WithoutEndpointRules(ReadsLoader):
    """CloudTrail as a botocore has it that resolves endpoints once per client."""

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        if (service_name, type_name) == ("cloudtrail", "endpoint-rule-set-1"):
            raise UnknownServiceError(service_name=service_name, known_service_names="")
        return super().load_service_model(service_name, type_name, api_version)


@pytest.mark.usefixtures("aws_environment")
def test_without_endpoint_rules_each_region_has_its_own_client() -> None:
    """The plain way stays: a botocore that works otherwise costs time, not truth."""
    pair = Pair()
    pair.ours.register_component("data_loader", WithoutEndpointRules(READS))
    for region in ("eu-west-1", "ap-south-1"):
        aimed = pair.aimed("cloudtrail.DescribeTrails", region)
        assert aimed["url"] == f"https://cloudtrail.{region}.amazonaws.com/"
        assert aimed["signature"][1] == [region, "cloudtrail", "aws4_request"]


@pytest.mark.usefixtures("aws_environment")
def test_a_request_whose_region_was_ignored_is_not_sent() -> None:
    """Should the endpoint not follow the aim, an answer of the wrong region would be taken for the right one's."""
    pair = Pair()
    pair.clients.get("cloudtrail", "us-east-1")._ruleset_resolver = None
    with pytest.raises(NotImplementedError, match="ignored the region"):
        pair.aimed("cloudtrail.DescribeTrails", "eu-west-1")
    assert pair.our_envelope.caught == []


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize(
    ("service", "method", "parameters"),
    [
        ("cloudtrail", "stop_logging", {"Name": "trail"}),
        ("cloudtrail", "delete_trail", {"Name": "trail"}),
        ("s3", "put_bucket_policy", {"Bucket": "trail-logs", "Policy": "{}"}),
        ("s3", "delete_bucket", {"Bucket": "trail-logs"}),
        ("kms", "disable_key", {"KeyId": "k"}),
        ("cloudtrail", "start_query", {"QueryStatement": "SELECT 1", "DeliveryS3Uri": "s3://trail-logs"}),
    ],
)
def test_what_is_not_a_declared_read_is_never_sent(service: str, method: str, parameters: dict[str, Any]) -> None:
    """The guard sits in the client, below everything that could forget to ask it; here with clients that know all operations."""
    session = plain_session()
    envelope = Envelope(session)
    client = Clients(session, config=CONFIG, reads=READS).get(service, "us-east-1")
    with pytest.raises(WriteRefusedError, match=service):
        getattr(client, method)(**parameters)
    assert envelope.caught == []


@pytest.mark.usefixtures("aws_environment")
def test_a_presigned_write_is_refused_too() -> None:
    client = Clients(plain_session(), config=CONFIG, reads=READS).get("s3", "us-east-1")
    with pytest.raises(WriteRefusedError):
        client.generate_presigned_url("delete_object", Params={"Bucket": "trail-logs", "Key": "k"})


@pytest.mark.usefixtures("aws_environment")
def test_connections_are_shared_by_all_clients_and_kept_for_every_region() -> None:
    clients = Clients(new_session(), config=CONFIG, reads=READS)
    first, second = clients.get("cloudtrail", "us-east-1"), clients.get("kms", "us-east-1")
    pools = first._endpoint.http_session
    assert second._endpoint.http_session is pools
    hosts = [f"https://cloudtrail.region-{number}.amazonaws.com" for number in range(40)]
    kept = [pools._manager.connection_from_url(host) for host in hosts]
    assert [pools._manager.connection_from_url(host) for host in hosts] == kept
