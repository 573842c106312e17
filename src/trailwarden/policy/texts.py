"""What the command line shows of policies: a first file to start from, the list, one policy in full."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from trailwarden.contract import Check
from trailwarden.facts import SUBJECTS
from trailwarden.model import Severity
from trailwarden.policy.build import Builder
from trailwarden.policy.model import Policy, Selection
from trailwarden.policy.schema import published_schema
from trailwarden.policy.select import builtin_documents
from trailwarden.policy.sets import Catalogue
from trailwarden.policy.yamltext import Source

SCHEMA_FILE = "policy.schema.json"

FIRST_POLICY = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
id: validation-on
check: trail-log-file-validation
with: {{}}
severity: high
"""


def init_files(checks: Mapping[str, Check]) -> dict[str, str]:
    """Return the files of a new policy folder by name: a first policy, and the schema that its modeline points at."""
    return {"first.yaml": FIRST_POLICY, SCHEMA_FILE: schema_text(checks)}


def schema_text(checks: Mapping[str, Check]) -> str:
    """Return the JSON Schema of policy files, with the parameters of these checks."""
    return json.dumps(published_schema(checks, SUBJECTS), indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One built-in policy in a list."""

    id: str
    title: str
    severity: Severity
    subject: str
    tags: tuple[str, ...]
    packs: tuple[str, ...]
    frameworks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackRow:
    """One built-in pack in a list."""

    id: str
    title: str
    description: str
    policies: tuple[str, ...]


def _catalogue() -> Catalogue:
    documents = builtin_documents()
    return Catalogue(documents, documents)


def list_packs() -> list[PackRow]:
    """Return the built-in packs by id."""
    catalogue = _catalogue()
    return [
        PackRow(
            name,
            document.node.at(["metadata"]).text("title"),
            document.node.at(["metadata"]).text("description"),
            tuple(catalogue.expand(name).members),
        )
        for name, document in sorted(catalogue.sets.items())
    ]


def list_policies(checks: Mapping[str, Check]) -> list[PolicyRow]:
    """Return the built-in policies by id."""
    packs = list_packs()
    builder = Builder(checks)
    rows = []
    for name, document in sorted(_catalogue().policies.items()):
        policy, _ = builder.build(document)
        if policy is not None:
            inside = tuple(pack.id for pack in packs if name in pack.policies)
            rows.append(
                PolicyRow(
                    name,
                    policy.title,
                    policy.severity,
                    policy.subject.kind,
                    policy.tags,
                    inside,
                    tuple(policy.controls),
                )
            )
    return rows


def source_text(policy: Policy, selection: Selection) -> str:
    """Return the whole text of a selected policy, as it stands in its file."""
    text = next(file.text for file in selection.files if file.name == policy.place.file)
    return Source(policy.place.file, text).excerpt(policy.place, policy.place.end_line)
