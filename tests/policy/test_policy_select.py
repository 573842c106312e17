"""From references to a selection: paths, ids, globs, packs, sets with overrides, exclusions, filters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from trailwarden.contract import Check
from trailwarden.errors import PolicyError, UsageError
from trailwarden.model import Severity
from trailwarden.params import to_json
from trailwarden.policy.model import Place, Selection
from trailwarden.policy.select import Exclude, Ref, builtin_documents, select
from trailwarden.policy.texts import FIRST_POLICY, list_packs, source_text

SET = "apiVersion: trailwarden/v1\nkind: PolicySet\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text(
        "- {id: public, check: bucket-not-public, severity: high}\n"
        "- {id: lock, check: bucket-object-lock, with: {mode: GOVERNANCE}}\n"
        "- {id: key, check: kms-key-usable, severity: low, mappings: {cis-aws-5.0: ['3.5']}}\n"
    )
    return tmp_path


def ids(selection: Selection) -> list[str]:
    return [policy.id for policy in selection.policies]


def test_file_folder_and_order(here: Path, checks: Mapping[str, Check]) -> None:
    """A folder is read by name, to the bottom; tests of policies and hidden files are not policies."""
    Path("sub/deep").mkdir(parents=True)
    Path("sub/deep/b.yml").write_text("id: b\ncheck: bucket-not-public\n")
    Path("sub/a.yaml").write_text("id: a\ncheck: bucket-not-public\n")
    Path("sub/a_test.yaml").write_text("kind: [\n")
    Path("sub/.hidden.yaml").write_text("kind: [\n")
    Path("sub/notes.txt").write_text("kind: [\n")
    assert ids(select(["sub/", "own.yaml"], checks=checks)) == ["a", "b", "public", "lock", "key"]
    assert ids(select(["./own.yaml", "own.yaml"], checks=checks)) == ["public", "lock", "key"]
    assert ids(select(["own.yaml", "."], checks=checks)) == ["public", "lock", "key", "a", "b"]


def test_one_of_the_own_policies(here: Path, checks: Mapping[str, Check]) -> None:
    """A set of one's own can pick from a file beside it."""
    Path("set.yaml").write_text(SET + "metadata: {id: mine}\ninclude: ['lo?k']\n")
    selection = select(["set.yaml", "own.yaml"], checks=known(checks))
    assert ids(selection) == ["lock", "public", "key"]
    assert [file.name for file in selection.files] == ["own.yaml", "set.yaml"]


def test_set_overrides_and_disables(here: Path, checks: Mapping[str, Check]) -> None:
    """Severity and parameters as the set says; what it disables is left out with its reason."""
    Path("set.yaml").write_text(
        SET
        + "metadata: {id: mine}\ninclude: ['*']\n"
        + "override: {lock: {severity: critical, params: {min_days: 7, allowed_modes: COMPLIANCE}}}\n"
        + "disable: [{policy: public, reason: the bucket is a website}, {policy: 'trail-*', reason: no}]\n"
    )
    selection = select(["."], checks=known(checks))
    [lock] = [policy for policy in selection.policies if policy.id == "lock"]
    assert lock.severity is Severity.CRITICAL
    assert to_json(lock.check_nodes()[0].params) == {"allowed_modes": ["COMPLIANCE"], "min_retention_days": 7}
    assert ("public", "the bucket is a website") in selection.excluded
    assert "public" not in ids(selection)


def known(checks: Mapping[str, Check]) -> dict[str, Check]:
    return stand_ins(checks) | dict(checks)


def stand_ins(checks: Mapping[str, Check]) -> dict[str, Check]:
    """Let every built-in policy find a check, so that references can be tested apart from the catalogue."""
    return dict.fromkeys(builtin_documents().policies, checks["bucket-not-public"])


def test_outer_set_decides(here: Path, checks: Mapping[str, Check]) -> None:
    """A set over a set: what both change, the outer one decides, key by key; the inner one is not selected for itself."""
    Path("set.yaml").write_text(
        SET
        + "metadata: {id: inner}\ninclude: [lock, key]\n"
        + "override: {lock: {severity: low, params: {min_days: 7}}}\n---\n"
        + SET
        + "metadata: {id: outer}\ninclude: [inner, public]\noverride: {lock: {params: {min_days: 9}}}\n"
        + "disable: [{policy: key, reason: later}]\n"
    )
    selection = select(["."], checks=checks)
    assert ids(selection) == ["lock", "public"]
    [lock] = [policy for policy in selection.policies if policy.id == "lock"]
    assert lock.severity is Severity.LOW
    assert to_json(lock.check_nodes()[0].params) == {"allowed_modes": ["GOVERNANCE"], "min_retention_days": 9}
    assert selection.excluded == (("key", "later"),)


def test_sets_that_disagree(here: Path, checks: Mapping[str, Check]) -> None:
    """Two sets that want the same policy differently can't both be judged."""
    Path("a.yaml").write_text(SET + "metadata: {id: a}\ninclude: [lock]\n")
    Path("b.yaml").write_text(SET + "metadata: {id: b}\ninclude: [lock]\noverride: {lock: {severity: low}}\n")
    with pytest.raises(UsageError, match="policy 'lock' is selected twice, with different settings"):
        select(["."], checks=checks)


def test_include_by_tag_and_framework(here: Path, checks: Mapping[str, Check]) -> None:
    """Tags and mappings select built-in policies and one's own alike."""
    Path("set.yaml").write_text(SET + "metadata: {id: mine}\ninclude: [{framework: cis-aws-5.0}, {tag: key}]\n")
    chosen = ids(select(["set.yaml", "own.yaml"], checks=known(checks)))
    assert {"key", "trail-multi-region", "kms-key-rotation", "kms-key-usable"} <= set(chosen)
    assert "trail-exists-and-logging" not in chosen


def test_builtin_policy_is_anchored_at_the_line_that_selects_it(here: Path, checks: Mapping[str, Check]) -> None:
    """Reports can point into the user's repository: at their set, or at the line of their configuration."""
    line = Place("trailwarden.yaml", 3, 5, 3, 13)
    policies = select([Ref("baseline", line)], checks=stand_ins(checks)).policies
    assert {policy.anchor for policy in policies} == {line}
    assert {policy.pack for policy in policies} == {"baseline"}
    assert all(policy.builtin for policy in policies)
    Path("set.yaml").write_text(SET + "metadata: {id: mine}\ninclude:\n  - set: baseline\n  - bucket-versioning\n")
    policies = select(["set.yaml"], checks=stand_ins(checks)).policies
    assert {(policy.anchor.line, policy.pack) for policy in policies if policy.anchor} == {(5, "baseline"), (6, "")}


def test_id_glob_and_exclusion(checks: Mapping[str, Check]) -> None:
    """Built-in policies by id and glob; an exclusion is kept with its reason."""
    builtin = stand_ins(checks)
    loggroups = sorted(name for name in builtin if name.startswith("loggroup-"))
    assert ids(select(["kms-key-rotation", "loggroup-*"], checks=builtin)) == ["kms-key-rotation", *loggroups]
    selection = select(
        ["baseline"], checks=builtin, exclude=["kms-*", Exclude.parse("bucket-object-lock=replaced by a vault")]
    )
    assert selection.excluded == (
        ("bucket-object-lock", "replaced by a vault"),
        ("kms-key-usable", "excluded by --exclude"),
    )
    assert "bucket-object-lock" not in ids(selection)


def test_tags_and_severities(checks: Mapping[str, Check]) -> None:
    """Filters keep what has one of the values."""
    builtin = stand_ins(checks)
    selection = select(["cloudtrail-hardened"], checks=builtin, tags=["retention"], severities=[Severity.HIGH])
    assert ids(selection) == ["bucket-lifecycle-retention"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"refs": ["basline"]}, "unknown policy or pack 'basline'\n  did you mean 'baseline'?"),
        ({"refs": ["zz-*"]}, "no policy matches 'zz-*'"),
        ({"refs": []}, "no policy is selected"),
        ({"refs": ["kms-*"], "exclude": ["*"]}, "no policy is selected"),
        ({"refs": ["kms-*"], "exclude": ["kms-key-rotatio"]}, "did you mean 'kms-key-rotation'?"),
        ({"refs": ["kms-*"], "tags": ["keys"]}, "no selected policy has the tag 'keys'\n  did you mean 'key'?"),
        ({"refs": ["kms-*"], "severities": [Severity.INFO]}, "no policy is selected"),
    ],
)
def test_nothing_meant_is_a_usage_error(arguments: dict[str, Any], message: str, checks: Mapping[str, Check]) -> None:
    """An empty selection would be a run that passes without looking."""
    with pytest.raises(UsageError) as caught:
        select(**arguments, checks=stand_ins(checks))
    assert message in str(caught.value)


def test_missing_path_and_empty_folder(here: Path, checks: Mapping[str, Check]) -> None:
    """A path that holds nothing is an error of its own."""
    Path("none").mkdir()
    with pytest.raises(PolicyError, match=r"none: the folder holds no \.yaml file"):
        select(["none/"], checks=checks)
    with pytest.raises(PolicyError, match=r"gone\.yaml: no such file or folder"):
        select(["gone.yaml"], checks=checks)


def test_two_policies_of_one_id(here: Path, checks: Mapping[str, Check]) -> None:
    """One's own policy may bear a built-in id, but both can't be judged in one run."""
    Path("own.yaml").write_text("id: kms-key-usable\ncheck: kms-key-usable\n")
    assert not select(["own.yaml", "kms-key-usable"], checks=known(checks)).policies[0].builtin
    with pytest.raises(UsageError, match="policy 'kms-key-usable' is selected by two policies"):
        select(["own.yaml", "baseline"], checks=known(checks))


def test_folder_named_like_a_pack_is_not_the_pack(here: Path, checks: Mapping[str, Check]) -> None:
    """A name means the pack; `./name` means the folder."""
    Path("baseline").mkdir()
    Path("baseline/p.yaml").write_text("id: mine\ncheck: bucket-not-public\n")
    assert ids(select(["./baseline"], checks=checks)) == ["mine"]
    assert "mine" not in ids(select(["baseline"], checks=stand_ins(checks)))


def test_disabled_policies_are_still_looked_at(here: Path, checks: Mapping[str, Check]) -> None:
    """A mistake does not hide behind `disable`."""
    Path("set.yaml").write_text(
        SET + "metadata: {id: mine}\ninclude: [public, lock]\ndisable: [{policy: lock, reason: later}]\n"
    )
    Path("own.yaml").write_text("- {id: public, check: bucket-not-public}\n- {id: lock, check: nonsense}\n")
    with pytest.raises(PolicyError, match=r"own\.yaml:2:21: unknown check 'nonsense'"):
        select(["."], checks=checks)


def test_first_policy_is_one(here: Path, checks: Mapping[str, Check]) -> None:
    """What `policy init` writes loads, and its text can be shown again."""
    Path("first.yaml").write_text(FIRST_POLICY)
    selection = select(["first.yaml"], checks=checks)
    assert ids(selection) == ["validation-on", "one-good-trail"]
    first, _ = FIRST_POLICY.split("---\n")
    assert source_text(selection.policies[0], selection).strip() == "\n".join(first.splitlines()[2:])


def test_packs_are_listed() -> None:
    """Every pack has a title and policies."""
    packs = list_packs()
    assert {"baseline", "cloudtrail-hardened"} <= {pack.id for pack in packs}
    assert all(pack.title and pack.policies for pack in packs)


def test_what_the_settings_select_is_wrong_where_they_say_so(checks: Mapping[str, Check]) -> None:
    """A pack that does not exist is told at the line of the configuration file that names it."""
    with pytest.raises(PolicyError) as caught:
        select([Ref("baselin", Place("trailwarden.yaml", 2, 5, 2, 12))], checks=checks)
    assert str(caught.value) == "trailwarden.yaml:2:5: unknown policy or pack 'baselin'; did you mean 'baseline'?"
