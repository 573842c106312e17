"""Judgements that several checks share, so that a word such as "logging" means one thing everywhere."""

from trailwarden.judgements.alarming import above, has_action, is_heard, sets_off
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
from trailwarden.judgements.disruptors import Target, judge_disruptors
from trailwarden.judgements.lifecycle import named, rules_on_logs
from trailwarden.judgements.samples import oldest_in, sample
from trailwarden.judgements.stores import MANAGEMENT, holds_events
from trailwarden.judgements.tampering import Emission, emissions, is_noticed
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
    "MANAGEMENT",
    "MULTI_REGION",
    "NO_EXCLUSIONS",
    "ORGANIZATION_WIDE",
    "S3_OBJECT",
    "VALIDATION",
    "WITH_KEY",
    "AlertParams",
    "Emission",
    "S3DataParams",
    "Stream",
    "Target",
    "Trait",
    "Way",
    "above",
    "decided",
    "emissions",
    "furthest",
    "has_action",
    "holds",
    "holds_events",
    "in_turn",
    "is_heard",
    "is_noticed",
    "judge_alert",
    "judge_delivery",
    "judge_disruptors",
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
    "sets_off",
    "stopped",
]
