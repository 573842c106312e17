"""securityhub-enabled."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import Account, Region
from trailwarden.judgements.regional import HOME, REGIONS_DOC, away_from_home


@dataclass(frozen=True)
class Params:
    regions: str = param(HOME, REGIONS_DOC, choices=(HOME, "all"))


@check(Region, reads=[Region.hub_arn], reads_if=[(lambda params: params.regions == HOME, [Account.trails])])
def securityhub_enabled(region: Region, params: Params) -> Finding:
    """Security Hub is enabled.

    Why: it brings the findings of all services to one place.

    Fix: `aws securityhub enable-security-hub`; in Terraform `aws_securityhub_account`.

    Error: the call was refused, which is not the answer of an account that has not enabled it.
    """
    away = away_from_home(region) if params.regions == HOME else None
    if away is not None:
        return away
    expected = {"HubArn": "set"}
    if region.hub_arn:
        return passed(f"Security Hub is on in region {region.name}", {"HubArn": region.hub_arn}, expected)
    return failed(f"Security Hub is off in region {region.name}", {"HubArn": None}, expected)
