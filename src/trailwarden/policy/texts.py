"""What the command line shows of policies: the first files to start from, schemas, the list, one policy in full."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from trailwarden.contract import Check
from trailwarden.facts import SUBJECTS
from trailwarden.model import Json
from trailwarden.policy.model import Policy, Selection
from trailwarden.policy.schema import kind_schemas, published_schema
from trailwarden.policy.select import builtin_documents
from trailwarden.policy.sets import Catalogue
from trailwarden.policy.yamltext import Source

SCHEMA_FILE = "policy.schema.json"

FIRST_POLICY = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
# One policy a document; `trailwarden checks list` shows what a policy can require, `trailwarden policy lint FILE` checks this file.
id: validation-on
check: trail-log-file-validation
severity: high
---
# The full form: one trail has to satisfy all of `require` together.
apiVersion: trailwarden/v1
kind: Policy
metadata:
  id: one-good-trail
  title: One trail records every region and proves its files
  severity: critical
subject: trail
quantifier: any
require:
  - check: trail-log-file-validation
"""


def schema_text(checks: Mapping[str, Check], kind: str = "") -> str:
    """Return the JSON Schema of policy files with the parameters of these checks: of one kind of document, or of any."""
    schema: Json = kind_schemas(checks, SUBJECTS)[kind] if kind else published_schema(checks, SUBJECTS)
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class PackRow:
    """One built-in pack in a list."""

    id: str
    title: str
    policies: tuple[str, ...]


def list_packs() -> list[PackRow]:
    """Return the built-in packs by id."""
    documents = builtin_documents()
    catalogue = Catalogue(documents, documents)
    return [
        PackRow(name, document.node.at(["metadata"]).text("title"), tuple(catalogue.expand(name).members))
        for name, document in sorted(catalogue.sets.items())
    ]


def source_text(policy: Policy, selection: Selection) -> str:
    """Return the whole text of a selected policy, as it stands in its file."""
    text = next(file.text for file in selection.files if file.name == policy.place.file)
    return Source(policy.place.file, text).excerpt(policy.place, policy.place.end_line)
