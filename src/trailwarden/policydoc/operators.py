"""Names of condition operators: base operator, set prefix, IfExists suffix.

Source: IAM user guide, "IAM JSON policy elements: Condition operators".
"""

from dataclasses import dataclass
from enum import Enum


class Quantifier(Enum):
    """How an operator treats a key with several values in the request."""

    SINGLE = ""
    FOR_ALL = "forallvalues:"
    FOR_ANY = "foranyvalue:"


_POSITIVE = {
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "numericequals",
    "numericlessthan",
    "numericlessthanequals",
    "numericgreaterthan",
    "numericgreaterthanequals",
    "dateequals",
    "datelessthan",
    "datelessthanequals",
    "dategreaterthan",
    "dategreaterthanequals",
    "bool",
    "binaryequals",
    "ipaddress",
    "arnequals",
    "arnlike",
}
_NEGATIVE = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
}


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator.

    ``test`` is the comparison that decides one value, in lower case (for StringNotLike: ``stringlike``), ``null`` for
    the test of presence, or an empty text for an operator that is not known.
    """

    name: str
    test: str
    negated: bool = False
    quantifier: Quantifier = Quantifier.SINGLE
    if_exists: bool = False

    @property
    def known(self) -> bool:
        """Whether the operator's meaning is known."""
        return bool(self.test)


def parse_operator(name: str) -> Operator:
    """Read an operator's name, without regard to case; an unknown one comes back with ``known`` False."""
    rest = name.lower()
    quantifier = next(item for item in reversed(Quantifier) if rest.startswith(item.value))
    rest = rest.removeprefix(quantifier.value)
    if rest == "null":
        return Operator(name, "null" if quantifier is Quantifier.SINGLE else "")
    base = rest.removesuffix("ifexists")
    test = _NEGATIVE.get(base, base if base in _POSITIVE else "")
    return Operator(name, test, base in _NEGATIVE, quantifier, base != rest)
