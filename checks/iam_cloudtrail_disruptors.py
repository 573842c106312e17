"""iam-cloudtrail-disruptors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trailwarden import Finding, Status, check, not_applicable, param
from trailwarden.facts import Account, IamPrincipal
from trailwarden.judgements.disruptors import Target, judge_disruptors
from trailwarden.kleene import answered
from trailwarden.policydoc import Match


@dataclass(frozen=True)
class Params:
    actions: tuple[str, ...] = param(
        ("cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors"),
        "What counts as a disruption.",
    )
    allowed_principals: tuple[str, ...] = param((), "Who may: patterns of the ARNs of users and roles.")
    max_principals: int = param(5, "How many there may be, expected ones included.", minimum=0)
    use_simulator: bool = param(
        False, "Whether IAM's simulator is asked about each who may, by the policies; it knows guardrails, too."
    )


@check(
    Account,
    reads=[Account.trails, Account.principals],
    reads_if=[(lambda params: params.use_simulator, [Account.simulator])],
)
def iam_cloudtrail_disruptors(account: Account, params: Params) -> Finding:
    """Few, known principals can stop or blind the trail.

    Why: it shows who could switch the evidence off today, whether or not anybody did.

    Fix: take the actions from those who need them not, or set a boundary: `aws iam put-role-permissions-boundary --role-name ROLE
    --permissions-boundary ARN`; in Terraform an `aws_iam_policy` with an explicit Deny. Who remains belongs into `allowed_principals`.

    Error: users and roles could not be listed, or whether an unexpected one may depends on conditions that are not known here (a network, a second
    factor); the message lists them.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    trails = account.trails
    own = [trail for trail in trails if not trail.is_shadow]
    if not own:
        for gap in trails.gaps:
            answered(gap)
        return not_applicable("the account has no trail of its own, and a member can't change the organization's")

    def simulate(principal: IamPrincipal, resource: str, actions: Sequence[str]) -> Mapping[str, Match]:
        return account.simulator.ask(principal.arn, actions, resource)

    finding = judge_disruptors(
        account,
        [Target(trail.arn, params.actions) for trail in own],
        "stop or blind a trail",
        allowed=params.allowed_principals,
        most=params.max_principals,
        confirm=simulate if params.use_simulator else None,
    )
    if finding.status is not Status.FAIL:
        for gap in trails.gaps:
            answered(gap)
    return finding
