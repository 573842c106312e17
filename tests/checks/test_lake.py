"""Event data stores of CloudTrail Lake: found in every region, ingesting, complete, kept and closed."""

from typing import Any

import pytest

from trailwarden.calls import Call, Reply
from trailwarden.model import ReasonCode, Result, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, Lake, Organizing, World, reason_of, run_check, standalone

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
ACTIVE, REGIONS, ORG = "lake-store-active", "lake-store-multi-region", "lake-store-organization"
RETENTION, PROTECTION, KEY = "lake-store-retention", "lake-store-termination-protection", "lake-store-cmk"
SELECTORS, POLICY = "lake-store-selectors-complete", "lake-store-policy-not-public"
OF_A_STORE = (REGIONS, ORG, RETENTION, PROTECTION, KEY, SELECTORS, POLICY)
EXCLUDED = {"Field": "userIdentity.arn", "NotStartsWith": [f"arn:aws:iam::{ACCOUNT}:role/ghost"]}


def lake_of(**fields: Any) -> tuple[World, Lake, str]:
    """An account of an organization with one store."""
    world = World()
    Organizing(world)
    lake = Lake(world)
    return world, lake, lake.add(**fields)


def judged(check: str, world: World, **params: Any) -> Result:
    [row] = run_check(check, world, params)
    return row


@pytest.mark.parametrize("check", OF_A_STORE)
def test_a_store_is_judged_by_itself_and_without_one_nothing_applies(check: str) -> None:
    """CloudTrail Lake takes no new customers, so no store is no failure."""
    world, _, arn = lake_of(OrganizationEnabled=True)
    row = judged(check, world)
    assert (row.status, row.subject, row.subject_type, row.region) == (PASS, arn, "event-data-store", "us-east-1")
    empty = World()
    Lake(empty)
    assert judged(check, empty).status is NA


@pytest.mark.parametrize("check", [ACTIVE, *OF_A_STORE])
def test_a_refused_store_is_an_error(check: str) -> None:
    world, _, _ = lake_of()
    world.deny("cloudtrail.GetEventDataStore")
    world.deny("cloudtrail.GetResourcePolicy")
    action = "cloudtrail:GetResourcePolicy" if check == POLICY else "cloudtrail:GetEventDataStore"
    assert reason_of(judged(check, world)).missing_action == action


@pytest.mark.parametrize("check", [ACTIVE, *OF_A_STORE])
def test_a_region_that_cannot_be_listed_may_hold_a_store(check: str) -> None:
    world = World()
    standalone(world)
    Lake(world)
    world.deny("cloudtrail.ListEventDataStores", region="eu-west-1")
    reason = reason_of(judged(check, world))
    assert (reason.missing_action, reason.region) == ("cloudtrail:ListEventDataStores", "eu-west-1")


def test_an_organizations_store_may_refuse_a_member() -> None:
    """Listed for the member, and not to be looked into; the owner answers where the run reaches it."""
    world, lake, _ = lake_of()
    arn = lake.add("org", owner=MANAGEMENT, OrganizationEnabled=True)
    message = "The account does not own the event data store."
    world.error("cloudtrail.GetEventDataStore", "AccessDeniedException", message, account=ACCOUNT, EventDataStore=arn)
    rows = {row.subject: row for row in run_check(ORG, world)}
    assert reason_of(rows[arn]).code is ReasonCode.NOT_VISIBLE_FROM_MEMBER
    rows = {row.subject: row for row in run_check(ORG, world, peers=[MANAGEMENT])}
    assert rows[arn].status is PASS


def test_every_page_of_every_region_is_read_and_a_store_counts_once() -> None:
    """No paginator of the SDK knows this listing."""
    world = World()
    Organizing(world)
    lake = Lake(world)
    first, second = lake.add("first"), lake.add("second", region="eu-west-1")
    pages = {"": ([first], "more"), "more": ([second, first], "")}

    def page(call: Call) -> Reply:
        arns, token = pages[call.arguments.get("NextToken", "")]
        rows = [{"EventDataStoreArn": arn, "Name": arn.rsplit("/", 1)[-1]} for arn in arns]
        return Reply(body={"EventDataStores": rows, **({"NextToken": token} if token else {})})

    world.answer("cloudtrail.ListEventDataStores", page)
    assert [row.subject_name for row in run_check(REGIONS, world)] == ["second", "first"]
    assert sum(call.operation == "ListEventDataStores" for call in world.calls) == 4
    described = [call for call in world.calls if call.operation == "GetEventDataStore"]
    assert [(call.region, call.arguments["EventDataStore"]) for call in sorted(described)] == [
        ("eu-west-1", second),
        ("us-east-1", first),
    ]
    pages["more"] = ([second], "more")
    assert reason_of(run_check(REGIONS, world)[-1]).code is ReasonCode.TRUNCATED


# --- lake-store-active ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("ENABLED", PASS),
        ("CREATED", FAIL),
        ("STOPPING_INGESTION", FAIL),
        ("STOPPED_INGESTION", FAIL),
        ("PENDING_DELETION", FAIL),
        ("STARTING_INGESTION", ERROR),
    ],
)
def test_the_store_must_ingest(state: str, status: Status) -> None:
    row = judged(ACTIVE, lake_of(Status=state)[0])
    assert (row.status, row.subject_type) == (status, "account")
    if status is ERROR:
        assert reason_of(row).code is ReasonCode.EVENTUAL


def test_one_store_that_ingests_is_enough() -> None:
    world, lake, _ = lake_of(Status="STOPPED_INGESTION")
    hidden = lake.add("hidden")
    world.deny("cloudtrail.GetEventDataStore", EventDataStore=hidden)
    assert reason_of(judged(ACTIVE, world)).operation == "cloudtrail.GetEventDataStore"
    lake.add("second")
    assert judged(ACTIVE, world).status is PASS


@pytest.mark.parametrize(("required", "status"), [(False, NA), (True, FAIL)])
@pytest.mark.parametrize("category", ["", "Insight", "ConfigurationItem", "Evidence", "ActivityAuditLog"])
def test_a_store_may_be_required_and_must_then_hold_events(category: str, required: bool, status: Status) -> None:
    world = World()
    lake = Lake(world)
    if category:
        lake.select(lake.add(), {"FieldSelectors": [{"Field": "eventCategory", "Equals": [category]}]})
    assert judged(ACTIVE, world, store_required=required).status is status


# --- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "fields", "params", "status"),
    [
        (REGIONS, {"MultiRegionEnabled": False}, {}, FAIL),
        (REGIONS, {"MultiRegionEnabled": None}, {}, ERROR),
        (ORG, {}, {}, FAIL),
        (RETENTION, {"RetentionPeriod": 365}, {}, PASS),
        (RETENTION, {"RetentionPeriod": 364}, {}, FAIL),
        (RETENTION, {"RetentionPeriod": 2557}, {"min_retention_days": 2558}, FAIL),
        (RETENTION, {"RetentionPeriod": None}, {}, ERROR),
        (PROTECTION, {"TerminationProtectionEnabled": False}, {}, FAIL),
        (PROTECTION, {"TerminationProtectionEnabled": False, "FederationStatus": "ENABLED"}, {}, FAIL),
        (PROTECTION, {"TerminationProtectionEnabled": None}, {}, ERROR),
        (KEY, {"KmsKeyId": None}, {}, FAIL),
        (KEY, {"KmsKeyId": "arn:k"}, {"allowed_key_arns": ["arn:k"]}, PASS),
        (KEY, {"KmsKeyId": "arn:k"}, {"allowed_key_arns": ["arn:other"]}, FAIL),
    ],
)
def test_settings(check: str, fields: dict[str, Any], params: dict[str, Any], status: Status) -> None:
    row = judged(check, lake_of(**fields)[0], **params)
    assert row.status is status, row.message
    if status is ERROR:
        assert reason_of(row).code is ReasonCode.UNEXPECTED


def test_an_account_on_its_own_cannot_cover_an_organization() -> None:
    world, _, _ = lake_of()
    standalone(world)
    assert judged(ORG, world).status is NA
    world.deny("organizations.DescribeOrganization")
    assert reason_of(judged(ORG, world)).missing_action == "organizations:DescribeOrganization"


# --- lake-store-selectors-complete ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "status"),
    [
        (EXCLUDED, FAIL),
        ({"Field": "eventName", "NotEquals": ["StopLogging"]}, FAIL),
        ({"Field": "eventType", "Equals": ["AwsApiCall"]}, FAIL),
        ({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}, FAIL),
        ({"Field": "sessionCredentialFromConsole", "Equals": ["true"]}, FAIL),
        ({"Field": "readOnly", "Equals": ["false"]}, FAIL),
    ],
)
def test_one_narrowing_field_is_a_blind_spot_unless_it_is_allowed(field: dict[str, Any], status: Status) -> None:
    world, lake, arn = lake_of()
    lake.narrow(arn, field)
    row = judged(SELECTORS, world)
    assert row.status is status
    assert field["Field"] in row.message
    assert judged(SELECTORS, world, allowed_fields=[field["Field"]]).status is PASS
    assert judged(SELECTORS, world, allowed_fields=["errorCode"]).status is FAIL


def test_selectors_add_up() -> None:
    """Reads by one selector, writes by another; a narrowed one beside a whole one hides nothing."""
    world, lake, arn = lake_of()
    halves = [
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]},
                {"Field": "readOnly", "Equals": [word]},
            ]
        }
        for word in ("true", "false")
    ]
    lake.select(arn, *halves)
    assert judged(SELECTORS, world).status is PASS
    whole = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
    lake.select(arn, {"FieldSelectors": [*whole["FieldSelectors"], EXCLUDED]}, whole)
    assert judged(SELECTORS, world).status is PASS
    narrowed = {"FieldSelectors": [*halves[1]["FieldSelectors"], EXCLUDED]}
    lake.select(arn, halves[0], narrowed)
    assert "does not hold all write management events" in judged(SELECTORS, world).message


@pytest.mark.parametrize("category", ["Data", "Insight", "ConfigurationItem", "ActivityAuditLog"])
def test_a_store_of_another_kind_is_not_judged(category: str) -> None:
    world, lake, arn = lake_of()
    lake.select(arn, {"FieldSelectors": [{"Field": "eventCategory", "Equals": [category]}]})
    assert judged(SELECTORS, world).status is NA


def test_a_selector_of_an_unknown_kind_is_an_error() -> None:
    world, lake, arn = lake_of()
    lake.narrow(arn, {"Field": "eventName", "SoundsLike": ["Stop"]})
    assert reason_of(judged(SELECTORS, world)).code is ReasonCode.UNPARSEABLE


# --- lake-store-policy-not-public -----------------------------------------------------------------------------------


def letting_in(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "cloudtrail:StartQuery", "Resource": "*", **more}


OWN = f"arn:aws:iam::{ACCOUNT}:role/audit"
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}


@pytest.mark.parametrize(
    ("statement", "allowed", "status"),
    [
        (letting_in({"AWS": OWN}), ["self"], PASS),
        (letting_in({"AWS": ACCOUNT}), ["self"], PASS),
        (letting_in({"AWS": OWN}), [MANAGEMENT], FAIL),
        (letting_in({"AWS": MANAGEMENT}), ["self"], FAIL),
        (letting_in({"AWS": MANAGEMENT}), ["self", MANAGEMENT], PASS),
        (letting_in("*"), ["self"], FAIL),
        (letting_in("*", Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}), ["self"], PASS),
        (letting_in("*", Condition=ORGANIZATION), ["self"], FAIL),
        (letting_in("*", Condition=ORGANIZATION), ["self", "o-exampleorgid"], PASS),
        (letting_in("*", Condition={"StringFuzzy": {"aws:PrincipalAccount": ACCOUNT}}), ["self"], ERROR),
        (letting_in({"Service": "cloudtrail.amazonaws.com"}), ["self"], PASS),
        (letting_in({"Service": "glue.amazonaws.com"}), ["self"], FAIL),
        ({**letting_in("*"), "Effect": "Deny"}, ["self"], PASS),
    ],
)
def test_who_may_query(statement: dict[str, Any], allowed: list[str], status: Status) -> None:
    world, lake, arn = lake_of()
    lake.policy(arn, statement)
    row = judged(POLICY, world, allowed_accounts=allowed)
    assert row.status is status, row.message
    if status is ERROR:
        assert reason_of(row).code is ReasonCode.UNPARSEABLE


def test_a_text_that_is_no_policy_is_an_error() -> None:
    world, _, arn = lake_of()
    world.reply("cloudtrail.GetResourcePolicy", {"ResourcePolicy": "{"}, ResourceArn=arn)
    assert reason_of(judged(POLICY, world)).code is ReasonCode.UNPARSEABLE
