"""Who may import whom: the tables of docs/architecture.md against the source. And what a start must not load."""

import ast
import graphlib
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "trailwarden"
API = "trailwarden"
LINES = 400

PAGE = ROOT / "docs" / "architecture.md"
EVERYTHING = "everything"
PLUGINS = ("checks", "reporters")  # the registry loads them; nobody imports one by name


def table(header: str) -> dict[str, str]:
    """First and last cell of the page's table whose header line starts with `header`."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    [start] = [number for number, line in enumerate(lines) if line.startswith(header)]
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert len({row[0] for row in cells}) == len(cells), "a row is there twice"
    return {row[0].strip("`"): row[-1] for row in cells}


def names(cell: str) -> set[str]:
    """What a cell of the table lists."""
    return set(re.findall(r"`([\w.]+)`", cell))


IMPORTS = table("| unit |")
THIRD_PARTY = {distribution: names(cell) for distribution, cell in table("| distribution |").items()}
LAZY = ("boto3", "botocore", "jsonschema", "rich", "yaml")


def module_name(path: Path) -> str:
    """`policy.load` for src/trailwarden/policy/load.py, `checks.x` for checks/x.py, the API's name for __init__.py."""
    inside = path.is_relative_to(SOURCE)
    parts = list(path.relative_to(SOURCE if inside else ROOT).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) or API


def unit_of(module: str) -> str:
    return module.partition(".")[0]


MODULES = {
    module_name(path): path
    for folder in (SOURCE, *(ROOT / name for name in PLUGINS))
    for path in sorted(folder.rglob("*.py"))
}


def imports(path: Path, module: str) -> Iterator[str]:
    """Every dotted name that the file imports, also inside functions; relative ones are made absolute."""
    package = ["trailwarden", *module.split(".")] if module != API else ["trailwarden"]
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def our_unit(dotted: str) -> str:
    """The unit that an import of ours reaches: `from trailwarden import check` reaches the API, not a module."""
    first, *rest = dotted.split(".")[1:] or [API]
    known = first in {unit_of(module) for module in MODULES} or bool(rest)
    return first if known else API


def allowed_for(unit: str) -> set[str]:
    cell = IMPORTS[unit]
    if cell.startswith(EVERYTHING):
        return set(IMPORTS) - names(cell) - set(PLUGINS)
    return names(cell)


def test_every_module_is_in_the_table() -> None:
    """A new module takes its place in the table before it takes its place in the code."""
    assert sorted({unit_of(module) for module in MODULES} - set(IMPORTS)) == []


def test_every_row_of_the_table_is_a_module() -> None:
    """A row that describes nothing would let the table drift from the code."""
    assert sorted(set(IMPORTS) - {unit_of(module) for module in MODULES}) == []


def test_the_table_has_no_cycle() -> None:
    """Units can be read, and understood, in one order; the page lists them in one."""
    inner = {unit: names(cell) for unit, cell in IMPORTS.items() if not cell.startswith(EVERYTHING)}
    order = list(graphlib.TopologicalSorter(inner).static_order())
    assert set(order) == set(inner)


def test_the_table_allows_no_more_than_is_used() -> None:
    """An allowance that nobody needs any more is withdrawn."""
    used: dict[str, set[str]] = {unit: set() for unit in IMPORTS}
    for module, path in MODULES.items():
        used[unit_of(module)] |= {our_unit(name) for name in imports(path, module) if name.split(".")[0] == API}
    spare = {unit: names(IMPORTS[unit]) - used[unit] for unit in IMPORTS if not IMPORTS[unit].startswith(EVERYTHING)}
    assert {unit: sorted(left) for unit, left in spare.items() if left} == {}


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_what_the_table_allows(module: str) -> None:
    """Nothing reaches upwards, nothing imports the command line, and plugins see only the public surface."""
    unit = unit_of(module)
    allowed = allowed_for(unit) | {unit}
    ours = (name for name in imports(MODULES[module], module) if name.split(".")[0] == API)
    assert sorted(name for name in ours if our_unit(name) not in allowed) == []


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_declared_distributions(module: str) -> None:
    """One seam for each dependency: boto3 is known to the reader, YAML to the policy loader, and so on."""
    outside = {name.split(".")[0] for name in imports(MODULES[module], module)} - sys.stdlib_module_names - {API}
    places = {name: THIRD_PARTY.get(name, set()) for name in outside}
    assert [name for name, homes in sorted(places.items()) if not {module, unit_of(module)} & homes] == []


@pytest.mark.parametrize("module", MODULES)
def test_module_is_short(module: str) -> None:
    """A file that outgrows this knows more than one thing: split it into a folder."""
    lines = MODULES[module].read_text(encoding="utf-8").count("\n")
    assert lines <= LINES


@pytest.mark.parametrize(
    "start",
    [
        "import trailwarden.cli",
        "import sys, trailwarden.cli; sys.argv = ['trailwarden', '--help']; trailwarden.cli.main()",
    ],
    ids=["import", "help"],
)
def test_starting_up_loads_no_heavy_dependency(start: str) -> None:
    """`trailwarden --help` answers at once: importing boto3 alone takes longer than the whole of it may."""
    program = f"import atexit, sys\natexit.register(lambda: print(*sorted(set(sys.modules) & {set(LAZY)}), file=sys.stderr))\n{start}"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT.anchor)
    assert run.returncode == 0, run.stderr
    assert run.stderr.strip() == ""
