"""The evidence report that an auditor reads: what was asked, of whom, when, with which result, and what nobody looked at.

Eleven sections in a fixed order. What a run did not record is said, not left out. Everything that comes from an account or a policy
is shown in code spans or escaped, every table keeps its number of cells, and no link is built from data.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trailwarden import RenderOptions, Report, Status, dossier, reporter
from trailwarden.dossier import blocks, standings
from trailwarden.dossier.accepted import accepted
from trailwarden.grouping import groups, is_large
from trailwarden.markdown import authored, code, codes, document, fenced, prose, table
from trailwarden.model import Evidence, PolicyResult, Result, Rule
from trailwarden.presentation import (
    ORDER,
    by_control,
    by_policy,
    candidates,
    evidence_id,
    exit_sentence,
    explanation,
    framework,
    not_evaluated,
    observed_facts,
    overall,
    policy_status,
    rows,
    short_name,
    worst,
)
from trailwarden.text import compact, sentence

LISTED = 5
_ROW_HEAD = ("Resource", "Account", "Region", "Check", "Status", "Message", "Observed", "Expected", "Ledger entries")
_GROUPS = {"account": "account", "ou": "organizational unit", "control": "control"}


@dataclass(frozen=True)
class _Detail:
    """How much goes into section 7: rows of which statuses, and whether the texts of policies are repeated.

    Of a large organization the first is left out: what is fine in each account is a number.
    """

    statuses: tuple[Status, ...]
    texts: bool


_DETAILS = (
    _Detail(ORDER, texts=True),
    _Detail((Status.FAIL, Status.ERROR, Status.WAIVED), texts=True),
    _Detail((), texts=True),
    _Detail((), texts=False),
)


@reporter(suffix=".md", media_type="text/markdown")
def markdown(report: Report, options: RenderOptions) -> str:
    """Markdown evidence report."""
    budget = options.markdown_budget
    sections: list[str] = []
    for number, detail in enumerate(_DETAILS[is_large(report) :]):
        sections = [document(section) for section in _sections(report, detail, options)]
        text = _joined(sections, shortened=number > 0)
        if not budget or len(text.encode("utf-8")) <= budget:
            return text
    # Still too long: whole sections go, from the end, because half a table misleads.
    while len(sections) > 1 and len(_joined(sections, shortened=True).encode("utf-8")) > budget:
        sections.pop()
    return _joined(sections, shortened=True)


def _joined(sections: list[str], *, shortened: bool) -> str:
    cut = "**Shortened to fit a size limit.** " if shortened else ""
    return (
        document([*sections, "---", f"{cut}Complete, with every observed value: `results.json` of the same run."])
        + "\n"
    )


def _sections(report: Report, detail: _Detail, options: RenderOptions) -> Iterator[Iterable[str]]:
    evidence = options.evidence
    yield _header(report, evidence)
    yield _identification(report, evidence)
    yield _time(report, evidence)
    yield blocks.scope(report, evidence)
    yield _accuracy(report, evidence)
    yield _frameworks(report)
    yield _policies(report, detail, options.group_by)
    yield accepted(report)
    yield _not_evaluated(report)
    yield _integrity(report, evidence)
    yield _sign_off()


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    return table(("Item", "Value"), pairs)


def _header(report: Report, evidence: Evidence | None) -> Iterator[str]:
    counts = Counter(row.status for row in rows(report))
    yield "# Audit logging: evidence report"
    yield "## 1 Result"
    yield _facts(
        [
            ("Evidence id", code(evidence_id(report))),
            ("Overall result", f"**{overall(report)}**"),
            ("Gate", prose(exit_sentence(report))),
        ]
    )
    yield table(tuple(status.value for status in ORDER), [tuple(str(counts[status]) for status in ORDER)])
    if report.run.synthetic:
        yield "> **A made-up world.** Nothing in this report was read from AWS."
    if evidence and dossier.redaction(evidence):
        yield f"> **Redacted.** {dossier.redaction(evidence)}"
    if counts[Status.ERROR]:
        yield (
            f"> **Incomplete.** {counts[Status.ERROR]} of {counts.total()} results could not be evaluated: see section 9. "
            "They count as neither passed nor failed."
        )
    if not report.run.complete:
        yield "> **Incomplete.** The run stopped before everything was read."
    if not counts:
        yield "> **Nothing was evaluated.** This report is evidence of nothing."


def _identification(report: Report, evidence: Evidence | None) -> Iterator[str]:
    run = report.run
    yield "## 2 Identification"
    yield _facts(
        [
            ("Accounts", str(len(run.accounts)) if is_large(report) else codes(run.accounts)),
            ("Partition", code(run.partition)),
            ("Regions", codes(run.regions)),
            *((f"Caller, {prose(key)}", code(run.caller[key])) for key in sorted(run.caller)),
            ("Tool", code(f"trailwarden {run.tool_version}")),
            *((f"Version of {prose(name)}", code(run.versions[name])) for name in sorted(run.versions)),
            ("Source of the facts", code(run.source)),
            ("Run id", code(run.id)),
            *(blocks.coded(dossier.origin(evidence)) if evidence else ()),
        ]
    )
    absent = ["account aliases"]
    absent += [] if report.members else ["organizational unit"]
    absent += [] if evidence else ["CI workflow, actor and commit"]
    yield f"{blocks.ABSENT} {', '.join(absent)}."


def _time(report: Report, evidence: Evidence | None) -> Iterator[str]:
    yield "## 3 Time"
    yield _facts(
        [
            ("Started, UTC", code(report.run.started_at)),
            ("Finished, UTC", code(report.run.finished_at)),
            *(blocks.coded(dossier.time(evidence)) if evidence else ()),
        ]
    )
    yield (
        "Point in time: this report covers the configuration as it was read between these two instants, not a period. "
        "The date that AWS sent with each reply is in the ledger."
    )
    if evidence is None:
        yield f"{blocks.ABSENT} the skew of the local clock, and earlier evidence of the same scope."
    else:
        yield from blocks.history(report, evidence)


def _accuracy(report: Report, evidence: Evidence | None) -> Iterator[str]:
    yield "## 5 Accuracy"
    yield (
        f"All facts come from read-only calls to AWS; {report.run.calls} calls are in the ledger, each with its parameters, the reply as "
        "received and the request id. The tool refuses to send anything that is not on its list of reads."
    )
    yield dossier.attempts(evidence) if evidence else f"{blocks.ABSENT} retries and throttled attempts."
    if report.checks:
        yield table(
            ("Check", "Version", "What it establishes"),
            ((code(item.id), str(item.version), prose(item.title)) for item in report.checks),
        )
    if evidence:
        yield from blocks.rights(evidence)
        yield from blocks.calls(evidence)


def _frameworks(report: Report) -> Iterator[str]:
    yield "## 6 Summary by framework control"
    yield "Observations, mapped to controls. Whether a control is met is for the reviewer to conclude."
    controls = by_control(report)
    if not controls:
        yield "No policy of this run is mapped to a framework."
    else:
        yield _controls(report, controls)
    yield from standings.accounts(report)


def _controls(report: Report, controls: dict[tuple[str, str], list[Rule]]) -> str:
    reference = {rule.id: f"P{number:02}" for number, rule in enumerate(report.rules, start=1)}
    statuses = policy_status(report)
    return table(
        ("Framework", "Control", "Policies", "Status", "Evidence"),
        (
            (
                prose(framework(key).label),
                code(control),
                codes(rule.id for rule in rules),
                worst(status for rule in rules if (status := statuses[rule.id])) or "not evaluated",
                ", ".join(reference[rule.id] for rule in rules),
            )
            for (key, control), rules in controls.items()
        ),
    )


def _policies(report: Report, detail: _Detail, group_by: str) -> Iterator[str]:
    yield "## 7 Policies"
    if not report.rules:
        yield "None."
    found = by_policy(report)
    verdicts: dict[str, list[PolicyResult]] = {}
    for verdict in report.policies:
        verdicts.setdefault(verdict.id, []).append(verdict)
    for number, rule in enumerate(report.rules, start=1):
        yield f"### P{number:02} {prose(rule.title, 200)}"
        yield _policy_facts(rule, f"{evidence_id(report)}/P{number:02}")
        if detail.texts:
            yield from _procedure(report, rule, found[rule.id])
        yield from standings.verdicts(verdicts.get(rule.id, []), large=is_large(report))
        if group_by not in _GROUPS:
            yield from _results(found[rule.id], detail)
        if detail.texts:
            yield from _remedy(report, rule)
    if group_by in _GROUPS:
        yield f"### Results by {_GROUPS[group_by]}"
        for group in groups(report, group_by):
            yield f"#### {prose(group.title, 300)}"
            yield from _results(list(group.rows), detail, with_policy=True)


def _policy_facts(rule: Rule, reference: str) -> str:
    controls = (
        f"{framework(key).label}: {', '.join(rule.controls[key])}"
        + (f" ({rule.basis[key]})" if rule.basis.get(key) else "")
        for key in sorted(rule.controls)
    )
    return _facts(
        [
            ("Policy", code(rule.id)),
            ("Evidence reference", code(reference)),
            ("Severity", rule.severity.value),
            ("Owner", code(rule.owner)),
            ("Pack", code(rule.pack)),
            ("Controls", "; ".join(prose(text) for text in controls)),
            ("Selected at", code(f"{rule.file}:{rule.line}") if rule.file else "by name; no file of the repository"),
            ("Policy SHA-256", code(rule.sha256)),
        ]
    )


def _procedure(report: Report, rule: Rule, found: list[Result]) -> Iterator[str]:
    texts = {item.id: item for item in report.checks}
    used = [texts[identity] for identity in rule.checks if identity in texts]
    parameters = dict.fromkeys(compact(row.params) for row in found if row.params)
    yield f"Requirement: {prose(rule.description or rule.title)}"
    yield f"Procedure: each {prose(rule.subject)} was read and compared with what the policy expects; quantifier {code(rule.quantifier)}."
    yield "\n".join(
        f"- {code(item.id)} (version {item.version}): {prose(sentence(item.title))} {authored(sentence(item.why))}"
        for item in used
    )
    yield f"Parameters: {codes(parameters) if parameters else 'none'}."


def _results(found: list[Result], detail: _Detail, *, with_policy: bool = False) -> Iterator[str]:
    shown = [row for row in found if row.status in detail.statuses]
    if shown and with_policy:
        yield table(("Policy", *_ROW_HEAD), ((code(row.policy), *_result(row)) for row in shown))
    elif shown:
        yield table(_ROW_HEAD, (_result(row) for row in shown))
    if len(shown) < len(found):
        yield f"{len(found) - len(shown)} of {len(found)} rows are not listed here."
    listed = [(row, item) for row in shown for item in candidates(row)]
    if listed:
        yield "Candidates:"
        yield table(
            ("Account", "Candidate", "Status", "Message"),
            ((code(row.account), code(item.name), prose(item.status), prose(item.message)) for row, item in listed),
        )


def _result(row: Result) -> tuple[str, ...]:
    notes = "".join(f" Note: {note}" for note in row.notes)
    facts = observed_facts(row)
    return (
        *(code(text) for text in (row.subject, row.account, row.region, row.check)),
        f"**{row.status.value}**",
        prose(explanation(row) + notes),
        code(compact(facts)) if facts else "",
        code(compact(row.expected)) if row.expected else "",
        codes(row.calls),
    )


def _remedy(report: Report, rule: Rule) -> Iterator[str]:
    own = {key: rule.remediation.get(key, "").strip() for key in ("text", "cli", "terraform")}
    if own["text"]:
        yield f"Remedy: {prose(own['text'])}"
    for key, language in (("cli", "sh"), ("terraform", "hcl")):
        if own[key]:
            yield fenced(own[key], language)
    if not any(own.values()):
        fixes = [
            f"- {code(item.id)}: {authored(sentence(item.fix))}" for item in report.checks if item.id in rule.checks
        ]
        yield "Remedy:" if fixes else ""
        yield "\n".join(fixes)


def _not_evaluated(report: Report) -> Iterator[str]:
    yield "## 9 Not evaluated"
    found = not_evaluated(report)
    if not found:
        yield "Everything that was selected could be evaluated."
        return
    yield table(
        ("Reason", "Missing IAM action", "Results", "Policies", "Resources"),
        (
            (
                code(why),
                code(hit[0].reason.missing_action if hit[0].reason else ""),
                str(len(hit)),
                codes(dict.fromkeys(row.policy for row in hit)),
                codes(short_name(row) for row in hit[:LISTED])
                + (f" and {len(hit) - LISTED} more" if len(hit) > LISTED else ""),
            )
            for why, hit in found.items()
        ),
    )


def _integrity(report: Report, evidence: Evidence | None) -> Iterator[str]:
    ledger = report.run.ledger_sha256
    yield "## 10 Integrity"
    yield _facts(
        [
            ("Run id", code(report.run.id)),
            ("Ledger SHA-256", code(ledger) if ledger else "not recorded"),
            *(blocks.coded(dossier.integrity(evidence)) if evidence else ()),
        ]
    )
    if evidence:
        yield from blocks.integrity(evidence)
        return
    yield (
        "The run id is a digest of the whole result. To repeat the judgement without AWS, run the same version of the tool over the ledger "
        "and the policies named above, and compare:"
    )
    yield fenced("trailwarden check --replay ledger.jsonl --policy POLICIES -o json=again.json", "sh")
    yield (
        "A digest inside a report is no proof against tampering: `--evidence DIR` puts a manifest, the digest of the previous pack and, with "
        "`--sign-key`, a signature around this report."
    )


def _sign_off() -> Iterator[str]:
    yield "## 11 Reviewer sign-off"
    yield table(("Name", "Date", "Conclusion", "Signature"), [("", "", "", "")])
    yield "The tool reports observations. It does not state compliance with any framework."
