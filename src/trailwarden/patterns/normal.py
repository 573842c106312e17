"""One spelling for filter patterns that differ only in quotes, spaces, parentheses, order and repetition."""

from trailwarden.patterns.syntax import All, Expression, Pattern, Some, Words


def normalise(pattern: Pattern) -> Pattern:
    """The same pattern with nested ``&&`` and ``||`` flattened, equal terms merged and terms in a fixed order."""
    if isinstance(pattern, Words):
        return pattern
    return _normal(pattern)


def _normal(term: Expression) -> Expression:
    if not isinstance(term, All | Some):
        return term
    kind = type(term)
    flat: list[Expression] = []
    for part in map(_normal, term.parts):
        flat.extend(part.parts if isinstance(part, kind) else [part])
    unique = sorted(set(flat), key=repr)
    return unique[0] if len(unique) == 1 else kind(tuple(unique))
