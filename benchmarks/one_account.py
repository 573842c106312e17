"""One account, three trails, thirty-two regions: trailwarden beside a plain boto3 script that reads the same facts and judges nothing.

    python benchmarks/one_account.py [--rounds 7] [--latency 0.03] [--install]

Both run as whole processes, in turns, against the same local endpoint (local_aws.py) over HTTP and over HTTPS. Printed are its ceiling,
medians, and ratios, which travel from machine to machine where seconds do not. ``--install`` also builds a clean environment, and
measures what an installation weighs.
"""

import argparse
import asyncio
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import botocore

HERE = Path(__file__).parent
SCRIPT = [sys.executable, str(HERE / "plain_script.py")]
TRAILWARDEN = [str(Path(sys.executable).with_name("trailwarden"))]
PROBE = (
    b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: CloudTrail_20131101.DescribeTrails\r\nContent-Length: 2\r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/cloudtrail/aws4_request, SignedHeaders=x, Signature=0\r\n\r\n{}"
)


class Endpoint:
    """A running local_aws.py; ``roots`` is the file of root certificates to trust, empty where it speaks plain HTTP."""

    def __init__(self, port: int, roots: str = "") -> None:
        self.port = port
        self.roots = roots
        self.url = f"{'https' if roots else 'http'}://127.0.0.1:{port}"

    def served(self) -> dict[str, int]:
        """What it was asked since the last time: operation to number of requests."""
        with urllib.request.urlopen(f"{self.url}/-/served", timeout=10, context=self.context()) as answer:
            return json.load(answer)

    def context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.roots) if self.roots else None

    def ceiling(self, seconds: float = 1.5, connections: int = 8) -> float:
        """Requests per second that it answers to a client that does nothing else; the two share the machine's cores."""
        done = asyncio.run(self._hammer(time.perf_counter() + seconds, connections))
        self.served()
        return done / seconds

    async def _hammer(self, end: float, connections: int) -> int:
        async def one() -> int:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.context())
            count = 0
            while time.perf_counter() < end:
                writer.write(PROBE)
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
                count += 1
            writer.close()
            return count

        return sum(await asyncio.gather(*(one() for _ in range(connections))))


@contextmanager
def endpoint(folder: str, *, buckets: int = 0, latency: float = 0.0, tls: bool = False) -> Iterator[Endpoint]:
    command = [sys.executable, str(HERE / "local_aws.py"), "--buckets", str(buckets), "--latency", str(latency)]
    roots = ""
    if tls:
        command += ["--certificate", str(certificate(folder))]
        roots = str(Path(folder, "roots.pem"))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Endpoint(int(process.stdout.readline()), roots)
        process.communicate()


def certificate(folder: str) -> Path:
    """Make the endpoint's certificate with openssl, and a file that trusts it beside the roots that botocore ships."""
    key, made = Path(folder, "key.pem"), Path(folder, "certificate.pem")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=local", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    shipped = Path(botocore.__file__).with_name("cacert.pem").read_bytes()
    Path(folder, "roots.pem").write_bytes(shipped + made.read_bytes())
    both = Path(folder, "endpoint.pem")
    both.write_bytes(made.read_bytes() + key.read_bytes())
    return both


def environment(where: Endpoint | None, folder: str) -> dict[str, str]:
    """The environment of both: keys, the endpoint, nobody's AWS configuration, and compiled modules kept as an installation has them."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    nowhere = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}
    made = {
        **kept,
        **nowhere,
        **keys,
        "AWS_ENDPOINT_URL": where.url if where else "",
        "AWS_CA_BUNDLE": where.roots if where else "",
        "HOME": folder,
        "PYTHONPYCACHEPREFIX": str(Path(folder, "compiled")),
    }
    return {name: value for name, value in made.items() if value}


def measure(command: list[str], where: Endpoint | None, folder: str) -> dict[str, float]:
    """Run one process to its end: wall and CPU seconds, MiB at its peak, requests."""
    if where is not None:
        where.served()
    started = time.perf_counter()
    with Path(folder, "output").open("wb") as output:
        process = subprocess.Popen(command, env=environment(where, folder), cwd=folder, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{Path(folder, 'output').read_text()}")
    requests = sum(where.served().values()) if where else 0
    peak = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    return {"requests": requests, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": peak}


def asked(command: list[str], where: Endpoint, folder: str) -> dict[str, int]:
    """Run once, and return what was asked."""
    where.served()
    subprocess.run(command, env=environment(where, folder), cwd=folder, check=True, capture_output=True)
    return where.served()


def compare(rounds: int, latency: float, folder: str, *, tls: bool = False) -> None:
    check = [*TRAILWARDEN, "check"]
    with endpoint(folder, latency=latency, tls=tls) as where:
        plain, ours = asked(SCRIPT, where, folder), asked(check, where, folder)
        if latency == 0 and not tls:
            print(
                f"endpoint: answers at least {where.ceiling():,.0f} requests/s; a run below asks {sum(ours.values())}"
            )
        print(f"same questions: {'yes' if plain == ours else f'no: script {plain}, trailwarden {ours}'}")
        runs: dict[str, list[dict[str, float]]] = {"plain script": [], "trailwarden check": []}
        for _ in range(rounds):
            runs["plain script"].append(measure(SCRIPT, where, folder))
            runs["trailwarden check"].append(measure(check, where, folder))
    print(f"\n{'HTTPS' if tls else 'HTTP'}, {latency * 1000:.0f} ms per request, median of {rounds}, in turns")
    print(f"{'':20}{'requests':>10}{'wall s':>10}{'CPU s':>10}{'peak MiB':>10}")
    medians = {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]} for name, found in runs.items()
    }
    for name, found in medians.items():
        print(f"{name:20}{found['requests']:>10.0f}{found['wall']:>10.2f}{found['cpu']:>10.2f}{found['peak']:>10.1f}")
    first, second = medians.values()
    print(f"{'ratio':20}" + "".join(f"{second[key] / first[key]:>10.2f}" for key in first))


def crowded(folder: str) -> None:
    with endpoint(folder) as few, endpoint(folder, buckets=200) as many:
        counts = [sum(asked([*TRAILWARDEN, "check"], where, folder).values()) for where in (few, many)]
    print(f"\nrequests with no other bucket in the account, and with 200: {counts[0]} and {counts[1]}")


def starting(rounds: int, folder: str) -> None:
    runs = [measure([*TRAILWARDEN, "--help"], None, folder) for _ in range(rounds + 1)][1:]
    print(
        f"trailwarden --help: {statistics.median(run['wall'] for run in runs):.3f} s wall, {statistics.median(run['cpu'] for run in runs):.3f} s CPU"
    )


def installing(folder: str) -> None:
    """Weigh a fresh environment with trailwarden and its dependencies, pip included."""
    home = Path(folder, "clean")
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    python = str(home / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(HERE.parent)], check=True)
    listed = json.loads(
        subprocess.check_output([python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"])
    )
    size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    brought = [item["name"] for item in listed if item["name"] not in ("pip", "setuptools")]
    print(f"installation: {size / 1e6:.0f} MB with the environment's own pip, {len(brought)} packages beside it")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="runs of each (default: 7)")
    parser.add_argument(
        "--latency", type=float, action="append", help="seconds before each answer; repeatable (default: 0 and 0.03)"
    )
    parser.add_argument("--install", action="store_true", help="also weigh a clean installation")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for latency in options.latency or [0.0, 0.03]:
            compare(options.rounds, latency, folder)
        compare(options.rounds, 0.0, folder, tls=True)
        crowded(folder)
        starting(options.rounds, folder)
        if options.install:
            installing(folder)


if __name__ == "__main__":
    main()
