"""Which units run when: bundles kept in flight, results in order, units with too many logs split on the way."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from trailwarden.integrity.task import Unit, UnitResult

if TYPE_CHECKING:
    from trailwarden.integrity.ledger import Ledger

_BUNDLE: Final = 16
_PARTS: Final = 2  # of a unit that was split; each is as large as a unit may be, and one lists while the other reads

Submit = Callable[[Sequence[Unit]], Future[list[UnitResult]]]


@dataclass(slots=True, eq=False)
class _Slot:
    """A unit on its way: waiting for its bundle to be sent, in `future`, or with its result."""

    unit: Unit
    future: Future[list[UnitResult]] | None = None
    result: UnitResult | None = None
    fresh: bool = True

    @property
    def waits(self) -> bool:
        return self.future is None and self.result is None


class Schedule:
    """Iterates over (unit, result, whether it was worked on now), in the order of the units.

    A result with `split` precedes those of its parts. Few bundles are in flight at a time, so that neither results nor
    what is known of files pile up.

    Args:
        units: in the order wanted.
        total: their number.
        submit: starts a bundle; its results come in order.
        workers: bundles that run at a time.
        ledger: knows the units that a broken run had finished.
    """

    def __init__(
        self, units: Iterator[Unit], total: int, submit: Submit, workers: int, ledger: "Ledger | None" = None
    ) -> None:
        self._units, self._total, self._send, self._workers, self._ledger = units, total, submit, workers, ledger
        self._order: deque[_Slot] = deque()
        self._flying = 0

    def __iter__(self) -> Iterator[tuple[Unit, UnitResult, bool]]:
        if self._total <= _BUNDLE * self._workers and self._ledger is None:
            self._deal()
        while True:
            self._fill()
            if not self._order:
                return
            head = self._order[0]
            if head.waits:
                self._fly(self._waiting())  # what is needed next, however much is in flight
            if head.future is not None:
                self._arrive(head.future)
            slot = self._order.popleft()
            assert slot.result is not None
            yield slot.unit, slot.result, slot.fresh

    def _deal(self) -> None:
        """A small run is dealt out at once, so that no worker waits for the end of a bundle."""
        self._order.extend(_Slot(unit) for unit in self._units)
        hands = [list(self._order)[n :: self._workers] for n in range(self._workers)]
        for hand in hands:
            self._fly(hand)

    def _fill(self) -> None:
        while self._flying <= 2 * self._workers:
            parts = self._waiting()
            if parts:
                self._fly(parts)
                continue
            bundle = [self._slot(unit) for unit in islice(self._units, _BUNDLE)]
            if not bundle:
                return
            self._order.extend(bundle)
            self._fly([slot for slot in bundle if slot.result is None])

    def _waiting(self) -> list[_Slot]:
        """The first parts of split units that nobody works on yet; whole units are sent off as they come."""
        return list(islice((slot for slot in self._order if slot.waits), _PARTS))

    def _slot(self, unit: Unit) -> _Slot:
        known = self._ledger.done(unit) if self._ledger is not None else None
        return _Slot(unit) if known is None else _Slot(unit, None, known, fresh=False)

    def _fly(self, slots: Sequence[_Slot]) -> None:
        if not slots:
            return
        ledger = self._ledger
        future = self._send([slot.unit if ledger is None else ledger.informed(slot.unit) for slot in slots])
        self._flying += 1
        for slot in slots:
            slot.future = future

    def _arrive(self, future: Future[list[UnitResult]]) -> None:
        """Take in the results of a bundle, and put the parts of split units behind them."""
        results = iter(future.result())
        self._flying -= 1
        order: deque[_Slot] = deque()
        for slot in self._order:
            order.append(slot)
            if slot.future is future:
                slot.result, slot.future = next(results), None
                order.extend(self._slot(part) for part in _parts(slot.unit, slot.result))
        self._order = order


def _parts(unit: Unit, result: UnitResult) -> Iterator[Unit]:
    for start, end in result.split:
        yield replace(unit, start=start, end=end, whole=True, last=unit.last and end == unit.end)
