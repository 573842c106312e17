"""Service and resource control policies: every ancestor counts, and what they leave open is found."""

from typing import Any

import pytest

from trailwarden.model import ReasonCode, Status
from trailwarden.testing import ACCOUNT, Organizing, World, reason_of, run_check, standalone, status_of
from trailwarden.testing.organizing import ROOT, UNIT

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
PROTECT, BUCKET, LEAVE = "org-scp-protect-cloudtrail", "org-policy-protect-log-bucket", "org-scp-deny-leave"
ARCHIVER = "222233334444"
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
BREAK_GLASS = "arn:aws:iam::*:role/break-glass"


def deny(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": resource, **more}


def organized(**options: Any) -> tuple[World, Organizing]:
    world = World()
    return world, Organizing(world, **options)


@pytest.mark.parametrize("level", [ACCOUNT, UNIT, ROOT])
def test_a_policy_of_the_account_or_of_any_ancestor_counts(level: str) -> None:
    world, organization = organized()
    organization.attach(level, deny("cloudtrail:*"))
    world.add_trail("main")
    [row] = run_check(PROTECT, world)
    assert row.status is PASS
    [guardrails] = row.observed["guardrails"]
    assert guardrails == {"Type": SCP, "enabled": True, "policies": [{"Id": "p-00000001", "target": level}]}


def test_trails_and_event_data_stores_are_asked_about_apart() -> None:
    """Also where there is no trail: one that is made tomorrow must be safe."""
    world, organization = organized()
    organization.attach(ROOT, deny("cloudtrail:*", resource="arn:aws:cloudtrail:*:*:trail/*"))
    [row] = run_check(PROTECT, world)
    assert row.status is FAIL
    assert "EventDataStore" in row.message
    assert "StopLogging" not in row.message
    organization.attach(UNIT, deny("cloudtrail:*", resource="arn:aws:cloudtrail:*:*:eventdatastore/*"))
    assert status_of(PROTECT, world) is PASS
    only, organization = organized()
    organization.attach(ROOT, deny("cloudtrail:*", resource="arn:aws:cloudtrail:*:*:eventdatastore/*"))
    assert status_of(PROTECT, only) is FAIL


def test_policies_of_several_levels_add_up() -> None:
    world, organization = organized()
    organization.attach(ROOT, deny("cloudtrail:Stop*", "cloudtrail:delete*"))
    assert status_of(PROTECT, world) is FAIL
    organization.attach(ACCOUNT, deny("cloudtrail:Put*", "CloudTrail:Update*"))
    assert status_of(PROTECT, world) is PASS


@pytest.mark.parametrize(
    ("statement", "params", "expected"),
    [
        (deny("*"), {}, PASS),
        ({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}, {}, PASS),
        ({"Effect": "Deny", "NotAction": "cloudtrail:StopLogging", "Resource": "*"}, {}, FAIL),
        ({"Effect": "Deny", "Action": "cloudtrail:*", "NotResource": "arn:aws:s3:::*"}, {}, PASS),
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, {}, FAIL),
        (deny("cloudtrail:StopLogging"), {}, FAIL),
        (deny("cloudtrail:StopLogging"), {"deny_actions": ["cloudtrail:stoplogging"]}, PASS),
        (deny("cloudtrail:*", resource=f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"), {}, FAIL),
        (deny("cloudtrail:*", resource="arn:aws:cloudtrail:*:*:*"), {}, PASS),
        (deny("cloudtrail:*", Condition={"ArnNotLike": {"aws:PrincipalArn": BREAK_GLASS}}), {}, FAIL),
        (
            deny("cloudtrail:*", Condition={"ArnNotLike": {"aws:PrincipalArn": BREAK_GLASS}}),
            {"allowed_exempt_principals": [BREAK_GLASS]},
            PASS,
        ),
        (deny("cloudtrail:*", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}}), {}, FAIL),
        (deny("cloudtrail:*", Condition={"NewOperator": {"aws:PrincipalArn": "x"}}), {}, ERROR),
    ],
)
def test_what_a_deny_covers(statement: dict[str, Any], params: dict[str, Any], expected: Status) -> None:
    world, organization = organized()
    organization.attach(UNIT, statement)
    world.add_trail("main")
    assert status_of(PROTECT, world, params) is expected


def test_every_trail_must_be_covered() -> None:
    world, organization = organized()
    resources = [f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/main", f"arn:aws:cloudtrail:*:{ACCOUNT}:eventdatastore/*"]
    organization.attach(UNIT, deny("cloudtrail:*", resource=resources))
    world.add_trail("main")
    assert status_of(PROTECT, world) is PASS
    world.add_trail("second")
    [row] = run_check(PROTECT, world)
    assert row.status is FAIL
    assert all("trail/second" in gap for gap in row.observed["open"])


def test_a_trail_that_could_not_be_listed_may_be_open() -> None:
    world, organization = organized()
    organization.attach(UNIT, deny("cloudtrail:*"))
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert reason_of(run_check(PROTECT, world)[0]).region == "eu-west-1"


def test_policies_of_a_type_that_is_not_enabled_do_nothing() -> None:
    world, organization = organized(policy_types=[RCP])
    organization.attach(UNIT, deny("*"))
    [row] = run_check(PROTECT, world)
    assert row.status is FAIL
    assert "has not enabled SERVICE_CONTROL_POLICY" in row.message


@pytest.mark.parametrize("check", [PROTECT, LEAVE])
def test_no_policy_reaches_the_management_account(check: str) -> None:
    world, organization = organized(management=ACCOUNT)
    organization.attach(ROOT, deny("*"))
    [row] = run_check(check, world)
    assert row.status is NA
    assert "which no SCP or RCP reaches" in row.message


@pytest.mark.parametrize("check", [PROTECT, LEAVE])
def test_guardrails_need_an_organization_and_a_caller_who_may_read_them(check: str) -> None:
    world, organization = organized()
    organization.refuse()
    assert reason_of(run_check(check, world)[0]).code is ReasonCode.NOT_VISIBLE_FROM_MEMBER
    standalone(world)
    assert status_of(check, world) is NA


def test_a_policy_that_is_no_policy_decides_nothing() -> None:
    world, organization = organized()
    identity = organization.attach(UNIT, deny("*"))
    world.reply("organizations.DescribePolicy", {"Policy": {"Content": "{"}}, PolicyId=identity)
    assert reason_of(run_check(LEAVE, world)[0]).code is ReasonCode.UNPARSEABLE


def test_a_tree_without_a_root_is_no_tree() -> None:
    world, _ = organized()
    world.reply("organizations.ListParents", {"Parents": [{"Id": UNIT, "Type": "ORGANIZATIONAL_UNIT"}]})
    assert reason_of(run_check(LEAVE, world)[0]).code is ReasonCode.UNEXPECTED
    world.reply("organizations.ListParents", {"Parents": []})
    assert reason_of(run_check(LEAVE, world)[0]).code is ReasonCode.UNEXPECTED


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (deny("organizations:LeaveOrganization"), PASS),
        (deny("organizations:*"), PASS),
        (deny("organizations:Describe*"), FAIL),
        (
            deny("organizations:LeaveOrganization", Condition={"ArnNotLike": {"aws:PrincipalArn": BREAK_GLASS}}),
            FAIL,
        ),
    ],
)
def test_leaving(statement: dict[str, Any], expected: Status) -> None:
    world, organization = organized()
    organization.attach(ROOT, statement)
    assert status_of(LEAVE, world) is expected


# --- org-policy-protect-log-bucket ----------------------------------------------------------------------------------


def archived(owner: str = ARCHIVER, key: str = "k") -> tuple[World, Organizing]:
    world, organization = organized()
    if owner not in (ACCOUNT, organization.management):
        organization.add_account(owner)
    world.add_bucket("logs", owner=owner)
    world.add_trail("main", bucket="logs", key=key)
    return world, organization


REACH: dict[str, Any] = {"peers": [ARCHIVER], "log_accounts": [ARCHIVER]}
EVERYBODY = {"Principal": "*"}


@pytest.mark.parametrize("level", [ARCHIVER, UNIT, ROOT])
def test_policies_above_the_buckets_owner_count(level: str) -> None:
    world, organization = archived()
    organization.attach(level, deny("s3:*", "kms:*"))
    assert status_of(BUCKET, world, **REACH) is PASS


def test_policies_above_the_logged_account_do_not() -> None:
    world, organization = archived()
    organization.attach(ACCOUNT, deny("s3:*", "kms:*"))
    assert status_of(BUCKET, world, **REACH) is FAIL


def test_service_and_resource_control_policies_complete_each_other() -> None:
    world, organization = archived()
    organization.attach(ROOT, deny("s3:*"))
    [row] = run_check(BUCKET, world, **REACH)
    assert row.message.endswith("logs: kms:ScheduleKeyDeletion, kms:DisableKey")
    organization.attach(ROOT, deny("kms:*", **EVERYBODY), kind=RCP)
    assert status_of(BUCKET, world, **REACH) is PASS


def test_a_bucket_without_a_key_needs_no_protection_of_one() -> None:
    world, organization = archived(key="")
    organization.attach(ROOT, deny("s3:*"))
    assert status_of(BUCKET, world, **REACH) is PASS


@pytest.mark.parametrize(
    ("resource", "still_open"),
    [
        (["arn:aws:s3:::logs"], ["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"]),
        (["arn:aws:s3:::logs/*"], ["s3:DeleteBucket", "s3:PutBucketObjectLockConfiguration"]),
        (["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"], []),
    ],
)
def test_actions_are_asked_of_what_they_act_on(resource: list[str], still_open: list[str]) -> None:
    actions = ["s3:DeleteBucket", "s3:PutBucketObjectLockConfiguration", "s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"]  # fmt: skip
    world, organization = archived()
    organization.attach(ROOT, deny("s3:*", resource=resource))
    [row] = run_check(BUCKET, world, {"deny_actions": actions}, **REACH)
    assert [gap.split()[0] for gap in row.observed["open"]] == still_open


def test_a_wildcard_is_asked_of_bucket_and_objects() -> None:
    world, organization = archived()
    organization.attach(ROOT, deny("s3:*", resource="arn:aws:s3:::logs/*"))
    assert status_of(BUCKET, world, {"deny_actions": ["s3:Delete*"]}, **REACH) is FAIL


def test_an_unknown_owner_and_a_refused_reader_decide_nothing() -> None:
    world, organization = archived()
    assert reason_of(run_check(BUCKET, world)[0]).code is ReasonCode.CROSS_ACCOUNT
    organization.refuse()
    assert reason_of(run_check(BUCKET, world, **REACH)[0]).code is ReasonCode.NOT_VISIBLE_FROM_MEMBER


def test_a_bucket_of_the_management_account_is_beyond_guardrails() -> None:
    world, organization = archived("999900001111")
    organization.attach(ROOT, deny("*"))
    assert status_of(BUCKET, world, peers=["999900001111"], log_accounts=["999900001111"]) is NA
    standalone(world)
    assert status_of(BUCKET, world) is NA
