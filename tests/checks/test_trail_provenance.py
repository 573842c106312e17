"""Every verdict names the calls that it was read from, no more and no fewer, and each was asked once."""

import pytest

from trailwarden.facts import Subject, Trail
from trailwarden.model import Result
from trailwarden.testing import World, run_check

LISTED = ["ec2.DescribeRegions@us-east-1", "cloudtrail.DescribeTrails@eu-west-1", "cloudtrail.DescribeTrails@us-east-1"]
HERE = "cloudtrail.DescribeTrails@us-east-1"
STATUS = "cloudtrail.GetTrailStatus@us-east-1"
SELECTORS = "cloudtrail.GetEventSelectors@us-east-1"


def account() -> World:
    world = World()
    arn = world.add_trail("main", key="logs", log_group="events")
    world.selectors(arn, basic=[{"ReadWriteType": "All"}])
    return world


def read_by(row: Result, world: World) -> list[str]:
    asked = {call.id: call for call, _ in world.recorder.entries()}
    return sorted(f"{asked[call].name}@{asked[call].region}" for call in row.calls)


@pytest.mark.parametrize(
    ("check", "subject", "calls"),
    [
        ("trail-exists-and-logging", None, [*LISTED, STATUS]),
        ("trail-exists-and-logging", Trail, [STATUS]),
        ("trail-multi-region", None, [*LISTED, STATUS]),
        ("trail-multi-region", Trail, ["ec2.DescribeRegions@us-east-1", HERE, STATUS]),
        ("trail-global-service-events", None, [*LISTED, STATUS]),
        ("trail-global-service-events", Trail, [HERE, STATUS]),
        ("trail-management-events", None, [*LISTED, STATUS, SELECTORS]),
        ("trail-management-events", Trail, [HERE, STATUS, SELECTORS]),
        ("trail-management-no-exclusions", None, [*LISTED, STATUS, SELECTORS]),
        ("trail-management-no-exclusions", Trail, [HERE, SELECTORS]),
        ("trail-log-file-validation", None, [HERE]),
        ("trail-kms-encrypted", None, [HERE]),
        ("trail-cloudwatch-logs", None, [*LISTED, STATUS]),
        ("trail-cloudwatch-logs", Trail, [HERE, STATUS]),
        ("trail-cloudwatch-delivery-recent", None, [HERE, STATUS]),
        ("trail-s3-delivery-healthy", None, [STATUS]),
        ("trail-digest-delivery-healthy", None, [HERE, STATUS]),
        ("trail-baseline-single-trail", None, [*LISTED, STATUS, SELECTORS]),
        ("trail-covers-account", None, [HERE]),
        ("kms-key-usable", None, [HERE, "kms.DescribeKey@us-east-1", "s3.HeadBucket@us-east-1"]),
        ("kms-key-rotation", None, ["kms.DescribeKey@us-east-1", "kms.GetKeyRotationStatus@us-east-1"]),
        ("loggroup-usable", None, ["logs.DescribeLogGroups@us-east-1"]),
        ("loggroup-retention", None, ["logs.DescribeLogGroups@us-east-1"]),
    ],
)
def test_a_verdict_names_exactly_what_it_read(check: str, subject: type[Subject] | None, calls: list[str]) -> None:
    world = account()
    [row] = run_check(check, world, subject=subject)
    assert read_by(row, world) == sorted(calls)
    assert len(world.calls) == len(set(world.calls))


def test_a_region_rests_on_its_own_calls() -> None:
    world = account()
    rows = run_check("trail-region-coverage", world)
    assert {row.region: read_by(row, world) for row in rows} == {
        region: [
            f"cloudtrail.DescribeTrails@{region}",
            f"cloudtrail.GetTrailStatus@{region}",
            "ec2.DescribeRegions@us-east-1",
        ]
        for region in ("eu-west-1", "us-east-1")
    }


def test_polling_every_region_reads_every_status() -> None:
    world = account()
    [row] = run_check("trail-s3-delivery-healthy", world, {"regions": "all"})
    assert read_by(row, world) == [
        "cloudtrail.DescribeTrails@us-east-1",
        "cloudtrail.GetTrailStatus@eu-west-1",
        STATUS,
        "ec2.DescribeRegions@us-east-1",
    ]


def test_an_error_names_the_calls_that_failed() -> None:
    world = account()
    world.deny("kms.DescribeKey")
    [row] = run_check("kms-key-rotation", world)
    assert read_by(row, world) == ["kms.DescribeKey@us-east-1"]


def test_a_setting_is_read_from_the_home_regions_listing() -> None:
    """The listings agree about a trail; its home's is the one that is quoted, and another where that one was refused."""
    world = World()
    world.add_trail("main", home="us-east-1")
    [row] = run_check("trail-log-file-validation", world)
    assert read_by(row, world) == [HERE]
    world.deny("cloudtrail.DescribeTrails", region="us-east-1")
    rows = run_check("trail-log-file-validation", world)
    [row] = [row for row in rows if row.subject_type == "trail"]
    assert read_by(row, world) == ["cloudtrail.DescribeTrails@eu-west-1"]
