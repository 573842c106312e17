"""Annotations for GitHub, Azure and GitLab: escaped as each wants it, and never more than is shown."""

import json
import re

import pytest
from tests.reporters import report_builder as build

from trailwarden.contract import RenderOptions
from trailwarden.model import Report, Severity, Status
from trailwarden.registry import get_reporter

GITHUB = re.compile(
    r"::(?P<level>error|warning|notice) "
    r"(?:file=(?P<file>[^,:]+),line=(?P<line>\d+),endLine=(?P<end>\d+),)?title=(?P<title>[^,:]*)::(?P<message>.*)"
)
AZURE = re.compile(
    r"##vso\[task\.logissue type=(?P<type>error|warning);sourcepath=(?P<path>[^;\]]+);linenumber=\d+;columnnumber=\d+;code=(?P<code>[^;\]]+)\](?P<message>.*)"
)


def render(identity: str, report: Report) -> str:
    return get_reporter(identity).render(report, RenderOptions())


@pytest.mark.parametrize("make", [build.realistic, build.hostile, build.empty])
def test_github_lines_are_commands_and_nothing_else(make: object) -> None:
    assert callable(make)
    for line in render("github", make()).splitlines():
        assert GITHUB.fullmatch(line), line[:200]


def test_github_escapes_what_would_end_a_value() -> None:
    row = build.result("p", "1", "n", Status.FAIL, message="100% a\nb,c:d::e")
    [line] = render("github", build.report([build.rule("p", file="a,b:c%.yaml")], [row])).splitlines()
    assert line.startswith(
        "::error file=a%2Cb%3Ac%25.yaml,line=7,endLine=12,title=p (high)::'n' in 1/eu-central-1: 100%25 a b,c:d::e"
    )


def test_github_shows_ten_of_a_level_with_the_worst_first() -> None:
    """Whatever is beyond ten is dropped by GitHub without a word: the tenth counts the others."""
    rules = [build.rule("worst", severity=Severity.CRITICAL), build.rule("bad")]
    rows = [build.result("bad", "1", f"n{number}", Status.FAIL) for number in range(12)]
    rows += [build.result("worst", "1", "last", Status.ERROR, severity=Severity.CRITICAL)]
    lines = render("github", build.report(rules, rows)).splitlines()
    assert len(lines) == 10
    assert "title=worst (critical)::'last' in 1/eu-central-1: could not be evaluated" in lines[0]
    assert lines[-1] == "::error title=trailwarden::and 4 more, see the summary"
    assert len(render("github", build.report(rules, rows[:10])).splitlines()) == 10


def test_levels_follow_severity() -> None:
    rows = [build.result(severity.value, "1", "n", Status.FAIL, severity=severity) for severity in Severity]
    report = build.report([build.rule(severity.value, severity=severity) for severity in Severity], rows)
    github = {
        found["title"].split(" ")[0]: found["level"]
        for found in map(GITHUB.fullmatch, render("github", report).splitlines())
        if found
    }
    assert github == {"critical": "error", "high": "error", "medium": "warning", "low": "notice", "info": "notice"}
    azure = {
        found["code"]: found["type"] for found in map(AZURE.fullmatch, render("azure", report).splitlines()) if found
    }
    assert azure == {"critical": "error", "high": "error", "medium": "warning", "low": "warning", "info": "warning"}
    gitlab = {item["check_name"]: item["severity"] for item in json.loads(render("gitlab-codequality", report))}
    assert gitlab == {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor", "info": "info"}


@pytest.mark.parametrize("make", [build.realistic, build.hostile])
def test_azure_lines_are_one_command_each(make: object) -> None:
    """The agent looks for ##vso[ anywhere in a line."""
    assert callable(make)
    for line in render("azure", make()).splitlines():
        found = AZURE.fullmatch(line) or re.fullmatch(r"waived: (?P<message>.*: fails, waived until .*)", line)
        assert found, line[:200]
        assert not re.search(r"##\w*\[", found["message"])


def test_azure_escapes_properties() -> None:
    row = build.result("p", "1", "n", Status.FAIL, message="50%")
    [line] = render("azure", build.report([build.rule("p", file="a;b]c.yaml")], [row])).splitlines()
    assert "sourcepath=a%3Bb%5Dc.yaml;" in line
    assert line.endswith("50%AZP25")


def test_waived_failures_are_shown_as_what_they_are() -> None:
    """The verdict, until when and by whom it is accepted, at the lowest level that a format has."""
    terms = {"expires": "2027-01-31", "approved_by": "ciso", "ticket": "SEC-1", "reason": "until spring"}
    row = build.result("p", "1", "n", Status.WAIVED, message="no lock", waiver=terms)
    report = build.report([build.rule("p")], [row])
    said = "'n' in 1/eu-central-1: fails, waived until 2027-01-31 by ciso (SEC-1): until spring; no lock"
    [annotation] = map(GITHUB.fullmatch, render("github", report).splitlines())
    assert annotation
    assert (annotation["level"], annotation["title"], annotation["message"]) == ("notice", "p (waived)", said)
    assert render("azure", report) == f"waived: p: {said}\n"
    [issue] = json.loads(render("gitlab-codequality", report))
    assert (issue["severity"], issue["description"]) == ("info", said)
    [note] = json.loads(render("sarif", report))["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert (note["level"], note["message"]["text"]) == ("note", said)


@pytest.mark.parametrize("make", [build.realistic, build.hostile])
def test_gitlab_fingerprints_are_unique_and_paths_relative(make: object) -> None:
    """GitLab merges what has one fingerprint, and links nothing that begins with ./ or a slash."""
    assert callable(make)
    text = render("gitlab-codequality", make())
    assert not text.startswith("\ufeff")
    issues = json.loads(text)
    assert len({item["fingerprint"] for item in issues}) == len(issues)
    for item in issues:
        assert set(item) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert not re.match(r"\./|/|\.\./|[A-Za-z]:", item["location"]["path"])
        assert item["location"]["lines"]["begin"] >= 1
