"""What is shown: results on stdout, everything else on stderr; colours and progress only where they can be seen."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from typing import TextIO

from trailwarden.errors import OutputError, PolicyError, TrailwardenError


def say(text: str) -> None:
    """Write a message for people to stderr."""
    _write_stderr(f"trailwarden: {text}\n")


def complain(error: TrailwardenError) -> None:
    """Write an error and what to do about it to stderr; problems in files stand for themselves, as editors read them."""
    if isinstance(error, PolicyError):
        _write_stderr(f"{error}\n")
    else:
        say(str(error))


def _write_stderr(text: str) -> None:
    from trailwarden.text import log_safe, visible  # noqa: PLC0415 - only when there is something to say

    sys.stderr.write("".join(f"{log_safe(visible(line))}\n" for line in text.splitlines()))
    sys.stderr.flush()


def print_out(text: str) -> None:
    """Write to stdout as UTF-8, whatever the locale.

    Raises:
        BrokenPipeError: nobody reads it any more.
        OutputError: it is closed, or the disk behind it is full.
    """
    if sys.stdout is None:
        raise OutputError("stdout is closed")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence_stdout()
        raise OutputError(f"stdout can't be written: {error.strerror or error}") from error


def flush() -> None:
    """Let an error of stdout show now and not when Python shuts down."""
    if sys.stdout is not None:
        sys.stdout.flush()


def silence_stdout() -> None:
    """Point stdout at nothing, so that what is left in its buffer raises no error when Python shuts down."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def wants_colour(stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Return whether to colour: FORCE_COLOR and CLICOLOR_FORCE say yes, NO_COLOR and TERM=dumb no, else a terminal decides."""
    if any(environment.get(name, "") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()


def terminal_width(stream: TextIO | None) -> int:
    """Return the columns of a terminal, 0 for anything else."""
    return shutil.get_terminal_size((0, 0)).columns if stream is not None and stream.isatty() else 0


INTERVAL = 30.0
"""Seconds between two lines of progress where they can't be rewritten."""


class Progress:
    """One line on stderr that is rewritten while AWS is read and gone afterwards; nothing unless stderr is a terminal."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._shown = sys.stderr.isatty() and environment.get("TERM") != "dumb"
        self._lock = threading.Lock()
        self._doing = ""
        self._replies = 0
        self._told = time.monotonic()

    def doing(self, text: str) -> None:
        """Say what is being done."""
        with self._lock:
            self._doing = text
            self._draw()

    def reply(self) -> None:
        """Count one more reply."""
        with self._lock:
            self._replies += 1
            self._draw()

    def clear(self) -> None:
        """Leave nothing behind."""
        with self._lock:
            if self._shown:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()

    def line(self, text: str, now: float) -> None:
        """Show how far a long run has come: on a terminal in place, else as a line of its own, every 30 seconds at most.

        Args:
            text: the whole line.
            now: seconds of a monotonic clock.
        """
        with self._lock:
            if self._shown:
                sys.stderr.write(f"\r\x1b[K{text}")
                sys.stderr.flush()
            elif now - self._told >= INTERVAL:
                self._told = now
                _write_stderr(f"trailwarden: {text}\n")

    def _draw(self) -> None:
        if self._shown:
            sys.stderr.write(f"\r\x1b[K{self._doing}: {self._replies} replies")
            sys.stderr.flush()
