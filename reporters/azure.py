"""Logging commands that Azure Pipelines turns into issues of a run: print them to the log of a step."""

from trailwarden import RenderOptions, Report, Severity, Status, reporter
from trailwarden.presentation import PROBLEMS, anchor, headline, rows, rules_by_id
from trailwarden.text import log_safe, one_line

_ERRORS = (Severity.CRITICAL, Severity.HIGH)


@reporter(suffix=".txt", media_type="text/plain")
def azure(report: Report, options: RenderOptions) -> str:
    """Issues for an Azure Pipelines log."""
    places = {identity: anchor(rule, options) for identity, rule in rules_by_id(report).items()}
    lines = []
    for row in rows(report):
        if row.status in PROBLEMS:
            place = places[row.policy]
            properties = {
                "type": "error" if row.severity in _ERRORS else "warning",
                "sourcepath": place.path,
                "linenumber": str(place.line),
                "columnnumber": str(place.column),
                "code": one_line(row.policy),
            }
            listed = ";".join(f"{key}={_property(value)}" for key, value in properties.items())
            lines.append(f"##vso[task.logissue {listed}]{_data(headline(row))}\n")
        elif (
            row.status is Status.WAIVED
        ):  # an issue is a warning at least, and this one is accepted: it stands in the log alone
            lines.append(log_safe(f"waived: {one_line(row.policy)}: {headline(row)}") + "\n")
    return "".join(lines)


def _data(text: str) -> str:
    return log_safe(text).replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(";", "%3B").replace("]", "%5D")
