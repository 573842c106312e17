"""trail-tagged."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, not_applicable, param, passed
from trailwarden.facts import Trail


@dataclass(frozen=True)
class Params:
    required_tag_keys: tuple[str, ...] = param(
        (), "The keys that must be there, letter by letter; empty means any one tag."
    )


@check(Trail, reads=[Trail.tags])
def trail_tagged(trail: Trail, params: Params) -> Finding:
    """Trail carries the required tags.

    Why: whoever finds the trail broken, or wants to change it, has to know whose it is.

    Fix: `aws cloudtrail add-tags --resource-id TRAIL_ARN --tags-list Key=Owner,Value=security --region HOME`; in Terraform
    `aws_cloudtrail.tags`.
    """
    if trail.is_shadow:
        return not_applicable(f"the tags of trail {trail.name} are readable in account {trail.owner} only")
    keys = trail.tags
    missing = [key for key in params.required_tag_keys if key not in keys]
    observed = {"TagsList": list(keys)}
    expected = {"TagsList": list(params.required_tag_keys) or "at least one"}
    if missing:
        return failed(f"trail {trail.name} lacks the tags {', '.join(missing)}", observed, expected)
    if not keys:
        return failed(f"trail {trail.name} has no tag", observed, expected)
    return passed(f"trail {trail.name} is tagged", observed, expected)
