"""When a condition limits a grant at all.

Only a positive comparison limits. A negative one leaves the rest of the world in; IfExists and ForAllValues also hold
when the key is absent, so they limit only beside a Null condition that demands the key.
"""

from trailwarden.policydoc.document import Condition, Statement
from trailwarden.policydoc.operators import Quantifier

_LIMITING_TESTS = {
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "arnequals",
    "arnlike",
    "ipaddress",
    "bool",
}


def binds(condition: Condition, statement: Statement) -> bool:
    """Whether the condition restricts its key to the listed values in every request that the statement matches."""
    operator = condition.operator
    if operator.negated or operator.test not in _LIMITING_TESTS:
        return False
    optional = operator.if_exists or operator.quantifier is Quantifier.FOR_ALL
    return not optional or _demanded(condition.key, statement)


def _demanded(key: str, statement: Statement) -> bool:
    return any(
        item.key == key and item.operator.test == "null" and all(value.lower() == "false" for value in item.values)
        for item in statement.conditions
    )
