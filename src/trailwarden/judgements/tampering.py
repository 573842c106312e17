"""Whether EventBridge tells somebody of calls that tamper with the audit trail, in the region where each of them is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trailwarden import patterns
from trailwarden.contract import undecidable
from trailwarden.errors import Unreadable
from trailwarden.facts import WRITE, Account, EventRule, Trail
from trailwarden.judgements.alarming import reaches
from trailwarden.judgements.traits import LOGGING, judge_traits, records
from trailwarden.judgements.traits import reaches as reaches_region
from trailwarden.judgements.ways import Way, furthest, holds, in_turn, missing
from trailwarden.model import ReasonCode, Status

_GLOBAL = {"iam.amazonaws.com", "organizations.amazonaws.com"}
_SYSTEMS = ("events", "firehose", "kinesis", "sqs", "states")
"""Services besides those of an alarm's actions that take a rule's events on: a queue, a stream, a workflow, an API destination."""
_UNRECORDED, _UNMATCHED, _DISABLED, _TARGETLESS = range(4)


@dataclass(frozen=True, slots=True)
class Emission:
    """A call that must be noticed, and a region that records it."""

    region: str
    probe: patterns.Probe


def emissions(account: Account, events: tuple[str, ...]) -> list[Emission]:
    """Return what must be noticed in this account; what other accounts own, they record.

    CloudTrail's calls are recorded in the home region of each trail, S3's in the region of each log bucket, KMS's in that of each key,
    those of global services in the global region.

    Raises:
        Unreadable: trails could not be listed, or a bucket not be found; CROSS_ACCOUNT for one whose account this run doesn't judge.
    """
    places = _places(account)
    found: dict[tuple[str, str, str], Emission] = {}
    for probe in patterns.extra_probes("alert-cloudtrail-changes", events):
        source = str(probe.record["eventSource"])
        homes = places["cloudtrail.amazonaws.com"]
        for region in [account.global_region] if source in _GLOBAL else places.get(source, homes):
            found[region, probe.event, probe.variant] = Emission(region, probe)
    return [found[key] for key in sorted(found)]


def _places(account: Account) -> Mapping[str, list[str]]:
    trails = account.trails
    if trails.gaps:
        raise Unreadable(trails.gaps[0])
    homes = {trail.home_region for trail in trails if not trail.is_shadow}
    keys = {key.id.split(":")[3] for key in account.keys if key.id.split(":")[4:5] == [account.account_id]}
    buckets = set()
    for bucket in account.buckets:
        location = bucket.location
        if location.owner == account.account_id:
            buckets.add(location.region)
        elif not location.owner and location.exists:
            text = f"the account that records calls on bucket {bucket.name} is not judged in this run"
            undecidable(bucket, ReasonCode.CROSS_ACCOUNT, text, operation="events.ListRules")
    regions = zip(
        ("cloudtrail.amazonaws.com", "s3.amazonaws.com", "kms.amazonaws.com"), (homes, buckets, keys), strict=True
    )
    return {source: sorted(places) for source, places in regions}


def is_noticed(account: Account, emission: Emission, *, cross_account: bool) -> Way:
    """Return whether a rule matches an event and hands it to somebody.

    Args:
        account: whose rules.
        emission: the call.
        cross_account: whether a target of another account that can't be looked at is taken on trust, with a note.
    """
    record = {
        **emission.probe.record,
        "awsRegion": emission.region,
        "recipientAccountId": account.account_id,
    }
    search = _Search(account, patterns.as_event(record), cross_account)
    return in_turn(lambda: _recorded(account, emission.region), lambda: search.in_region(emission.region, ()))


def _recorded(account: Account, region: str) -> Way:
    """Return whether a trail records the region's calls that change something: EventBridge is told of no others."""

    def records_it(trail: Trail) -> Way:
        found = judge_traits(trail, [reaches_region(region), LOGGING, records(WRITE)])
        return (
            holds()
            if found.status is Status.PASS
            else missing(f"EventBridge hears nothing: {found.message}", _UNRECORDED)
        )

    return furthest(account.trails, records_it, missing("EventBridge hears nothing without a trail", _UNRECORDED))


@dataclass(frozen=True, slots=True)
class _Search:
    account: Account
    event: Mapping[str, Any]
    cross_account: bool

    def in_region(self, region: str, before: tuple[str, ...]) -> Way:
        """Return whether a rule of the region's default bus does; ``before`` are the regions that forwarded the event."""
        return furthest(
            self.account.event_rules.of(region),
            lambda rule: self._by(rule, region, before),
            missing(f"no rule in {region} matches", _UNMATCHED),
        )

    def _by(self, rule: EventRule, region: str, before: tuple[str, ...]) -> Way:
        try:
            seen = patterns.event_matches(rule.pattern, self.event)
        except patterns.PatternError as error:
            text = f"pattern of rule {rule.name}: {error}"
            undecidable(self.account, ReasonCode.UNPARSEABLE, text, operation="events.ListRules", region=region)
        if not seen:
            return missing(f"no rule in {region} matches", _UNMATCHED)
        if not rule.enabled:
            return missing(f"rule {rule.name} in {region} is disabled", _DISABLED)
        return furthest(
            self.account.event_rules.targets(region, rule.name),
            lambda target: self._to(target, rule, (*before, region)),
            missing(f"rule {rule.name} in {region} has no target", _TARGETLESS),
        )

    def _to(self, target: str, rule: EventRule, before: tuple[str, ...]) -> Way:
        _, _, service, region, owner, resource = (target.split(":", 5) + [""] * 6)[:6]
        who = f"rule {rule.name} in {before[-1]}"
        foreign = owner not in ("", self.account.account_id)
        if service == "events" and resource.startswith("event-bus/"):
            if foreign:
                return self._elsewhere(target, who)
            if resource != "event-bus/default" or region in before:
                return missing(f"{who} forwards to {target}, which tells nobody", _TARGETLESS)
            return self.in_region(region, before)
        if service in _SYSTEMS:
            return holds(target=target)
        way = reaches(self.account, [target], who)
        unseen = way.reason is not None and way.reason.code is ReasonCode.CROSS_ACCOUNT
        return self._elsewhere(target, who) if foreign and unseen else way

    def _elsewhere(self, target: str, who: str) -> Way:
        text = f"{who} hands events to {target}, which can't be looked at from here"
        if not self.cross_account:
            undecidable(self.account, ReasonCode.CROSS_ACCOUNT, text, operation="events.ListTargetsByRule")
        return holds(text, target=target)
