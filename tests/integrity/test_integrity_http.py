"""Over HTTP: the thin client, its way out through boto3, faults that must not look like tampering, and the executors."""

import dataclasses
import datetime as dt
import ipaddress
import json
import logging
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from benchmarks.integrity.endpoint import World, running
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from distributed import LocalCluster
from tests.integrity.integrity_kit import (
    NOW,
    SINCE,
    UNTIL,
    Case,
    MemoryOrigin,
    MemoryStore,
    audit,
    base,
    make,
    outcome,
)
from tests.integrity.tamperings import TAMPERINGS, log

from trailwarden.integrity import api, aws, wire
from trailwarden.integrity.cloudtrail import history, public_keys
from trailwarden.integrity.names import Scope
from trailwarden.integrity.places import Places
from trailwarden.integrity.s3 import S3Store
from trailwarden.integrity.store import AbsentError, UnavailableError
from trailwarden.integrity.task import FileRecord, Task, Unit
from trailwarden.integrity.verdicts import Verdict
from trailwarden.integrity.workers import release, run_bundle


def world(case: Case, **more: Any) -> World:
    entries = [period.entry() for period in case.periods]
    return World({case.bucket.name: case.objects}, {"eu-west-1": entries}, **more)


def options(url: str, **more: Any) -> api.Options:
    settings: dict[str, Any] = {"executor": "threads", "corroborate": False, "connections": 8, **more}
    return api.Options(
        ("audit-logs",), access=aws.Access(endpoint_url=url), since=SINCE, until=UNTIL, now=NOW, **settings
    )


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between repeated requests, here and in botocore."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


def test_chain_over_http_and_json_form() -> None:
    case = base()
    with running(world(case)) as url:
        report = api.verify(options(url))
    assert (outcome(report), report.exit_code) == ([], 0)
    data = json.loads(json.dumps(report.to_json()))
    assert data["summary"]["verdicts"] == {"verified": 100}
    assert data["options"]["endpoint_url"] == url
    assert [key["Fingerprint"] for key in data["public_keys"]] == [case.periods[0].key.fingerprint]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("denied", ("unreadable", "access-denied")),
        ("archived", ("unreadable", "archived")),
        ("kms", ("unreadable", "kms")),
        ("slow-down", ("inconclusive", "throttled")),
        ("broken", ("inconclusive", "server-error")),
        ("cut", ("inconclusive", "network")),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_fault_is_never_tampering_and_never_ends_the_run(fault: str, expected: tuple[str, str]) -> None:
    case = base()
    served = world(case, faults={log(case, 7): fault, case.links[15].key: fault})
    with running(served) as url:
        report = api.verify(options(url))
    assert outcome(report) == [expected, expected]
    assert report.exit_code == 3
    assert report.totals[Verdict.VERIFIED] == 24 + 71


@pytest.mark.usefixtures("impatient")
def test_fault_that_passes_leaves_no_trace() -> None:
    case = base()
    faults = {
        log(case, 3): "slow-down*2",
        log(case, 4): "broken*1",
        log(case, 5): "cut*2",
        case.links[9].key: "slow-down*3",
    }
    with running(world(case, faults=faults)) as url:
        assert outcome(api.verify(options(url))) == []


@pytest.mark.usefixtures("impatient")
def test_keys_refused_is_undecided() -> None:
    case = base()
    with running(world(case, faults={"listpublickeys": "denied"})) as url:
        report = api.verify(options(url))
    assert ("unreadable", "keys-access-denied") in outcome(report)
    assert {verdict for verdict, _ in outcome(report)} == {"unreadable", "key-unknown"}
    assert report.exit_code == 3


def test_bucket_that_does_not_exist_is_no_pass() -> None:
    case = base()
    with running(world(case)) as url:
        report = api.verify(
            api.Options(
                ("nothing",), access=aws.Access(endpoint_url=url), since=SINCE, until=UNTIL, now=NOW, executor="threads"
            )
        )
    assert outcome(report) == [("unreadable", "list-no-such-bucket")]
    assert report.exit_code == 3


def test_bucket_in_another_region_is_found_there() -> None:
    """S3 answers with a redirect; after that the thin client signs for the right region, in every worker."""
    case = base()
    served = world(case, region="eu-central-1", record=True)
    with running(served) as url:
        assert outcome(api.verify(options(url))) == []
    assert sum(request.startswith("HEAD") for request in served.requests) <= 4


def test_expiring_credentials_are_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    case = base()
    with running(world(case)) as url:
        access = aws.resolve(aws.Access(endpoint_url=url))
        old = wire.Credentials("OLDKEY", "secret", "token", expires=time.time() + 30)
        store = S3Store(dataclasses.replace(access, credentials=old))
        assert store.get("audit-logs", log(case, 2), 1 << 20).body == case.objects[log(case, 2)].body
        assert store._access.credentials == access.credentials
        store.close()


def test_listing_goes_over_pages() -> None:
    case = base()
    with running(world(case, key_page=7)) as url:
        assert outcome(api.verify(options(url))) == []


def test_key_pages_are_followed() -> None:
    case = base()
    case.periods = [*(case.periods[1:] * 4), case.periods[0]]
    served = world(case, key_page=7)
    with running(served) as url:
        found = public_keys(aws.resolve(aws.Access(endpoint_url=url)), "eu-west-1", SINCE, UNTIL)
    assert len(found) == 5


def _collect(keys: list[str]) -> Callable[[FileRecord], None]:
    return lambda row: keys.append(row.key)


def test_same_report_from_threads_processes_and_any_number_of_workers() -> None:
    """Neither the order of files nor anything else depends on who did the work."""
    case = base()
    TAMPERINGS["digest: deleted"].apply(case, 9)
    TAMPERINGS["log: an event renamed"].apply(case, 15)
    results = []
    with running(world(case)) as url:
        for settings in ({"connections": 1}, {"connections": 32}, {"executor": "processes", "jobs": 2}):
            files: list[str] = []
            report = api.verify(options(url, seed="s", **settings), on_file=_collect(files))
            results.append((json.dumps(report.to_json(timing=False)), files))
    assert results[0] == results[1] == results[2]


def test_same_report_from_a_dask_cluster() -> None:
    """Units, keys and results cross the network of a cluster as they are."""
    case = base()
    TAMPERINGS["digest: deleted"].apply(case, 9)
    TAMPERINGS["log: an event renamed"].apply(case, 15)
    with running(world(case)) as url:
        here = api.verify(options(url, seed="s"))
        quiet = {"dashboard_address": None, "silence_logs": logging.CRITICAL}
        with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, protocol="tcp://", **quiet) as cluster:
            address = cluster.scheduler_address.replace("tcp://", "dask://")
            there = api.verify(options(url, seed="s", executor=address))
    assert there.to_json(timing=False) == here.to_json(timing=False)


class _Noting(ThreadPoolExecutor):
    threads = 0

    def submit(self, *arguments: Any, **more: Any) -> Any:
        self.threads = arguments[-1]
        return super().submit(*arguments, **more)


class _Far(MemoryStore):
    def folders(self, bucket: str, prefix: str) -> list[str]:
        time.sleep(0.006)
        return super().folders(bucket, prefix)


@pytest.mark.parametrize(("asked", "threads"), [(None, 128), (10, 10)])
def test_far_answers_are_waited_for_by_more_connections(asked: int | None, threads: int) -> None:
    case, executor = base(), _Noting(1)
    far = _Far({case.bucket.name: case.objects}, {})
    assert outcome(audit(case, store=far, executor=executor, connections=asked, digests_only=True)) == []
    assert executor.threads == threads


class _Closing(MemoryStore):
    closed = False

    def close(self) -> None:
        self.closed = True


def test_worker_that_outlives_runs_keeps_open_what_is_in_use_only() -> None:
    """Bundles of one run share a store; the first bundle of another run closes it."""
    case = base()
    first, second = (_Closing({case.bucket.name: case.objects}, {}) for _ in range(2))
    unit = Unit(Scope("audit-logs", "AWSLogs/", case.spec.account, case.spec.region), SINCE, UNTIL, ())
    origins = [MemoryOrigin(store=store) for store in (first, second)]
    for origin in (origins[0], origins[0], origins[1]):
        assert not first.closed
        (result,) = run_bundle(origin, Task(Places(), digests_only=True), [unit], 2)
        assert len(result.heads) == 24
    assert (first.closed, second.closed) == (True, False)
    for origin in origins:
        release(origin)
    assert second.closed


def test_everything_through_boto3_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """With anything unusual in the environment the thin client stays out of it."""
    case = base()
    TAMPERINGS["log: an event renamed"].apply(case, 15)
    TAMPERINGS["log: deleted"].apply(case, 5)
    with running(world(case)) as url:
        quick = api.verify(options(url, seed="s"))
        monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "false")
        slow = api.verify(options(url, seed="s"))
        assert not aws.resolve(aws.Access(endpoint_url=url)).ordinary
    assert slow.to_json(timing=False) == quick.to_json(timing=False)
    assert outcome(slow) == [("missing", "log-deleted"), ("modified", "content-hash")]


@pytest.mark.parametrize("token", ["", "session/token=="])
def test_own_signature_is_the_one_botocore_makes(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where = wire.Endpoint("https", "logs.s3.eu-west-1.amazonaws.com", 443, "s3", "eu-west-1")
    moment = 1_773_100_000
    for path, query in (
        ("/AWSLogs/a%20b/%C3%A4.gz", ""),
        ("/", wire.encode_query({"prefix": "a/b +", "list-type": "2"})),
    ):
        ours = wire.Signer(where, wire.Credentials("AKID", "secret", token)).headers("GET", path, query, now=moment)
        request = AWSRequest("GET", f"https://{where.host}{path}" + (f"?{query}" if query else ""))
        signer = S3SigV4Auth(BotoCredentials("AKID", "secret", token or None), "s3", "eu-west-1")
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))
        request.context["timestamp"] = stamp
        request.headers["X-Amz-Date"] = stamp
        request.headers["X-Amz-Content-SHA256"] = ours["x-amz-content-sha256"]
        if token:
            request.headers["X-Amz-Security-Token"] = token
        text = signer.string_to_sign(request, signer.canonical_request(request))
        assert ours["authorization"].endswith(f"Signature={signer.signature(text, request)}")


def _certificate(folder: Path) -> Path:
    """A self-signed certificate of 127.0.0.1 with its key, in one file."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - dt.timedelta(days=1))
    builder = builder.not_valid_after(now + dt.timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    return path


@pytest.mark.usefixtures("impatient")
def test_tls_is_used_and_an_untrusted_server_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = base()
    path = _certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    with running(world(case), tls) as url:
        aws._ca_bundle.cache_clear()
        refused = api.verify(options(url))
        monkeypatch.setenv("AWS_CA_BUNDLE", str(path))
        aws._ca_bundle.cache_clear()
        trusted = api.verify(options(url))
    aws._ca_bundle.cache_clear()
    assert outcome(trusted) == []
    assert (outcome(refused), refused.exit_code) == ([("inconclusive", "list-network")], 3)


def test_secrets_are_in_no_repr() -> None:
    credentials = wire.Credentials("AKID", "topsecret", "sessiontoken")
    assert "topsecret" not in repr(aws.Access(credentials=credentials)) + repr(credentials)
    assert "sessiontoken" not in repr(credentials)


def test_no_credentials_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(UnavailableError, match="no AWS credentials"):
        aws.resolve(aws.Access())


def test_profile_and_configuration_file_are_honoured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile audit]\nregion = eu-north-1\naws_access_key_id = PROFILEKEY\naws_secret_access_key = s\n"
        "[profile bent]\nregion = eu-north-1\naws_access_key_id = K\naws_secret_access_key = s\nuse_fips_endpoint = true\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    found = aws.resolve(aws.Access(profile="audit"))
    assert found.credentials is not None
    assert (found.credentials.access_key, found.region, found.ordinary) == ("PROFILEKEY", "eu-north-1", True)
    assert not aws.resolve(aws.Access(profile="bent")).ordinary


@pytest.mark.parametrize(
    ("region", "bucket", "netloc", "base_path"),
    [
        ("eu-west-1", "logs", "logs.s3.eu-west-1.amazonaws.com", ""),
        ("eu-west-1", "my.logs", "s3.eu-west-1.amazonaws.com", "/my.logs"),
        ("cn-north-1", "logs", "logs.s3.cn-north-1.amazonaws.com.cn", ""),
        ("us-gov-west-1", "logs", "logs.s3.us-gov-west-1.amazonaws.com", ""),
    ],
)
def test_endpoints_of_ordinary_regions(region: str, bucket: str, netloc: str, base_path: str) -> None:
    found = aws.endpoint(aws.Access(ordinary=True), "s3", region, bucket)
    assert found is not None
    assert (found.scheme, found.netloc, found.base) == ("https", netloc, base_path)


def test_region_beyond_doubt_only() -> None:
    assert aws.endpoint(aws.Access(ordinary=True), "s3", "us-iso-east-1", "logs") is None
    assert aws.endpoint(aws.Access(ordinary=False), "s3", "eu-west-1", "logs") is None


def test_history_reads_status_and_events() -> None:
    case = base()
    events = [
        {
            "EventName": name,
            "EventTime": SINCE + offset,
            "CloudTrailEvent": json.dumps({"requestParameters": {"name": trail}, "errorCode": error}),
        }
        for name, offset, trail, error in (
            ("StopLogging", 60, "arn:aws:cloudtrail:eu-west-1:111122223333:trail/org-trail", None),
            ("StopLogging", 90, "org-trail", "AccessDenied"),
            ("StartLogging", 3600, "org-trail", None),
        )
    ]
    status = {"org-trail": {"IsLogging": True, "LatestDigestDeliveryTime": UNTIL, "StopLoggingTime": SINCE}}
    trails = [{"Name": "org-trail", "TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/org-trail"}]
    with running(world(case, events=events, status=status, trails=trails)) as url:
        access = aws.resolve(aws.Access(endpoint_url=url))
        found = history(access, ["eu-west-1"], SINCE, UNTIL, NOW)
        aws.close(access)
    assert [(e.name, e.at, e.trail) for e in found.events] == [
        ("StopLogging", SINCE + 60, "org-trail"),
        ("StartLogging", SINCE + 3600, "org-trail"),
    ]
    assert (found.statuses[0].latest_digest, found.statuses[0].stopped) == (UNTIL, SINCE)


def test_gap_is_held_against_cloudtrail_by_itself() -> None:
    """Without events in the recorded time a restart is unexplained; a refused lookup leaves it declared, and says so."""
    case = make(skipped=(10, 11, 12), restarts=(0, 13))
    with running(world(case)) as url:
        assert outcome(api.verify(options(url, corroborate=True))) == [("gap-unexplained", "restart")]
    with running(world(case, faults={"describetrails": "denied"})) as url:
        report = api.verify(options(url, corroborate=True))
    assert outcome(report) == [("gap-declared", "restart")]
    assert "not read" in report.options["history"]


def test_store_tells_absent_from_refused_and_caps_size(request: pytest.FixtureRequest) -> None:
    case = base()
    with running(world(case, faults={log(case, 1): "denied"})) as url:
        store = S3Store(aws.resolve(aws.Access(endpoint_url=url)))
        request.addfinalizer(store.close)
        with pytest.raises(AbsentError):
            store.get("audit-logs", "AWSLogs/none", 1000)
        with pytest.raises(UnavailableError, match="AccessDenied"):
            store.get("audit-logs", log(case, 1), 1 << 20)
        with pytest.raises(UnavailableError, match="limit is 10"):
            store.get("audit-logs", log(case, 2), 10)
        with ThreadPoolExecutor(8) as pool:
            bodies = list(pool.map(lambda key: store.get("audit-logs", key, 1 << 20).body, case.links[3].logs * 20))
    assert bodies == [case.objects[key].body for key in case.links[3].logs] * 20


def test_worker_processes_end_with_their_parent(tmp_path: Path) -> None:
    """A killed run leaves no processes behind."""
    script = tmp_path / "run.py"
    script.write_text(
        "import time\nfrom trailwarden.executors import open_executor\n"
        "with open_executor('processes', 2) as (executor, _):\n    print(*executor._processes, flush=True)\n    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    children = [int(pid) for pid in process.stdout.readline().split()]
    process.stdout.close()
    process.kill()
    process.wait()
    assert len(children) == 2
    for _ in range(500):
        if not any(_alive(pid) for pid in children):
            return
        time.sleep(0.02)
    pytest.fail("a worker outlived its parent")


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}
