"""The rows of a report, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from trailwarden.model import PolicyResult, Report, Result


def each_row(report: Report) -> Iterator[Result]:
    """Yield every result, and one row for each verdict that has none, so that no policy disappears from a report.

    The rows of an organization need not be in memory together.
    """
    seen: set[tuple[str, str]] = set()
    for result in report.results:
        seen.add((result.policy, result.account))
        yield result
    yield from (_verdict_row(verdict) for verdict in report.policies if (verdict.id, verdict.account) not in seen)


def _verdict_row(verdict: PolicyResult) -> Result:
    return Result(
        policy=verdict.id,
        check="",
        account=verdict.account,
        region="",
        subject=verdict.account,
        subject_type="account",
        status=verdict.status,
        severity=verdict.severity,
        message=f"{verdict.status.value}: the policy has no row of its own here (candidates {verdict.candidates}, applicable {verdict.applicable})",
        observed={},
        expected={},
        reason=None,
        params={},
        calls=(),
    )
