"""A proxy in front of moto refuses or throttles DescribeTrails: nothing passes silently, whatever is still proven stays proven."""

import json
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from tests.acceptance.accounts import judged, seed, session, trailwarden

KEY = SECRET = "testing"
REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")
POLICIES = """
- {id: exists, check: trail-exists-and-logging, severity: high}
- {id: validation, check: trail-log-file-validation, severity: high}
- {id: lock, check: bucket-object-lock, severity: high}
"""


class Proxy:
    """Forwards to moto, except what ``fault`` answers by itself."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.fault = lambda operation, region: None
        self.seen: list[tuple[str, str]] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                operation = self.headers.get("x-amz-target", "").rpartition(".")[2]
                region = self.headers.get("authorization", "////").split("/")[2]
                proxy.seen.append((operation, region))
                fault = proxy.fault(operation, region)
                if fault is not None:
                    return self.reply(400, {"content-type": "application/x-amz-json-1.1"}, json.dumps(fault).encode())
                headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
                request = urllib.request.Request(f"{target}{self.path}", body or None, headers, method=self.command)
                try:
                    with urllib.request.urlopen(request, timeout=30) as answer:
                        self.reply(answer.status, dict(answer.headers), answer.read())
                except urllib.error.HTTPError as answer:
                    self.reply(answer.code, dict(answer.headers), answer.read())
                    answer.close()

            def reply(self, status, headers, body) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in {"content-length", "connection", "transfer-encoding", "server", "date"}:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_HEAD = forward  # noqa: N815 - the base class looks for these names

            def log_message(self, format, *args) -> None:  # noqa: A002 - the base class's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def proxy(moto_url):
    urllib.request.urlopen(urllib.request.Request(f"{moto_url}/moto-api/reset", method="POST"), timeout=20).close()
    it = Proxy(moto_url)
    thread = Thread(target=it.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield it
    it.server.shutdown()
    thread.join()
    it.server.server_close()


def judge(proxy, tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(POLICIES)
    regions = [word for region in REGIONS for word in ("--region", region)]
    return trailwarden(
        proxy.url, KEY, SECRET, "check", "--policy", str(path), *regions, "-o", "json", env={"AWS_MAX_ATTEMPTS": "2"}
    )


def refused(code):
    return {"__type": code, "message": "injected"}


@pytest.mark.parametrize(
    ("code", "reason"), [("AccessDeniedException", "ACCESS_DENIED"), ("ThrottlingException", "THROTTLED")]
)
def test_describe_trails_failing_everywhere_leaves_nothing_decided(proxy, tmp_path, code, reason):
    seed(session(proxy.target, KEY, SECRET), "123456789012", good=True)
    proxy.fault = lambda operation, region: refused(code) if operation == "DescribeTrails" else None
    run = judge(proxy, tmp_path)
    assert judged(run) == dict.fromkeys(("exists", "validation", "lock"), "ERROR")
    assert {row["reason"]["code"] for row in json.loads(run.stdout)["results"]} == {reason}
    assert run.returncode == 3


def test_describe_trails_failing_in_one_region_keeps_what_is_proven(proxy, tmp_path):
    seed(session(proxy.target, KEY, SECRET), "123456789012", good=True)
    proxy.fault = lambda operation, region: (
        refused("AccessDeniedException") if (operation, region) == ("DescribeTrails", "eu-west-1") else None
    )
    run = judge(proxy, tmp_path)
    assert judged(run) == {"exists": "PASS", "validation": "ERROR", "lock": "ERROR"}
    rows = json.loads(run.stdout)["results"]
    assert {(row["policy"], row["status"]) for row in rows if row["policy"] != "exists"} == {
        ("validation", "PASS"),
        ("validation", "ERROR"),
        ("lock", "PASS"),
        ("lock", "ERROR"),
    }
    assert {row["reason"]["region"] for row in rows if row["status"] == "ERROR"} == {"eu-west-1"}
    assert run.returncode == 3


def test_a_proven_failure_beats_what_could_not_be_read(proxy, tmp_path):
    seed(session(proxy.target, KEY, SECRET), "123456789012", good=False)
    proxy.fault = lambda operation, region: (
        refused("AccessDeniedException") if (operation, region) == ("DescribeTrails", "eu-west-1") else None
    )
    run = judge(proxy, tmp_path)
    assert judged(run) == {"exists": "ERROR", "validation": "FAIL", "lock": "FAIL"}
    assert run.returncode == 1


def test_one_status_of_three_denied(proxy, tmp_path):
    client = session(proxy.target, KEY, SECRET)
    seed(client, "123456789012", good=True)
    for name in ("second", "third"):
        client("cloudtrail").create_trail(Name=name, S3BucketName="audit-log-bucket")
    denied = iter([refused("AccessDeniedException")])
    proxy.fault = lambda operation, region: next(denied, None) if operation == "GetTrailStatus" else None
    run = judge(proxy, tmp_path)
    # Either the denied trail is the one that logs, and nobody can say; or another one is seen to log, and that decides.
    assert judged(run)["exists"] in {"PASS", "ERROR"}
    row = next(row for row in json.loads(run.stdout)["results"] if row["policy"] == "exists")
    assert row["status"] != "FAIL"
    assert run.returncode == 1  # two trails do not validate their log files


def test_throttling_that_passes_is_not_seen_in_the_verdict(proxy, tmp_path):
    seed(session(proxy.target, KEY, SECRET), "123456789012", good=True)
    once = iter([refused("ThrottlingException")])
    proxy.fault = lambda operation, region: next(once, None) if operation == "DescribeTrails" else None
    run = judge(proxy, tmp_path)
    assert set(judged(run).values()) == {"PASS"}
    assert run.returncode == 0
    calls = [seen for seen in proxy.seen if seen[0] == "DescribeTrails"]
    assert len(calls) == len(REGIONS) + 1
