"""Who can read, write or delete a trail's log group."""

import json
from typing import Any

import pytest

from trailwarden.model import ReasonCode, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, World, reason_of, run_check, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
ENCRYPTED, PUBLIC, PROTECTED = "loggroup-kms-encrypted", "loggroup-not-public", "loggroup-deletion-protection"
GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:events"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/logs"
DEEP, REQUIRED = {"deep": True}, {"require": True}


def with_group(**row: Any) -> World:
    world = World()
    world.add_trail("main", log_group="events")
    world.add_log_group("events", **row)
    return world


def gone(world: World) -> World:
    world.reply("logs.DescribeLogGroups", {"logGroups": []})
    return world


@pytest.mark.parametrize(("check", "params"), [(ENCRYPTED, {}), (PUBLIC, {}), (PROTECTED, REQUIRED)])
def test_without_integration_there_is_nothing_to_judge(check: str, params: dict[str, Any]) -> None:
    world = World()
    world.add_trail("main")
    assert status_of(check, world, params) is NA


@pytest.mark.parametrize(("check", "params"), [(ENCRYPTED, {}), (PROTECTED, REQUIRED)])
def test_of_a_group_that_is_gone_or_refused_nothing_is_known(check: str, params: dict[str, Any]) -> None:
    reason = reason_of(run_check(check, gone(with_group()), params)[0])
    assert (reason.code, reason.operation) == (ReasonCode.NOT_FOUND, "logs.DescribeLogGroups")
    assert reason.aws_message == "log group events does not exist"
    world = with_group()
    world.deny("logs.DescribeLogGroups")
    assert reason_of(run_check(check, world, params)[0]).missing_action == "logs:DescribeLogGroups"


@pytest.mark.parametrize(("check", "params"), [(ENCRYPTED, {}), (PUBLIC, {}), (PROTECTED, REQUIRED)])
def test_another_accounts_group_is_out_of_reach(check: str, params: dict[str, Any]) -> None:
    world = World()
    world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True, log_group="events")
    assert reason_of(run_check(check, world, params)[0]).code is ReasonCode.CROSS_ACCOUNT


# --- loggroup-kms-encrypted -----------------------------------------------------------------------------------------


def test_a_key_of_its_own_passes() -> None:
    [row] = run_check(ENCRYPTED, with_group(kmsKeyId=KEY))
    assert (row.status, row.message) == (PASS, "log group events is encrypted with a customer key")
    assert (row.observed, row.expected) == ({"kmsKeyId": KEY}, {"kmsKeyId": "set"})


@pytest.mark.parametrize("params", [{}, DEEP])
def test_no_key_fails(params: dict[str, Any]) -> None:
    [row] = run_check(ENCRYPTED, with_group(), params)
    assert (row.status, row.message) == (FAIL, "log group events is encrypted with AWS's own key only")
    assert row.observed == {"kmsKeyId": None}


@pytest.mark.parametrize(
    ("state", "status", "message"),
    [
        ("Enabled", PASS, "log group events is encrypted with a customer key"),
        ("Disabled", FAIL, "the key of log group events is Disabled"),
        ("PendingDeletion", FAIL, "the key of log group events is PendingDeletion"),
    ],
)
def test_the_key_is_looked_at_only_when_asked(state: str, status: Status, message: str) -> None:
    world = with_group(kmsKeyId=KEY)
    world.add_key("logs", KeyState=state)
    assert status_of(ENCRYPTED, world) is PASS
    assert "kms.DescribeKey" not in {call.name for call in world.calls}
    [row] = run_check(ENCRYPTED, world, DEEP)
    assert (row.status, row.message) == (status, message)
    assert row.observed == {"kmsKeyId": KEY, "KeyState": state}
    assert row.expected == {"kmsKeyId": "set", "KeyState": "Enabled"}


def test_a_key_that_is_gone_or_refused() -> None:
    world = with_group(kmsKeyId=KEY)
    world.error("kms.DescribeKey", "NotFoundException")
    [row] = run_check(ENCRYPTED, world, DEEP)
    assert (row.status, row.message) == (FAIL, "the key of log group events is missing")
    world.deny("kms.DescribeKey")
    assert reason_of(run_check(ENCRYPTED, world, DEEP)[0]).missing_action == "kms:DescribeKey"


# --- loggroup-not-public --------------------------------------------------------------------------------------------


def exposed(*statements: dict[str, Any], destinations: tuple[str, ...] = ()) -> World:
    world = with_group()
    policies = [
        {"policyName": f"p{number}", "policyDocument": json.dumps({"Version": "2012-10-17", "Statement": [item]})}
        for number, item in enumerate(statements)
    ]
    world.reply("logs.DescribeResourcePolicies", {"resourcePolicies": policies}, region="us-east-1")
    filters = [{"filterName": "f", "destinationArn": arn} for arn in destinations]
    world.reply(
        "logs.DescribeSubscriptionFilters",
        {"subscriptionFilters": filters},
        region="us-east-1",
        logGroupName="events",
    )
    return world


def allow(principal: Any, resource: str = "*", **conditions: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "logs:PutLogEvents", "Resource": resource}
    return {**statement, "Condition": conditions} if conditions else statement


def test_a_group_that_nobody_else_reaches_passes() -> None:
    stream = f"arn:aws:firehose:us-east-1:{ACCOUNT}:deliverystream/siem"
    [row] = run_check(PUBLIC, exposed(allow({"Service": "es.amazonaws.com"}), destinations=(stream,)))
    assert (row.status, row.message) == (PASS, "log group events is exposed to nobody")
    assert row.observed == {"public statements": [], "destinationArn": [stream]}
    assert row.expected == {"public statements": [], "destination accounts": [ACCOUNT]}


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        (allow("*"), FAIL),
        (allow("*", f"{GROUP}:*"), FAIL),
        (allow("*", GROUP), FAIL),
        (allow("*", f"{GROUP}:log-stream:a"), FAIL),
        (allow("*", f"{GROUP}-other:*"), PASS),
        (allow("*", StringEquals={"aws:SourceAccount": ACCOUNT}), PASS),
        (allow("*", StringStrangely={"aws:SourceAccount": ACCOUNT}), ERROR),
    ],
)
def test_which_resource_policy_is_public(statement: dict[str, Any], status: Status) -> None:
    [row] = run_check(PUBLIC, exposed(statement))
    assert row.status is status
    if status is FAIL:
        assert (
            row.message == "log group events is open to everybody by resource policy p0: statement 0 allows everybody"
        )
        assert row.observed["public statements"] == ["p0: statement 0 allows everybody"]
    if status is ERROR:
        reason = reason_of(row)
        assert (reason.code, reason.operation) == (ReasonCode.UNPARSEABLE, "logs.DescribeResourcePolicies")
        assert reason.aws_message.startswith("p0: statement 0 allows everybody")


def test_one_public_policy_among_doubtful_ones_fails() -> None:
    world = exposed(allow("*", StringStrangely={"aws:SourceAccount": ACCOUNT}), allow("*"))
    [row] = run_check(PUBLIC, world)
    assert (row.status, "p1: " in row.message, "p0: " in row.message) == (FAIL, True, False)


def test_streaming_to_another_account_must_be_allowed() -> None:
    elsewhere = f"arn:aws:logs:us-east-1:{MANAGEMENT}:destination:siem"
    world = exposed(destinations=(elsewhere,))
    [row] = run_check(PUBLIC, world)
    assert (row.status, row.message) == (FAIL, f"log group events streams to {elsewhere}")
    assert row.observed["destinationArn"] == [elsewhere]
    assert status_of(PUBLIC, world, {"allowed_accounts": ["self", MANAGEMENT]}) is PASS
    here = exposed(destinations=(f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f",))
    assert status_of(PUBLIC, here) is PASS
    assert status_of(PUBLIC, here, {"allowed_accounts": [MANAGEMENT]}) is FAIL


def test_both_exposures_are_told() -> None:
    elsewhere = f"arn:aws:logs:us-east-1:{MANAGEMENT}:destination:siem"
    [row] = run_check(PUBLIC, exposed(allow("*"), destinations=(elsewhere,)))
    assert row.message.count("; ") == 1
    assert row.message.endswith(f"; log group events streams to {elsewhere}")


@pytest.mark.parametrize("operation", ["logs.DescribeResourcePolicies", "logs.DescribeSubscriptionFilters"])
def test_one_unread_half_is_an_error_unless_the_other_is_exposed(operation: str) -> None:
    world = exposed()
    world.deny(operation)
    assert reason_of(run_check(PUBLIC, world)[0]).operation == operation
    elsewhere = f"arn:aws:logs:us-east-1:{MANAGEMENT}:destination:siem"
    world = exposed(allow("*"), destinations=(elsewhere,))
    world.deny(operation)
    assert status_of(PUBLIC, world) is FAIL


def test_a_resource_policy_that_is_none_is_an_error() -> None:
    world = exposed()
    world.reply("logs.DescribeResourcePolicies", {"resourcePolicies": [{"policyName": "p", "policyDocument": "{"}]})
    assert reason_of(run_check(PUBLIC, world)[0]).code is ReasonCode.UNPARSEABLE


# --- loggroup-deletion-protection -----------------------------------------------------------------------------------


def test_protection_is_not_required_by_default() -> None:
    [row] = run_check(PROTECTED, with_group())
    assert (row.status, row.message) == (NA, "the policy does not require log groups to be protected from deletion")
    assert row.calls == ()


@pytest.mark.parametrize(
    ("row", "status", "message"),
    [
        ({"deletionProtectionEnabled": True}, PASS, "log group events is protected from deletion"),
        ({"deletionProtectionEnabled": False}, FAIL, "log group events can be deleted with one call"),
        ({}, FAIL, "log group events can be deleted with one call"),
    ],
)
def test_whether_a_group_is_protected(row: dict[str, Any], status: Status, message: str) -> None:
    [result] = run_check(PROTECTED, with_group(**row), REQUIRED)
    assert (result.status, result.message) == (status, message)
    assert result.observed == {"deletionProtectionEnabled": row.get("deletionProtectionEnabled")}
    assert result.expected == {"deletionProtectionEnabled": True}
