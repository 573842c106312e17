"""EventBridge event patterns: does a rule see an event?

Source: EventBridge user guide, "Creating event patterns" and "Comparison operators for use in event patterns". An
operator that is not known raises, so a rule is never thought to match by guess.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any

from trailwarden.patterns.errors import PatternError

Test = Callable[[Any], bool]

_NUMERIC: Mapping[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, "=": eq, ">": gt, ">=": ge}


def as_event(record: Mapping[str, Any]) -> dict[str, Any]:
    """The EventBridge event that CloudTrail sends for a record."""
    service = str(record["eventSource"]).split(".")[0]
    sign_in = record["eventType"] == "AwsConsoleSignIn"
    return {
        "version": "0",
        "id": record["eventID"],
        "detail-type": "AWS Console Sign In via CloudTrail" if sign_in else "AWS API Call via CloudTrail",
        "source": f"aws.{service}",
        "account": record["recipientAccountId"],
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": dict(record),
    }


def event_matches(pattern: str | Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event pattern matches an event.

    The whole pattern is read first, so an unreadable part is reported whatever the event.

    Raises:
        PatternError: the pattern is not JSON, not an object, empty, or holds an operator that is not known.
    """
    fields = _load(pattern) if isinstance(pattern, str) else pattern
    return _read(fields)(event)


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        position = error.pos if isinstance(error, json.JSONDecodeError) else None
        raise PatternError("not JSON", position) from error


def _read(fields: Any) -> Test:
    """The test of one level: every field must hold."""
    if not isinstance(fields, Mapping) or not fields:
        raise PatternError("an event pattern, and each object in it, must be an object with fields")
    tests = [_either(value) if name == "$or" else _field(name, value) for name, value in fields.items()]
    return lambda node: all(test(node) for test in tests)


def _either(choices: Any) -> Test:
    if not isinstance(choices, list) or not choices:
        raise PatternError("$or needs a list of patterns")
    tests = [_read(choice) for choice in choices]
    return lambda node: any(test(node) for test in tests)


def _field(name: str, wanted: Any) -> Test:
    if isinstance(wanted, Mapping):
        below = _read(wanted)
        return lambda node: any(below(child) for child in _objects(node.get(name)))
    if not isinstance(wanted, list) or not wanted:
        raise PatternError(f"{name}: needs a list of values or an object")
    tests = [_value(name, item) for item in wanted]
    return lambda node: any(test(_leaves(node, name)) for test in tests)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a field. Without any, all fields below are absent: for ``exists: false`` that is a match."""
    return [item for item in _listed(value) if isinstance(item, Mapping)] or [{}]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _leaves(node: Mapping[str, Any], name: str) -> list[Any]:
    """The plain values of a field; a field that holds an object has none."""
    return [item for item in _listed(node[name]) if not isinstance(item, Mapping)] if name in node else []


def _value(name: str, wanted: Any) -> Test:
    """The test of a field's values against one entry of its list."""
    if not isinstance(wanted, Mapping):
        return lambda leaves: any(_same(wanted, leaf) for leaf in leaves)
    if len(wanted) != 1:
        raise PatternError(f"{name}: needs one operator in each object")
    ((operator, operand),) = wanted.items()
    if operator == "exists":
        if not isinstance(operand, bool):
            raise PatternError(f"{name}: exists needs true or false")
        return lambda leaves: bool(leaves) == operand
    test = _operator(name, operator, operand)
    return lambda leaves: any(test(leaf) for leaf in leaves)


def _same(wanted: Any, actual: Any) -> bool:
    """JSON equality: true is not 1."""
    return isinstance(wanted, bool) == isinstance(actual, bool) and bool(wanted == actual)


def _operator(name: str, operator: str, operand: Any) -> Test:
    if operator == "anything-but":
        return _anything_but(name, operand)
    if operator == "numeric":
        return _numeric(name, operand)
    if operator in {"prefix", "suffix"} and isinstance(operand, Mapping):
        folded = _text(name, operator, operand.get("equals-ignore-case") if len(operand) == 1 else None).lower()
        return lambda leaf: isinstance(leaf, str) and _affix(operator, leaf.lower(), folded)
    text = _text(name, operator, operand)
    if operator in {"prefix", "suffix"}:
        return lambda leaf: isinstance(leaf, str) and _affix(operator, leaf, text)
    if operator == "equals-ignore-case":
        return lambda leaf: isinstance(leaf, str) and leaf.lower() == text.lower()
    if operator == "wildcard":
        parts = _wildcard(name, text)
        return lambda leaf: isinstance(leaf, str) and _glob(parts, leaf)
    if operator == "cidr":
        return _cidr(name, text)
    raise PatternError(f"{name}: the operator {operator!r} is not known")


def _text(name: str, operator: str, operand: Any) -> str:
    if not isinstance(operand, str):
        raise PatternError(f"{name}: {operator} needs a text")
    return operand


def _affix(operator: str, text: str, part: str) -> bool:
    return text.startswith(part) if operator == "prefix" else text.endswith(part)


def _anything_but(name: str, operand: Any) -> Test:
    """None of the values; inside, prefix, suffix, equals-ignore-case and wildcard take a list as well."""
    if isinstance(operand, Mapping):
        if len(operand) != 1 or set(operand) - {"prefix", "suffix", "equals-ignore-case", "wildcard"}:
            raise PatternError(f"{name}: anything-but does not take {sorted(operand)}")
        ((operator, inner),) = operand.items()
        tests = [_operator(name, operator, item) for item in _listed(inner)]
        return lambda leaf: isinstance(leaf, str) and not any(test(leaf) for test in tests)
    values = _listed(operand)
    if not values or not all(isinstance(item, str | int | float) for item in values):
        raise PatternError(f"{name}: anything-but needs texts or numbers")
    return lambda leaf: not any(_same(item, leaf) for item in values)


def _numeric(name: str, operand: Any) -> Test:
    if not isinstance(operand, list) or len(operand) not in {2, 4}:
        raise PatternError(f"{name}: numeric needs one or two comparisons")
    pairs = list(zip(operand[::2], operand[1::2], strict=True))
    if not all(isinstance(sign, str) and sign in _NUMERIC and _is_number(value) for sign, value in pairs):
        raise PatternError(f"{name}: numeric needs comparisons with numbers")
    limits = [(_NUMERIC[sign], Decimal(str(value))) for sign, value in pairs]
    return lambda leaf: _is_number(leaf) and all(compare(Decimal(str(leaf)), limit) for compare, limit in limits)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wildcard(name: str, text: str) -> list[str]:
    r"""The fixed parts between the wildcards; ``\*`` and ``\\`` are the characters themselves."""
    parts, escaped = [""], False
    for char in text:
        if escaped or char not in "*\\":
            if escaped and char not in "*\\":
                raise PatternError(f"{name}: \\{char} is no escape in a wildcard")
            parts[-1] += char
            escaped = False
        elif char == "\\":
            escaped = True
        else:
            parts.append("")
    if escaped:
        raise PatternError(f"{name}: the wildcard ends in a lone \\")
    return parts


def _glob(parts: list[str], text: str) -> bool:
    """Whether the text is the parts with anything between them."""
    if len(parts) == 1:
        return text == parts[0]
    first, *middle, last = parts
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    position, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def _cidr(name: str, text: str) -> Test:
    try:
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise PatternError(f"{name}: cidr needs a network") from error

    def inside(leaf: Any) -> bool:
        try:
            return isinstance(leaf, str) and ip_address(leaf) in network
        except ValueError:
            return False

    return inside
