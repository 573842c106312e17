"""trail-cloudwatch-delivery-recent."""

from dataclasses import dataclass

from trailwarden import Finding, check, not_applicable, param
from trailwarden.facts import Trail
from trailwarden.judgements.delivery import CLOUDWATCH, judge_delivery


@dataclass(frozen=True)
class Params:
    max_age_hours: int = param(24, "How old the latest delivery may be.", minimum=1)
    warmup_hours: int = param(2, "For how many hours after logging began nothing need have arrived.", minimum=0)


@check(Trail, reads=[Trail.status])
def trail_cloudwatch_delivery_recent(trail: Trail, params: Params) -> Finding:
    """CloudWatch Logs delivery is recent and error-free.

    Why: when the role is broken or the log group deleted, every alarm falls silent while the trail's settings still look right.

    Fix: repair the role's policy (`logs:CreateLogStream` and `logs:PutLogEvents` on the log group's streams) or point the trail at a log
    group that exists, then look at `aws cloudtrail get-trail-status --name TRAIL_ARN --region HOME`. In Terraform the
    `aws_iam_role_policy` of the role in `aws_cloudtrail.cloud_watch_logs_role_arn`.

    Error: the trail's status could not be read, or logging began so recently that nothing need have arrived (EVENTUAL).
    """
    if not trail.log_group_arn:
        return not_applicable(f"trail {trail.name} streams to no log group", {"CloudWatchLogsLogGroupArn": None})
    return judge_delivery(
        trail,
        CLOUDWATCH,
        {trail.home_region: trail.status},
        heartbeat=lambda _: True,
        max_age_hours=params.max_age_hours,
        warmup_hours=params.warmup_hours,
    )
