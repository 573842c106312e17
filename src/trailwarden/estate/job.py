"""What every unit of a run has in common, as bytes that another process or machine can take."""

from __future__ import annotations

import hashlib
import io
import pickle
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trailwarden.calls import Call, Reply
from trailwarden.contract import Check
from trailwarden.errors import UsageError
from trailwarden.estate.state import Asked
from trailwarden.facts.base import Fact, by_name
from trailwarden.integrity_reader import IntegrityReport
from trailwarden.plan import Plan
from trailwarden.registry import get_check

if TYPE_CHECKING:
    from trailwarden.aws.session import Caller, Tuning


@dataclass(frozen=True, slots=True)
class Access:
    """How AWS is reached. Each process finds the caller's own credentials itself, as every AWS tool does; they are never handed on.

    ``session_name`` and ``policy`` are those of the roles' sessions.
    """

    tuning: Tuning
    profile: str = ""
    endpoint_url: str = ""
    role_arn: str = ""
    session_name: str = "trailwarden"
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A run. ``folder`` is its state's; ``at_once`` how many accounts one process works on at the same time, ``jobs`` its calls in flight."""

    asked: Asked
    plan: Plan
    access: Access
    caller: Caller
    identity: tuple[Call, Reply]
    folder: str
    at_once: int
    jobs: int
    per_account: int
    several: bool
    """Whether several processes work on it."""
    reports: tuple[IntegrityReport, ...] = ()

    def pack(self) -> bytes:
        """Return the job as bytes."""
        target = io.BytesIO()
        _Pickler(target, pickle.HIGHEST_PROTOCOL).dump(self)
        return zlib.compress(target.getvalue())

    @classmethod
    def unpack(cls, data: bytes) -> Job:
        """Return what ``pack`` packed.

        Raises:
            UsageError: the process knows another release of a check, or none.
        """
        job = _Unpickler(io.BytesIO(zlib.decompress(data))).load()
        assert isinstance(job, cls)
        return job


def plan_digest(plan: Plan) -> str:
    """Return the SHA-256 over what a plan judges, in hex: the policies with their parameters, and the checks' releases."""
    selection = plan.selection
    parts = [*(f"{policy.id} {policy.sha256}" for policy in selection.policies)]
    parts += [f"-{policy} {reason}" for policy, reason in selection.excluded]
    used = {node.check.id: node.check for policy in selection.policies for node in policy.check_nodes()}
    parts += [f"{name} {item.version} {item.distribution}" for name, item in sorted(used.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class _Pickler(pickle.Pickler):
    """Names checks and facts instead of copying them: they are code, and the other process has it."""

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, Check):
            return "check", value.id, value.version, value.distribution
        return ("fact", value.qualified) if isinstance(value, Fact) else None


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, identity: Any) -> Any:
        kind, name, *release = identity
        if kind == "fact":
            return by_name(name)
        found = get_check(name)
        if [found.version, found.distribution] != release:
            text = f"check {name} is {found.version} {found.distribution} here, and {' '.join(map(str, release))} there"
            raise UsageError(text, "install the same trailwarden and plugins on all workers")
        return found
