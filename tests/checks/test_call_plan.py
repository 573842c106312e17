"""How many calls one account takes: what the catalogue plans (its section 4), counted on the ledger of a run.

The usual account: one trail, bucket, key, log group and topic, fifteen alerts, no event data store. GetCallerIdentity is asked while
the connection is made, before there is a ledger; it is counted here as one call.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from trailwarden import patterns
from trailwarden.calls import canonical
from trailwarden.plan import make_plan
from trailwarden.registry import checks
from trailwarden.scan import scan
from trailwarden.testing import (
    ACCOUNT,
    Alerting,
    EventRules,
    Identities,
    Lake,
    Neighbours,
    Organizing,
    Past,
    World,
    policy_of,
    selection_of,
    standalone,
)
from trailwarden.testing.identities import allow

IDENTITY = 1
NAMES = [f"eu-test-{number}" for number in range(1, 40)]
ELSEWHERE = {
    "trail-region-coverage",  # row A
    "bucket-access-log-target-sound",  # row E
    "bucket-object-lock-applied",  # samples of files, which the plan does not count
    "bucket-oldest-log-present",
}
CORE = [
    name
    for name in checks()
    if any(fnmatchcase(name, kind) for kind in ("trail-*", "bucket-*", "kms-*", "loggroup-*", "alert-*"))
    and name not in ELSEWHERE
] + ["account-public-access-block"]


def usual(regions: int, **trail: Any) -> World:
    """The usual account in this many regions."""
    world = World(regions=["us-east-1", *NAMES[: regions - 1]])
    world.add_trail("main", **{"key": "k", "log_group": "g", "HasInsightSelectors": True, **trail})
    standalone(world)
    world.reply("cloudtrail.GetInsightSelectors", {"InsightSelectors": [{"InsightType": "ApiCallRateInsight"}]})
    world.reply("cloudtrail.ListTags", {"ResourceTagList": []})
    world.reply("logs.DescribeResourcePolicies", {"resourcePolicies": []})
    world.reply("logs.DescribeSubscriptionFilters", {"subscriptionFilters": []})
    delegation = allow("kms:*", Principal={"AWS": ACCOUNT})
    world.reply("kms.GetKeyPolicy", {"Policy": canonical({"Statement": [delegation]})})
    world.reply("kms.ListGrants", {"Grants": []})
    alerting = Alerting(world, "g")
    for alert in patterns.ALERT_IDS:
        alerting.add_alert(alert, patterns.cis_texts(alert, "5.0")[-1])
    for builder in (Neighbours, Lake, EventRules, Identities, Past):
        builder(world)
    return world


def asked(world: World, names: Iterable[str], params: Mapping[str, Mapping[str, Any]] | None = None) -> Counter[str]:
    """The operations in the ledger of a run of these checks."""
    world.calls.clear()
    given = params or {}
    known = checks()
    policies = [policy_of(known[name], given.get(name)) for name in names]
    scan(make_plan(selection_of(*policies)), world.account(), jobs=1)
    found = Counter(call.name for call in world.ledger().replies)
    assert sum(found.values()) == len(world.calls)  # nothing is asked twice
    return found


def core(world: World, *more: str, params: Mapping[str, Mapping[str, Any]] | None = None) -> Counter[str]:
    replica = {"bucket-replication": {"require": "cross_region"}}
    return asked(world, [*CORE, *more], {**replica, **(params or {})})


def beyond(world: World, *more: str, params: Mapping[str, Mapping[str, Any]] | None = None) -> Counter[str]:
    """What a run asks beyond the core."""
    whole = core(world, *more, params=params)
    return whole - core(world)


def test_the_core_takes_33_calls_and_one_for_each_region() -> None:
    """All trail, bucket, key, log group and alert checks, whatever the number of regions: 50 calls for 17, 67 for 34."""
    for regions in (2, 17, 34):
        assert core(usual(regions)).total() + IDENTITY == regions + 33


def test_each_stage_of_the_core_is_the_plans() -> None:
    """But that S3 is asked for a list of buckets only where HeadBucket does not say whose one is, and CloudWatch for mute rules instead."""
    found = core(usual(17))
    bucket = (
        "HeadBucket GetBucketPolicy GetBucketPolicyStatus GetBucketAcl GetPublicAccessBlock GetBucketOwnershipControls"
    )
    bucket += " GetBucketVersioning GetObjectLockConfiguration GetBucketEncryption GetBucketLogging"
    bucket += " GetBucketLifecycleConfiguration GetBucketReplication GetBucketRequestPayment"
    stages = [
        ["ec2.DescribeRegions", "organizations.DescribeOrganization", "s3control.GetPublicAccessBlock"],
        ["cloudtrail.DescribeTrails"] * 17,
        [f"cloudtrail.{name}" for name in ("GetTrailStatus", "GetInsightSelectors", "ListTags")],
        [*(f"s3.{name}" for name in bucket.split()), "s3control.ListAccessPoints"],
        [f"kms.{name}" for name in ("DescribeKey", "GetKeyRotationStatus", "GetKeyPolicy", "ListGrants")],
        [
            *(
                f"logs.Describe{name}"
                for name in ("LogGroups", "MetricFilters", "ResourcePolicies", "SubscriptionFilters")
            ),
            "cloudwatch.DescribeAlarms",
            "cloudwatch.ListAlarmMuteRules",
        ],
        ["sns.GetTopicAttributes", "sns.ListSubscriptionsByTopic"],
    ]
    assert found == Counter(name for stage in stages for name in stage)


@pytest.mark.parametrize(("custom", "insights", "calls"), [(False, False, 2), (False, True, 3), (True, True, 4)])
def test_a_trail_takes_two_to_four_calls(custom: bool, insights: bool, calls: int) -> None:
    world = usual(2, HasInsightSelectors=insights)
    if custom:
        arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
        world.selectors(arn, basic=[{"ReadWriteType": "All", "IncludeManagementEvents": True}])
    found = core(world)
    names = ("GetTrailStatus", "GetEventSelectors", "GetInsightSelectors", "ListTags")
    assert sum(found[f"cloudtrail.{name}"] for name in names) == calls


def test_a_row_proof_in_every_region() -> None:
    """One status for each further region, for coverage and for delivery together."""
    everywhere = {name: {"regions": "all"} for name in ("trail-s3-delivery-healthy", "trail-digest-delivery-healthy")}
    for regions in (2, 17):
        found = beyond(usual(regions), "trail-region-coverage", params=everywhere)
        assert found == {"cloudtrail.GetTrailStatus": regions - 1}


LAKE = [name for name in checks() if name.startswith("lake-")]
BESIDE = [
    "config-recorder-enabled",
    "config-delivery-healthy",
    "guardduty-enabled",
    "securityhub-enabled",
    "access-analyzer-enabled",
    "vpc-flow-logs-enabled",
]


@pytest.mark.parametrize("stores", [0, 1, 3])
def test_b_row_lake(stores: int) -> None:
    world = usual(17)
    lake = Lake(world)
    for number in range(stores):
        lake.add(f"store-{number}")
    found = beyond(world, *(name for name in LAKE if name != "lake-store-organization"))
    assert found.total() == 17 + 2 * stores
    assert found["cloudtrail.ListEventDataStores"] == 17


def test_c_row_neighbours() -> None:
    """Nine calls a region: Config 3, GuardDuty 2, Security Hub 1, Access Analyzer 1, VPC 2."""
    everywhere = {"securityhub-enabled": {"regions": "all"}}
    found = beyond(usual(17), *BESIDE, params=everywhere)
    assert found.total() == 9 * 17
    assert set(found.values()) == {17}


def test_d_row_eventbridge_rules_where_calls_are_recorded() -> None:
    """Home, bucket, key and global region, each with its rules and the targets of one."""
    home = World(regions=["us-east-1", *NAMES[:3]])
    standalone(home)
    home.add_bucket("logs", region=NAMES[1])
    arn = home.add_key("far", region=NAMES[2])
    home.add_trail("main", home=NAMES[0], bucket="logs", KmsKeyId=arn)
    for region in home.regions:
        rules = EventRules(home, region)
        rules.add("watch", {"detail-type": ["AWS API Call via CloudTrail"]}, [f"arn:aws:sqs:{region}:{ACCOUNT}:q"])
    events = ["StopLogging", "PutBucketVersioning", "DisableKey", "iam.amazonaws.com:DeleteRole"]
    params = {"alert-tampering-eventbridge": {"require": True, "required_events": events}}
    found = asked(home, ["alert-tampering-eventbridge"], params)
    assert (found["events.ListRules"], found["events.ListTargetsByRule"]) == (4, 4)


def test_e_row_the_access_log_target() -> None:
    """Five calls, the last of which is for a target whose policy is public."""
    world = usual(2)
    world.add_bucket("main-logs-access")
    assert beyond(world, "bucket-access-log-target-sound").total() == 4
    public = {"PolicyStatus": {"IsPublic": True}}
    world.reply("s3.GetBucketPolicyStatus", public, Bucket="main-logs-access")
    assert beyond(world, "bucket-access-log-target-sound").total() == 5


def test_f_row_iam() -> None:
    found = beyond(usual(17), "iam-cloudtrail-disruptors", "iam-log-bucket-disruptors")
    assert found == {"iam.GetAccountAuthorizationDetails": 1}


def test_g_row_guardrails() -> None:
    """Twice the accounts, units and root from the account up, and each policy that is attached."""
    world = usual(2)
    names = [world.account_id, "ou-root-workload", "r-root"]
    organization = Organizing(world)
    for target in names:
        organization.attach(target, {"Effect": "Deny", "Action": "cloudtrail:*", "Resource": "*"})
    found = beyond(world, "org-scp-protect-cloudtrail", "org-scp-deny-leave")
    assert found.total() == 2 * len(names) + 3
    assert found["organizations.DescribePolicy"] == 3


HISTORY = [
    "history-logging-never-stopped",
    "history-trail-config-not-weakened",
    "history-log-bucket-untouched",
    "history-key-untouched",
]


def test_h_row_history_at_home_and_in_every_region() -> None:
    """14 names of CloudTrail, 20 of S3, 5 of KMS, one region each; or the first 14 in all regions."""
    home = beyond(usual(17), *HISTORY)
    assert {name: number for name, number in home.items() if "VerifyLogs" not in name} == {
        "cloudtrail.LookupEvents": 39
    }
    everywhere = {"history-logging-never-stopped": {"region_mode": "all"}}
    for regions, planned in ((17, 263), (34, 501)):
        found = beyond(usual(regions), *HISTORY, params=everywhere)
        assert found["cloudtrail.LookupEvents"] == 14 * regions + 25 == planned


def test_the_sdk_takes_every_call() -> None:
    """Names, types and lengths of the parameters; a world answers whatever it is asked."""
    world = usual(2)
    Lake(world).add("00000000-0000-4000-8000-000000000001")
    world.reply("cloudtrail.StartQuery", {"QueryId": "00000000-0000-4000-8000-000000000002"})
    world.reply("cloudtrail.GetQueryResults", {"QueryStatus": "FINISHED", "QueryResultRows": []})
    EventRules(world).add("watch", {"source": ["aws.cloudtrail"]}, [f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"])
    people = Identities(world)
    people.add_user("alice", allow("cloudtrail:*"))
    people.log_role(allow("logs:*"), managed={"arn:aws:iam::aws:policy/More": [allow("s3:*")]})
    Neighbours(world).add_vpc("us-east-1", "vpc-1", IsDefault=True)
    used = {"use": True}
    params = {
        "history-lake-query": used,
        "history-config-timeline": used,
        "alert-tampering-eventbridge": {"require": True},
        "iam-cloudtrail-disruptors": {"use_simulator": True},
        "vpc-flow-logs-enabled": {"skip_unused": True},
    }
    asked(world, checks(), params)
    models = Loader()
    faults = []
    for call in world.ledger().replies:
        if call.service == "trailwarden":
            continue
        model = ServiceModel(models.load_service_model(call.service, "service-2"), call.service)
        shape = model.operation_model(call.operation).input_shape
        if shape is None:
            assert call.arguments == {}, call
            continue
        report = ParamValidator().validate(call.arguments, shape)
        faults += [f"{call.name}: {report.generate_report()}"] if report.has_errors() else []
    assert faults == []
    assert {"StartQuery", "SimulatePrincipalPolicy", "DescribeNetworkInterfaces", "GetPolicyVersion"} <= {
        call.operation for call in world.calls
    }
