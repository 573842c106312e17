"""Finds checks and reporters: the built-in folders first, then entry points, and refuses a second definition of an id."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import TypeVar

from trailwarden.contract import Check, Reporter
from trailwarden.errors import PluginError, UsageError

CHECKS = "trailwarden.checks"
REPORTERS = "trailwarden.reporters"

P = TypeVar("P", Check, Reporter)


def _load(point: EntryPoint) -> ModuleType:
    try:
        loaded = point.load()
    except Exception as error:  # a plugin may fail in any way; the user must learn which one
        raise PluginError(
            f"plugin {point.name!r} ({point.value}) can't be loaded: {type(error).__name__}: {error}",
            "fix or uninstall it",
        ) from error
    if not isinstance(loaded, ModuleType):
        raise PluginError(
            f"plugin {point.name!r} ({point.value}) is not a module", "point the entry point at the module"
        )
    return loaded


class Registry(Mapping[str, P]):
    """Plugins of one kind by id, in order. A built-in one is imported when it is first asked for, because a run needs few of many.

    A built-in module's name is its plugin's id, so the ids are known without importing. Other people's plugins are loaded at once: only
    their code says what they define.
    """

    def __init__(self, package_name: str, kind: type[P]) -> None:
        package = importlib.import_module(package_name)
        self._kind: type[P] = kind
        self._word = kind.__name__.lower()
        self._builtin = {
            info.name.replace("_", "-"): f"{package_name}.{info.name}"
            for info in pkgutil.iter_modules(package.__path__)
        }
        self._loaded: dict[str, P] = {}
        for point in sorted(entry_points(group=package_name), key=lambda item: (item.name, item.value)):
            self._add_plugins(_load(point), f"{point.dist.name} {point.dist.version}" if point.dist else point.value)
        self._ids = sorted({*self._builtin, *self._loaded})

    def __getitem__(self, identity: str) -> P:
        """Return a plugin; raises KeyError for an unknown id and PluginError for a module that breaks the contract."""
        if identity not in self._loaded:
            module = importlib.import_module(self._builtin[identity])
            [item] = self._defined_by(module)
            if item.id != identity:
                raise PluginError(f"{module.__name__} defines {self._word} {item.id!r}; its name must be the id")
            self._loaded[identity] = item
        return self._loaded[identity]

    def __contains__(self, identity: object) -> bool:
        return identity in self._builtin or identity in self._loaded

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def _defined_by(self, module: ModuleType) -> list[P]:
        found = [value for value in vars(module).values() if isinstance(value, self._kind)]
        found = [value for value in found if value.module == module.__name__]
        if not found:
            raise PluginError(f"{module.__name__}: defines no {self._word}")
        return found

    def _add_plugins(self, module: ModuleType, distribution: str) -> None:
        for item in self._defined_by(module):
            if item.id in self:
                first = self._builtin.get(item.id) or self._loaded[item.id].module
                raise PluginError(f"{self._word} {item.id!r} is defined by {first} and {module.__name__}")
            self._loaded[item.id] = replace(item, distribution=distribution)


@cache
def checks() -> Mapping[str, Check]:
    """Return every check by id.

    Raises:
        PluginError: a plugin that breaks the contract, or an id defined twice.
    """
    return Registry(CHECKS, Check)


@cache
def reporters() -> Mapping[str, Reporter]:
    """Return every reporter by id; raises as ``checks``."""
    return Registry(REPORTERS, Reporter)


def get_check(identity: str) -> Check:
    """Return a check.

    Raises:
        UsageError: no check has this id; the hint names the nearest.
    """
    try:
        return checks()[identity]
    except KeyError:
        raise UsageError(f"unknown check {identity!r}", did_you_mean(identity, checks())) from None


def get_reporter(identity: str) -> Reporter:
    """Return a reporter; raises UsageError as ``get_check``."""
    try:
        return reporters()[identity]
    except KeyError:
        raise UsageError(f"unknown output format {identity!r}", did_you_mean(identity, reporters())) from None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?``, or the list of what is known when nothing is near and the list is short."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"one of: {', '.join(names)}" if 0 < len(names) <= 12 else ""
