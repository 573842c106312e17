"""What the commands that judge have in common: frozen options, made of the settings in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trailwarden.config import ESTATE, Given
from trailwarden.contract import RenderOptions
from trailwarden.errors import UsageError
from trailwarden.model import Severity
from trailwarden.policy.select import Ref
from trailwarden.policy.waivers import MAX_DAYS
from trailwarden.registry import get_reporter
from trailwarden.report import Gate


@dataclass(frozen=True, slots=True)
class SelectionOptions:
    """Which policies."""

    refs: tuple[Ref, ...]
    exclude: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, Given]) -> SelectionOptions:
        """Read the settings; a policy that the configuration file selects remembers its line."""
        policy = settings["policy"]
        places = policy.places or (None,) * len(policy.value)
        return cls(
            refs=tuple(Ref(text, place) for text, place in zip(policy.value, places, strict=True)),
            exclude=settings["exclude"].value,
            tags=settings["tag"].value,
            severities=tuple(Severity(text) for text in settings["severity"].value),
        )


@dataclass(frozen=True, slots=True)
class AcceptedOptions:
    """What people have accepted: waiver files, how long a waiver may last in days, and a baseline."""

    waivers: tuple[Path, ...] = ()
    waiver_days: int = MAX_DAYS
    baseline: Path | None = None

    @classmethod
    def of(cls, settings: Mapping[str, Given]) -> AcceptedOptions:
        """Read the settings."""
        baseline = settings["baseline"].value
        return cls(
            waivers=tuple(map(Path, settings["waivers"].value)),
            waiver_days=settings["waiver-days"].value,
            baseline=Path(baseline) if baseline else None,
        )


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """Which account, with whose credentials. ``regions`` empty means every enabled one."""

    profile: str = ""
    regions: tuple[str, ...] = ()
    role_arn: str = ""
    external_id: str = ""
    endpoint_url: str = ""

    @classmethod
    def of(cls, settings: Mapping[str, Given]) -> ConnectionOptions:
        """Read the settings.

        Raises:
            UsageError: an external id without a role.
        """
        found = cls(
            profile=settings["profile"].value,
            regions=settings["region"].value,
            role_arn=settings["role-arn"].value,
            external_id=settings["external-id"].value,
            endpoint_url=settings["endpoint-url"].value,
        )
        if found.external_id and not found.role_arn and not ("role" in settings and settings["role"].value):
            raise UsageError("--external-id is for a role", "give --role-arn or --role as well")
        return found


@dataclass(frozen=True, slots=True)
class EstateOptions:
    """Which accounts, how each is read, and how the work is spread. ``workers`` None means one per core."""

    organization: bool
    units: tuple[str, ...]
    accounts: Path | None
    ids: tuple[str, ...]
    role: str
    log_archives: tuple[str, ...]
    session_policy: bool
    executor: str
    workers: int | None
    at_once: int
    attempts: int
    state: Path
    resume: bool
    partial: bool

    @classmethod
    def of(cls, settings: Mapping[str, Given]) -> EstateOptions | None:
        """Read the settings; None for a run over one account.

        Raises:
            UsageError: options for several accounts without any, or an unknown kind of executor.
        """
        wanted = ("organization", "accounts", "account", "resume", "partial")
        if not any(settings[name].value for name in wanted):
            for name in ESTATE:
                if settings[name].source == "command line" and settings[name].value:
                    raise UsageError(
                        f"--{name} is for runs over several accounts",
                        "give --organization, --accounts or --account as well",
                    )
            return None
        if settings["unit"].value and not settings["organization"].value:
            raise UsageError("--unit is for organizations", "give --organization as well")
        if settings["resume"].value and settings["partial"].value:
            raise UsageError("--resume goes on with a run, --partial reports it as it is", "give one of the two")
        from trailwarden.executors import check_kind  # noqa: PLC0415 - one account needs none

        try:
            check_kind(settings["executor"].value)
        except ValueError as error:
            raise UsageError(f"--executor: {error}") from None
        return cls(
            organization=settings["organization"].value,
            units=settings["unit"].value,
            accounts=Path(settings["accounts"].value) if settings["accounts"].value else None,
            ids=settings["account"].value,
            role=settings["role"].value,
            log_archives=settings["log-archive"].value,
            session_policy=settings["session-policy"].value,
            executor=settings["executor"].value,
            workers=settings["workers"].value or None,
            at_once=settings["accounts-at-once"].value,
            attempts=settings["attempts"].value,
            state=Path(settings["state"].value),
            resume=settings["resume"].value,
            partial=settings["partial"].value,
        )


@dataclass(frozen=True, slots=True)
class Output:
    """A format and where it goes; ``path`` None is stdout."""

    format: str
    path: Path | None = None


def outputs_of(texts: tuple[str, ...]) -> tuple[Output, ...]:
    """Read ``FORMAT[=PATH]``.

    Raises:
        UsageError: an unknown format, stdout asked for twice, or one path for two outputs.
    """
    found: list[Output] = []
    for text in texts:
        name, _, path = text.partition("=")
        get_reporter(name)
        found.append(Output(name, Path(path) if path not in ("", "-") else None))
    paths = [item.path for item in found]
    if paths.count(None) > 1:
        names = " and ".join(item.format for item in found if item.path is None)
        raise UsageError(f"only one output can go to stdout, not {names}", "give the others a path: -o FORMAT=PATH")
    twice = next((item for item in paths if item is not None and paths.count(item) > 1), None)
    if twice is not None:
        raise UsageError(f"two outputs would be written to {twice}", "give each its own path")
    return tuple(found)


def gate_of(settings: Mapping[str, Given]) -> Gate:
    """Return what the exit code depends on."""
    return Gate(
        fail_on=Severity(settings["fail-on"].value),
        on_error=str(settings["on-error"].value),
        soft_fail=bool(settings["soft-fail"].value),
        strict=bool(settings["strict"].value),
    )


def rendering_of(settings: Mapping[str, Given]) -> RenderOptions:
    """Return what the user says about rendering."""
    return RenderOptions(
        group_by=settings["group-by"].value,
        sarif_category=settings["sarif-category"].value,
        sarif_anchor=settings["sarif-anchor"].value,
        sarif_group=settings["sarif-group"].value,
        junit_strict=settings["junit-strict"].value,
        junit_granularity=settings["junit-granularity"].value,
        markdown_budget=settings["markdown-budget"].value,
    )
