"""Frozen dataclasses to plain JSON values and back, by their type hints: what a ledger or a cluster carries around."""

from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def pack(value: object) -> Any:
    """`value` as lists, dicts and scalars; a dataclass becomes the list of its fields."""
    if is_dataclass(value) and not isinstance(value, type):
        return [pack(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return [[pack(key), pack(item)] for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [pack(item) for item in value]
    return value


def unpack(kind: type[T], value: Any) -> T:
    """Inverse of `pack` for a dataclass type; ValueError or TypeError if the value does not fit."""
    result = _unpack(kind, value)
    assert isinstance(result, kind)
    return result


@cache
def _hints(kind: type) -> list[Any]:
    hints = get_type_hints(kind)
    return [hints[field.name] for field in fields(kind)]


def _unpack(kind: Any, value: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        if value is None:
            return None
        return _unpack(next(choice for choice in arguments if choice is not NoneType), value)
    if origin is tuple:
        if arguments[1:] == (...,):
            return tuple(_unpack(arguments[0], item) for item in value)
        return tuple(_unpack(choice, item) for choice, item in zip(arguments, value, strict=True))
    if origin is list:
        return [_unpack(arguments[0], item) for item in value]
    if origin is not None and len(arguments) == 2:
        return {_unpack(arguments[0], key): _unpack(arguments[1], item) for key, item in value}
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(*(_unpack(hint, item) for hint, item in zip(_hints(kind), value, strict=True)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return value
