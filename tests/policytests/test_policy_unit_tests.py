"""Unit tests of policies: where they are found, what they are given, what they can expect."""

import os
from pathlib import Path

import junitparser
import pytest

from trailwarden.errors import PolicyError, UsageError
from trailwarden.ledger import Header, Ledger
from trailwarden.policytests.cases import load_cases
from trailwarden.policytests.runner import Outcome, exit_code, junit_text, run_cases, summary
from trailwarden.registry import checks
from trailwarden.testing import World

BAD = Path(__file__).parent / "data" / "bad"
HEAD = "apiVersion: trailwarden/v1\n"
TRAIL = """\
        - operation: cloudtrail.DescribeTrails
          reply:
            trailList:
              - Name: main
                TrailARN: arn:aws:cloudtrail:us-east-1:111122223333:trail/main
                HomeRegion: us-east-1
                S3BucketName: logs
                LogFileValidationEnabled: {validation}
"""
POLICY = (
    HEAD
    + """\
kind: Policy
metadata: {id: proven}
subject: trail
quantifier: any
params: {mode: {type: string, default: all}}
require:
  - check: trail-log-file-validation
    with: {mode: "${params.mode}"}
tests:
"""
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def case(name: str, given: str, expect: str) -> str:
    return f"  - name: {name}\n    given:\n{given}    expect: {expect}\n"


def replies(*, validation: str = "true", more: str = "") -> str:
    return "      replies:\n" + TRAIL.format(validation=validation) + more


def run(text: str, path: str = "proven.yaml") -> list[Outcome]:
    Path(path).write_text(text, encoding="utf-8")
    return run_cases(load_cases([Path(path)], checks()))


def test_each_status_can_be_stated() -> None:
    """PASS, FAIL, ERROR with its reason, and what follows from an empty account."""
    outcomes = run(
        POLICY
        + case("good", replies(), "PASS")
        + case("bad", replies(validation="false"), "{status: FAIL, message: 'main: '}")
        + case("denied", "      deny: [cloudtrail.DescribeTrails]\n", "{status: ERROR, reason: ACCESS_DENIED}")
        + case("unsaid", "      regions: [us-east-1]\n", "{status: ERROR, reason: NOT_RECORDED}")
        + case(
            "throttled",
            "      replies:\n        - operation: cloudtrail.DescribeTrails\n"
            "          error: {code: ThrottlingException, message: Rate exceeded}\n",
            "{status: ERROR, reason: THROTTLED}",
        )
        + case(
            "empty",
            "      replies:\n        - {operation: cloudtrail.DescribeTrails, reply: {trailList: []}}\n",
            "FAIL",
        )
    )
    assert [outcome.problems for outcome in outcomes] == [()] * 6
    assert exit_code(outcomes) == 0
    assert summary(outcomes) == "6 tests, 0 failed\n"


def test_what_is_not_as_expected_says_why() -> None:
    """Status, reason, message and single results are compared, all of them."""
    [outcome] = run(
        POLICY
        + case(
            "wrong",
            replies(),
            "{status: ERROR, reason: THROTTLED, message: moon, results: {'*:root': FAIL, 'arn:none': PASS}}",
        )
    )
    assert outcome.problems == (
        "expected ERROR, got PASS",
        "expected the reason THROTTLED, got none",
        "no message contains 'moon'",
        "expected FAIL for arn:aws:iam::111122223333:root, got PASS",
        "no result is about arn:none",
    )
    assert exit_code([outcome]) == 1
    text = summary([outcome])
    assert text.startswith("FAILED proven: wrong (proven.yaml:11)\n  expected ERROR, got PASS\n")
    assert text.endswith("\n1 test, 1 failed\n")


def test_junit_is_read_by_others() -> None:
    """Names and messages may hold anything."""
    outcomes = run(POLICY + case('"a ]]> <b> & \\u0001"', replies(), "FAIL") + case("good", replies(), "PASS"))
    suites = list(junitparser.JUnitXml.fromstring(junit_text(outcomes).encode()))
    assert [(suite.name, suite.tests, suite.failures) for suite in suites] == [("proven", 2, 1)]
    first, second = suites[0]
    assert (first.name, first.classname) == ("a ]]> <b> & \ufffd", "proven")
    assert first.result[0].message == "expected FAIL, got PASS"
    assert second.result == []


def test_recorded_ledger_with_a_change() -> None:
    """A case can begin with a recorded account and break one thing; paths are relative to its own file."""
    world = World()
    world.add_trail("main")
    account = world.account()
    for trail in account.trails:
        _ = trail.status
    Path("sub").mkdir()
    Ledger(
        Header(clock="2026-11-22T12:00:00Z", caller={"account": account.account_id}), world.ledger().replies.items()
    ).write(Path("sub/world.jsonl"))
    text = POLICY + "  - {name: recorded, given: world.jsonl, expect: PASS}\n"
    text += "  - {name: broken, given: {ledger: world.jsonl, deny: [cloudtrail.DescribeTrails]}, expect: ERROR}\n"
    text += "  - {name: gone, given: nowhere.jsonl, expect: PASS}\n"
    recorded, broken, gone = run(text, "sub/proven.yaml")
    assert recorded.problems == broken.problems == ()
    assert "nowhere.jsonl" in gone.problems[0]


def test_file_beside_the_policy() -> None:
    """`x_test.yaml` tests the policies of `x.yaml` and built-in ones; a folder runs everything below it."""
    Path("p").mkdir()
    Path("p/first.yaml").write_text("id: proven\ncheck: trail-log-file-validation\n")
    Path("p/first_test.yaml").write_text(
        HEAD
        + "kind: PolicyTest\ntests:\n"
        + case("good", replies(), "PASS").replace("  - name", "  - policy: proven\n    name")
        + case("builtin", replies(validation="false"), "FAIL").replace(
            "  - name", "  - policy: trail-log-file-validation\n    name"
        )
    )
    for path in ("p", "p/first_test.yaml"):
        outcomes = run_cases(load_cases([Path(path)], checks()))
        assert [(outcome.policy, outcome.passed) for outcome in outcomes] == [
            ("proven", True),
            ("trail-log-file-validation", True),
        ]
    Path("p/other_test.yaml").write_text(
        HEAD
        + "kind: PolicyTest\npolicies: [first.yaml]\ntests:\n"
        + case("good", replies(), "PASS").replace("  - name", "  - policy: proven\n    name")
    )
    assert len(load_cases([Path("p")], checks())) == 3


def test_parameters_of_a_case() -> None:
    """A case may set parameters; wrong ones are found before anything runs."""
    good = case("good", replies(), "{status: FAIL, message: no trail that records everything}").replace(
        "    expect", "    params: {mode: any_primary}\n    expect"
    )
    assert run(POLICY + good)[0].passed
    with pytest.raises(PolicyError, match=r"proven\.yaml:9:18: .*'some' is not allowed"):
        run(POLICY + good.replace("any_primary", "some"))


@pytest.mark.parametrize("name", sorted(path.stem for path in BAD.glob("*.yaml")))
def test_mistakes_in_test_files(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a pair of files; what can be wrong in the `tests:` of a policy is beside the policies' own mistakes."""
    monkeypatch.chdir(BAD)
    with pytest.raises(PolicyError) as caught:
        load_cases([Path(f"{name}.yaml")], checks())
    expected = BAD / f"{name}.txt"
    if os.environ.get("REWRITE_EXPECTED"):
        expected.write_text(f"{caught.value}\n", encoding="utf-8")
    assert f"{caught.value}\n" == expected.read_text(encoding="utf-8")


def test_no_cases_and_unknown_policies() -> None:
    """Nothing run is nothing proven."""
    with pytest.raises(UsageError, match="there are no tests"):
        run("id: a\ncheck: trail-log-file-validation\n")
    Path("b_test.yaml").write_text(
        HEAD + "kind: PolicyTest\ntests: [{policy: trail-log-file-validaton, name: n, given: x, expect: PASS}]\n"
    )
    with pytest.raises(PolicyError, match=r"did you mean 'trail-log-file-validation'\?"):
        load_cases([Path("b_test.yaml")], checks())


def test_bad_clock_is_a_problem_of_its_case() -> None:
    """The other cases still run."""
    bad, good = run(
        POLICY + case("bad", "      clock: yesterday\n" + replies(), "PASS") + case("good", replies(), "PASS")
    )
    assert bad.problems == ("'yesterday' is no instant\n  write it as 2026-11-22T12:00:00Z",)
    assert good.passed
