"""history-lake-query."""

from dataclasses import dataclass
from datetime import timedelta

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import WRITE, Account, EventDataStore, Trail, format_time
from trailwarden.judgements.history import is_approved, moment_param, period_of
from trailwarden.judgements.integrity import Period, span
from trailwarden.kleene import which

EVENTS = (
    "StopLogging",
    "DeleteTrail",
    "UpdateTrail",
    "PutEventSelectors",
    "PutInsightSelectors",
    "PutEventConfiguration",
)
"""What tampers with a trail."""
_SUBJECT = "coalesce(element_at(requestParameters, 'name'), element_at(requestParameters, 'trailName')) AS subject"


@dataclass(frozen=True)
class Params:
    use: bool = param(False, "Whether to query; AWS bills the bytes that a query scans, and IAM counts it as a write.")
    approved_principals: tuple[str, ...] = param(
        (), "Whose changes are expected: patterns of ARNs; of a role's session that of the role."
    )
    period_start: str = moment_param("now-365d", "Where the period begins.")


@check(
    Trail,
    reads_if=[
        (
            lambda params: params.use,
            [Account.event_data_stores, EventDataStore.settings, EventDataStore.queries],
        )
    ],
)
def history_lake_query(trail: Trail, params: Params) -> Finding:
    """Lake query confirms no tampering beyond 90 days.

    Why: where an event data store exists, one query answers for years what event history forgets after 90 days.

    Fix: find out who made the change: the finding has the rows, and `aws cloudtrail start-query --query-statement SQL` tells more. Who may make such
    changes belongs into `approved_principals`.

    Error: the query failed or did not end in time, or no store that ingests covers the whole period with all write events. The permission
    `cloudtrail:StartQuery` is needed, and no other policy asks for it.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-run-query.html
    """
    if not params.use:
        return not_applicable("queries are billed and were not asked for (use: false)")
    stores = trail.account.event_data_stores
    if not stores and not stores.gaps:
        return not_applicable(f"account {trail.account_id} has no event data store", {"EventDataStores": []})
    period = period_of(trail.account, params.period_start)
    fit = which({store.id: (lambda store=store: _covers(store, trail, period)) for store in stores})  # type: ignore[misc]  # mypy can't infer a lambda with a default
    store = next((item for item in stores if item.id in fit), None)
    if store is None:
        text = f"no event data store holds all events on trails {span((period.start, period.end))}"
        undecidable(trail, ReasonCode.COVERAGE_GAP, text, operation="cloudtrail.GetEventDataStore")
    statement = _statement(store, period)
    rows = store.queries.rows(statement)
    # A row without a name may be about any trail.
    mine = [row for row in rows if row.get("subject", "") in ("", trail.name, trail.arn)]
    strange = [row for row in mine if not is_approved(row.get("caller", ""), params.approved_principals)]
    observed = {"store": store.id, "statement": statement, "rows": mine}
    expected = {"rows": [], "approved_principals": list(params.approved_principals)}
    if strange:
        told = "; ".join(
            f"{row.get('eventName')} at {row.get('eventTime')} by {row.get('caller') or 'an unknown caller'}"
            for row in strange[:5]
        )
        return failed(f"trail {trail.name} was tampered with: {told}", observed, expected)
    text = f"event data store {store.name} knows of no tampering with trail {trail.name} {span((period.start, period.end))}"
    return passed(text, observed, expected, *(f"approved: {row.get('eventName')}" for row in mine))


def _covers(store: EventDataStore, trail: Trail, period: Period) -> bool:
    settings = store.settings
    age = store.account.now - period.start
    return (
        settings.status == "ENABLED"
        and settings.selectors.records_management(WRITE)
        and (settings.multi_region or store.region == trail.home_region)
        and settings.created is not None
        and settings.created <= period.start
        and timedelta(days=settings.retention_days) >= age
    )


def _statement(store: EventDataStore, period: Period) -> str:
    names = ", ".join(f"'{name}'" for name in EVENTS)
    since, until = (format_time(moment)[:19].replace("T", " ") for moment in (period.start, period.end))
    # A table can't be a parameter of the query; this one is the last part of an ARN from AWS.
    columns = ("eventID", "eventName", "eventTime", "awsRegion", "userIdentity.arn AS caller", _SUBJECT)
    conditions = (
        "eventSource = 'cloudtrail.amazonaws.com'",
        f"eventName IN ({names})",
        "errorCode IS NULL",
        f"eventTime >= '{since}'",
        f"eventTime <= '{until}'",
    )
    table = store.id.rsplit("/", 1)[-1]
    parts = ("SELECT", ", ".join(columns), "FROM", table, "WHERE", " AND ".join(conditions), "ORDER BY eventTime")
    return " ".join(parts)
