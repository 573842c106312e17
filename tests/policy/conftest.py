"""Checks as a plugin would define them, over the real subjects: stable names for expected messages, whatever the built-in ones are."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from trailwarden import Finding, check, param, passed
from trailwarden.contract import Check
from trailwarden.facts import Account, KmsKey, LogBucket, LogGroup, Region, Trail

DOC = """Title of {name}.

Why: a reason.

Fix: a remedy.
"""


@dataclass(frozen=True)
class LockParams:
    allowed_modes: tuple[str, ...] = param(
        ("COMPLIANCE",), "accepted modes", choices=("COMPLIANCE", "GOVERNANCE"), alias="mode"
    )
    min_retention_days: int = param(365, "days of default retention", minimum=1, alias="min_days")


@dataclass(frozen=True)
class AgeParams:
    max_age_hours: int = param(24, "hours", minimum=1)
    strict: bool = param(False, "also warnings")
    tolerated: tuple[str, ...] = param((), "names")


def make(subject: type, name: str, params: type | None = None, replaces: tuple[str, ...] = ()) -> Check:
    def judge(subject, params):
        return passed("fine")

    judge.__name__ = name.replace("-", "_")
    judge.__doc__ = DOC.format(name=name)
    judge.__annotations__ = {"subject": subject, "return": Finding, **({"params": params} if params else {})}
    return check(subject, replaces=replaces)(judge)


@pytest.fixture(scope="session")
def checks() -> Mapping[str, Check]:
    made = [
        make(Account, "trail-multi-region"),
        make(Account, "trail-covers-account"),
        make(Trail, "trail-log-file-validation"),
        make(Trail, "trail-s3-delivery-healthy", AgeParams, replaces=("trail-delivering",)),
        make(LogBucket, "bucket-not-public"),
        make(LogBucket, "bucket-object-lock", LockParams),
        make(KmsKey, "kms-key-usable"),
        make(LogGroup, "loggroup-usable"),
        make(Region, "region-covered"),
    ]
    for item in made[:2]:
        item.on(Trail)(item.judges[Account])
    return {item.id: item for item in made}
