"""Which alarms and topics belong to the alerting on an account's trails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailwarden.errors import Unreadable
from trailwarden.facts.alarms import Alarm, alarms_on
from trailwarden.facts.base import Population
from trailwarden.facts.topic import Topic, topic_of
from trailwarden.model import Reason

if TYPE_CHECKING:
    from trailwarden.facts.account import Account

_SOURCE = "cloudwatch.DescribeAlarms"


def trail_alarms(account: Account) -> Population[Alarm]:
    """Return the metric alarms on metrics of the trails' log groups, by ARN.

    A log group of another account is left out when the run judges that account as well; otherwise it is a gap.
    """
    found: dict[str, Alarm] = {}
    groups = account.log_groups
    gaps: list[Reason] = list(groups.gaps)
    excluded: list[tuple[str, str]] = []
    for group in groups:
        if group.owner != account.account_id and group.owner in account.peers:
            excluded.append((group.id, f"judged with account {group.owner}"))
            continue
        try:
            for row in alarms_on(group.metric_filters, group.alarms):
                found[row.arn] = account.link(Alarm, row.arn, lambda group=group, row=row: Alarm(account, group, row))  # type: ignore[misc]  # mypy can't infer a lambda with a default
        except Unreadable as error:
            gaps.append(error.reason)
    return Population((found[arn] for arn in sorted(found)), gaps, source=_SOURCE, excluded=excluded)


def alert_topics(account: Account) -> Population[Topic]:
    """Return the topics that the alarms of ``trail_alarms`` notify, composite alarms that name one of them, and heartbeats, by ARN."""
    alarms = account.alarms
    actions = [action for alarm in alarms for action in alarm.settings.actions]
    for group in account.log_groups:
        if group.owner != account.account_id:
            continue
        names = [alarm.name for alarm in alarms if alarm.group is group]
        try:
            listed = group.alarms
        except Unreadable:
            continue  # a gap of the alarms already
        for row in listed.metric:
            actions += row.actions if row.is_heartbeat_of(group.name) else ()
        for parent in listed.composite:
            actions += parent.actions if any(name in parent.rule for name in names) else ()
    topics = (topic_of(account, arn) for arn in actions)
    found = {topic.id: topic for topic in topics if topic is not None}
    return Population((found[arn] for arn in sorted(found)), alarms.gaps, source=_SOURCE, excluded=alarms.excluded)
