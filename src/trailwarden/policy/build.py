"""From a document to a ``Policy``: checks resolved, parameters typed, placeholders filled, everything within reach of the subject."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal, cast

from trailwarden.contract import Check
from trailwarden.errors import Problem, UsageError
from trailwarden.facts import SUBJECTS
from trailwarden.facts.base import Subject
from trailwarden.model import Json, Severity
from trailwarden.params import build as build_params
from trailwarden.params import schema_of, to_json
from trailwarden.policy.document import Document
from trailwarden.policy.expressions import ExpressionError, expression_check
from trailwarden.policy.model import AllOf, AnyOf, CheckNode, Not, Policy, Quantifier, Scope
from trailwarden.policy.model import Node as Requirement
from trailwarden.policy.navigation import judged, subjects_for
from trailwarden.policy.schema import param_schema
from trailwarden.policy.structure import MAX_ERRORS, Structure, describe
from trailwarden.policy.templates import check_message, fill_params, params_named
from trailwarden.policy.yamltext import Node
from trailwarden.registry import did_you_mean

SNIPPET_LINES = 12
DEFAULT_SEVERITY = Severity.MEDIUM


@dataclass(frozen=True, slots=True)
class Override:
    """What a set changes in a policy. ``nodes`` says where each parameter's value stands."""

    severity: Severity | None = None
    params: Mapping[str, Json] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)

    def over(self, inner: Override) -> Override:
        """Return this override applied after another: what both say, this one decides."""
        return Override(self.severity or inner.severity, {**inner.params, **self.params}, {**inner.nodes, **self.nodes})


NOTHING = Override()


class Builder:
    """Builds policies against a set of checks and remembers what it compiled for them."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self.checks = checks
        self._structures: dict[str, Structure] = {}
        self._aliases: dict[str, dict[str, str]] = {}

    def build(self, document: Document, override: Override = NOTHING) -> tuple[Policy | None, list[Problem]]:
        """Return the policy, or the problems because of which there is none."""
        made = _Build(self, document, override)
        policy = made.policy()
        return (None, made.problems) if made.problems else (policy, [])

    def find(self, identity: str) -> Check | None:
        """Return the check with this id, or the one that replaced it."""
        return self.checks.get(identity) or self._former.get(identity)

    @cached_property
    def _former(self) -> Mapping[str, Check]:
        """Checks by their former ids; only an id that is none of today's loads every check to find out."""
        return {old: check for check in self.checks.values() for old in check.replaces}

    def params_structure(self, check: Check) -> Structure:
        """Return the compiled schema of a check's parameters."""
        found = self._structures.get(check.id)
        if found is None:
            found = self._structures[check.id] = Structure(schema_of(check.params_type))
        return found

    def aliases(self, check: Check) -> dict[str, str]:
        """Return the second names of a check's parameters, each with the first."""
        found = self._aliases.get(check.id)
        if found is None:
            named = ((item.metadata.get("alias"), item.name) for item in fields(check.params_type))
            found = self._aliases[check.id] = {alias: name for alias, name in named if alias}
        return found


class _Build:
    """The building of one policy; collects problems and goes on, so that all of them are reported together."""

    def __init__(self, builder: Builder, document: Document, override: Override) -> None:
        self.builder = builder
        self.document = document
        self.node = document.node
        self.override = override
        self.short = document.kind == "Short"
        self.problems: list[Problem] = []
        self.params: dict[str, Json] = {}
        self.param_types: dict[str, str] = {}
        self.valueless: set[str] = set()
        """Declared parameters whose value is missing, which is reported once and not again where they are used."""
        self.subject: type[Subject] | None = None

    def policy(self) -> Policy | None:
        data: dict[str, Any] = self.node.data
        head: dict[str, Any] = data if self.short else data["metadata"]
        wheres = [] if self.short else self.node.list_of("where")
        requires = [self.node] if self.short else self.node.list_of("require")
        self._declare_params(requires + wheres)
        self.subject = self._subject(requires)
        where = [node for node in map(self._requirement, wheres) if node is not None]
        require = [node for node in map(self._requirement, requires) if node is not None]
        self._message(data.get("message", ""))
        if self.problems or self.subject is None:
            return None
        quantifier = _quantifier(data.get("quantifier", "all"))
        controls, basis = _mappings(data.get("mappings", {}))
        empty: Literal["fail", "not-applicable"] = (
            "fail" if quantifier.kind in ("any", "at_least") else "not-applicable"
        )
        scope = data.get("scope", {})
        regions = scope.get("regions", "all")
        policy = Policy(
            id=self.document.id,
            title=head.get("title") or _first_check(require).title,
            description=head.get("description", ""),
            severity=self.override.severity or Severity(head.get("severity", DEFAULT_SEVERITY)),
            owner=head.get("owner", ""),
            tags=tuple(head.get("tags", ())),
            controls=controls,
            basis=basis,
            scope=Scope(tuple(scope.get("accounts", ("*",))), ("all",) if regions == "all" else tuple(regions)),
            subject=self.subject,
            quantifier=quantifier,
            where=tuple(where),
            require=tuple(require),
            on_empty=data.get("on", {}).get("empty", empty),
            message=data.get("message", ""),
            remediation=data.get("remediation", {}),
            place=self.node.place,
            snippet=self.document.source.excerpt(self.node.place, SNIPPET_LINES),
            sha256="",
            params=self.params,
            builtin=self.document.source.builtin,
        )
        return replace(policy, sha256=content_hash(policy))

    # --- parameters -------------------------------------------------------------------------------------------------

    def _declare_params(self, nodes: list[Node]) -> None:
        declared = self.node.get("params") if not self.short else None
        entries = declared.entries() if declared is not None else []
        for key, spec in entries:
            name = key.data
            given = self.override.nodes.get(name)
            if given is not None:
                value = given
            elif (default := spec.get("default")) is not None:
                value = default
            else:
                self.valueless.add(name)
                self.problems.append(
                    key.problem(f"parameter {name!r} has no default and no set gives it a value", "add default: …")
                )
                continue
            found = Structure(param_schema(spec.data)).problems(value)
            self.problems.extend(found)
            self.params[name] = value.data
            self.param_types[name] = spec.data["type"]
        for name, node in self.override.nodes.items():
            if name not in self.params and not self._single_check_has(nodes, name):
                known = [*self.params, *self._single_check_params(nodes)]
                self.problems.append(
                    node.problem(f"policy {self.document.id!r} has no parameter {name!r}", did_you_mean(name, known))
                )

    def _single_check_params(self, nodes: list[Node]) -> list[str]:
        """Return the parameter names of the policy's check, if it has just one; a set may set those as well."""
        if len(nodes) != 1:
            return []
        check = self.builder.find(nodes[0].text("check"))
        return list(schema_of(check.params_type)["properties"]) if check is not None else []

    def _single_check_has(self, nodes: list[Node], name: str) -> bool:
        return name in self._single_check_params(nodes)

    def _check_params(self, check: Check, node: Node) -> Any:
        given = node.get("with")
        base = given.data if given is not None else {}
        if params_named(base) & self.valueless:
            return None
        try:
            filled = fill_params(base, self.params)
        except UsageError as error:
            self.problems.append((given or node).problem(error.message, error.hint))
            return None
        filled = self._overridden(check, filled)
        if not filled:
            return check.params_type()
        structure = self.builder.params_structure(check)
        problems: list[Problem] = []
        for name, value in filled.items():
            if len(problems) >= MAX_ERRORS:
                break
            # A value that a set gives is wrong where the set gives it.
            at = self.override.nodes.get(name) if name not in self.params else None
            problems += structure.problems(at or given or node, data={name: value}, prefix=f"{check.id}: ")
        problems += [
            (given or node).problem(f"{check.id}: {name!r} and {other!r} are the same parameter", "give one of them")
            for name, other in self.builder.aliases(check).items()
            if name in filled and other in filled
        ]
        self.problems.extend(problems)
        if problems:
            return None
        try:
            return build_params(check.params_type, filled)
        except UsageError as error:
            self.problems.append((given or node).problem(f"{check.id}: {error.message}", error.hint))
            return None

    def _overridden(self, check: Check, given: dict[str, Json]) -> dict[str, Json]:
        """Return the parameters with those that a set gives the check itself; another name of the same one gives way."""
        if not self.override.params:
            return given
        aliases = self.builder.aliases(check)
        known = schema_of(check.params_type)["properties"]
        direct = {
            name: value for name, value in self.override.params.items() if name not in self.params and name in known
        }
        replaced = {aliases.get(name, name) for name in direct}
        return {**{name: value for name, value in given.items() if aliases.get(name, name) not in replaced}, **direct}

    # --- requirements -----------------------------------------------------------------------------------------------

    def _subject(self, requires: list[Node]) -> type[Subject] | None:
        named = None if self.short else self.node.get("subject")
        if named is not None:
            return SUBJECTS[named.data]
        checks = [
            check for node in requires for name in _check_names(node) if (check := self.builder.find(name)) is not None
        ]
        kinds = sorted({check.subject.kind for check in checks})
        if len(kinds) == 1:
            return checks[0].subject
        if kinds:
            self.problems.append(self.node.problem("missing key 'subject'", f"the checks judge {' and '.join(kinds)}"))
        elif not checks:
            return SUBJECTS["account"]  # no check is known; those problems are reported where they stand
        return None

    def _requirement(self, node: Node) -> Requirement | None:
        for key, kind in (("any_of", AnyOf), ("all_of", AllOf)):
            inner = node.get(key)
            if inner is not None:
                parts = tuple(part for part in map(self._requirement, inner.elements()) if part is not None)
                return kind(parts, node.place)
        inner = node.get("not")
        if inner is not None:
            part = self._requirement(inner)
            return Not(part, node.place) if part is not None else None
        return self._check(node) if node.get("check") is not None else self._expression(node)

    def _check(self, node: Node) -> CheckNode | None:
        name = node.at(["check"])
        check = self.builder.find(name.data)
        if check is None:
            self.problems.append(
                name.problem(f"unknown check {describe(name.data)}", did_you_mean(name.data, self.builder.checks))
            )
            return None
        params = self._check_params(check, node)
        if self.subject is None:
            return None
        subject = judged(check, self.subject)
        if subject is None:
            kinds = " or ".join(kind.kind for kind in check.judges)
            usable = " or ".join(subjects_for(check, SUBJECTS))
            message = f"check {check.id!r} judges {kinds}, and a policy about {self.subject.kind} does not lead there"
            self.problems.append(name.problem(message, f"use subject: {usable}"))
            return None
        return CheckNode(check, params, node.place, subject, name.data)

    def _expression(self, node: Node) -> Requirement | None:
        text = node.at(["expr"])
        if self.subject is None:
            return None
        try:
            check, params = expression_check(text.data, self.subject, self.param_types, self.params)
        except ExpressionError as error:
            self.problems.append(_inside(text, error))
            return None
        except UsageError as error:
            self.problems.append(text.problem(error.message, error.hint))
            return None
        return CheckNode(check, params, node.place, self.subject, check.id)

    def _message(self, template: str) -> None:
        try:
            check_message(template, [*self.params, *self.valueless])
        except UsageError as error:
            self.problems.append(self.node.at(["message"]).problem(error.message, error.hint))


def _inside(node: Node, error: ExpressionError) -> Problem:
    """Return a problem at the place inside a text where an expression is wrong, if the text stands in one line as it is."""
    begin = node.source.lines[node.line - 1][node.column - 1 : node.end_column - 1]
    shift = begin.find(node.raw) if node.line == node.end_line else -1
    if shift < 0:
        return node.problem(error.message, error.hint)
    return Problem(node.source.name, node.line, node.column + shift + error.column - 1, error.message, error.hint)


def _check_names(node: Node) -> list[str]:
    """Return the ids of all checks below a requirement."""
    if node.get("check") is not None:
        return [node.text("check")]
    inner = [item for key in ("any_of", "all_of") for item in node.list_of(key)]
    negated = node.get("not")
    return [name for item in ([*inner, negated] if negated is not None else inner) for name in _check_names(item)]


def _first_check(nodes: list[Requirement]) -> Check:
    node = nodes[0]
    while not isinstance(node, CheckNode):
        node = node.part if isinstance(node, Not) else node.parts[0]
    return node.check


def _quantifier(data: Json) -> Quantifier:
    if isinstance(data, dict):
        return Quantifier("at_least", data["at_least"])
    return Quantifier(cast("Literal['all', 'any', 'none']", data))


def _mappings(data: Mapping[str, Json]) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Return controls and basis by framework; several bases for one framework are ``mixed``."""
    controls: dict[str, tuple[str, ...]] = {}
    basis: dict[str, str] = {}
    for framework, value in sorted(data.items()):
        if isinstance(value, dict):
            controls[framework] = tuple(dict.fromkeys(item for items in value.values() for item in items))
            basis[framework] = next(iter(value)) if len(value) == 1 else "mixed"
        else:
            controls[framework] = tuple(dict.fromkeys(value))
    return controls, basis


def canonical(policy: Policy) -> dict[str, Json]:
    """Return what a policy says, effective parameters included, independent of its spelling, its place and its form (short or full)."""
    return {
        "id": policy.id,
        "title": policy.title,
        "description": policy.description,
        "severity": policy.severity.value,
        "owner": policy.owner,
        "tags": sorted(policy.tags),
        "mappings": {
            name: {"controls": list(ids), "basis": policy.basis.get(name, "")} for name, ids in policy.controls.items()
        },
        "params": dict(policy.params),
        "scope": {"accounts": list(policy.scope.accounts), "regions": list(policy.scope.regions)},
        "subject": policy.subject.kind,
        "quantifier": str(policy.quantifier),
        "where": [_canonical_node(node) for node in policy.where],
        "require": [_canonical_node(node) for node in policy.require],
        "on_empty": policy.on_empty,
        "message": policy.message,
        "remediation": dict(policy.remediation),
    }


def _canonical_node(node: Requirement) -> Json:
    if isinstance(node, CheckNode):
        return {"check": node.check.id, "with": to_json(node.params)}
    if isinstance(node, Not):
        return {"not": _canonical_node(node.part)}
    return {"all_of" if isinstance(node, AllOf) else "any_of": [_canonical_node(part) for part in node.parts]}


def content_hash(policy: Policy) -> str:
    """Return the SHA-256 of the canonical content, in hexadecimal."""
    text = json.dumps(canonical(policy), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
