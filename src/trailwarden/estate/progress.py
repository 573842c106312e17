"""How far a run over many accounts has come, in one line."""

from __future__ import annotations

from dataclasses import dataclass

from trailwarden.estate.state import Counted


@dataclass
class Tally:
    """Counts accounts as they are done.

    Args:
        total: all accounts of the run.
        before: how many of them an earlier process had done.
        started: when this one began, in seconds of any clock.
    """

    total: int
    before: int
    started: float
    done: int = 0
    failing: int = 0
    erroring: int = 0

    def add(self, counted: Counted) -> None:
        """Count one more."""
        self.done += 1
        self.failing += counted.failing
        self.erroring += counted.erroring

    def line(self, now: float) -> str:
        """Return the line for a moment of the same clock."""
        text = f"{self.before + self.done:,} of {self.total:,} accounts"
        text += f", {self.failing:,} failing, {self.erroring:,} with errors"
        seconds = now - self.started
        if not self.done or seconds <= 0:
            return text
        rate = self.done / seconds
        left = (self.total - self.before - self.done) / rate
        return f"{text}, {rate:.1f} accounts/s, {_span(left)} left"


def _span(seconds: float) -> str:
    """Return a time span for people."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
