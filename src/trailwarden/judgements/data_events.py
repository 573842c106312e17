"""Whether a trail records the data events of resources: one engine for S3, Lambda and any other type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trailwarden.contract import not_applicable, param
from trailwarden.facts import Account, Trail, root_of
from trailwarden.judgements.traits import LOGGING, MULTI_REGION, Trait, judge_traits
from trailwarden.kleene import some
from trailwarden.model import Finding, Json, Status

S3_OBJECT = "AWS::S3::Object"


def records_data(
    resource_type: str, kinds: Sequence[str], below: Sequence[str], tolerated: Sequence[str] = ()
) -> Trait:
    """Return the trait of recording all data events of these kinds (read, write).

    Args:
        resource_type: such as ``AWS::S3::Object``.
        kinds: read and write, or one of them.
        below: what the ARNs of the resources begin with; every one of these must be recorded.
        tolerated: ARNs that may be left out.
    """

    def observe(trail: Trail) -> Mapping[str, Json]:
        selectors = trail.selectors
        recorded: list[Json] = [
            kind
            for kind in kinds
            if all(selectors.records_data(resource_type, kind, root, tolerated) for root in below)
        ]
        return {"selectors": selectors.kind, f"{resource_type} events": recorded}

    def missing(fields: Mapping[str, Json]) -> list[str]:
        return [kind for kind in kinds if kind not in fields[f"{resource_type} events"]]

    return Trait(
        observe=observe,
        holds=lambda fields: not missing(fields),
        expected={f"{resource_type} events": list(kinds)},
        lack=lambda fields: f"does not record every {' and '.join(missing(fields))} event of {resource_type}",
    )


@dataclass(frozen=True)
class S3DataParams:
    """The parameters of the two controls on S3 objects."""

    allowed_excluded_arns: tuple[str, ...] = param((), "ARNs of buckets that a trail may leave out.")
    scope_buckets: tuple[str, ...] = param((), "ARNs of the only buckets to judge; empty means all.")
    na_without_buckets: bool = param(False, "Whether an account without any bucket is left out.")


def judge_s3_objects(account: Account, kind: str, params: S3DataParams) -> Finding:
    """Judge whether a trail of the account records the events of one kind on all objects."""
    missing = f"no logging multi-Region trail records every {kind} of S3 objects"
    found = some(account.trails, lambda trail: judge_s3_trail(trail, kind, params), missing)
    if found.status is Status.FAIL and params.na_without_buckets and not account.bucket_names:
        return not_applicable(f"account {account.account_id} has no bucket", {"Buckets": []})
    return found


def judge_s3_trail(trail: Trail, kind: str, params: S3DataParams) -> Finding:
    """Judge one trail."""
    below = [f"{arn.rstrip('/*')}/" for arn in params.scope_buckets] or [root_of(S3_OBJECT, trail.account.partition)]
    traits = [MULTI_REGION, LOGGING, records_data(S3_OBJECT, [kind], below, params.allowed_excluded_arns)]
    return judge_traits(trail, traits, f"records every {kind} of S3 objects")
