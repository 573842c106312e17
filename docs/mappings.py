"""What the pages know of frameworks: the mappings of the built-in policies, and ``requirements.yaml`` beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from trailwarden.policy.model import Policy
from trailwarden.policy.select import builtin_documents, select
from trailwarden.registry import checks

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Mapped:
    """One policy that serves a requirement. ``basis`` is stated, derived, primary or supporting."""

    policy: str
    basis: str


@dataclass(frozen=True)
class Requirement:
    """What a framework asks for, and what of it stays open."""

    id: str
    title: str
    partial: str
    why: str


@dataclass(frozen=True)
class Framework:
    """The sections of a framework that this tool is about, with every requirement in them."""

    id: str
    sections: str
    source: str
    requirements: tuple[Requirement, ...]


@cache
def policies() -> Mapping[str, Policy]:
    """Return the built-in policies by id."""
    return {item.id: item for item in select(sorted(builtin_documents().policies), checks=checks()).policies}


def policies_on(check: str) -> list[Policy]:
    """Return the built-in policies that judge by a check."""
    return [item for item in policies().values() if any(node.check.id == check for node in item.check_nodes())]


def mappings_of(policy: str) -> dict[str, dict[str, str]]:
    """Return what a policy is mapped to: framework, requirement, basis."""
    given = builtin_documents().policies[policy].node.data.get("mappings", {})
    return {
        framework: {item: basis for basis, items in by_basis.items() for item in items}
        for framework, by_basis in given.items()
    }


@cache
def served() -> Mapping[str, Mapping[str, tuple[Mapped, ...]]]:
    """Return who serves what: framework, requirement, policies by id."""
    found: dict[str, dict[str, tuple[Mapped, ...]]] = {}
    for policy in sorted(policies()):
        for framework, items in mappings_of(policy).items():
            for item, basis in items.items():
                by_item = found.setdefault(framework, {})
                by_item[item] = (*by_item.get(item, ()), Mapped(policy, basis))
    return found


@cache
def frameworks() -> Mapping[str, Framework]:
    """Return the frameworks of ``requirements.yaml`` by id.

    Raises:
        ValueError: a requirement has not one number for each framework of its group.
    """
    found = {}
    for group in yaml.safe_load((FOLDER / "requirements.yaml").read_text(encoding="utf-8")):
        names = group["frameworks"]
        for column, name in enumerate(names):
            listed = []
            for item in group["requirements"]:
                numbers = [item["at"]] if isinstance(item["at"], str) else item["at"]
                if len(numbers) != len(names):
                    raise ValueError(f"requirements.yaml: {item['title']!r} needs {len(names)} numbers")
                if numbers[column] is not None:
                    texts = (item["title"], item.get("partial", ""), item.get("why", ""))
                    listed.append(Requirement(numbers[column], *texts))
            found[name] = Framework(name, group["sections"], group["source"], tuple(listed))
    return found


def pack_of(framework: str) -> str:
    """Return the built-in pack that includes a framework, or an empty text."""
    for name, document in sorted(builtin_documents().sets.items()):
        if {"framework": framework} in document.node.data["include"]:
            return name
    return ""


def framework_of(pack: str) -> str:
    """Return the framework that a built-in pack includes, or an empty text."""
    for item in builtin_documents().sets[pack].node.data["include"]:
        if isinstance(item, dict) and "framework" in item:
            return str(item["framework"])
    return ""


def pack_title(name: str) -> str:
    """Return what a pack calls itself."""
    return str(builtin_documents().sets[name].node.at(["metadata"]).data.get("title", ""))


def anchor(title: str) -> str:
    """Return the anchor that GitHub gives to a heading that is a pack's name."""
    return title.replace(".", "")
