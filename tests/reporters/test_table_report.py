"""The table for people: words instead of colours, the width kept, no command for a CI log."""

import re

import pytest
from rich.cells import cell_len
from tests.reporters import report_builder as build

from trailwarden.contract import RenderOptions
from trailwarden.model import Report, Status
from trailwarden.registry import get_reporter

REPORTS = (build.realistic(), build.hostile(), build.empty())
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def render(report: Report, **options: object) -> str:
    return get_reporter("table").render(report, RenderOptions(**options))  # type: ignore[arg-type]  # test data


@pytest.mark.parametrize("report", REPORTS)
def test_no_escape_sequence_without_colour(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller decides about colour, not the environment."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in render(report, colour=False)


@pytest.mark.parametrize("report", REPORTS)
def test_colour_adds_nothing_but_colour(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every word is there without it."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    coloured = render(report, colour=True)
    assert ESCAPE.search(coloured)
    assert [line.rstrip() for line in ESCAPE.sub("", coloured).split("\n")] == render(report).split("\n")


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("report", REPORTS)
def test_lines_fit_the_width(report: Report, width: int) -> None:
    """Breaking `::` at the start of a line, for CI logs, may add a column."""
    assert max(cell_len(line) for line in render(report, width=width).split("\n")) <= width + 1


@pytest.mark.parametrize("colour", [False, True])
def test_no_line_is_a_command_for_a_ci_log(colour: bool) -> None:
    for width in (40, 41, 42, 100):
        text = render(build.hostile(), colour=colour, width=width)
        assert not re.search(r"(?m)^(\s|\x1b\[[0-9;]*m)*::", text)
        assert not re.search(r"##\w*\[", text)


def test_rows_are_grouped_by_account_with_problems_first() -> None:
    text = render(build.realistic())
    member = text.split(f"account {build.MEMBER} payments (r-root / ou-workloads / ou-production)\n")[1].split("\n\n")[
        0
    ]
    statuses = re.findall(r"(?m)^(PASS|FAIL|ERROR|WAIVED|N/A)\b", member)
    assert statuses == ["FAIL", "FAIL", "FAIL", "ERROR", "ERROR", "WAIVED"]
    assert re.search(r"(?m)^FAIL +critical +audit-trail-protected", member)


def test_error_names_the_missing_permission() -> None:
    text = " ".join(render(build.realistic()).split())
    assert "not evaluated: s3.GetObjectLockConfiguration in eu-central-1 of 777788889999: CROSS_ACCOUNT" in text
    assert "needs s3:GetBucketObjectLockConfiguration" in text
    assert "missing permissions: s3:GetBucketObjectLockConfiguration" in text


@pytest.mark.parametrize(
    ("statuses", "run", "sentence"),
    [
        ((Status.PASS,), {}, "exit code 0: everything was decided and nothing failed"),
        ((Status.FAIL, Status.ERROR), {}, "exit code 1: 1 failed at or above low, 1 could not be evaluated"),
        ((Status.ERROR,), {}, "exit code 3: 1 could not be evaluated"),
        ((Status.FAIL,), {"fail_on": "critical", "exit_code": 0}, "exit code 0: 1 failed below critical"),
        (
            (Status.FAIL,),
            {"soft_fail": True, "exit_code": 0},
            "exit code 0: 1 failed at or above low; soft fail turned this into 0",
        ),
        (
            (Status.ERROR,),
            {"on_error": "pass", "exit_code": 0},
            "exit code 0: 1 could not be evaluated; errors were told to pass",
        ),
        ((), {}, "exit code 3: nothing was evaluated"),
    ],
)
def test_exit_code_is_explained(statuses: tuple[Status, ...], run: dict[str, object], sentence: str) -> None:
    rows = [build.result("p", "1", f"n{number}", status) for number, status in enumerate(statuses)]
    assert render(build.report([build.rule("p")], rows, run=run)).rstrip().split("\n")[-1] == sentence


def test_summary_counts_and_exclusions() -> None:
    text = render(build.realistic())
    assert "12 results of 6 policies in 3 accounts" in text
    assert re.search(r"FAIL +4  failed: 1 critical, 1 high, 1 medium, 1 info", text)
    assert "excluded: trail-kms-encrypted: accepted by the risk board" in text


def test_candidates_are_shown_once() -> None:
    """Either the row's own message explains a candidate, or a line of its own does."""
    text = render(build.realistic())
    assert text.count("stopped: validates no log files") == 1
    said = {"candidates": [{"subject": "arn:x/stopped", "status": "FAIL", "message": "is off"}]}
    row = build.result("p", "1", "1", Status.FAIL, message="none of 1; stopped: is off", observed=said)
    assert render(build.report([build.rule("p")], [row])).count("stopped: is off") == 1
