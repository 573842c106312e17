"""AlarmRule of composite alarms: would it fire if certain alarms did?

Source: CloudWatch user guide, "Create a composite alarm".
"""

from __future__ import annotations

import re
from collections.abc import Collection

_TOKEN = re.compile(r'\s*(?:(?P<quoted>"[^"]*")|(?P<mark>[()])|(?P<word>[^\s()"]+))')
_STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")


class AlarmRuleError(ValueError):
    """A rule in a form that is not understood."""


def rule_holds(rule: str, alarming: Collection[str]) -> bool:
    """Return whether a rule is true while exactly these alarms are in ALARM and all others in OK.

    Raises:
        AlarmRuleError: the rule can't be read.
    """
    parser = _Parser(_tokens(rule), frozenset(alarming))
    value = parser.any_of()
    if parser.rest:
        raise AlarmRuleError(f"{parser.rest[0]!r} is not expected there")
    return value


def _tokens(rule: str) -> list[str]:
    found, position, text = [], 0, rule.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise AlarmRuleError(f"unreadable from {text[position : position + 20]!r} on")
        found.append(match[0].strip())
        position = match.end()
    return found


class _Parser:
    """NOT binds tighter than AND, AND tighter than OR."""

    def __init__(self, tokens: list[str], alarming: frozenset[str]) -> None:
        self.rest = tokens
        self._alarming = alarming

    def _take(self, wanted: str = "") -> str:
        if not self.rest or (wanted and self.rest[0] != wanted):
            raise AlarmRuleError(f"{wanted or 'a name'} is missing")
        return self.rest.pop(0)

    def _next_is(self, word: str) -> bool:
        if self.rest[:1] != [word]:
            return False
        self.rest.pop(0)
        return True

    def any_of(self) -> bool:
        value = self._all_of()
        while self._next_is("OR"):
            value = self._all_of() or value
        return value

    def _all_of(self) -> bool:
        value = self._one()
        while self._next_is("AND"):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        if self._next_is("NOT"):
            return not self._one()
        if self._next_is("("):
            value = self.any_of()
            self._take(")")
            return value
        word = self._take()
        if word in ("TRUE", "FALSE"):
            return word == "TRUE"
        if word not in _STATES:
            raise AlarmRuleError(f"{word!r} is not understood")
        self._take("(")
        name = self._take().strip('"')
        self._take(")")
        fires = name.partition(":alarm:")[2] in self._alarming if name.startswith("arn:") else name in self._alarming
        return fires if word == "ALARM" else not fires and word == "OK"
