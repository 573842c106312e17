"""Who could stop the trail, destroy its files, or misuse the role that it writes to its log group with."""

from typing import Any
from urllib.parse import quote

import pytest

from trailwarden.calls import canonical
from trailwarden.model import ReasonCode, Result, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, Identities, Organizing, World, ago, reason_of, run_check
from trailwarden.testing.identities import allow, deny, document

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
TRAIL, BUCKET, ROLE = "iam-cloudtrail-disruptors", "iam-log-bucket-disruptors", "iam-cloudwatch-role-least-privilege"
ARN = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
LOGS = "arn:aws:s3:::main-logs"
STOP = "cloudtrail:StopLogging"
DETAILS = "iam.GetAccountAuthorizationDetails"


def peopled() -> tuple[World, Identities]:
    """An account with a trail and nobody in it."""
    world = World()
    world.add_trail("main")
    return world, Identities(world)


def judged(check: str, world: World, params: dict[str, Any] | None = None, **options: Any) -> Result:
    [row] = run_check(check, world, params, **options)
    return row


def holders(row: Result) -> list[str]:
    return [item["principal"].rsplit("/", 1)[-1] for item in row.observed["principals"]]


def user(*statements: Any, check: str = TRAIL, params: dict[str, Any] | None = None, **row: Any) -> Result:
    """The verdict on an account with one user."""
    world, people = peopled()
    people.add_user("alice", *statements, **row)
    return judged(check, world, params)


# --- what a principal may do ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        ([], PASS),
        ([allow(STOP)], FAIL),
        ([allow("cloudtrail:*")], FAIL),
        ([allow("*")], FAIL),
        ([allow("CloudTrail:stoplogging")], FAIL),
        ([allow("cloudtrail:Stop*", on=ARN)], FAIL),
        ([allow(STOP, on=f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*")], FAIL),
        ([allow(STOP, on=ARN.replace("main", "other"))], PASS),
        ([allow("cloudtrail:Get*", "s3:*")], PASS),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], FAIL),
        ([{"Effect": "Allow", "NotAction": "cloudtrail:*", "Resource": "*"}], PASS),
        ([{"Effect": "Allow", "Action": STOP, "NotResource": ARN}], PASS),
        ([allow("*"), deny("cloudtrail:*")], PASS),
        ([allow("*"), deny(STOP)], FAIL),
        ([allow("*"), deny("cloudtrail:*", on=ARN)], PASS),
        ([allow(STOP), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}], PASS),
        ([allow("*"), deny("cloudtrail:*", Condition={"Bool": {"aws:ViaAWSService": "true"}})], FAIL),
    ],
)
def test_what_a_users_own_policies_let_it_do(statements: list[Any], status: Status) -> None:
    row = user(*statements)
    assert row.status is status, row.message
    assert holders(row) == (["alice"] if status is FAIL else [])


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"StringEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/alice"}}, FAIL),
        ({"StringEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/bob"}}, PASS),
        ({"StringEquals": {"aws:username": "bob"}}, PASS),
        ({"StringEquals": {"aws:PrincipalTag/team": "audit"}}, FAIL),
        ({"StringEquals": {"aws:PrincipalTag/team": "sales"}}, PASS),
        ({"DateLessThan": {"aws:CurrentTime": ago(days=1)}}, PASS),
        ({"DateGreaterThan": {"aws:CurrentTime": ago(days=1)}}, FAIL),
        ({"Bool": {"aws:SecureTransport": "true"}}, FAIL),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, ERROR),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, ERROR),
        ({"StringFuzzy": {"aws:username": "alice"}}, ERROR),
    ],
)
def test_conditions_that_cannot_be_known_make_a_potential_disruptor(condition: Any, status: Status) -> None:
    tags = [{"Key": "team", "Value": "audit"}]
    row = user(allow(STOP, Condition=condition), Tags=tags)
    assert row.status is status, row.message
    if status is ERROR:
        reason = reason_of(row)
        assert reason.code is ReasonCode.UNPARSEABLE
        assert f"arn:aws:iam::{ACCOUNT}:user/alice ({STOP})" in reason.aws_message
        assert user(allow(STOP, Condition=condition), params={"allowed_principals": ["*:user/alice"]}).status is PASS


def test_groups_managed_policies_and_boundaries_count() -> None:
    world, people = peopled()
    managed = people.add_policy("stop", allow(STOP))
    attached = [{"PolicyArn": managed, "PolicyName": "stop"}]
    fence = people.add_policy("fence", allow("*"), deny("cloudtrail:*"))
    reads = people.add_policy("reads", allow("cloudtrail:Get*", "s3:*"))
    wide = people.add_policy("wide", allow("*"))
    people.add_group("operators", allow("cloudtrail:*"))
    people.add_group("lead", AttachedManagedPolicies=attached)
    people.add_user("by-group", groups=["operators"])
    people.add_user("by-group-policy", groups=["lead"])
    people.add_role("by-policy", AttachedManagedPolicies=attached)
    for name, arn in (("fenced", fence), ("bounded", reads), ("wide", wide)):
        people.add_role(name, allow("cloudtrail:*"), PermissionsBoundary={"PermissionsBoundaryArn": arn})
    people.add_role("bound-only", PermissionsBoundary={"PermissionsBoundaryArn": wide})
    people.add_role("service", allow("*"), path="/aws-service-role/x.amazonaws.com/")
    row = judged(TRAIL, world)
    assert holders(row) == ["by-policy", "wide", "by-group", "by-group-policy"]
    by = {item["principal"].rsplit("/", 1)[-1]: item["by"] for item in row.observed["principals"]}
    assert by["by-policy"] == [f"{managed}: statement 0"]
    assert by["by-group"] == ["group policy operators/inline: statement 0"]


def test_only_the_default_version_of_a_policy_is_in_force() -> None:
    world, people = peopled()
    managed = people.add_policy("harmless", allow("s3:ListBucket"))
    people.add_user("alice", AttachedManagedPolicies=[{"PolicyArn": managed, "PolicyName": "harmless"}])
    assert judged(TRAIL, world).status is PASS


def test_a_policy_may_come_url_encoded() -> None:
    """AWS sends it so; the SDK decodes it, and a ledger of another origin may not."""
    world, people = peopled()
    text = quote(canonical(document(allow(STOP))))
    people.add_user("alice", UserPolicyList=[{"PolicyName": "p", "PolicyDocument": text}])
    assert judged(TRAIL, world).status is FAIL


# --- iam-cloudtrail-disruptors --------------------------------------------------------------------------------------


def test_expected_principals_pass_up_to_a_number() -> None:
    world, people = peopled()
    for number in range(3):
        people.add_role(f"audit-{number}", allow(STOP))
    allowed = {"allowed_principals": [f"arn:aws:iam::{ACCOUNT}:role/audit-*"]}
    row = judged(TRAIL, world, allowed)
    assert (row.status, len(row.observed["principals"])) == (PASS, 3)
    assert judged(TRAIL, world, {**allowed, "max_principals": 3}).status is PASS
    assert (
        "3 principals may stop or blind a trail, more than 2"
        in judged(TRAIL, world, {**allowed, "max_principals": 2}).message
    )
    people.add_role("admin", allow("*"))
    assert (
        f"others than expected may stop or blind a trail: arn:aws:iam::{ACCOUNT}:role/admin"
        in judged(TRAIL, world, allowed).message
    )


def test_a_potential_one_may_be_one_too_many() -> None:
    world, people = peopled()
    people.add_role("audit", allow(STOP))
    people.add_user("alice", allow(STOP, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
    params = {"allowed_principals": ["*"], "max_principals": 1}
    assert reason_of(judged(TRAIL, world, params)).code is ReasonCode.UNPARSEABLE
    assert judged(TRAIL, world, {**params, "max_principals": 2}).status is PASS


def test_which_actions_count_is_a_parameter() -> None:
    row = user(allow("cloudtrail:DeleteEventDataStore"), params={"actions": ["cloudtrail:Delete*"]})
    assert row.status is FAIL
    assert user(allow("cloudtrail:DeleteEventDataStore")).status is PASS


def test_those_who_could_give_themselves_the_rights_are_reported_apart() -> None:
    world, people = peopled()
    people.add_user("admin", allow("*"))
    people.add_user("helper", allow("iam:PassRole"))
    people.add_user("editor", allow("iam:PutUserPolicy", on=f"arn:aws:iam::{ACCOUNT}:user/*"))
    people.add_user("fenced", allow("iam:*"), deny("iam:*"))
    people.add_user("reader", allow("iam:Get*"))
    row = judged(TRAIL, world, {"allowed_principals": ["*:user/admin"]})
    assert row.status is PASS
    assert [item.rsplit("/", 1)[-1] for item in row.observed["may become one"]] == ["editor", "helper"]
    assert "iam:PassRole" in row.notes[0]


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ({"EvalDecision": "allowed"}, FAIL),
        ({"EvalDecision": "implicitDeny"}, PASS),
        ({"EvalDecision": "explicitDeny", "MissingContextValues": ["aws:SourceIp"]}, PASS),
        ({"EvalDecision": "allowed", "OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}, PASS),
        ({"EvalDecision": "allowed", "OrganizationsDecisionDetail": {"AllowedByOrganizations": True}}, FAIL),
        ({"EvalDecision": "allowed", "MissingContextValues": ["aws:SourceIp"]}, ERROR),
        (None, ERROR),
    ],
)
def test_the_simulator_has_the_last_word_where_it_is_asked(result: dict[str, Any] | None, status: Status) -> None:
    world, people = peopled()
    people.add_user("alice", allow(STOP))
    people.add_user("bob", allow("s3:*"))
    rows = [{"EvalActionName": STOP, **result}] if result else []
    world.reply("iam.SimulatePrincipalPolicy", {"EvaluationResults": rows})
    assert judged(TRAIL, world, {"use_simulator": True}).status is status
    [asked] = [call for call in world.calls if call.operation == "SimulatePrincipalPolicy"]
    assert asked.arguments == {
        "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/alice",
        "ActionNames": [STOP],
        "ResourceArns": [ARN],
    }
    world.deny("iam.SimulatePrincipalPolicy")
    assert reason_of(judged(TRAIL, world, {"use_simulator": True})).missing_action == "iam:SimulatePrincipalPolicy"


def test_a_member_without_a_trail_of_its_own_is_not_judged() -> None:
    world = World()
    world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True)
    Identities(world).add_user("alice", allow("*"))
    assert judged(TRAIL, world).status is NA
    assert not [call for call in world.calls if call.service == "iam"]
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert reason_of(judged(TRAIL, world)).region == "eu-west-1"


def test_a_region_that_cannot_be_listed_may_hold_a_trail_that_others_may_stop() -> None:
    world, people = peopled()
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert reason_of(judged(TRAIL, world)).operation == "cloudtrail.DescribeTrails"
    people.add_user("alice", allow(STOP))
    assert judged(TRAIL, world).status is FAIL


@pytest.mark.parametrize("check", [TRAIL, BUCKET])
def test_refused_or_unfinished_details_are_an_error(check: str) -> None:
    world, _ = peopled()
    world.deny(DETAILS)
    assert reason_of(judged(check, world)).missing_action == "iam:GetAccountAuthorizationDetails"
    empty: dict[str, Any] = {key: [] for key in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")}
    world.reply(DETAILS, {**empty, "IsTruncated": True, "Marker": "more"})
    assert reason_of(judged(check, world)).code is ReasonCode.TRUNCATED
    world.reply(DETAILS, empty)
    assert judged(check, world).status is PASS
    del empty["RoleDetailList"]
    world.reply(DETAILS, empty)
    assert reason_of(judged(check, world)).code is ReasonCode.UNEXPECTED


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/Gone"}]}, ReasonCode.UNEXPECTED),
        ({"PermissionsBoundary": {"PermissionsBoundaryArn": "arn:gone"}}, ReasonCode.UNEXPECTED),
        ({"GroupList": ["gone"]}, ReasonCode.UNEXPECTED),
        ({"UserPolicyList": [{"PolicyName": "p", "PolicyDocument": "{"}]}, ReasonCode.UNPARSEABLE),
    ],
)
def test_a_policy_that_is_not_known_proves_nothing(row: dict[str, Any], code: ReasonCode) -> None:
    """It may allow, and it may deny what another one allows."""
    assert reason_of(user(**row)).code is code
    statement = {"UserPolicyList": [{"PolicyName": "q", "PolicyDocument": document(allow(STOP))}]}
    assert reason_of(user(**{**statement, **row})).code is code
    world, people = peopled()
    people.add_user("alice", **row)
    people.add_user("bob", allow(STOP))
    assert judged(TRAIL, world).status is FAIL


# --- iam-log-bucket-disruptors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        (allow("s3:DeleteObject", on=f"{LOGS}/*"), FAIL),
        (allow("s3:DeleteObjectVersion", on=f"{LOGS}/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/*"), FAIL),
        (allow("s3:DeleteObject", on=f"{LOGS}/reports/*"), PASS),
        (allow("s3:DeleteObject", on=LOGS), PASS),
        (allow("s3:PutLifecycleConfiguration", on=LOGS), FAIL),
        (allow("s3:PutBucketPolicy", on="arn:aws:s3:::other"), PASS),
        (allow("s3:BypassGovernanceRetention"), FAIL),
        (allow("s3:PutBucketVersioning", on="arn:aws:s3:::*"), FAIL),
        (allow("s3:Get*", "s3:List*"), PASS),
        (allow("kms:ScheduleKeyDeletion"), PASS),
    ],
)
def test_who_may_alter_or_delete_logs(statement: dict[str, Any], status: Status) -> None:
    row = user(statement, check=BUCKET)
    assert row.status is status, row.message


def refusing(*exempt: str, key: str = "aws:PrincipalArn", **more: Any) -> dict[str, Any]:
    condition = {"StringNotLike": {key: list(exempt)}}
    fields = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [LOGS, f"{LOGS}/*"]}
    return {**fields, "Condition": condition, **more}


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        (refusing(f"arn:aws:iam::{ACCOUNT}:role/archivist"), ["archivist"]),
        (refusing("AROA00000000000000000:*", key="aws:userid"), ["archivist"]),
        (refusing("AROA00000000000000000:nightly", key="aws:userid"), ["archivist"]),
        (refusing("AIDA00000000000000001", key="aws:userid"), ["alice"]),
        (refusing(f"arn:aws:iam::{ACCOUNT}:role/archivist", Resource=f"{LOGS}/*"), ["archivist", "alice"]),
        (refusing(f"arn:aws:iam::{ACCOUNT}:role/archivist", Action="s3:Put*"), ["archivist", "alice"]),
        (
            refusing(f"arn:aws:iam::{ACCOUNT}:role/archivist", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}),
            ["archivist", "alice"],
        ),
    ],
)
def test_a_deny_of_the_bucket_policy_that_exempts_named_roles(statement: dict[str, Any], names: list[str]) -> None:
    world, people = peopled()
    people.add_role("archivist", allow("*"))
    people.add_user("alice", allow("s3:*"))
    world.reply("s3.GetBucketPolicy", {"Policy": canonical(document(statement))}, Bucket="main-logs")
    assert holders(judged(BUCKET, world)) == names


@pytest.mark.parametrize(
    ("principal", "names"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/alice", ["alice"]),
        (f"arn:aws:iam::{ACCOUNT}:root", []),
        (ACCOUNT, []),
        ("*", ["alice", "bob"]),
        (MANAGEMENT, []),
    ],
)
def test_a_bucket_policy_that_names_a_principal_grants_by_itself(principal: str, names: list[str]) -> None:
    """The account as principal grants nothing beyond what identity policies do."""
    world, people = peopled()
    people.add_user("alice", allow("ec2:*"))
    people.add_user("bob")
    grant = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "s3:DeleteObject", "Resource": f"{LOGS}/*"}
    world.reply("s3.GetBucketPolicy", {"Policy": canonical(document(grant))}, Bucket="main-logs")
    assert holders(judged(BUCKET, world)) == names


KEY_ADMIN = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("principal", "names"),
    [
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ["alice"]),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}, ["bob"]),
        ({"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}, []),
        ({"AWS": "*"}, ["alice", "bob"]),
    ],
)
def test_identity_policies_reach_a_key_only_where_its_policy_lets_them(principal: Any, names: list[str]) -> None:
    world = World()
    world.add_trail("main", key="k")
    people = Identities(world)
    people.add_user("alice", allow("kms:*"))
    people.add_user("bob")
    policy = canonical(document({**KEY_ADMIN, "Principal": principal}))
    world.reply("kms.GetKeyPolicy", {"Policy": policy})
    assert holders(judged(BUCKET, world)) == names
    world.deny("kms.GetKeyPolicy")
    assert reason_of(judged(BUCKET, world)).missing_action == "kms:GetKeyPolicy"


def test_a_compliance_lock_may_be_enough_and_settings_are_listed_still() -> None:
    world, people = peopled()
    people.add_user("alice", allow("s3:*"))
    people.add_user("bob", allow("s3:DeleteObject"))
    accept = {"accept_compliance_lock": True}
    row = judged(BUCKET, world, accept)
    assert (row.status, holders(row)) == (NA, ["alice"])
    assert judged(BUCKET, world).status is FAIL
    rule = {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 365}}, "ObjectLockEnabled": "Enabled"}
    world.reply("s3.GetObjectLockConfiguration", {"ObjectLockConfiguration": rule}, Bucket="main-logs")
    assert judged(BUCKET, world, accept).status is FAIL
    world.deny("s3.GetObjectLockConfiguration")
    assert reason_of(judged(BUCKET, world, accept)).operation == "s3.GetObjectLockConfiguration"


def test_a_bucket_is_its_owners_and_an_owner_out_of_reach_is_an_error() -> None:
    world = World()
    world.add_bucket("archive", owner=MANAGEMENT)
    world.add_trail("main", bucket="archive")
    Identities(world).add_user("alice", allow("*"))
    assert reason_of(judged(BUCKET, world)).code is ReasonCode.CROSS_ACCOUNT
    row = judged(BUCKET, world, peers=[MANAGEMENT], log_accounts=[MANAGEMENT])
    assert row.status is NA
    assert judged(BUCKET, World()).status is NA


def test_a_refused_bucket_policy_is_an_error() -> None:
    world, _ = peopled()
    world.deny("s3.GetBucketPolicy")
    assert reason_of(judged(BUCKET, world)).missing_action == "s3:GetBucketPolicy"


# --- iam-cloudwatch-role-least-privilege ----------------------------------------------------------------------------

GROUP = "trail-events"
STREAMS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}:log-stream:"
WRITING = ("logs:CreateLogStream", "logs:PutLogEvents")
MINIMAL = allow(*WRITING, on=f"{STREAMS}{ACCOUNT}_CloudTrail_us-east-1*")


def streaming(**trail: Any) -> tuple[World, Identities]:
    world = World()
    Organizing(world, management=ACCOUNT)
    world.add_trail("main", log_group=GROUP, **trail)
    return world, Identities(world)


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        (MINIMAL, PASS),
        (allow("logs:PutLogEvents", on=f"{STREAMS}{ACCOUNT}_CloudTrail_*"), PASS),
        (allow("Logs:putlogevents", on=f"{STREAMS}{ACCOUNT}_CloudTrail_us-east-1"), PASS),
        (deny("*"), PASS),
        (allow("logs:*", on=MINIMAL["Resource"]), FAIL),
        (allow(*WRITING, "logs:CreateLogGroup", on=MINIMAL["Resource"]), FAIL),
        (allow(*WRITING), FAIL),
        (allow(*WRITING, on=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}:*"), FAIL),
        (allow(*WRITING, on=[MINIMAL["Resource"], "arn:aws:logs:*"]), FAIL),
        (allow(*WRITING, on=MINIMAL["Resource"].replace(GROUP, "other")), FAIL),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": MINIMAL["Resource"]}, FAIL),
        ({"Effect": "Allow", "Action": list(WRITING), "NotResource": "arn:aws:s3:::x"}, FAIL),
    ],
)
def test_the_role_may_write_into_the_trails_streams_and_nothing_else(statement: dict[str, Any], status: Status) -> None:
    world, people = streaming()
    people.log_role(statement)
    row = judged(ROLE, world)
    assert (row.status, row.subject) == (status, ARN), row.message
    people.log_role(MINIMAL, managed={"arn:aws:iam::aws:policy/More": [statement]})
    assert judged(ROLE, world).status is status


@pytest.mark.parametrize(
    ("principal", "status"),
    [
        ({"Service": "cloudtrail.amazonaws.com"}, PASS),
        ({"Service": ["cloudtrail.amazonaws.com", "ec2.amazonaws.com"]}, FAIL),
        ({"Service": "cloudtrail.amazonaws.com", "AWS": ACCOUNT}, FAIL),
        ("*", FAIL),
    ],
)
def test_only_cloudtrail_may_assume_the_role(principal: Any, status: Status) -> None:
    world, people = streaming()
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    people.log_role(MINIMAL, trust=[trust])
    assert judged(ROLE, world).status is status
    excluding = {"Effect": "Allow", "NotPrincipal": {"AWS": MANAGEMENT}, "Action": "sts:AssumeRole"}
    people.log_role(MINIMAL, trust=[trust, {**trust, "Effect": "Deny"}, excluding])
    assert judged(ROLE, world).status is FAIL


def test_an_organization_trail_writes_the_members_streams_too() -> None:
    world, people = streaming(IsOrganizationTrail=True)
    people.log_role(MINIMAL)
    assert "where the events of members go" in judged(ROLE, world).message
    members = f"{STREAMS}o-exampleorgid_*"
    people.log_role(MINIMAL, allow("logs:PutLogEvents", on=members))
    assert judged(ROLE, world).status is FAIL
    people.log_role(allow(*WRITING, on=[MINIMAL["Resource"], members]))
    assert judged(ROLE, world).status is PASS
    people.log_role(allow(*WRITING, on=[MINIMAL["Resource"], members, f"{STREAMS}o-another_*"]))
    assert judged(ROLE, world).status is FAIL
    world, people = streaming()
    people.log_role(allow(*WRITING, on=[MINIMAL["Resource"], members]))
    assert judged(ROLE, world).status is FAIL


def test_without_integration_or_without_the_role_nothing_applies() -> None:
    world, _ = peopled()
    assert judged(ROLE, world).status is NA
    for missing in ("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"):
        half, _ = streaming(**{missing: None})
        assert judged(ROLE, half).status is NA
    world, people = streaming()
    people.log_role(MINIMAL)
    world.error("iam.GetRole", "NoSuchEntity", status=404)
    row = judged(ROLE, world)
    assert row.status is NA
    assert "does not exist" in row.message


@pytest.mark.parametrize(
    "operation",
    ["GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies", "GetPolicy", "GetPolicyVersion"],
)
def test_a_refused_read_of_the_role_is_an_error(operation: str) -> None:
    world, people = streaming()
    people.log_role(MINIMAL, managed={"arn:aws:iam::aws:policy/More": [MINIMAL]})
    world.deny(f"iam.{operation}")
    assert reason_of(judged(ROLE, world)).missing_action == f"iam:{operation}"


def test_another_accounts_role_is_read_there_or_not_at_all() -> None:
    """A role of the same name in this account is another one."""
    world = World()
    Organizing(world)
    world.add_trail("org", owner=MANAGEMENT, log_group=GROUP, IsOrganizationTrail=True)
    streams = STREAMS.replace(ACCOUNT, MANAGEMENT)
    held = allow(*WRITING, on=[f"{streams}{MANAGEMENT}_CloudTrail_*", f"{streams}o-exampleorgid_*"])
    Identities(world).log_role(held, account=MANAGEMENT)
    assert reason_of(judged(ROLE, world)).code is ReasonCode.CROSS_ACCOUNT
    assert not [call for call in world.calls if call.service == "iam"]
    assert judged(ROLE, world, peers=[MANAGEMENT]).status is PASS


def test_a_policy_of_the_role_that_is_none_is_an_error() -> None:
    world, people = streaming()
    people.log_role(MINIMAL)
    world.reply("iam.GetRolePolicy", {"PolicyDocument": "%7B"})
    assert reason_of(judged(ROLE, world)).code is ReasonCode.UNPARSEABLE
    people.log_role(MINIMAL)
    world.reply("iam.GetRole", {"Role": {"AssumeRolePolicyDocument": quote(canonical(document(MINIMAL)))}})
    assert reason_of(judged(ROLE, world)).code is ReasonCode.UNPARSEABLE
