"""Parsing: what AWS stores is read completely, anything else is refused with a reason."""

import json
from typing import Any

import pytest

from trailwarden.policydoc import Effect, PolicyTextError, Principal, Quantifier, account_of, parse, parse_operator

ALLOW: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}


def document(*statements: Any, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def changed(**changes: Any) -> dict[str, Any]:
    merged = {**ALLOW, **changes}
    return document({key: value for key, value in merged.items() if value is not None})


def test_a_full_statement() -> None:
    (deny, allow) = parse(
        {
            "Version": "2012-10-17",
            "Id": "logs",
            "Statement": [
                {
                    "Sid": "One",
                    "Effect": "Deny",
                    "NotPrincipal": {"AWS": ["111122223333", "*"], "Service": "a.amazonaws.com"},
                    "NotAction": ["s3:Get*", "s3:List*"],
                    "NotResource": "arn:aws:s3:::logs",
                    "Condition": {
                        "StringLike": {"aws:PrincipalTag/Team": ["a", "b"], "aws:SourceArn": "x"},
                        "Bool": {"aws:SecureTransport": False},
                    },
                },
                ALLOW,
            ],
        }
    ).statements
    assert (deny.index, deny.sid, deny.effect) == (0, "One", Effect.DENY)
    assert deny.principals == ()
    assert deny.not_principals == (
        Principal("AWS", "111122223333"),
        Principal("AWS", "*"),
        Principal("Service", "a.amazonaws.com"),
    )
    assert (deny.actions, deny.not_actions) == ((), ("s3:Get*", "s3:List*"))
    assert (deny.resources, deny.not_resources) == ((), ("arn:aws:s3:::logs",))
    assert [(item.operator.name, item.key, item.values) for item in deny.conditions] == [
        ("StringLike", "aws:principaltag/team", ("a", "b")),
        ("StringLike", "aws:sourcearn", ("x",)),
        ("Bool", "aws:securetransport", ("false",)),
    ]
    assert (allow.index, allow.sid, allow.effect) == (1, "", Effect.ALLOW)
    assert allow.principals == (Principal("AWS", "*"),)
    assert (allow.actions, allow.resources, allow.conditions) == (("s3:GetObject",), ("*",), ())


def test_document_fields_and_effects() -> None:
    policy = parse(document(ALLOW, {**ALLOW, "Effect": "Deny"}, Id="logs"))
    assert (policy.version, policy.id) == ("2012-10-17", "logs")
    assert [item.index for item in policy.allows()] == [0]
    assert [item.index for item in policy.denies()] == [1]


def test_text_and_object_give_the_same() -> None:
    source = changed(Condition={"NumericLessThan": {"s3:TlsVersion": 1.2}, "Bool": {"x:y": [True, "false"]}})
    assert parse(json.dumps(source)) == parse(source)
    assert parse(json.dumps(source)).statements[0].conditions[0].values == ("1.2",)
    assert parse(json.dumps(source)).statements[0].conditions[1].values == ("true", "false")


def test_numbers_keep_their_text() -> None:
    text = json.dumps(changed(Condition={"NumericEquals": {"a:b": 0}})).replace(": 0", ": 1.20")
    assert parse(text).statements[0].conditions[0].values == ("1.20",)
    assert len(parse(text.replace("1.20", "9" * 5000)).statements[0].conditions[0].values[0]) == 5000


def test_one_statement_needs_no_list() -> None:
    assert parse({"Version": "2012-10-17", "Statement": ALLOW}) == parse(document(ALLOW))


def test_only_the_newer_version_expands_variables() -> None:
    assert parse(document(ALLOW)).statements[0].variables is True
    assert parse(document(ALLOW, Version="2008-10-17")).statements[0].variables is False
    assert parse({"Statement": ALLOW}).statements[0].variables is False
    assert parse({"Statement": ALLOW}).version == "2008-10-17"
    assert parse({"Statement": ALLOW}).id == ""


def test_guardrails_name_no_principal() -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert parse(document(deny), principals=False).statements[0].principals == ()
    with pytest.raises(PolicyTextError, match="may not have Principal"):
        parse(document(ALLOW), principals=False)
    with pytest.raises(PolicyTextError, match="exactly one of Principal"):
        parse(document(deny))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "not JSON: Expecting value at line 1 column 1"),
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('"*"', "not a JSON object"),
        ('{"Id": "x", "Version": "2012-10-17", "Version": "2012-10-17"}', "'Version' occurs twice"),
        ("[" * 100_000, "nested too deeply"),
        ({}, "Statement is missing"),
        (document(), "Statement is missing, empty"),
        (document(Statement="x"), "not a list"),
        (document(Statement=7), "not a list"),
        (document("x"), "statement 0 is not an object"),
        (document(ALLOW, "x"), "statement 1 is not an object"),
        (document(ALLOW, Version="2012-10-18"), "Version '2012-10-18' does not exist"),
        (document(ALLOW, Version=["2012-10-17"]), "does not exist"),
        (document(ALLOW, Comment="x"), "the policy has the unknown element 'Comment'"),
        (document(ALLOW, Id=5), "Id holds int"),
        (changed(Sid=["x"]), "Sid holds list"),
        (changed(effect="Allow"), "statement 0 has the unknown element 'effect'"),
        (changed(Effect="allow"), "Effect must be Allow or Deny"),
        (changed(Effect=["Allow"]), "Effect must be Allow or Deny"),
        (changed(Effect=None), "Effect must be Allow or Deny"),
        (changed(Principal=None), "exactly one of Principal and NotPrincipal"),
        (changed(NotPrincipal="*"), "exactly one of Principal and NotPrincipal"),
        (changed(Action=None), "exactly one of Action and NotAction"),
        (changed(NotAction="s3:*"), "exactly one of Action and NotAction"),
        (changed(Resource=None), "exactly one of Resource and NotResource"),
        (changed(NotResource="*"), "exactly one of Resource and NotResource"),
        (changed(Principal="111122223333"), 'Principal must be "\\*" or an object'),
        (changed(Principal={}), "Principal must be"),
        (changed(Principal=["*"]), "Principal must be"),
        (changed(Principal={"Aws": "*"}), "unknown type 'Aws'"),
        (changed(Principal={"AWS": []}), "AWS is an empty list"),
        (changed(Principal={"AWS": {"x": "y"}}), "AWS holds dict"),
        (changed(Principal={"AWS": 111122223333}), "AWS holds int"),
        (json.dumps(changed(Principal={"AWS": 111122223333})), "where a text is needed"),
        (changed(Action=[]), "Action is an empty list"),
        (changed(Action=["s3:GetObject", 5]), "Action holds int"),
        (changed(Resource=True), "Resource holds bool"),
        (changed(Condition=[]), "Condition is not an object"),
        (changed(Condition={"Bool": "x"}), "Condition Bool is not an object"),
        (changed(Condition={"Bool": {}}), "Condition Bool is not an object with keys"),
        (changed(Condition={"Bool": {"a:b": []}}), "Bool: a:b is an empty list"),
        (changed(Condition={"Bool": {"a:b": None}}), "Bool: a:b holds NoneType"),
        (changed(Condition={"Bool": {"a:b": {}}}), "Bool: a:b holds dict"),
        (changed(Condition={"Bool": {"a:b": [["x"]]}}), "Bool: a:b holds list"),
    ],
)
def test_malformed_texts_are_refused_with_a_reason(source: Any, reason: str) -> None:
    with pytest.raises(PolicyTextError, match=reason):
        parse(source)


@pytest.mark.parametrize(
    ("name", "test", "negated", "quantifier", "if_exists"),
    [
        ("StringEquals", "stringequals", False, Quantifier.SINGLE, False),
        ("stringequals", "stringequals", False, Quantifier.SINGLE, False),
        ("StringNotEqualsIgnoreCaseIfExists", "stringequalsignorecase", True, Quantifier.SINGLE, True),
        ("ForAllValues:StringNotLike", "stringlike", True, Quantifier.FOR_ALL, False),
        ("ForAnyValue:ArnLikeIfExists", "arnlike", False, Quantifier.FOR_ANY, True),
        ("NotIpAddress", "ipaddress", True, Quantifier.SINGLE, False),
        ("NumericLessThanEquals", "numericlessthanequals", False, Quantifier.SINGLE, False),
        ("DateNotEquals", "dateequals", True, Quantifier.SINGLE, False),
        ("Null", "null", False, Quantifier.SINGLE, False),
        ("NullIfExists", "", False, Quantifier.SINGLE, True),
        ("ForAnyValue:Null", "", False, Quantifier.SINGLE, False),
        ("StringMatches", "", False, Quantifier.SINGLE, False),
        ("ForSomeValues:StringEquals", "", False, Quantifier.SINGLE, False),
    ],
)
def test_operator_names(name: str, test: str, negated: bool, quantifier: Quantifier, if_exists: bool) -> None:
    operator = parse_operator(name)
    assert (operator.name, operator.test, operator.negated) == (name, test, negated)
    assert (operator.quantifier, operator.if_exists, operator.known) == (quantifier, if_exists, bool(test))


@pytest.mark.parametrize(
    ("value", "root", "account"),
    [
        ("111122223333", "111122223333", "111122223333"),
        ("arn:aws:iam::111122223333:root", "111122223333", "111122223333"),
        ("arn:aws-cn:iam::111122223333:root", "111122223333", "111122223333"),
        ("arn:aws:iam::111122223333:role/root", "", "111122223333"),
        ("arn:aws:sts::111122223333:assumed-role/a/b", "", "111122223333"),
        ("arn:aws:iam::*:root", "", ""),
        ("11112222333", "", ""),
        ("AROAEXAMPLE", "", ""),
        ("*", "", ""),
    ],
)
def test_accounts_of_principals(value: str, root: str, account: str) -> None:
    assert Principal("AWS", value).account_root == root
    assert Principal("AWS", value).account == account
    assert Principal("CanonicalUser", value).account_root == ""
    assert Principal("CanonicalUser", value).account == ""


def test_principals_in_words() -> None:
    assert str(Principal("AWS", "111122223333")) == "111122223333"
    assert str(Principal("Service", "a.amazonaws.com")) == "Service:a.amazonaws.com"
    assert [Principal("AWS", text).wild for text in ("*", "a?", "${x}", "a")] == [True, True, True, False]
    assert Principal("AWS", "*").everyone is True
    assert Principal("Service", "*").everyone is False
    assert Principal("AWS", "**").everyone is False


def test_statements_in_words() -> None:
    policy = parse(document({**ALLOW, "Sid": "Read"}, ALLOW))
    assert [str(item) for item in policy.statements] == ["statement 0 (Read)", "statement 1"]
    condition = parse(changed(Condition={"Bool": {"aws:MultiFactorAuthPresent": [True, False]}}))
    assert str(condition.statements[0].conditions[0]) == "Bool aws:multifactorauthpresent true|false"


def test_account_of_arns() -> None:
    assert account_of("arn:aws:cloudtrail:*:111122223333:trail/*") == "111122223333"
    assert account_of("arn:aws:cloudtrail:eu-west-1:*:trail/111122223333") == ""
    assert account_of("arn:aws:s3:::logs") == ""
    assert account_of("xarn:aws:cloudtrail:eu-west-1:111122223333:trail/x") == ""
    assert account_of("arn:aws:cloudtrail:eu-west-1:111122223333:a\nb") == "111122223333"
