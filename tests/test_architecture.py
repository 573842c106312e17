"""Who may import whom, read from the source with ast; and what the command line must not load before it needs it."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "trailwarden"
API = "trailwarden"
LINES = 400

# Unit (a module, or a folder of them) -> the units it may import. `trailwarden` is the public API in __init__.py.
# docs/architecture.md holds the same table with the reasons; tests/test_docs.py compares the two.
UNITS: dict[str, set[str]] = {
    "model": set(),
    "errors": {"model"},
    "text": {"model"},
    "reasons": {"model"},
    "policydoc": set(),
    "patterns": set(),
    "files": {"errors"},
    "params": {"model", "errors"},
    "calls": {"model"},
    "ledger": {"calls", "files", "model", "errors"},
    "facts": {"calls", "reasons", "policydoc", "patterns", "model", "errors"},
    "kleene": {"facts", "model", "errors"},
    "contract": {"facts", "model", "errors"},
    API: {"contract", "model"},
    "registry": {"contract", "errors"},
    "policy": {"registry", "contract", "params", "facts", "model", "errors"},
    "plan": {"policy", "contract", "facts"},
    "evaluate": {"plan", "policy", "params", "facts", "calls", "model", "errors"},
    "scan": {"plan", "evaluate", "facts", "model", "errors"},
    "aws": {"calls", "ledger", "facts", "reasons", "model", "errors", API},
    "results": {"model", "errors", "text"},
    "markdown": {"text"},
    "presentation": {"results", "contract", "model", "text"},
    "report": {"scan", "plan", "policy", "ledger", "presentation", "results", "contract", "model", "errors", API},
    "config": {"policy", "model", "errors"},
    "estate": {"scan", "aws", "model", "errors", "results"},
    "evidence": {"model", "calls", "ledger", "errors", "results"},
    "integrity": set(),
    "testing": {"evaluate", "policy", "registry", "contract", "params", "facts", "ledger", "calls", "model"},
}
OUTER = ("cli", "demo", "docgen")  # may import everything but cli, which only starts the program
PLUGINS = {
    "checks": {API, "contract", "facts", "kleene", "policydoc", "patterns"},
    "reporters": {API, "model", "contract", "markdown", "presentation", "results", "text"},
}
THIRD_PARTY: dict[str, set[str]] = {
    "boto3": {"aws", "integrity.aws"},
    "botocore": {"aws", "integrity.aws"},
    "urllib3": {"integrity.aws"},
    "distributed": {"integrity.workers"},
    "isal": {"integrity.content"},
    "yaml": {"policy.yamltext"},
    "jsonschema": {"policy.structure"},
    "rich": {"cli", "reporters.table"},
    "junit_xml": {"reporters.junit"},
    "moto": {"demo"},
}
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
    for folder in (SOURCE, ROOT / "checks", ROOT / "reporters")
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
    everything = set(UNITS) | set(OUTER) - {"cli"}
    return {**UNITS, **PLUGINS, **dict.fromkeys(OUTER, everything)}[unit]


def test_every_module_is_declared() -> None:
    """A new module takes its place in the table before it takes its place in the code."""
    declared = {*UNITS, *OUTER, *PLUGINS}
    assert sorted({unit_of(module) for module in MODULES} - declared) == []


def test_every_declared_unit_exists() -> None:
    """A row that describes nothing would let the table drift from the code."""
    assert sorted({*UNITS, *OUTER, *PLUGINS} - {unit_of(module) for module in MODULES}) == []


def test_the_table_has_no_cycle() -> None:
    """Units can be read, and understood, in one order."""
    order = list(graphlib.TopologicalSorter(UNITS).static_order())
    assert set(order) == set(UNITS)


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_what_the_table_allows(module: str) -> None:
    """Nothing reaches upwards, nothing imports the command line, and plugins see only the public surface."""
    unit = unit_of(module)
    allowed = allowed_for(unit) | {unit}
    ours = (name for name in imports(MODULES[module], module) if name.split(".")[0] == "trailwarden")
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
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= LINES


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
