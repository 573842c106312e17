"""Over TLS: certificates are checked, and their roots read once."""

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.conftest import IDENTITY

from trailwarden.aws.reader import LiveReader
from trailwarden.aws.session import Tuning, connect
from trailwarden.calls import Call
from trailwarden.errors import CredentialsError

QUICK = Tuning(max_attempts=1, connect_timeout=2, read_timeout=5)


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for the loopback address, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


class Identity(BaseHTTPRequestHandler):
    """Answers GetCallerIdentity, and closes the connection."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        status, headers, body = IDENTITY
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A handshake that the client breaks off is what a test wants."""


@pytest.fixture
def tls_endpoint(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    pem = certificate(tmp_path, "ours")
    with Quiet(("127.0.0.1", 0), Identity) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}", pem
        server.shutdown()
        thread.join()


def test_a_trusted_certificate_is_read_once_for_many_connections(
    tls_endpoint: tuple[str, Path], aws_environment: pytest.MonkeyPatch
) -> None:
    url, pem = tls_endpoint
    aws_environment.setenv("AWS_CA_BUNDLE", str(pem))
    connection = connect(endpoint_url=url, tuning=QUICK)
    assert connection.caller.account == "111122223333"
    reader = LiveReader(connection, jobs=1)
    regions = ("eu-west-1", "us-east-1", "us-west-2")
    replies = reader.ask_all([Call.of("111122223333", region, "cloudtrail", "DescribeTrails") for region in regions])
    assert {reply.error.code for reply in replies if reply.error} <= {
        "ResponseParserError"
    }  # it speaks XML, but it speaks
    pools = connection.clients.get("cloudtrail", "eu-west-1")._endpoint.http_session._manager
    reads = pools.connection_pool_kw["ssl_context"].load_verify_locations.cache_info()
    assert (reads.misses, reads.hits) == (1, 2)


def test_a_stranger_is_not_believed(
    tls_endpoint: tuple[str, Path], aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another root than the server's: no connection, and so no credentials sent."""
    url, _ = tls_endpoint
    aws_environment.setenv("AWS_CA_BUNDLE", str(certificate(tmp_path, "theirs")))
    with pytest.raises(CredentialsError, match="can't be reached") as caught:
        connect(endpoint_url=url, tuning=QUICK)
    assert "certificate" in str(caught.value).lower()


@pytest.mark.usefixtures("aws_environment")
def test_without_a_root_for_it_nobody_is_believed(tls_endpoint: tuple[str, Path]) -> None:
    with pytest.raises(CredentialsError, match="can't be reached"):
        connect(endpoint_url=tls_endpoint[0], tuning=QUICK)
