"""The canonical results: lossless, deterministic, and what every other format is made from."""

from trailwarden import RenderOptions, Report, reporter
from trailwarden.results import report_to_json
from trailwarden.text import json_text


@reporter(suffix=".json", media_type="application/json")
def json(report: Report, options: RenderOptions) -> str:
    """Canonical results.json."""
    return json_text(report_to_json(report), 2) + "\n"
