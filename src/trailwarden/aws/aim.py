"""Who asks, and where: what one request adds to a client that serves every region and account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from trailwarden.calls import Call


@dataclass(slots=True)
class Aim:
    """The call in hand. ``credentials`` is a botocore credentials object, or None for a recorded world."""

    call: Call
    credentials: Any = None
    aimed: bool = False
    """True once botocore has taken the endpoint's region from here."""
    answers: int = 0
    """How many were received."""
    first: dict[str, Any] = field(default_factory=dict)
    """The first answer as botocore parsed it, with its ResponseMetadata."""
    recorded_pages: int = 0
    """The pages that a recorded listing was, which is played as one."""

    @property
    def pages(self) -> int:
        """Return how many pages the answer came in."""
        return self.recorded_pages or self.answers

    @property
    def metadata(self) -> dict[str, Any]:
        """Return botocore's ResponseMetadata of the first answer."""
        found: dict[str, Any] = self.first.get("ResponseMetadata", {})
        return found


_AIM: ContextVar[Aim | None] = ContextVar("trailwarden_aim", default=None)


@contextmanager
def aiming(aim: Aim) -> Iterator[Aim]:
    """Let the requests made inside the block be made for this call."""
    token = _AIM.set(aim)
    try:
        yield aim
    finally:
        _AIM.reset(token)


def current() -> Aim | None:
    """Return the call in hand, None outside of one."""
    return _AIM.get()
