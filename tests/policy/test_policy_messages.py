"""Message templates: everything that the loader allows is filled in, and data is never taken for a template."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.contract import Check
from trailwarden.evaluate import evaluate
from trailwarden.policy.select import select
from trailwarden.policy.templates import MESSAGE_FIELDS, check_message, render_message
from trailwarden.registry import checks as real
from trailwarden.testing import ACCOUNT, World


def test_every_placeholder_is_filled(tmp_path: Path) -> None:
    """What may be written is what arrives."""
    path = tmp_path / "p.yaml"
    fields = " | ".join(f"{{{name}}}" for name in [*MESSAGE_FIELDS, "params.days", "params.modes"])
    path.write_text(
        "apiVersion: trailwarden/v1\nkind: Policy\nmetadata: {id: x, title: T, severity: high}\n"
        "params: {days: {type: integer, default: 3}, modes: {type: array, default: [a, b]}}\n"
        f'message: "{{{{literal}}}} {fields}"\nrequire: [{{check: trail-log-file-validation}}]\n'
    )
    world = World()
    arn = world.add_trail("{subject.id}{{", LogFileValidationEnabled=False)
    [policy] = select([str(path)], checks=real()).policies
    [row] = evaluate(policy, world.account())[1]
    plain = evaluate(replace(policy, message=""), world.account())[1][0].message
    assert "{subject.id}{{" in plain
    values = ["trail-log-file-validation", plain, "x", "high", "T", "FAIL", ACCOUNT, arn, "trail", "{subject.id}{{"]
    assert row.message == "{literal} " + " | ".join([*values, "us-east-1", "3", "a, b"])


@given(st.dictionaries(st.sampled_from(MESSAGE_FIELDS), st.text(max_size=20), max_size=4))
def test_data_is_data(values: dict[str, str]) -> None:
    """Braces in a name stay braces."""
    template = "".join(f"<{{{name}}}>" for name in values)
    check_message(template, [])
    assert render_message(template, values) == "".join(f"<{value}>" for value in values.values())


@pytest.mark.parametrize("name", MESSAGE_FIELDS)
def test_fields_are_accepted_alone(name: str, checks: Mapping[str, Check]) -> None:
    """Each of the documented fields."""
    check_message(f"{{{name}}}", [])
