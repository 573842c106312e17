"""The commands around ``check``: what they print is what they say, and it can be used."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from tests.cli.cli_kit import run

from trailwarden.cli import main
from trailwarden.cli.commands import COMMANDS
from trailwarden.facts.operations import READS, READS_ONLY_WITH
from trailwarden.iampolicy import FORMATS, PARTITIONS, RESOURCES, document, render, statements
from trailwarden.policy.texts import FIRST_POLICY, SCHEMA_FILE
from trailwarden.registry import checks, reporters


def call(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process: its code, stdout and stderr."""
    code = main(arguments)
    return (code, *capfd.readouterr())


@pytest.mark.parametrize("command", [item.name for item in COMMANDS])
def test_help_of_every_command(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Each module that the list names exists and explains itself."""
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert capfd.readouterr().out.startswith(f"usage: trailwarden {command} ")


def test_help_and_version(tmp_path: Path) -> None:
    """Every command is listed with its purpose, and the exit codes are told."""
    found = run("--help", cwd=tmp_path)
    assert found.returncode == 0
    assert all(item.help in found.stdout for item in COMMANDS)
    assert re.findall(r"^  (\d)  ", found.stdout, re.MULTILINE) == ["0", "1", "2", "3"]
    assert run("--version", cwd=tmp_path).stdout == "trailwarden 0.1.0\n"


def test_checks_list_and_explain(capfd: pytest.CaptureFixture[str]) -> None:
    """Every check is listed, and each can be explained with its parameters and permissions."""
    code, listing, _ = call(capfd, "checks", "list")
    assert code == 0
    assert [name for name in checks() if f"  {name} " not in listing] == []
    for name, check in checks().items():
        _, text, _ = call(capfd, "checks", "explain", name)
        assert text.startswith(f"{name}\n{check.title}\n")
        assert "\nWhy:\n" in text
        assert "\nFix:\n" in text
        assert max(map(len, text.splitlines())) <= 180
    _, text, _ = call(capfd, "checks", "explain", "bucket-object-lock")
    assert "  s3.GetObjectLockConfiguration (s3:GetBucketObjectLockConfiguration)" in text
    assert "min_retention_days: " in text


def test_an_explained_policy_is_a_policy(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What ``explain`` offers to copy can be copied."""
    _, text, _ = call(capfd, "checks", "explain", "bucket-versioning")
    lines = text.partition("As a policy:\n")[2].partition("\n\n")[0]
    (tmp_path / "p.yaml").write_text(lines, encoding="utf-8")
    assert call(capfd, "policy", "lint", str(tmp_path / "p.yaml"))[0] == 0


def test_policy_init_writes_what_lint_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A first file that works, and that no second run replaces unasked."""
    monkeypatch.chdir(tmp_path)
    assert call(capfd, "policy", "init")[0] == 0
    path = tmp_path / "policies" / "audit-logging.yaml"
    assert path.read_text(encoding="utf-8") == FIRST_POLICY
    assert json.loads(path.with_name(SCHEMA_FILE).read_text(encoding="utf-8"))["title"] == "trailwarden policy file"
    assert call(capfd, "policy", "lint", "policies") == (0, "2 policies in 1 file: no problems\n", "")
    path.write_text("mine", encoding="utf-8")
    code, _, err = call(capfd, "policy", "init")
    assert (code, path.read_text(encoding="utf-8")) == (2, "mine")
    assert "--force" in err
    assert call(capfd, "policy", "init", "--force")[0] == 0
    assert path.read_text(encoding="utf-8") == FIRST_POLICY


WAIVERS = """\
apiVersion: trailwarden/v1
kind: Waivers
waivers:
  - id: w-1
    policy: validation-on
    subject: "*"
    reason: until the migration
    ticket: OPS-1
    owner: platform
    approved_by: security
    approved_on: 2026-01-01
    expires: 2026-03-01
"""
CASES = """\
apiVersion: trailwarden/v1
kind: PolicyTest
tests:
  - {{name: a trail without digests, policy: validation, given: bad.jsonl, expect: {status}}}
"""


def test_policy_lint_reads_waivers_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Policies and waivers are checked together, and all problems of both are told."""
    monkeypatch.chdir(tmp_path)
    call(capfd, "policy", "init", "baseline/policy.yaml")
    Path("baseline/waivers.yaml").write_text(WAIVERS, encoding="utf-8")
    expected = "2 policies and 1 waiver document in 2 files: no problems\n"
    assert call(capfd, "policy", "lint", "baseline") == (0, expected, "")
    Path("baseline/waivers.yaml").write_text(WAIVERS.replace("2026-03-01", "tomorrow"), encoding="utf-8")
    Path("baseline/policy.yaml").write_text("id: x\ncheck: nope\n", encoding="utf-8")
    code, out, err = call(capfd, "policy", "lint", "baseline")
    assert (code, out) == (2, "")
    assert "baseline/policy.yaml:2:8: " in err
    assert "baseline/waivers.yaml:12:14: " in err


def test_policy_lint_finds_repairs_and_reports(tmp_path: Path, renaming_plugin: Path) -> None:
    """1 for doubts, 0 once they are repaired; what can't be used is 2 beside the doubts; SARIF holds all of it."""
    env = {"PYTHONPATH": str(renaming_plugin)}
    (tmp_path / "p.yaml").write_bytes(b"\xef\xbb\xbfid: x\ncheck: old-name  # since 2020\n")
    (tmp_path / "q.yaml").write_text("id: y\ncheck: nope\n", encoding="utf-8")
    said = "p.yaml:2:8: warning: 'old-name' is now called 'new-name' [former-check-id]\n"
    doubtful = run("policy", "lint", "p.yaml", cwd=tmp_path, env=env)
    assert (doubtful.returncode, doubtful.stdout) == (1, f"{said}1 policy in 1 file: 1 finding\n")
    broken = run("policy", "lint", "p.yaml", "q.yaml", "--sarif", "out/lint.sarif", cwd=tmp_path, env=env)
    assert (broken.returncode, broken.stdout) == (2, said)
    assert broken.stderr.startswith("q.yaml:2:8: unknown check 'nope'")
    [sarif] = json.loads((tmp_path / "out" / "lint.sarif").read_text(encoding="utf-8"))["runs"]
    assert [item["ruleId"] for item in sarif["results"]] == ["former-check-id", "invalid"]
    repaired = run("policy", "lint", "p.yaml", "--fix", cwd=tmp_path, env=env)
    assert (repaired.returncode, repaired.stdout) == (0, "1 policy in 1 file: no problems\n")
    assert repaired.stderr == "trailwarden: repaired p.yaml\n"
    assert (tmp_path / "p.yaml").read_bytes() == b"\xef\xbb\xbfid: x\ncheck: new-name  # since 2020\n"


def test_policy_test(here: Path) -> None:
    """0 when every case goes as expected, 1 when one does not, with the place and a JUnit file."""
    (here / "policy_test.yaml").write_text(CASES.format(status="FAIL"), encoding="utf-8")
    good = run("policy", "test", "policy_test.yaml", cwd=here)
    assert (good.returncode, good.stdout) == (0, "1 test, 0 failed\n"), good.stderr
    (here / "policy_test.yaml").write_text(CASES.format(status="PASS"), encoding="utf-8")
    bad = run("policy", "test", "policy_test.yaml", "--junit", "out/junit.xml", cwd=here)
    assert bad.returncode == 1
    assert "FAILED validation: a trail without digests (policy_test.yaml:4)" in bad.stdout
    assert 'failures="1"' in (here / "out" / "junit.xml").read_text(encoding="utf-8")


def test_policy_list_and_show(capfd: pytest.CaptureFixture[str]) -> None:
    """Packs with their policies; the text of a policy is YAML that says what its file says."""
    _, listing, _ = call(capfd, "policy", "list")
    assert "pack baseline: " in listing
    assert re.search(r"^  bucket-object-lock +high +Object Lock", listing, re.MULTILINE)
    _, narrow, _ = call(capfd, "policy", "list", "bucket-*")
    assert {line.split()[0].partition("-")[0] for line in narrow.splitlines()} == {"bucket"}
    _, text, _ = call(capfd, "policy", "show", "bucket-object-lock", "trail-multi-region")
    shown = list(yaml.safe_load_all(text))
    assert [item["metadata"]["id"] for item in shown] == ["bucket-object-lock", "trail-multi-region"]


def test_policy_schema_accepts_the_starter(capfd: pytest.CaptureFixture[str]) -> None:
    """The published schema is a schema, knows every check, and accepts what ``init`` writes."""
    _, text, _ = call(capfd, "policy", "schema")
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert [name for name in checks() if f'"{name}"' not in text] == []
    for item in yaml.safe_load_all(FIRST_POLICY):
        jsonschema.validate(item, schema)
    _, text, _ = call(capfd, "policy", "schema", "Waivers")
    assert json.loads(text)["title"] == "trailwarden Waivers"
    code, _, err = call(capfd, "policy", "schema", "Waiver")
    assert (code, "did you mean 'Waivers'?" in err) == (2, True)


def test_convert_gives_what_the_run_gave(here: Path) -> None:
    """Every format is a function of results.json."""
    run(
        "check",
        "--policy",
        "policy.yaml",
        "--replay",
        "half-blind.jsonl",
        "--evidence",
        "pack",
        *("-o", "table=t", "-o", "markdown=m"),
        cwd=here,
    )
    found = run(
        "convert", "pack", *(w for n in ("junit", "sarif", "markdown", "json") for w in ("-o", f"{n}=c/{n}")), cwd=here
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    names = {
        "junit": "pack/junit.xml",
        "sarif": "pack/results.sarif",
        "markdown": "m",  # the pack's own shows the ledger as well
        "json": "pack/results.json",
    }
    for name, original in names.items():
        assert (here / "c" / name).read_bytes() == (here / original).read_bytes()
    piped = run("convert", "-", cwd=here, stdin=(here / "pack" / "results.json").read_text(encoding="utf-8"))
    assert piped.stdout == (here / "t").read_text(encoding="utf-8")


def test_convert_refuses_what_does_not_add_up(here: Path) -> None:
    """An edited file is no result."""
    run("check", "--policy", "policy.yaml", "--replay", "bad.jsonl", "-o", "json=r.json", cwd=here)
    text = (here / "r.json").read_text(encoding="utf-8")
    (here / "r.json").write_text(text.replace('"status":"FAIL"', '"status":"PASS"'), encoding="utf-8")
    found = run("convert", "r.json", cwd=here)
    assert (found.returncode, found.stdout) == (2, "")
    assert "r.json: summary: " in found.stderr


def test_every_reporter_renders_a_run(here: Path) -> None:
    """Whatever format is installed can be asked for."""
    run("check", "--policy", "policy.yaml", "--replay", "half-blind.jsonl", "-o", "json=r.json", cwd=here)
    found = run("convert", "r.json", *(word for name in reporters() for word in ("-o", f"{name}=out/{name}")), cwd=here)
    assert found.returncode == 0, found.stderr
    assert sorted(path.name for path in (here / "out").iterdir()) == sorted(reporters())


def test_iam_policy_is_what_the_plan_needs(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing that no chosen policy reads, and each action on the resources it can be limited to."""
    _, text, _ = call(capfd, "iam-policy", "--policy", "trail-multi-region")
    policy = json.loads(text)
    allowed = {item["Sid"]: (set(item["Action"]), item["Resource"]) for item in policy["Statement"]}
    assert allowed == {
        "Account": ({"cloudtrail:DescribeTrails", "ec2:DescribeRegions"}, "*"),
        "Trails": ({"cloudtrail:GetTrailStatus"}, "arn:aws:cloudtrail:*:*:trail/*"),
    }
    _, text, _ = call(capfd, "iam-policy", "--policy", "bucket-object-lock", "--partition", "aws-us-gov")
    assert '"Resource": "arn:aws-us-gov:s3:::*"' in text


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("partition", PARTITIONS)
def test_every_form_of_the_iam_policy_grants_the_same(form: str, partition: str) -> None:
    """All reads there are, once each, on the same resources, whatever the spelling."""
    actions = sorted(set(READS.values()) - {""})
    text = render(actions, form, partition)
    assert [action for action in actions if text.count(f'"{action}"') != 1] == []
    for item in statements(actions, partition):
        assert f'"{item.resource}"' in text
    if form == "json":
        assert json.loads(text) == document(actions, partition)
    if form == "cloudformation":
        resource = json.loads(text)["Resources"]["TrailwardenRead"]
        assert resource["Properties"]["PolicyDocument"] == document(actions, partition)
    if form == "terraform":
        assert text.count("{") == text.count("}")
        assert text.count("statement {") == len(statements(actions, partition))


def test_only_actions_that_are_read_are_limited() -> None:
    """A misspelt action would be granted on everything."""
    assert sorted(set(RESOURCES) - set(READS.values())) == []


def test_no_read_allows_a_write() -> None:
    """What the policy can ever grant is to look, to have IAM evaluate its policies, and, where a policy says so, to query what Lake holds."""
    looking = re.compile(r"^[a-z0-9-]+:(Get|List|Describe|Lookup)[A-Za-z]+$")
    others = [action for action in READS.values() if action and not looking.match(action)]
    assert others == ["cloudtrail:StartQuery", "iam:SimulatePrincipalPolicy"]
    assert dict(READS_ONLY_WITH) == {"cloudtrail.StartQuery": {"QueryStatement"}}
