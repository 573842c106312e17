"""Judges a pack's ledger by the pack's own policies and waivers: nothing is read from AWS, from the disk or from this release's policies."""

from __future__ import annotations

from trailwarden.acceptance import Accepted
from trailwarden.calls import Recorder
from trailwarden.errors import PolicyError
from trailwarden.evidence.inputs import Inputs
from trailwarden.ledger import ReplayReader
from trailwarden.model import Report
from trailwarden.plan import Plan, make_plan
from trailwarden.policy.baseline import Baseline, parse_baseline
from trailwarden.policy.document import Documents
from trailwarden.policy.select import select
from trailwarden.policy.waivers import Waivers, waivers_of
from trailwarden.policy.yamltext import Source
from trailwarden.registry import checks
from trailwarden.report import Gate, assemble
from trailwarden.scan import accounts_of, scan

_ANY_LENGTH = 100_000
"""Days: how long a waiver may last was decided when the run was made."""


def plan_of(inputs: Inputs) -> Plan:
    """Return the plan of the policies that were asked for.

    Raises:
        PolicyError, UsageError: as ``policy.select.select``.
        UnicodeDecodeError: a policy file is not UTF-8.
    """
    request = inputs.request
    return make_plan(
        select(
            request.refs,
            checks=checks(),
            exclude=request.exclude,
            tags=request.tags,
            severities=request.severities,
            files=[item.policy_file() for item in inputs.of_kind("policies")],
        )
    )


def repeat(inputs: Inputs, *, gate: Gate, source: str, jobs: int = 1) -> Report:
    """Return the report of the pack's inputs.

    Args:
        inputs: what the pack is made from.
        gate: what the exit code depends on.
        source: what the report is to say about where the facts came from.
        jobs: threads.

    Raises:
        PolicyError, UsageError: the policies, the waivers or the baseline can't be used.
        ValueError: the ledger's clock is not a time.
    """
    plan = plan_of(inputs)
    accepted = Accepted(_waivers(inputs), _baseline(inputs))
    recorder = Recorder(ReplayReader(inputs.ledger))
    found = [scan(plan, account, jobs=jobs) for account in accounts_of(inputs.ledger.header, recorder)]
    return assemble(found, plan, inputs.ledger, gate=gate, source=source, accepted=accepted)


def _waivers(inputs: Inputs) -> Waivers:
    documents = Documents()
    for item in inputs.of_kind("waivers"):
        file = item.policy_file()
        documents.add(Source(file.name, file.text, mark=file.mark))
    if documents.problems:
        raise PolicyError(documents.problems)
    return waivers_of(documents, max_days=_ANY_LENGTH)


def _baseline(inputs: Inputs) -> Baseline | None:
    for item in inputs.of_kind("baseline"):
        return parse_baseline(item.data, item.name)
    return None
