"""trail-sns-notification."""

from dataclasses import dataclass

from trailwarden import Finding, check, failed, not_applicable, param, passed
from trailwarden.facts import Trail, format_time


@dataclass(frozen=True)
class Params:
    require: bool = param(
        False, "Whether a topic must be told of deliveries; event notifications of the bucket do the same."
    )


@check(Trail, reads_if=[(lambda params: params.require, [Trail.status, Trail.subscriptions])])
def trail_sns_notification(trail: Trail, params: Params) -> Finding:
    """Delivery notifications go to a working SNS topic.

    Why: whoever is told of each file can take it in at once, and notices when no more are announced.

    Fix: `aws cloudtrail update-trail --name TRAIL --sns-topic-name TOPIC_ARN --region HOME`, a topic policy that lets CloudTrail publish, and a
    confirmed subscription. In Terraform `aws_cloudtrail.sns_topic_name` and `aws_sns_topic_policy`.

    Error: the trail's status, or the subscriptions of another account's topic, could not be read.
    """
    if not params.require:
        return not_applicable("the policy does not require notifications of deliveries")
    topic = trail.sns_topic_arn
    expected = {"SnsTopicARN": "set", "LatestNotificationError": None, "confirmed subscriptions": "at least one"}
    if not topic:
        return failed(f"trail {trail.name} notifies no topic", {"SnsTopicARN": None}, expected)
    status = trail.status
    latest = status.latest_notification_time
    observed: dict[str, str | int | None] = {
        "SnsTopicARN": topic,
        "LatestNotificationError": status.latest_notification_error or None,
        "LatestNotificationTime": format_time(latest) if latest else None,
    }
    if status.latest_notification_error:
        what = f"trail {trail.name} can't notify {topic}: {status.latest_notification_error}"
        return failed(what, observed, expected)
    confirmed = [item for item in trail.subscriptions if item.startswith("arn:")]
    observed["confirmed subscriptions"] = len(confirmed)
    if not confirmed:
        return failed(
            f"nobody has confirmed a subscription to {topic}, which trail {trail.name} notifies", observed, expected
        )
    return passed(f"trail {trail.name} notifies {topic}", observed, expected)
