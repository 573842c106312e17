"""The HTML report in a real Chromium: accessible by axe-core's rules, in light, dark and narrow, on paper, by keyboard, without a script."""

import dataclasses
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.evidence.evidence_kit import NODE_MODULES, inputs, judged, missing, world
from tests.reporters import report_builder

from trailwarden.contract import RenderOptions
from trailwarden.evidence.context import evidence_of
from trailwarden.model import Moment, Report, Status
from trailwarden.registry import get_reporter

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
READY = (
    CHROMIUM
    and not missing(["node"])
    and all((NODE_MODULES / name).is_dir() for name in ("axe-core", "playwright-core"))
)
SCRIPT = Path(__file__).with_name("browser.cjs")

pytestmark = pytest.mark.skipif(
    not READY, reason="needs Chromium, and what `make node-tools` installs: playwright-core and axe-core"
)


def options(folder: Path, report: Report | None = None) -> tuple[Report, RenderOptions]:
    """A report as a pack renders it, with a history, a predecessor and a redaction."""
    given = inputs(folder, world())
    own = judged(given)
    evidence = dataclasses.replace(
        evidence_of(given, own),
        redacted={"secrets": 1, "names": 2},
        history=(Moment("TW-1", "2026-05-01T00:00:00Z", "0" * 64, {("validation", "111122223333"): Status.PASS}),),
    )
    return report or own, RenderOptions(evidence=evidence)


def look(page: str, folder: Path) -> dict[str, Any]:
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    assert CHROMIUM
    done = subprocess.run(
        ["node", str(SCRIPT), str(path), CHROMIUM],
        env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("kind", ["pack", "realistic", "hostile"])
def test_everyone_can_read_it(tmp_path: Path, kind: str) -> None:
    """No violation of any rule, nothing wider than the screen, nothing asked of any network."""
    reports = {"pack": None, "realistic": report_builder.realistic(), "hostile": report_builder.hostile()}
    report, rendering = options(tmp_path / "in", reports[kind])
    found = look(get_reporter("html").render(report, rendering), tmp_path)
    for way in ("light", "dark", "narrow"):
        assert found[way]["violations"] == [], way
        assert found[way]["passes"] > 10
        assert found[way]["overflow"] <= 0, way
    assert {facts["asked"] for facts in found.values()} == {1}
    assert found["script"] == {"asked": 1, "closed": True, "skipped": True, "opened": True, "pdf": "%PDF-"}
