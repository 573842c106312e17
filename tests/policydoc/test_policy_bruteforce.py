"""The answers, compared with every request of a small universe as a second, plainer evaluator sees it."""

import fnmatch
import ipaddress
import itertools
import operator
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailwarden.policydoc import (
    Context,
    Match,
    Principal,
    Request,
    Sender,
    decide,
    delivery_allowed,
    denies_insecure_transport,
    is_public,
    open_actions,
    parse,
    statement_matches,
    unexpected_grants,
)

# A busy machine is no reason to fail.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
BUCKET = "arn:aws:s3:::logs"
OURS, OTHERS = "111122223333", "999988887777"
ROLE, STRANGER = f"arn:aws:iam::{OURS}:role/a", f"arn:aws:iam::{OTHERS}:role/b"
TRAIL = f"arn:aws:cloudtrail:eu-west-1:{OURS}:trail/main"
SERVICE = "cloudtrail.amazonaws.com"

CALLERS: dict[str, dict[str, tuple[str, ...]]] = {
    ROLE: {"aws:principalarn": (ROLE,), "aws:principalaccount": (OURS,), "aws:principalisawsservice": ("false",)},
    STRANGER: {
        "aws:principalarn": (STRANGER,),
        "aws:principalaccount": (OTHERS,),
        "aws:principalisawsservice": ("false",),
    },
    SERVICE: {"aws:principalarn": (), "aws:principalaccount": (), "aws:principalisawsservice": ("true",)},
}
ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:Unheard", "S3:listbucket")
RESOURCES = (BUCKET, f"{BUCKET}/", f"{BUCKET}/a", f"{BUCKET}/{OURS}/x", f"{BUCKET}/AWSLogs/{OURS}/CloudTrail/x")
# What a request may carry besides who it is from.
SITUATIONS = [
    {
        "aws:securetransport": (secure,),
        "s3:tlsversion": () if secure == "false" else (tls,),
        "aws:tag": tag,
        "aws:unheard": (),
        "aws:sourceip": address,
        "aws:currenttime": (f"{year}-01-01T00:00:00Z",),
    }
    for secure, tls, (tag, address, year) in itertools.product(
        ("true", "false"),
        ("1.1", "1.3"),
        (
            ((), ("10.1.2.3",), 2024),
            (("x",), ("11.1.2.3",), 2025),
            (("x", "y"), ("2001:db8::7",), 2026),
            (("X",), (), 2025),
        ),
    )
]

CONDITIONS: list[dict[str, Any]] = [
    {"Bool": {"aws:SecureTransport": "false"}},
    {"BoolIfExists": {"aws:SecureTransport": ["false"]}},
    {"Bool": {"AWS:SECURETRANSPORT": [True, False]}},
    {"Null": {"aws:SecureTransport": False}},
    {"NumericLessThan": {"s3:TlsVersion": 1.2}},
    {"NumericLessThanIfExists": {"s3:TlsVersion": "1.2"}},
    {"StringEquals": {"aws:PrincipalAccount": OURS}},
    {"StringNotEquals": {"aws:PrincipalAccount": OURS}},
    {"StringEqualsIfExists": {"aws:PrincipalAccount": [OURS]}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/a"}},
    {"ArnNotLike": {"aws:PrincipalArn": ROLE}},
    {"ArnNotEquals": {"aws:PrincipalArn": [ROLE, STRANGER]}},
    {"Bool": {"aws:PrincipalIsAWSService": "false"}},
    {"ForAllValues:StringEquals": {"aws:Tag": "x"}},
    {"ForAnyValue:StringNotLike": {"aws:Tag": "x*"}},
    {"Null": {"aws:Tag": "true"}},
    {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/?"}},
    {"StringEquals": {"aws:PrincipalAccount": "${aws:Unheard, '111122223333'}"}},
    {"ForAnyValue:StringEqualsIgnoreCase": {"aws:Tag": ["X", "z"]}},
    {"StringNotEqualsIgnoreCase": {"aws:PrincipalAccount": OTHERS}},
    {"NumericGreaterThanEquals": {"s3:TlsVersion": ["1.3", "1.4"]}},
    {"NumericNotEquals": {"s3:TlsVersion": "1.1"}},
    {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}},
    {"NotIpAddress": {"aws:SourceIp": "11.1.2.3"}},
    {"DateLessThan": {"aws:CurrentTime": "2025-01-01T00:00:00Z"}},
    {"DateGreaterThanEqualsIfExists": {"aws:CurrentTime": "2025-01-01T00:00:00Z"}},
]
PRINCIPALS: list[dict[str, Any]] = [
    {"Principal": "*"},
    {"Principal": {"AWS": [OURS, "*"]}},
    {"Principal": {"AWS": OURS}},
    {"Principal": {"AWS": [ROLE, STRANGER]}},
    {"Principal": {"Service": SERVICE}},
    {"NotPrincipal": {"AWS": STRANGER}},
    {"NotPrincipal": {"Service": SERVICE}},
]
ACTION_PARTS: list[dict[str, Any]] = [
    {"Action": "*"},
    {"Action": "s3:*"},
    {"Action": "S3:Get*"},
    {"Action": ["s3:PutObject", "s3:DeleteObject"]},
    {"NotAction": "s3:Get*"},
    {"NotAction": ["s3:PutObject", "s3:DeleteObject"]},
    {"NotAction": "iam:*"},
]
RESOURCE_PARTS: list[dict[str, Any]] = [
    {"Resource": "*"},
    {"Resource": [BUCKET, f"{BUCKET}/*"]},
    {"Resource": BUCKET},
    {"Resource": f"{BUCKET}/*"},
    {"Resource": f"{BUCKET}/AWSLogs/*"},
    {"Resource": f"{BUCKET}/AWSLogs/${{aws:PrincipalAccount}}/*"},
    {"NotResource": f"{BUCKET}/${{aws:PrincipalAccount}}/*"},
    {"NotResource": f"{BUCKET}/a"},
    {"NotResource": "arn:aws:s3:::other*"},
]


@st.composite
def statements(draw: st.DrawFn, effect: str) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    for block in draw(st.lists(st.sampled_from(CONDITIONS), max_size=2)):
        conditions = {**conditions, **block}
    parts = (PRINCIPALS, ACTION_PARTS, RESOURCE_PARTS)
    principal, action, resource = (draw(st.sampled_from(part)) for part in parts)
    return {"Effect": effect, **principal, **action, **resource, "Condition": conditions}


ALLOWS, DENIES = statements("Allow"), statements("Deny")


def some(items: st.SearchStrategy[dict[str, Any]], least: int = 1) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(items, min_size=least, max_size=3)


def document(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": items}


def listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in values]


def like(pattern: str, text: str) -> bool:
    return re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]")), text) is not None


def filled(text: str, context: dict[str, Any]) -> str | None:
    """The text with the request's values in place of its variables; None where one has no value."""
    for variable in re.findall(r"\$\{[^}]*\}", text):
        name, _, default = variable[2:-1].partition(",")
        values = context.get(name.lower(), ())
        if not values and not default:
            return None
        text = text.replace(variable, values[0] if values else default.strip(" '"))
    return text


def named_by(pattern: str, text: str, context: dict[str, Any]) -> bool:
    known = filled(pattern, context)
    return known is not None and like(known, text)


def plain_match(item: dict[str, Any], caller: str, action: str, resource: str, context: dict[str, Any]) -> bool:
    """Does the statement apply? Written a second time, for complete requests and the vocabulary above only."""
    account = caller.split(":")[4] if caller.startswith("arn:") else ""

    def named(block: Any, whole_account: bool) -> bool:
        if block == "*":
            return True
        entries = [entry for kind in block for entry in listed(block[kind])]
        return caller in entries or "*" in entries or (whole_account and bool(account) and account in entries)

    who = named(item["Principal"], True) if "Principal" in item else not named(item["NotPrincipal"], False)
    actions = [like(text.lower(), action.lower()) for text in listed(item.get("Action", item.get("NotAction")))]
    resources = [named_by(text, resource, context) for text in listed(item.get("Resource", item.get("NotResource")))]
    return (
        who
        and any(actions) == ("Action" in item)
        and any(resources) == ("Resource" in item)
        and all(
            plain_condition(name, context[key.lower()], listed(value), context)
            for name, block in item["Condition"].items()
            for key, value in block.items()
        )
    )


ORDERS = {
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
    "Equals": operator.eq,
    "NotEquals": operator.eq,
}


def plain_test(base: str, value: str, item: str, context: dict[str, Any]) -> bool:
    """One value against one wanted value, before a Not turns it round."""
    if base.startswith("Numeric"):
        return bool(ORDERS[base.removeprefix("Numeric")](float(value), float(item)))
    if base.startswith("Date"):
        return bool(
            ORDERS[base.removeprefix("Date")](value, item)
        )  # one notation, so that the text has the order of time
    if base.endswith("IpAddress"):
        return ipaddress.ip_address(value) in ipaddress.ip_network(item)
    if base.endswith("IgnoreCase"):
        return named_by(item.lower(), value.lower(), context)
    return named_by(item, value, context)


def plain_condition(name: str, actual: tuple[str, ...], wanted: list[str], context: dict[str, Any]) -> bool:
    prefix, _, base = name.rpartition(":")
    optional = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    if base == "Null":
        return ("false" if actual else "true") in wanted
    negated = "Not" in base
    if not actual:
        return prefix == "ForAllValues" or optional or (negated and not prefix)

    def one(value: str) -> bool:
        return any(plain_test(base, value, item, context) for item in wanted) != negated

    values = [one(value) for value in actual]
    return any(values) if prefix == "ForAnyValue" else all(values)


def requests() -> list[tuple[str, str, str, dict[str, Any]]]:
    return [
        (caller, action, resource, {**CALLERS[caller], **situation})
        for caller in CALLERS
        for action in ACTIONS
        for resource in RESOURCES
        for situation in SITUATIONS
    ]


REQUESTS = requests()


def principal(caller: str) -> Principal:
    return Principal("AWS" if caller.startswith("arn:") else "Service", caller)


@settings(UNHURRIED, max_examples=100)
@given(st.one_of(ALLOWS, DENIES), st.lists(st.sampled_from(REQUESTS), min_size=40, max_size=40))
def test_complete_requests(item: dict[str, Any], asked: list[tuple[str, str, str, dict[str, Any]]]) -> None:
    """With everything known the evaluator agrees with the plain one (NotPrincipal of a neighbour excepted)."""
    (statement,) = parse(document([item])).statements
    for caller, action, resource, context in asked:
        found = statement_matches(statement, Request(action, resource, principal(caller), Context(context)))
        if found is not Match.UNKNOWN:
            assert (found is Match.MATCH) is plain_match(item, caller, action, resource, context)
        else:
            assert "NotPrincipal" in item


@settings(UNHURRIED, max_examples=60)
@given(
    st.one_of(ALLOWS, DENIES), st.sampled_from(REQUESTS), st.sets(st.sampled_from([*sorted(CALLERS[ROLE]), "aws:tag"]))
)
def test_what_is_decided_with_unknowns_holds_for_every_completion(
    item: dict[str, Any], request: tuple[str, str, str, dict[str, Any]], hidden: set[str]
) -> None:
    (statement,) = parse(document([item])).statements
    caller, action, resource, context = request
    known = {key: value for key, value in context.items() if key not in hidden}
    found = statement_matches(statement, Request(action, resource, principal(caller), Context(known)))
    if found is Match.UNKNOWN:
        return
    choices = [(), ("x",), (ROLE,), (OURS,), ("true",), ("false",)]
    for values in itertools.product(choices, repeat=len(hidden)):
        complete = {**known, **dict(zip(sorted(hidden), values, strict=True))}
        assert (found is Match.MATCH) is plain_match(item, caller, action, resource, complete)


def denied(items: list[dict[str, Any]], request: tuple[str, str, str, dict[str, Any]]) -> bool:
    return any(plain_match(item, *request) for item in items if item["Effect"] == "Deny")


@settings(UNHURRIED, max_examples=100)
@given(some(st.one_of(DENIES, DENIES, ALLOWS)))
def test_transport(items: list[dict[str, Any]]) -> None:
    """No clear-text request gets past a policy that passes."""
    insecure = [request for request in REQUESTS if request[3]["aws:securetransport"] == ("false",)]
    open_requests = [request for request in insecure if not denied(items, request)]
    answer = denies_insecure_transport(parse(document(items)), BUCKET).denied
    if answer:
        assert open_requests == []
    elif len(items) == 1:
        assert open_requests != []


@settings(UNHURRIED, max_examples=100)
@given(some(DENIES))
def test_guardrails(items: list[dict[str, Any]]) -> None:
    """An action without gap is denied to everybody who is not exempt."""
    gaps = open_actions([parse(document(items))], ["s3:PutObject"], [f"{BUCKET}/a"], exempt=[ROLE])
    calls = [request for request in REQUESTS if request[:3] == (STRANGER, "s3:PutObject", f"{BUCKET}/a")]
    if not gaps:
        assert all(denied(items, request) for request in calls)


@settings(UNHURRIED, max_examples=100)
@given(some(ALLOWS))
def test_unexpected_writers(items: list[dict[str, Any]]) -> None:
    """Where no grant is unexpected, no stranger can write."""
    found = unexpected_grants(parse(document(items)), ["s3:PutObject"], allowed=[OURS], services=[SERVICE])
    writes = [request for request in REQUESTS if request[:2] == (STRANGER, "s3:PutObject")]
    if not found:
        assert not any(plain_match(item, *request) for item in items for request in writes)


# Conditions that close a policy to the public or only seem to, beside those above.
LIMITS: list[dict[str, Any]] = [
    {"StringEquals": {"aws:PrincipalOrgID": "o-ours"}},
    {"StringLike": {"aws:PrincipalOrgID": ["o-ours", "o-*"]}},
    {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-ours"}},
    {"StringEquals": {"aws:SourceAccount": OURS}},
    {"StringLike": {"aws:SourceAccount": "1111*"}},
    {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
    {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"]}},
    {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-ours"}},
]
ANYBODY = "arn:aws:iam::555566667777:role/c"
OUTSIDE: dict[str, Any] = {
    "aws:principalarn": (ANYBODY,),
    "aws:principalaccount": ("555566667777",),
    "aws:principalisawsservice": ("false",),
    "aws:sourceaccount": (),
    "aws:sourcevpce": (),
}
OUTSIDERS = [
    {**situation, **OUTSIDE, "aws:sourceip": address, "aws:principalorgid": organization}
    for situation in SITUATIONS[::3]
    for address, organization in itertools.product(((), ("8.8.8.8",), ("200.1.2.3",)), ((), ("o-theirs",)))
]


@st.composite
def limited(draw: st.DrawFn) -> dict[str, Any]:
    statement = draw(ALLOWS)
    return {**statement, "Condition": {**statement["Condition"], **draw(st.sampled_from(LIMITS))}}


@settings(UNHURRIED, max_examples=100)
@given(some(st.one_of(ALLOWS, limited())))
def test_publicity(items: list[dict[str, Any]]) -> None:
    """Nobody from outside gets through a policy that is not public, whatever else is true of the request."""
    if is_public(parse(document(items))).public is False:
        assert not any(
            plain_match(item, ANYBODY, action, resource, context)
            for item in items
            for action in ACTIONS[:2]
            for resource in RESOURCES[::2]
            for context in OUTSIDERS
        )


@settings(UNHURRIED, max_examples=120)
@given(some(ALLOWS), some(DENIES, least=0))
def test_delivery(allows: list[dict[str, Any]], denies: list[dict[str, Any]]) -> None:
    """A policy that delivers allows the look at the ACL and the very file, whatever is not known about the request."""
    policy = parse(document([*allows, *denies]))
    answer = delivery_allowed(policy, BUCKET, Sender(TRAIL, OURS)).allowed
    known = {
        **CALLERS[SERVICE],
        "aws:securetransport": ("true",),
        "s3:tlsversion": ("1.2",),
        "aws:sourcearn": (TRAIL,),
        "aws:sourceip": (),
        "aws:currenttime": ("2026-01-01T00:00:00Z",),
        "aws:unheard": (),
    }
    for tag in ((), ("x",), ("x", "y")):
        context = Context({**known, "aws:tag": tag})
        key = f"{BUCKET}/AWSLogs/{OURS}/CloudTrail/x"
        acl = decide(policy, Request("s3:GetBucketAcl", BUCKET, principal(SERVICE), context))
        put = decide(policy, Request("s3:PutObject", key, principal(SERVICE), context))
        if answer:
            assert acl is put is Match.MATCH
