"""Where nothing may be skipped, a skip is a failure: of a test, of a fixture, of a whole module."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SKIPPING = {
    "test_one.py": "import pytest\n\ndef test_it():\n    pytest.skip('no tool')\n",
    "test_two.py": "import pytest\n\npytestmark = pytest.mark.skipif(True, reason='no tool')\n\ndef test_it():\n    pass\n",
    "test_three.py": "import pytest\n\npytest.importorskip('no_such_module')\n\ndef test_it():\n    pass\n",
    "test_four.py": "import pytest\n\n@pytest.mark.xfail(strict=True)\ndef test_it():\n    raise ValueError\n",
}


def outcome(folder: Path) -> dict[str, int]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "--continue-on-collection-errors",
    ]
    environment = {**os.environ, "TRAILWARDEN_NO_SKIPS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    last = done.stdout.strip().splitlines()[-1]
    return {word.rstrip("s"): int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", last)}


def test_skips_fail_where_they_are_forbidden(tmp_path: Path) -> None:
    for name, text in SKIPPING.items():
        (tmp_path / name).write_text(text)
    assert outcome(tmp_path) == {"failed": 1, "error": 2, "xfailed": 1}
