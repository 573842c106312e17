"""The documents say what the program does: links resolve, examples run, tables equal the code."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from trailwarden.cli.commands import build_parser

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

# What ties a file to the machine that wrote it, or breaks on another one.
FOREIGN = {
    "a path of one machine": re.compile(r"(?<![\w./-])/(?:home|root|Users|work)/\w"),
    "the host of a package index": re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|index[-_]url\b"),
    "starting the package with -m, which fails in the parent of a checkout": re.compile(r"python3? -m trailwarden"),
}


def committed_files() -> list[Path]:
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, language: str) -> list[str]:
    """The fenced code blocks of a document in one language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def table(path: Path, header: str) -> list[list[str]]:
    """The rows of the Markdown table whose header line starts with `header`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    [start] = [number for number, line in enumerate(lines) if line.startswith(header)]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@pytest.mark.parametrize("what", FOREIGN)
def test_no_committed_file_holds(what: str) -> None:
    """A checkout works on any machine, with any package index."""
    found = [
        f"{relative(path)}:{number}: {line.strip()}"
        for path in committed_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if FOREIGN[what].search(line)
    ]
    assert found == []


def test_no_lock_file_is_committed() -> None:
    """Lock files carry the address of the index that resolved them."""
    names = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json", "yarn.lock"}
    assert [relative(path) for path in committed_files() if path.name in names] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_links_resolve(document: Path) -> None:
    """Every relative link names a file of the repository, and every anchor a heading in it."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_yaml_examples_parse(document: Path) -> None:
    """No example is broken YAML."""
    for text in blocks(document, "ya?ml"):
        assert list(yaml.safe_load_all(text))


def test_contributing_shows_the_example_plugin() -> None:
    """The code that newcomers copy is the code that the test suite installs and runs."""
    shown = blocks(ROOT / "CONTRIBUTING.md", "python")
    example = ROOT / "tests" / "data" / "example_plugin"
    assert shown == [
        (example / name).read_text(encoding="utf-8")
        for name in ("trail_logging_since.py", "test_trail_logging_since.py", "one_line.py")
    ]
    [points] = blocks(ROOT / "CONTRIBUTING.md", "toml")
    assert points in (example / "pyproject.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def help_text() -> str:
    """What the installed command prints."""
    program = Path(sys.executable).with_name("trailwarden")
    run = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    return run.stdout


def test_readme_lists_the_commands_of_the_help(help_text: str) -> None:
    """A new command is in the README, and one that is gone is not, each with its one line of help."""
    [section] = re.findall(r"^commands:\n +COMMAND\n((?: .*\n)+)", help_text, re.MULTILINE)
    listed = re.findall(r"^ {2,4}(\S+)\s+(\S.*(?:\n {8,}\S.*)*)", section, re.MULTILINE)
    documented = [[name.strip("`").removeprefix("trailwarden "), text] for name, text in table(README, "| command |")]
    assert documented == [[name, " ".join(text.split())] for name, text in listed]


def test_readme_has_the_exit_codes_of_the_help(help_text: str) -> None:
    """The table and the help say the same of each code."""
    listed = re.findall(r"^  ([0-9])  (.*)$", help_text, re.MULTILINE)
    documented = [[code, text.replace("`", "")] for code, text in table(README, "| code |")]
    assert documented == [list(row) for row in listed]


def documented_commands() -> Iterator[tuple[Path, list[str]]]:
    """Every line `trailwarden ...` in a shell example, with its document."""
    for document in DOCUMENTS:
        for text in blocks(document, "sh"):
            for line in text.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words and Path(words[0]).name == "trailwarden":
                    yield document, words[1:]


@pytest.mark.parametrize(
    "arguments",
    [pytest.param(words, id=f"{relative(document)}: {' '.join(words)}") for document, words in documented_commands()],
)
def test_documented_commands_are_understood(arguments: list[str]) -> None:
    """Every command that a document shows is one that the program takes."""
    assert build_parser(arguments).parse_args(arguments).run


def test_policies_in_documents_are_valid(tmp_path: Path) -> None:
    """What a newcomer copies first passes the linter, and the tests that it brings."""
    shown = [
        text
        for document in DOCUMENTS
        for text in blocks(document, "yaml")
        if re.search(r"^\s*-? ?check:", text, re.MULTILINE)
    ]
    assert len(shown) > 1
    for number, text in enumerate(shown):
        (tmp_path / f"policy-{number}.yaml").write_text(text, encoding="utf-8")
    program = Path(sys.executable).with_name("trailwarden")
    for verb in ("lint", "test"):
        run = subprocess.run([program, "policy", verb, tmp_path], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


def test_readme_uses_the_action_as_it_is() -> None:
    """The workflow in the README names inputs and outputs that action.yml has, and holds no more rights than it needs."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    [text] = [text for text in blocks(README, "yaml") if "runs-on" in text]
    [job] = yaml.safe_load(text)["jobs"].values()
    [step] = [step for step in job["steps"] if step.get("id") == "trailwarden"]
    assert set(step["with"]) <= set(action["inputs"])
    assert set(re.findall(r"steps\.trailwarden\.outputs\.([\w-]+)", text)) <= set(action["outputs"])
    assert yaml.safe_load(text)["permissions"] == {}
    assert job["permissions"] == {"contents": "read", "id-token": "write", "security-events": "write"}
