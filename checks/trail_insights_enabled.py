"""trail-insights-enabled."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, not_applicable, param, passed
from trailwarden.facts import Trail

RATES = ("ApiCallRateInsight", "ApiErrorRateInsight")


@dataclass(frozen=True)
class Params:
    required_types: tuple[str, ...] = param(RATES, "The kinds of Insights events on management events.", choices=RATES)


@check(Trail, reads=[Trail.selectors, Trail.insights])
def trail_insights_enabled(trail: Trail, params: Params) -> Finding:
    """CloudTrail Insights is enabled.

    Why: a sudden burst of calls, or of refusals, is how many a compromise begins; nobody reads it out of single events.

    Fix: `aws cloudtrail put-insight-selectors --trail-name TRAIL --region HOME --insight-selectors
    '[{"InsightType":"ApiCallRateInsight"},{"InsightType":"ApiErrorRateInsight"}]'`; in Terraform `aws_cloudtrail.insight_selector`. A
    selector for `Data` events alone switches the one for management events off.

    Error: the event or insight selectors could not be read, as for an organization trail seen from a member.
    """
    if not trail.selectors.management_kinds():
        return not_applicable(f"trail {trail.name} records no management events, which Insights would watch")
    found = [item.insight_type for item in trail.insights if not item.categories or "Management" in item.categories]
    observed = {
        "InsightSelectors": [
            {"InsightType": item.insight_type, "EventCategories": list(item.categories)} for item in trail.insights
        ]
    }
    expected = {"InsightType": list(params.required_types), "EventCategories": "Management"}
    missing = [name for name in params.required_types if name not in found]
    if missing or not found:
        words = ", ".join(missing) or "any Insights"
        return failed(f"trail {trail.name} does not watch management events for {words}", observed, expected)
    return passed(f"trail {trail.name} watches management events for {', '.join(sorted(found))}", observed, expected)
