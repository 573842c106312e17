"""JUnit as GitLab, Jenkins, Azure and the actions read it. data/junit-10.xsd is the Jenkins xUnit plugin's (MIT, in its header)."""

from pathlib import Path
from xml.etree import ElementTree as ET

import junitparser
import pytest
from lxml import etree
from tests.reporters import report_builder as build

from trailwarden.contract import RenderOptions
from trailwarden.model import Report, Status
from trailwarden.registry import get_reporter

XSD = Path(__file__).parents[1] / "data" / "junit-10.xsd"
REPORTS = (build.realistic(), build.hostile(), build.empty())
# Values of a `type` attribute that Rails (GitLab) casts or refuses.
RAILS_TYPES = {
    "symbol",
    "yaml",
    "string",
    "integer",
    "float",
    "decimal",
    "boolean",
    "date",
    "datetime",
    "dateTime",
    "double",
    "file",
    "hash",
    "array",
    "base64Binary",
}


def render(report: Report, **options: object) -> str:
    return get_reporter("junit").render(report, RenderOptions(**options))  # type: ignore[arg-type]  # test data


def cases(xml: str) -> list[ET.Element]:
    return list(ET.fromstring(xml).iter("testcase"))


@pytest.mark.parametrize("granularity", ["subject", "policy"])
@pytest.mark.parametrize("report", REPORTS)
def test_strict_output_is_valid_against_the_jenkins_schema(report: Report, granularity: str) -> None:
    """The xUnit plugin skips a file that is not."""
    schema = etree.XMLSchema(etree.parse(XSD))
    document = etree.fromstring(render(report, junit_strict=True, junit_granularity=granularity).encode())
    schema.assertValid(document)


def test_default_output_differs_from_strict_in_places_only() -> None:
    """GitLab, CircleCI and mikepenz want file and line; the strict schema refuses them."""
    schema = etree.XMLSchema(etree.parse(XSD))
    document = etree.fromstring(render(build.realistic()).encode())
    assert not schema.validate(document)
    for case in document.iter("testcase"):
        assert case.attrib.pop("file") in {"policies/audit.yaml", "trailwarden.yaml"}
        assert int(case.attrib.pop("line")) >= 1
    schema.assertValid(document)


@pytest.mark.parametrize("report", REPORTS)
def test_junitparser_counts_what_the_report_counts(report: Report) -> None:
    """An independent reader sees every row once, with its status."""
    parsed = junitparser.JUnitXml.fromstring(render(report).encode())
    summary = report.summary
    read = [case for suite in parsed for case in suite]
    kinds = [type(case.result[0]).__name__ if case.result else "passed" for case in read]
    assert kinds.count("Failure") == parsed.failures == summary["FAIL"]
    assert kinds.count("Error") == parsed.errors == summary["ERROR"]
    assert kinds.count("Skipped") == summary["NOT_APPLICABLE"] + summary["WAIVED"]
    assert kinds.count("passed") == summary["PASS"]
    assert parsed.tests == len(report.results)


@pytest.mark.parametrize("report", REPORTS)
def test_every_case_is_unique_named_and_timed(report: Report) -> None:
    """GitLab keeps the first of two equal cases; Azure cuts long names; Buildkite needs both names; some readers need a time."""
    found = cases(render(report))
    assert len({(case.get("classname"), case.get("name")) for case in found}) == len(found)
    for case in found:
        assert 0 < len(case.attrib["name"]) <= 500
        assert case.attrib["time"] == "0.000"
        trailwarden, pack, policy = case.attrib["classname"].split(".")
        assert trailwarden == "trailwarden"
        assert pack
        assert policy


def test_equal_names_are_told_apart() -> None:
    """Two subjects may be called the same, also after a long name is cut."""
    rows = [build.result("p", build.MEMBER, "n" * 600, Status.FAIL, subject=f"arn:{number}") for number in range(3)]
    names = [case.attrib["name"] for case in cases(render(build.report([build.rule("p")], rows)))]
    assert len(set(names)) == 3


@pytest.mark.parametrize("report", REPORTS[:2])
def test_children_carry_type_and_text(report: Report) -> None:
    """GitLab shows the text, and a raw hash where there is none; a Rails type word breaks its parser."""
    for case in cases(render(report)):
        for child in case:
            assert child.tag in {"failure", "error", "skipped"}
            assert child.attrib["type"].startswith("trailwarden.")
            assert child.attrib["type"] not in RAILS_TYPES
            assert child.attrib["message"]
            assert "fingerprint: " in (child.text or "")


def test_statuses_say_why() -> None:
    found = {case.attrib["name"]: case for case in cases(render(build.realistic()))}
    denied = found[f"bucket-object-lock · central-logs [{build.MEMBER}/eu-central-1]"][0]
    assert denied.attrib["type"] == "trailwarden.error.AccessDenied"
    assert denied.attrib["message"].startswith("could not be evaluated: s3.GetObjectLockConfiguration in eu-central-1")
    assert "needs s3:GetBucketObjectLockConfiguration" in denied.attrib["message"]
    waived = found[f"trail-log-file-validation · legacy [{build.MEMBER}/eu-central-1]"][0]
    assert waived.attrib["message"] == "waived until 2027-01-31 by ciso@example.com (SEC-42): underlying result FAIL"
    absent = found[f"kms-key-rotation · {build.ARCHIVE} [{build.ARCHIVE}/eu-central-1]"][0]
    assert absent.attrib["message"].startswith("not applicable: ")
    failed = found[f"audit-trail-protected · trail-multi-region+trail-log-file-validation · account {build.MEMBER}"][0]
    assert failed.attrib["type"] == "trailwarden.fail.critical"
    assert "FAIL stopped: validates no log files" in (failed.text or "")


def test_newlines_stay_in_the_text() -> None:
    report = build.report([build.rule("p")], [build.result("p", "1", "n", Status.FAIL, message="one\ntwo")])
    [case] = cases(render(report))
    assert (case[0].text or "").startswith("one\ntwo\n")
    assert case[0].attrib["message"] == "one two"


def test_policy_without_rows_still_has_a_case() -> None:
    """A verdict that left no row must not vanish, nor look passed."""
    whole = build.realistic()
    silent = build.report(whole.rules, (), policies=whole.policies)
    xml = render(silent)
    assert len(cases(xml)) == len(whole.policies)
    statuses = [verdict.status for verdict in whole.policies]
    assert ET.fromstring(xml).get("failures") == str(statuses.count(Status.FAIL))
    assert ET.fromstring(xml).get("errors") == str(statuses.count(Status.ERROR))


def test_policy_granularity_has_one_case_per_policy_and_account() -> None:
    report = build.realistic()
    xml = render(report, junit_granularity="policy")
    assert sorted(case.attrib["name"] for case in cases(xml)) == sorted(
        f"{item.id} [{item.account}]" for item in report.policies
    )
    statuses = [verdict.status for verdict in report.policies]
    assert ET.fromstring(xml).get("failures") == str(statuses.count(Status.FAIL))
    assert ET.fromstring(xml).get("errors") == str(statuses.count(Status.ERROR))


def test_suite_properties_identify_the_run() -> None:
    report = build.realistic()
    suite = ET.fromstring(render(report))[0]
    properties = {item.attrib["name"]: item.attrib["value"] for item in suite.iter("property")}
    assert properties["caller.arn"] == report.run.caller["arn"]
    assert properties["policy.sha256"] == report.rules[0].sha256
    assert properties["framework.nist-800-53-r5"] == "AU-9, AU-12"
    assert suite.attrib["timestamp"] == "2026-11-20T06:00:00"
