"""The evidence report through GitHub's own parser."""

import re

import cmarkgfm
import pytest
from tests.reporters import report_builder as build

from trailwarden.contract import RenderOptions
from trailwarden.model import Report, Status
from trailwarden.registry import get_reporter

REPORTS = (build.realistic(), build.hostile(), build.empty())
LARGE = build.large(2000)
SECTIONS = [
    "Result",
    "Identification",
    "Time",
    "Scope and completeness",
    "Accuracy",
    "Summary by framework control",
    "Policies",
    "Exceptions and waivers",
    "Not evaluated",
    "Integrity",
    "Reviewer sign-off",
]


def render(report: Report, budget: int = 0) -> str:
    return get_reporter("markdown").render(report, RenderOptions(markdown_budget=budget))


def html_of(markdown: str) -> str:
    html: str = cmarkgfm.github_flavored_markdown_to_html(markdown)
    return html


@pytest.mark.parametrize("report", REPORTS)
def test_eleven_sections_in_order(report: Report) -> None:
    """Also where there is nothing to say: an absent section could be an oversight."""
    assert re.findall(r"<h2>\d+ (.*?)</h2>", html_of(render(report))) == SECTIONS


@pytest.mark.parametrize("report", REPORTS)
def test_tables_are_rectangular(report: Report) -> None:
    assert_rectangular(render(report))


def assert_rectangular(markdown: str) -> None:
    """A raw pipe drops the cells after it; the parser fills up what is missing, so count what the source says."""
    html = html_of(markdown)
    tables = re.findall(r"<table>(.*?)</table>", html, re.DOTALL)
    assert len(tables) == len(re.findall(r"(?m)^\|( --- \|)+$", re.sub(r"(?ms)^(`{3,}).*?^\1$", "", markdown)))
    for table in tables:
        columns = table.count("<th>")
        for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)[1:]:
            cells = re.findall(r"<td>(.*?)</td>", row, re.DOTALL)
            assert len(cells) == columns
            assert all(cells) or "sign-off" in html.split(table)[0][-60:]


@pytest.mark.parametrize("report", REPORTS)
def test_data_makes_no_link_image_or_tag(report: Report) -> None:
    assert_literal(render(report))


def assert_literal(markdown: str) -> None:
    """Nothing that came from data has become a link, an image or HTML."""
    html = html_of(markdown)
    tags = set(re.findall(r"<(/?\w+)", html)) - {
        f"{slash}{tag}" for tag in ("table", "thead", "tbody", "tr", "th", "td") for slash in ("", "/")
    }
    plain = {
        f"{slash}{tag}"
        for tag in ("h1", "h2", "h3", "p", "code", "strong", "pre", "ul", "li", "blockquote")
        for slash in ("", "/")
    }
    assert tags - plain <= {"hr"}
    assert "<!-- raw HTML" not in html


def test_statuses_and_counts() -> None:
    markdown = render(build.realistic())
    assert "| Overall result | **FAIL** |" in markdown
    assert (
        "| FAIL | ERROR | WAIVED | NOT_APPLICABLE | PASS |\n| --- | --- | --- | --- | --- |\n| 4 | 2 | 1 | 1 | 4 |"
        in markdown
    )
    assert "> **Incomplete.** 2 of 12 results could not be evaluated" in markdown


def test_evidence_ids_are_stable_and_used() -> None:
    report = build.realistic()
    identity = f"TW-20261120T060000Z-3accounts-{report.run.id[:8]}"
    markdown = render(report)
    assert f"| Evidence id | `{identity}` |" in markdown
    assert f"| Evidence reference | `{identity}/P03` |" in markdown
    single = build.report([build.rule("p")], [], run={"accounts": (build.MEMBER,)})
    assert f"TW-20261120T060000Z-{build.MEMBER}-{single.run.id[:8]}" in render(single)


def section(markdown: str, title: str) -> str:
    number = SECTIONS.index(title) + 1
    return markdown.split(f"## {number} {title}\n")[1].split("\n## ", maxsplit=1)[0]


def test_waivers_show_who_and_until_when() -> None:
    text = section(render(build.realistic()), "Exceptions and waivers")
    for shown in (
        "`W-7`",
        "FAIL",
        "`legacy trail, replaced in Q1`",
        "`ciso@example.com`",
        "`2026-10-01`",
        "`SEC-42`",
        "`2027-01-31`",
    ):
        assert shown in text


def test_what_was_not_evaluated_names_the_permission() -> None:
    text = section(render(build.realistic()), "Not evaluated")
    assert "`s3:GetBucketObjectLockConfiguration`" in text
    assert "`central-logs`" in text
    assert "THROTTLED" in text


def test_scope_shows_exclusions_and_gaps() -> None:
    text = section(render(build.realistic()), "Scope and completeness")
    assert "`shadow, judged in its home region`" in text
    assert "policy `trail-kms-encrypted` | `accepted by the risk board`" in text
    assert "completeness is not established" in text
    assert "Not recorded in the result: a count from a second" in text


def test_controls_lead_to_evidence() -> None:
    text = section(render(build.realistic()), "Summary by framework control")
    assert "| SOC 2 Trust Services Criteria | `CC7.2` | `bucket-object-lock` | ERROR | P03 |" in text


def test_candidates_of_an_any_policy_are_listed() -> None:
    text = section(render(build.realistic()), "Policies")
    assert f"| `{build.MEMBER}` | `stopped` | FAIL | validates no log files |" in text


def test_nothing_evaluated_is_no_evidence() -> None:
    assert "**NO RESULTS**" in render(build.empty())
    assert "evidence of nothing" in render(build.empty())


def test_synthetic_world_is_announced() -> None:
    report = build.report([build.rule("p")], [build.result("p", "1", "n", Status.PASS)], run={"synthetic": True})
    assert "> **A made-up world.**" in render(report)


@pytest.mark.parametrize("budget", [300_000, 60_000, 2_000])
def test_size_budget_is_kept(budget: int) -> None:
    """GitHub drops a whole step summary above 1 MiB; rows go first, and the reader is told."""
    markdown = render(LARGE, budget)
    assert len(markdown.encode()) <= budget
    assert markdown.endswith(
        "**Shortened to fit a size limit.** Complete, with every observed value: `results.json` of the same run.\n"
    )
    assert "**FAIL**" in markdown


def test_budget_that_suffices_changes_nothing() -> None:
    report = build.realistic()
    whole = render(report)
    assert render(report, len(whole.encode())) == whole
    assert "Shortened" not in whole


def test_cutting_keeps_the_problems_longest() -> None:
    problems = sum(row.status in (Status.FAIL, Status.ERROR) for row in LARGE.results)
    markdown = render(LARGE, 300_000)
    assert markdown.count("| **FAIL** |") + markdown.count("| **ERROR** |") >= problems
    assert "rows are not listed here" in markdown
