"""One HTML file that needs nothing else: no script, no network, readable on paper, in the dark and by a screen reader.

Of a large organization it lists what needs work, and counts accounts where a smaller one has a column for each.

Everything that comes from data is escaped; a content security policy forbids whatever this file does not itself contain.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from trailwarden import RenderOptions, Report, Status, coverage, dossier, reporter
from trailwarden.dossier import pages
from trailwarden.grouping import (
    FINE,
    account_titles,
    by_account,
    by_control_and_account,
    by_policy_and_account,
    by_unit,
    groups,
    is_large,
    judged_accounts,
)
from trailwarden.markup import STYLE, authored, block, code, facts, section, table, text
from trailwarden.model import Evidence, Json, Result, Rule
from trailwarden.presentation import (
    ORDER,
    by_control,
    by_policy,
    candidates,
    evidence_id,
    exit_sentence,
    explanation,
    framework,
    observed_facts,
    overall,
    requirements,
    row_fingerprint,
    rows,
    short_name,
    urgency,
    worst,
)
from trailwarden.text import compact, json_text, plain

LISTED = 200
"""Rows of a policy, account, unit or control that the page of a large organization lists; results.json has all."""
_GROUPS = {"account": "Results by account", "ou": "Results by organizational unit", "control": "Results by control"}
Entries = Mapping[str, Mapping[str, Json]]
"""The lines of the ledger by call id, as ``Evidence`` has them."""

_WORDS = {
    Status.PASS: "pass",
    Status.FAIL: "fail",
    Status.ERROR: "error",
    Status.NOT_APPLICABLE: "n/a",
    Status.WAIVED: "waived",
}
_MEANING = {
    Status.PASS: "evaluated, and it holds",
    Status.FAIL: "evaluated, and it does not hold",
    Status.ERROR: "could not be evaluated",
    Status.NOT_APPLICABLE: "nothing to judge here",
    Status.WAIVED: "fails, under a waiver",
}


@reporter(suffix=".html", media_type="text/html")
def html(report: Report, options: RenderOptions) -> str:
    """Self-contained HTML report."""
    return "\n".join(_document(report, options.evidence, options.group_by)) + "\n"


def _document(report: Report, evidence: Evidence | None, group_by: str) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>Audit logging: {text(overall(report))}, {text(evidence_id(report))}</title>"
    yield f"<style>{STYLE}</style>\n</head>\n<body>"
    yield '<a class="skip" href="#policies">Skip to the policies</a>'
    yield from _header(report, evidence)
    yield _contents(evidence, group_by)
    yield "<main>"
    yield from _summary(report)
    yield from _standings(report) if is_large(report) else _posture(report)
    if evidence and evidence.history:
        yield from section("history", "Over time", _history(report, evidence))
    entries: Entries = dossier.listed(evidence, pages.MOST_REPLIES) if evidence else {}
    yield from _policies(report, entries, rows_elsewhere=group_by in _GROUPS)
    if group_by in _GROUPS:
        yield from section("grouped", _GROUPS[group_by], _grouped(report, group_by, entries))
    yield from pages.closing(report, evidence)
    yield "</main>"
    yield '<footer><p class="soft">Observations at one point in time, not a statement of compliance. The same run in full: results.json.</p></footer>'
    yield "</body>\n</html>"


def _badge(status: Status | None) -> str:
    if status is None:
        return '<span class="soft">not judged</span>'
    return f'<span class="s {_class(status)}">{_WORDS[status]}</span>'


def _class(status: Status) -> str:
    return _WORDS[status].replace("/", "")


def _header(report: Report, evidence: Evidence | None) -> Iterator[str]:
    run = report.run
    yield f"<header><h1>Audit logging: {text(overall(report))}</h1>"
    yield f"<p>{text(exit_sentence(report))}</p>"
    if run.synthetic:
        yield '<p class="notice">A made-up world: nothing in this report was read from AWS.</p>'
    if not run.complete:
        yield '<p class="notice">Incomplete: the run stopped before everything was read.</p>'
    if evidence and dossier.redaction(evidence):
        yield f'<p class="notice">{text(dossier.redaction(evidence))}</p>'
    yield facts(
        [
            ("Evidence id", code(evidence_id(report))),
            ("Read between", f"{code(run.started_at)} and {code(run.finished_at)}"),
            ("Accounts", str(len(run.accounts)) if is_large(report) else ", ".join(map(code, run.accounts))),
            ("Regions", ", ".join(code(region) for region in run.regions)),
            *((f"Caller, {text(key)}", code(run.caller[key])) for key in sorted(run.caller)),
            ("Tool", code(f"trailwarden {run.tool_version}")),
            ("Source", code(run.source)),
            ("Run id", code(run.id)),
            ("Ledger SHA-256", code(run.ledger_sha256)),
            *((f"Version of {text(name)}", code(run.versions[name])) for name in sorted(run.versions)),
            *((text(name), code(value)) for name, value in (dossier.circumstances(evidence) if evidence else ())),
        ]
    )
    yield "</header>"


def _contents(evidence: Evidence | None, group_by: str) -> str:
    found = {"summary": "Summary", "posture": "Posture"}
    if evidence and evidence.history:
        found["history"] = "Over time"
    found["policies"] = "Policies"
    if group_by in _GROUPS:
        found["grouped"] = _GROUPS[group_by]
    found |= pages.HEADINGS
    if not evidence:
        found = {name: title for name, title in found.items() if name not in pages.OF_A_PACK}
    links = (f'<li><a href="#{name}">{title}</a></li>' for name, title in found.items())
    return f'<nav aria-label="Contents"><ul>{"".join(links)}</ul></nav>'


def _summary(report: Report) -> Iterator[str]:
    counts = Counter(row.status for row in rows(report))
    total = counts.total()
    yield '<section aria-labelledby="summary"><h2 id="summary">Summary</h2>'
    if not total:
        yield '<p class="notice">Nothing was evaluated.</p></section>'
        return
    spoken = ", ".join(f"{counts[status]} {_WORDS[status]}" for status in ORDER)
    yield f'<svg viewBox="0 0 1000 36" preserveAspectRatio="none" role="img" aria-label="{total} results: {spoken}">'
    start = before = 0
    for status in ORDER:
        before += counts[status]
        end = 1000 * before // total
        if counts[status]:
            yield f'<rect class="{_class(status)}" x="{start}" y="0" width="{max(end - start, 1)}" height="36"><title>{counts[status]} {_WORDS[status]}</title></rect>'
        start = end
    yield "</svg>"
    yield table(
        "Results by status",
        ("Status", "Results", "Meaning"),
        ((_badge(status), str(counts[status]), _MEANING[status]) for status in ORDER),
    )
    yield "</section>"


def _posture(report: Report) -> Iterator[str]:
    accounts = judged_accounts(report)
    verdicts = {(item.id, item.account): item.status for item in report.policies}

    def line(rules: Iterable[Rule]) -> list[str]:
        identities = [rule.id for rule in rules]
        return [
            _badge(worst(verdicts[identity, account] for identity in identities if (identity, account) in verdicts))
            for account in accounts
        ]

    yield '<section aria-labelledby="posture"><h2 id="posture">Posture</h2>'
    yield '<p class="soft">The worst verdict of the policies behind each line, by account.</p>'
    controls = by_control(report)
    if controls:
        yield table(
            "Controls by account",
            ("Control", "Framework", *(code(account) for account in accounts)),
            ((code(control), text(framework(key).label), *line(rules)) for (key, control), rules in controls.items()),
        )
    if report.rules:
        yield table(
            "Policies by account",
            ("Policy", *(code(account) for account in accounts)),
            (
                (f'<a href="#p{number}">{text(rule.id, 200)}</a>', *line([rule]))
                for number, rule in enumerate(report.rules, start=1)
            ),
        )
    yield "</section>"


def _standings(report: Report) -> Iterator[str]:
    """Yield how many accounts stand where, and which of them have something to do."""
    yield '<section aria-labelledby="posture"><h2 id="posture">Posture</h2>'
    yield '<p class="soft">Numbers of accounts, each by the worst verdict of the policies behind the line.</p>'
    head = tuple(_badge(status) for status in ORDER)
    for caption, columns, found in (
        ("Controls", ("Framework", "Control"), by_control_and_account(report)),
        ("Policies", ("Policy",), by_policy_and_account(report)),
        ("Organizational units", ("Unit",), by_unit(report) if any(item.path for item in report.members) else []),
    ):
        if found:
            lines = (
                (*(text(part, 200) for part in item.title), *(str(item.by_status.get(status, 0)) for status in ORDER))
                for item in found
            )
            yield table(f"{caption}: accounts by status", (*columns, *head), lines)
    titles, standing = account_titles(report), by_account(report)
    busy = [(account, counts) for account, counts in standing if any(status not in FINE for status in counts)]
    yield table(
        "Accounts with something to do: verdicts by status",
        ("Account", *head),
        ((text(titles[account], 200), *(str(counts[status]) for status in ORDER)) for account, counts in busy),
    )
    yield f"<p>{len(standing) - len(busy)} of {len(standing)} accounts have nothing to do.</p></section>"


def _grouped(report: Report, by: str, entries: Entries) -> Iterator[str]:
    for group in groups(report, by):
        yield f"<h3>{text(group.title, 200)}</h3>"
        yield from _verdicts(report, group.rows, entries)


def _verdicts(report: Report, found: Iterable[Result], entries: Entries) -> Iterator[str]:
    """Yield the rows, what needs work first; of a large organization some of those that need work, and a number."""
    listed = ranked = sorted(found, key=urgency)
    if is_large(report):
        listed = [row for row in ranked if row.status not in FINE][:LISTED]
    for row in listed:
        yield _verdict(row, entries)
    if len(listed) < len(ranked):
        counts = Counter(row.status for row in ranked[len(listed) :])
        spoken = ", ".join(f"{counts[status]} {_WORDS[status]}" for status in ORDER if counts[status])
        yield f'<p class="soft">Not listed here: {spoken}.</p>'


def _policies(report: Report, entries: Entries, *, rows_elsewhere: bool) -> Iterator[str]:
    yield '<section aria-labelledby="policies"><h2 id="policies">Policies</h2>'
    found = by_policy(report)
    texts = {check.id: check for check in report.checks}
    for number, rule in enumerate(report.rules, start=1):
        yield f'<section aria-labelledby="p{number}"><h3 id="p{number}">{text(rule.title or rule.id, 200)}</h3>'
        if rule.description:
            yield f"<p>{text(rule.description)}</p>"
        yield facts(
            [
                ("Policy", code(rule.id)),
                ("Severity", rule.severity.value),
                ("Quantifier", f"{code(rule.quantifier)} of {code(rule.subject)}"),
                ("Controls", text(", ".join(requirements(rule)))),
                ("Owner", text(rule.owner)),
                ("Selected at", code(f"{rule.file}:{rule.line}") if rule.file else ""),
                ("SHA-256", code(rule.sha256)),
            ]
        )
        if not rows_elsewhere:
            yield from _verdicts(report, found[rule.id], entries)
        yield "<details><summary>Why, and how to fix it</summary><div>"
        for check in (texts[identity] for identity in rule.checks if identity in texts):
            yield f"<p>{code(check.id)}: {authored(check.why)}</p><p>{authored(check.fix)}</p>"
        for key, title in (("text", "Remedy"), ("cli", "AWS CLI"), ("terraform", "Terraform")):
            if rule.remediation.get(key, "").strip():
                yield f"<p>{title}</p>{block(rule.remediation[key])}"
        yield "</div></details></section>"
    yield "</section>"


def _verdict(row: Result, entries: Entries) -> str:
    where = " / ".join(text(part) for part in (row.account, row.region) if part)
    name = "account" if row.subject_type == "account" else text(short_name(row), 200)
    seen = coverage.left_out(observed_facts(row))
    listed = candidates(row)
    parts = [
        f'<details class="verdict"><summary>{_badge(row.status)} {row.severity.value} <b>{name}</b> ',
        f'<span class="soft">{where}</span> {text(explanation(row), 500)}</summary><div>',
        facts(
            [
                ("Resource", code(row.subject)),
                ("Type", text(row.subject_type)),
                ("Check", code(row.check)),
                ("Message", text(explanation(row))),
                ("Observed", block(json_text(plain(seen), 2)) if seen else ""),
                ("Expected", block(json_text(plain(row.expected), 2)) if row.expected else ""),
                ("Parameters", code(compact(row.params)) if row.params else ""),
                ("Reason", code(row.reason.sentence()) if row.reason else ""),
                ("Missing permission", code(row.reason.missing_action) if row.reason else ""),
                *((text(f"Waiver, {key}"), text(str(value))) for key, value in sorted((row.waiver or {}).items())),
                *(("Note", text(note)) for note in row.notes),
                ("Ledger entries", ("<br>" if entries else " ").join(_entry(call, entries) for call in row.calls)),
                ("Fingerprint", code(row_fingerprint(row))),
            ]
        ),
    ]
    if listed:
        cells = ((code(item.name), text(item.status), text(item.message)) for item in listed)
        parts.append(table("Candidates", ("Candidate", "Status", "Message"), cells))
    return "".join([*parts, coverage.shown(row.observed), "</div></details>"])


def _entry(call: str, entries: Entries) -> str:
    """Return a ledger entry's id; in a pack as a link to the reply, with the operation and AWS's request id."""
    entry = entries.get(call)
    if entry is None:
        return code(call)
    request = f", request {code(str(entry['request_id']))}" if entry.get("request_id") else ""
    operation = text(f"{entry['service']}.{entry['operation']}")
    return f'<a href="#call-{text(call)}">{code(call)}</a> {operation}{request}'


def _history(report: Report, evidence: Evidence) -> Iterator[str]:
    """Yield the verdicts over several packs, one column each."""
    instants = (*(item.at for item in evidence.history), report.run.started_at)
    yield table(
        "Verdicts by evidence pack",
        ("Policy", "Account", *(code(at) for at in instants), "Failing since"),
        (
            (text(policy, 200), code(account), *(_badge(status) for status in statuses), code(since))
            for policy, account, statuses, since in dossier.history(report, evidence)
        ),
    )
    for remark in evidence.remarks:
        yield f'<p class="notice">{text(remark)}</p>'
