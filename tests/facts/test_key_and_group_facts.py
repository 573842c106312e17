"""Keys and log groups named by trails: where they are asked about, as whom, and once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from trailwarden.errors import Unreadable
from trailwarden.facts import KeyMetadata, KmsKey, LogGroup, LogGroupDescription
from trailwarden.model import Reason, ReasonCode
from trailwarden.testing import ACCOUNT, MANAGEMENT, World

FOREIGN = f"arn:aws:kms:eu-west-1:{MANAGEMENT}:key/k"


def key_of(world: World, **options: Any) -> KmsKey:
    [key] = world.account(**options).keys
    return key


def group_of(world: World, **options: Any) -> LogGroup:
    [group] = world.account(**options).log_groups
    return group


def reason_of(read: Any) -> Reason:
    with pytest.raises(Unreadable) as caught:
        read()
    return caught.value.reason


def asked(world: World, service: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [
        (call.account, call.region, call.operation, call.arguments) for call in world.calls if call.service == service
    ]


def test_a_key_is_asked_about_in_its_region_by_arn_and_once() -> None:
    world = World()
    world.add_trail("main", home="us-east-1", KmsKeyId=f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k")
    arn = world.add_key("k", region="eu-west-1")
    key = key_of(world)
    assert (key.id, key.name, key.region, key.owner) == (arn, "k", "eu-west-1", ACCOUNT)
    assert key.metadata is key.metadata
    assert key.rotation is key.rotation
    where = (ACCOUNT, "eu-west-1")
    assert asked(world, "kms") == [
        (*where, "DescribeKey", {"KeyId": arn}),
        (*where, "GetKeyRotationStatus", {"KeyId": arn}),
    ]


@pytest.mark.parametrize("name", ["alias/logs", "1234abcd-12ab-34cd-56ef-1234567890ab"])
def test_a_key_without_an_arn_is_of_the_trails_home(name: str) -> None:
    world = World()
    world.add_trail("main", home="eu-west-1", KmsKeyId=name)
    key = key_of(world)
    assert (key.key_id, key.name, key.region, key.owner) == (name, name, "eu-west-1", ACCOUNT)


def test_metadata_is_read_whole() -> None:
    row = {
        "Arn": FOREIGN,
        "KeyState": "PendingDeletion",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "Origin": "EXTERNAL",
        "KeyManager": "CUSTOMER",
        "AWSAccountId": MANAGEMENT,
        "MultiRegionConfiguration": {"MultiRegionKeyType": "PRIMARY"},
        "ExpirationModel": "KEY_MATERIAL_EXPIRES",
        "ValidTo": "2026-07-01T00:00:00Z",
        "DeletionDate": "2026-06-08T00:00:00Z",
    }
    metadata = KeyMetadata.parse(row)
    assert metadata == KeyMetadata(
        exists=True,
        arn=FOREIGN,
        state="PendingDeletion",
        spec="SYMMETRIC_DEFAULT",
        usage="ENCRYPT_DECRYPT",
        origin="EXTERNAL",
        manager="CUSTOMER",
        owner=MANAGEMENT,
        multi_region_type="PRIMARY",
        expires=True,
        valid_to=datetime(2026, 7, 1, tzinfo=UTC),
        deletion_date=datetime(2026, 6, 8, tzinfo=UTC),
    )
    assert (metadata.region, KeyMetadata(exists=False).region) == ("eu-west-1", "")


def test_an_answer_without_metadata_is_no_answer() -> None:
    world = World()
    world.add_trail("main", key="k")
    world.reply("kms.DescribeKey", {})
    assert reason_of(lambda: key_of(world).metadata).code is ReasonCode.UNEXPECTED


def test_a_key_is_read_as_its_owner_where_the_run_has_credentials() -> None:
    world = World()
    world.add_trail("main", KmsKeyId=FOREIGN)
    world.add_key("k", region="eu-west-1", owner=MANAGEMENT)
    assert key_of(world, peers=[MANAGEMENT]).metadata.exists
    assert key_of(world).metadata.exists
    assert [who for who, *_ in asked(world, "kms")] == [MANAGEMENT, ACCOUNT]


@pytest.mark.parametrize("code", ["NotFoundException", "AccessDeniedException"])
def test_rotation_of_a_foreign_key_is_cross_account(code: str) -> None:
    world = World()
    world.add_trail("main", KmsKeyId=FOREIGN)
    world.error("kms.GetKeyRotationStatus", code)
    assert reason_of(lambda: key_of(world).rotation).code is ReasonCode.CROSS_ACCOUNT


def test_the_rotation_period_is_a_year_where_kms_says_none() -> None:
    world = World()
    world.add_trail("main", key="k")
    world.reply("kms.GetKeyRotationStatus", {"KeyRotationEnabled": False})
    rotation = key_of(world).rotation
    assert (rotation.enabled, rotation.period_days) == (False, 365)


def test_a_log_group_is_asked_about_in_its_region_by_name_and_once() -> None:
    world = World()
    world.add_trail("main", home="eu-west-1", log_group="/aws/trail:events")
    group = group_of(world)
    assert (group.id, group.name) == (
        f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/trail:events",
        "/aws/trail:events",
    )
    assert (group.region, group.owner) == ("eu-west-1", ACCOUNT)
    assert group.description is group.description
    assert asked(world, "logs") == [
        (ACCOUNT, "eu-west-1", "DescribeLogGroups", {"logGroupNamePrefix": "/aws/trail:events"})
    ]


def test_a_description_is_read_whole() -> None:
    row = {"logGroupClass": "STANDARD", "retentionInDays": 0, "kmsKeyId": "k", "deletionProtectionEnabled": True}
    assert LogGroupDescription.parse(row) == LogGroupDescription(
        exists=True, log_class="STANDARD", retention_days=0, kms_key_id="k", deletion_protection=True
    )
    assert LogGroupDescription.parse({}) == LogGroupDescription(exists=True)


def test_an_answer_without_a_list_is_no_empty_list() -> None:
    world = World()
    world.add_trail("main", log_group="g")
    world.reply("logs.DescribeLogGroups", {})
    assert reason_of(lambda: group_of(world).description).code is ReasonCode.UNEXPECTED


def test_another_accounts_log_group_is_not_looked_for_here() -> None:
    world = World()
    world.add_trail("org", owner=MANAGEMENT, IsOrganizationTrail=True, log_group="g")
    reason = reason_of(lambda: group_of(world).description)
    assert (reason.code, reason.operation) == (ReasonCode.CROSS_ACCOUNT, "logs.DescribeLogGroups")
    assert MANAGEMENT in reason.aws_message
    assert asked(world, "logs") == []
    assert group_of(world, peers=[MANAGEMENT]).description.exists
    assert [who for who, *_ in asked(world, "logs")] == [MANAGEMENT]
