"""What several reporters need to know of a report: its rows by policy, where a policy stands, how frameworks are called, what the exit code says.

Decides nothing: every verdict is the report's own.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from trailwarden.contract import RenderOptions
from trailwarden.model import Json, Report, Result, Rule, Severity, Status
from trailwarden.results import fingerprint
from trailwarden.rows import each_row
from trailwarden.text import one_line

FALLBACK_ANCHOR = "trailwarden.yaml"
"""Where a finding points when no file of the repository selected its policy: the configuration file that would."""

PROBLEMS = (Status.FAIL, Status.ERROR)
ORDER = (Status.FAIL, Status.ERROR, Status.WAIVED, Status.NOT_APPLICABLE, Status.PASS)
"""Statuses as a reader wants them: what needs work first."""
_PRECEDENCE = (Status.FAIL, Status.ERROR, Status.WAIVED, Status.PASS, Status.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in the repository. Lines and columns start at 1; ``end_column`` is the one after the last character."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    snippet: str

    @property
    def uri(self) -> str:
        """Return the path as a relative URI reference."""
        return quote(self.path, safe="/")


def repository_path(path: str) -> str:
    """Return ``path`` relative to the repository with forward slashes, or an empty text if it leads outside or is absolute."""
    normal = posixpath.normpath(one_line(path).replace("\\", "/")) if path else ""
    outside = (
        normal.startswith(("/", "../")) or normal in ("", ".", "..") or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", normal)
    )
    return "" if outside else normal


def anchor(rule: Rule, options: RenderOptions) -> Anchor:
    """Return where the findings of a policy point: its own lines, else ``options.sarif_anchor``, else the fallback."""
    path = repository_path(rule.file)
    if not path:
        return Anchor(repository_path(options.sarif_anchor) or FALLBACK_ANCHOR, 1, 1, 1, 2, "")
    line, column = max(rule.line, 1), max(rule.column, 1)
    end_line = max(rule.end_line, line)
    end_column = max(rule.end_column, 1 if end_line > line else column + 1)
    return Anchor(path, line, column, end_line, end_column, rule.snippet)


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework as reports name it. ``prefix`` shortens a control id to a tag, as in ``CIS-3.1``."""

    key: str
    title: str
    version: str
    organization: str
    uri: str
    prefix: str

    @property
    def label(self) -> str:
        """Return the title with its version."""
        return f"{self.title} {self.version}".strip()


# Family of a key such as ``cis-aws-5.0`` -> title, organization, page, tag prefix; the order is the one in which tags are filled.
# An unknown family is shown under its own key.
_FAMILIES: dict[str, tuple[str, str, str, str]] = {
    "cis-aws": (
        "CIS Amazon Web Services Foundations Benchmark",
        "Center for Internet Security",
        "https://www.cisecurity.org/benchmark/amazon_web_services",
        "CIS",
    ),
    "soc2": ("SOC 2 Trust Services Criteria", "AICPA", "https://www.aicpa-cima.com/", "SOC2"),
    "nist-800-53": ("NIST SP 800-53", "NIST", "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final", "NIST"),
    "pci-dss": (
        "PCI DSS",
        "PCI Security Standards Council",
        "https://www.pcisecuritystandards.org/standards/pci-dss/",
        "PCI",
    ),
    "iso-27001": ("ISO/IEC 27001", "ISO", "https://www.iso.org/standard/27001", "ISO27001"),
    "aws-fsbp": (
        "AWS Foundational Security Best Practices",
        "Amazon Web Services",
        "https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html",
        "FSBP",
    ),
    "hipaa": (
        "HIPAA Security Rule",
        "HHS",
        "https://www.hhs.gov/hipaa/for-professionals/security/index.html",
        "HIPAA",
    ),
    "fedramp": ("FedRAMP", "GSA", "https://www.fedramp.gov/", "FedRAMP"),
    "aws-config": (
        "AWS Config managed rules",
        "Amazon Web Services",
        "https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html",
        "Config",
    ),
}


def control_tags(rule: Rule) -> list[str]:
    """Return the controls of a policy as tags such as ``CIS-3.1``: of each framework the newest version, the best known first.

    The first control of every framework comes before the second of any, so that a reader who keeps ten sees all of them.
    """
    families = list(_FAMILIES)
    newest: dict[str, tuple[int, str]] = {}
    for key in sorted(rule.controls):
        prefix = framework(key).prefix
        rank = next((place for place, family in enumerate(families) if _belongs(key, family)), len(families))
        newest[prefix] = (rank, key)
    ordered = [(prefix, rule.controls[key]) for prefix, (_, key) in sorted(newest.items(), key=lambda item: item[1])]
    tagged = [(place, f"{prefix}-{control}") for prefix, controls in ordered for place, control in enumerate(controls)]
    return [tag for _, tag in sorted(tagged, key=lambda item: item[0])]


def _belongs(key: str, family: str) -> bool:
    return key == family or key.startswith(f"{family}-")


def framework(key: str) -> Framework:
    """Return what is known of a framework key (``family-version``)."""
    for family, (title, organization, uri, prefix) in _FAMILIES.items():
        if _belongs(key, family):
            return Framework(key, title, key[len(family) + 1 :], organization, uri, prefix)
    return Framework(key, key, "", "", "", key)


def row_fingerprint(result: Result) -> str:
    """Return the result's fingerprint, computed where the report has none."""
    return result.fingerprint or fingerprint(result.policy, result.check, result.account, result.region, result.subject)


def short_name(result: Result) -> str:
    """Return what people call the subject: its name, else the last part of its ARN."""
    return one_line(result.subject_name) or tail(result.subject) or one_line(result.account)


def tail(arn: str) -> str:
    """Return the last part of an ARN, or the text itself."""
    line = one_line(arn)
    return re.split(r"[/:]", line.rstrip("/:"))[-1] or line


def rows(report: Report) -> tuple[Result, ...]:
    """Return every result, and one row for each verdict that has none, so that no policy disappears from a report."""
    return tuple(each_row(report))


def is_old(result: Result) -> bool:
    """Return whether the baseline had this failure already, so that the gate does not look at it."""
    return result.baseline in ("changed", "known")


def notice_lines(report: Report) -> list[str]:
    """Return what is to be said about waivers, each with the place of the waiver."""
    return [one_line(f"{item.file}:{item.line}:{item.column}: {item.message}") for item in report.notices]


def by_policy(report: Report) -> dict[str, list[Result]]:
    """Return the rows of each policy, policies in the order of the report's rules."""
    grouped: dict[str, list[Result]] = {rule.id: [] for rule in report.rules}
    for result in rows(report):
        grouped[result.policy].append(result)
    return grouped


def rules_by_id(report: Report) -> dict[str, Rule]:
    """Return the rules by policy id."""
    return {rule.id: rule for rule in report.rules}


def urgency(result: Result) -> tuple[int, int]:
    """Return a sort key: failures before errors and so on, the most severe first."""
    return ORDER.index(result.status), -result.severity.rank


def worst(statuses: Iterable[Status]) -> Status | None:
    """Return the status that stands for several, None for none: what does not apply is outvoted even by a pass."""
    return min(statuses, key=_PRECEDENCE.index, default=None)


def failing_since(statuses: Sequence[Status | None], instants: Sequence[str]) -> str:
    """Return the instant of the first FAIL in the unbroken row of them that lasts until the end; empty when the last is none."""
    first = ""
    for status, instant in zip(reversed(statuses), reversed(instants), strict=True):
        if status is not Status.FAIL:
            break
        first = instant
    return first


@dataclass(frozen=True, slots=True)
class Candidate:
    """One subject that an any, none or at_least policy looked at."""

    name: str
    status: str
    message: str


def candidates(result: Result) -> tuple[Candidate, ...]:
    """Return the subjects behind a row whose own subject is the account."""
    listed = result.observed.get("candidates")
    if not isinstance(listed, list | tuple):
        return ()
    return tuple(_candidate(item) for item in listed if isinstance(item, Mapping))


def _candidate(item: Mapping[str, Json]) -> Candidate:
    """Return one candidate; its message is its own, else that of the checks that decided its status."""
    status = str(item.get("status", ""))
    message = str(item.get("message", "")) or "; ".join(
        str(part.get("message", "")) for part in item.get("checks", ()) if part.get("status") == status
    )
    return Candidate(
        one_line(str(item.get("name", ""))) or tail(str(item.get("subject", ""))), one_line(status), one_line(message)
    )


def candidate_lines(result: Result) -> list[str]:
    """Return one line for each candidate that the row's own message does not explain."""
    said = one_line(result.message)
    return [
        f"{item.status} {item.name}: {item.message}"
        for item in candidates(result)
        if f"{item.name}: {item.message}" not in said
    ]


def observed_facts(result: Result) -> dict[str, object]:
    """Return what was observed, without the candidates, which are shown on their own."""
    return {key: value for key, value in result.observed.items() if key != "candidates" or not candidates(result)}


def by_control(report: Report) -> dict[tuple[str, str], list[Rule]]:
    """Return the policies behind each (framework key, control id), sorted."""
    found: dict[tuple[str, str], list[Rule]] = {}
    for rule in report.rules:
        for key, controls in rule.controls.items():
            for control in controls:
                found.setdefault((key, control), []).append(rule)
    return dict(sorted(found.items()))


def not_evaluated(report: Report) -> dict[str, list[Result]]:
    """Return the rows that could not be evaluated by their reason."""
    found: dict[str, list[Result]] = {}
    for row in rows(report):
        if row.status is Status.ERROR:
            found.setdefault(row.reason.sentence() if row.reason else row.message, []).append(row)
    return found


def policy_status(report: Report) -> dict[str, Status | None]:
    """Return the worst verdict of each policy over all accounts."""
    found: dict[str, list[Status]] = {rule.id: [] for rule in report.rules}
    for verdict in report.policies:
        found.setdefault(verdict.id, []).append(verdict.status)
    return {identity: worst(statuses) for identity, statuses in found.items()}


def explanation(result: Result) -> str:
    """Return the message, with the reason of an ERROR unless the message already says it."""
    reason = result.reason.sentence() if result.reason else ""
    if not reason or reason in result.message:
        return result.message
    return f"{result.message}: {reason}" if result.message else reason


def overall(report: Report) -> str:
    """Return FAIL, ERROR, PASS, or NO RESULTS."""
    found = {result.status for result in rows(report)}
    if not found:
        return "NO RESULTS"
    return next((status.value for status in PROBLEMS if status in found), Status.PASS.value)


def exit_sentence(report: Report) -> str:
    """Return what the run's exit code says and why, in one line."""
    run = report.run
    gate = Severity(run.fail_on).rank
    counts = Counter((is_old(row), row.status, row.severity.rank >= gate) for row in each_row(report))
    old = sum(number for (known, _, _), number in counts.items() if known)
    found = counts.total() - old
    failing, below = counts[False, Status.FAIL, True], counts[False, Status.FAIL, False]
    unknown = counts[False, Status.ERROR, True] + counts[False, Status.ERROR, False]
    parts = []
    if failing:
        parts.append(f"{failing} failed at or above {run.fail_on}")
    if unknown:
        parts.append(f"{unknown} could not be evaluated")
    if below:
        parts.append(f"{below} failed below {run.fail_on}")
    if run.strict and report.notices:
        parts.append(f"{len(report.notices)} notices about waivers, which --strict counts as failures")
    if old and not parts:
        parts.append("nothing new or worse")
    if old:
        parts.append(f"{old} known from the baseline")
    text = ", ".join(parts) or ("everything was decided and nothing failed" if found else "nothing was evaluated")
    if run.exit_code == 0 and run.soft_fail and (failing or unknown or (run.strict and report.notices)):
        text += "; soft fail turned this into 0"
    elif run.exit_code == 0 and unknown and run.on_error == "pass":
        text += "; errors were told to pass"
    return f"exit code {run.exit_code}: {text}"


def evidence_id(report: Report) -> str:
    """Return ``TW-<UTC>-<account>-<8 hex of the run's digest>``, the id that an auditor quotes."""
    moment = re.sub(r"[-:]|\.\d+", "", report.run.started_at)
    accounts = report.run.accounts
    account = accounts[0] if len(accounts) == 1 else f"{len(accounts)}accounts"
    return one_line(f"TW-{moment}-{account}-{report.run.id[:8]}")


UNKNOWN = "could not be evaluated"


def place_name(result: Result) -> str:
    """Return what a row is about and where: ``'main' in 111122223333/eu-west-1``, or ``account 111122223333``."""
    if result.subject_type == "account":
        return f"account {one_line(result.account)}"
    where = "/".join(part for part in (one_line(result.account), one_line(result.region)) if part)
    return f"'{short_name(result)}' in {where}"


def headline(result: Result) -> str:
    """Return what is wrong, with what and where, in one line: ``'main' in 111122223333/eu-west-1: is not logging``."""
    text = one_line(explanation(result))
    if result.status is Status.ERROR and not text.startswith(UNKNOWN):
        text = f"{UNKNOWN}: {text}"
    if result.status is Status.WAIVED:
        text = f"{waived_line(result)}; {text}"
    return f"{place_name(result)}: {text}"


def waived_line(result: Result) -> str:
    """Return the verdict under a waiver and its terms, in one line: that it fails, until when and by whom that is accepted, and why."""
    terms = {key: one_line(str(value)) for key, value in (result.waiver or {}).items()}
    ticket = f" ({terms['ticket']})" if terms.get("ticket") else ""
    return f"fails, waived until {terms.get('expires', '?')} by {terms.get('approved_by', '?')}{ticket}: {terms.get('reason', '')}"


def milliseconds(instant: str) -> int:
    """Return an ISO 8601 instant as milliseconds since 1970 UTC."""
    return int(datetime.fromisoformat(instant).timestamp() * 1000)


def requirements(rule: Rule) -> list[str]:
    """Return the controls of a policy, each with its framework, sorted by framework."""
    return [
        one_line(f"{framework(key).label} {control}") for key in sorted(rule.controls) for control in rule.controls[key]
    ]


def remedies(report: Report) -> dict[str, str]:
    """Return the remedy of each policy: its own words, else its own command, else what its checks advise."""
    fixes = {check.id: check.fix for check in report.checks}
    return {rule.id: _remedy(rule, fixes) for rule in report.rules}


def _remedy(rule: Rule, fixes: Mapping[str, str]) -> str:
    own = (rule.remediation.get(key, "").strip() for key in ("text", "cli", "terraform"))
    return next((text for text in own if text), "\n".join(fixes[check] for check in rule.checks if fixes.get(check)))
