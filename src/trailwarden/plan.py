"""From policies to what must be read: the facts, their operations and the IAM actions that allow them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trailwarden.contract import Check
from trailwarden.facts import Account, Alarm, KmsKey, LogBucket, LogGroup, Population, Region, Topic, Trail
from trailwarden.facts.base import Fact, Subject, closure
from trailwarden.facts.lake import EventDataStore
from trailwarden.facts.neighbours import Vpc
from trailwarden.facts.operations import iam_action
from trailwarden.facts.organization import Organization
from trailwarden.policy.model import CheckNode, Selection

AnyFact = Fact[Any, Any]

POPULATIONS: Mapping[type[Subject], AnyFact] = {
    Region: Account.regions,
    Trail: Account.trails,
    LogBucket: Account.buckets,
    KmsKey: Account.keys,
    LogGroup: Account.log_groups,
    Alarm: Account.alarms,
    Topic: Account.topics,
    Organization: Account.organizations,
    EventDataStore: Account.event_data_stores,
    Vpc: Account.vpcs,
}
"""The fact that lists all subjects of a type; an account is its own only subject."""

LINKS: Mapping[tuple[type[Subject], type[Subject]], Callable[[Any], Subject | None]] = {
    (Trail, LogBucket): lambda trail: trail.bucket,
    (Trail, KmsKey): lambda trail: trail.key,
    (Trail, LogGroup): lambda trail: trail.log_group,
    (Account, Organization): lambda account: account.organization,
    **{(kind, Account): lambda item: item.account for kind in POPULATIONS},
    **{
        (kind, Organization): lambda item: item.account.organization for kind in POPULATIONS if kind is not Organization
    },
}
"""How a policy about one type of subject reaches another: a trail's bucket, a bucket's account."""


def population(account: Account, subject: type[Subject]) -> Population[Any]:
    """Return every subject of a type in an account; raises Unreadable when they can't be listed at all."""
    if subject is Account:
        return Population([account], source="the account itself")
    listed: Population[Any] = POPULATIONS[subject].__get__(account, Account)
    return listed


@lru_cache(maxsize=4096)
def allowed_facts(check: Check, params: object) -> frozenset[AnyFact]:
    """Return what a check may touch: its declared reads, what they build on, and the populations of all subjects involved."""
    reads = check.reads(params)
    kinds = {*check.judges, *(item.owner for item in reads)}
    lists = [POPULATIONS[kind] for kind in POPULATIONS if kind in kinds]
    return frozenset(closure([*reads, *lists]))


@dataclass(frozen=True)
class Plan:
    """What a set of policies needs. ``facts`` come in an order in which each follows what it builds on."""

    selection: Selection
    facts: tuple[AnyFact, ...]

    @property
    def operations(self) -> tuple[str, ...]:
        """Return every ``service.Operation`` that may be sent."""
        return tuple(
            sorted({operation for item in self.facts for operation in item.operations} | {"sts.GetCallerIdentity"})
        )

    @property
    def actions(self) -> tuple[str, ...]:
        """Return the IAM actions that allow the operations."""
        return tuple(sorted({iam_action(operation) for operation in self.operations} - {""}))


def make_plan(selection: Selection) -> Plan:
    """Return the plan of the selected policies."""
    needed: dict[AnyFact, None] = {}
    for policy in selection.policies:
        if policy.subject in POPULATIONS:
            needed[POPULATIONS[policy.subject]] = None
        for node in policy.check_nodes():
            needed.update(dict.fromkeys(sorted(_facts_of(node), key=lambda item: item.qualified)))
    ordered = closure(sorted(needed, key=lambda item: item.qualified))
    return Plan(selection, tuple(ordered))


def _facts_of(node: CheckNode) -> Iterable[AnyFact]:
    return allowed_facts(node.check, node.params)
