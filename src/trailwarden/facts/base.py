"""How facts work: lazily built, built once, aware of what they read, and honest about what could not be read.

A fact is a method of a subject (an account, a trail, a bucket …) that asks AWS and returns a typed, frozen view. Declared with
``@fact``, it behaves like a property; the class attribute (``Trail.status``) is the declaration that a check lists in ``reads``.

Touching a fact does three things for the author: it builds the value once, also under threads; it adds the calls behind the value to
the running check's provenance; and it raises ``Unreadable`` if a needed reply failed, which only the engine (and the helpers in
``trailwarden.kleene``) catch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar, overload

from trailwarden.errors import PluginError, UndeclaredReadError, Unreadable
from trailwarden.facts.operations import READS
from trailwarden.model import Reason

S = TypeVar("S", bound="Subject")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass
class Trace:
    """What a piece of code may touch and what it has read so far. ``allowed`` None means no limit."""

    allowed: frozenset[Fact[Any, Any]] | None = None
    who: str = ""
    calls: dict[str, None] = field(default_factory=dict)


_TRACE: ContextVar[Trace | None] = ContextVar("trailwarden_trace", default=None)


class tracing:  # noqa: N801 - used as a verb: ``with tracing(trace)``; a class because a generator costs three times as much
    """Record into ``trace`` what is read inside the block, and enforce what it allows."""

    __slots__ = ("_token", "_trace")

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __enter__(self) -> Trace:
        self._token: Token[Trace | None] = _TRACE.set(self._trace)
        return self._trace

    def __exit__(self, *exception: object) -> None:
        _TRACE.reset(self._token)


def record_call(call_id: str) -> None:
    """Add a call to the running trace, if there is one."""
    trace = _TRACE.get()
    if trace is not None:
        trace.calls[call_id] = None


class _Cell:
    """The memo of one fact of one subject."""

    __slots__ = ("calls", "done", "error", "lock", "value")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.done = False
        self.value: Any = None
        self.error: Reason | None = None
        self.calls: tuple[str, ...] = ()


class Subject:
    """Something a check can judge. ``kind`` is its name in policies and reports."""

    kind: ClassVar[str] = ""
    facts: ClassVar[dict[str, Fact[Any, Any]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.facts = {name: value for name, value in vars(cls).items() if isinstance(value, Fact)}

    def __init__(self, *, id: str, name: str, account_id: str, region: str) -> None:  # noqa: A002 - the field's word
        self.id = id
        """ARN, or for an account its twelve digits; what reports show as the subject."""
        self.name = name
        self.account_id = account_id
        self.region = region
        self._cells: dict[str, _Cell] = {}
        self._cells_lock = threading.Lock()
        self.verdicts: dict[Any, Any] = {}
        """What checks concluded about this subject, by check and parameters; the judge's memo."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    def _cell(self, name: str) -> _Cell:
        cell = self._cells.get(name)
        if cell is not None:  # the usual case, and dictionaries are read atomically
            return cell
        with self._cells_lock:
            return self._cells.setdefault(name, _Cell())


class Fact(Generic[S, T]):
    """The declaration of a fact, and the descriptor that builds it."""

    def __init__(self, build: Callable[[S], T], operations: tuple[str, ...], needs: tuple[str, ...]) -> None:
        unknown = [name for name in operations if name not in READS]
        if unknown:
            raise PluginError(
                f"{build.__qualname__}: {', '.join(unknown)} is not on the list of reads (facts/operations.py)"
            )
        self.build = build
        self.operations = operations
        self.needs = needs
        self.doc = (build.__doc__ or "").strip()
        self.name = build.__name__
        self.qualified = build.__qualname__

    def __set_name__(self, owner: type[Subject], name: str) -> None:
        """Take the place in a class; a function of another module becomes a fact of the class that it is assigned in."""
        self.owner = owner
        self.name = name
        self.qualified = f"{owner.__qualname__}.{name}"
        _BY_NAME[self.qualified] = self

    def __repr__(self) -> str:
        return f"<Fact {self.qualified}>"

    @overload
    def __get__(self, subject: None, owner: type[S]) -> Fact[S, T]: ...
    @overload
    def __get__(self, subject: S, owner: type[S]) -> T: ...
    def __get__(self, subject: S | None, owner: type[S]) -> Fact[S, T] | T:
        """Return the declaration (on the class) or the value (on a subject).

        Raises:
            Unreadable: a reply that the value needs failed.
            UndeclaredReadError: the running check or fact did not declare this fact.
        """
        if subject is None:
            return self
        trace = _TRACE.get()
        if trace is not None and trace.allowed is not None and self not in trace.allowed:
            raise UndeclaredReadError(
                f"{trace.who} reads {self.qualified} without declaring it", f"add {self.qualified} to its reads"
            )
        cell = subject._cell(self.name)  # noqa: SLF001 - the two classes are one mechanism
        if not cell.done:  # the last thing that is set, so a cell that is done can be read without its lock
            with cell.lock:
                if not cell.done:
                    self._fill(cell, subject)
        if trace is not None:
            trace.calls.update(dict.fromkeys(cell.calls))
        if cell.error is not None:
            raise Unreadable(cell.error)
        value: T = cell.value
        return value

    def _fill(self, cell: _Cell, subject: S) -> None:
        inner = Trace(allowed=frozenset(closure(map(by_name, self.needs))), who=f"fact {self.qualified}")
        with tracing(inner):
            try:
                cell.value = self.build(subject)
            except Unreadable as error:
                cell.error = error.reason
        cell.calls = tuple(inner.calls)
        cell.done = True


_BY_NAME: dict[str, Fact[Any, Any]] = {}


def by_name(name: str) -> Fact[Any, Any]:
    """Return a fact by its qualified name, ``Trail.status``.

    Raises:
        PluginError: there is no such fact.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise PluginError(f"there is no fact {name}") from None


def all_facts() -> list[Fact[Any, Any]]:
    """Return every declared fact, by qualified name."""
    return [_BY_NAME[name] for name in sorted(_BY_NAME)]


def fact(*operations: str, needs: Sequence[str] = ()) -> Callable[[Callable[[S], T]], Fact[S, T]]:
    """Declare a fact: the operations it sends (``service.Operation``) and the facts it builds on (``Trail.status``)."""

    def wrap(build: Callable[[S], T]) -> Fact[S, T]:
        return Fact(build, operations, tuple(needs))

    return wrap


def closure(facts: Iterable[Fact[Any, Any]]) -> list[Fact[Any, Any]]:
    """Return the facts and all they build on, each once, what is needed before what needs it."""
    ordered: dict[Fact[Any, Any], None] = {}

    def visit(item: Fact[Any, Any]) -> None:
        if item in ordered:
            return
        for needed in item.needs:
            visit(by_name(needed))
        ordered[item] = None

    for item in facts:
        visit(item)
    return list(ordered)


class Population(Sequence[T_co]):
    """The subjects that were found, and the reasons why there may be more. Iterating yields what was found."""

    def __init__(
        self,
        items: Iterable[T_co],
        gaps: Iterable[Reason] = (),
        *,
        source: str = "",
        pages: int = 0,
        excluded: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.items = tuple(items)
        self.gaps = tuple(gaps)
        """Reads that failed while looking; a population with a gap is never complete."""
        self.source = source
        self.pages = pages
        self.excluded = tuple(excluded)
        """What was found and left out, each with its reason."""

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T_co]: ...
    def __getitem__(self, index: int | slice) -> T_co | Sequence[T_co]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)
