"""The pages on frameworks: which policy serves which requirement, and for each framework what stays unjudged."""

from collections.abc import Iterable, Iterator

from check_pages import NOTE
from mappings import (
    Framework,
    Mapped,
    Requirement,
    anchor,
    frameworks,
    mappings_of,
    pack_of,
    pack_title,
    policies,
    policies_on,
    served,
)
from trailwarden.markdown import authored, code, document, prose, table
from trailwarden.registry import checks

MATRICES = (
    (
        "CIS AWS Foundations Benchmark",
        tuple(f"cis-aws-{version}" for version in ("1.2", "1.4", "1.5", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0")),
    ),
    ("AWS Security Hub and AWS Config", ("aws-fsbp", "aws-config")),
    ("NIST and PCI DSS", ("nist-800-53-r5", "pci-dss-3.2.1", "pci-dss-4.0.1")),
    ("SOC 2, ISO 27001 and HIPAA", ("soc2", "iso-27001-2022", "hipaa")),
)
BASES = (
    ("stated", "the framework or AWS names this check for the requirement"),
    ("derived", "our judgement: to be reviewed by whoever answers for compliance before it is quoted to an auditor"),
    ("primary", "the policy is the benchmark's item itself"),
    ("supporting", "the policy helps the benchmark's item, and is stricter or narrower than it"),
)


def index_page() -> str:
    """The coverage pages, what the bases mean, and the matrix of policies and frameworks."""
    intro = "Every mapping is written once, at the policy; packs include what is mapped to their framework. A pass says that a setting is as a policy asks, not that an organization complies."
    pages = table(
        ("Framework", "Pack", "Judged", "In part", "Not judged"),
        (
            (
                f"[{prose(title(item.id))}](frameworks/{item.id}.md)",
                code(pack_of(item.id)),
                *(str(len(part)) for part in split(item)),
            )
            for item in frameworks().values()
        ),
    )
    bases = table(("Basis", "Meaning"), ((code(name), text) for name, text in BASES))
    return document(
        [
            "# Frameworks",
            NOTE,
            intro,
            "The numbers count the requirements of the sections that a page names.",
            pages,
            "## Basis",
            bases,
            "In the matrix an asterisk marks what is derived, and parentheses what is supporting.",
            *(block for name, columns in MATRICES for block in matrix(name, columns)),
        ]
    )


def matrix(name: str, columns: tuple[str, ...]) -> Iterator[str]:
    """Yield one part of the matrix: policies that any of these frameworks asks for."""
    rows = []
    for policy in sorted(policies()):
        by_framework = mappings_of(policy)
        if any(column in by_framework for column in columns):
            rows.append((link(policy, "checks/"), *(cell(by_framework.get(column, {})) for column in columns)))
    yield f"## {name}"
    yield table(("Policy", *map(code, columns)), rows)


def cell(items: dict[str, str]) -> str:
    """Return the requirements of one policy in one framework."""
    marks = {"derived": "{}\\*", "supporting": "({})"}
    return ", ".join(marks.get(basis, "{}").format(prose(item)) for item, basis in items.items())


def pages() -> dict[str, str]:
    """Return the coverage page of each framework, by its name in this folder."""
    return {f"frameworks/{item.id}.md": document(coverage(item)) for item in frameworks().values()}


def split(item: Framework) -> tuple[list[Requirement], list[Requirement], list[Requirement]]:
    """Return what of the sections concerned is judged, judged in part, and not judged."""
    by_item = served().get(item.id, {})
    mapped = [one for one in item.requirements if one.id in by_item]
    return (
        [one for one in mapped if not one.partial],
        [one for one in mapped if one.partial],
        [one for one in item.requirements if one.id not in by_item],
    )


def coverage(item: Framework) -> Iterator[str]:
    """Yield the blocks of one framework's page."""
    whole, part, none = split(item)
    by_item = served().get(item.id, {})
    pack = pack_of(item.id)
    yield f"# {prose(title(item.id))}: coverage"
    yield NOTE
    yield f"Pack: [{code(pack)}](../policies.md#{anchor(pack)}). [What the bases mean](../frameworks.md#basis)."
    yield f"Concerned: {authored(item.sections)}"
    yield f"Source: {authored(item.source)}"
    yield (
        f"Of {len(item.requirements)} requirements in these sections {len(whole)} are judged, {len(part)} in part, and {len(none)} not at all."
    )
    yield (
        "Judged means that policies are mapped to the requirement and that nothing of it is known to stay open. Where the basis is `derived`, whether they suffice is for whoever "
        "answers for compliance to say."
    )
    yield "## Not judged"
    yield listing(
        ("Requirement", "What it asks for", "Why not"),
        ((code(one.id), prose(one.title), authored(one.why or "no policy judges it")) for one in none),
    )
    yield "## Judged in part"
    yield listing(
        ("Requirement", "What it asks for", "What stays open", "Policies"),
        ((code(one.id), prose(one.title), authored(one.partial), links(by_item[one.id])) for one in part),
    )
    yield "## Judged"
    yield listing(
        ("Requirement", "What it asks for", "Policies"),
        ((code(one.id), prose(one.title), links(by_item[one.id])) for one in whole),
    )
    yield "## Served in other sections"
    listed = {one.id for one in item.requirements}
    others = [name for name in by_item if name not in listed]
    yield "Without a claim on the rest of these sections."
    yield listing(
        ("Requirement", "Policies"), ((code(name), links(by_item[name])) for name in sorted(others, key=order))
    )


def listing(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table, or that there is nothing."""
    body = list(rows)
    return table(head, body) if body else "None."


def order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts numbers inside ids as numbers."""
    parts = "".join(letter if letter.isalnum() else " " for letter in name).split()
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)


def title(framework: str) -> str:
    """Return what the framework's pack calls itself."""
    return pack_title(pack_of(framework))


def links(found: Iterable[Mapped]) -> str:
    """Return policies with their bases."""
    return ", ".join(f"{link(one.policy, '../checks/')} ({one.basis})" for one in found)


def link(policy: str, folder: str) -> str:
    """Return a policy's id, linked to the page of the check of that name."""
    known = policy in checks() and any(one.id == policy for one in policies_on(policy))
    return f"[{code(policy)}]({folder}{policy}.md)" if known else code(policy)
