"""Reports of two thousand accounts: by account, unit and control, and within what their consumers take."""

import csv
import functools
import gzip
import io
import json
import sys
from collections import Counter
from xml.etree import ElementTree as ET

import pytest
from tests.reporters import report_builder as build

from trailwarden.contract import RenderOptions
from trailwarden.model import Member, Population, Report, Status
from trailwarden.registry import get_reporter


@functools.cache
def organization() -> Report:
    return build.organization(2000)


@functools.cache
def broken() -> Report:
    """The same with an unreadable account wherever one was fine: every row is a problem."""
    return build.organization(2000, every=1)


@functools.cache
def smaller() -> Report:
    """A fifth of it, all unreadable: for limits that are lowered."""
    return build.organization(400, every=1)


def render(report: Report, name: str, **options: object) -> str:
    return get_reporter(name).render(report, RenderOptions(**options))  # type: ignore[arg-type]  # each test names its own


# --- table ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "headings"), [("account", 60), ("ou", 2), ("control", 3), ("policy", 6)])
def test_table_lists_problems_and_counts_the_rest(by: str, headings: int) -> None:
    """In each arrangement every problem is there, and what is fine is a number."""
    report = organization()
    text = render(report, "table", group_by=by)
    titled = [part for part in text.split("\n\n") if "\nFAIL" in part or "\nERROR" in part]
    assert len(titled) == headings
    lines = text.splitlines()
    assert Counter(line[:5] for line in lines if line[:5] in ("FAIL ", "ERROR", "PASS ")) == {
        "FAIL ": report.summary["FAIL"],
        "ERROR": report.summary["ERROR"],
    }
    assert "  r-root / ou-7: 200 accounts, 40 FAIL, 160 PASS" in lines
    assert "  not judged: account 100000002000: suspended" in lines
    assert ("account 100000000007 account-0007 (r-root / ou-7)" in lines) == (by == "account")
    assert ("nothing to do in 1940 of 2000 accounts" in lines) == (by == "account")
    assert ("[100000000007/eu-central-1]" in text) == (by != "account")


def test_table_of_few_accounts_lists_everything() -> None:
    text = render(build.organization(20), "table")
    assert text.count("\nPASS") == 240 - text.count("\nFAIL") - text.count("\nERROR")
    assert "nothing to do" not in text


def test_what_no_framework_and_no_unit_has_is_shown_all_the_same() -> None:
    report = build.report([build.rule("free", controls={})], [build.result("free", "1", "main", Status.FAIL)])
    assert render(report, "table", group_by="control").startswith("no control of a framework\nFAIL")
    assert render(report, "table", group_by="ou").startswith("no organizational unit is known\nFAIL")


# --- Markdown, HTML, CSV ---------------------------------------------------------------------------------------------


def test_markdown_of_an_organization_is_short_and_complete_about_problems() -> None:
    report = organization()
    text = render(report, "markdown")
    assert len(text) < 1_000_000
    lines = text.splitlines()
    assert "| Accounts | 2000 |" in lines
    assert r"| r-root / ou-7 | 200 | 40 | 0 | 0 | 0 | 160 |" in lines
    assert r"| CIS Amazon Web Services Foundations Benchmark 5.0 | 3\.1 | 40 | 20 | 0 | 0 | 1940 |" in lines
    assert "1940 of 2000 accounts have nothing to do and are not listed here." in lines
    assert lines.count("Of 2000 accounts: 1940 PASS.") == 6
    assert sum("| **FAIL** |" in line and "arn:" in line for line in lines) == report.summary["FAIL"]
    assert sum("| **ERROR** |" in line and "arn:" in line for line in lines) == report.summary["ERROR"]
    assert "`100000002000`" in text


@pytest.mark.parametrize(
    ("by", "heading"),
    [
        ("account", "#### account 100000000007 account-0007 (r-root / ou-7)"),
        ("ou", "#### r-root / ou-7"),
        ("control", "#### CIS Amazon Web Services Foundations Benchmark 5.0 3.1"),
    ],
)
def test_markdown_and_html_in_groups(by: str, heading: str) -> None:
    """The same rows, in another order: each once for every group that it belongs to, here one."""
    report = build.organization(100)
    plain, grouped = render(report, "markdown"), render(report, "markdown", group_by=by)
    assert heading in grouped.splitlines()
    assert grouped.count("| **FAIL** | audit is") == plain.count("| **FAIL** | audit is") == 2 * 6
    page = render(report, "html", group_by=by)
    assert f"<h3>{heading.removeprefix('#### ')}</h3>" in page
    assert page.count('<details class="verdict">') == render(report, "html").count('<details class="verdict">')


def test_markdown_keeps_to_its_budget_with_all_sections_but_the_details() -> None:
    """GitHub drops a step summary above 1 MiB whole."""
    text = render(smaller(), "markdown", markdown_budget=400_000)
    assert len(text.encode()) <= 400_000
    assert "**Shortened to fit a size limit.**" in text
    assert "| r-root / ou-7 | 40 | 0 | 40 | 0 | 0 | 0 |" in text
    assert "## 9 Not evaluated" in text


def test_html_of_an_organization_counts_accounts_instead_of_a_column_for_each() -> None:
    page = render(organization(), "html")
    assert len(page) < 3_000_000
    assert page.count('<details class="verdict">') == organization().summary["FAIL"] + organization().summary["ERROR"]
    assert "1940 of 2000 accounts have nothing to do." in page
    assert page.count("Not listed here: 3920 pass.") == 6
    assert len(render(broken(), "html")) < 10_000_000


def test_populations_of_an_organization_are_one_line_each() -> None:
    """Thousands of accounts have the same regions that they have not enabled."""
    ids = [f"{100000000000 + number}" for number in range(50)]
    listed = [
        Population(account, "region", "ec2.DescribeRegions", 17, 1, (("me-south-1", "region is not enabled"),))
        for account in ids
    ]
    rows = [build.result("p", account, "main", Status.PASS, subject_type="trail") for account in ids]
    report = build.report([build.rule("p")], rows, run={"accounts": tuple(ids)}, populations=tuple(listed))
    text = render(report, "markdown")
    assert "| `50 accounts` | `region` | `ec2.DescribeRegions` | 50 | 850 | 0 | 1 | 0 |" in text
    assert "| `50 accounts` | `me-south-1` | `region is not enabled, in 50 accounts` |" in text
    assert "me-south-1: region is not enabled, in 50 accounts" in render(report, "html")


def test_csv_names_account_and_unit() -> None:
    lines = list(csv.DictReader(io.StringIO(render(build.realistic(), "csv"))))
    assert {(line["account"], line["account_name"], line["unit"]) for line in lines} == {
        (build.MANAGEMENT, "management", "r-root"),
        (build.MEMBER, "payments", "r-root / ou-workloads / ou-production"),
        (build.ARCHIVE, "", ""),
    }


# --- JUnit ------------------------------------------------------------------------------------------------------------


def cases(xml: str) -> tuple[ET.Element, list[ET.Element]]:
    root = ET.fromstring(xml)
    return root, list(root.iter("testcase"))


def test_junit_keeps_every_row_while_it_fits() -> None:
    report = organization()
    xml = render(report, "junit")
    root, found = cases(xml)
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("24000", "240", "240")
    assert len({(case.get("classname"), case.get("name")) for case in found}) == 24000
    assert "report.shortened" not in xml


@pytest.mark.parametrize(
    ("limit", "number", "name", "said"),
    [
        (2_000_000, 6 * 400, "policy-0 [100000000000]", "a case stands for a policy in an account"),
        (800_000, 6 * 10, "policy-0 [r-root / ou-0]", "a case stands for a policy in an organizational unit"),
        (300_000, 6, "policy-0", "a case stands for a policy in all accounts"),
    ],
)
def test_junit_above_the_limit_says_less_and_says_so(
    limit: int, number: int, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is left out, what failed and what is unknown can't become a success. GitLab's limit is 30 MB."""
    module = sys.modules[get_reporter("junit").module]
    assert module.SIZE_LIMIT < 30_000_000
    monkeypatch.setattr(module, "SIZE_LIMIT", limit)
    xml = render(smaller(), "junit")
    root, found = cases(xml)
    assert len(xml.encode()) <= limit
    assert (len(found), found[0].get("name")) == (number, name)
    assert root.get("errors") == str(number)
    assert said in xml
    listed = (found[0][0].text or "").splitlines()
    assert listed[-1].startswith("and " if number == 6 else "ERROR ")


# --- SARIF ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["subject", "account", "ou", "policy"])
def test_sarif_stays_within_githubs_limits(group: str) -> None:
    """At most 5,000 results are kept, and a file of 10 MB compressed is taken."""
    for report in (organization(), broken()) if group == "subject" else (organization(),):
        text = render(report, "sarif", sarif_group=group)
        [run] = json.loads(text)["runs"]
        assert 0 < len(run["results"]) <= 5000
        assert len(gzip.compress(text.encode(), 6)) < 10_000_000
        assert len(run["invocations"][0]["toolExecutionNotifications"]) <= 1001
        assert run["invocations"][0]["executionSuccessful"] is False
        assert {item["ruleId"] for item in run["results"]} == {rule.id for rule in report.rules}


def test_sarif_by_account_and_unit_tell_their_groups_apart() -> None:
    """Equal fingerprints on one line would be one alert."""
    for group, number, title in (
        ("account", (40 + 20) * 6, "policy-0 in 100000000007: 1 failed; not as required."),
        ("ou", 2 * 6, "policy-0 in r-root / ou-7: 40 failed; not as required."),
    ):
        [run] = json.loads(render(organization(), "sarif", sarif_group=group))["runs"]
        prints = {item["partialFingerprints"]["primaryLocationLineHash"] for item in run["results"]}
        assert len(run["results"]) == len(prints) == number
        assert run["results"][0]["message"]["text"].split("\n")[0] == title


def test_sarif_by_account_becomes_coarser_when_there_are_too_many() -> None:
    [run] = json.loads(render(broken(), "sarif", sarif_group="account"))["runs"]
    assert len(run["results"]) == 6 * 10
    assert sum(item["properties"]["notEvaluated"] for item in run["results"]) == 24000


def test_hostile_names_of_accounts_and_units_do_no_harm() -> None:
    """They are somebody else's texts, in every arrangement."""
    members = tuple(
        Member(f"{100000000000 + index}", text, "ACTIVE", (text, text)) for index, text in enumerate(build.HOSTILE)
    )
    rows = [build.result("p", member.id, "main", Status.FAIL) for member in members]
    report = build.report([build.rule("p")], rows, members=members)
    for by in ("account", "ou"):
        text = render(report, "table", group_by=by)
        assert not any(line.startswith(("::", "##vso")) for line in text.splitlines())
        assert "\x1b" not in text
        assert "\u202e" not in text
