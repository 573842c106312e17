"""loggroup-not-public."""

from dataclasses import dataclass, replace

from trailwarden import Finding, ReasonCode, Status, check, failed, param, passed, undecidable
from trailwarden.facts import LogGroup
from trailwarden.kleene import together
from trailwarden.policydoc import LOG_GROUP, PolicyDocument, account_of, is_public
from trailwarden.policydoc.scope import resource_glob, resources_of

SELF = "self"


@dataclass(frozen=True)
class Params:
    allowed_accounts: tuple[str, ...] = param(
        (SELF,), "The accounts that events may be streamed to; self is the log group's own."
    )


@check(LogGroup, reads=[LogGroup.resource_policies, LogGroup.destinations])
def loggroup_not_public(group: LogGroup, params: Params) -> Finding:
    """No resource policy or subscription exposes the log group.

    Why: a subscription filter streams every event out of the account. A resource policy open to all lets anybody write events that never
    were.

    Fix: `aws logs delete-resource-policy --policy-name NAME --region HOME` and `aws logs delete-subscription-filter --log-group-name NAME
    --filter-name FILTER --region HOME`; in Terraform `aws_cloudwatch_log_resource_policy` and `aws_cloudwatch_log_subscription_filter`.

    Error: resource policies or subscription filters could not be read, or the log group is in another account.
    """
    findings = together(lambda: _judge_policies(group), lambda: _judge_destinations(group, params))
    observed = {name: value for finding in findings for name, value in finding.observed.items()}
    expected = {name: value for finding in findings for name, value in finding.expected.items()}
    faults = [finding.message for finding in findings if finding.status is Status.FAIL]
    if faults:
        return failed("; ".join(faults), observed, expected)
    return passed(f"log group {group.name} is exposed to nobody", observed, expected)


def _judge_policies(group: LogGroup) -> Finding:
    verdicts = [(name, is_public(_about(policy, group), LOG_GROUP)) for name, policy in group.resource_policies]
    observed = {
        "public statements": [f"{name}: {reason}" for name, verdict in verdicts for reason in verdict.reasons],
    }
    expected: dict[str, list[str]] = {"public statements": []}
    if any(verdict.public for _, verdict in verdicts):
        words = "; ".join(f"{name}: {reason}" for name, item in verdicts if item.public for reason in item.reasons)
        return failed(f"log group {group.name} is open to everybody by resource policy {words}", observed, expected)
    if any(verdict.public is None for _, verdict in verdicts):
        text = "; ".join(observed["public statements"])
        undecidable(group, ReasonCode.UNPARSEABLE, text, operation="logs.DescribeResourcePolicies")
    return passed("", observed, expected)


def _about(policy: PolicyDocument, group: LogGroup) -> PolicyDocument:
    """Return the statements that reach the log group; a region's policies may speak of other log groups as well."""
    targets = [resource_glob(group.id), resource_glob(f"{group.id}:*")]
    statements = (item for item in policy.statements if any(resources_of(item).touches(goal) for goal in targets))
    return replace(policy, statements=tuple(statements))


def _judge_destinations(group: LogGroup, params: Params) -> Finding:
    allowed = [group.owner if account == SELF else account for account in params.allowed_accounts]
    strangers = [arn for arn in group.destinations if account_of(arn) not in allowed]
    observed, expected = {"destinationArn": list(group.destinations)}, {"destination accounts": allowed}
    if strangers:
        return failed(f"log group {group.name} streams to {', '.join(strangers)}", observed, expected)
    return passed("", observed, expected)
