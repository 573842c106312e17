"""Judgements that several checks share, so that a word such as "logging" means one thing everywhere."""

from trailwarden.judgements.alerts import ALERT_READS, AlertParams, judge_alert
from trailwarden.judgements.bucket_grants import judge_grants
from trailwarden.judgements.data_events import (
    S3_OBJECT,
    S3DataParams,
    judge_s3_objects,
    judge_s3_trail,
    records_data,
)
from trailwarden.judgements.delivery import CLOUDWATCH, DIGESTS, LOG_FILES, Stream, judge_delivery, polled, stopped
from trailwarden.judgements.lifecycle import named, rules_on_logs
from trailwarden.judgements.samples import oldest_in, sample
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
    records_network,
)
from trailwarden.judgements.ways import Way, decided, furthest, holds, in_turn, missing

__all__ = [
    "ALERT_READS",
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
    "S3_OBJECT",
    "VALIDATION",
    "WITH_KEY",
    "AlertParams",
    "S3DataParams",
    "Stream",
    "Trait",
    "Way",
    "decided",
    "furthest",
    "holds",
    "in_turn",
    "judge_alert",
    "judge_delivery",
    "judge_grants",
    "judge_s3_objects",
    "judge_s3_trail",
    "judge_traits",
    "missing",
    "named",
    "oldest_in",
    "polled",
    "reaches",
    "records",
    "records_data",
    "records_network",
    "rules_on_logs",
    "sample",
    "stopped",
]
