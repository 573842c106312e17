"""Condition blocks, evaluated against a request of which some keys are unknown.

Source: IAM user guide, "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context
keys".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Network, IPv6Network, ip_network

from trailwarden.policydoc.document import Condition
from trailwarden.policydoc.glob import Glob, Token, Variable, Wild, compile_glob
from trailwarden.policydoc.operators import Quantifier
from trailwarden.policydoc.truth import Match, all_of, any_of

Network = IPv4Network | IPv6Network
_ARN_PARTS = 6
_INTEGER = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True)
class Context:
    """The condition keys of a request.

    ``known`` maps a key, in lower case, to its values; no values means that the key is proven absent. What a key not
    listed is depends on ``complete``: absent when True, unknown when False.
    """

    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    complete: bool = False

    def get(self, key: str) -> tuple[str, ...] | None:
        """The values of a key: empty when absent, None when unknown."""
        return self.known.get(key, () if self.complete else None)


def condition_holds(condition: Condition, context: Context, *, variables: bool = True) -> Match:
    """Whether one condition holds.

    UNKNOWN comes from an unknown key or operator, from a policy value that AWS would refuse (a word where a number
    belongs), and from a key with several values under an operator without set prefix, which AWS leaves undefined.
    """
    operator, actual = condition.operator, context.get(condition.key)
    if not operator.known or actual is None:
        return Match.UNKNOWN
    if operator.test == "null":
        return any_of(_bool(value, "false" if actual else "true") for value in condition.values)
    if not actual:
        if operator.if_exists or operator.quantifier is Quantifier.FOR_ALL:
            return Match.MATCH
        return Match.of(operator.negated and operator.quantifier is Quantifier.SINGLE)

    def one(value: str) -> Match:
        outcome = any_of(_compare(operator.test, wanted, value, context, variables) for wanted in condition.values)
        return ~outcome if operator.negated else outcome

    if operator.quantifier is Quantifier.FOR_ALL:
        return all_of(one(value) for value in actual)
    if operator.quantifier is Quantifier.FOR_ANY:
        return any_of(one(value) for value in actual)
    return one(actual[0]) if len(actual) == 1 else Match.UNKNOWN


def glob_holds(glob: Glob, text: str, context: Context) -> Match:
    """Whether a pattern matches a text, with the pattern's variables read from the request.

    A variable without value matches nothing, unless it has a default.
    """
    exact: list[Token] = []
    for token in glob.tokens:
        if not isinstance(token, Variable):
            exact.append(token)
            continue
        values = context.get(token.key)
        if values == ():
            if token.default is None:
                return Match.NO_MATCH
            exact.extend(token.default)
        elif values is not None and len(values) == 1:
            exact.extend(values[0])
        else:
            exact.append(token)
    resolved = Glob(tuple(exact))
    if not resolved.widest().matches(text):
        return Match.NO_MATCH
    return Match.UNKNOWN if resolved.variables else Match.MATCH


def _compare(test: str, wanted: str, actual: str, context: Context, variables: bool) -> Match:
    if test in {"stringequals", "stringlike"}:
        return glob_holds(compile_glob(wanted, wildcards=test == "stringlike", variables=variables), actual, context)
    if test == "stringequalsignorecase":
        return glob_holds(compile_glob(wanted.lower(), wildcards=False, variables=variables), actual.lower(), context)
    if test in {"arnequals", "arnlike"}:
        return _arn(wanted, actual, context, variables)
    if test == "bool":
        return _bool(wanted, actual.lower())
    if test == "ipaddress":
        return _ip(wanted, actual)
    if test == "binaryequals":
        return Match.of(wanted == actual)
    if test.startswith("numeric"):
        return _ordered(test.removeprefix("numeric"), _number(wanted), _number(actual))
    return _ordered(test.removeprefix("date"), _moment(wanted), _moment(actual))


def _arn(wanted: str, actual: str, context: Context, variables: bool) -> Match:
    """Compare part by part: a wildcard stays inside its part, but a last ``*`` also stands for the parts left out."""
    patterns = _arn_parts(compile_glob(wanted, variables=variables))
    parts = actual.split(":", _ARN_PARTS - 1)
    if len(patterns) != _ARN_PARTS or len(parts) != _ARN_PARTS:
        return Match.NO_MATCH
    return all_of(glob_holds(pattern, part, context) for pattern, part in zip(patterns, parts, strict=True))


def _arn_parts(glob: Glob) -> list[Glob]:
    """The pattern cut at its own colons, those inside a variable's name left alone."""
    parts: list[list[Token]] = [[]]
    for part in glob.tokens:
        if part == ":" and len(parts) < _ARN_PARTS:
            parts.append([])
        else:
            parts[-1].append(part)
    if parts[-1][-1:] == [Wild.MANY]:
        parts += [[Wild.MANY]] * (_ARN_PARTS - len(parts))
    return [Glob(tuple(part)) for part in parts]


def _bool(wanted: str, actual: str) -> Match:
    if wanted.lower() not in {"true", "false"}:
        return Match.UNKNOWN
    return Match.of(wanted.lower() == actual)


def _ip(wanted: str, actual: str) -> Match:
    network, address = network_of(wanted), network_of(actual)
    if network is None or address is None:
        return Match.UNKNOWN
    return Match.of(is_inside(address, network))


def is_inside(inner: Network, outer: Network) -> bool:
    """Whether all addresses of ``inner`` belong to ``outer``; never for different IP versions."""
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def network_of(text: str) -> Network | None:
    """The network that an IpAddress value names, or None when it names none."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str) -> Decimal | None:
    """Seconds since 1970: ISO 8601 (without zone: UTC) or the number itself."""
    if _INTEGER.fullmatch(text):
        return Decimal(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Decimal(str(aware.timestamp()))


def _ordered(relation: str, wanted: Decimal | None, actual: Decimal | None) -> Match:
    if wanted is None or actual is None:
        return Match.UNKNOWN
    return Match.of(
        {
            "equals": actual == wanted,
            "lessthan": actual < wanted,
            "lessthanequals": actual <= wanted,
            "greaterthan": actual > wanted,
            "greaterthanequals": actual >= wanted,
        }[relation]
    )
