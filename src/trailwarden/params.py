"""Parameters of checks: from a frozen dataclass to JSON Schema, and from a policy's mapping to the dataclass."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from types import NoneType
from typing import Any

from trailwarden.errors import UsageError
from trailwarden.model import Json

_SCALARS: Mapping[Any, str] = {str: "string", int: "integer", bool: "boolean", float: "number"}


_HINTS: dict[type[Any], Mapping[str, Any]] = {}


def _hints(params_type: type[Any]) -> Mapping[str, Any]:
    """Return the types of the fields; resolving annotations is slow and their answer never changes."""
    found = _HINTS.get(params_type)
    if found is None:
        found = _HINTS[params_type] = typing.get_type_hints(params_type)
    return found


def schema_of(params_type: type[Any]) -> dict[str, Json]:
    """Return the JSON Schema (2020-12) of a params dataclass: types, choices, minima, defaults and descriptions."""
    hints = _hints(params_type)
    properties: dict[str, Json] = {}
    for item in dataclasses.fields(params_type):
        schema = _field_schema(hints[item.name], item.metadata)
        schema["description"] = item.metadata.get("doc", "")
        if item.default is not dataclasses.MISSING:
            schema["default"] = to_json(item.default)
        properties[item.name] = schema
        alias = item.metadata.get("alias")
        if alias:
            properties[alias] = {**schema, "description": f"The same as {item.name}. {schema['description']}"}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _field_schema(hint: Any, metadata: Mapping[str, Any]) -> dict[str, Json]:
    origin = typing.get_origin(hint)
    if origin is tuple:
        element = _field_schema(typing.get_args(hint)[0], metadata)
        # One value where a list is meant is what people write; it is taken as a list of one.
        return (
            {"anyOf": [{"type": "array", "items": element}, element]}
            if "properties" not in element
            else {"type": "array", "items": element}
        )
    if dataclasses.is_dataclass(hint):
        return schema_of(typing.cast("type[Any]", hint))
    schema: dict[str, Json] = {"type": _SCALARS[hint]}
    if metadata.get("choices"):
        schema["enum"] = list(metadata["choices"])
    if metadata.get("minimum") is not None:
        schema["minimum"] = metadata["minimum"]
    if metadata.get("pattern"):
        schema |= {"pattern": metadata["pattern"], "expects": metadata["expects"]}
    return schema


def build(params_type: type[Any], given: Mapping[str, Json]) -> Any:
    """Return the dataclass for what a policy gives; names and types have been validated against ``schema_of``.

    Raises:
        UsageError: an unknown name, a name given twice through its alias, or a value of the wrong type.
    """
    hints = _hints(params_type)
    fields = {item.name: item for item in dataclasses.fields(params_type)}
    aliases = {item.metadata["alias"]: item.name for item in fields.values() if item.metadata.get("alias")}
    values: dict[str, Any] = {}
    for name, value in given.items():
        real = aliases.get(name, name)
        if real not in fields:
            raise UsageError(f"unknown parameter {name!r}")
        if real in values:
            raise UsageError(f"{name!r} and {real!r} are the same parameter")
        values[real] = _convert(hints[real], value, name)
    return params_type(**values)


def _convert(hint: Any, value: Json, name: str) -> Any:
    if typing.get_origin(hint) is tuple:
        element = typing.get_args(hint)[0]
        items = value if isinstance(value, list | tuple) else [value]
        return tuple(_convert(element, item, name) for item in items)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise UsageError(f"parameter {name!r}: expected a mapping")
        return build(typing.cast("type[Any]", hint), value)
    # bool is an int to Python, not to a policy author.
    wrong_bool = isinstance(value, bool) != (hint is bool)
    if wrong_bool or not isinstance(value, (int, float) if hint is float else hint):
        raise UsageError(
            f"parameter {name!r}: expected {_SCALARS[hint]}, got {type(value).__name__ if value is not None else 'nothing'}"
        )
    return value


def to_json(value: Any) -> Json:
    """Return a params dataclass, or one of its values, as JSON data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_json(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, str | int | float | bool | NoneType):
        return value
    return str(value)
