"""Many packs of the same accounts: since when each control fails, where no evidence was made, and whether the chain holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from trailwarden.errors import UsageError
from trailwarden.evidence.load import Loaded
from trailwarden.markdown import code, document, prose, table
from trailwarden.model import Json, Moment, Report, Status
from trailwarden.presentation import by_control, failing_since, framework, worst
from trailwarden.text import one_line, visible

_LETTER = {
    Status.PASS: "P",
    Status.FAIL: "F",
    Status.ERROR: "E",
    Status.NOT_APPLICABLE: "n",
    Status.WAIVED: "w",
    None: "-",
}
LEGEND = "P passed, F failed, E could not be evaluated, w waived, n not applicable, - not judged"


@dataclass(frozen=True, slots=True)
class Series:
    """One control in one account over all packs; None where a pack did not judge it."""

    framework: str
    control: str
    account: str
    statuses: tuple[Status | None, ...]
    failing_since: str
    """The first pack of the unbroken row of FAIL that lasts until the end; empty when it does not fail at the end."""


@dataclass(frozen=True, slots=True)
class Gap:
    """More days without evidence than allowed, between two packs."""

    after: str
    before: str
    days: int


@dataclass(frozen=True)
class Timeline:
    """The packs by time, and what they say together. ``broken`` lists packs whose predecessor is not the pack before them."""

    packs: tuple[Loaded, ...]
    series: tuple[Series, ...]
    gaps: tuple[Gap, ...]
    broken: tuple[str, ...]


def timeline(packs: Sequence[Loaded], max_gap: int) -> Timeline:
    """Return the timeline of packs, in any order.

    Args:
        packs: at least one.
        max_gap: days that may pass between two packs.

    Raises:
        UsageError: two packs are the same.
    """
    ordered = sorted(packs, key=lambda item: (item.report.run.started_at, item.digest))
    for one, two in pairwise(ordered):
        if one.digest == two.digest:
            raise UsageError(f"{one.folder} and {two.folder} are the same pack", "give each once")
    return Timeline(
        packs=tuple(ordered),
        series=tuple(_series([item.report for item in ordered])),
        gaps=tuple(_gaps([item.report.run.started_at for item in ordered], timedelta(days=max_gap))),
        broken=tuple(_broken(ordered)),
    )


def moments(packs: Sequence[Loaded]) -> tuple[Moment, ...]:
    """Return packs as the history of a later report."""
    return tuple(
        Moment(
            item.evidence_id,
            item.report.run.started_at,
            item.digest,
            {(verdict.id, verdict.account): verdict.status for verdict in item.report.policies},
        )
        for item in packs
    )


def _series(reports: Sequence[Report]) -> Iterator[Series]:
    """Yield a series for each control and account that any report knows; a policy without a control stands for itself."""
    lines = []
    for report in reports:
        verdicts: dict[tuple[str, str], Status] = {(item.id, item.account): item.status for item in report.policies}
        controls = {(key, control): [rule.id for rule in rules] for (key, control), rules in by_control(report).items()}
        controls |= {("", rule.id): [rule.id] for rule in report.rules if not rule.controls}
        lines.append((verdicts, controls, report.run.accounts))
    keys = sorted({key for _, controls, _ in lines for key in controls})
    instants = [report.run.started_at for report in reports]
    accounts = list(dict.fromkeys(account for *_, named in lines for account in named))
    for key, control in keys:
        for account in accounts:
            statuses = tuple(
                worst(
                    found for policy in controls.get((key, control), ()) if (found := verdicts.get((policy, account)))
                )
                for verdicts, controls, _ in lines
            )
            if any(statuses):
                yield Series(key, control, account, statuses, failing_since(statuses, instants))


def _gaps(instants: Sequence[str], allowed: timedelta) -> Iterator[Gap]:
    for one, two in pairwise(instants):
        passed = datetime.fromisoformat(two) - datetime.fromisoformat(one)
        if passed > allowed:
            yield Gap(one, two, passed.days)


def _broken(packs: Sequence[Loaded]) -> Iterator[str]:
    for one, two in pairwise(packs):
        named = two.inputs.surroundings.previous.get("digest", "")
        if named != one.digest:
            yield f"{two.evidence_id} {'follows another pack than' if named else 'does not name'} {one.evidence_id}"


def remarks(found: Timeline) -> tuple[str, ...]:
    """Return the gaps and the breaks of the chain, one sentence each."""
    gaps = (f"gap: {gap.days} days without evidence, from {gap.after} to {gap.before}" for gap in found.gaps)
    return (*gaps, *(f"chain: {broken}" for broken in found.broken))


def _row(item: Series) -> str:
    return "".join(_LETTER[status] for status in item.statuses)


def as_table(found: Timeline) -> str:
    """Return the timeline as plain text."""
    return "".join(f"{visible(line)}\n" for line in _plain(found))


def _plain(found: Timeline) -> Iterator[str]:
    first, last = found.packs[0].report.run.started_at, found.packs[-1].report.run.started_at
    yield f"{len(found.packs)} packs from {first} to {last}; {LEGEND}"
    yield from remarks(found)
    width = max((len(_label(item)) for item in found.series), default=0)
    for item in found.series:
        since = f"  failing since {item.failing_since}" if item.failing_since else ""
        yield f"  {_label(item):<{width}}  {_row(item)}{since}"


def _label(item: Series) -> str:
    return one_line(" ".join(part for part in (item.framework, item.control, item.account) if part))


def as_markdown(found: Timeline) -> str:
    """Return the timeline as Markdown."""
    return document(_blocks(found)) + "\n"


def _blocks(found: Timeline) -> Iterator[str]:
    yield "# Evidence over time"
    yield table(
        ("Number", "Evidence id", "Started, UTC", "Digest"),
        (
            (str(number), code(pack.evidence_id), code(pack.report.run.started_at), code(pack.digest))
            for number, pack in enumerate(found.packs, start=1)
        ),
    )
    yield "## Gaps and chain"
    problems = [f"- {gap.days} days without evidence: {code(gap.after)} to {code(gap.before)}" for gap in found.gaps]
    problems += [f"- {code(text)}" for text in found.broken]
    yield "\n".join(problems) or "No gap longer than allowed; each pack names the one before it."
    yield "## Controls"
    yield f"One letter for each pack, oldest first: {LEGEND}."
    yield table(
        ("Framework", "Control", "Account", "Series", "Failing since"),
        (
            (
                prose(framework(item.framework).label) if item.framework else "policy without a control",
                code(item.control),
                code(item.account),
                code(_row(item)),
                code(item.failing_since),
            )
            for item in found.series
        ),
    )


def as_json(found: Timeline) -> str:
    """Return the timeline as JSON."""
    record: dict[str, Json] = {
        "packs": [
            {"evidence_id": item.evidence_id, "started_at": item.report.run.started_at, "digest": item.digest}
            for item in found.packs
        ],
        "gaps": [{"after": item.after, "before": item.before, "days": item.days} for item in found.gaps],
        "broken": list(found.broken),
        "series": [
            {
                "framework": item.framework or None,
                "control": item.control,
                "account": item.account,
                "statuses": [status.value if status else None for status in item.statuses],
                "failing_since": item.failing_since or None,
            }
            for item in found.series
        ],
    }
    return json.dumps(record, indent=2) + "\n"
