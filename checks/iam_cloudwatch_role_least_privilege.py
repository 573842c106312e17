"""iam-cloudwatch-role-least-privilege."""

from collections.abc import Iterable, Sequence

from trailwarden import Finding, ReasonCode, check, failed, not_applicable, passed, undecidable
from trailwarden.contract import NoParams
from trailwarden.facts import LogRole, Organization, Trail
from trailwarden.policydoc import CLOUDTRAIL, PolicyTextError, Statement
from trailwarden.policydoc.glob import Glob, compile_glob, covered

_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")


@check(Trail, reads=[Trail.log_role, Organization.membership])
def iam_cloudwatch_role_least_privilege(trail: Trail, params: NoParams) -> Finding:
    """The CloudTrail-to-CloudWatch role is minimal.

    Why: a role that a service may assume and that can do more than it needs is a way sideways for whoever controls the service's settings.

    Fix: let the trust policy name cloudtrail.amazonaws.com alone, and `aws iam put-role-policy` with logs:CreateLogStream and logs:PutLogEvents on
    `LOG_GROUP_ARN:log-stream:ACCOUNT_CloudTrail_REGION*`; for an organization trail also on `LOG_GROUP_ARN:log-stream:ORGANIZATION_ID_*`, or
    the members' events are missing. In Terraform `aws_iam_role` and `aws_iam_role_policy`.

    Error: the role or one of its policies could not be read, or it belongs to an account that is not judged in this run. Whether a role that does
    not exist keeps events from arriving is for trail-cloudwatch-delivery-recent.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
    """
    if not trail.log_group_arn or not trail.log_role_arn:
        return not_applicable(f"trail {trail.name} does not stream to a log group")
    role = trail.log_role
    if role is None:
        return not_applicable(f"role {trail.log_role_arn} does not exist", {"Role": None})
    streams = f"{trail.log_group_arn.removesuffix(':*')}:log-stream:"
    own = f"{streams}{trail.owner}_CloudTrail_*"
    allowed = [own]
    if trail.is_organization_trail:
        allowed.append(f"{streams}{trail.account.organization.membership.organization_id or 'o-?*'}_*")
    try:
        faults = [*_trusting(role), *_permitting(role, allowed), *_lacking(role, allowed[1:])]
    except PolicyTextError as error:
        undecidable(trail, ReasonCode.UNPARSEABLE, f"policy of role {role.arn}: {error}", operation="iam.GetRolePolicy")
    observed = {"role": role.arn, "policies": sorted(role.policies), "beyond": faults}
    expected = {"trust": CLOUDTRAIL, "actions": list(_ACTIONS), "resources": list(allowed)}
    if faults:
        return failed(f"role {role.arn} of trail {trail.name}: {'; '.join(faults)}", observed, expected)
    return passed(
        f"role {role.arn} of trail {trail.name} may write into its log group and nothing else", observed, expected
    )


def _trusting(role: LogRole) -> Iterable[str]:
    """Yield whom the trust policy lets in besides CloudTrail."""
    for statement in role.trust.allows():
        strangers = [str(item) for item in statement.principals if (item.type, item.value) != ("Service", CLOUDTRAIL)]
        if statement.not_principals:
            strangers.append("everybody but some")
        if strangers:
            yield f"trust policy {statement} lets in {', '.join(strangers)}"


def _permitting(role: LogRole, allowed: Sequence[str]) -> Iterable[str]:
    """Yield what policies allow beyond writing into the streams."""
    actions, places = [compile_glob(item.lower()) for item in _ACTIONS], [compile_glob(item) for item in allowed]
    for name, statement in _statements(role):
        wide = [item for item in statement.actions if not covered(compile_glob(item.lower()), actions)]
        wide += ["every action but some"] if statement.not_actions else []
        far = [item for item in statement.resources if not covered(compile_glob(item), places)]
        far += ["every resource but some"] if statement.not_resources else []
        if wide:
            yield f"{name}, {statement}, allows {', '.join(wide)}"
        elif far:
            yield f"{name}, {statement}, reaches {', '.join(far)}"


def _lacking(role: LogRole, needed: Sequence[str]) -> Iterable[str]:
    """Yield the streams of an organization that the role can't write into."""
    for place in needed:
        held = [
            action
            for action in _ACTIONS
            if any(_covers(item, action, compile_glob(place)) for _, item in _statements(role))
        ]
        if len(held) < len(_ACTIONS):
            yield f"no policy covers {place}, where the events of members go"


def _covers(statement: Statement, action: str, place: Glob) -> bool:
    actions = [compile_glob(item.lower()) for item in statement.actions]
    resources = [compile_glob(item) for item in statement.resources]
    return covered(compile_glob(action.lower()), actions) and covered(place, resources)


def _statements(role: LogRole) -> Iterable[tuple[str, Statement]]:
    for name, document in role.policies.items():
        yield from ((name, item) for item in document.allows())
