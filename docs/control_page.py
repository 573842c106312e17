"""The page that lists for every control of the catalogue its module and its tests."""

import json
from collections import defaultdict
from pathlib import Path

from check_pages import NOTE
from trailwarden.markdown import code, document, table
from trailwarden.model import Status
from trailwarden.registry import checks

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "data"


def page() -> str:
    """Ids, modules, tests, and how many of these saw which status."""
    catalogue = json.loads((DATA / "catalogue.json").read_text(encoding="utf-8"))
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for line in (DATA / "judged.txt").read_text(encoding="utf-8").splitlines():
        check, test, *statuses, _ = line.split()
        for status in statuses:
            seen[check][status].add(test)
    intro = (
        "Every control of the catalogue, the module that judges it and the files of its tests; the numbers count the test functions that saw it in a status. "
        "They come from [the record](../tests/data/judged.txt) that the test suite writes of itself (`make record`) and compares in every run. "
        "A dash under `NOT_APPLICABLE` means that the control always has something to judge."
    )
    rows = [
        (
            f"[{code(identity)}](checks/{identity}.md)" if identity in checks() else code(identity),
            module_link(identity) if identity in checks() else "**missing**",
            test_links({test for tests in seen[identity].values() for test in tests}),
            *(
                count(
                    len(seen[identity][status]),
                    never=status == Status.NOT_APPLICABLE and identity in catalogue["never_not_applicable"],
                )
                for status in STATUSES
            ),
        )
        for identity in sorted([*catalogue["judged"], *catalogue["never_not_applicable"]])
    ]
    return document(["# Controls", NOTE, intro, table(("Control", "Module", "Tests", *map(code, STATUSES)), rows)])


STATUSES = (Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE)


def count(number: int, *, never: bool) -> str:
    """Return how many tests there are; a dash where the status does not exist."""
    return "–" if never and not number else str(number)


def module_link(identity: str) -> str:
    """Return a link to the file of a check."""
    name = f"{identity.replace('-', '_')}.py"
    return f"[{name}](../checks/{name})"


def test_links(tests: set[str]) -> str:
    """Return links to the files of tests."""
    files = sorted({test.partition("::")[0] for test in tests})
    return ", ".join(f"[{Path(name).stem}](../{name})" for name in files)
