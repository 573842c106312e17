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


def _modules(package_name: str) -> Iterator[tuple[ModuleType, str]]:
    """Yield each built-in module of a package, then each module or object behind an entry point, with its distribution."""
    package = importlib.import_module(package_name)
    for name in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        yield importlib.import_module(f"{package_name}.{name}"), ""
    for point in sorted(entry_points(group=package_name), key=lambda item: (item.name, item.value)):
        yield _load(point), f"{point.dist.name} {point.dist.version}" if point.dist else point.value


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


def _collect(package_name: str, kind: type[P]) -> dict[str, P]:
    found: dict[str, P] = {}
    for module, distribution in _modules(package_name):
        items = [
            value for value in vars(module).values() if isinstance(value, kind) and value.module == module.__name__
        ]
        if not items:
            raise PluginError(f"{module.__name__}: defines no {kind.__name__.lower()}")
        for item in items:
            if item.id in found:
                raise PluginError(
                    f"{kind.__name__.lower()} {item.id!r} is defined by {found[item.id].module} and {module.__name__}"
                )
            found[item.id] = replace(item, distribution=distribution)
    return dict(sorted(found.items()))


@cache
def checks() -> Mapping[str, Check]:
    """Return every check by id.

    Raises:
        PluginError: a plugin that breaks the contract, or an id defined twice.
    """
    return _collect(CHECKS, Check)


@cache
def reporters() -> Mapping[str, Reporter]:
    """Return every reporter by id; raises as ``checks``."""
    return _collect(REPORTERS, Reporter)


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
