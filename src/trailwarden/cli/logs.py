"""``trailwarden logs verify``: CloudTrail's digest chains and log files, in a bucket or in a local copy of one."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trailwarden.cli import console
from trailwarden.config import did_you_mean
from trailwarden.errors import CredentialsError, OutputError, UsageError
from trailwarden.files import open_atomic, write_atomic

if TYPE_CHECKING:
    from trailwarden.integrity.api import Options as VerifyOptions
    from trailwarden.integrity.engine import Progress
    from trailwarden.integrity.task import FileRecord

_FORMATS = ("table", "json", "jsonl", "timeline", "html")


@dataclass(frozen=True, slots=True)
class Options:
    """What to verify and where the results go; a path of None is stdout."""

    verify: VerifyOptions
    outputs: tuple[tuple[str, Path | None], ...]
    soft_fail: bool = False


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    text = "Prove that log files are complete and unaltered."
    verify = commands.add_parser("verify", help=text[0].lower() + text[1:-1], description=text)
    verify.add_argument("sources", nargs="*", metavar="BUCKET[/PREFIX]", help="where the trails deliver to")
    _add_scope(verify.add_argument_group("what"))
    _add_depth(verify.add_argument_group("how much"))
    _add_access(verify.add_argument_group("from where and how"))
    output = verify.add_argument_group("output")
    output.add_argument(
        "-o", "--output", action="append", metavar="FORMAT[=PATH]", help=f"{', '.join(_FORMATS)} (default: table)"
    )
    output.add_argument("--soft-fail", action="store_true", help="return 0 instead of 1 and 3")
    verify.set_defaults(parse=parse, run=run)


def _add_scope(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--since", metavar="TIME", help="begin of the window, ISO 8601 (default: a day before its end)")
    group.add_argument("--until", metavar="TIME", help="end of the window (default: now)")
    group.add_argument("--trail", action="append", default=[], metavar="NAME", help="only this trail; it has to exist")
    group.add_argument("--account", action="append", default=[], metavar="ID", help="only this account")
    group.add_argument("--region", action="append", default=[], metavar="REGION", help="only logs of this region")


def _add_depth(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--sample", default="100%", metavar="N%", help="share of log files to read (default: 100%%)")
    group.add_argument("--seed", metavar="TEXT", help="of the random choice (default: unforeseeable, and stated)")
    group.add_argument("--digests-only", action="store_true", help="leave the log files alone")
    group.add_argument("--content", action="store_true", help="also check that events are complete")
    group.add_argument("--no-corroborate", action="store_true", help="don't read trail events and status about gaps")
    group.add_argument("--ledger", type=Path, metavar="FILE", help="remember what is proven; read only what is new")
    group.add_argument("--recheck", default="1%", metavar="N%", help="share of known log files to read again")
    group.add_argument("--no-resume", action="store_true", help="start anew even if a run was interrupted")


def _add_access(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--folder", type=Path, metavar="PATH", help="a local copy of the bucket; needs --keys, no AWS")
    group.add_argument("--keys", type=Path, action="append", default=[], metavar="FILE", help="saved public keys")
    group.add_argument(
        "--location-map",
        action="append",
        default=[],
        metavar="CLAIMED=FOUND",
        help="for replicas: BUCKET[/PREFIX] pairs",
    )
    group.add_argument("--profile", metavar="NAME", help="profile of the AWS configuration")
    group.add_argument("--bucket-region", metavar="REGION", help="region of the bucket (default: asked of S3)")
    group.add_argument("--endpoint-url", metavar="URL", help="another S3 and CloudTrail")
    group.add_argument("--executor", default="processes", metavar="KIND", help="processes, threads, dask://HOST:PORT")
    group.add_argument("--jobs", type=int, metavar="N", help="workers (default: one per core)")
    group.add_argument("--connections", type=int, metavar="N", help="requests at a time (default: 64, or 128 far away)")


def parse(namespace: argparse.Namespace) -> Options:
    """Return the options.

    Raises:
        UsageError: they make no sense.
    """
    from trailwarden.integrity import api, aws, times  # noqa: PLC0415 - only this command needs them

    try:
        options = api.Options(
            sources=tuple(namespace.sources),
            folder=namespace.folder,
            keys=tuple(namespace.keys),
            access=aws.Access(
                profile=namespace.profile, endpoint_url=namespace.endpoint_url, bucket_region=namespace.bucket_region
            ),
            since=times.from_argument(namespace.since) if namespace.since else None,
            until=times.from_argument(namespace.until) if namespace.until else None,
            accounts=tuple(namespace.account),
            regions=tuple(namespace.region),
            trails=tuple(namespace.trail),
            sample=_share(namespace.sample),
            recheck=_share(namespace.recheck),
            seed=namespace.seed,
            digests_only=namespace.digests_only,
            content_check=namespace.content,
            location_map=tuple(namespace.location_map),
            executor=namespace.executor,
            jobs=namespace.jobs,
            ledger=namespace.ledger,
            resume=not namespace.no_resume,
            corroborate=not namespace.no_corroborate,
            connections=namespace.connections,
        )
        options.check()
    except ValueError as error:
        raise UsageError(str(error), "see `trailwarden logs verify --help`") from None
    return Options(options, _outputs(namespace.output or ["table"]), namespace.soft_fail)


def _share(text: str) -> float:
    number = float(text.removesuffix("%"))
    return number / 100 if text.endswith("%") else number


def _outputs(texts: list[str]) -> tuple[tuple[str, Path | None], ...]:
    outputs = []
    for text in texts:
        name, _, path = text.partition("=")
        if name not in _FORMATS:
            raise UsageError(f"unknown output {name!r}", did_you_mean(name, _FORMATS))
        outputs.append((name, Path(path) if path and path != "-" else None))
    if sum(path is None for _, path in outputs) > 1:
        raise UsageError("more than one output wants stdout", "give the others a path: --output FORMAT=PATH")
    return tuple(outputs)


def run(options: Options) -> int:
    """Verify, write every output, return the exit code.

    Raises:
        UsageError: a file given with the options can't be used.
        CredentialsError: there are none.
        OutputError: something could not be written.
        BrokenPipeError: nobody reads stdout any more.
    """
    from trailwarden.integrity import api, render  # noqa: PLC0415 - as above
    from trailwarden.integrity.store import UnavailableError  # noqa: PLC0415 - as above

    lines = [path for name, path in options.outputs if name == "jsonl"]
    progress = _Progress()
    try:
        with _line_writer(lines, render.as_line) as write:
            report = api.verify(options.verify, on_progress=progress, on_file=write)
    except ValueError as error:
        raise UsageError(str(error), "see `trailwarden logs verify --help`") from None
    except UnavailableError as error:
        raise CredentialsError(str(error), "log in, or name a profile with --profile") from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(str(error), "check the files named on the command line") from error
    finally:
        progress.clear()
    for name, path in options.outputs:
        if name == "jsonl":
            continue
        text = render.FORMATS[name](report)
        if path is None:
            console.print_out(text)
        else:
            write_atomic(path, text.encode("utf-8", "backslashreplace"))
    return 0 if options.soft_fail else report.exit_code


@contextlib.contextmanager
def _line_writer(
    paths: list[Path | None], as_line: Callable[[FileRecord], str]
) -> Iterator[Callable[[FileRecord], None] | None]:
    """A function that writes a line per file, as they come; a named file appears only when it is complete."""
    if not paths:
        yield None
        return
    with contextlib.ExitStack() as stack:
        streams = [sys.stdout.buffer if path is None else stack.enter_context(open_atomic(path)) for path in paths]

        def write(record: FileRecord) -> None:
            line = as_line(record).encode("utf-8", "backslashreplace")
            for stream in streams:
                stream.write(line)

        yield write


class _Progress:
    """One line on a terminal: how far, how fast, how long still."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._began = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        if not self._shown:
            return
        seconds = max(time.monotonic() - self._began, 0.001)
        share = progress.units / max(progress.total, 1)
        bar = "█" * int(20 * share) + "░" * (20 - int(20 * share))
        left = int(seconds / share - seconds) if share else 0
        sys.stderr.write(
            f"\r\x1b[K{bar} {100 * share:3.0f} %  {progress.files} files  {progress.files / seconds:.0f}/s"
            f"  {left // 60}:{left % 60:02d} left"
        )
        sys.stderr.flush()

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
