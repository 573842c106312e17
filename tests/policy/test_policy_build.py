"""From YAML to a policy: both forms, defaults, parameters, navigation, the content hash."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from trailwarden.contract import Check
from trailwarden.errors import PolicyError
from trailwarden.facts import SUBJECTS, Account, KmsKey, LogBucket, Region, Trail
from trailwarden.model import Severity
from trailwarden.params import to_json
from trailwarden.plan import LINKS
from trailwarden.policy.model import AllOf, AnyOf, CheckNode, Not, Place, Policy, Quantifier, Scope
from trailwarden.policy.navigation import reach
from trailwarden.policy.select import select

Load = Callable[[str], Policy]

HEAD = "apiVersion: trailwarden/v1\nkind: Policy\n"


@pytest.fixture
def load(tmp_path: Path, checks: Mapping[str, Check]) -> Load:
    def read(text: str) -> Policy:
        path = tmp_path / "p.yaml"
        path.write_text(text, encoding="utf-8")
        [policy] = select([str(path)], checks=checks).policies
        return policy

    return read


def test_short_policy(load: Load) -> None:
    """Four lines are a policy: what the check judges, all of them, medium unless said."""
    policy = load("id: locked\ncheck: bucket-object-lock\nwith: {min_days: 30}\nseverity: high\n")
    assert (policy.id, policy.severity, policy.subject, policy.quantifier) == (
        "locked",
        Severity.HIGH,
        LogBucket,
        Quantifier("all"),
    )
    assert policy.title == "Title of bucket-object-lock"
    [node] = policy.require
    assert isinstance(node, CheckNode)
    assert to_json(node.params) == {"allowed_modes": ["COMPLIANCE"], "min_retention_days": 30}
    assert policy.on_empty == "not-applicable"
    assert policy.snippet.splitlines()[0] == "id: locked"
    assert load("id: x\ncheck: bucket-not-public\n").severity is Severity.MEDIUM


def test_list_of_short_policies(tmp_path: Path, checks: Mapping[str, Check]) -> None:
    """Each element of a list is a policy at its own place."""
    path = tmp_path / "list.yaml"
    path.write_text("- id: one\n  check: bucket-not-public\n\n- id: two\n  check: kms-key-usable\n")
    one, two = select([str(path)], checks=checks).policies
    assert one.place == Place(str(path), 1, 3, 2, 27)
    assert two.place == Place(str(path), 4, 3, 5, 24)
    assert two.snippet == "- id: two\n  check: kms-key-usable"


def test_full_policy(load: Load) -> None:
    """Everything that the long form can say arrives."""
    policy = load(
        HEAD
        + """\
metadata:
  id: protected
  title: One good trail
  description: Because.
  severity: critical
  owner: security
  tags: [logging, immutable]
mappings:
  nist-800-53-r5: {stated: [AU-9], derived: [AU-12, AU-9]}
  cis-aws-5.0: ["3.1", "3.10"]
  soc2: {derived: [CC7.2]}
params:
  days: {type: integer, default: 365, minimum: 1}
  modes: {type: array, items: {type: string}, default: [COMPLIANCE, GOVERNANCE]}
scope: {accounts: ["1111*"], regions: [eu-west-1]}
subject: trail
quantifier: {at_least: 2}
where:
  - check: trail-covers-account
require:
  - check: trail-log-file-validation
  - any_of:
      - check: bucket-object-lock
        with: {mode: "${params.modes}", min_days: "${params.days}"}
      - all_of: [{check: bucket-not-public}, {not: {check: kms-key-usable}}]
on: {empty: not-applicable}
message: "{subject.name}: {message}, {params.days} days"
remediation: {text: Lock it., cli: aws s3api …, terraform: aws_s3_bucket_object_lock_configuration}
"""
    )
    assert policy.title == "One good trail"
    assert (policy.description, policy.owner, policy.tags) == ("Because.", "security", ("logging", "immutable"))
    assert policy.controls == {
        "cis-aws-5.0": ("3.1", "3.10"),
        "nist-800-53-r5": ("AU-9", "AU-12"),
        "soc2": ("CC7.2",),
    }
    assert policy.basis == {"nist-800-53-r5": "mixed", "soc2": "derived"}
    assert policy.scope == Scope(("1111*",), ("eu-west-1",))
    assert policy.subject is Trail
    assert policy.quantifier == Quantifier("at_least", 2)
    assert policy.on_empty == "not-applicable"
    assert policy.params == {"days": 365, "modes": ["COMPLIANCE", "GOVERNANCE"]}
    assert policy.remediation["text"] == "Lock it."
    validation, choice = policy.require
    assert isinstance(validation, CheckNode)
    assert isinstance(choice, AnyOf)
    lock, both = choice.parts
    assert isinstance(lock, CheckNode)
    assert to_json(lock.params) == {"allowed_modes": ["COMPLIANCE", "GOVERNANCE"], "min_retention_days": 365}
    assert isinstance(both, AllOf)
    assert isinstance(both.parts[1], Not)
    assert [node.check.id for node in policy.check_nodes()] == [
        "trail-covers-account",
        "trail-log-file-validation",
        "bucket-object-lock",
        "bucket-not-public",
        "kms-key-usable",
    ]
    assert validation.place.line == 23


def test_judged_subject_is_the_nearest(load: Load) -> None:
    """An exact match wins; otherwise what the subject points to, its account last."""
    policy = load(
        HEAD
        + "metadata: {id: x}\nsubject: trail\nrequire:\n- check: trail-multi-region\n- check: bucket-not-public\n"
        + "- check: kms-key-usable\n"
    )
    assert [node.subject for node in policy.check_nodes()] == [Trail, LogBucket, KmsKey]
    policy = load(HEAD + "metadata: {id: x}\nsubject: bucket\nrequire:\n- check: trail-multi-region\n")
    assert [node.subject for node in policy.check_nodes()] == [Account]
    policy = load(HEAD + "metadata: {id: x}\nrequire:\n- check: region-covered\n- check: region-covered\n")
    assert policy.subject is Region


@pytest.mark.parametrize(
    ("quantifier", "empty"),
    [("all", "not-applicable"), ("any", "fail"), ("none", "not-applicable"), ("{at_least: 1}", "fail")],
)
def test_default_for_an_empty_population(load: Load, quantifier: str, empty: str) -> None:
    """What asserts existence fails on nothing; what speaks of each has nothing to say."""
    policy = load(HEAD + f"metadata: {{id: x}}\nquantifier: {quantifier}\nrequire:\n- check: bucket-not-public\n")
    assert policy.on_empty == empty


def test_placeholder_alone_keeps_its_type_and_inside_a_text_becomes_text(load: Load) -> None:
    """`$${` is the way to write the characters themselves."""
    policy = load(
        HEAD
        + "metadata: {id: x}\nparams:\n  on: {type: boolean, default: true}\n  n: {type: integer, default: 3}\n"
        + 'require:\n- check: trail-s3-delivery-healthy\n  with: {strict: "${params.on}", max_age_hours: "${params.n}",'
        + ' tolerated: ["n=${params.n} ${params.on}", "$${params.n}"]}\n'
    )
    [node] = policy.check_nodes()
    assert to_json(node.params) == {"max_age_hours": 3, "strict": True, "tolerated": ["n=3 true", "${params.n}"]}


def test_former_id_of_a_check_still_loads(load: Load) -> None:
    """A check that was renamed is found by its old id, and the node remembers what was written."""
    [node] = load("id: x\ncheck: trail-delivering\n").check_nodes()
    assert (node.check.id, node.name) == ("trail-s3-delivery-healthy", "trail-delivering")


def test_hash_is_of_the_content_not_of_the_spelling(load: Load) -> None:
    """Comments, order, form and aliases of parameters do not change it; whatever changes the meaning does."""
    first = load("id: x\ncheck: bucket-object-lock\nwith: {min_days: 30}\nseverity: high\n")
    second = load("# a comment\nseverity: high\nwith:\n  min_retention_days: 30\ncheck: bucket-object-lock\nid: x\n")
    full = load(
        HEAD
        + "metadata: {id: x, severity: high}\nparams: {}\nrequire: [{check: bucket-object-lock, with: {min_days: 30}}]\n"
    )
    assert first.sha256 == second.sha256 == full.sha256
    assert len(first.sha256) == 64
    others = [
        load("id: x\ncheck: bucket-object-lock\nwith: {min_days: 31}\nseverity: high\n"),
        load("id: x\ncheck: bucket-object-lock\nwith: {min_days: 30}\nseverity: low\n"),
        load("id: y\ncheck: bucket-object-lock\nwith: {min_days: 30}\nseverity: high\n"),
        load("id: x\ncheck: bucket-object-lock\nwith: {min_days: 30}\nseverity: high\ntitle: t\n"),
    ]
    assert len({policy.sha256 for policy in (first, *others)}) == 5


def test_all_files_report_at_once(tmp_path: Path, checks: Mapping[str, Check]) -> None:
    """Structure, names and parameters of every file are told in one go, by file and line."""
    (tmp_path / "a.yaml").write_text("id: a\ncheck: nonsense\n")
    (tmp_path / "b.yml").write_text("id: [\n")
    (tmp_path / "c.yaml").write_text("id: c\ncheck: bucket-not-public\nseverity: huge\n")
    (tmp_path / "d.yaml").write_text("id: a\ncheck: bucket-not-public\n")
    with pytest.raises(PolicyError) as caught:
        select([str(tmp_path)], checks=checks)
    places = [(Path(problem.file).name, problem.line) for problem in caught.value.problems]
    assert places == [("a.yaml", 2), ("b.yml", 2), ("c.yaml", 3), ("d.yaml", 1)]


def test_a_file_wrong_throughout_is_cut(tmp_path: Path, checks: Mapping[str, Check]) -> None:
    """Nobody reads a thousand messages, and nobody waits for them."""
    path = tmp_path / "many.yaml"
    path.write_text("".join(f"- {{id: p{number}, chekc: x}}\n" for number in range(80)))
    with pytest.raises(PolicyError) as caught:
        select([str(path)], checks=checks)
    assert len(caught.value.problems) == 51
    assert caught.value.problems[-1].message == "and more problems after this one"


def test_many_wrong_files_are_cut(tmp_path: Path, checks: Mapping[str, Check]) -> None:
    """Two hundred messages are enough for a folder; how many are left is said."""
    for number in range(12):
        (tmp_path / f"f{number:02}.yaml").write_text("".join(f"- {{id: p{n}, chekc: x}}\n" for n in range(30)))
    with pytest.raises(PolicyError) as caught:
        select([str(tmp_path)], checks=checks)
    assert len(caught.value.problems) == 201
    assert caught.value.problems[-1].message == "and 160 more problems in this file and others"


def test_long_words_are_shown_shortly(tmp_path: Path, checks: Mapping[str, Check]) -> None:
    """A message stays readable whatever somebody pasted."""
    path = tmp_path / "long.yaml"
    path.write_text(
        f"id: x\ncheck: {'y' * 100_000}\n---\nid: y\n? {'z' * 100_000}\n: 1\n---\nid: {'W' * 100_000}\ncheck: a\n"
    )
    with pytest.raises(PolicyError) as caught:
        select([str(path)], checks=checks)
    assert len(caught.value.problems) >= 3
    assert max(len(problem.message) for problem in caught.value.problems) < 300


def test_what_a_subject_leads_to_is_what_the_engine_can_follow() -> None:
    """The loader promises no way that the evaluator can't go, and knows every way there is."""
    promised = {(kind, other) for kind in SUBJECTS for other in reach(kind) if other != kind}
    assert promised == {(one.kind, other.kind) for one, other in LINKS}
