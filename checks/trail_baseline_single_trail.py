"""trail-baseline-single-trail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trailwarden import Finding, check, param
from trailwarden.facts import READ, WRITE, Account, Trail
from trailwarden.judgements.traits import (
    GLOBAL_EVENTS,
    LOGGING,
    MULTI_REGION,
    NO_EXCLUSIONS,
    VALIDATION,
    WITH_KEY,
    Trait,
    judge_traits,
    reaches,
    records,
)
from trailwarden.kleene import some

TRAITS: Mapping[str, Callable[[Trail], tuple[Trait, ...]]] = {
    "logging": lambda _: (LOGGING,),
    "multi_region": lambda _: (MULTI_REGION,),
    "global_events": lambda trail: (GLOBAL_EVENTS, reaches(trail.account.global_region)),
    "management_all": lambda _: (records(READ, WRITE),),
    "no_exclusions": lambda _: (NO_EXCLUSIONS,),
    "validation": lambda _: (VALIDATION,),
    "kms": lambda _: (WITH_KEY,),
}


@dataclass(frozen=True)
class Params:
    require: tuple[str, ...] = param(tuple(TRAITS), "What one and the same trail must have.", choices=tuple(TRAITS))


def _required(params: Params) -> tuple[str, ...]:
    """Return what is required; an empty list would be met by any trail."""
    return params.require or tuple(TRAITS)


def _asks_status(params: Params) -> bool:
    return "logging" in _required(params)


def _asks_selectors(params: Params) -> bool:
    return not {"management_all", "no_exclusions"}.isdisjoint(_required(params))


@check(
    Account,
    reads=[Account.trails],
    reads_if=[(_asks_status, [Trail.status]), (_asks_selectors, [Trail.selectors])],
)
def trail_baseline_single_trail(account: Account, params: Params) -> Finding:
    """One single trail meets the whole baseline at once.

    Why: five checks that pass on five different trails prove no trail that is complete. One that is stopped beside one that is of a single
    region record half of what each seems to.

    Fix: pick the trail that lacks least, which the result lists, and give it the rest: each setting has a check of its own that says how.
    In Terraform all of them are arguments of one `aws_cloudtrail`.

    Error: something about the trail that may meet the baseline could not be read, and no other trail is known to meet it.
    """
    return some(account.trails, lambda trail: meets_baseline(trail, params), "no single trail meets the whole baseline")


@trail_baseline_single_trail.on(Trail)
def meets_baseline(trail: Trail, params: Params) -> Finding:
    """Judge one trail."""
    traits = [trait for name in _required(params) for trait in TRAITS[name](trail)]
    return judge_traits(trail, traits, "meets the whole baseline")
