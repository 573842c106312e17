"""A quick yes or no to whether a value fits a schema, so that the slow, explaining validator only sees what is wrong.

It knows the part of JSON Schema that trailwarden's own schemas use and refuses to compile any other keyword. Each schema becomes nested
functions once; a value then costs about a fiftieth of what jsonschema takes, which is not even imported while everything is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from trailwarden.model import Json

Accept = Callable[[Json], bool]

_TYPES: Mapping[str, Accept] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    ),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: value is None,
}
_ANNOTATIONS = {"title", "expects", "description", "default", "$defs", "$schema", "$id"}
_NUMBERS = (int, float)


def compile_schema(schema: Mapping[str, Any]) -> Accept:
    """Return a function that says whether a value fits ``schema``.

    Raises:
        NotImplementedError: the schema uses a keyword that is not known here.
    """
    return _Compiler(schema).compile(schema)


class _Compiler:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._named: dict[str, list[Accept]] = {}

    def compile(self, schema: Mapping[str, Any]) -> Accept:
        rules: list[Accept] = []
        for keyword, expected in schema.items():
            if keyword in _ANNOTATIONS or keyword in ("properties", "additionalProperties"):
                continue
            make = getattr(self, "_" + keyword.lstrip("$"), None)
            if make is None:
                raise NotImplementedError(f"JSON Schema keyword {keyword!r}")
            rules.append(make(expected))
        if "properties" in schema or "additionalProperties" in schema:
            rules.append(self._object(schema.get("properties", {}), schema.get("additionalProperties", True)))
        if len(rules) == 1:
            return rules[0]
        return lambda value: all(rule(value) for rule in rules)

    def _ref(self, reference: str) -> Accept:
        name = reference.removeprefix("#/$defs/")
        if name not in self._named:  # schemas refer to themselves, so the place is taken before it is filled
            self._named[name] = []
            self._named[name].append(self.compile(self._root["$defs"][name]))
        made = self._named[name]

        def accept(value: Json) -> bool:
            return made[0](value)  # looked up when called: while a schema refers to itself, nothing is there yet

        return accept

    def _type(self, expected: str | list[str]) -> Accept:
        if isinstance(expected, str):
            return _TYPES[expected]
        kinds = [_TYPES[name] for name in expected]
        return lambda value: any(kind(value) for kind in kinds)

    def _object(self, properties: Mapping[str, Any], additional: Any) -> Accept:
        known = {name: self.compile(schema) for name, schema in properties.items()}
        other = self.compile(additional) if isinstance(additional, Mapping) else (lambda _: bool(additional))
        return lambda value: (
            not isinstance(value, dict) or all(known.get(name, other)(item) for name, item in value.items())
        )

    def _propertyNames(self, schema: Mapping[str, Any]) -> Accept:  # noqa: N802 - named as the keyword
        accept = self.compile(schema)
        return lambda value: not isinstance(value, dict) or all(map(accept, value))

    def _items(self, schema: Mapping[str, Any]) -> Accept:
        accept = self.compile(schema)
        return lambda value: not isinstance(value, list) or all(map(accept, value))

    def _anyOf(self, schemas: list[Mapping[str, Any]]) -> Accept:  # noqa: N802 - named as the keyword
        accepts = [self.compile(schema) for schema in schemas]
        return lambda value: any(accept(value) for accept in accepts)

    def _oneOf(self, schemas: list[Mapping[str, Any]]) -> Accept:  # noqa: N802 - named as the keyword
        accepts = [self.compile(schema) for schema in schemas]
        return lambda value: sum(accept(value) for accept in accepts) == 1

    def _required(self, names: list[str]) -> Accept:
        wanted = frozenset(names)
        return lambda value: not isinstance(value, dict) or wanted <= value.keys()

    def _dependentRequired(self, names: Mapping[str, list[str]]) -> Accept:  # noqa: N802 - named as the keyword
        return lambda value: (
            not isinstance(value, dict)
            or all(name not in value or set(needed) <= value.keys() for name, needed in names.items())
        )

    def _enum(self, allowed: list[Json]) -> Accept:
        # Compared with their types, because to Python 1, 1.0 and True are the same.
        return lambda value: any(_same(value, item) for item in allowed)

    def _const(self, wanted: Json) -> Accept:
        return lambda value: _same(value, wanted)

    def _pattern(self, pattern: str) -> Accept:
        search = re.compile(pattern).search
        return lambda value: not isinstance(value, str) or search(value) is not None

    def _minimum(self, bound: float) -> Accept:
        return lambda value: not isinstance(value, _NUMBERS) or isinstance(value, bool) or value >= bound

    def _maximum(self, bound: float) -> Accept:
        return lambda value: not isinstance(value, _NUMBERS) or isinstance(value, bool) or value <= bound

    def _minLength(self, bound: int) -> Accept:  # noqa: N802 - named as the keyword
        return lambda value: not isinstance(value, str) or len(value) >= bound

    def _maxLength(self, bound: int) -> Accept:  # noqa: N802 - named as the keyword
        return lambda value: not isinstance(value, str) or len(value) <= bound

    def _minItems(self, bound: int) -> Accept:  # noqa: N802 - named as the keyword
        return lambda value: not isinstance(value, list) or len(value) >= bound

    def _maxItems(self, bound: int) -> Accept:  # noqa: N802 - named as the keyword
        return lambda value: not isinstance(value, list) or len(value) <= bound

    def _minProperties(self, bound: int) -> Accept:  # noqa: N802 - named as the keyword
        return lambda value: not isinstance(value, dict) or len(value) >= bound

    def _maxProperties(self, bound: int) -> Accept:  # noqa: N802 - named as the keyword
        return lambda value: not isinstance(value, dict) or len(value) <= bound


def _same(one: Json, other: Json) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)
