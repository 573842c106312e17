"""config-delivery-healthy."""

from dataclasses import dataclass
from datetime import timedelta

from trailwarden import Finding, check, failed, not_applicable, param, passed
from trailwarden.facts import ConfigDelivery, Region, format_time

GOOD = ("success", "not_applicable")
"""The words in small letters; AWS answers in other ones than its model lists."""


@dataclass(frozen=True)
class Params:
    max_age_hours: int = param(48, "How old the latest delivered history may be.", minimum=1)


@check(Region, reads=[Region.config_recorder, Region.config_deliveries])
def config_delivery_healthy(region: Region, params: Params) -> Finding:
    """AWS Config delivery works.

    Why: a recorder whose files do not arrive keeps no history that anybody can read later.

    Fix: `aws configservice deliver-config-snapshot` shows the error; repair the bucket's policy. In Terraform `aws_config_delivery_channel`.

    Error: the region refused the calls.
    """
    if region.config_recorder is None:
        return not_applicable(f"region {region.name} has no Config recorder", {"ConfigurationRecorders": []})
    oldest = region.account.now - timedelta(hours=params.max_age_hours)
    expected = {"lastStatus": ["Success", "Not_Applicable"], "lastSuccessfulTime": f"not before {format_time(oldest)}"}
    channels = region.config_deliveries
    observed = {"DeliveryChannelsStatus": [_row(item) for item in channels]}
    if not channels:
        return failed(f"Config in region {region.name} has no delivery channel", observed, expected)
    for item in channels:
        if item.stream_status.lower() not in GOOD or item.history_status.lower() not in GOOD:
            return failed(f"Config in region {region.name} can't deliver", observed, expected)
        due = item.history_status.lower() == "success"
        if due and (item.history_success is None or item.history_success < oldest):
            return failed(f"Config in region {region.name} has not delivered for too long", observed, expected)
    return passed(f"Config in region {region.name} delivers", observed, expected)


def _row(item: ConfigDelivery) -> dict[str, str | None]:
    return {
        "name": item.name,
        "stream": item.stream_status or None,
        "history": item.history_status or None,
        "lastSuccessfulTime": format_time(item.history_success) if item.history_success else None,
    }
