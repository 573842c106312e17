"""One HTML file that needs nothing else: no script, no network, readable on paper, in the dark and by a screen reader.

Everything that comes from data is escaped; a content security policy forbids whatever this file does not itself contain.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape

from trailwarden import RenderOptions, Report, Status, coverage, dossier, reporter
from trailwarden.model import Evidence, Result, Rule
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
    requirements,
    row_fingerprint,
    rows,
    short_name,
    urgency,
    worst,
)
from trailwarden.text import compact, json_text, one_line, plain, sentence, visible

LARGEST = 4_000_000  # characters of replies that the page repeats

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

_CSS = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;--link:#0550ae;
--fail:#b3121d;--error:#8a2be2;--waived:#7d4e00;--na:#57606a;--pass:#116329}
@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9da7b3;--line:#30363d;--card:#161b22;--link:#79c0ff;
--fail:#ff8f8a;--error:#d2a8ff;--waived:#e3b341;--na:#9da7b3;--pass:#6fdd8b}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:75rem;padding:1rem;background:var(--bg);color:var(--fg);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1,h2,h3{line-height:1.25}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}h3{margin:2rem 0 .5rem}
a{color:var(--link)}.skip{position:absolute;left:-999rem}.skip:focus{left:1rem}
code,pre{font:0.875rem/1.45 ui-monospace,monospace}pre{margin:.25rem 0;padding:.5rem;background:var(--bg);border:1px solid var(--line);white-space:pre-wrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}dt{color:var(--soft)}dd{margin:0}
.scroll{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0}caption{text-align:left;color:var(--soft)}
th,td{border:1px solid var(--line);padding:.25rem .6rem;text-align:left;vertical-align:top}thead th{background:var(--card)}td.n{text-align:right}
.s{font-weight:700;white-space:nowrap;text-transform:uppercase;font-size:.8125rem}
.fail{color:var(--fail)}.error{color:var(--error)}.waived{color:var(--waived)}.na{color:var(--na)}.pass{color:var(--pass)}
svg{width:100%;height:2.25rem;display:block}svg .fail{fill:var(--fail)}svg .error{fill:var(--error)}svg .waived{fill:var(--waived)}
svg .na{fill:var(--na)}svg .pass{fill:var(--pass)}
details{border:1px solid var(--line);border-radius:.375rem;margin:.35rem 0;background:var(--card)}details>div{padding:0 .75rem .5rem}
summary{padding:.35rem .75rem;cursor:pointer}summary:focus-visible,a:focus-visible,.scroll:focus-visible{outline:3px solid var(--link)}
.notice{border-left:.3rem solid var(--error);padding:.5rem 1rem;background:var(--card)}.soft{color:var(--soft)}
@media print{body{max-width:none;padding:0}summary,h3,h2{break-after:avoid}tr{break-inside:avoid}details::details-content{content-visibility:visible;display:block}
.scroll{overflow:visible}.skip{display:none}}
"""


@reporter(suffix=".html", media_type="text/html")
def html(report: Report, options: RenderOptions) -> str:
    """Self-contained HTML report."""
    return "\n".join(_document(report, options.evidence)) + "\n"


def _document(report: Report, evidence: Evidence | None) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>Audit logging: {_text(overall(report))}, {_text(evidence_id(report))}</title>"
    yield f"<style>{_CSS}</style>\n</head>\n<body>"
    yield '<a class="skip" href="#policies">Skip to the policies</a>'
    yield from _header(report, evidence)
    yield "<main>"
    yield from _summary(report)
    yield from _posture(report)
    if evidence and evidence.history:
        yield from _history(report, evidence)
    yield from _policies(report, frozenset(evidence.entries) if evidence else frozenset())
    yield from _gaps(report)
    yield from _completeness(report, evidence)
    if evidence:
        yield from _replies(evidence)
        yield from _integrity(evidence)
    yield "</main>"
    yield '<footer><p class="soft">Observations at one point in time, not a statement of compliance. The same run in full: results.json.</p></footer>'
    yield "</body>\n</html>"


def _text(text: str, limit: int = 0) -> str:
    return escape(one_line(text, limit))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>" if text else "–"


def _authored(text: str) -> str:
    """Return documentation with its code spans."""
    parts = sentence(text).split("`")
    if len(parts) % 2 == 0:
        return _text(text)
    return "".join(f"<code>{escape(part)}</code>" if index % 2 else escape(part) for index, part in enumerate(parts))


def _badge(status: Status | None) -> str:
    if status is None:
        return '<span class="soft">not judged</span>'
    return f'<span class="s {_class(status)}">{_WORDS[status]}</span>'


def _class(status: Status) -> str:
    return _WORDS[status].replace("/", "")


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a definition list of finished HTML; pairs without a value are left out."""
    return (
        "<dl>"
        + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in pairs if value and value != "–")
        + "</dl>"
    )


def _table(caption: str, head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    """Return a table of finished HTML that scrolls on its own, its first column naming each line."""
    columns = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    lines = []
    for first, *rest in body:
        lines.append(f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>")
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}"><table><caption>{caption}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _header(report: Report, evidence: Evidence | None) -> Iterator[str]:
    run = report.run
    yield f"<header><h1>Audit logging: {_text(overall(report))}</h1>"
    yield f"<p>{_text(exit_sentence(report))}</p>"
    if run.synthetic:
        yield '<p class="notice">A made-up world: nothing in this report was read from AWS.</p>'
    if not run.complete:
        yield '<p class="notice">Incomplete: the run stopped before everything was read.</p>'
    if evidence and dossier.redaction(evidence):
        yield f'<p class="notice">{_text(dossier.redaction(evidence))}</p>'
    yield _facts(
        [
            ("Evidence id", _code(evidence_id(report))),
            ("Read between", f"{_code(run.started_at)} and {_code(run.finished_at)}"),
            ("Accounts", ", ".join(_code(account) for account in run.accounts)),
            ("Regions", ", ".join(_code(region) for region in run.regions)),
            *((f"Caller, {_text(key)}", _code(run.caller[key])) for key in sorted(run.caller)),
            ("Tool", _code(f"trailwarden {run.tool_version}")),
            ("Source", _code(run.source)),
            ("Run id", _code(run.id)),
            ("Ledger SHA-256", _code(run.ledger_sha256)),
            *((f"Version of {_text(name)}", _code(run.versions[name])) for name in sorted(run.versions)),
            *((_text(name), _code(value)) for name, value in (dossier.circumstances(evidence) if evidence else ())),
        ]
    )
    yield "</header>"


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
    yield _table(
        "Results by status",
        ("Status", "Results", "Meaning"),
        ((_badge(status), str(counts[status]), _MEANING[status]) for status in ORDER),
    )
    yield "</section>"


def _posture(report: Report) -> Iterator[str]:
    accounts = list(dict.fromkeys([*report.run.accounts, *(row.account for row in rows(report))]))
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
        yield _table(
            "Controls by account",
            ("Framework", "Control", *(_code(account) for account in accounts)),
            ((_text(framework(key).label), _code(control), *line(rules)) for (key, control), rules in controls.items()),
        )
    if report.rules:
        yield _table(
            "Policies by account",
            ("Policy", *(_code(account) for account in accounts)),
            (
                (f'<a href="#p{number}">{_text(rule.id, 200)}</a>', *line([rule]))
                for number, rule in enumerate(report.rules, start=1)
            ),
        )
    yield "</section>"


def _policies(report: Report, entries: frozenset[str]) -> Iterator[str]:
    yield '<section aria-labelledby="policies"><h2 id="policies">Policies</h2>'
    found = by_policy(report)
    texts = {check.id: check for check in report.checks}
    for number, rule in enumerate(report.rules, start=1):
        yield f'<section aria-labelledby="p{number}"><h3 id="p{number}">{_text(rule.title or rule.id, 200)}</h3>'
        if rule.description:
            yield f"<p>{_text(rule.description)}</p>"
        yield _facts(
            [
                ("Policy", _code(rule.id)),
                ("Severity", rule.severity.value),
                ("Quantifier", f"{_code(rule.quantifier)} of {_code(rule.subject)}"),
                ("Controls", _text(", ".join(requirements(rule)))),
                ("Owner", _text(rule.owner)),
                ("Selected at", _code(f"{rule.file}:{rule.line}") if rule.file else ""),
                ("SHA-256", _code(rule.sha256)),
            ]
        )
        for row in sorted(found[rule.id], key=urgency):
            yield _verdict(row, entries)
        yield "<details><summary>Why, and how to fix it</summary><div>"
        for check in (texts[identity] for identity in rule.checks if identity in texts):
            yield f"<p>{_code(check.id)}: {_authored(check.why)}</p><p>{_authored(check.fix)}</p>"
        for key, title in (("text", "Remedy"), ("cli", "AWS CLI"), ("terraform", "Terraform")):
            if rule.remediation.get(key, "").strip():
                yield f"<p>{title}</p>{_block(rule.remediation[key])}"
        yield "</div></details></section>"
    yield "</section>"


def _block(text: str) -> str:
    return f"<pre>{escape(visible(text))}</pre>"


def _verdict(row: Result, entries: frozenset[str]) -> str:
    where = " / ".join(_text(part) for part in (row.account, row.region) if part)
    name = "account" if row.subject_type == "account" else _text(short_name(row), 200)
    facts = coverage.left_out(observed_facts(row))
    listed = candidates(row)
    parts = [
        f'<details class="verdict"><summary>{_badge(row.status)} {row.severity.value} <b>{name}</b> ',
        f'<span class="soft">{where}</span> {_text(explanation(row), 500)}</summary><div>',
        _facts(
            [
                ("Resource", _code(row.subject)),
                ("Type", _text(row.subject_type)),
                ("Check", _code(row.check)),
                ("Message", _text(explanation(row))),
                ("Observed", _block(json_text(plain(facts), 2)) if facts else ""),
                ("Expected", _block(json_text(plain(row.expected), 2)) if row.expected else ""),
                ("Parameters", _code(compact(row.params)) if row.params else ""),
                ("Reason", _code(row.reason.sentence()) if row.reason else ""),
                ("Missing permission", _code(row.reason.missing_action) if row.reason else ""),
                *((_text(f"Waiver, {key}"), _text(str(value))) for key, value in sorted((row.waiver or {}).items())),
                *(("Note", _text(note)) for note in row.notes),
                ("Ledger entries", " ".join(_entry(call, entries) for call in row.calls)),
                ("Fingerprint", _code(row_fingerprint(row))),
            ]
        ),
    ]
    if listed:
        cells = ((_code(item.name), _text(item.status), _text(item.message)) for item in listed)
        parts.append(_table("Candidates", ("Candidate", "Status", "Message"), cells))
    return "".join([*parts, coverage.shown(row.observed), "</div></details>"])


def _entry(call: str, entries: frozenset[str]) -> str:
    return f'<a href="#call-{_text(call)}">{_code(call)}</a>' if call in entries else _code(call)


def _history(report: Report, evidence: Evidence) -> Iterator[str]:
    """Yield the verdicts over several packs, one column each."""
    yield '<section aria-labelledby="history"><h2 id="history">Over time</h2>'
    yield _table(
        "Verdicts by evidence pack",
        ("Policy", "Account", *(_code(at) for at in (*(item.at for item in evidence.history), report.run.started_at))),
        (
            (_text(policy, 200), _code(account), *(_badge(status) for status in statuses))
            for policy, account, statuses in dossier.history(report, evidence)
        ),
    )
    yield "</section>"


def _completeness(report: Report, evidence: Evidence | None) -> Iterator[str]:
    """Yield where each population came from, and what was not reached."""
    judged = dossier.judged(report)
    yield '<section aria-labelledby="complete"><h2 id="complete">Completeness</h2>'
    yield f"<p>{_text(dossier.sampling(report))}</p>"
    yield _table(
        "Populations",
        ("Account", "Population", "Source", "Pages", "Returned", "With a result", "Excluded", "Not reached"),
        (
            (
                *(_code(text) for text in (item.account, item.name, item.source)),
                *(str(number) for number in (item.pages, item.items, judged[item.account, item.name])),
                _text("; ".join(f"{name}: {why}" for name, why in item.excluded)) or "–",
                _text("; ".join(reason.sentence() for reason in item.not_reached)) or "–",
            )
            for item in report.populations
        ),
    )
    if evidence and evidence.counts:
        yield _table(
            "Counted twice",
            ("Account", "What", "Count", "Source", "Other count", "Other source", "Outcome"),
            ((_text(cell) for cell in line) for line in dossier.counts(evidence)),
        )
    yield "</section>"


def _replies(evidence: Evidence) -> Iterator[str]:
    """Yield every reply as it was received, until the file would become unwieldy; the rest is in the pack beside it."""
    yield '<section aria-labelledby="replies"><h2 id="replies">Replies</h2>'
    left = LARGEST
    for identity, operation, account, region, date, request, outcome, path in dossier.calls(evidence):
        body = _block(json_text(plain(evidence.entries[identity]), 3))
        left -= len(body)
        yield f'<details id="call-{_text(identity)}"><summary>{_code(operation)} <span class="soft">{_text(f"{account} {region}")}</span> {_text(outcome)}</summary><div>'
        yield _facts(
            [
                ("Ledger entry", _code(identity)),
                ("AWS's date", _code(date)),
                ("Request id", _code(request)),
                ("File", _code(path)),
            ]
        )
        yield (body if left >= 0 else "<p>Not repeated here for its size: see the file.</p>") + "</div></details>"
    yield "</section>"


def _integrity(evidence: Evidence) -> Iterator[str]:
    yield '<section aria-labelledby="integrity"><h2 id="integrity">Integrity</h2>'
    yield _facts((_text(name), _code(value)) for name, value in dossier.integrity(evidence))
    yield _table(
        "Files that the run read",
        ("File", "Kind", "SHA-256"),
        ((_code(path), _text(kind), _code(digest)) for path, kind, digest in evidence.files),
    )
    yield f"<p>Digests and signature without trailwarden, in the folder of the pack:</p>{_block(dossier.script(evidence))}</section>"


def _gaps(report: Report) -> Iterator[str]:
    missed = not_evaluated(report)
    if missed:
        yield '<section aria-labelledby="gaps"><h2 id="gaps">Not evaluated</h2>'
        yield _table(
            "Reasons",
            ("Reason", "Missing permission", "Results"),
            (
                (_code(why), _code(hit[0].reason.missing_action if hit[0].reason else ""), str(len(hit)))
                for why, hit in missed.items()
            ),
        )
        yield "</section>"
    if report.exclusions:
        yield '<section aria-labelledby="excluded"><h2 id="excluded">Excluded</h2>'
        yield _table(
            "Excluded policies",
            ("Policy", "Reason"),
            ((_code(item.policy), _text(item.reason)) for item in report.exclusions),
        )
        yield "</section>"
