"""Whether a statement speaks of a request, and what a policy says to it."""

from typing import Any

import pytest

from trailwarden.policydoc import Context, Match, Principal, Request, decide, parse, statement_matches

YES, NO, MAYBE = Match.MATCH, Match.NO_MATCH, Match.UNKNOWN
ACCOUNT, OTHER = "111122223333", "999988887777"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/a"
BUCKET = "arn:aws:s3:::logs"
TAGGED = {"StringEquals": {"aws:tag": "x"}}


def statement(**changes: Any) -> dict[str, Any]:
    merged = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", **changes}
    return {key: value for key, value in merged.items() if value is not None}


def ask(
    *statements: dict[str, Any], principal: str = ROLE, resource: str = BUCKET, version: str = "2012-10-17"
) -> Match:
    """What the policy says to s3:GetObject by the principal, of whom only the user name is known."""
    kind = "Service" if principal.endswith(".com") else "AWS"
    context = Context({"aws:username": ("ann",)})
    request = Request("s3:GetObject", resource, Principal(kind, principal), context)
    return decide(parse({"Version": version, "Statement": list(statements)}), request)


def test_a_deny_beats_an_allow_and_silence_is_no() -> None:
    allow, deny = statement(), statement(Effect="Deny")
    maybe_allow, maybe_deny = statement(Condition=TAGGED), statement(Effect="Deny", Condition=TAGGED)
    assert ask(allow) is YES
    assert ask(deny) is NO
    assert ask(allow, deny) is NO
    assert ask(maybe_allow) is MAYBE
    assert ask(allow, maybe_deny) is MAYBE
    assert ask(allow, maybe_allow) is YES
    assert ask(maybe_allow, deny) is NO
    assert ask(maybe_deny) is NO
    assert ask(statement(Action="s3:PutObject")) is NO


@pytest.mark.parametrize(
    ("entry", "principal", "expected"),
    [
        ({"AWS": ROLE}, ROLE, YES),
        ({"AWS": ROLE}, ROLE.lower().replace("role/a", "role/A"), NO),
        ({"AWS": ACCOUNT}, ROLE, YES),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ROLE, YES),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ACCOUNT, YES),
        ({"AWS": ROLE}, ACCOUNT, NO),
        ({"AWS": OTHER}, ROLE, NO),
        ({"AWS": [OTHER, ROLE]}, ROLE, YES),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, ROLE, YES),
        ({"Service": "a.amazonaws.com"}, "a.amazonaws.com", YES),
        ({"Service": "a.amazonaws.com"}, "b.amazonaws.com", NO),
        ({"AWS": "a.amazonaws.com"}, "a.amazonaws.com", NO),
        ({"Federated": ROLE}, ROLE, NO),
        ("*", "a.amazonaws.com", YES),
        ({"AWS": ACCOUNT}, "a.amazonaws.com", NO),
    ],
)
def test_principals(entry: Any, principal: str, expected: Match) -> None:
    assert ask(statement(Principal=entry), principal=principal) is expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"AWS": ROLE}, NO),
        ({"AWS": [ROLE, OTHER]}, NO),
        ("*", NO),
        ({"AWS": OTHER}, YES),
        ({"Service": "a.amazonaws.com"}, YES),
        ({"AWS": "AROAEXAMPLE"}, YES),
        # An account, or a neighbour in it: AWS wants the role and its account listed.
        ({"AWS": ACCOUNT}, MAYBE),
        ({"AWS": [OTHER, f"arn:aws:iam::{ACCOUNT}:role/b"]}, MAYBE),
    ],
)
def test_exceptions_of_not_principal(entry: Any, expected: Match) -> None:
    assert ask(statement(Principal=None, NotPrincipal=entry)) is expected


def test_services_belong_to_no_account() -> None:
    others = statement(Principal=None, NotPrincipal={"Service": "b.amazonaws.com", "AWS": "AROAEXAMPLE"})
    assert ask(others, principal="a.amazonaws.com") is YES


def test_a_guardrail_speaks_of_everybody() -> None:
    policy = parse({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}, principals=False)
    request = Request("s3:GetObject", BUCKET, Principal("AWS", ROLE))
    assert statement_matches(policy.statements[0], request) is YES


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"Action": "S3:GET*"}, YES),
        ({"Action": ["s3:Put*", "s3:getobject"]}, YES),
        ({"Action": "s3:Put*"}, NO),
        ({"Action": None, "NotAction": "s3:Get*"}, NO),
        ({"Action": None, "NotAction": ["s3:Put*", "iam:*"]}, YES),
        ({"Action": "${x}"}, NO),
        ({"Resource": BUCKET}, YES),
        ({"Resource": BUCKET.upper()}, NO),
        ({"Resource": f"{BUCKET}/*"}, NO),
        ({"Resource": None, "NotResource": BUCKET}, NO),
        ({"Resource": None, "NotResource": f"{BUCKET}/*"}, YES),
        ({"Resource": "arn:aws:s3:::${aws:unheard}"}, MAYBE),
        ({"Resource": ["arn:aws:s3:::${aws:unheard}", BUCKET]}, YES),
        ({"Resource": None, "NotResource": "arn:aws:s3:::${aws:unheard}"}, MAYBE),
        ({"Resource": "arn:aws:s3:::${aws:username}"}, NO),
    ],
)
def test_actions_and_resources(parts: dict[str, Any], expected: Match) -> None:
    assert ask(statement(**parts)) is expected


def test_variables_are_read_from_the_request() -> None:
    own = statement(Resource="arn:aws:s3:::${aws:username}")
    assert ask(own, resource="arn:aws:s3:::ann") is YES
    assert ask(own, resource="arn:aws:s3:::ann", version="2008-10-17") is NO
    assert ask(own, resource="arn:aws:s3:::${aws:username}", version="2008-10-17") is YES
