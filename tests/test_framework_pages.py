"""The pages on frameworks say of each requirement either who judges it or why nobody does."""

from collections import Counter

import pytest

from framework_pages import MATRICES, split
from mappings import framework_of, frameworks, served
from trailwarden.policy.select import builtin_documents


def test_every_framework_that_policies_are_mapped_to_is_in_the_matrix() -> None:
    assert sorted(column for _, columns in MATRICES for column in columns) == sorted(served())


def test_every_pack_of_a_framework_has_a_coverage_page() -> None:
    packs = {framework_of(name) for name in builtin_documents().sets} - {""}
    assert sorted(packs) == sorted(frameworks())


@pytest.mark.parametrize("name", frameworks())
def test_no_requirement_is_listed_twice_or_excused_although_it_is_judged(name: str) -> None:
    listed = frameworks()[name].requirements
    assert [key for key, number in Counter(item.id for item in listed).items() if number > 1] == []
    assert [item.id for item in listed if item.why and item.id in served()[name]] == []


@pytest.mark.parametrize("name", frameworks())
def test_each_requirement_is_judged_judged_in_part_or_not_judged(name: str) -> None:
    whole, part, none = split(frameworks()[name])
    assert sorted([*whole, *part, *none], key=str) == sorted(frameworks()[name].requirements, key=str)
    assert all(item.id in served()[name] for item in [*whole, *part])
    assert all(item.partial for item in part)
