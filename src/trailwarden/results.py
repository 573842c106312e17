"""``results.json``: the canonical form of a report. Every other format is a function of it.

Writing and reading are inverse: ``report_from_json(report_to_json(report))`` equals ``report``. Keys this release does not know are
ignored when reading, because the contract allows more of them; missing keys, wrong types and counts that do not add up are errors.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import Enum
from functools import cache
from importlib.resources import files
from json.encoder import encode_basestring
from typing import Any, Protocol, TypeVar, runtime_checkable

from trailwarden.errors import UsageError
from trailwarden.model import Json, Report
from trailwarden.text import json_parts, plain

SCHEMA_VERSION = 1

_SORTED = json.JSONEncoder(separators=(",", ":"), sort_keys=True)
_SCALARS = frozenset({str, int, bool, type(None)})

T = TypeVar("T")
Decode = Callable[[Any, str], Any]


def fingerprint(policy: str, check: str, account: str, region: str, subject: str, *, number: int = 1) -> str:
    """Return the identity of a finding, 64 hex digits: stable across runs, whatever the message, the line or the observed values.

    ``number`` tells apart requirements of one policy that ask the same check: 1 for the first of them.
    """
    identity = [encode_basestring(text) for text in (policy, check, account, region, subject)]
    if number > 1:
        identity.append(str(number))
    text = f"[{','.join(identity)}]"  # the JSON of a list
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def report_to_json(report: Report) -> dict[str, Json]:
    """Return the report as ``results.json`` holds it: contract keys first, in the contract's order."""
    return {
        name: list(value) if isinstance(value, Iterator) else value for name, value in _document(report, report.summary)
    }


def results_text(report: Report) -> Iterator[str]:
    """Yield the text of ``results.json``, a record at a time: a report need not be in memory to be written."""
    yield from json_parts(dict(_document(report, report.summary)), 2)
    yield "\n"


def _document(report: Report, summary: Mapping[str, int]) -> Iterator[tuple[str, Json]]:
    """Yield the keys of the document with their values; a long list is an iterator, an empty one a list."""
    yield "schema_version", SCHEMA_VERSION
    for item in dataclasses.fields(report):
        value = getattr(report, item.name)
        if isinstance(value, Sequence):
            # A report of one account is what it was before there were members.
            if item.name != "members" or value:
                plain_items = value.plain() if isinstance(value, Stored) else map(_value, value)
                yield item.name, plain_items if any(True for _ in value) else []
        else:
            yield item.name, _value(value)
        if item.name == "run":
            yield "summary", dict(summary)


def with_run_id(report: Report) -> Report:
    """Return the report with ``run.id`` set to the first 16 hex digits of the SHA-256 of everything else in it.

    Except ``run.source``: a replay of the same ledger is the same judgement, and has the same id.
    """
    nameless = dataclasses.replace(report, run=dataclasses.replace(report.run, id="", source=""))
    digest = hashlib.sha256()
    for text in _canonical(dict(_document(nameless, nameless.summary))):
        digest.update(text.encode("ascii"))
    return dataclasses.replace(report, run=dataclasses.replace(report.run, id=digest.hexdigest()[:16]))


def _canonical(document: Mapping[str, Json]) -> Iterator[str]:
    """Yield what ``json.dumps`` would return for the document with sorted keys and without spaces, a record at a time."""
    opening = "{"
    for name in sorted(document):
        yield f'{opening}"{name}":'
        opening = ","
        value = document[name]
        if isinstance(value, Iterator):
            before = "["
            for item in value:
                yield before + _SORTED.encode(item)
                before = ","
            yield "]"
        else:
            yield _SORTED.encode(value)
    yield "}"


def report_from_json(data: Json) -> Report:
    """Rebuild a report from parsed ``results.json``.

    Raises:
        UsageError: not a results document, a newer schema version, or something in it is missing, of a wrong type or contradictory; the
            message names the place, such as ``results[3].status``.
    """
    if not isinstance(data, dict) or "schema_version" not in data:
        raise UsageError(
            "not a results.json: no schema_version", "give the file that `trailwarden check -o json=FILE` wrote"
        )
    if data["schema_version"] != SCHEMA_VERSION:
        raise UsageError(
            f"schema_version {data['schema_version']!r} is not {SCHEMA_VERSION}",
            "use the trailwarden that wrote it, or a newer one",
        )
    report: Report = _decoder(Report)(data, "")
    _reconcile(report, data)
    return report


@runtime_checkable
class Stored(Protocol):
    """A sequence whose items are kept as JSON."""

    def plain(self) -> Iterator[Json]:
        """Yield the items as ``to_plain`` made them."""
        ...


def to_plain(value: Any) -> Json:
    """Return a value of the report's kinds, or a sequence of them, as JSON."""
    return _value(value)


def from_plain(kind: type[T], data: Json) -> T:
    """Return what ``to_plain`` made of a value of a kind; raises UsageError as ``report_from_json``."""
    hint: Any = kind
    found: T = _decoder(hint)(data, "")
    return found


def results_schema() -> dict[str, Json]:
    """Return the published JSON Schema of ``results.json`` (draft 2020-12)."""
    text = (files("trailwarden") / "schemas" / "results.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Json] = json.loads(text)
    return schema


def _reconcile(report: Report, data: Mapping[str, Json]) -> None:
    """Refuse a document whose parts contradict each other: it was edited or cut, and a verdict must not be read from it."""
    if data.get("summary") != report.summary:
        raise UsageError(
            f"summary: says {data.get('summary')}, the results add up to {report.summary}",
            "the file was edited or is incomplete",
        )
    for name, instant in (("started_at", report.run.started_at), ("finished_at", report.run.finished_at)):
        if not _is_utc(instant):
            raise UsageError(f"run.{name}: {_shown(instant)} is not an instant in UTC", "such as 2026-11-20T06:00:00Z")
    known = {rule.id for rule in report.rules}
    for place, identity in [
        *((f"policies[{index}].id", verdict.id) for index, verdict in enumerate(report.policies)),
        *((f"results[{index}].policy", result.policy) for index, result in enumerate(report.results)),
    ]:
        if identity not in known:
            raise UsageError(f"{place}: {identity!r} is not among the rules", "the file was edited or is incomplete")


def _is_utc(instant: str) -> bool:
    try:
        return instant.endswith("Z") and datetime.fromisoformat(instant).utcoffset() == timedelta(0)
    except ValueError:
        return False


def _record(value: Any) -> dict[str, Json]:
    return {name: _value(getattr(value, name)) for name in value.__dataclass_fields__}


def _value(value: Any) -> Json:
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is tuple or (isinstance(value, Sequence) and not isinstance(value, str)):
        return [_value(item) for item in value]
    return _record(value) if dataclasses.is_dataclass(value) else plain(value)


@cache
def _decoder(hint: Any) -> Decode:
    """Return a function that turns JSON into a value of the annotated type, or raises UsageError naming the place."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return lambda value, _place: value
    if dataclasses.is_dataclass(hint):
        return _decode_record(typing.cast("type[Any]", hint))
    if origin is types.UnionType:
        [inner] = [_decoder(argument) for argument in arguments if argument is not types.NoneType]
        return lambda value, place: None if value is None else inner(value, place)
    if origin is tuple:
        return _decode_list(arguments)
    if origin is Sequence:
        return _decode_list((*arguments, ...))
    if origin is Mapping:
        return _decode_mapping(_decoder(arguments[1]))
    if issubclass(hint, Enum):
        return _decode_enum(hint)
    return _decode_scalar(hint)


def _decode_scalar(kind: type[Any]) -> Decode:
    name = {str: "a text", int: "an integer", bool: "true or false"}[kind]

    def decode(value: Any, place: str) -> Any:
        if type(value) is not kind:
            raise UsageError(f"{place}: {_shown(value)} is not {name}")
        return value

    return decode


def _decode_enum(kind: type[Enum]) -> Decode:
    members = {member.value: member for member in kind}

    def decode(value: Any, place: str) -> Any:
        if isinstance(value, str) and value in members:
            return members[value]
        near = get_close_matches(str(value), list(members), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(members)}"
        raise UsageError(f"{place}: {_shown(value)} is not a {kind.__name__.lower()}", hint)

    return decode


def _decode_list(arguments: tuple[Any, ...]) -> Decode:
    """Decode ``tuple[T, ...]``, or a tuple of fixed length such as a pair."""
    repeated = arguments[1:] == (Ellipsis,)
    parts = [_decoder(argument) for argument in arguments if argument is not Ellipsis]

    def decode(value: Any, place: str) -> Any:
        if not isinstance(value, list):
            raise UsageError(f"{place}: {_shown(value)} is not a list")
        if not repeated and len(value) != len(parts):
            raise UsageError(f"{place}: {len(value)} items, expected {len(parts)}")
        decoders = parts * len(value) if repeated else parts
        return tuple(
            one(item, f"{place}[{index}]") for index, (one, item) in enumerate(zip(decoders, value, strict=True))
        )

    return decode


def _decode_mapping(inner: Decode) -> Decode:
    def decode(value: Any, place: str) -> Any:
        if not isinstance(value, dict):
            raise UsageError(f"{place}: {_shown(value)} is not an object")
        return {key: inner(item, f"{place}.{key}") for key, item in value.items()}

    return decode


def _decode_record(kind: type[Any]) -> Decode:
    hints = typing.get_type_hints(kind)
    fields = [
        (item.name, _decoder(hints[item.name]), item.default is item.default_factory is dataclasses.MISSING)
        for item in dataclasses.fields(kind)
    ]

    def decode(value: Any, place: str) -> Any:
        if not isinstance(value, dict):
            raise UsageError(f"{place}: {_shown(value)} is not an object")
        found = {}
        for name, inner, required in fields:
            where = f"{place}.{name}" if place else name
            if name in value:
                found[name] = inner(value[name], where)
            elif required:
                raise UsageError(f"{where}: missing")
        return kind(**found)

    return decode


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:59]}…"
