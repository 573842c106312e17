"""The canonical results: lossless, deterministic, and what every other format is made from."""

from collections.abc import Iterator

from trailwarden import RenderOptions, Report, reporter
from trailwarden.results import results_text


@reporter(suffix=".json", media_type="application/json")
def json(report: Report, options: RenderOptions) -> Iterator[str]:
    """Canonical results.json."""
    return results_text(report)
