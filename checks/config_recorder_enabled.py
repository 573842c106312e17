"""config-recorder-enabled."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, param, passed
from trailwarden.facts import GLOBAL_TYPES, ConfigRecorder, Region
from trailwarden.judgements.regional import ignored
from trailwarden.kleene import any_true


@dataclass(frozen=True)
class Params:
    required_types: tuple[str, ...] = param(
        (), "Resource types that must be recorded; empty means every supported one."
    )
    ignored_regions: tuple[str, ...] = param((), "Regions that need no recorder.")


@check(Region, reads=[Region.config_recorder])
def config_recorder_enabled(region: Region, params: Params) -> Finding:
    """AWS Config records in every enabled Region.

    Why: the history of settings tells what the logging set-up, and all else, looked like at any time.

    Fix: `aws configservice start-configuration-recorder --configuration-recorder-name default` with all resource types, the global ones in
    one region; in Terraform `aws_config_configuration_recorder` and `aws_config_configuration_recorder_status`.

    Error: a region refused the calls; whether any region records global resource types takes the answers of all.
    """
    left_out = ignored(region, params.ignored_regions)
    if left_out is not None:
        return left_out
    recorder = region.config_recorder
    expected = {
        "recording": True,
        "lastStatus": "not Failure",
        "types": list(params.required_types) or "every supported one",
    }
    if recorder is None:
        return failed(f"region {region.name} has no Config recorder", {"ConfigurationRecorders": []}, expected)
    observed = {
        "recording": recorder.recording,
        "lastStatus": recorder.last_status or None,
        "allSupported": recorder.all_supported,
        "global types": recorder.records_global,
    }
    lacking = list(_lacking(recorder, params.required_types))
    if not lacking and _speaks_for_all(region, params) and not _some_region_records_global(region):
        lacking.append("no region records the resource types of global services")
    if lacking:
        return failed(f"Config in region {region.name}: {', '.join(lacking)}", observed, expected)
    return passed(f"Config records in region {region.name}", observed, expected)


def _lacking(recorder: ConfigRecorder, required: tuple[str, ...]) -> list[str]:
    out = []
    if not recorder.recording:
        out.append("the recorder is stopped")
    if recorder.last_status.lower() == "failure":
        out.append("the recorder fails")
    # Types of global services need a recorder in one region only; that is asked once for the account.
    missing = [item for item in required if item not in GLOBAL_TYPES and not recorder.records(item)]
    if missing:
        out.append(f"{', '.join(missing)} not recorded")
    elif not required and not recorder.records_everything:
        out.append("not every supported resource type is recorded")
    return out


def _speaks_for_all(region: Region, params: Params) -> bool:
    """Return whether this region's verdict is the one that asks for global types, which have to be recorded somewhere once."""
    names = [item.name for item in region.account.regions if item.name not in params.ignored_regions]
    home = region.account.global_region
    return region.name == (home if home in names else names[0])


def _some_region_records_global(region: Region) -> bool:
    return any_true(*(lambda item=item: _records_global(item) for item in region.account.regions))


def _records_global(region: Region) -> bool:
    recorder = region.config_recorder
    return recorder is not None and recorder.recording and recorder.records_global
