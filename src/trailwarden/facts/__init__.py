"""Typed views of AWS replies, one module per AWS subject; what checks may touch."""

from trailwarden.facts.accesspoints import AccessPoint
from trailwarden.facts.account import Account, RegionInfo
from trailwarden.facts.alarms import Alarm, AlarmInput, Alarms, CompositeAlarm, MetricAlarm
from trailwarden.facts.base import Fact, Population, Subject
from trailwarden.facts.bucket import LogBucket
from trailwarden.facts.bucketsettings import (
    AccessLogging,
    Encryption,
    Grant,
    ObjectLock,
    PublicAccessBlock,
    ReplicationRule,
    Versioning,
)
from trailwarden.facts.deliveries import LOOK_BACK, Delivery
from trailwarden.facts.eventrules import EventRule, EventRules
from trailwarden.facts.history import LAG, REACH, History, HistoryEvent
from trailwarden.facts.iam import IamPrincipal, Simulator
from trailwarden.facts.key import KeyGrant, KeyMetadata, KeyRotation, KmsKey
from trailwarden.facts.lake import EventDataStore, StoreQueries, StoreSettings
from trailwarden.facts.lifecycle import LifecycleRule, Transition
from trailwarden.facts.logfiles import LogFile, LogFiles, Retention
from trailwarden.facts.loggroup import LogGroup, LogGroupDescription
from trailwarden.facts.logrole import LogRole
from trailwarden.facts.metricfilter import MetricFilter, MetricTransformation
from trailwarden.facts.neighbours import GLOBAL_TYPES, Analyzer, ConfigDelivery, ConfigRecorder, Detector, FlowLog, Vpc
from trailwarden.facts.organization import (
    RCP,
    SCP,
    AttachedPolicy,
    Guardrails,
    MemberAccount,
    Membership,
    Organization,
)
from trailwarden.facts.region import Region, RegionCoverage
from trailwarden.facts.selectors import (
    EXCLUDABLE_SOURCES,
    READ,
    WRITE,
    EventSelectors,
    FieldRule,
    Selector,
    excluded_sources,
    root_of,
)
from trailwarden.facts.timeline import ConfigItem
from trailwarden.facts.times import format_time, hours_between, parse_time
from trailwarden.facts.topic import Subscription, Topic, TopicAttributes, topic_of
from trailwarden.facts.trail import InsightSelector, Trail, TrailStatus

SUBJECTS: dict[str, type[Subject]] = {
    kind.kind: kind
    for kind in (
        *(Account, Organization, Region, Trail, LogBucket, KmsKey, LogGroup),
        *(Alarm, Topic, EventDataStore, Vpc),
    )
}
"""What a policy's ``subject`` can be, by name."""

__all__ = [
    "EXCLUDABLE_SOURCES",
    "GLOBAL_TYPES",
    "LAG",
    "LOOK_BACK",
    "RCP",
    "REACH",
    "READ",
    "SCP",
    "SUBJECTS",
    "WRITE",
    "AccessLogging",
    "AccessPoint",
    "Account",
    "Alarm",
    "AlarmInput",
    "Alarms",
    "Analyzer",
    "AttachedPolicy",
    "CompositeAlarm",
    "ConfigDelivery",
    "ConfigItem",
    "ConfigRecorder",
    "Delivery",
    "Detector",
    "Encryption",
    "EventDataStore",
    "EventRule",
    "EventRules",
    "EventSelectors",
    "Fact",
    "FieldRule",
    "FlowLog",
    "Grant",
    "Guardrails",
    "History",
    "HistoryEvent",
    "IamPrincipal",
    "InsightSelector",
    "KeyGrant",
    "KeyMetadata",
    "KeyRotation",
    "KmsKey",
    "LifecycleRule",
    "LogBucket",
    "LogFile",
    "LogFiles",
    "LogGroup",
    "LogGroupDescription",
    "LogRole",
    "MemberAccount",
    "Membership",
    "MetricAlarm",
    "MetricFilter",
    "MetricTransformation",
    "ObjectLock",
    "Organization",
    "Population",
    "PublicAccessBlock",
    "Region",
    "RegionCoverage",
    "RegionInfo",
    "ReplicationRule",
    "Retention",
    "Selector",
    "Simulator",
    "StoreQueries",
    "StoreSettings",
    "Subject",
    "Subscription",
    "Topic",
    "TopicAttributes",
    "Trail",
    "TrailStatus",
    "Transition",
    "Versioning",
    "Vpc",
    "excluded_sources",
    "format_time",
    "hours_between",
    "parse_time",
    "root_of",
    "topic_of",
]
