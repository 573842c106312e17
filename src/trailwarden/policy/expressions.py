"""Expressions: CEL over the view of the facts, for what no check covers.

An expression becomes a check made on the spot, so that planning, provenance and three-valued logic treat it like any other. Names and types
are checked when the policy is loaded. A field that could not be read is an error to CEL, whose own rules absorb it where the other side
decides (``true || error`` is true); an error that is left is ERROR, never a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from trailwarden.contract import Check, failed, not_applicable, param, passed, undecidable
from trailwarden.errors import Unreadable, UsageError
from trailwarden.facts.base import Subject
from trailwarden.model import Finding, Json, Reason, ReasonCode
from trailwarden.params import to_json
from trailwarden.policy.view import VIEW_VERSION, visible
from trailwarden.registry import did_you_mean

CHECK_ID = "expr"
INSTALL = "pip install 'trailwarden[cel]'"

_PARAM_TYPES = {"string": "string", "integer": "int", "number": "double", "boolean": "bool", "array": "list(dyn)"}
_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")
_NAME = re.compile(r"[a-z_]+(?:\.[a-z_0-9]+)+")


class ExpressionError(UsageError):
    """An expression that can't be used; ``line`` and ``column`` count from 1 inside its text."""

    def __init__(self, message: str, hint: str = "", line: int = 1, column: int = 1) -> None:
        super().__init__(message, hint)
        self.line = line
        self.column = column


@dataclass(frozen=True)
class ExprParams:
    """What a result shows as the parameters of an expression."""

    expr: str = param("", "the expression")


@dataclass(eq=False)
class Expression:
    """A checked expression over one type of subject. Carries its text, not CEL's program, from process to process."""

    text: str
    subject: type[Subject]
    param_types: Mapping[str, str]
    params: Mapping[str, Json]
    _program: Any = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_program": None}

    @property
    def names(self) -> list[str]:
        """Return the fields of the view that the text may use, by name; one inside a text literal only costs a read."""
        fields = visible(self.subject)
        return sorted({name for match in _NAME.findall(self.text) for name in _prefixes(match) if name in fields})

    def compile(self) -> Any:
        """Return CEL's program.

        Raises:
            ExpressionError: a syntax error, an unknown name, or types that do not fit.
            UsageError: the extra is not installed.
        """
        if self._program is None:
            self._program = self._compiled()
        return self._program

    def _compiled(self) -> Any:
        cel = _cel()
        types = {name: item.type for name, (_, item) in visible(self.subject).items()}
        types.update({f"params.{name}": _PARAM_TYPES[kind] for name, kind in self.param_types.items()})
        environment = cel.NewEnv(variables={name: _type(kind) for name, kind in types.items()})
        try:
            program = environment.compile(self.text)
        except RuntimeError as error:
            raise _explained(str(error), self.text, list(types)) from None
        if program.return_type() != cel.Type.BOOL:
            kind = program.return_type().name().lower()
            raise ExpressionError(f"the expression gives {kind}, and must give bool", "compare it with something")
        return program

    def constant(self) -> bool | None:
        """Return what the expression says of every subject; None where it names a field or a parameter, or fails."""
        if self.names or "params." in self.text:
            return None
        value = self.compile().eval(data={})
        return bool(value.value()) if value.type() == _cel().Type.BOOL else None

    def __call__(self, subject: Any, _: ExprParams) -> Finding:
        """Judge one subject.

        Raises:
            Unreadable: a field that decides could not be read, or the expression itself failed.
        """
        known, unread, absent = self._values(subject)
        data = {**known, **{f"params.{name}": value for name, value in self.params.items()}}
        value = self.compile().eval(data=data)
        observed = {name: _shown(item) for name, item in sorted(known.items())}
        expected = {"expr": self.text}
        if value.type() == _cel().Type.BOOL:
            if value.value():
                return passed(f"holds: {self.text}", observed, expected)
            return failed(f"does not hold: {self.text}", observed, expected)
        if unread:
            raise Unreadable(unread[0])
        if absent:
            return not_applicable(f"{subject.name} has no {' and no '.join(absent)}", observed)
        return undecidable(subject, ReasonCode.UNPARSEABLE, f"the expression failed: {_first_line(str(value.value()))}")

    def _values(self, subject: Any) -> tuple[dict[str, Any], list[Reason], list[str]]:
        """Return the fields that could be read, why others could not, and what the subject does not have."""
        fields = visible(self.subject)
        known: dict[str, Any] = {}
        unread: list[Reason] = []
        absent: dict[str, None] = {}
        for name in self.names:
            kind, item = fields[name]
            target = _target(subject, kind)
            if target is None:
                absent[kind] = None
                continue
            try:
                value = item.get(target)
            except Unreadable as error:
                unread.append(error.reason)
                continue
            if value is None:
                message = f"AWS says nothing of {name}"
                unread.append(
                    Reason(ReasonCode.UNEXPECTED, region=target.region, account=target.account_id, aws_message=message)
                )
            else:
                known[name] = value
        return known, unread, list(absent)


def expression_check(
    text: str, subject: type[Subject], declared: Mapping[str, str], params: Mapping[str, Json]
) -> tuple[Check, ExprParams]:
    """Return an expression as a check of ``subject`` with its parameters.

    Args:
        text: CEL.
        subject: what the policy is about.
        declared: the types of the policy's parameters.
        params: their values.

    Raises:
        ExpressionError: the text can't be used.
        UsageError: the extra is not installed.
    """
    judge = Expression(text, subject, dict(declared), dict(params))
    judge.compile()
    fields = visible(subject)
    facts = dict.fromkeys(item.fact for name in judge.names if (item := fields[name][1]).fact is not None)
    check = Check(
        id=CHECK_ID,
        title="An expression of the policy holds",
        why="The policy says in its own words what no check covers.",
        fix="See the policy.",
        error="A field that decides could not be read.",
        source="",
        subject=subject,
        judges={subject: judge},
        params_type=ExprParams,
        declared=tuple(item for item in facts if item is not None),
        conditional=(),
        version=VIEW_VERSION,
        replaces=(),
        module=__name__,
    )
    return check, ExprParams(text)


@cache
def _cel() -> Any:
    try:
        from cel_expr_python import cel  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise UsageError("expressions need the extra 'cel'", INSTALL) from None
    return cel


@cache
def _type(kind: str) -> Any:
    types = _cel().Type
    if kind.startswith("list("):
        return types.List(_type(kind[5:-1]))
    return getattr(types, kind.upper())


def _target(subject: Any, kind: str) -> Any:
    """Return what a subject leads to of a kind, or None where it has no such thing."""
    if subject.kind == kind:
        return subject
    if kind == "organization" and subject.kind != "account":
        subject = subject.account
    return getattr(subject, kind.replace("-", "_"))


def _prefixes(dotted: str) -> list[str]:
    parts = dotted.split(".")
    return [".".join(parts[: count + 1]) for count in range(1, len(parts))]


def _explained(error: str, text: str, names: list[str]) -> ExpressionError:
    match = _ERROR.search(error)
    if match is None:
        return ExpressionError(f"not an expression: {_first_line(error)}")
    line, column = int(match[1]), int(match[2])
    # CEL names every token that it would have taken.
    message = re.sub(r" \(in container ''\)$| expecting .*$", "", match[3])[:200]
    unknown = re.match(r"undeclared reference to '([^']*)'", message)
    if unknown is None:
        return ExpressionError(f"not an expression: {message}", "", line, column)
    # CEL points at the last dot of a name; people look for its beginning.
    start = text.split("\n")[line - 1].rfind(unknown[1], 0, column + len(unknown[1]))
    hint = did_you_mean(unknown[1], names)
    return ExpressionError(f"not an expression: {message}", hint, line, start + 1 if start >= 0 else column)


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0][:200]


def _shown(value: Any) -> Json:
    return value.isoformat() if hasattr(value, "isoformat") else to_json(value)
