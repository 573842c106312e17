"""AWS for tests: emulators and a hand-made endpoint, each on a free port of the loopback interface."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.judged import Watch

# How long an example takes says something of the machine, not of the code. CI tries the same examples every time, so that a change
# is judged by what it changes; at a desk new ones are tried in each run.
settings.register_profile(
    "trailwarden",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI", "") not in {"", "false"},
)
settings.load_profile("trailwarden")

# What is started in the background inherits an ignored Ctrl-C, and would hand it on to every command under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--record-judged``, for ``make record``."""
    parser.addoption("--record-judged", action="store_true", help="write tests/data/judged.txt instead of comparing it")


def pytest_configure(config: pytest.Config) -> None:
    """Watch which checks are judged: see ``judged.py``."""
    config.pluginmanager.register(Watch(config))


NO_SKIPS = os.environ.get("TRAILWARDEN_NO_SKIPS", "") not in {"", "0"}
"""CI installs everything that a test may want; there, a test that is skipped is one that nobody runs."""
FORBIDDEN = "skipped, where $TRAILWARDEN_NO_SKIPS forbids it"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn skips into failures where nothing may be skipped."""
    report = yield
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{FORBIDDEN}: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself as a whole."""
    report = yield
    if NO_SKIPS and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{FORBIDDEN}: {report.longrepr}"
    return report


ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment with one pair of keys and nothing of the machine's own AWS configuration."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    return monkeypatch


@dataclass
class Seen:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """The operation of a JSON or query request, else the method and path."""
        target = self.headers.get("x-amz-target", "").rpartition(".")[2]
        if target:
            return target
        for pair in self.body.decode("latin-1").split("&"):
            if pair.startswith("Action="):
                return pair.removeprefix("Action=")
        return f"{self.method} {self.path}"

    @property
    def region(self) -> str:
        """The region of the signature's scope."""
        return self.headers["authorization"].split("Credential=")[1].split("/")[2]


Answer = tuple[int, dict[str, str], bytes]

IDENTITY: Answer = (
    200,
    {"content-type": "text/xml"},
    (
        b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/auditor</Arn>"
        b"<UserId>AIDA</UserId><Account>111122223333</Account></GetCallerIdentityResult>"
        b"<ResponseMetadata><RequestId>r-0</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    ),
)


@dataclass
class Wire:
    """An endpoint whose answers a test writes itself. STS says who is calling unless ``answer`` is told otherwise."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answer: Callable[[Seen], Answer | None] = lambda seen: None

    def sent(self, operation: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.operation == operation]


@pytest.fixture
def wire(wire_server: Wire) -> Wire:
    """A local HTTP server that answers what the test says; None hangs up without an answer."""
    wire_server.seen.clear()
    wire_server.answer = lambda seen: None
    return wire_server


@pytest.fixture(scope="session")
def wire_server() -> Iterator[Wire]:
    """The server behind ``wire``: always the same address, so that tests may share connections."""
    it = Wire()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            seen = Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            with lock:
                it.seen.append(seen)
            answer = it.answer(seen)
            if answer is None and seen.operation == "GetCallerIdentity":
                answer = IDENTITY
            if answer is None:
                self.close_connection = True
                return
            status, headers, payload = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(payload)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_HEAD = respond  # noqa: N815 - the base class looks for these names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        it.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield it
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Moto over HTTP. Accounts are apart by assumed role only: a test that writes resets it first (POST /moto-api/reset)."""
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
        pytest.skip("moto with its server is not installed")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def ministack_url() -> Iterator[str]:
    """Ministack over HTTP with AUTH=true. Any twelve digits as access key are that account's root."""
    if importlib.util.find_spec("ministack") is None:
        pytest.skip("ministack is not installed")
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AUTH": "true"}
    process = subprocess.Popen(
        [Path(sys.executable).with_name("ministack")],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/_ministack/health", process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"no answer from {url}")
