"""Compares a document with a JSON Schema and says what is wrong in words, at the exact place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from trailwarden.errors import Problem
from trailwarden.model import Json
from trailwarden.policy.accept import compile_schema
from trailwarden.policy.yamltext import Node
from trailwarden.registry import did_you_mean

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}

MAX_ERRORS = 100
"""Explained in one document; nobody reads more, and each takes time."""

_EMPTY = {"minItems": "list", "minProperties": "mapping", "minLength": "text"}


class Structure:
    """A compiled schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._accepts = compile_schema(schema)

    @cached_property
    def _validator(self) -> Validator:
        # Imported only to explain a mistake: it takes a tenth of a second and some megabytes.
        from jsonschema import Draft202012Validator  # noqa: PLC0415 - said above

        return Draft202012Validator(self._schema)

    def problems(self, node: Node, *, data: Json = None, prefix: str = "") -> list[Problem]:
        """Return what is wrong with a node, in document order.

        Args:
            node: where the value stands.
            data: the value, if it is not the node's own (placeholders filled).
            prefix: put before each message.
        """
        value = node.data if data is None else data
        if self._accepts(value):
            return []
        errors = islice(self._validator.iter_errors(value), MAX_ERRORS)
        found = [problem for error in errors for problem in _explain(error, node, prefix)]
        return sorted(dict.fromkeys(found))


def _explain(error: ValidationError, root: Node, prefix: str) -> Iterator[Problem]:
    path = list(error.absolute_path)
    here = root.at(path)
    where = f"{prefix}{'.'.join(map(str, path))}: " if prefix and path else prefix

    def problem(message: str, hint: str = "", at: Node = here) -> Problem:
        return at.problem(where + message, hint)

    rule, schema = error.validator, error.schema if isinstance(error.schema, Mapping) else {}
    expected: Any = error.validator_value
    value: Any = error.instance
    if rule == "additionalProperties":
        known = schema.get("properties", {})
        for name in [name for name in value if name not in known][:MAX_ERRORS]:
            # A problem inside parameters that were filled in has no key of its own.
            at = here.keys.get(name, here)
            what = "parameter" if prefix else "key"
            yield problem(f"unknown {what} {describe(name)}", did_you_mean(name, known), at)
    elif rule in ("anyOf", "oneOf") and error.context:
        yield from _branches(error, root, here, prefix, where)
    elif rule == "oneOf":
        if isinstance(value, dict):  # of any other type, that is the problem and has been reported
            yield problem("expected exactly " + str(schema.get("expects", "one of several forms")))
    elif rule == "required":
        for name in [name for name in expected if name not in value]:
            near = did_you_mean(name, [key for key in value if key not in schema.get("properties", {})])
            if not near.startswith("did"):  # else the unknown key is reported, with this one as the hint
                yield problem(f"missing key {name!r}")
    elif rule == "dependentRequired":
        yield problem("'with' goes with 'check'", at=here.keys.get("with", here))
    elif rule == "type":
        names = [expected] if isinstance(expected, str) else list(expected)
        wanted = " or ".join(_WORDS[name] for name in names)
        yield problem(f"expected {wanted}, got {describe(value, here)}", _type_hint(names, value, here))
    elif rule in ("enum", "const"):
        allowed = [str(item) for item in (expected if rule == "enum" else [expected])]
        hint = did_you_mean(str(value), allowed) or f"one of: {', '.join(allowed)}"
        if "expects" in schema and not hint.startswith("did"):
            hint = f"expected {schema['expects']}"
        yield problem(
            f"{describe(value, here)} is not allowed",
            hint if isinstance(value, str) else f"one of: {', '.join(allowed)}",
        )
    elif rule == "pattern":
        at = here.keys.get(value, here) if isinstance(value, str) else here
        yield problem(f"{describe(value)} is not {schema.get('expects', f'of the form {expected}')}", at=at)
    elif rule in ("minimum", "maximum"):
        yield problem(f"{value} is {'less' if rule == 'minimum' else 'more'} than the {rule} {expected}")
    elif rule in ("minItems", "minProperties", "minLength"):
        yield problem(f"the {_EMPTY[rule]} is empty", "remove the key or fill it in")
    elif rule == "maxLength":
        yield problem(f"longer than {expected} characters")
    elif rule == "maxItems":
        yield problem(f"more than {expected} elements")
    elif rule == "maxProperties":
        yield problem("expected exactly " + str(schema.get("expects", "one key")))
    else:
        yield problem(error.message.splitlines()[0][:200])


def _branches(error: ValidationError, root: Node, here: Node, prefix: str, where: str) -> Iterator[Problem]:
    """Explain by the one alternative whose type fits; if none does, name what would have."""
    branches: dict[Any, list[ValidationError]] = {}
    for sub in error.context or ():
        branches.setdefault(sub.schema_path[0], []).append(sub)
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    instance: Any = error.instance
    if all(
        sub.validator == "required" and sub.absolute_path == error.absolute_path
        for subs in branches.values()
        for sub in subs
    ):
        keys = [_required(sub) for subs in branches.values() for sub in subs]
        hints = (did_you_mean(name, keys) for name in instance if name not in schema.get("properties", {}))
        near = [hint for hint in hints if hint.startswith("did")]
        if not near:  # else the unknown key is reported anyway, with the same hint
            yield here.problem(where + f"missing one of {', '.join(keys)}")
        return
    fitting = [
        subs
        for subs in branches.values()
        if not any(sub.validator in ("type", "const") and not sub.path for sub in subs)
    ]
    if len(fitting) == 1:
        for sub in fitting[0]:
            yield from _explain(sub, root, prefix)
        return
    title = schema.get("expects") or " or ".join(_branch_words(schema.get(str(error.validator), [])))
    yield here.problem(where + f"expected {title}, got {describe(instance, here)}", _quote_hint(instance, title))


def _required(error: ValidationError) -> str:
    names: Any = error.validator_value
    return str(names[0])


def _branch_words(branches: list[Any]) -> list[str]:
    return [
        _WORDS.get(branch.get("type", ""), "a value")
        + (" of " + _WORDS[branch["items"]["type"]] if "type" in branch.get("items", {}) else "")
        for branch in branches
    ]


def _quote_hint(value: Json, wanted: str) -> str:
    return "put it in quotes" if isinstance(value, int | float) and "text" in wanted else ""


def _type_hint(names: list[str], value: Json, node: Node) -> str:
    if "string" in names and isinstance(value, bool | int | float):
        return f'put it in quotes: "{node.raw or value}"'
    if value is None:
        return "remove the key or give it a value"
    if "boolean" in names and isinstance(value, str) and value.lower() in ("yes", "no", "on", "off", "y", "n"):
        return f"write {'true' if value.lower() in ('yes', 'on', 'y') else 'false'}"
    if set(names) & {"integer", "number"} and isinstance(value, str) and value.lstrip("-").isdigit():
        return f"remove the quotes: {value}"
    return ""


def describe(value: Json, node: Node | None = None) -> str:
    """Return a value as a message shows it: its kind and, for a scalar, its beginning as it was written."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        written = node.raw if node is not None and node.data == value and node.raw else str(value)
        return f"the number {written}"
    if isinstance(value, str):
        return repr(value) if len(value) <= 60 else repr(value[:57] + "…")
    return "a mapping" if isinstance(value, dict) else "a list"
