"""The organization's trail, its home, its administrators and its archive, seen from every kind of account."""

from typing import Any

import pytest

from trailwarden.model import ReasonCode, Status
from trailwarden.testing import ACCOUNT, MANAGEMENT, Organizing, World, ago, reason_of, run_check, standalone, status_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
EXISTS, MEMBER, HOME = "org-trail-exists", "org-trail-covers-member", "org-trail-home-region-not-opt-in"
TRUST, ADMINS, ARCHIVE = "org-trusted-access", "org-delegated-admin-expected", "org-log-archive-separation"
DELIVERING, PUBLIC = "org-all-accounts-delivering", "org-s3-block-public-access-policy"
ARCHIVER, OTHER = "222233334444", "333344445555"


def organized(**options: Any) -> tuple[World, Organizing]:
    world = World(**{key: options.pop(key) for key in ("regions", "opted_in", "disabled") if key in options})
    return world, Organizing(world, **options)


def with_trail(*, owner: str = MANAGEMENT, **row: Any) -> tuple[World, str]:
    world, _ = organized(management=owner)
    return world, world.add_trail("org", owner=owner, **{"IsOrganizationTrail": True, **row})


# --- org-trail-exists -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", [ACCOUNT, MANAGEMENT])
def test_the_organizations_trail_passes_in_its_account_and_in_a_member(owner: str) -> None:
    world, arn = with_trail(owner=owner)
    [row] = run_check(EXISTS, world)
    assert (row.status, row.observed["satisfying"]) == (PASS, [arn])


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"IsOrganizationTrail": False}, {}),
        ({"IsMultiRegionTrail": False}, {}),
        ({}, {"IsLogging": False}),
    ],
)
def test_each_lack_of_the_organizations_trail_fails(row: dict[str, Any], status: dict[str, Any]) -> None:
    world, _ = organized(management=ACCOUNT)
    world.add_trail("org", status=status, **{"IsOrganizationTrail": True, **row})
    assert status_of(EXISTS, world) is FAIL


def test_a_former_management_accounts_trail_is_not_the_organizations() -> None:
    """The account in the ARN is compared with the management account of today."""
    world, _ = organized()
    world.add_trail("org", owner=OTHER, IsOrganizationTrail=True)
    [row] = run_check(EXISTS, world)
    assert row.status is FAIL
    assert "is not the management account's" in str(row.observed)


def test_an_account_in_no_organization_needs_no_organization_trail() -> None:
    world = World()
    standalone(world)
    assert status_of(EXISTS, world) is NA
    assert status_of(MEMBER, world) is NA


@pytest.mark.parametrize("check", [EXISTS, MEMBER, TRUST])
def test_a_common_bill_alone_can_have_no_trail(check: str) -> None:
    world, _ = organized(feature_set="CONSOLIDATED_BILLING")
    [row] = run_check(check, world)
    assert (row.status, row.observed) == (NA, {"FeatureSet": "CONSOLIDATED_BILLING"})


def test_unknown_membership_is_an_error_only_without_an_organization_trail_in_sight() -> None:
    world, _ = with_trail()
    world.deny("organizations.DescribeOrganization")
    assert status_of(EXISTS, world) is PASS
    lonely = World()
    lonely.deny("organizations.DescribeOrganization")
    assert reason_of(run_check(EXISTS, lonely)[0]).missing_action == "organizations:DescribeOrganization"
    assert status_of(MEMBER, lonely) is ERROR


def test_an_unread_region_may_hold_the_organizations_trail() -> None:
    world, _ = organized()
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert reason_of(run_check(EXISTS, world)[0]).region == "eu-west-1"


# --- org-trail-covers-member ----------------------------------------------------------------------------------------


def test_a_member_with_a_working_copy_in_every_region_passes() -> None:
    world, arn = with_trail()
    [row] = run_check(MEMBER, world)
    assert row.status is PASS
    asked = [call for call in world.calls if call.name == "cloudtrail.GetTrailStatus"]
    assert {(call.region, call.arguments["Name"]) for call in asked} == {("eu-west-1", arn), ("us-east-1", arn)}


def test_a_delegated_administrator_is_a_member_too() -> None:
    world, organization = organized()
    organization.delegate(ACCOUNT)
    world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True)
    assert status_of(MEMBER, world) is PASS


def test_a_region_without_the_copy_fails() -> None:
    world, _ = with_trail()
    world.list_in("eu-west-1", [])
    [row] = run_check(MEMBER, world)
    assert (row.status, row.message) == (FAIL, "the organization's trail has no copy in region eu-west-1")


@pytest.mark.parametrize("fields", [{"IsLogging": False}, {"LatestDeliveryError": "AccessDenied"}])
def test_a_copy_that_records_nothing_in_one_region_fails(fields: dict[str, Any]) -> None:
    """The status speaks for the region that it was asked in."""
    world, arn = with_trail()
    world.status(arn, region="eu-west-1", **fields)
    [row] = run_check(MEMBER, world)
    assert row.status is FAIL
    assert "eu-west-1" in row.message
    assert "us-east-1" not in row.message


def test_a_copy_of_a_single_region_covers_no_other() -> None:
    world, _ = with_trail(IsMultiRegionTrail=False)
    world.list_in("eu-west-1", [])
    assert status_of(MEMBER, world) is FAIL


def test_an_own_trail_does_not_make_a_member_covered() -> None:
    world, _ = organized()
    world.add_trail("own")
    assert status_of(MEMBER, world) is FAIL


@pytest.mark.parametrize("code", ["CloudTrailARNInvalidException", "TrailNotFoundException", "AccessDeniedException"])
def test_a_refused_status_is_never_a_pass(code: str) -> None:
    world, _ = with_trail()
    world.error("cloudtrail.GetTrailStatus", code)
    assert reason_of(run_check(MEMBER, world)[0]).code is ReasonCode.NOT_VISIBLE_FROM_MEMBER


def test_the_management_account_is_no_member() -> None:
    world, _ = with_trail(owner=ACCOUNT)
    assert status_of(MEMBER, world) is NA


def test_a_member_is_known_by_its_shadow_when_organizations_is_silent() -> None:
    world, _ = with_trail()
    world.deny("organizations.DescribeOrganization")
    assert status_of(MEMBER, world) is PASS


def test_a_region_that_can_not_be_listed_may_lack_the_copy() -> None:
    world, _ = with_trail()
    world.deny("cloudtrail.DescribeTrails", region="eu-west-1")
    assert reason_of(run_check(MEMBER, world)[0]).region == "eu-west-1"


# --- org-trail-home-region-not-opt-in -------------------------------------------------------------------------------


def at_opt_in_home() -> tuple[World, Organizing]:
    world, organization = organized(management=ACCOUNT, opted_in=["eu-south-1"])
    world.add_trail("org", home="eu-south-1", IsOrganizationTrail=True)
    return world, organization


def test_a_home_that_is_on_by_default_passes_without_asking_the_organization() -> None:
    world, _ = with_trail(owner=ACCOUNT)
    assert status_of(HOME, world) is PASS
    assert "organizations.ListAccounts" not in {call.name for call in world.calls}


def test_an_ordinary_trail_may_live_where_it_likes() -> None:
    world, _ = organized()
    world.add_trail("own")
    assert status_of(HOME, world) is NA


@pytest.mark.parametrize(("status", "expected"), [("opted-in", PASS), ("not-opted-in", FAIL)])
def test_an_opt_in_home_needs_every_member(status: str, expected: Status) -> None:
    world, organization = at_opt_in_home()
    organization.add_account(OTHER)
    organization.add_account("444455556666", state="SUSPENDED")
    rows = [{"RegionName": "eu-south-1", "OptInStatus": status}]
    world.reply("ec2.DescribeRegions", {"Regions": rows}, account=OTHER)
    assert status_of(HOME, world, peers=[OTHER]) is expected


def test_members_out_of_reach_leave_an_opt_in_home_undecided() -> None:
    world, organization = at_opt_in_home()
    organization.add_account(OTHER)
    [row] = run_check(HOME, world)
    assert (reason_of(row).code, reason_of(row).account) == (ReasonCode.CROSS_ACCOUNT, OTHER)
    world.deny("ec2.DescribeRegions", account=OTHER)
    assert reason_of(run_check(HOME, world, peers=[OTHER])[0]).missing_action == "ec2:DescribeRegions"


def test_one_member_without_the_home_fails_whatever_the_others_say() -> None:
    world, organization = at_opt_in_home()
    organization.add_account(OTHER)
    organization.add_account(ARCHIVER)
    world.reply("ec2.DescribeRegions", {"Regions": []}, account=OTHER)
    [row] = run_check(HOME, world, peers=[OTHER])
    assert (row.status, row.observed["without it"]) == (FAIL, OTHER)


# --- org-trusted-access and org-delegated-admin-expected ------------------------------------------------------------


def test_trusted_access() -> None:
    world, organization = organized(management=ACCOUNT)
    assert status_of(TRUST, world) is PASS
    organization.trust("config.amazonaws.com")
    assert status_of(TRUST, world) is FAIL


@pytest.mark.parametrize("check", [TRUST, ADMINS])
def test_a_member_may_not_ask_and_that_is_no_answer(check: str) -> None:
    world, organization = organized()
    organization.refuse()
    assert reason_of(run_check(check, world)[0]).code is ReasonCode.NOT_VISIBLE_FROM_MEMBER


@pytest.mark.parametrize("check", [TRUST, ADMINS])
def test_the_management_account_is_asked_where_its_credentials_are_at_hand(check: str) -> None:
    world, organization = organized()
    organization.refuse(account=ACCOUNT)
    assert status_of(check, world, peers=[MANAGEMENT]) is PASS


@pytest.mark.parametrize("check", [TRUST, ADMINS])
def test_without_an_organization_there_is_nobody_to_trust(check: str) -> None:
    world = World()
    standalone(world)
    assert status_of(check, world) is NA


@pytest.mark.parametrize(
    ("admins", "params", "expected"),
    [
        ([], {}, PASS),
        ([], {"require_one": True}, FAIL),
        ([OTHER], {}, FAIL),
        ([OTHER], {"expected_account_ids": [OTHER]}, PASS),
        ([OTHER], {"expected_account_ids": [OTHER, ARCHIVER], "require_one": True}, PASS),
        ([OTHER, ARCHIVER], {"expected_account_ids": [OTHER]}, FAIL),
    ],
)
def test_delegated_administrators(admins: list[str], params: dict[str, Any], expected: Status) -> None:
    world, organization = organized(management=ACCOUNT)
    organization.delegate(*admins)
    assert status_of(ADMINS, world, params) is expected
    [call] = [call for call in world.calls if call.name == "organizations.ListDelegatedAdministrators"]
    assert call.arguments == {"ServicePrincipal": "cloudtrail.amazonaws.com"}


def test_administrators_on_the_second_page_count() -> None:
    world, organization = organized(management=ACCOUNT)
    organization.delegate()
    first = {"DelegatedAdministrators": [], "NextToken": "2"}
    second = {"DelegatedAdministrators": [{"Id": OTHER}]}
    world.reply("organizations.ListDelegatedAdministrators", first)
    world.reply("organizations.ListDelegatedAdministrators", second, NextToken="2")
    assert status_of(ADMINS, world) is FAIL


def test_a_page_that_leads_back_is_no_end() -> None:
    world, _ = organized(management=ACCOUNT)
    world.reply("organizations.ListDelegatedAdministrators", {"DelegatedAdministrators": [], "NextToken": "1"})
    assert reason_of(run_check(ADMINS, world)[0]).code is ReasonCode.TRUNCATED


# --- org-log-archive-separation -------------------------------------------------------------------------------------

ARCHIVES = {"log_archive_account_ids": [ARCHIVER]}


def archived(bucket_owner: str, **options: Any) -> World:
    """A trail whose bucket another account may own."""
    world = World()
    world.add_bucket("logs", owner=bucket_owner)
    world.add_trail("main", bucket="logs", **options)
    return world


def test_logs_in_the_archive_pass() -> None:
    """Proven with the archive's own credentials, or by an owner condition that S3 accepts from the logged account."""
    world = archived(ARCHIVER)
    assert status_of(ARCHIVE, world, ARCHIVES, peers=[ARCHIVER], log_accounts=[ARCHIVER]) is PASS
    world.reply("s3.HeadBucket", {}, account=ACCOUNT, Bucket="logs", ExpectedBucketOwner=ARCHIVER)
    assert status_of(ARCHIVE, world, ARCHIVES) is PASS


def test_logs_in_the_logged_account_fail() -> None:
    assert status_of(ARCHIVE, archived(ACCOUNT), ARCHIVES) is FAIL
    hidden = archived(ARCHIVER)
    hidden.reply("s3.ListBuckets", {"Buckets": [{"Name": "logs"}]})
    assert status_of(ARCHIVE, hidden, ARCHIVES) is FAIL


def test_an_organizations_logs_in_the_management_account_fail() -> None:
    """Even where somebody lists it among the archives."""
    world = archived(MANAGEMENT, owner=MANAGEMENT, IsOrganizationTrail=True)
    params = {"log_archive_account_ids": [MANAGEMENT, ARCHIVER]}
    [row] = run_check(ARCHIVE, world, params, peers=[MANAGEMENT])
    assert (row.status, row.observed["owner"]) == (FAIL, MANAGEMENT)


def test_logs_in_some_other_account_fail_where_archives_are_named() -> None:
    world = archived(OTHER)
    options: dict[str, Any] = {"peers": [OTHER], "log_accounts": [OTHER]}
    assert status_of(ARCHIVE, world, ARCHIVES, **options) is FAIL
    assert reason_of(run_check(ARCHIVE, world, **options)[0]).code is ReasonCode.CROSS_ACCOUNT


def test_a_member_knows_the_management_account_when_it_sees_it() -> None:
    """Neither in the member's own listing of buckets nor of another account."""
    world = archived(MANAGEMENT, owner=MANAGEMENT, IsOrganizationTrail=True)
    [row] = run_check(ARCHIVE, world, ARCHIVES, peers=[MANAGEMENT])
    assert (row.status, "management account" in row.message) == (FAIL, True)
    world = archived(ACCOUNT, owner=MANAGEMENT, IsOrganizationTrail=True)
    [row] = run_check(ARCHIVE, world, ARCHIVES, peers=[MANAGEMENT])
    assert (row.status, "the account that they tell of" in row.message) == (FAIL, True)


def test_a_refusal_may_mean_another_owner_or_no_permission() -> None:
    assert reason_of(run_check(ARCHIVE, archived(ARCHIVER), ARCHIVES)[0]).code is ReasonCode.CROSS_ACCOUNT


def test_the_archive_itself_and_a_policy_that_allows_it_are_left_out() -> None:
    world = archived(ACCOUNT)
    assert status_of(ARCHIVE, world, {"log_archive_account_ids": [ACCOUNT]}) is NA
    assert status_of(ARCHIVE, world, {"allow_same_account": True}) is NA


def test_a_bucket_that_is_gone_is_in_no_account() -> None:
    world = archived(ACCOUNT)
    world.error("s3.HeadBucket", "404", status=404)
    assert reason_of(run_check(ARCHIVE, world, ARCHIVES)[0]).code is ReasonCode.NOT_FOUND


# --- org-s3-block-public-access-policy ------------------------------------------------------------------------------

REQUIRED = {"require": True}


def s3_policy(content: str) -> World:
    world, _ = organized()
    policy = {"PolicyContent": content, "PolicyType": "S3_POLICY"}
    world.reply("organizations.DescribeEffectivePolicy", {"EffectivePolicy": policy}, PolicyType="S3_POLICY")
    return world


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"s3_attributes": {"public_access_block_configuration": "all"}}', PASS),
        ('{"s3_attributes": {"public_access_block_configuration": "none"}}', FAIL),
        ("{}", FAIL),
        ('{"s3_attributes": {"public_access_block_configuration": "some"}}', ERROR),
        ("[]", ERROR),
        ("{", ERROR),
    ],
)
def test_effective_s3_policy(content: str, expected: Status) -> None:
    assert status_of(PUBLIC, s3_policy(content), REQUIRED) is expected


def test_no_effective_s3_policy_is_a_fact() -> None:
    world, _ = organized()
    world.error("organizations.DescribeEffectivePolicy", "EffectivePolicyNotFoundException")
    assert status_of(PUBLIC, world, REQUIRED) is FAIL
    assert status_of(PUBLIC, world) is NA
    world.deny("organizations.DescribeEffectivePolicy")
    assert reason_of(run_check(PUBLIC, world, REQUIRED)[0]).missing_action == "organizations:DescribeEffectivePolicy"
    standalone(world)
    assert status_of(PUBLIC, world, REQUIRED) is NA


@pytest.mark.parametrize("check", [DELIVERING, HOME])
def test_what_concerns_all_members_is_judged_once_with_the_trails_own_account(check: str) -> None:
    """A thousand members that each listed what a thousand members deliver would be a million listings."""
    world, _ = organized(opted_in=["eu-south-1"])
    world.add_trail("org", owner=MANAGEMENT, home="eu-south-1", bucket="logs", IsOrganizationTrail=True)
    [row] = run_check(check, world, peers=[MANAGEMENT])
    assert row.status is NA
    assert f"judged with account {MANAGEMENT}" in row.message
    assert not {"s3.ListObjectsV2"} & {call.name for call in world.calls}


# --- org-all-accounts-delivering ------------------------------------------------------------------------------------


def digest(account: str, region: str, *, hours: float, trail: str = "org") -> dict[str, Any]:
    name = f"{account}_CloudTrail-Digest_{region}_{trail}_us-east-1_20260601T000000Z.json.gz"
    folder = f"pre/AWSLogs/o-exampleorgid/{account}/CloudTrail-Digest/{region}/2026/06/01"
    return {"Key": f"{folder}/{name}", "LastModified": ago(hours=hours)}


def delivered(rows: dict[tuple[str, str], list[dict[str, Any]]]) -> tuple[World, Organizing]:
    world, organization = organized(management=ACCOUNT)
    organization.add_account(OTHER)
    world.add_trail("org", bucket="logs", S3KeyPrefix="pre", IsOrganizationTrail=True)
    world.reply("s3.ListObjectsV2", {"KeyCount": 0})
    for (account, region), found in rows.items():
        prefix = f"pre/AWSLogs/o-exampleorgid/{account}/CloudTrail-Digest/{region}/"
        world.reply("s3.ListObjectsV2", {"KeyCount": len(found), "Contents": found}, Bucket="logs", Prefix=prefix)
    return world, organization


FRESH = {(item, "us-east-1"): [digest(item, "us-east-1", hours=1)] for item in (ACCOUNT, OTHER)}


def test_fresh_digests_of_every_active_account_pass() -> None:
    world, organization = delivered(FRESH)
    organization.add_account("444455556666", state="SUSPENDED")
    organization.add_account("555566667777", joined=ago(hours=23))
    [row] = run_check(DELIVERING, world)
    assert row.status is PASS
    assert row.observed["accounts"] == 2
    call = next(call for call in world.calls if call.name == "s3.ListObjectsV2")
    assert call.arguments["StartAfter"].endswith("/us-east-1/2026/05/25")


@pytest.mark.parametrize(
    ("found", "params", "expected"),
    [
        ([digest(OTHER, "us-east-1", hours=3)], {}, PASS),
        ([digest(OTHER, "us-east-1", hours=3.1)], {}, FAIL),
        ([digest(OTHER, "us-east-1", hours=3.1)], {"max_age_hours": 4}, PASS),
        ([digest(OTHER, "us-east-1", hours=1, trail="other")], {}, FAIL),
        ([], {}, FAIL),
        ([], {"max_age_hours": 24 * 8}, ERROR),
    ],
)
def test_an_account_without_a_fresh_digest(found: list[Any], params: dict[str, Any], expected: Status) -> None:
    world, _ = delivered({**FRESH, (OTHER, "us-east-1"): found})
    assert status_of(DELIVERING, world, params) is expected


@pytest.mark.parametrize(("joined", "accounts"), [(24, 3), (23.9, 2)])
def test_the_grace_ends_with_its_last_hour(joined: float, accounts: int) -> None:
    world, organization = delivered(FRESH)
    organization.add_account("555566667777", joined=ago(hours=joined))
    [row] = run_check(DELIVERING, world)
    assert row.observed["accounts"] == accounts


@pytest.mark.parametrize(("days", "expected"), [(7, FAIL), (7.1, ERROR)])
def test_older_digests_than_are_listed_decide_nothing(days: float, expected: Status) -> None:
    world, _ = delivered({**FRESH, (OTHER, "us-east-1"): []})
    assert status_of(DELIVERING, world, {"max_age_hours": int(days * 24)}) is expected
    world, _ = delivered(FRESH)
    assert status_of(DELIVERING, world, {"max_age_hours": 24 * 8}) is PASS


def test_a_new_account_has_its_grace() -> None:
    world, organization = delivered(FRESH)
    organization.add_account("555566667777", joined=ago(hours=25))
    assert status_of(DELIVERING, world) is FAIL
    assert status_of(DELIVERING, world, {"join_grace_hours": 26}) is PASS


def test_accounts_on_the_second_page_must_deliver_too() -> None:
    world, _ = delivered(FRESH)
    world.reply("organizations.ListAccounts", {"Accounts": [{"Id": ACCOUNT, "Status": "ACTIVE"}], "NextToken": "2"})
    second = {"Accounts": [{"Id": "555566667777", "State": "ACTIVE"}]}
    world.reply("organizations.ListAccounts", second, NextToken="2")
    [row] = run_check(DELIVERING, world)
    assert row.status is FAIL
    assert "555566667777" in row.message


def test_all_regions_of_each_account() -> None:
    everywhere = {(item, region): [digest(item, region, hours=1)] for item in (ACCOUNT, OTHER) for region in ("eu-west-1", "us-east-1")}  # fmt: skip
    world, _ = delivered(everywhere)
    assert status_of(DELIVERING, world, {"regions": "all"}, peers=[OTHER]) is PASS
    assert reason_of(run_check(DELIVERING, world, {"regions": "all"})[0]).code is ReasonCode.CROSS_ACCOUNT
    missing = {key: rows for key, rows in everywhere.items() if key != (OTHER, "eu-west-1")}
    world, _ = delivered(missing)
    assert status_of(DELIVERING, world) is PASS
    assert status_of(DELIVERING, world, {"regions": "all"}, peers=[OTHER]) is FAIL


@pytest.mark.parametrize("row", [{"IsOrganizationTrail": False}, {"LogFileValidationEnabled": False}])
def test_without_digests_of_an_organization_there_is_nothing_to_list(row: dict[str, Any]) -> None:
    world, _ = organized(management=ACCOUNT)
    world.add_trail("org", **{"IsOrganizationTrail": True, **row})
    assert status_of(DELIVERING, world) is NA


def test_a_refused_or_broken_listing_proves_nothing() -> None:
    world, organization = delivered(FRESH)
    world.deny("s3.ListObjectsV2", Prefix=f"pre/AWSLogs/o-exampleorgid/{OTHER}/CloudTrail-Digest/us-east-1/")
    assert reason_of(run_check(DELIVERING, world)[0]).missing_action == "s3:ListBucket"
    world.reply("s3.ListObjectsV2", {"KeyCount": 0, "IsTruncated": True})
    assert reason_of(run_check(DELIVERING, world)[0]).code is ReasonCode.TRUNCATED
    world.reply("s3.ListObjectsV2", {})
    assert reason_of(run_check(DELIVERING, world)[0]).code is ReasonCode.UNEXPECTED
    organization.refuse()
    assert reason_of(run_check(DELIVERING, world)[0]).code is ReasonCode.NOT_VISIBLE_FROM_MEMBER
