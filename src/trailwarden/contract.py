"""The plugin contract: what a check and a reporter are.

A check is one module with one decorated pure function: it receives a subject and its parameters and returns a ``Finding``. Its docstring is
its documentation everywhere (pages, SARIF help, ``explain``): the first line is the title, then sections ``Why:`` and ``Fix:``, optionally
``Error:`` (what it means when the check can't be evaluated) and ``Source:``.

The decorators return values and register nothing; the registry collects them.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from trailwarden.errors import PluginError, Unreadable
from trailwarden.facts.base import Fact, Subject
from trailwarden.model import Evidence, Finding, Json, Reason, ReasonCode, Report, Status

Judge = Callable[[Any, Any], Finding]
Reads = tuple[Fact[Any, Any], ...]

_SECTIONS = ("Why", "Fix", "Error", "Source")


@dataclass(frozen=True)
class NoParams:
    """The parameters of a check that has none."""


def param(
    default: Any,
    doc: str,
    *,
    choices: tuple[str, ...] = (),
    minimum: int | None = None,
    alias: str = "",
    pattern: str = "",
    expects: str = "",
) -> Any:
    """Declare one field of a check's ``Params`` dataclass.

    Args:
        default: the value when a policy says nothing; every parameter has one.
        doc: one line for the parameter table.
        choices: the allowed texts (for a list: of each element).
        minimum: the smallest allowed integer.
        alias: a second name that policies may use.
        pattern: the regular expression of an allowed text (for a list: of each element).
        expects: what the pattern stands for, in words.
    """
    metadata = {
        "doc": doc,
        "choices": choices,
        "minimum": minimum,
        "alias": alias,
        "pattern": pattern,
        "expects": expects,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, eq=False)
class Check:
    """A check as the engine sees it. ``judges`` maps each subject type it can judge to a function."""

    id: str
    title: str
    why: str
    fix: str
    error: str
    source: str
    subject: type[Subject]
    """What a short policy on this check is about."""
    judges: dict[type[Subject], Judge]
    params_type: type[Any]
    declared: Reads
    conditional: tuple[tuple[Callable[[Any], bool], Reads], ...]
    version: int
    replaces: tuple[str, ...]
    module: str
    distribution: str = ""
    """Empty for a built-in check, else the plugin's distribution and version."""

    def reads(self, params: object | None = None) -> Reads:
        """Return the declared facts: those that ``params`` need, or all there could be."""
        extra = [facts for needed, facts in self.conditional if params is None or needed(params)]
        return self.declared + tuple(item for facts in extra for item in facts)

    def on(self, subject: type[Subject]) -> Callable[[Judge], Judge]:
        """Declare how this check judges a second type of subject."""

        def wrap(judge: Judge) -> Judge:
            if subject in self.judges:
                raise PluginError(f"{self.id}: two functions judge a {subject.kind}")
            self.judges[subject] = judge
            return judge

        return wrap


def check(
    subject: type[Subject],
    *,
    reads: Iterable[Any] = (),
    reads_if: Iterable[tuple[Callable[[Any], bool], Iterable[Any]]] = (),
    version: int = 1,
    replaces: tuple[str, ...] = (),
) -> Callable[[Judge], Check]:
    """Make a check of a function ``(subject, params) -> Finding``.

    Args:
        subject: the type judged by a short policy; its population is read without being declared.
        reads: the facts the function may touch, such as ``Trail.status``.
        reads_if: pairs of a predicate on the parameters and the facts that are read only then.
        version: raised when the meaning of the verdict changes; written into every result.
        replaces: former ids.

    Raises:
        PluginError: the docstring lacks a title, ``Why:`` or ``Fix:``, or a parameter lacks a default.
    """

    def wrap(judge: Judge) -> Check:
        identity = judge.__name__.replace("_", "-")
        text = parse_docstring(judge)
        return Check(
            id=identity,
            title=text["title"],
            why=text["Why"],
            fix=text["Fix"],
            error=text["Error"],
            source=text["Source"],
            subject=subject,
            judges={subject: judge},
            params_type=_params_type(judge),
            declared=tuple(reads),
            conditional=tuple((needed, tuple(facts)) for needed, facts in reads_if),
            version=version,
            replaces=replaces,
            module=judge.__module__,
        )

    return wrap


def parse_docstring(function: Callable[..., Any]) -> dict[str, str]:
    """Return the title and the sections of a check's docstring.

    Raises:
        PluginError: no docstring, or no ``Why:`` or ``Fix:`` section.
    """
    lines = inspect.getdoc(function) or ""
    if not lines:
        raise PluginError(
            f"{function.__module__}.{function.__name__}: no docstring", "its first line is the check's title"
        )
    sections: dict[str, list[str]] = {"title": []}
    current = "title"
    for line in lines.split("\n"):
        match = re.match(rf"({'|'.join(_SECTIONS)}):\s*(.*)", line)
        if match:
            current = match[1]
            sections[current] = [match[2]]
        else:
            sections[current].append(line)
    text = {name: _paragraphs(sections.get(name, [])) for name in ("title", *_SECTIONS)}
    for name in ("title", "Why", "Fix"):
        if not text[name]:
            raise PluginError(
                f"{function.__module__}.{function.__name__}: the docstring has no {name}", "see CONTRIBUTING.md"
            )
    text["title"] = text["title"].split("\n")[0].rstrip(".")
    return text


def _paragraphs(lines: list[str]) -> str:
    """Join wrapped lines; a line that starts a list item or follows an empty one starts anew."""
    out: list[str] = []
    fresh = True
    for raw in lines:
        line = raw.strip()
        if not line:
            fresh = True
            continue
        if fresh or line.startswith("- "):
            out.append(line)
        else:
            out[-1] += f" {line}"
        fresh = False
    return "\n".join(out)


def _params_type(judge: Judge) -> type[Any]:
    annotations = typing.get_type_hints(judge)
    params: type[Any] = annotations.get("params", NoParams)
    if not dataclasses.is_dataclass(params):
        raise PluginError(f"{judge.__module__}: params must be a dataclass")
    for item in dataclasses.fields(params):
        if item.default is dataclasses.MISSING or not item.metadata.get("doc"):
            raise PluginError(
                f"{judge.__module__}: parameter {item.name} needs a default and a doc", "declare it with param()"
            )
    return params


def passed(
    message: str, observed: Mapping[str, Json] | None = None, expected: Mapping[str, Json] | None = None, *notes: str
) -> Finding:
    """Return a PASS: every read it rests on succeeded and the condition holds."""
    return Finding(Status.PASS, message, observed or {}, expected or {}, notes)


def failed(
    message: str, observed: Mapping[str, Json] | None = None, expected: Mapping[str, Json] | None = None, *notes: str
) -> Finding:
    """Return a FAIL: one sufficient fact is known and the condition does not hold."""
    return Finding(Status.FAIL, message, observed or {}, expected or {}, notes)


def not_applicable(message: str, observed: Mapping[str, Json] | None = None) -> Finding:
    """Return a NOT_APPLICABLE: a successful read proved that there is nothing to judge."""
    return Finding(Status.NOT_APPLICABLE, message, observed or {}, {}, ())


def undecidable(subject: Subject, code: ReasonCode, message: str, *, operation: str = "", region: str = "") -> NoReturn:
    """Give up on a verdict for a reason that is not a failed read (too young, ambiguous, unparseable).

    Raises:
        Unreadable: always.
    """
    raise Unreadable(
        Reason(
            code, operation=operation, region=region or subject.region, account=subject.account_id, aws_message=message
        )
    )


@dataclass(frozen=True)
class RenderOptions:
    """What a user may say about rendering, whatever the format; each reporter takes what it needs."""

    group_by: str = ""
    """``account``, ``ou``, ``control`` or ``policy``; empty leaves it to the format."""
    sarif_category: str = ""
    sarif_anchor: str = ""
    """Path that SARIF and JUnit point at when a policy has no file in the repository."""
    sarif_group: str = "subject"
    junit_strict: bool = False
    junit_granularity: str = "subject"
    colour: bool = False
    width: int = 0
    """Columns of the terminal, 0 when unknown."""
    markdown_budget: int = 0
    """Bytes that the Markdown report may take, 0 for no limit; GitHub drops a step summary above 1 MiB."""
    evidence: Evidence | None = None
    """In an evidence pack: the replies behind the report and the circumstances of the run."""


class Render(Protocol):
    """A reporter's function: pure, from a report to text, or to its parts in order where the whole may be too large for memory."""

    __name__: str
    __module__: str

    def __call__(self, report: Report, options: RenderOptions) -> str | Iterator[str]:
        """Return the document."""
        ...


@dataclass(frozen=True)
class Reporter:
    """An output format. ``suffix`` is the usual file ending, ``media_type`` its MIME type."""

    id: str
    title: str
    suffix: str
    media_type: str
    write: Render
    module: str
    distribution: str = ""

    def render(self, report: Report, options: RenderOptions) -> str:
        """Return the whole document."""
        made = self.write(report, options)
        return made if isinstance(made, str) else "".join(made)

    def parts(self, report: Report, options: RenderOptions) -> Iterator[str]:
        """Yield the document in parts: one, unless the reporter makes more."""
        made = self.write(report, options)
        yield from (made,) if isinstance(made, str) else made


def reporter(*, suffix: str, media_type: str) -> Callable[[Render], Reporter]:
    """Make a reporter of a pure function ``(report, options) -> str``; its id is the function's name with hyphens."""

    def wrap(render: Render) -> Reporter:
        title = (inspect.getdoc(render) or "").split("\n")[0].rstrip(".")
        if not title:
            raise PluginError(f"{render.__module__}: a reporter needs a docstring")
        return Reporter(render.__name__.replace("_", "-"), title, suffix, media_type, render, render.__module__)

    return wrap
