"""Judgements that several checks share, so that a word such as "logging" means one thing everywhere."""

from trailwarden.judgements.delivery import CLOUDWATCH, DIGESTS, LOG_FILES, Stream, judge_delivery, polled, stopped
from trailwarden.judgements.traits import (
    COMPLETE,
    GLOBAL_EVENTS,
    LOG_GROUP,
    LOG_ROLE,
    LOGGING,
    MULTI_REGION,
    NO_EXCLUSIONS,
    ORGANIZATION_WIDE,
    VALIDATION,
    WITH_KEY,
    Trait,
    judge_traits,
    reaches,
    records,
)

__all__ = [
    "CLOUDWATCH",
    "COMPLETE",
    "DIGESTS",
    "GLOBAL_EVENTS",
    "LOGGING",
    "LOG_FILES",
    "LOG_GROUP",
    "LOG_ROLE",
    "MULTI_REGION",
    "NO_EXCLUSIONS",
    "ORGANIZATION_WIDE",
    "VALIDATION",
    "WITH_KEY",
    "Stream",
    "Trait",
    "judge_delivery",
    "judge_traits",
    "polled",
    "reaches",
    "records",
    "stopped",
]
