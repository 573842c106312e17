"""The auditor's guide: its commands run as they stand, and what it shows is what they print or what the pack holds."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.cli_kit import environment
from tests.evidence.evidence_kit import missing

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "auditors-guide.md").read_text(encoding="utf-8")
TOOLS = ("sh", "openssl", "sed", "find", "grep")
LARGEST = 200_000


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every line that the guide's commands print, and every line of the pack they make."""
    if missing(TOOLS):
        pytest.skip(f"not installed: {missing(TOOLS)}")
    folder = tmp_path_factory.mktemp("guide")
    shutil.copytree(DOCS / "examples" / "audit", folder / "docs" / "examples" / "audit")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", "\n".join(blocks("sh"))],
        cwd=folder,
        env=environment({"PATH": path}),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    files = [path for path in sorted((folder / "pack").rglob("*")) if path.suffix in (".md", ".json", ".yaml")]
    text = "\n".join([done.stdout, *(path.read_text(encoding="utf-8") for path in files)])
    return text.splitlines()


@pytest.mark.parametrize("shown", [line for text in blocks("text") for line in text.splitlines()])
def test_what_is_shown_is_true(known: list[str], shown: str) -> None:
    """A line may be part of one; an ellipsis stands for what differs from run to run."""
    pattern = re.compile(".*".join(map(re.escape, shown.split("…"))))
    assert any(map(pattern.search, known))


def test_files_that_are_named_exist(known: list[str]) -> None:
    """Paths inside the pack, in prose and in the table."""
    whole = "\n".join(known)
    for name in re.findall(r"`((?:raw|policies)/[^`]+\.(?:json|yaml))`", GUIDE):
        assert re.search(re.escape(name).replace("REGION", "[a-z0-9-]+"), whole), name


def test_every_section_of_the_report_that_is_named_exists(known: list[str]) -> None:
    titles = {line.split()[1] for line in known if re.match(r"## \d+ ", line)}
    assert set(re.findall(r"[Ss]ection (\d+)", GUIDE)) <= titles


def test_pictures_are_small_and_described() -> None:
    pictures = re.findall(r"!\[([^\]]+)\]\((images/[\w-]+\.png)\)", GUIDE)
    assert len(pictures) == 4
    for words, name in pictures:
        assert len(words) > 20
        assert (DOCS / name).stat().st_size < LARGEST
    assert {path.name for path in (DOCS / "images").iterdir()} == {Path(name).name for _, name in pictures}
