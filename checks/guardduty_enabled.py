"""guardduty-enabled."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import Region
from trailwarden.judgements.regional import ignored


@dataclass(frozen=True)
class Params:
    required_features: tuple[str, ...] = param((), "Features that must be on, such as S3_DATA_EVENTS.")
    ignored_regions: tuple[str, ...] = param((), "Regions that need no detector.")


@check(Region, reads=[Region.detectors])
def guardduty_enabled(region: Region, params: Params) -> Finding:
    """GuardDuty is enabled in every enabled Region.

    Why: it reads the events from a feed of its own, and tells of a stopped trail even where no trail is left.

    Fix: `aws guardduty create-detector --enable`; in Terraform `aws_guardduty_detector`.

    Error: the region refused the calls, or GuardDuty has no endpoint there; ignore such a region.
    """
    left_out = ignored(region, params.ignored_regions)
    if left_out is not None:
        return left_out
    found = region.detectors
    observed = {"detectors": [{"Status": item.status, "Features": list(item.features)} for item in found]}
    expected = {"Status": "ENABLED", "Features": list(params.required_features)}
    enabled = [item for item in found if item.status == "ENABLED"]
    if not enabled:
        return failed(f"GuardDuty is off in region {region.name}", observed, expected)
    missing = [item for item in params.required_features if not any(item in one.features for one in enabled)]
    if missing:
        return failed(f"GuardDuty in region {region.name} lacks {', '.join(missing)}", observed, expected)
    return passed(f"GuardDuty is on in region {region.name}", observed, expected)
