"""Three-valued logic over facts: what is known decides, what is unknown never passes, and gaps in a population count."""

import itertools
from collections.abc import Callable

import pytest

from trailwarden.contract import failed, not_applicable, passed
from trailwarden.errors import Unreadable
from trailwarden.facts import Account, Population
from trailwarden.kleene import all_true, any_true, every, known, some, together, which
from trailwarden.model import Finding, Reason, ReasonCode, Status
from trailwarden.testing import World

GAP = Reason(ReasonCode.THROTTLED, region="eu-west-1")
DENIED = Reason(ReasonCode.ACCESS_DENIED)
LETTERS = {"P": Status.PASS, "F": Status.FAIL, "N": Status.NOT_APPLICABLE, "E": Status.ERROR}


def refuse() -> bool:
    raise Unreadable(DENIED)


def judge(account: Account) -> Finding:
    """A verdict that the subject's name spells: P, F, N or E, and its place."""
    letter = account.account_id[0]
    if letter == "E":
        raise Unreadable(DENIED)
    make = {"P": passed, "F": failed}.get(letter)
    return make(account.account_id, {"seen": letter}, {"wanted": "P"}) if make else not_applicable(account.account_id)


def population(letters: tuple[str, ...], gaps: tuple[Reason, ...] = ()) -> Population[Account]:
    world = World()
    return Population(
        [Account(f"{letter}{place}", reader=world, now=world.now) for place, letter in enumerate(letters)], gaps
    )


def status_of(question: Callable[[], Finding]) -> Status:
    try:
        return question().status
    except Unreadable:
        return Status.ERROR


CASES = [case for size in range(4) for case in itertools.product("PFNE", repeat=size)]


@pytest.mark.parametrize("gaps", [(), (GAP,)], ids=["complete", "gap"])
def test_some_against_its_definition(gaps: tuple[Reason, ...]) -> None:
    """One known pass decides; without it any unknown or gap is an error; the rest fails, or does not apply where that is said."""
    for case in CASES:
        expected = Status.PASS if "P" in case else Status.ERROR if "E" in case or gaps else Status.FAIL
        assert status_of(lambda case=case: some(population(case, gaps), judge, "none")) is expected  # type: ignore[misc]
        if expected is Status.FAIL and "F" not in case:
            expected = Status.NOT_APPLICABLE
        assert status_of(lambda case=case: some(population(case, gaps), judge, "none", idle="idle")) is expected  # type: ignore[misc]


@pytest.mark.parametrize("gaps", [(), (GAP,)], ids=["complete", "gap"])
def test_every_against_its_definition(gaps: tuple[Reason, ...]) -> None:
    """One known failure decides; without it any unknown or gap is an error; all must pass that it applies to, and one must."""
    for case in CASES:
        expected = Status.ERROR if "E" in case or gaps else Status.PASS if "P" in case else Status.FAIL
        expected = Status.FAIL if "F" in case else expected
        assert status_of(lambda case=case: every(population(case, gaps), judge, "all", missing="none")) is expected  # type: ignore[misc]


def test_what_some_says() -> None:
    found = some(population(("F", "P", "P")), judge, "none")
    assert (found.message, found.expected) == ("P1", {"wanted": "P"})
    assert [item.split(":")[4] for item in found.observed["satisfying"]] == ["P1", "P2"]
    assert found.observed["seen"] == "P"
    lost = some(population(("N", "F")), judge, "none")
    assert (lost.message, lost.expected) == ("none", {"wanted": "P"})
    assert [(row["status"], row["message"]) for row in lost.observed["candidates"]] == [
        ("NOT_APPLICABLE", "N0"),
        ("FAIL", "F1"),
    ]
    assert some(population(()), judge, "none").expected == {}
    idle = some(population(("N",)), judge, "none", idle="idle")
    assert (idle.message, len(idle.observed["candidates"])) == ("idle", 1)


def test_what_every_says() -> None:
    found = every(population(("P", "N", "P")), judge, "all of them", missing="none")
    assert (found.message, found.expected) == ("all of them", {"wanted": "P"})
    assert [row["status"] for row in found.observed["candidates"]] == ["PASS", "NOT_APPLICABLE", "PASS"]
    lost = every(population(("F", "E", "F")), judge, "all of them", missing="none")
    assert (lost.message, lost.expected) == ("F0; F2", {"wanted": "P"})
    assert [row["status"] for row in lost.observed["candidates"]] == ["FAIL", "ERROR", "FAIL"]
    assert every(population(("N",)), judge, "all of them", missing="none").message == "none"


@pytest.mark.parametrize("combine", [some, every])
def test_an_unjudged_subject_speaks_before_a_gap(combine: Callable[..., Finding]) -> None:
    words = {"missing": "none"} if combine is some else {"success": "all", "missing": "none"}
    for case, reason in ((("E",), DENIED), (("N",), GAP)):
        with pytest.raises(Unreadable) as caught:
            combine(population(case, (GAP,)), judge, **words)
        assert caught.value.reason == reason


def test_questions_that_must_all_hold() -> None:
    yes, no = passed("yes"), failed("no")

    def unknown() -> Finding:
        raise Unreadable(DENIED)

    assert together(lambda: yes, lambda: no) == [yes, no]
    assert together(lambda: no, unknown) == [no]
    assert together() == []
    with pytest.raises(Unreadable):
        together(lambda: yes, unknown)


def test_what_is_known() -> None:
    assert known(lambda: 7) == 7
    assert known(refuse) is None


def test_truth_tables() -> None:
    """Any and all over yes, no and unknown, in every order."""
    answers: dict[str, Callable[[], bool]] = {"Y": lambda: True, "N": lambda: False, "?": refuse}
    for case in (case for size in range(4) for case in itertools.product("YN?", repeat=size)):
        questions = [answers[letter] for letter in case]
        for combine, decisive, rest in ((any_true, "Y", "N"), (all_true, "N", "Y")):
            if decisive in case or "?" not in case:
                assert combine(*questions) is ((decisive in case) == (rest == "N"))
            else:
                with pytest.raises(Unreadable):
                    combine(*questions)


def test_which_questions_are_answered_yes() -> None:
    assert which({"a": lambda: True, "b": lambda: False, "c": lambda: True}) == ["a", "c"]
    assert which({"a": lambda: True, "b": refuse}) == ["a"]
    assert which({}) == []
    with pytest.raises(Unreadable):
        which({"a": lambda: False, "b": refuse})
