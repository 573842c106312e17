"""Filter patterns as trees: precedence, selectors, values, and where reading stops."""

from decimal import Decimal

import pytest

from trailwarden.patterns import PatternError, normalise, parse
from trailwarden.patterns.syntax import (
    All,
    AnyChild,
    Compare,
    Expression,
    Is,
    NotExists,
    Number,
    Regex,
    Some,
    Step,
    Text,
    Words,
)


def eq(name: str, value: str) -> Compare:
    return Compare((name,), "=", Text(value))


A, B, C, D = (eq(name, "x") for name in "abcd")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("{ $.a = x }", A),
        ("{$.a=x}", A),
        ('  {\t$.a\n="x" }  ', A),
        ("{ (($.a = x)) }", A),
        ("{ $.a = x || $.b = x && $.c = x }", Some((A, All((B, C))))),
        ("{ $.a = x && $.b = x || $.c = x }", Some((All((A, B)), C))),
        ("{ ($.a = x || $.b = x) && $.c = x }", All((Some((A, B)), C))),
        ("{ $.a = x && ($.b = x || $.c = x) }", All((A, Some((B, C))))),
        ("{ $.a = x || $.b = x || $.c = x }", Some((A, B, C))),
        ("{ $.a = x && $.b = x && $.c = x }", All((A, B, C))),
        ("{ $.a = x || ($.b = x || $.c = x) }", Some((A, Some((B, C))))),
        ("{ $.a = x && $.b = x || $.c = x && $.d = x }", Some((All((A, B)), All((C, D))))),
        ("{ $.a IS TRUE }", Is(("a",), True)),
        ("{ $.a IS FALSE }", Is(("a",), False)),
        ("{ $.a is null }", Is(("a",), None)),
        ("{ $.a NOT EXISTS }", NotExists(("a",))),
        ("{ $.a not exists && $.b IS NULL }", All((NotExists(("a",)), Is(("b",), None)))),
    ],
)
def test_trees(text: str, tree: Expression) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("selector", "steps"),
    [
        ("$.a", ("a",)),
        ("$.userIdentity.type", ("userIdentity", "type")),
        ("$.detail-type.a_b", ("detail-type", "a_b")),
        ("$.a[0]", ("a", 0)),
        ("$.a[12][3].b", ("a", 12, 3, "b")),
        ("$.a[*]", ("a", AnyChild())),
        ("$.*", (AnyChild(),)),
        ("$.a.*", ("a", AnyChild())),
        ("$.['a.b']", ("a.b",)),
        ("$['a.b']['c d']", ("a.b", "c d")),
        ('$.["a.b"].c', ("a.b", "c")),
        ("$.a[ 0 ]", ("a", 0)),
        ("$.['']", ("",)),
    ],
)
def test_selectors(selector: str, steps: tuple[Step, ...]) -> None:
    assert parse(f"{{ {selector} = x }}") == Compare(steps, "=", Text("x"))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("x", Text("x")),
        ("*Trail", Text("*Trail")),
        ('"*Trail"', Text("*Trail")),
        ("123.123.*", Text("123.123.*")),
        ("s3.amazonaws.com", Text("s3.amazonaws.com")),
        ("arn:aws:iam::1:role/a-b", Text("arn:aws:iam::1:role/a-b")),
        ('"a b"', Text("a b")),
        ('""', Text("")),
        (r'"a\"b\\c"', Text(r'a"b\c')),
        ('"400"', Text("400")),
        ("400", Number(Decimal(400), "400")),
        ("+1.50", Number(Decimal("1.5"), "+1.50")),
        ("-.5", Number(Decimal("-0.5"), "-.5")),
        ("10e-3", Number(Decimal("0.01"), "10e-3")),
        ("1E3", Number(Decimal(1000), "1E3")),
        ("1e", Text("1e")),
        ("%^(x% ", None),
        (r"%^a.*\d$%", Regex(r"^a.*\d$")),
    ],
)
def test_values(written: str, value: Text | Number | Regex | None) -> None:
    for operator in ("=", "!="):
        if value is None:
            with pytest.raises(PatternError):
                parse(f"{{ $.a {operator} {written} }}")
        else:
            assert parse(f"{{ $.a {operator} {written} }}") == Compare(("a",), operator, value)


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_order_needs_a_number(operator: str) -> None:
    assert parse(f"{{ $.a {operator} 5 }}") == Compare(("a",), operator, Number(Decimal(5), "5"))
    for value in ("x", '"5"', "%5%"):
        with pytest.raises(PatternError, match="expected a number"):
            parse(f"{{ $.a {operator} {value} }}")


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("{", "expected a selector", 1),
        ("{}", "expected a selector", 1),
        ("{ $.a = x", "expected '}', found the end", 9),
        ("{ $.a = x } }", "expected the end, found '}'", 12),
        ("{ $.a = }", "expected a value", 8),
        ("{ $.a }", "expected an operator, IS or NOT EXISTS", 6),
        ("{ $.a x }", "expected an operator, IS or NOT EXISTS, found 'x'", 6),
        ("{ $.a EXISTS }", "expected an operator, IS or NOT EXISTS, found 'EXISTS'", 6),
        ("{ $.a IS NOT NULL }", "expected TRUE, FALSE or NULL, found 'NOT'", 9),
        ("{ $.a IS x }", "expected TRUE, FALSE or NULL", 9),
        ("{ $.a NOT NULL }", "expected EXISTS", 10),
        ('{ $.a "IS" NULL }', "expected an operator", 6),
        ("{ a = x }", "expected a selector", 2),
        ("{ $ = x }", "unexpected '$'", 2),
        ("{ $.a == x }", "expected a value, found '='", 7),
        ("{ $.a = x & $.b = y }", "unexpected '&'", 10),
        ("{ $.a = x && }", "expected a selector", 13),
        ("{ $.a = x || || $.b = y }", "expected a selector", 13),
        ("{ $.a = x $.b = y }", "expected '}', found '$.b'", 10),
        ("{ ($.a = x }", "expected ')', found '}'", 11),
        ("{ $.a = x) }", "expected '}', found ')'", 9),
        ('{ $.a = x "&&" $.b = x }', "expected '}', found '&&'", 10),
        ('{ "(" $.a = x ) }', "expected a selector", 2),
        ("{ $.a = 'x' }", 'unexpected "\'"', 8),
        ('{ $.a = "x }', "unexpected '\"'", 8),
        ("{ $.a = %x }", "unexpected '%'", 8),
        ("{ $.a = %[% }", "not a regular expression", 8),
        ("{ $.a = %(x)% }", "what AWS does not accept", 8),
        ("{ $.a = \N{LEFT DOUBLE QUOTATION MARK}x }", None, None),
        ("[ip, user, *]", "a space-delimited pattern", 0),
        ("  [w1=ERROR]", "a space-delimited pattern", 2),
    ],
)
def test_errors_name_the_place(text: str, reason: str | None, position: int | None) -> None:
    if reason is None:
        assert isinstance(parse(text), Compare)
        return
    with pytest.raises(PatternError) as caught:
        parse(text)
    assert reason in caught.value.reason
    assert caught.value.position == position
    assert f"at character {(position or 0) + 1}" in str(caught.value)


def test_endless_nesting_is_an_error() -> None:
    with pytest.raises(PatternError, match=r"^nested too deeply$"):
        parse("{" + "(" * 50_000)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", Words((), (), ())),
        ('" "', Words((), (), ())),
        ("ERROR", Words((Text("ERROR"),), (), ())),
        ('ERROR "a b"', Words((Text("ERROR"), Text("a b")), (), ())),
        ("?A ?B", Words((), (Text("A"), Text("B")), ())),
        ('A -B -"c d"', Words((Text("A"),), (), (Text("B"), Text("c d")))),
        ("%A.B%", Words((Regex("A.B"),), (), ())),
    ],
)
def test_text_patterns(text: str, words: Words) -> None:
    assert parse(text) == words
    assert normalise(parse(text)) == words


@pytest.mark.parametrize(("text", "position"), [("a.b", 0), ('A "b', 1), ("A $.b", 1), ("%(%", 0)])
def test_text_pattern_errors(text: str, position: int) -> None:
    with pytest.raises(PatternError) as caught:
        parse(text)
    assert caught.value.position == position


def test_optional_terms_do_not_mix() -> None:
    for text in ("?A B", "?A -B"):
        with pytest.raises(PatternError, match="do not mix"):
            parse(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{ $.a = x || $.b = y }", '{($.b="y")||($.a="x")}'),
        ("{ $.a = x || ($.b = y || $.c = z) }", "{ ($.c = z || $.b = y) || $.a = x }"),
        ("{ $.a = x && ($.b = y && $.c = z) }", "{ $.c = z && $.b = y && $.a = x }"),
        ("{ $.a = x || $.a = x }", "{ $.a = x }"),
        ("{ $.['a'] = x }", "{ $.a = x }"),
        ("{ ($.a = x || $.a = x) && $.b = y }", "{ $.a = x && $.b = y }"),
    ],
)
def test_equal_after_normalisation(one: str, other: str) -> None:
    assert normalise(parse(one)) == normalise(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{ $.a = x || $.b = y && $.c = z }", "{ ($.a = x || $.b = y) && $.c = z }"),
        ("{ $.a = x }", "{ $.a != x }"),
        ("{ $.a = x }", "{ $.a = X }"),
        ('{ $.a = "400" }', "{ $.a = 400 }"),
        ("{ $.a = 400 }", "{ $.a = 4e2 }"),
        ("{ $.a = x && $.b = y }", "{ $.a = x || $.b = y }"),
        ("{ $.a = %x% }", "{ $.a = x }"),
    ],
)
def test_different_after_normalisation(one: str, other: str) -> None:
    assert normalise(parse(one)) != normalise(parse(other))
