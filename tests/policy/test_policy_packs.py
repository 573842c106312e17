"""The built-in library and packs: one policy per check under the check's id, packs that load and can't pass on nothing."""

from fnmatch import fnmatchcase

import pytest

from trailwarden.policy.lint import known_controls
from trailwarden.policy.model import CheckNode
from trailwarden.policy.select import builtin_documents, select
from trailwarden.policy.texts import list_packs
from trailwarden.registry import checks

PACKS = [pack.id for pack in list_packs()]
FRAMEWORKS = {pack: "pci-dss-4.0.1" if pack == "pci-dss-4.0" else pack for pack in PACKS}


def test_library_policy_bears_the_id_of_its_check() -> None:
    """One name everywhere; title and remedy are the check's own."""
    for policy in select(["*"], checks=checks()).policies:
        [node] = policy.require
        assert isinstance(node, CheckNode)
        assert policy.id == node.check.id == node.name
        assert policy.title == node.check.title
        assert policy.subject is node.check.subject
        assert (policy.where, str(policy.quantifier), policy.params) == ((), "all", {})
        assert set(policy.basis) == set(policy.controls)


@pytest.mark.parametrize("pack", PACKS)
def test_pack_loads_and_asks_for_existence(pack: str) -> None:
    """An account without a trail can't pass: every pack asks whether there is one."""
    selection = select([pack], checks=checks())
    ids = [policy.id for policy in selection.policies]
    assert "trail-exists-and-logging" in ids
    assert {policy.pack for policy in selection.policies} == {pack}
    assert len(set(ids)) == len(ids)
    assert not selection.excluded


@pytest.mark.parametrize("pack", [pack for pack in PACKS if FRAMEWORKS[pack] in known_controls()])
def test_framework_pack_is_what_the_mappings_say(pack: str) -> None:
    """Its policies are those mapped to the framework, beside the question of existence."""
    mapped = {
        name
        for name, document in builtin_documents().policies.items()
        if FRAMEWORKS[pack] in document.node.data.get("mappings", {})
    }
    chosen = {policy.id for policy in select([pack], checks=checks()).policies}
    assert chosen == mapped | {"trail-exists-and-logging"}


def test_every_framework_has_its_pack() -> None:
    """But for AWS Config's rules, which are names and no framework, and versions that are superseded."""
    superseded = {"aws-config", "cis-aws-1.2", "pci-dss-3.2.1"}
    assert set(known_controls()) - set(FRAMEWORKS.values()) == superseded


def test_baseline_covers_what_was_asked() -> None:
    """On, multi-region, validated, not public, locked, streamed to CloudWatch, and all of that in fact."""
    ids = {policy.id for policy in select(["baseline"], checks=checks()).policies}
    assert ids >= {
        "trail-exists-and-logging",
        "trail-multi-region",
        "trail-log-file-validation",
        "bucket-not-public",
        "bucket-object-lock",
        "trail-cloudwatch-logs",
        "trail-s3-delivery-healthy",
        "trail-digest-delivery-healthy",
        "kms-key-usable",
        "loggroup-usable",
        "trail-baseline-single-trail",
    }
    hardened = {policy.id for policy in select(["cloudtrail-hardened"], checks=checks()).policies}
    assert ids < hardened


def test_log_archive_is_about_the_bucket_and_its_key() -> None:
    """What the owner of the archive answers for."""
    ids = [policy.id for policy in select(["log-archive"], checks=checks()).policies]
    kinds = ("bucket-*", "kms-*", "*-log-bucket-*", "*-key-*", "trail-exists-and-logging")
    assert all(any(fnmatchcase(name, kind) for kind in kinds) for name in ids)
