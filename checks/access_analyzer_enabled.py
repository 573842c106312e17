"""access-analyzer-enabled."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import Account, Region
from trailwarden.judgements.regional import HOME, REGIONS_DOC, away_from_home

EXTERNAL = ("ACCOUNT", "ORGANIZATION")


@dataclass(frozen=True)
class Params:
    regions: str = param("all", REGIONS_DOC, choices=(HOME, "all"))


@check(Region, reads=[Region.analyzers], reads_if=[(lambda params: params.regions == HOME, [Account.trails])])
def access_analyzer_enabled(region: Region, params: Params) -> Finding:
    """An external-access analyzer is active.

    Why: it judges independently whether bucket and key are open to the public or to strangers.

    Fix: `aws accessanalyzer create-analyzer --analyzer-name a --type ACCOUNT`; in Terraform `aws_accessanalyzer_analyzer`.

    Error: the region refused the call.
    """
    away = away_from_home(region) if params.regions == HOME else None
    if away is not None:
        return away
    found = region.analyzers
    observed = {"analyzers": [{"type": item.type, "status": item.status} for item in found]}
    expected = {"type": list(EXTERNAL), "status": "ACTIVE"}
    if any(item.type in EXTERNAL and item.status == "ACTIVE" for item in found):
        return passed(f"an external-access analyzer is active in region {region.name}", observed, expected)
    return failed(f"no external-access analyzer is active in region {region.name}", observed, expected)
