"""The summary in one line, for a chat channel."""

from trailwarden import RenderOptions, Report, reporter


@reporter(suffix=".txt", media_type="text/plain")
def one_line(report: Report, options: RenderOptions) -> str:
    """Number of results per status, in one line."""
    return ", ".join(f"{number} {status}" for status, number in report.summary.items()) + "\n"
