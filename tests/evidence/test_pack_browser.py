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
        remarks=("gap: 31 days without evidence",),
    )
    return report or own, RenderOptions(evidence=evidence)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a browser sees of a pack's own page, of a report with every status, and of one full of hostile texts."""
    folder = tmp_path_factory.mktemp("pages")
    hostile = report_builder.hostile()
    # Every text once, every status once: axe-core takes its time over the other rows, which show the same again.
    hostile = dataclasses.replace(hostile, results=(*hostile.results[:5], *hostile.results[5::5]))
    reports = {"pack": None, "realistic": report_builder.realistic(), "hostile": hostile}
    for name, report in reports.items():
        page = get_reporter("html").render(*options(folder / f"in-{name}", report))
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    assert CHROMIUM
    done = subprocess.run(
        ["node", str(SCRIPT), CHROMIUM, *(str(folder / f"{name}.html") for name in reports)],
        env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(reports, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("kind", ["pack", "realistic", "hostile"])
def test_everyone_can_read_it(found: dict[str, Any], kind: str) -> None:
    """No violation of any rule of axe-core, nothing wider than the screen."""
    for way in ("light", "dark", "narrow"):
        assert found[kind][way]["violations"] == [], way
        assert found[kind][way]["passes"] > 10
        assert found[kind][way]["overflow"] <= 0, way


@pytest.mark.parametrize("kind", ["pack", "realistic", "hostile"])
def test_it_needs_neither_mouse_nor_script_nor_network(found: dict[str, Any], kind: str) -> None:
    """A verdict unfolds by keyboard, leads to the reply behind it, and is on paper unfolded or not."""
    reply = {"reply": True} if kind == "pack" else {}
    assert found[kind]["keyboard"] == {
        "closed": True,
        "skipped": True,
        "opened": True,
        **reply,
        "printed": True,
        "pdf": "%PDF-",
    }
    assert found[kind]["asked"] == []
