"""A local AWS organization of any size behind one URL, served by several processes, with settable latency and faults.

    python -m benchmarks.organization.endpoint --accounts 1000 --regions 17 --latency 0.03 --processes 2
    python -m benchmarks.organization.endpoint --accounts 1000 --denied 0.03 --throttled 0.02 --down eu-west-3 --expired 1 --log asked

Prints its ceiling, the URL and the keys to use, and serves until its standard input is closed. From code: ``running`` (processes) or
``serving`` (a thread of this process, for tests).
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from benchmarks.local_aws import Requests, response
from benchmarks.organization.answers import HANG_UP, Answers, starting_key
from benchmarks.organization.world import MANAGEMENT, Asked, Faults, Shape

ROOT = Path(__file__).parents[2]
CONTROL = b"GET /-/counts "


@dataclass
class Service:
    """What the connections of one process share."""

    answers: Answers
    latency: float = 0.0
    log: TextIO | None = None

    def note(self, asked: Asked) -> None:
        if self.log is not None:
            about = asked.parameters.get("RoleArn") or asked.bucket
            self.log.write(f"{asked.account} {asked.region} {asked.service}.{asked.operation} {about}".rstrip() + "\n")

    def counts(self) -> bytes:
        """What was served since the last time, and the CPU seconds of this process so far."""
        found = {"served": self.answers.served, "cpu": time.process_time()}
        self.answers.served = Counter()
        if self.log is not None:
            self.log.flush()
        return response(json.dumps(found), "application/json")


class Connection(Requests):
    """One client connection of the organization."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(CONTROL):
            self.transport.write(self.service.counts())
            return
        asked, answer = self.service.answers.answer(head, body)
        self.service.note(asked)
        if self.service.latency:
            asyncio.get_running_loop().call_later(self.service.latency, self.send, answer)
        else:
            self.send(answer)

    def send(self, answer: bytes) -> None:
        if answer is HANG_UP:
            self.transport.abort()
        elif not self.transport.is_closing():
            self.transport.write(answer)


@dataclass
class Simulator:
    """A running organization. ``controls`` are the ports on which each process tells what it served."""

    url: str
    shape: Shape
    controls: list[int]
    processes: int

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs in its environment to be the management account's auditor, and nobody else."""
        return {
            "AWS_ACCESS_KEY_ID": starting_key(),
            "AWS_SECRET_ACCESS_KEY": "s" * 40,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def counts(self) -> Counter[str]:
        """Requests by operation since the last time; also writes out the log."""
        return self.collect()[0]

    def cpu(self) -> float:
        """CPU seconds of all its processes so far. Forgets the counts."""
        return self.collect()[1]

    def collect(self) -> tuple[Counter[str], float]:
        """Both at once."""
        total, cpu = Counter[str](), 0.0
        for port in self.controls:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/counts", timeout=30) as answer:
                found = json.load(answer)
            total.update(found["served"])
            cpu += found["cpu"]
        return total, cpu

    def ceiling(self, seconds: float = 2.0, connections: int = 16) -> tuple[float, float]:
        """Requests per second that it answers to a client that does nothing else, on the same cores; and its own CPU seconds for each."""
        before = self.cpu()
        done = asyncio.run(hammer(int(self.url.rpartition(":")[2]), time.perf_counter() + seconds, connections))
        return done / seconds, (self.cpu() - before) / max(done, 1)


async def hammer(port: int, end: float, connections: int) -> int:
    """Ask the two most frequent questions until a moment; return how often."""
    scope = f"Credential={starting_key()}/20260101/eu-west-1/%s/aws4_request, SignedHeaders=x, Signature=0"
    host = "Host: x\r\nAuthorization: AWS4-HMAC-SHA256 "
    trails = f"POST / HTTP/1.1\r\n{host}{scope % 'cloudtrail'}\r\nX-Amz-Target: CloudTrail_20131101.DescribeTrails\r\nContent-Length: 2\r\n\r\n{{}}"
    bucket = f"GET /audit-logs-{MANAGEMENT}?acl HTTP/1.1\r\n{host}{scope % 's3'}\r\n\r\n"
    probes = [trails.encode(), bucket.encode()]

    async def one() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while time.perf_counter() < end:
            writer.write(probes[count % 2])
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
            count += 1
        writer.close()
        return count

    return sum(await asyncio.gather(*(one() for _ in range(connections))))


# --- in processes -----------------------------------------------------------------------------------------------------


@contextmanager
def running(
    shape: Shape, faults: Faults | None = None, *, latency: float = 0.0, processes: int = 2, log: Path | None = None
) -> Iterator[Simulator]:
    """Serve an organization from processes that share one port.

    Args:
        shape: how large it is.
        faults: what goes wrong.
        latency: seconds before each answer.
        processes: how many.
        log: a folder in which each process writes down what it was asked, a request a line.
    """
    with ExitStack() as stack:
        # Bound and not listening: keeps the number for the processes, which the kernel then gives the connections in turns.
        keeper = stack.enter_context(socket.socket())
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        keeper.bind(("127.0.0.1", 0))
        port = keeper.getsockname()[1]
        given: dict[str, Any] = {
            "shape": dataclasses.asdict(shape),
            "faults": dataclasses.asdict(faults or Faults()),
            "processes": processes,
            "latency": latency,
            "port": port,
        }
        if log is not None:
            log.mkdir(parents=True, exist_ok=True)
        started = []
        for number in range(processes):
            one = given | {"log": str(log / f"{number}.log") if log else ""}
            command = [sys.executable, "-m", "benchmarks.organization.endpoint", "--worker", json.dumps(one)]
            started.append(
                stack.enter_context(
                    subprocess.Popen(
                        command, cwd=ROOT, env=without_aws(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                    )
                )
            )
        try:
            controls = [int(process.stdout.readline()) for process in started if process.stdout]
            yield Simulator(f"http://127.0.0.1:{port}", shape, controls, processes)
        finally:
            for process in started:
                if process.stdin:
                    process.stdin.close()
                process.wait(10)


def without_aws() -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PYTHONPATH": str(ROOT),
    }


async def work(given: dict[str, Any]) -> None:
    """Be one of the processes: serve the shared port, tell a private one, stop when standard input is closed."""
    loop = asyncio.get_running_loop()
    log = Path(given["log"]).open("a", encoding="utf-8", buffering=1 << 16) if given["log"] else None  # noqa: SIM115, ASYNC230 - open as long as the process
    answers = Answers(Shape(**given["shape"]), Faults(**given["faults"]), given["processes"])
    service = Service(answers, given["latency"], log)
    server = await loop.create_server(
        lambda: Connection(service), "127.0.0.1", given["port"], reuse_port=True, backlog=512
    )
    control = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0)
    print(control.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    if log is not None:
        log.close()


# --- in a thread ------------------------------------------------------------------------------------------------------


@contextmanager
def serving(
    shape: Shape, faults: Faults | None = None, *, latency: float = 0.0, log: TextIO | None = None
) -> Iterator[Simulator]:
    """Serve an organization from a thread of this process."""
    loop, ports, ready, stop = asyncio.new_event_loop(), [], threading.Event(), asyncio.Event()
    service = Service(Answers(shape, faults or Faults()), latency, log)
    opened: set[Connection] = set()

    def connect() -> Connection:
        made = Connection(service)
        opened.add(made)
        return made

    async def serve() -> None:
        server = await loop.create_server(connect, "127.0.0.1", 0, backlog=512)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await stop.wait()
        server.close()
        for connection in opened:
            if hasattr(connection, "transport"):
                connection.transport.abort()
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield Simulator(f"http://127.0.0.1:{ports[0]}", shape, [ports[0]], 1)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


# --- on the command line ----------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add what describes an organization, here and in the comparison, which takes several sizes."""
    if several:
        parser.add_argument("--accounts", type=int, nargs="+", default=[100], help="sizes (default: 100)")
    else:
        parser.add_argument("--accounts", type=int, default=100, help="default: 100")
    parser.add_argument("--regions", type=int, default=17)
    parser.add_argument("--latency", type=float, default=0.03, help="seconds before each answer (default: 0.03)")
    parser.add_argument("--processes", type=int, default=2, help="processes of the simulator (default: 2)")
    parser.add_argument("--suspended", type=float, default=0.0, help="share of accounts that are suspended")
    parser.add_argument("--no-own-trails", action="store_true", help="accounts have the organization's trail only")
    parser.add_argument("--no-organization-trail", action="store_true", help="accounts have their own trail only")
    parser.add_argument(
        "--denied", type=float, default=0.0, help="accounts whose role can't be assumed: a share, or a number from 1"
    )
    parser.add_argument(
        "--throttled", type=float, default=0.0, help="accounts that answer nothing but throttling, likewise"
    )
    parser.add_argument(
        "--expired", type=float, default=0.0, help="accounts whose credentials end in mid-run, likewise"
    )
    parser.add_argument(
        "--down", action="append", default=[], metavar="REGION", help="a region that hangs up; repeatable"
    )
    parser.add_argument("--throttle-each", type=int, default=0, metavar="N", help="throttle every N-th request")
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second that each account and region grants")
    parser.add_argument("--session-seconds", type=int, default=3600, help="how long credentials last (default: 3600)")
    parser.add_argument("--log", type=Path, help="folder for a log of every request")


def shape_of(options: argparse.Namespace, accounts: int = 0) -> Shape:
    return Shape(
        now=float(int(time.time())),
        accounts=accounts or options.accounts,
        regions=options.regions,
        suspended=options.suspended,
        own_trails=not options.no_own_trails,
        organization_trail=not options.no_organization_trail,
    )


def faults_of(options: argparse.Namespace, shape: Shape) -> Faults:
    """The faults, each on accounts of its own, spread over the organization; the first three accounts are spared."""
    left = shape.ids()[3:]

    def take(amount: float) -> tuple[str, ...]:
        number = round(amount * shape.accounts) if amount < 1 else int(amount)
        step = max(len(left) // number, 1) if number else 1
        taken = left[::step][:number]
        for identity in taken:
            left.remove(identity)
        return tuple(taken)

    return Faults(
        denied=take(options.denied),
        throttled=take(options.throttled),
        expired=take(options.expired),
        down=tuple(options.down),
        throttle_each=options.throttle_each,
        rate=options.rate,
        session_seconds=options.session_seconds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        asyncio.run(work(json.loads(options.worker)))
        return
    shape = shape_of(options)
    faults = faults_of(options, shape)
    with running(shape, faults, latency=0.0, processes=options.processes) as simulator:
        rate, cpu = simulator.ceiling()
    print(
        f"ceiling: {rate:,.0f} requests/s to a client on the same cores, {cpu * 1e6:.0f} µs CPU a request",
        file=sys.stderr,
    )
    with running(shape, faults, latency=options.latency, processes=options.processes, log=options.log) as simulator:
        for name, value in dataclasses.asdict(faults).items():
            if value:
                print(f"{name}: {value}", file=sys.stderr)
        for name, value in simulator.environment.items():
            print(f"export {name}={value}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
