"""Writes the pages of this folder that are derived from code; `--check` compares instead. Run by `make docs` and `make docs-check`."""

import difflib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import check_pages
import control_page
import framework_pages
from check_pages import NOTE
from framework_pages import link
from mappings import anchor, framework_of, frameworks, pack_title
from trailwarden.config import SETTINGS
from trailwarden.facts import SUBJECTS
from trailwarden.facts.base import closure
from trailwarden.facts.operations import READS, iam_action
from trailwarden.files import write_atomic
from trailwarden.markdown import authored, code, codes, document, prose, table
from trailwarden.policy.lint import RULES
from trailwarden.policy.model import Policy
from trailwarden.policy.navigation import reach
from trailwarden.policy.schema import published_schema
from trailwarden.policy.select import builtin_documents, select
from trailwarden.policy.view import BY_KIND, VIEW_VERSION, Field
from trailwarden.registry import checks, reporters

FOLDER = Path(__file__).resolve().parent


def policies_page() -> str:
    """Every pack with its policies, and the controls they map to in the framework that the pack is named after."""
    packs = builtin_documents().sets
    intro = "The built-in packs and what is in them. `trailwarden policy show ID` prints the text of a policy."
    index = table(
        ("Pack", "Title", "Policies"),
        (
            (f"[{code(name)}](#{anchor(name)})", prose(pack_title(name)), str(len(members(name))))
            for name in sorted(packs)
        ),
    )
    return document(
        ["# Policies", NOTE, intro, index, *(block for name in sorted(packs) for block in pack_section(name))]
    )


def members(pack: str) -> tuple[Policy, ...]:
    """The policies of a pack."""
    return select([pack], checks=checks()).policies


def pack_section(name: str) -> Iterator[str]:
    """One pack: its policies, their severities and controls."""
    found = members(name)
    framework = framework_of(name)
    mapped = bool(framework)
    head = ("Policy", "Severity", "Title", *(("Controls",) if mapped else ()))
    yield f"## {name}"
    yield f"{prose(pack_title(name))}."
    if framework in frameworks():
        yield f"[What it covers, and what it does not](frameworks/{framework}.md)."
    yield table(
        head,
        (
            (
                link(item.id, "checks/"),
                item.severity.value,
                prose(item.title),
                *((codes(item.controls.get(framework, ())) or "–",) if mapped else ()),
            )
            for item in found
        ),
    )


def formats_page() -> str:
    """Every output format."""
    rows = (
        (code(item.id), prose(item.title), code(item.suffix), code(item.media_type)) for item in reporters().values()
    )
    intro = "What `-o FORMAT[=PATH]` takes. Every format is made of the same results; `trailwarden convert results.json -o FORMAT` makes it later."
    return document(["# Output formats", NOTE, intro, table(("Format", "What it is", "File", "Media type"), rows)])


def settings_page() -> str:
    """Every setting: option, variable, default."""
    rows = (
        (
            code(f"--{item.name}"),
            code(item.variable),
            authored(item.help),
            codes(item.choices) or "–",
        )
        for item in SETTINGS.values()
    )
    intro = (
        "Each setting has one name: on the command line, in the environment, and without the dashes in `trailwarden.yaml`. The command line wins over the "
        "environment, and that over the file. Which command takes which, and the defaults: `trailwarden COMMAND --help`."
    )
    return document(["# Settings", NOTE, intro, table(("Option", "Variable", "Meaning", "Values"), rows)])


def expressions_page() -> str:
    """The view of the facts that expressions name, kind by kind."""
    intro = (
        "What `expr:` in a policy can name, by the subject that it describes; [the policy language](policy-language.md#expressions) says how expressions are "
        f"judged. This is version {VIEW_VERSION} of the view: it rises when a field goes away or changes its meaning. A field costs the calls behind it, and only where "
        "a policy names it. A field that could not be read is an error to CEL; so is one that AWS leaves out, such as the latest delivery of a trail that never delivered."
    )
    blocks = ["# Fields of expressions", NOTE, intro]
    for kind, fields in sorted(BY_KIND.items()):
        seen = ", ".join(code(name) for name in sorted(SUBJECTS) if kind in reach(name))
        rows = (
            (
                code(name),
                code(field.type),
                prose(field.doc),
                codes(_operations(field)) or "–",
            )
            for name, field in sorted(fields.items())
        )
        blocks += [
            f"## {kind}",
            f"In policies about {seen}.",
            table(("Field", "Type", "Meaning", "Reads"), rows),
        ]
    return document(blocks)


def _operations(field: Field) -> list[str]:
    """The calls of a field's own fact; where that is made of others, theirs."""
    if field.fact is None:
        return []
    return sorted(field.fact.operations or {name for fact in closure([field.fact]) for name in fact.operations})


def lint_page() -> str:
    """Every rule of the linter."""
    intro = (
        "What `trailwarden policy lint` tells. Exit code 0 when there is nothing to tell, 1 for findings, 2 when a file can't be used. `--fix` repairs what can be "
        "repaired without changing a verdict; `--sarif FILE` writes the findings for editors and code scanning."
    )
    rows = ((code(name), level, authored(text)) for name, (level, text) in RULES.items())
    return document(["# Lint", NOTE, intro, table(("Rule", "Level", "Meaning"), rows)])


def permissions_page() -> str:
    """Every read there is."""
    intro = (
        "Everything that trailwarden may send to AWS. Each operation reads; the reader refuses whatever is not on this list. "
        "`trailwarden iam-policy --policy REF` prints the least-privilege policy for what you chose."
    )
    rows = ((code(name), code(iam_action(name))) for name in sorted(READS))
    return document(["# Permissions", NOTE, intro, table(("Operation", "IAM action"), rows)])


def policy_schema() -> str:
    """The JSON Schema of policy files, for editors."""
    return json.dumps(published_schema(checks(), SUBJECTS), indent=2, ensure_ascii=False)


PAGES: dict[str, Callable[[], str]] = {
    "checks.md": check_pages.index_page,
    "controls.md": control_page.page,
    "frameworks.md": framework_pages.index_page,
    "policies.md": policies_page,
    "formats.md": formats_page,
    "settings.md": settings_page,
    "expressions.md": expressions_page,
    "lint.md": lint_page,
    "permissions.md": permissions_page,
    "policy-schema.json": policy_schema,
}


FOLDERS = {"checks": check_pages.pages, "frameworks": framework_pages.pages}
"""Folders whose pages are all generated."""


def texts() -> dict[str, str]:
    """Return every page by its name in this folder."""
    found = {name: page() for name, page in PAGES.items()}
    for pages in FOLDERS.values():
        found.update(pages())
    return {name: f"{text}\n" for name, text in found.items()}


def main() -> int:
    """Write, or with `--check` say what differs; 1 if anything does."""
    check = sys.argv[1:] == ["--check"]
    wanted = texts()
    for folder in FOLDERS:
        (FOLDER / folder).mkdir(exist_ok=True)
    present = {path.relative_to(FOLDER).as_posix() for folder in FOLDERS for path in (FOLDER / folder).iterdir()}
    stale = False
    for name in sorted({*wanted, *present}):
        path, text = FOLDER / name, wanted.get(name)
        if not check:
            if text is None:
                path.unlink()
            else:
                write_atomic(path, text.encode())
            continue
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = (text or "").splitlines()
        changes = list(difflib.unified_diff(old.splitlines(), new, name, "from code", n=0, lineterm=""))
        stale = stale or bool(changes) or text is None
        sys.stdout.writelines(f"{line}\n" for line in changes[:40])
    if stale:
        sys.stdout.write("run `make docs` and commit the result\n")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
