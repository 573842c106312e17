"""What is installed is what is in the checkout: an editable install hides every mistake that these tests look for."""

import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FLAT = ("checks", "reporters", "policies")


def setuptools_config() -> dict[str, Any]:
    config: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    return config


def folders_with_code(top: Path) -> list[Path]:
    """`top` and every folder below it, without bytecode caches."""
    below = (path for path in top.rglob("*") if path.is_dir() and "__pycache__" not in path.parts)
    return [top, *sorted(below)]


def package_homes(config: dict[str, Any]) -> dict[str, Path]:
    """Where the files of each package are."""
    mapped = {package: ROOT / folder for package, folder in config["package-dir"].items()}
    return {package: mapped.get(package, ROOT.joinpath("src", *package.split("."))) for package in config["packages"]}


def test_top_level_folders_are_flat() -> None:
    """A sub-folder of checks/ imports in an editable install and is missing from the wheel."""
    nested = [
        str(path.relative_to(ROOT)) for name in FLAT for path in folders_with_code(ROOT / name) if path != ROOT / name
    ]
    assert nested == []


def test_every_mapped_folder_is_a_regular_package() -> None:
    """Without an __init__.py a mapped folder works in the wheel and is not found in an editable install."""
    mapped = [ROOT / folder for folder in setuptools_config()["package-dir"].values()]
    assert {ROOT / name for name in FLAT} < set(mapped)
    assert [str(path) for path in mapped if not (path / "__init__.py").is_file()] == []


def test_packages_lists_exactly_what_exists() -> None:
    """`packages` is explicit: one that is not listed is left out of the wheel without a word."""
    config = setuptools_config()
    source = ROOT / "src"
    expected = {
        ".".join(path.parent.relative_to(source).parts)
        for folder in folders_with_code(source / "trailwarden")
        for path in folder.glob("*.py")
    }
    expected |= set(config["package-dir"])
    assert sorted(config["packages"]) == sorted(expected)


def test_every_folder_with_modules_is_a_regular_package() -> None:
    """A namespace package would pass the test above and could be shadowed by anything of the same name."""
    folders = {path.parent for path in (ROOT / "src" / "trailwarden").rglob("*.py")}
    assert [str(path) for path in sorted(folders) if not (path / "__init__.py").is_file()] == []


def test_every_data_file_is_package_data() -> None:
    """A file that is not Python reaches the wheel only through a pattern in package-data."""
    config = setuptools_config()
    homes = package_homes(config)
    listed = {
        (package, pattern): set(homes[package].glob(pattern))
        for package, patterns in config["package-data"].items()
        for pattern in patterns
    }
    present = {
        path
        for home in homes.values()
        for folder in folders_with_code(home)
        for path in folder.iterdir()
        if path.is_file() and path.suffix not in {".py", ".pyc"} and not path.name.startswith(".")
    }
    assert sorted(str(path.relative_to(ROOT)) for path in present.difference(*listed.values())) == []
    assert [key for key, paths in listed.items() if not paths] == [], "a pattern that matches no file"


def test_the_console_script_is_installed() -> None:
    """Documents say `trailwarden ...`: the one way to start it that works from every directory."""
    [script] = entry_points(group="console_scripts", name="trailwarden")
    assert script.value == "trailwarden.cli:main"
    assert callable(script.load())
