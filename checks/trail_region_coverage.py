"""trail-region-coverage."""

from dataclasses import dataclass
from datetime import timedelta

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, param, passed, undecidable
from trailwarden.facts import Region, format_time
from trailwarden.kleene import known


@dataclass(frozen=True)
class IgnoredRegion:
    region: str = param("", "The region's name.")
    reason: str = param("", "Why nobody needs a record of it; an entry without a reason does not count.")


@dataclass(frozen=True)
class Params:
    ignored_regions: tuple[IgnoredRegion, ...] = param((), "Regions accepted as uncovered.")
    opt_in_grace_hours: int = param(
        24, "For how many hours after a region was enabled its trails may still be on their way.", minimum=0
    )


@check(Region, reads=[Region.coverage], reads_if=[(lambda params: params.opt_in_grace_hours > 0, [Region.enabled_at])])
def trail_region_coverage(region: Region, params: Params) -> Finding:
    """Every enabled Region is covered by a logging trail.

    Why: that a trail is multi-Region is an intention. The fact is its copy in each region, and that can be missing: a region enabled an
    hour ago, an organization trail whose home the account never enabled, a replication that failed.

    Fix: `aws cloudtrail update-trail --name TRAIL --is-multi-region-trail --region HOME` copies the trail to all regions again; in
    Terraform `aws_cloudtrail.is_multi_region_trail = true`.

    Error: the region refused the calls or did not answer; or it was enabled so recently that its trails may still arrive (EVENTUAL).
    """
    for item in params.ignored_regions:
        if item.region == region.name and item.reason.strip():
            return not_applicable(f"region {region.name} is ignored: {item.reason}", {"ignored": item.reason})
    coverage = region.coverage
    observed = {
        "OptInStatus": region.opt_in_status,
        "trails": list(coverage.listed),
        "logging": coverage.logging or None,
    }
    expected = {"logging": "a trail that is listed and logging in this region"}
    if coverage.is_logging():
        return passed(f"region {region.name} is recorded by {coverage.logging}", observed, expected)
    what = f"{len(coverage.listed)} listed, none of them logging" if coverage.listed else "none listed"
    _await_opt_in(region, params, what)
    return failed(f"no trail records region {region.name}: {what}", observed, expected)


def _await_opt_in(region: Region, params: Params, what: str) -> None:
    """Give a region that was enabled a moment ago time for its trails; one that nothing is known of gets none."""
    if "enabling" in region.opt_in_status.lower():
        undecidable(region, ReasonCode.EVENTUAL, f"the region is being enabled; trails: {what}")
    if not params.opt_in_grace_hours:
        return
    enabled = known(lambda: region.enabled_at)  # that no trail records the region is certain; a grace needs proof
    if enabled is not None and region.account.now - enabled < timedelta(hours=params.opt_in_grace_hours):
        undecidable(region, ReasonCode.EVENTUAL, f"the region was enabled at {format_time(enabled)}; trails: {what}")
