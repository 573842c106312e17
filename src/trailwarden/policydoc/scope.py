"""What a statement covers for certain, and what it may touch: actions and resources as sets of names.

Both questions are asked of patterns as well as of single names ("does this Deny cover ``s3:*``?").
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trailwarden.policydoc.document import Statement
from trailwarden.policydoc.glob import Glob, compile_glob, covered, overlaps


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that match one of ``patterns``, or, when ``inverted``, all other names."""

    patterns: tuple[Glob, ...]
    inverted: bool

    def touches(self, target: Glob) -> bool:
        """Whether some name of ``target`` may be in the scope."""
        if self.inverted:
            return not covered(target, self.patterns)
        return any(overlaps(pattern, target) for pattern in self.patterns)

    def covers(self, target: Glob) -> bool:
        """Whether all names of ``target`` are in the scope."""
        return union_covers(target, [self])


def actions_of(statement: Statement) -> Scope:
    """The statement's actions, in lower case because their case does not count."""
    patterns = statement.actions or statement.not_actions
    compiled = tuple(compile_glob(item.lower()) for item in patterns)
    return Scope(compiled, inverted=not statement.actions)


def resources_of(statement: Statement) -> Scope:
    """The statement's resources."""
    patterns = statement.resources or statement.not_resources
    compiled = tuple(compile_glob(item, variables=statement.variables) for item in patterns)
    return Scope(compiled, inverted=not statement.resources)


def action_glob(action: str) -> Glob:
    """An action name or pattern, ready to be compared with :func:`actions_of`."""
    return compile_glob(action.lower())


def resource_glob(resource: str) -> Glob:
    """A resource ARN or pattern of ours, ready to be compared with :func:`resources_of`."""
    return compile_glob(resource)


def union_covers(target: Glob, scopes: Iterable[Scope]) -> bool:
    """Whether several scopes together contain all names of ``target``.

    A True is always right. With NotAction or NotResource among the scopes, a few far-fetched unions are not
    recognised and answered with False.
    """
    listed = list(scopes)
    direct = [pattern for scope in listed if not scope.inverted for pattern in scope.patterns]
    if covered(target, direct):
        return True
    return any(_rest_covered(target, scope.patterns, direct) for scope in listed if scope.inverted)


def _rest_covered(target: Glob, exceptions: Sequence[Glob], direct: list[Glob]) -> bool:
    return all(covered(item, direct) for item in exceptions if overlaps(item, target))
