"""Wildcard patterns: exact against every word of a small alphabet."""

import itertools
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailwarden.policydoc import PolicyTextError
from trailwarden.policydoc.glob import Variable, compile_glob, covered, literal, overlaps

# A busy machine is no reason to fail.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# "z" occurs in no pattern: it stands for the letters that a pattern does not name.
WORDS = ["".join(letters) for size in range(7) for letters in itertools.product("abz", repeat=size)]
PATTERNS = st.text("ab*?", max_size=4)


@cache
def reference(pattern: str, word: str) -> bool:
    """The definition of wildcards, in its plainest form."""
    if not pattern:
        return not word
    if pattern[0] == "*":
        return any(reference(pattern[1:], word[cut:]) for cut in range(len(word) + 1))
    return bool(word) and pattern[0] in {"?", word[0]} and reference(pattern[1:], word[1:])


@cache
def language(pattern: str) -> frozenset[str]:
    return frozenset(word for word in WORDS if reference(pattern, word))


@UNHURRIED
@given(PATTERNS, st.sampled_from(WORDS))
def test_matching(pattern: str, word: str) -> None:
    assert compile_glob(pattern).matches(word) is reference(pattern, word)


@settings(UNHURRIED, max_examples=200)
@given(PATTERNS, PATTERNS)
def test_overlap_is_a_common_word(one: str, other: str) -> None:
    assert overlaps(compile_glob(one), compile_glob(other)) is bool(language(one) & language(other))


@settings(UNHURRIED, max_examples=250)
@given(PATTERNS, st.lists(PATTERNS, max_size=3))
def test_cover_is_a_subset(target: str, patterns: list[str]) -> None:
    union = frozenset[str]().union(*(language(item) for item in patterns))
    assert covered(compile_glob(target), [compile_glob(item) for item in patterns]) is (language(target) <= union)


@pytest.mark.parametrize(
    ("target", "patterns", "expected"),
    [
        ("s3:*", ["s3:*"], True),
        ("s3:*", ["*"], True),
        ("s3:*", ["s3:?*"], False),
        ("s3:*", ["s3:?*", "s3:"], True),
        ("s3:*", [], False),
        ("", [], False),
        ("", ["*"], True),
        ("*", ["**"], True),
        ("?*", ["*?"], True),
        ("*ab", ["*b"], True),
        ("a*", ["*a*"], True),
        ("*a*", ["a*"], False),
    ],
)
def test_known_covers(target: str, patterns: list[str], expected: bool) -> None:
    assert covered(compile_glob(target), [compile_glob(item) for item in patterns]) is expected


def test_variables_and_escapes() -> None:
    assert compile_glob("a${aws:UserName}b").tokens == ("a", Variable("aws:username"), "b")
    assert compile_glob("${ aws:PrincipalTag/Team , 'x, y' }").tokens == (Variable("aws:principaltag/team", "x, y"),)
    assert compile_glob("${*}${?}${$}").tokens == ("*", "?", "$")
    assert compile_glob("${*}").fixed
    assert compile_glob("aX").tokens == ("a", "X")
    assert compile_glob("a${").tokens == ("a", "$", "{")
    assert not compile_glob("${aws:username}").fixed
    assert not compile_glob("a*").fixed
    assert compile_glob("a*", wildcards=False).tokens == ("a", "*")
    assert compile_glob("a*", wildcards=False).fixed
    assert compile_glob("${x}", variables=False).tokens == ("$", "{", "x", "}")
    assert literal("*").tokens == ("*",)


def test_variables_are_any_text_in_the_target_and_nothing_in_a_pattern() -> None:
    variable = compile_glob("a${aws:username}")
    assert variable.variables == (Variable("aws:username"),)
    assert overlaps(variable, compile_glob("ab"))
    assert overlaps(compile_glob("ab"), variable)
    assert not overlaps(variable, compile_glob("b"))
    assert covered(variable, [compile_glob("a*")])
    assert not covered(compile_glob("ab"), [variable])
    assert not covered(variable, [variable])
    assert covered(compile_glob("ab"), [variable, compile_glob("ab")])


def test_case_counts() -> None:
    assert not compile_glob("A*").matches("ab")


def test_hostile_patterns_are_refused_in_bounded_time() -> None:
    """Containment is exponential in the worst case; a text made for that is an error, not a hang."""
    with pytest.raises(PolicyTextError, match="too complex"):
        covered(compile_glob("*a" + "?" * 40), [compile_glob("*a" + "?" * 40)])
