"""What a child of the fork server does: the command line, in a folder and under an environment of its own. Run as a script, with GIVEN set."""

import os
import sys

from trailwarden.cli import main


def run(arguments: list[str], folder: str, variables: dict[str, str]) -> None:
    os.chdir(folder)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TRAILWARDEN_"))}
    os.environ.clear()
    os.environ.update(kept | variables)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    code = main(arguments)
    sys.stdout.flush()
    sys.exit(code)


if __name__ == "__child__":
    run(*globals()["GIVEN"])
