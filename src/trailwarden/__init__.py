"""trailwarden: proves that AWS audit logging is on, complete and untouchable."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trailwarden.contract import (
        RenderOptions,
        check,
        failed,
        not_applicable,
        param,
        passed,
        reporter,
        undecidable,
    )
    from trailwarden.model import Finding, ReasonCode, Report, Severity, Status

__version__ = "0.1.0"

__all__ = [
    "Finding",
    "ReasonCode",
    "RenderOptions",
    "Report",
    "Severity",
    "Status",
    "__version__",
    "check",
    "failed",
    "not_applicable",
    "param",
    "passed",
    "reporter",
    "undecidable",
]

_MODEL = ("Finding", "ReasonCode", "Report", "Severity", "Status")


def __getattr__(name: str) -> Any:
    """Load a name of the public interface when it is first used: `trailwarden --help` passes here and needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{'model' if name in _MODEL else 'contract'}"), name)
    globals()[name] = value
    return value
