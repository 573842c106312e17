"""The table for people: grouped by account unless asked otherwise, what needs work first, every status in words.

Of a large organization it lists what needs work, and counts what does not.

Rich supplies the colours and the width of a character in a terminal; rows are laid out here, because Rich's own table takes
seconds for thousands of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trailwarden import RenderOptions, Report, Status, reporter
from trailwarden.grouping import FINE, Group, by_unit, groups, is_large, left_out
from trailwarden.model import Result, Severity
from trailwarden.presentation import (
    ORDER,
    PROBLEMS,
    candidate_lines,
    candidates,
    exit_sentence,
    notice_lines,
    rows,
    short_name,
    urgency,
    waived_line,
)
from trailwarden.text import log_safe, one_line, shorten

WIDTH = 100
NARROWEST = 40
WORDS = {
    Status.PASS: "PASS",
    Status.FAIL: "FAIL",
    Status.ERROR: "ERROR",
    Status.NOT_APPLICABLE: "N/A",
    Status.WAIVED: "WAIVED",
}
LEGEND = {
    Status.PASS: "passed",
    Status.FAIL: "failed",
    Status.ERROR: "could not be evaluated",
    Status.NOT_APPLICABLE: "not applicable",
    Status.WAIVED: "waived",
}
_STYLE = {
    Status.PASS: "green",
    Status.FAIL: "bold red",
    Status.ERROR: "bold magenta",
    Status.NOT_APPLICABLE: "dim",
    Status.WAIVED: "yellow",
}
_GROUPS = {
    "account": ("account", "accounts"),
    "ou": ("organizational unit", "organizational units"),
    "control": ("control", "controls"),
    "policy": ("policy", "policies"),
}
_INDENT = 7
NAME_LIMIT = 200
TEXT_LIMIT = 1000
"""Longer texts are cut here, with an ellipsis; results.json has them whole."""
_SEVERITY_WIDTH = 10

Paint = Callable[[str, str], str]
Measure = Callable[[str], int]


@reporter(suffix=".txt", media_type="text/plain")
def table(report: Report, options: RenderOptions) -> str:
    """Human-readable table, grouped by account unless asked otherwise."""
    from rich.cells import cell_len  # noqa: PLC0415 - loaded only when a table is printed
    from rich.style import Style  # noqa: PLC0415 - as above

    def paint(text: str, style: str) -> str:
        return Style.parse(style).render(text) if options.colour else text

    layout = _Layout(max(options.width or WIDTH, NARROWEST), paint, cell_len, options.group_by or "account")
    return log_safe("\n".join(line.rstrip() for line in layout.lines(report))) + "\n"


class _Layout:
    def __init__(self, width: int, paint: Paint, measure: Measure, group_by: str) -> None:
        self.width = width
        self.paint = paint
        self.measure = measure
        self.group_by = group_by

    def lines(self, report: Report) -> Iterator[str]:
        """Yield the whole table."""
        if report.run.synthetic:
            yield from self.wrap("made-up world: nothing here was read from AWS", 0)
            yield ""
        found = groups(report, self.group_by)
        large, quiet = is_large(report), 0
        for group in found:
            if large and not any(row.status not in FINE for row in group.rows):
                quiet += 1
            else:
                yield from self.group(group, large=large)
        if quiet:
            yield from self.wrap(f"nothing to do in {quiet} of {_count(len(found), *_GROUPS[self.group_by])}", 0)
            yield ""
        yield from self.summary(report)

    def group(self, group: Group, *, large: bool) -> Iterator[str]:
        """Yield the rows of a group; of a large report only those that need work, and the number of the others."""
        for line in self.wrap(shorten(group.title, NAME_LIMIT), 0):
            yield self.paint(line, "bold")
        for row in sorted(group.rows, key=urgency):
            if not (large and row.status in FINE):
                yield from self.row(row)
        fine = ", ".join(f"{group.counts[status]} {LEGEND[status]}" for status in FINE if group.counts[status])
        if large and fine:
            yield from self.wrap(fine, _INDENT)
        yield ""

    def row(self, row: Result) -> Iterator[str]:
        """Yield what is to be said of one result: the first line identifies it, the others explain."""
        word = WORDS[row.status]
        check = f" ({one_line(row.check)})" if row.check and row.check != row.policy and not candidates(row) else ""
        where = f"  {shorten(short_name(row), NAME_LIMIT)} [{self.place(row)}]" if row.subject_type != "account" else ""
        if not where and self.group_by != "account":
            where = f"  account {one_line(row.account, NAME_LIMIT)}"
        title = f"{one_line(row.policy)}{check}{where}"
        left = self.paint(word.ljust(_INDENT), _STYLE[row.status]) + row.severity.value.ljust(_SEVERITY_WIDTH)
        first, *rest = self.wrap(title, _INDENT + _SEVERITY_WIDTH)
        yield left + first.lstrip()
        yield from rest
        if row.status is not Status.PASS:
            for text in self.explanation(row):
                yield from self.wrap(shorten(text, TEXT_LIMIT), _INDENT)

    def place(self, row: Result) -> str:
        """Return the region of a row, with its account unless the group is one."""
        account = "" if self.group_by == "account" else f"{one_line(row.account, NAME_LIMIT)}/"
        return account + one_line(row.region, NAME_LIMIT)

    def explanation(self, row: Result) -> Iterator[str]:
        """Yield the sentences below a row that did not simply pass."""
        reason = row.reason.sentence() if row.reason else ""
        if not reason or reason not in row.message:
            yield one_line(row.message)
        for line in candidate_lines(row):
            yield f"- {line}"
        if reason:
            yield f"not evaluated: {one_line(reason)}"
        if row.baseline:
            yield f"beside the baseline: {one_line(row.baseline)}"
        if row.waiver:
            yield waived_line(row)
        for note in row.notes:
            yield f"note: {one_line(note)}"

    def summary(self, report: Report) -> Iterator[str]:
        """Yield counts, what is missing, and what the exit code means."""
        found = rows(report)
        accounts = len({row.account for row in found})
        total = f"{_count(len(found), 'result')} of {_count(len(report.rules), 'policy', 'policies')} in {_count(accounts, 'account')}"
        for line in self.wrap(total, 0):
            yield self.paint(line, "bold")
        for status in ORDER:
            hit = [row for row in found if row.status is status]
            if hit:
                word, severe = WORDS[status], _by_severity(hit) if status in PROBLEMS else ""
                first, *rest = self.wrap(f"{word.ljust(_INDENT)}{len(hit):>6}  {LEGEND[status]}{severe}", 2)
                yield first.replace(word, self.paint(word, _STYLE[status]), 1)
                yield from rest
        if any(item.path for item in report.members):
            for unit in by_unit(report):
                worst = ", ".join(
                    f"{unit.by_status[status]} {WORDS[status]}" for status in ORDER if unit.by_status[status]
                )
                title = f"{shorten(unit.title[0], NAME_LIMIT)}: {_count(unit.accounts, 'account')}, {worst}"
                yield from self.wrap(title, 2)
        for account, reason in left_out(report):
            yield from self.wrap(f"not judged: account {one_line(account)}: {one_line(reason)}", 2)
        for line in notice_lines(report):
            yield from self.wrap(f"notice: {line}", 2)
        for line in _gone(report):
            yield from self.wrap(f"gone since the baseline: {shorten(line, TEXT_LIMIT)}", 2)
        actions = sorted({row.reason.missing_action for row in found if row.reason and row.reason.missing_action})
        if actions:
            yield from self.wrap(f"missing permissions: {', '.join(one_line(action) for action in actions)}", 2)
        for item in report.exclusions:
            yield from self.wrap(f"excluded: {one_line(item.policy)}: {one_line(item.reason)}", 2)
        if not report.run.complete:
            yield from self.wrap("incomplete: the run stopped before everything was read", 2)
        yield from self.wrap(exit_sentence(report), 0)

    def wrap(self, text: str, indent: int) -> list[str]:
        """Break a line of text at spaces, and inside words that are too long, so that it fits the width."""
        room = self.width - indent
        lines, line, used = [], "", 0
        for word in log_safe(text).split(" "):
            size = self.measure(word)
            if line and used + 1 + size <= room:
                line, used = f"{line} {word}", used + 1 + size
                continue
            if line:
                lines.append(line)
            while size > room:
                head = self.head(word, room)
                lines.append(head)
                word = word[len(head) :]  # noqa: PLW2901 - what is left of it
                size = self.measure(word)
            line, used = word, size
        return [" " * indent + item for item in [*lines, line]]

    def head(self, word: str, room: int) -> str:
        """Return as much of the beginning of ``word`` as fits into ``room`` columns, at least one character."""
        used = 0
        for index, char in enumerate(word):
            used += self.measure(char)
            if used > room:
                return word[: max(index, 1)]
        return word


def _gone(report: Report) -> list[str]:
    """Return the failures of the baseline that are none any more, and what became of them."""
    gone = report.baseline.gone if report.baseline else ()
    return [
        one_line(
            f"{item.policy} {item.subject}: was {item.before.value}, "
            f"{f'now {item.now.value}' if item.now else 'not judged in this run'}"
        )
        for item in gone
    ]


def _by_severity(found: list[Result]) -> str:
    counts = [(severity, sum(row.severity is severity for row in found)) for severity in reversed(Severity)]
    return ": " + ", ".join(f"{number} {severity.value}" for severity, number in counts if number)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
