"""Settings: one table of what can be set, and the order in which the command line, the environment and ``trailwarden.yaml`` decide.

A setting has one name everywhere: ``--fail-on``, ``TRAILWARDEN_FAIL_ON`` and ``fail-on:``. The command line wins over the environment, and
that over the file. A list is replaced as a whole, never merged, so that what is written nearest is all that counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trailwarden.errors import PolicyError, Problem, UsageError

if TYPE_CHECKING:
    from trailwarden.policy.model import Place
    from trailwarden.policy.yamltext import Node

FILE = "trailwarden.yaml"
PREFIX = "TRAILWARDEN_"
MAX_PROBLEMS = 50
"""Told of one file; who has more reads the first and understands."""
DEBUG = "TRAILWARDEN_DEBUG"
CONFIG = "TRAILWARDEN_CONFIG"

Value = str | int | bool | tuple[str, ...]
Source = Literal["command line", "environment", "file", "default"]


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that can be set. ``help`` is the text of ``--help``; ``choices`` empty means any text."""

    name: str
    help: str
    kind: Literal["text", "flag", "count"] = "text"
    many: bool = False
    default: Value = ""
    metavar: str = ""
    choices: tuple[str, ...] = ()
    short: str = ""

    @property
    def variable(self) -> str:
        """Return its environment variable."""
        return PREFIX + self.attribute.upper()

    @property
    def attribute(self) -> str:
        """Return its name in Python."""
        return self.name.replace("-", "_")

    def check(self, value: str) -> str:
        """Return a text value.

        Raises:
            UsageError: it is empty or not one of the choices.
        """
        if not value:
            raise UsageError("needs a value")
        if self.choices and value not in self.choices:
            raise UsageError(f"{value!r} is not one of its values", did_you_mean(value, self.choices))
        return value

    def parse(self, text: str) -> Value:
        """Return the value for the text of an environment variable; several values stand one per line.

        Raises:
            UsageError: not a value of this setting.
        """
        if self.many:
            return tuple(self.check(line.strip()) for line in text.splitlines() if line.strip())
        if self.kind == "flag":
            words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
            if text.lower() not in words:
                raise UsageError(f"{text!r} is neither true nor false")
            return words[text.lower()]
        return self.count(text) if self.kind == "count" else self.check(text)

    def count(self, text: str) -> int:
        """Return a whole number of at least 1.

        Raises:
            UsageError: it is not one.
        """
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
            raise UsageError(f"{text!r} is not a whole number of at least 1")
        return int(text)


SEVERITIES = ("critical", "high", "medium", "low", "info")
"""The values of ``model.Severity``, written out: importing it would be a third of what ``--help`` costs."""

SETTINGS: Mapping[str, Setting] = {
    item.name: item
    for item in (
        Setting(
            "policy",
            "pack, policy id or glob, YAML file or folder (default: baseline)",
            many=True,
            default=("baseline",),
            metavar="REF",
        ),
        Setting(
            "exclude", "leave out a policy id or glob, and say why in the report", many=True, metavar="ID[=REASON]"
        ),
        Setting("tag", "only policies with this tag", many=True),
        Setting("severity", "only policies of this severity", many=True, choices=SEVERITIES, metavar="LEVEL"),
        Setting("waivers", "file or folder of accepted failures; repeatable", many=True, metavar="FILE"),
        Setting(
            "waiver-days", "most days from a waiver's approval to its expiry", kind="count", default=180, metavar="N"
        ),
        Setting("baseline", "gate only on what is new or worse since this file was written", metavar="FILE"),
        Setting(
            "strict",
            "fail on waivers that are unused, expired, about to expire or for no policy",
            kind="flag",
            default=False,
        ),
        Setting("profile", "profile of the AWS configuration", metavar="NAME"),
        Setting("region", "look at this region only (default: every enabled one)", many=True, metavar="REGION"),
        Setting("role-arn", "assume this role, and judge its account", metavar="ARN"),
        Setting(
            "external-id",
            "what the trust policy of --role-arn, or of --role where that is given, asks for",
            metavar="ID",
        ),
        Setting("endpoint-url", "ask this endpoint instead of AWS", metavar="URL"),
        Setting("organization", "every active account of the caller's organization", kind="flag", default=False),
        Setting("unit", "of the organization only what is at or below this root or unit", many=True, metavar="ID"),
        Setting("accounts", "the accounts in this file: YAML, or lines of id,role,external-id,name", metavar="FILE"),
        Setting("account", "this account; repeatable; of an organization only these", many=True, metavar="ID"),
        Setting("role", "role to read each account with: a name, or an ARN with {account} in it", metavar="ROLE"),
        Setting("log-archive", "account that may own log buckets of others; repeatable", many=True, metavar="ID"),
        Setting("session-policy", "let the roles' sessions do no more than is needed", kind="flag", default=True),
        Setting(
            "executor", "threads, processes, or dask://HOST:PORT (extra `dask`)", default="threads", metavar="KIND"
        ),
        Setting("workers", "processes (default: one per core)", kind="count", default=0, metavar="N"),
        Setting("accounts-at-once", "accounts read together by one process", kind="count", default=24, metavar="N"),
        Setting(
            "attempts",
            "requests per call at most (default: AWS_MAX_ATTEMPTS, else 8)",
            kind="count",
            default=0,
            metavar="N",
        ),
        Setting("state", "folder for replies as they come", default="trailwarden-state", metavar="DIR"),
        Setting("resume", "go on with the run in --state where it stopped", kind="flag", default=False),
        Setting("partial", "report what the run in --state has so far, without asking AWS", kind="flag", default=False),
        Setting(
            "integrity",
            "judge log integrity by this report of `logs verify -o json=PATH`; repeatable",
            many=True,
            default=(),
            metavar="PATH",
        ),
        Setting(
            "output",
            "write a report; repeatable; `-` or no path is stdout, once at most (default: table)",
            many=True,
            default=("table",),
            metavar="FORMAT[=PATH]",
            short="-o",
        ),
        Setting(
            "evidence", "write the evidence pack into this folder: ledger, results, reports, policies", metavar="DIR"
        ),
        Setting("redact", "hide account ids or names in the evidence pack: accounts, names, or both", metavar="KINDS"),
        Setting("sign-key", "sign the evidence pack with this key: a PEM file, or awskms:///KEY", metavar="KEY"),
        Setting("tsa", "have the signature timestamped by this RFC 3161 authority", metavar="URL"),
        Setting("previous", "evidence pack that the new one follows (default: the latest beside it)", metavar="DIR"),
        Setting(
            "fail-on", "lowest severity that makes exit code 1", default="low", choices=SEVERITIES, metavar="LEVEL"
        ),
        Setting(
            "on-error",
            "fail or pass when something could not be evaluated",
            default="fail",
            choices=("fail", "pass"),
            metavar="fail|pass",
        ),
        Setting("soft-fail", "exit with 0 where it would be 1 or 3; never where it is 2", kind="flag", default=False),
        Setting("jobs", "calls to AWS at the same time", kind="count", default=10, metavar="N"),
        Setting(
            "group-by",
            "arrange table, Markdown and HTML by account, organizational unit, control or policy",
            choices=("account", "ou", "control", "policy"),
            metavar="account|ou|control|policy",
        ),
        Setting("sarif-category", "category of the SARIF upload, for several runs on one commit", metavar="TEXT"),
        Setting("sarif-anchor", "file that findings of built-in policies point at", metavar="PATH"),
        Setting(
            "sarif-group",
            "one SARIF result per subject, or per policy and account, or per policy and unit, or per policy",
            default="subject",
            choices=("subject", "account", "ou", "policy"),
            metavar="subject|account|ou|policy",
        ),
        Setting("junit-strict", "leave out of JUnit what its strict schema does not know", kind="flag", default=False),
        Setting(
            "junit-granularity",
            "one JUnit case per subject or per policy",
            default="subject",
            choices=("subject", "policy"),
            metavar="subject|policy",
        ),
        Setting("markdown-budget", "most bytes of the Markdown report", kind="count", default=0, metavar="BYTES"),
    )
}
"""Everything that can be set, by name."""

SELECTION = ("policy", "exclude", "tag", "severity")
ACCEPTED = ("waivers", "waiver-days", "baseline", "strict")
CONNECTION = ("profile", "region", "role-arn", "external-id", "endpoint-url")
ACCOUNTS = ("organization", "unit", "accounts", "account", "role", "log-archive", "session-policy")
SPREAD = ("executor", "workers", "accounts-at-once", "attempts", "state", "resume", "partial")
ESTATE = (*ACCOUNTS, *SPREAD)
ATTACHED = ("integrity",)
PACK = ("evidence", "redact", "sign-key", "tsa", "previous")
GATE = ("fail-on", "on-error", "soft-fail")
RENDERING = (
    *("group-by", "sarif-category", "sarif-anchor", "sarif-group"),
    *("junit-strict", "junit-granularity", "markdown-budget"),
)


@dataclass(frozen=True, slots=True)
class Given:
    """A value and who gave it; ``places`` has one place for each item of a list that the file gives."""

    value: Any
    source: Source
    places: tuple[Place | None, ...] = ()


def resolve(
    names: Iterable[str], arguments: Mapping[str, Any], environment: Mapping[str, str], file: Mapping[str, Given]
) -> dict[str, Given]:
    """Return the value in force for each setting.

    Args:
        names: the settings of the command in hand.
        arguments: what the command line gave, by ``Setting.attribute``; None for what it did not.
        environment: the process's variables.
        file: what ``read_config`` returned.

    Raises:
        UsageError: a value that the setting does not take, or a variable that looks like a misspelt one.
    """
    _refuse_near_misses(environment)
    found: dict[str, Given] = {}
    for name in names:
        setting = SETTINGS[name]
        argument = arguments.get(setting.attribute)
        if argument is not None:
            found[name] = Given(_from_arguments(setting, argument), "command line")
        elif environment.get(setting.variable):
            found[name] = Given(_named(setting.variable, setting, environment[setting.variable]), "environment")
        elif name in file:
            found[name] = file[name]
        else:
            found[name] = Given(() if setting.many and not setting.default else setting.default, "default")
    return found


def _from_arguments(setting: Setting, argument: Any) -> Value:
    option = f"--{setting.name}"
    try:
        if setting.many:
            return tuple(setting.check(item) for item in argument)
        if setting.kind == "flag":
            return bool(argument)
        return setting.count(argument) if setting.kind == "count" else setting.check(argument)
    except UsageError as error:
        raise UsageError(f"{option}: {error.message}", error.hint) from None


def _named(variable: str, setting: Setting, text: str) -> Value:
    try:
        return setting.parse(text)
    except UsageError as error:
        raise UsageError(f"{variable}: {error.message}", error.hint) from None


def _refuse_near_misses(environment: Mapping[str, str]) -> None:
    """Refuse a variable that is almost one of ours: nobody would notice that it does nothing. Others may be someone else's."""
    known = [CONFIG, DEBUG, *(setting.variable for setting in SETTINGS.values())]
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.85)
            if near:
                raise UsageError(f"unknown environment variable {name}", f"did you mean {near[0]}?")


def find_config(explicit: str, environment: Mapping[str, str]) -> Path | None:
    """Return the configuration file: the one that is named, else ``trailwarden.yaml`` of the working directory if there is one.

    Raises:
        UsageError: the one that is named does not exist.
    """
    named = explicit or environment.get(CONFIG, "")
    if named:
        if not Path(named).is_file():
            raise UsageError(f"configuration file {named!r} does not exist")
        return Path(named)
    return Path(FILE) if Path(FILE).is_file() else None


def read_config(path: Path) -> dict[str, Given]:
    """Return what a configuration file sets. Paths in it are relative to the working directory, as on the command line.

    Raises:
        PolicyError: all problems of the file, each with its line: YAML, unknown keys, wrong values.
    """
    from trailwarden.policy.yamltext import parse, read_source  # noqa: PLC0415 - YAML is loaded only where there is a file

    documents, problems = parse(read_source(path), holds="settings, one `name: value` a line")
    if problems:
        raise PolicyError(problems)
    if len(documents) > 1:
        raise PolicyError([documents[1].problem("a configuration file has one document")])
    [root] = documents
    if not isinstance(root.data, dict):
        raise PolicyError([root.problem("expected settings, one `name: value` a line")])
    found: dict[str, Given] = {}
    for key, value in root.entries():
        if len(problems) >= MAX_PROBLEMS:
            break
        name = str(key.data)
        if name not in SETTINGS:
            problems.append(key.problem(f"unknown setting {name!r}", did_you_mean(name, SETTINGS)))
            continue
        try:
            found[name] = _from_node(SETTINGS[name], value)
        except UsageError as error:
            problems.append(value.problem(f"{name}: {error.message}", error.hint))
        except PolicyError as error:
            problems.extend(error.problems)
    if problems:
        raise PolicyError(problems)
    return found


def _from_node(setting: Setting, node: Node) -> Given:
    if setting.many:
        items = node.elements() or [node]
        problems: list[Problem] = []
        values: list[str] = []
        for item in items:
            try:
                values.append(setting.check(_text(item)))
            except UsageError as error:
                problems.append(item.problem(f"{setting.name}: {error.message}", error.hint))
        if problems:
            raise PolicyError(problems)
        return Given(tuple(values), "file", tuple(item.place for item in items))
    if setting.kind == "flag":
        if not isinstance(node.data, bool):
            raise UsageError("is neither true nor false")
        return Given(node.data, "file", (node.place,))
    value = setting.count(str(node.data)) if setting.kind == "count" else setting.check(_text(node))
    return Given(value, "file", (node.place,))


def _text(node: Node) -> str:
    if not isinstance(node.data, str):
        raise UsageError("expected text", "put it in quotes" if isinstance(node.data, int | float) else "")
    return node.data


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?``, or what there is. Unlike the registry's, it costs no import before a command is chosen."""
    names = list(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"one of: {', '.join(names)}"
