"""The example that the language was designed with, and the first policy of the README, over a make-believe account."""

from pathlib import Path

import pytest

from trailwarden.evaluate import evaluate
from trailwarden.model import PolicyResult, Result, Status
from trailwarden.policy.lint import lint
from trailwarden.policy.select import select
from trailwarden.policytests.cases import load_cases
from trailwarden.policytests.runner import run_cases
from trailwarden.registry import checks
from trailwarden.testing import World

EXAMPLE = Path(__file__).parent / "data" / "good" / "example.yaml"


def judge(world: World) -> tuple[PolicyResult, Result]:
    [policy] = select([str(EXAMPLE)], checks=checks()).policies
    verdict, [row] = evaluate(policy, world.account())
    return verdict, row


def test_one_good_trail_is_enough() -> None:
    """A second trail that satisfies nothing does not matter to `any`."""
    world = World()
    world.add_trail("good")
    world.add_trail("bad", LogFileValidationEnabled=False)
    verdict, row = judge(world)
    assert (verdict.status, verdict.satisfying) == (Status.PASS, 1), row.message


@pytest.mark.parametrize(
    "flaw",
    [
        {"LogFileValidationEnabled": False},
        {"IsMultiRegionTrail": False},
        {"status": {"IsLogging": False}},
    ],
    ids=lambda flaw: next(iter(flaw)),
)
def test_flaws_of_two_trails_do_not_cancel(flaw: dict[str, object]) -> None:
    """What one trail lacks, the other can't lend it: the same subject has to satisfy everything."""
    world = World()
    world.add_trail("first", **flaw)  # type: ignore[arg-type]  # fields by AWS's names
    assert judge(world)[0].status is Status.FAIL


def test_unknown_is_an_error() -> None:
    """With the lock unreadable, nobody can say that one trail is good."""
    world = World()
    world.add_trail("good")
    world.deny("s3.GetObjectLockConfiguration")
    verdict, row = judge(world)
    assert verdict.status is Status.ERROR
    assert row.reason is not None
    assert row.reason.missing_action == "s3:GetBucketObjectLockConfiguration"


def test_account_without_a_trail_fails() -> None:
    """`on: {empty: fail}`."""
    assert judge(World())[0].status is Status.FAIL


def test_example_is_sound() -> None:
    """Lint has nothing to say about it."""
    assert [str(issue) for issue in lint([EXAMPLE], checks())] == []


def test_its_own_unit_test_runs(tmp_path: Path) -> None:
    """`given` is a recorded account beside the policy: here one recorded while judging."""
    world = World()
    world.add_trail("good")
    [policy] = select([str(EXAMPLE)], checks=checks()).policies
    evaluate(policy, world.account())
    world.ledger().write(tmp_path / "good-account.json")
    (tmp_path / "example.yaml").write_bytes(EXAMPLE.read_bytes())
    [outcome] = run_cases(load_cases([tmp_path], checks()))
    assert outcome.problems == ()
