"""Which lifecycle rules of a bucket reach the files that its trails deliver."""

from __future__ import annotations

from trailwarden.facts import LifecycleRule, LogBucket


def rules_on_logs(bucket: LogBucket) -> list[LifecycleRule]:
    """Return the enabled rules that can match a log or digest file of one of the bucket's trails.

    Raises:
        Unreadable: the lifecycle configuration could not be read.
    """
    return [rule for rule in bucket.lifecycle if _matches(bucket, rule)]


def named(rule: LifecycleRule) -> str:
    """Return what a message calls a rule."""
    return f"rule {rule.id or '(unnamed)'}"


def _matches(bucket: LogBucket, rule: LifecycleRule) -> bool:
    return any(
        rule.can_match(trail.key_prefix, trail.account_id, organization=trail.is_organization_trail)
        for trail in bucket.trails
    )
