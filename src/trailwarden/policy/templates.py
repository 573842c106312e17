"""The two kinds of placeholders: ``${params.x}`` in parameters, filled when a policy is loaded, and ``{subject.name}`` in messages."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping

from trailwarden.errors import UsageError
from trailwarden.model import Json
from trailwarden.registry import did_you_mean

_PARAM = re.compile(r"\$(\$?)\{([^{}]*)\}")

MESSAGE_FIELDS = (
    "check",
    "message",
    "policy.id",
    "policy.severity",
    "policy.title",
    "status",
    "subject.account",
    "subject.id",
    "subject.kind",
    "subject.name",
    "subject.region",
)
"""What a message template may name besides ``params.…``. ``message`` is what the check says."""


def fill_params(value: Json, params: Mapping[str, Json]) -> Json:
    """Replace ``${params.x}`` throughout a value. Alone it keeps its type, inside a text it becomes text; ``$${`` stands for ``${``.

    Raises:
        UsageError: a placeholder names no parameter.
    """
    if isinstance(value, dict):
        return {key: fill_params(item, params) for key, item in value.items()}
    if isinstance(value, list):
        return [fill_params(item, params) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    whole = _PARAM.fullmatch(value)
    if whole and not whole[1]:
        return _param(whole[2], params)
    return _PARAM.sub(lambda match: f"${{{match[2]}}}" if match[1] else as_text(_param(match[2], params)), value)


def params_named(value: Json) -> set[str]:
    """Return the names of the parameters that a value's placeholders use."""
    if isinstance(value, dict):
        return {name for item in value.values() for name in params_named(item)}
    if isinstance(value, list):
        return {name for item in value for name in params_named(item)}
    if not isinstance(value, str):
        return set()
    return {match[2].removeprefix("params.") for match in _PARAM.finditer(value) if not match[1]}


def _param(expression: str, params: Mapping[str, Json]) -> Json:
    kind, _, name = expression.partition(".")
    if kind != "params" or not name:
        raise UsageError(f"${{{expression}}} is not a parameter", "write ${params.NAME}; $${ stands for ${ itself")
    if name not in params:
        known = did_you_mean(name, params)
        raise UsageError(
            f"the policy declares no parameter {name!r}", known or f"add it under params: {name}: {{type: …}}"
        )
    return params[name]


def as_text(value: Json) -> str:
    """Return a value as it would be written in YAML inside a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(as_text(item) for item in value)
    return "" if value is None else str(value)


def check_message(template: str, params: Iterable[str]) -> None:
    """Check a message template.

    Raises:
        UsageError: unbalanced braces, or a placeholder that means nothing.
    """
    known = [*MESSAGE_FIELDS, *(f"params.{name}" for name in params)]
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"unbalanced braces: {error}", "write {{ and }} for the characters themselves") from None
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if name not in known or form or conversion:
            shown = name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            hint = did_you_mean(name, known) or "write {{ and }} for the characters themselves"
            raise UsageError(f"a message has no placeholder {{{shown}}}", hint)


def render_message(template: str, values: Mapping[str, Json]) -> str:
    """Fill a checked message template. What a run does not know stays empty, values are inserted as they are, never as templates."""
    out: list[str] = []
    for literal, name, _, _ in string.Formatter().parse(template):
        out.append(literal)
        if name is not None:
            out.append(as_text(values.get(name)))
    return "".join(out)
