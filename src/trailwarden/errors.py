"""Every exception trailwarden raises on purpose.

TrailwardenError                what the user must know; carries a hint and an exit code
├── UsageError                  an option, a name or a combination that makes no sense
├── PolicyError                 one or more problems in policy files, each at file:line:column
├── CredentialsError            no credentials, expired ones, or a role that can't be assumed
├── LedgerError                 a ledger or world file that can't be used
├── OutputError                 a report that can't be written
├── PluginError                 a check or reporter that breaks its contract
│   └── UndeclaredReadError     a check touched a fact that it does not declare
└── WriteRefusedError           an operation that is not on the list of reads
Unreadable                      a fact whose reply failed; only the engine catches it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trailwarden.model import Reason

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_UNUSABLE = 2
EXIT_UNDECIDED = 3
EXIT_INTERRUPTED = 130


class TrailwardenError(Exception):
    """An error that ends the run, in words for the person who must act.

    ``message`` says what is wrong and where; ``hint`` what to do next.
    """

    exit_code = EXIT_UNUSABLE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(TrailwardenError):
    """An unknown option, name or format, or options that contradict each other."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a file. Lines and columns start at 1; line 0 means the file as a whole."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = f"{place}: {self.message}"
        return f"{text}; {self.hint}" if self.hint else text


class PolicyError(TrailwardenError):
    """All problems found in the policy files, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class CredentialsError(TrailwardenError):
    """AWS credentials are missing, expired or refused."""


class LedgerError(TrailwardenError):
    """A ledger can't be read: not ours, damaged, or of a newer format."""


class OutputError(TrailwardenError):
    """A report or ledger can't be written."""


class PluginError(TrailwardenError):
    """A check or reporter breaks the plugin contract."""


class UndeclaredReadError(PluginError):
    """A check or a fact touched a fact that it does not declare."""


class WriteRefusedError(TrailwardenError):
    """Something tried to send an operation that is not on the list of declared reads."""


class Unreadable(Exception):  # noqa: N818 - it is a value on its way to a verdict, not a failure of the program
    """A fact could not be read; the engine turns it into an ERROR with this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence())
        self.reason = reason
