"""What people have accepted, applied to the judgement of a run: waivers, and a baseline of what failed before.

Both leave the judgement visible. A waived failure keeps its verdict and its terms; a failure of the baseline stays a failure, and only the
gate no longer looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from trailwarden.facts import parse_time
from trailwarden.model import BaselineComparison, Gone, Notice, Report, Result, Status
from trailwarden.policy.baseline import Baseline, compare
from trailwarden.policy.model import PolicyFile, Selection
from trailwarden.policy.select import builtin_documents
from trailwarden.policy.waivers import Waivers, apply_waivers, nearest

NO_WAIVERS = Waivers()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The waivers and the baseline of a run."""

    waivers: Waivers = NO_WAIVERS
    baseline: Baseline | None = None


def accept(report: Report, accepted: Accepted, known_policies: Iterable[str]) -> Report:
    """Return the report under waivers, as of the run's own clock, and beside the baseline.

    Args:
        report: the judgement, without an exit code.
        accepted: what is accepted.
        known_policies: the ids of all policies there are; a waiver for none of them is noticed.
    """
    if accepted.waivers.items:
        report = _waived(report, accepted.waivers, known_policies)
    return _compared(report, accepted.baseline) if accepted.baseline else report


def _waived(report: Report, waivers: Waivers, known_policies: Iterable[str]) -> Report:
    now = parse_time(report.run.started_at)
    applied = apply_waivers(report.results, report.policies, waivers, now, known_policies=known_policies)
    notices = tuple(
        Notice(item.kind, item.waiver, item.message, item.place.file, item.place.line, item.place.column)
        for item in applied.notices
    )
    return replace(report, results=applied.results, policies=applied.policies, notices=notices)


def _compared(report: Report, baseline: Baseline) -> Report:
    found = compare(report.results, baseline)
    groups: Mapping[str, Sequence[Result]] = {
        "new": found.new,
        "worse": found.worse,
        "changed": found.changed,
        "known": found.known,
    }
    words = {row.fingerprint: word for word, rows in groups.items() for row in rows}
    now: dict[str, Status] = {row.fingerprint: row.status for row in report.results}
    gone = tuple(
        Gone(
            fingerprint=item.fingerprint,
            policy=item.policy,
            check=item.check,
            account=item.account,
            region=item.region,
            subject=item.subject,
            severity=item.severity,
            before=item.status,
            now=now.get(item.fingerprint),
        )
        for item in found.gone
    )
    return replace(
        report,
        results=tuple(replace(row, baseline=words.get(row.fingerprint, "")) for row in report.results),
        baseline=BaselineComparison(baseline.created, gone),
    )


def concerned_files(waivers: Waivers, selection: Selection) -> Iterator[PolicyFile]:
    """Yield the built-in policy files that waivers speak of and that the selection did not need.

    With them, what is said about the waivers can be said again without this release's policies.
    """
    builtin = builtin_documents()
    held = {item.name for item in selection.files}
    names: dict[str, None] = {}
    for waiver in waivers.items:
        if any(fnmatchcase(policy.id, waiver.policy) for policy in selection.policies):
            continue
        found = [name for name in builtin.policies if fnmatchcase(name, waiver.policy)]
        for name in found or nearest(waiver.policy, builtin.policies):
            names[builtin.policies[name].source.name] = None
    sources = {item.name: item for item in builtin.sources}
    for name in names:
        if name not in held:
            source = sources[name]
            yield PolicyFile(name, source.text, True, source.mark)
