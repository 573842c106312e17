"""trail-cloudwatch-logs."""

from dataclasses import dataclass

from trailwarden import Finding, Status, check, not_applicable, param
from trailwarden.facts import Account, Trail
from trailwarden.judgements.traits import LOG_GROUP, LOG_ROLE, LOGGING, MULTI_REGION, judge_traits
from trailwarden.kleene import every, some


@dataclass(frozen=True)
class Params:
    scope: str = param(
        "any_primary",
        "any_primary: one logging multi-Region trail must be integrated; all: each of them must be.",
        choices=("any_primary", "all"),
    )
    alternative_accepted: tuple[str, ...] = param(
        (), "What alerts on events in its place; naming it here attests that it works.", choices=("eventbridge", "siem")
    )


@check(Account, reads=[Account.trails, Trail.status])
def trail_cloudwatch_logs(account: Account, params: Params) -> Finding:
    """Trail is integrated with CloudWatch Logs.

    Why: files reach the bucket minutes after the fact and alarm nobody. Metric filters need the events in a log group.

    Fix: `aws cloudtrail update-trail --name TRAIL --cloud-watch-logs-log-group-arn LOG_GROUP_ARN --cloud-watch-logs-role-arn ROLE_ARN
    --region HOME`; in Terraform `aws_cloudtrail.cloud_watch_logs_group_arn` and `cloud_watch_logs_role_arn`.

    Error: a region could not be listed, or it could not be read whether an integrated trail is logging.
    """
    if params.scope == "all":
        found = every(
            account.trails,
            _judge_if_counted,
            "every logging multi-Region trail streams to a log group",
            missing="no multi-Region trail is logging",
        )
    else:
        found = some(account.trails, _streams, "no logging multi-Region trail streams to a log group")
    return _or_alternative(found, params)


@trail_cloudwatch_logs.on(Trail)
def streams_to_log_group(trail: Trail, params: Params) -> Finding:
    """Judge one trail."""
    return _or_alternative(_streams(trail), params)


def _streams(trail: Trail) -> Finding:
    return judge_traits(trail, [MULTI_REGION, LOGGING, LOG_GROUP, LOG_ROLE], "streams to a log group")


def _judge_if_counted(trail: Trail) -> Finding:
    counted = judge_traits(trail, [MULTI_REGION, LOGGING])
    if counted.status is not Status.PASS:
        return not_applicable(counted.message, counted.observed)
    return _streams(trail)


def _or_alternative(found: Finding, params: Params) -> Finding:
    if found.status is not Status.FAIL or not params.alternative_accepted:
        return found
    named = " and ".join(params.alternative_accepted)
    return not_applicable(f"the policy attests {named} in place of CloudWatch Logs; {found.message}", found.observed)
