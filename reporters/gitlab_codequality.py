"""GitLab Code Quality: the only widget for findings on every tier. Problems, waived ones as info; paths are relative, fingerprints unique."""

from trailwarden import RenderOptions, Report, Severity, Status, reporter
from trailwarden.presentation import PROBLEMS, anchor, headline, row_fingerprint, rows, rules_by_id
from trailwarden.text import clean_json

_SEVERITY = {
    Severity.INFO: "info",
    Severity.LOW: "minor",
    Severity.MEDIUM: "major",
    Severity.HIGH: "critical",
    Severity.CRITICAL: "blocker",
}


@reporter(suffix=".json", media_type="application/json")
def gitlab_codequality(report: Report, options: RenderOptions) -> str:
    """GitLab Code Quality report."""
    places = {identity: anchor(rule, options) for identity, rule in rules_by_id(report).items()}
    issues = [
        {
            "description": headline(row),
            "check_name": row.policy,
            "fingerprint": row_fingerprint(row),
            "severity": "info" if row.status is Status.WAIVED else _SEVERITY[row.severity],
            "location": {"path": places[row.policy].path, "lines": {"begin": places[row.policy].line}},
        }
        for row in rows(report)
        if row.status in PROBLEMS or row.status is Status.WAIVED
    ]
    return clean_json(issues, 1) + "\n"
