"""One table of settings: command line over environment over file, and a file that is read strictly."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.cli.cli_kit import run

from trailwarden.cli.check import NAMES
from trailwarden.config import SETTINGS, SEVERITIES, find_config, read_config, resolve
from trailwarden.contract import RenderOptions
from trailwarden.errors import PolicyError, UsageError
from trailwarden.model import Severity

BAD = Path(__file__).parents[1] / "policy" / "data" / "config"


def values(arguments: dict[str, Any], environment: dict[str, str], text: str, folder: Path) -> dict[str, Any]:
    """What is in force, by name."""
    path = folder / "trailwarden.yaml"
    path.write_text(text, encoding="utf-8")
    return {name: item.value for name, item in resolve(SETTINGS, arguments, environment, read_config(path)).items()}


FILE = "fail-on: info\npolicy: [a, b]\njobs: 4\nsoft-fail: true\nsarif-category: file\n"


def test_the_nearest_word_wins(tmp_path: Path) -> None:
    """Command line, then environment, then file, then default; a list is replaced, not merged."""
    found = values(
        {"fail_on": "critical", "policy": ["c"], "soft_fail": False},
        {
            "TRAILWARDEN_FAIL_ON": "high",
            "TRAILWARDEN_JOBS": "7",
            "TRAILWARDEN_TAG": "x\n y \n",
            "TRAILWARDEN_PROFILE": "",
        },
        FILE,
        tmp_path,
    )
    assert (found["fail-on"], found["policy"], found["soft-fail"]) == ("critical", ("c",), False)
    assert (found["jobs"], found["tag"]) == (7, ("x", "y"))
    assert (found["sarif-category"], found["on-error"], found["profile"]) == ("file", "fail", "")


def test_the_file_alone(tmp_path: Path) -> None:
    found = values({}, {}, FILE, tmp_path)
    assert (found["fail-on"], found["policy"], found["jobs"], found["soft-fail"]) == ("info", ("a", "b"), 4, True)


@pytest.mark.parametrize("name", sorted(path.stem for path in BAD.glob("*.yaml")))
def test_a_wrong_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mistake in a configuration file, as a pair of files: the input, and exactly what is said about it."""
    monkeypatch.chdir(BAD)
    with pytest.raises(PolicyError) as caught:
        read_config(Path(f"{name}.yaml"))
    expected = BAD / f"{name}.txt"
    if os.environ.get("REWRITE_EXPECTED"):
        expected.write_text(f"{caught.value}\n", encoding="utf-8")
    assert f"{caught.value}\n" == expected.read_text(encoding="utf-8")


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        values({}, {}, "fial-on: low\njobs: x\nseverity: hihg\n", tmp_path)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"TRAILWARDEN_FAILON": "x"}, "unknown environment variable TRAILWARDEN_FAILON"),
        ({"TRAILWARDEN_FAIL_ON": "hihg"}, "TRAILWARDEN_FAIL_ON: 'hihg' is not one of its values"),
        ({"TRAILWARDEN_JOBS": "many"}, "TRAILWARDEN_JOBS: 'many' is not a whole number"),
        ({"TRAILWARDEN_SOFT_FAIL": "maybe"}, "TRAILWARDEN_SOFT_FAIL: 'maybe' is neither true nor false"),
    ],
)
def test_a_wrong_variable(variables: dict[str, str], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        resolve(SETTINGS, {}, variables, {})


def test_variables_of_others_are_left_alone() -> None:
    resolve(SETTINGS, {}, {"TRAILWARDEN_ROLE_IN_OUR_CI_TEMPLATE": "x", "TRAILWARDEN_DEBUG": "1"}, {})


def test_a_named_configuration_has_to_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config("", {}) is None
    with pytest.raises(UsageError, match=r"none\.yaml"):
        find_config("", {"TRAILWARDEN_CONFIG": "none.yaml"})


def test_the_table_agrees_with_the_model() -> None:
    """What the table writes out for speed is what the model says; every rendering option can be set."""
    assert tuple(item.value for item in reversed(Severity)) == SEVERITIES
    own = {"colour", "width"}  # the terminal's business
    assert {name.replace("_", "-") for name in RenderOptions.__dataclass_fields__.keys() - own} <= set(SETTINGS)
    assert set(NAMES) == set(SETTINGS)


def test_a_configured_run(here: Path) -> None:
    """File and environment work through the program, and a finding of a built-in policy points at the line that selects it."""
    (here / "trailwarden.yaml").write_text(
        "# what we hold to\npolicy:\n  - policy.yaml\n  - trail-log-file-validation\noutput: sarif=out.sarif\nfail-on: info\n",
        encoding="utf-8",
    )
    found = run("check", "--replay", "bad.jsonl", cwd=here, env={"TRAILWARDEN_SOFT_FAIL": "1"})
    assert (found.returncode, found.stdout) == (0, "")
    assert "soft fail turned this into 0" in found.stderr
    log = json.loads((here / "out.sarif").read_text(encoding="utf-8"))
    places = {
        item["ruleId"]: (place["artifactLocation"]["uri"], place["region"]["startLine"], place["region"]["startColumn"])
        for item in log["runs"][0]["results"]
        for place in [item["locations"][0]["physicalLocation"]]
    }
    assert places == {
        "validation": ("policy.yaml", 1, 1),
        "trail-log-file-validation": ("trailwarden.yaml", 4, 5),
    }


def test_selection_options(here: Path) -> None:
    """Tag, severity and exclusion narrow the selection; what is excluded is shown with its reason."""
    (here / "many.yaml").write_text(
        "- {id: a, check: trail-log-file-validation, severity: high}\n"
        "- {id: b, check: trail-log-file-validation, severity: low}\n"
        "- {id: c, check: trail-log-file-validation, severity: high}\n",
        encoding="utf-8",
    )
    given = (
        "check",
        "--policy",
        "many.yaml",
        "--replay",
        "bad.jsonl",
        "--severity",
        "high",
        "--exclude",
        "c=known since May",
    )
    found = run(*given, cwd=here)
    assert "1 result of 1 policy in 1 account" in found.stdout
    assert "excluded: c: known since May" in found.stdout


def test_rendering_options(here: Path) -> None:
    """Each option reaches its reporter."""
    options = (
        "--sarif-category",
        "nightly",
        "--sarif-anchor",
        "ci/audit.yaml",
        "--junit-strict",
        "--markdown-budget",
        "1500",
    )
    given = ("check", "--policy", "trail-log-file-validation", "--replay", "bad.jsonl", *options)
    run(*given, "-o", "sarif=a.sarif", "-o", "junit=a.xml", "-o", "markdown=a.md", cwd=here)
    sarif = (here / "a.sarif").read_text(encoding="utf-8")
    assert json.loads(sarif)["runs"][0]["automationDetails"]["id"] == "nightly/"
    assert '"uri":"ci/audit.yaml"' in sarif
    assert ' file="' not in (here / "a.xml").read_text(encoding="utf-8")
    assert (here / "a.md").stat().st_size <= 1500
