"""What a user or role may do: against brute force on small universes, and where the kinds of policies meet."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.policydoc import Caller, Context, Match, PolicyDocument, Principal, Request, about, decide, may, parse

ALICE = Principal("AWS", "arn:aws:iam::111122223333:user/alice")
RESOURCES = ("b", "b/x", "b/y", "b/x/y", "c")
ACTIONS = ("s3:Get", "s3:Put", "kms:Get")
NOTHING = Context()


def policy(*statements: Any, principals: bool = False) -> PolicyDocument | None:
    if not statements:
        return None
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, principals=principals)


def caller(
    *documents: PolicyDocument | None, boundary: PolicyDocument | None = None, context: Context = NOTHING
) -> Caller:
    named = {f"p{number}": item for number, item in enumerate(documents) if item is not None}
    return Caller(ALICE, named, boundary, (context,))


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    action = draw(st.sampled_from(["Action", "NotAction"]))
    resource = draw(st.sampled_from(["Resource", "NotResource"]))
    return {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        action: draw(st.sampled_from(["*", "s3:*", "s3:Get", "S3:P?t", "kms:*", "*:Get"])),
        resource: draw(st.sampled_from(["*", "b", "b/*", "b/x*", "b/?", "b/y", "c", "*y"])),
    }


DOCUMENTS = st.lists(statements(), max_size=4).map(lambda items: policy(*items))


def brute(identity: PolicyDocument | None, boundary: PolicyDocument | None, action: str, resource: str) -> bool:
    """The user guide's rule on one request: an Allow of the policies, one of the boundary, and no Deny of either."""
    request = Request(action, resource, ALICE, NOTHING)
    asked = [item for item in (identity, boundary) if item is not None]
    return identity is not None and all(decide(item, request) is Match.MATCH for item in asked)


@given(DOCUMENTS, st.one_of(st.none(), DOCUMENTS), st.sampled_from(ACTIONS), st.sampled_from(RESOURCES))
def test_on_one_resource_it_is_the_rule_of_the_user_guide(
    identity: PolicyDocument | None, boundary: PolicyDocument | None, action: str, resource: str
) -> None:
    answer = may(caller(identity, boundary=boundary), action, resource)
    assert answer.match is Match.of(brute(identity, boundary, action, resource))
    assert bool(answer.grounds) is (answer.match is Match.MATCH)


@given(DOCUMENTS, st.sampled_from(ACTIONS), st.sampled_from(["*", "b/*", "b/x*", "*y"]))
def test_on_a_pattern_no_resource_that_is_open_is_missed(
    identity: PolicyDocument | None, action: str, pattern: str
) -> None:
    inside = {"*": RESOURCES, "b/*": ("b/x", "b/y", "b/x/y"), "b/x*": ("b/x", "b/x/y"), "*y": ("b/y", "b/x/y")}
    opened = any(brute(identity, None, action, item) for item in inside[pattern])
    answer = may(caller(identity), action, pattern)
    assert answer.match is Match.MATCH or not opened


@given(DOCUMENTS, st.sampled_from(ACTIONS), st.sampled_from(RESOURCES))
def test_leaving_out_other_services_changes_nothing(
    identity: PolicyDocument | None, action: str, resource: str
) -> None:
    if identity is not None:
        narrowed = about(identity, {action.partition(":")[0]})
        assert may(caller(narrowed), action, resource).match is may(caller(identity), action, resource).match
        assert about(identity, {"*"}) is identity


def allow(resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:Get", "Resource": resource, **more}


def deny(resource: str = "*", **more: Any) -> dict[str, Any]:
    return {**allow(resource, **more), "Effect": "Deny"}


NOT_THERE = {"Effect": "Deny", "Action": "s3:Get", "NotResource": "b/x*"}


@pytest.mark.parametrize(
    ("own", "match"),
    [
        ([allow("b/x/*"), deny("b/x/*")], Match.NO_MATCH),
        ([allow("b/*"), deny("b/x/*")], Match.MATCH),
        ([allow("b/x/*"), deny("b/*")], Match.NO_MATCH),
        ([allow("b/x"), allow("b/y"), deny("b/x")], Match.MATCH),
        ([allow("*"), deny("b/x*"), NOT_THERE], Match.NO_MATCH),
        ([allow("*/x"), deny("b/x")], Match.MATCH),
        ([allow("c/*")], Match.NO_MATCH),
        # One of several patterns reaches beyond what is asked about, beside it, or not at all.
        ([allow(["b/x", "*"]), deny("b/x")], Match.MATCH),
        ([allow(["b/x", "c/*"]), deny("b/x")], Match.NO_MATCH),
        ([allow(["b/x", "b/y"]), deny("b/?")], Match.NO_MATCH),
        ([allow(["b/x", "b/y"]), deny("b/x")], Match.MATCH),
    ],
)
def test_a_deny_must_cover_all_that_an_allow_gives(own: list[Any], match: Match) -> None:
    assert may(caller(policy(*own)), "s3:Get", "b/*").match is match


MFA: Any = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}


@pytest.mark.parametrize(
    ("own", "match"),
    [
        ([allow(**MFA)], Match.UNKNOWN),
        ([allow(), deny(**MFA)], Match.UNKNOWN),
        ([allow(**MFA), allow()], Match.MATCH),
        ([allow(**MFA), deny()], Match.NO_MATCH),
    ],
)
def test_conditions_that_are_not_known(own: list[Any], match: Match) -> None:
    assert may(caller(policy(*own)), "s3:Get", "b").match is match


def test_one_context_in_which_it_works_is_enough() -> None:
    named = policy(allow(Condition={"StringLike": {"aws:userid": "AROA:night*"}}))
    contexts = tuple(Context({"aws:userid": (value,)}) for value in ("AROA:other", "AROA:nightly"))
    assert named is not None
    assert may(Caller(ALICE, {"p": named}, None, contexts[:1]), "s3:Get", "b").match is Match.NO_MATCH
    assert may(Caller(ALICE, {"p": named}, None, contexts), "s3:Get", "b").match is Match.MATCH


ROOT = {"AWS": "arn:aws:iam::111122223333:root"}


@pytest.mark.parametrize(
    ("own", "resource", "delegates", "match"),
    [
        ([], allow(Principal={"AWS": ALICE.value}), True, Match.MATCH),
        ([], allow(Principal=ROOT), True, Match.NO_MATCH),
        ([], allow(Principal="*"), True, Match.MATCH),
        ([], allow(NotPrincipal={"AWS": "arn:aws:iam::111122223333:user/bob"}), True, Match.UNKNOWN),
        ([], allow(NotPrincipal={"AWS": ALICE.value}), True, Match.NO_MATCH),
        ([allow()], allow("c", Principal=ROOT), True, Match.MATCH),
        ([allow()], allow("c", Principal=ROOT), False, Match.NO_MATCH),
        ([allow()], allow(Principal=ROOT), False, Match.MATCH),
        ([], allow(Principal=ROOT), False, Match.NO_MATCH),
        ([], allow(Principal={"AWS": ALICE.value}), False, Match.MATCH),
        ([allow()], deny(Principal="*"), True, Match.NO_MATCH),
        ([allow()], deny(Principal={"AWS": "arn:aws:iam::111122223333:user/bob"}), True, Match.MATCH),
        ([deny()], allow(Principal={"AWS": ALICE.value}), True, Match.NO_MATCH),
    ],
)
def test_the_resources_own_policy(own: list[Any], resource: dict[str, Any], delegates: bool, match: Match) -> None:
    theirs = policy(resource, principals=True)
    assert may(caller(policy(*own)), "s3:Get", "b", policy=theirs, delegates=delegates).match is match
