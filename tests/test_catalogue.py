"""Every control of the catalogue has a check, and tests that saw it pass, fail, end in an error and, where that exists, find nothing to judge."""

import json
from collections import defaultdict
from pathlib import Path

import pytest
from tests.judged import PATH, file_of, read

from trailwarden.params import schema_of
from trailwarden.registry import checks

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = json.loads((ROOT / "tests" / "data" / "catalogue.json").read_text(encoding="utf-8"))

# The catalogue's list of controls. Two of them are said to be not applicable in part: bucket-policy-delivery-correct, where a delivery makes a note
# of a FAIL, and history-digest-continuity, for the hours before an account or region began. Neither is so as a whole.

# Checks beside the controls: one serves others, one judges what is in the files.
BESIDE_THE_CATALOGUE = {"trail-covers-account", "log-content-complete"}

# A chain is proven link by link: there is no sample of it.
NOT_OFFERED = {("integrity-digest-chain-valid", "sample")}


def required(identity: str) -> set[str]:
    """The statuses that tests must have seen."""
    return {"PASS", "FAIL", "ERROR"} | ({"NOT_APPLICABLE"} if identity in CATALOGUE["judged"] else set())


def test_the_checks_are_those_of_the_catalogue() -> None:
    ids = {*CATALOGUE["judged"], *CATALOGUE["never_not_applicable"]}
    assert len(ids) == 112
    assert set(checks()) - BESIDE_THE_CATALOGUE <= ids
    assert ids - set(checks()) <= set(CATALOGUE["pending"])


@pytest.mark.parametrize("identity", sorted({*CATALOGUE["judged"], *CATALOGUE["never_not_applicable"]}))
def test_each_control_was_seen_in_each_status(identity: str) -> None:
    seen: set[str] = set()
    for (check, _), entry in read().items():
        seen |= entry.statuses if check == identity else set()
    assert required(identity) - seen == set(CATALOGUE["pending"].get(identity, ())), (
        "tests/data/catalogue.json: pending"
    )


def test_the_record_has_one_line_for_each_check_and_test() -> None:
    """Two of them are what a merge leaves; `make record` settles it."""
    assert len(PATH.read_text(encoding="utf-8").splitlines()) == len(read())


def test_the_record_names_tests_that_exist() -> None:
    functions: dict[str, set[str]] = defaultdict(set)
    for _, test in read():
        functions[file_of(test)].add(test.rpartition("::")[2])
    for file, names in functions.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        assert [name for name in sorted(names) if f"def {name}(" not in text] == [], file


@pytest.mark.parametrize("identity", sorted(set(CATALOGUE["parameters"]) & set(checks())))
def test_parameters_have_the_defaults_of_the_catalogue(identity: str) -> None:
    offered = schema_of(checks()[identity].params_type)["properties"]
    listed = CATALOGUE["parameters"][identity].items()
    wanted = {name: value for name, value in listed if (identity, name) not in NOT_OFFERED}
    assert {name: offered.get(name, {}).get("default", "missing") for name in wanted} == wanted
