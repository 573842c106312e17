"""The vocabulary of a judgement: statuses, severities, reasons, findings and the report.

Everything here is frozen, built from the standard library alone and free of behaviour beyond its own arithmetic, so that
every other module can speak these words without importing anything else.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = Any
"""A value that ``json.dumps`` accepts: the shape of an AWS reply after parsing."""


class Status(StrEnum):
    """What is known of one requirement on one subject (controls catalogue, section 1)."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    ERROR = "ERROR"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    WAIVED = "WAIVED"


class Severity(StrEnum):
    """How much a failure matters; ``rank`` grows with it."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return 0 for info up to 4 for critical."""
        return list(Severity).index(self)


class ReasonCode(StrEnum):
    """Why something could not be evaluated.

    The first thirteen are the catalogue's (section 1). The last four are ours: a bucket or key that is gone while another of
    its settings was asked for, a replayed ledger that lacks a call, a check that crashed, and an answer that contradicts the
    API's own documentation (an empty 200 where a setting must be).
    """

    ACCESS_DENIED = "ACCESS_DENIED"
    ACCESS_DENIED_SCP = "ACCESS_DENIED_SCP"
    CROSS_ACCOUNT = "CROSS_ACCOUNT"
    NOT_VISIBLE_FROM_MEMBER = "NOT_VISIBLE_FROM_MEMBER"
    THROTTLED = "THROTTLED"
    REGION_DISABLED = "REGION_DISABLED"
    UNREACHABLE = "UNREACHABLE"
    UNSUPPORTED = "UNSUPPORTED"
    TRUNCATED = "TRUNCATED"
    UNPARSEABLE = "UNPARSEABLE"
    COVERAGE_GAP = "COVERAGE_GAP"
    EVENTUAL = "EVENTUAL"
    CREDENTIALS_EXPIRED = "CREDENTIALS_EXPIRED"
    NOT_FOUND = "NOT_FOUND"
    NOT_RECORDED = "NOT_RECORDED"
    INTERNAL = "INTERNAL"
    UNEXPECTED = "UNEXPECTED"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an ERROR is an ERROR: which read failed, where, and which permission would let it succeed."""

    code: ReasonCode
    operation: str = ""
    region: str = ""
    account: str = ""
    aws_code: str = ""
    aws_message: str = ""
    missing_action: str = ""

    def sentence(self) -> str:
        """Return one line for people: ``cloudtrail.GetTrailStatus in eu-west-1 of 111122223333: ACCESS_DENIED (…)``."""
        where = " in ".join(part for part in (self.operation, self.region) if part)
        where = f"{where} of {self.account}" if where and self.account else where or self.account
        detail = ": ".join(part for part in (self.aws_code, self.aws_message) if part)
        text = f"{where}: {self.code.value}" if where else self.code.value
        if detail:
            text += f" ({detail})"
        if self.missing_action:
            text += f"; needs {self.missing_action}"
        return text


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check concluded about one subject. Never ERROR: what could not be read is raised as ``Unreadable``."""

    status: Status
    message: str
    observed: Mapping[str, Json] = field(default_factory=dict)
    expected: Mapping[str, Json] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """One row of a report: a policy, a check and a subject."""

    policy: str
    check: str
    account: str
    region: str
    subject: str
    subject_type: str
    status: Status
    severity: Severity
    message: str
    observed: Mapping[str, Json]
    expected: Mapping[str, Json]
    reason: Reason | None
    params: Mapping[str, Json]
    calls: tuple[str, ...]
    waiver: Mapping[str, Json] | None = None
    fingerprint: str = ""
    subject_name: str = ""
    notes: tuple[str, ...] = ()
    check_version: int = 1
    state: str = ""
    """Hash of ``observed``: a waiver may be bound to it, so that a worse state is not covered."""
    baseline: str = ""
    """Beside a baseline, what fails or could not be evaluated is ``new``, ``worse``, ``changed`` or ``known``; else empty."""


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """The verdict of one policy on one account."""

    id: str
    account: str
    status: Status
    severity: Severity
    candidates: int
    applicable: int
    satisfying: int
    file: str
    line: int
    sha256: str
    controls: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a report must know of a policy whatever the account: its text, its place and its remedy."""

    id: str
    title: str
    description: str
    severity: Severity
    tags: tuple[str, ...]
    owner: str
    pack: str
    quantifier: str
    subject: str
    checks: tuple[str, ...]
    controls: Mapping[str, tuple[str, ...]]
    basis: Mapping[str, str]
    remediation: Mapping[str, str]
    file: str
    """Path as the user gave it; for a built-in policy the config file that selects its pack, or empty."""
    line: int
    column: int
    end_line: int
    end_column: int
    snippet: str
    sha256: str


@dataclass(frozen=True, slots=True)
class CheckText:
    """The documentation of a check as reports print it."""

    id: str
    title: str
    why: str
    fix: str
    version: int


@dataclass(frozen=True, slots=True)
class Population:
    """Completeness of one set of subjects in one account: where it came from and what was not reached."""

    account: str
    name: str
    source: str
    items: int
    pages: int
    excluded: tuple[tuple[str, str], ...] = ()
    not_reached: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Member:
    """An account of an organization. ``path`` holds the ids from the root to its unit; empty where nobody knows them."""

    id: str
    name: str = ""
    state: str = ""
    path: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Return whether the account can be read; a suspended one refuses everybody."""
        return self.state == "ACTIVE"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A policy that was selected and then left out, with the reason that must be shown."""

    policy: str
    reason: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about a waiver that people must see: unused, expired, about to expire, for no policy."""

    kind: str
    waiver: str
    message: str
    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Gone:
    """A failure of the baseline that is none any more. ``now`` is its status in this run, None where it was not judged."""

    fingerprint: str
    policy: str
    check: str
    account: str
    region: str
    subject: str
    severity: Severity
    before: Status
    now: Status | None


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """The baseline that a run was held against: when it was made (ISO 8601, UTC), and what disappeared since."""

    created: str
    gone: tuple[Gone, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Who judged what, when and with which versions."""

    id: str
    started_at: str
    finished_at: str
    tool_version: str
    exit_code: int
    caller: Mapping[str, str]
    regions: tuple[str, ...]
    accounts: tuple[str, ...]
    partition: str = "aws"
    versions: Mapping[str, str] = field(default_factory=dict)
    fail_on: str = "low"
    on_error: str = "fail"
    soft_fail: bool = False
    strict: bool = False
    """Whether a notice about a waiver counts as a failure."""
    source: str = "live"
    calls: int = 0
    complete: bool = True
    synthetic: bool = False
    ledger_sha256: str = ""
    """SHA-256 of the ledger that the verdicts rest on, in hex; empty when it was not kept."""


class Tallied(Sequence[Result]):
    """Rows whose number by status is known without going through them."""

    @abstractmethod
    def statuses(self) -> Mapping[str, int]:
        """Return the number of rows by status; a status without rows may be missing."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a reporter needs; the in-memory form of ``results.json``."""

    run: Run
    policies: Sequence[PolicyResult]
    results: Sequence[Result]
    """The rows of an organization's report need not be in memory: go through them, and do so once where once will do."""
    rules: tuple[Rule, ...]
    checks: tuple[CheckText, ...]
    populations: Sequence[Population] = ()
    exclusions: tuple[Exclusion, ...] = ()
    notices: tuple[Notice, ...] = ()
    baseline: BaselineComparison | None = None
    members: tuple[Member, ...] = ()
    """In a run over several accounts: what they are called and where they are in the organization."""

    @property
    def summary(self) -> dict[str, int]:
        """Return the number of results per status, every status present."""
        counts = {
            status.value: 0 for status in (Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE, Status.WAIVED)
        }
        if isinstance(self.results, Tallied):
            return counts | dict(self.results.statuses())
        for result in self.results:
            counts[result.status.value] += 1
        return counts

    def rule(self, policy_id: str) -> Rule:
        """Return the rule of a policy; raises KeyError for an id that is not in the report."""
        for rule in self.rules:
            if rule.id == policy_id:
                return rule
        raise KeyError(policy_id)


@dataclass(frozen=True, slots=True)
class CrossCount:
    """One population counted twice, from answers that do not depend on each other."""

    account: str
    name: str
    counted: int
    source: str
    other: int
    other_source: str


@dataclass(frozen=True, slots=True)
class Right:
    """A permission that the run made use of: how many calls of an operation needed it, and how many of these were refused."""

    action: str
    """The IAM action, empty for an operation that needs none."""
    operation: str
    calls: int
    refused: int


@dataclass(frozen=True, slots=True)
class Moment:
    """One evidence pack of a series: when it was made, and the verdict of each (policy, account)."""

    evidence_id: str
    at: str
    digest: str
    verdicts: Mapping[tuple[str, str], Status]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an evidence pack adds to a report: the replies behind it, and the circumstances of the run.

    ``entries`` are the lines of the ledger and ``paths`` the files of the pack that hold them, by call id. ``clock`` has first and last
    (dates that AWS sent), dated (how many replies have one) and skew_seconds (local clock minus AWS's, when both were read together).
    """

    entries: Mapping[str, Mapping[str, Json]]
    paths: Mapping[str, str]
    clock: Mapping[str, Json]
    counts: tuple[CrossCount, ...] = ()
    rights: tuple[Right, ...] = ()
    ci: Mapping[str, str] = field(default_factory=dict)
    previous: Mapping[str, str] = field(default_factory=dict)
    signer: Mapping[str, str] = field(default_factory=dict)
    redacted: Mapping[str, int] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)
    files: tuple[tuple[str, str, str], ...] = ()
    """Path, kind and SHA-256 of every file that the run read."""
    history: tuple[Moment, ...] = ()
    """Earlier packs of the same accounts, oldest first, where several were given."""
    remarks: tuple[str, ...] = ()
    """What is to be said about the history: gaps between packs, breaks in their chain."""
