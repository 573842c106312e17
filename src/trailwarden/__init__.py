"""trailwarden: proves that AWS audit logging is on, complete and untouchable."""

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
