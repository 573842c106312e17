"""What an expression can name: a typed view of the facts, stable while the facts behind it change.

A policy about a trail sees ``trail``, ``bucket``, ``key``, ``log_group``, ``account`` and ``organization``; one about a bucket sees
``bucket``, ``account`` and ``organization``, and so on. A field is a name, a type, where its value comes from and the fact that has to be read for it. ``VIEW_VERSION`` rises when a field changes its meaning or
goes away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from trailwarden.errors import Unreadable
from trailwarden.facts import (
    Account,
    EventDataStore,
    KmsKey,
    LogBucket,
    LogGroup,
    Organization,
    Population,
    Region,
    Topic,
    Trail,
    Vpc,
    excluded_sources,
)
from trailwarden.facts.base import Fact, Subject
from trailwarden.policy.navigation import reach

VIEW_VERSION = 1

TEXT = "string"
TEXTS = "list(string)"
YES_NO = "bool"
NUMBER = "int"
TIME = "timestamp"


@dataclass(frozen=True, slots=True)
class Field:
    """One name that expressions may use."""

    type: str
    doc: str
    get: Callable[[Any], Any]
    """From the subject to the value; None means that AWS says nothing there. Raises Unreadable."""
    fact: Fact[Any, Any] | None = None
    """What is read for it; None for what a listing says already."""


def _all(subject: str, names: Mapping[str, tuple[str, str]]) -> dict[str, Field]:
    """Return fields that are plain attributes of a subject."""
    return {
        f"{subject}.{name}": Field(kind, doc, lambda item, name=name: getattr(item, name))  # type: ignore[misc]  # mypy can't infer a lambda with a default
        for name, (kind, doc) in names.items()
    }


def _of(fact: Any, kind: str, doc: str, pick: Callable[[Any], Any]) -> Field:
    """Return a field that is part of a fact's value."""
    declared: Fact[Any, Any] = fact

    def get(subject: Any) -> Any:
        value = declared.__get__(subject, type(subject))
        return None if value is None else pick(value)

    return Field(kind, doc, get, declared)


def _arns(found: Population[Trail]) -> list[str]:
    """Return the ARNs of all trails; a list that may lack some is not a list of all."""
    if found.gaps:
        raise Unreadable(found.gaps[0])
    return [trail.arn for trail in found]


_TRAIL: Mapping[str, Field] = {
    **_all(
        "trail",
        {
            "name": (TEXT, "its name"),
            "arn": (TEXT, "its ARN"),
            "home_region": (TEXT, "the region it was made in"),
            "owner": (TEXT, "the account that owns it, from its ARN"),
            "is_shadow": (YES_NO, "it belongs to another account: an organization trail seen from a member"),
            "is_multi_region": (YES_NO, "it records all regions"),
            "is_organization_trail": (YES_NO, "it records all accounts of the organization"),
            "includes_global_service_events": (YES_NO, "it records global services"),
            "log_file_validation": (YES_NO, "it writes digests"),
            "bucket_name": (TEXT, "the bucket it delivers to"),
            "key_prefix": (TEXT, "the prefix of its objects, or empty"),
            "kms_key_id": (TEXT, "the key it encrypts with, or empty"),
            "sns_topic_arn": (TEXT, "the topic it notifies, or empty"),
            "log_group_arn": (TEXT, "the log group it streams to, or empty"),
        },
    ),
    "trail.is_logging": _of(Trail.status, YES_NO, "it is logging in its home region", lambda item: item.is_logging),
    "trail.latest_delivery_time": _of(
        Trail.status, TIME, "its latest delivery to the bucket", lambda item: item.latest_delivery_time
    ),
    "trail.latest_delivery_error": _of(
        Trail.status, TEXT, "the error of that delivery, or empty", lambda item: item.latest_delivery_error
    ),
    "trail.latest_digest_delivery_error": _of(
        Trail.status, TEXT, "the error of the latest digest, or empty", lambda item: item.latest_digest_delivery_error
    ),
    "trail.excluded_event_sources": _of(
        Trail.selectors,
        TEXTS,
        "services whose management events it leaves out",
        lambda item: list(excluded_sources([item])),
    ),
}
_BUCKET: Mapping[str, Field] = {
    **_all("bucket", {"name": (TEXT, "its name")}),
    "bucket.exists": _of(LogBucket.location, YES_NO, "there is such a bucket", lambda item: item.exists),
    "bucket.region": _of(LogBucket.location, TEXT, "its region", lambda item: item.region),
    "bucket.owner": _of(LogBucket.location, TEXT, "the account that owns it, or empty", lambda item: item.owner),
    "bucket.policy_is_public": _of(LogBucket.policy_is_public, YES_NO, "S3 calls its policy public", lambda item: item),
    "bucket.blocks_public_access": _of(
        LogBucket.public_access_block, YES_NO, "all four switches of its block are on", lambda item: item.complete
    ),
    "bucket.object_ownership": _of(LogBucket.object_ownership, TEXT, "such as BucketOwnerEnforced", lambda item: item),
    "bucket.versioning": _of(LogBucket.versioning, TEXT, "Enabled, Suspended or empty", lambda item: item.status),
    "bucket.mfa_delete": _of(LogBucket.versioning, TEXT, "Enabled, Disabled or empty", lambda item: item.mfa_delete),
    "bucket.object_lock_enabled": _of(LogBucket.object_lock, YES_NO, "Object Lock is on", lambda item: item.enabled),
    "bucket.object_lock_mode": _of(
        LogBucket.object_lock, TEXT, "COMPLIANCE, GOVERNANCE or empty", lambda item: item.mode
    ),
    "bucket.object_lock_days": _of(LogBucket.object_lock, NUMBER, "days of default retention", lambda item: item.days),
    "bucket.encryption_algorithm": _of(
        LogBucket.encryption, TEXT, "AES256, aws:kms, aws:kms:dsse or empty", lambda item: item.algorithm
    ),
}
_KEY: Mapping[str, Field] = {
    **_all("key", {"id": (TEXT, "the key as the trail names it")}),
    "key.exists": _of(KmsKey.metadata, YES_NO, "there is such a key", lambda item: item.exists),
    "key.state": _of(KmsKey.metadata, TEXT, "such as Enabled or PendingDeletion", lambda item: item.state),
    "key.manager": _of(KmsKey.metadata, TEXT, "CUSTOMER or AWS", lambda item: item.manager),
    "key.owner": _of(KmsKey.metadata, TEXT, "the account that owns it", lambda item: item.owner),
    "key.rotation_enabled": _of(KmsKey.rotation, YES_NO, "it is rotated by itself", lambda item: item.enabled),
    "key.rotation_days": _of(KmsKey.rotation, NUMBER, "days between rotations", lambda item: item.period_days),
}
_LOG_GROUP: Mapping[str, Field] = {
    **_all("log_group", {"name": (TEXT, "its name")}),
    "log_group.exists": _of(LogGroup.description, YES_NO, "there is such a group", lambda item: item.exists),
    "log_group.retention_days": _of(
        LogGroup.description,
        NUMBER,
        "days its events are kept; 0 means for ever",
        lambda item: item.retention_days or 0,
    ),
    "log_group.kms_key_id": _of(
        LogGroup.description, TEXT, "the key it is encrypted with, or empty", lambda item: item.kms_key_id
    ),
}
_REGION: Mapping[str, Field] = {
    **_all("region", {"name": (TEXT, "such as eu-west-1"), "opt_in_status": (TEXT, "as EC2 says it")}),
    "region.logging_trail": _of(
        Region.coverage, TEXT, "ARN of a trail that logs here, or empty", lambda item: item.logging
    ),
}
_ACCOUNT: Mapping[str, Field] = {
    **_all("account", {"name": (TEXT, "its twelve digits"), "partition": (TEXT, "aws, aws-us-gov or aws-cn")}),
    "account.now": Field(TIME, "the instant that verdicts refer to", lambda item: item.now),
    "account.trails": _of(Account.trails, TEXTS, "ARNs of its trails, shadows included", _arns),
}

_ORGANIZATION: Mapping[str, Field] = {
    "organization.exists": _of(Organization.membership, YES_NO, "the account is in one", lambda item: item.exists),
    "organization.id": _of(
        Organization.membership, TEXT, "such as o-exampleorgid, or empty", lambda item: item.organization_id
    ),
    "organization.management_account": _of(
        Organization.membership, TEXT, "its management account, or empty", lambda item: item.management_account
    ),
    "organization.feature_set": _of(
        Organization.membership, TEXT, "ALL, CONSOLIDATED_BILLING or empty", lambda item: item.feature_set
    ),
    "organization.active_accounts": _of(
        Organization.members, TEXTS, "its active accounts", lambda item: [row.id for row in item if row.active]
    ),
    "organization.trusted_services": _of(
        Organization.trusted_services, TEXTS, "service principals with trusted access", list
    ),
    "organization.trail_administrators": _of(
        Organization.trail_administrators, TEXTS, "accounts that may administer CloudTrail for it", list
    ),
}
_EVENT_DATA_STORE: Mapping[str, Field] = {
    **_all(
        "event_data_store",
        {"name": (TEXT, "its name"), "arn": (TEXT, "its ARN"), "owner": (TEXT, "the account that owns it")},
    ),
    **{
        f"event_data_store.{name}": _of(EventDataStore.settings, kind, doc, attrgetter(attribute))
        for name, attribute, kind, doc in (
            ("status", "status", TEXT, "such as ENABLED or STOPPED_INGESTION"),
            ("billing_mode", "billing_mode", TEXT, "such as EXTENDABLE_RETENTION_PRICING, or empty"),
            ("is_multi_region", "multi_region", YES_NO, "it records all regions"),
            ("is_organization_store", "organization", YES_NO, "it records all accounts of the organization"),
            ("retention_days", "retention_days", NUMBER, "days its events are kept"),
            ("termination_protection", "termination_protection", YES_NO, "it can't be deleted unasked"),
            ("is_federated", "federated", YES_NO, "its events can be queried through Athena"),
            ("kms_key_id", "kms_key_id", TEXT, "the key it is encrypted with, or empty"),
        )
    },
}
_ALARM: Mapping[str, Field] = {
    **_all("alarm", {"name": (TEXT, "its name")}),
    "alarm.actions_enabled": Field(YES_NO, "its actions are on", lambda item: item.settings.actions_enabled),
    "alarm.actions": Field(TEXTS, "ARNs of what it tells", lambda item: list(item.settings.actions)),
    "alarm.state": Field(TEXT, "such as OK or ALARM", lambda item: item.settings.state),
}
_TOPIC: Mapping[str, Field] = {
    **_all("topic", {"name": (TEXT, "its name"), "owner": (TEXT, "the account that owns it")}),
    "topic.confirmed_subscriptions": _of(
        Topic.subscriptions,
        NUMBER,
        "how many subscriptions are confirmed",
        lambda item: sum(row.confirmed for row in item),
    ),
    "topic.kms_key_id": _of(Topic.attributes, TEXT, "the key it is encrypted with, or empty", lambda item: item.key_id),
}
_VPC: Mapping[str, Field] = {
    **_all("vpc", {"name": (TEXT, "such as vpc-0a1b2c3d"), "is_default": (YES_NO, "it is its region's default VPC")}),
    "vpc.has_interfaces": _of(Vpc.has_interfaces, YES_NO, "something is attached to it", bool),
    "vpc.has_flow_logs": _of(Vpc.flow_logs, YES_NO, "it has a flow log of the VPC as a whole", bool),
}

BY_KIND: Mapping[str, Mapping[str, Field]] = {
    "account": _ACCOUNT,
    "alarm": _ALARM,
    "bucket": _BUCKET,
    "event-data-store": _EVENT_DATA_STORE,
    "key": _KEY,
    "log-group": _LOG_GROUP,
    "organization": _ORGANIZATION,
    "region": _REGION,
    "topic": _TOPIC,
    "trail": _TRAIL,
    "vpc": _VPC,
}
"""The fields by the kind of subject that they describe."""


def visible(subject: type[Subject]) -> dict[str, tuple[str, Field]]:
    """Return what a policy about ``subject`` can name: name -> the kind that it describes and the field."""
    return {name: (kind, field) for kind in reach(subject.kind) for name, field in BY_KIND.get(kind, {}).items()}
