"""Event data stores of CloudTrail Lake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect, reason_for_call
from trailwarden.facts.base import Population, Subject, fact
from trailwarden.facts.organization import listing
from trailwarden.facts.selectors import EventSelectors
from trailwarden.facts.times import optional_time
from trailwarden.facts.trail import ask_member_or_owner
from trailwarden.model import Reason, ReasonCode
from trailwarden.policydoc import PolicyDocument, PolicyTextError, parse

if TYPE_CHECKING:
    from trailwarden.facts.account import Account


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """One GetEventDataStore answer."""

    status: str
    billing_mode: str
    multi_region: bool
    organization: bool
    retention_days: int
    termination_protection: bool
    federated: bool
    kms_key_id: str
    selectors: EventSelectors
    created: datetime | None


class StoreQueries:
    """SQL over a store. A query changes nothing, but AWS bills what it scans: nothing is sent unless a policy asks for it."""

    def __init__(self, store: EventDataStore) -> None:
        self._store = store

    def rows(self, statement: str) -> list[dict[str, str]]:
        """Return the rows of a SELECT, by column.

        Raises:
            Unreadable: refused; TRUNCATED for a query that did not end in time, UNEXPECTED for one that failed.
        """
        account, region = self._store.account, self._store.region
        start = account.call("cloudtrail.StartQuery", region, QueryStatement=statement)
        identity = str(expect(start, body_of(start, account.reply(start)), "QueryId"))
        call = account.call("cloudtrail.GetQueryResults", region, QueryId=identity)
        body = body_of(call, account.reply(call))
        status = str(expect(call, body, "QueryStatus"))
        if status != "FINISHED":
            late = status in ("QUEUED", "RUNNING", "TIMED_OUT")
            code = ReasonCode.TRUNCATED if late else ReasonCode.UNEXPECTED
            text = f"query {identity} is {status} {body.get('ErrorMessage') or ''}".strip()
            raise Unreadable(reason_for_call(call, code, message=text))
        rows: list[Any] = listing(account, call, "QueryResultRows")
        return [_row(item) for item in rows]


def _row(item: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return one row, which AWS writes as a list of objects with a column each."""
    return {name: str(value) for column in item for name, value in column.items()}


class EventDataStore(Subject):
    """An event data store as ListEventDataStores names it; that listing holds the ARN and the name, and nothing else of use."""

    kind = "event-data-store"

    def __init__(self, account: Account, arn: str, name: str) -> None:
        super().__init__(id=arn, name=name, account_id=account.account_id, region=arn.split(":")[3])
        self.account = account
        self.arn = arn
        self.owner = arn.split(":")[4]

    @fact("cloudtrail.GetEventDataStore")
    def settings(self) -> StoreSettings:
        """The store's settings, read in its own region.

        Raises:
            Unreadable: refused; NOT_VISIBLE_FROM_MEMBER for an organization's store seen from a member; UNPARSEABLE for a selector of a
                kind that is not known.
        """
        call = self.account.call("cloudtrail.GetEventDataStore", self.region, EventDataStore=self.arn)
        body = ask_member_or_owner(self.account, self.arn, call)
        try:
            selectors = EventSelectors.parse((), expect(call, body, "AdvancedEventSelectors"))
        except ValueError as error:
            raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=str(error))) from None
        return StoreSettings(
            status=str(expect(call, body, "Status")),
            billing_mode=str(body.get("BillingMode") or ""),
            multi_region=bool(expect(call, body, "MultiRegionEnabled")),
            organization=bool(expect(call, body, "OrganizationEnabled")),
            retention_days=int(expect(call, body, "RetentionPeriod")),
            termination_protection=bool(expect(call, body, "TerminationProtectionEnabled")),
            federated=body.get("FederationStatus") == "ENABLED",
            kms_key_id=str(body.get("KmsKeyId") or ""),
            selectors=selectors,
            created=optional_time(body.get("CreatedTimestamp")),
        )

    @fact("cloudtrail.StartQuery", "cloudtrail.GetQueryResults")
    def queries(self) -> StoreQueries:
        """Queries over the store; what is asked is read then."""
        return StoreQueries(self)

    @fact("cloudtrail.GetResourcePolicy")
    def policy(self) -> PolicyDocument | None:
        """The store's resource policy, or None when there is none."""
        call = self.account.call("cloudtrail.GetResourcePolicy", self.region, ResourceArn=self.arn)
        try:
            text = expect(call, ask_member_or_owner(self.account, self.arn, call), "ResourcePolicy")
            return parse(str(text))
        except Unreadable as error:
            if error.reason.aws_code == "ResourcePolicyNotFoundException":
                return None
            raise
        except PolicyTextError as error:
            raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=str(error))) from None


def list_stores(account: Account) -> Population[EventDataStore]:
    """Return the stores of every enabled region, each once; a region that can't be read is a gap."""
    calls = [account.call("cloudtrail.ListEventDataStores", region.name) for region in account.regions]
    account.replies(calls)  # asked concurrently
    rows: dict[str, dict[str, Any]] = {}
    gaps: list[Reason] = []
    for call in calls:
        try:
            rows.update({str(row["EventDataStoreArn"]): row for row in listing(account, call, "EventDataStores")})
        except Unreadable as error:
            gaps.append(error.reason)
    found = [
        account.link(EventDataStore, arn, partial(EventDataStore, account, arn, str(rows[arn].get("Name") or "")))
        for arn in sorted(rows)
    ]
    return Population(found, gaps, source="cloudtrail.ListEventDataStores", pages=len(calls) - len(gaps))
