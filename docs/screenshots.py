"""Takes the pictures of the auditor's guide from the pack that the guide makes; needs Chromium and `make node-tools`. Run by `make screenshots`."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
LARGEST = 200_000
"""Bytes of a picture in the repository."""


def main() -> int:
    """Write the pictures; 1 where there is no browser or one of them is too large."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.stderr.write("no chromium is installed\n")
        return 1
    guide = (FOLDER / "auditors-guide.md").read_text(encoding="utf-8")
    [first, *_] = re.findall(r"^```sh\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    images = FOLDER / "images"
    images.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "NODE_PATH": str(ROOT / ".venv" / "node" / "node_modules"),
    }
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(FOLDER / "examples" / "audit", Path(scratch) / "docs" / "examples" / "audit")
        # The commands of our own page; the last of them ends with 1, because the demo's organization fails.
        subprocess.run(["/bin/sh", "-c", first], cwd=scratch, env=environment, check=False, capture_output=True)  # noqa: S603 - as said
        page = Path(scratch) / "pack" / "report.html"
        command = ["node", str(FOLDER / "screenshots.cjs"), chromium, str(page), str(images)]
        subprocess.run(command, env=environment, check=True)  # noqa: S603 - the browser of this machine
    sizes = {path.name: path.stat().st_size for path in sorted(images.glob("*.png"))}
    sys.stdout.writelines(f"{size:>8}  {name}\n" for name, size in sizes.items())
    return int(max(sizes.values()) > LARGEST)


if __name__ == "__main__":
    sys.exit(main())
